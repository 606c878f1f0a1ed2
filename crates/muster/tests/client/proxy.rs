//! A server of ours with a proxy before it that makes a fault.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use client::ask::encode;
use client::{Connection, Stop, Target};
use serde_json::Value;
use server::Server;
use service::scim_tokens::{CreateScimToken, Expiry};
use service::settings::{MasterKey, Settings, SigningAlgorithm};
use service::tenants::{CreateTenant, LimitChange, SettingChange};
use service::{App, IdentityProvider, Scopes};
use store::Store;
use tempfile::TempDir;
use tokio::task::JoinHandle;

use crate::fault::{Answered, Asked, Fault};

/// Bodies are a few kilobytes, and once as much as bulk requests may be.
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;

/// One server, with a new tenant for each fault.
pub(crate) struct Servers {
    app: App,
    server: Server,
    tenants: AtomicUsize,
    _folder: TempDir,
}

/// A proxy that listens; ends when dropped.
pub(crate) struct Faulty {
    target: Target,
    token: String,
    state: Arc<Broken>,
    task: JoinHandle<()>,
}

/// How often a fault was made.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Made {
    /// Requests or answers that it changed.
    pub(crate) times: usize,
    /// Times when making it went wrong.
    pub(crate) failures: usize,
}

struct Broken {
    fault: Fault,
    base: String,
    past: Mutex<Vec<(Asked, Answered)>>,
    made: Mutex<Made>,
}

impl Servers {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&store::Options::new(folder.path().join("muster.db"))).await.unwrap();
        let settings = Settings {
            // An RSA key takes long to make.
            signing_algorithm: SigningAlgorithm::EdDsa,
            ..Settings::new(MasterKey::new([7; 32]))
        };
        let app = App::open(settings, store).await.unwrap();
        let server = Server::new(app.clone(), server::Options::default());
        Self { app, server, tenants: AtomicUsize::new(0), _folder: folder }
    }

    /// A server with this fault, and nobody in it.
    pub(crate) async fn start(&self, fault: Fault) -> Faulty {
        let operator = self.app.operator("test");
        let name = format!("t{}", self.tenants.fetch_add(1, Ordering::Relaxed));
        let (limits, settings) = (LimitChange::default(), SettingChange::default());
        let request = CreateTenant { name, slug: None, limits, settings };
        let tenant = self.app.create_tenant(&operator, request).await.unwrap();
        let request = CreateScimToken {
            name: "test".into(),
            tenant: Some(tenant.slug.clone()),
            description: None,
            expires: Expiry::Never,
            scopes: Scopes::ALL,
            allowed_ips: Vec::new(),
            identity_provider: IdentityProvider::Generic,
        };
        let token = self.app.issue_scim_token(&operator, request).await.unwrap();

        let base = format!("/api/v1/tenants/{}/scim/v2", tenant.slug);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}{base}", listener.local_addr().unwrap());
        let state = Arc::new(Broken { fault, base, past: Mutex::default(), made: Mutex::default() });
        let layer = from_fn_with_state(Arc::clone(&state), pass);
        let router = Router::new().fallback_service(self.server.clone()).layer(layer);
        let task = tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
        let token = token.secret.reveal().to_owned();
        let base_url = url.parse().unwrap();
        let target = Target { base_url, token: Some(token.parse().unwrap()), authorities: Vec::new() };
        Faulty { target, token, state, task }
    }
}

impl Faulty {
    pub(crate) fn connection(&self) -> Connection {
        self.connection_with(Stop::default())
    }

    /// A connection that can be told to stop.
    pub(crate) fn connection_with(&self, stop: Stop) -> Connection {
        Connection::new(self.target.clone(), stop).unwrap()
    }

    /// Where its SCIM endpoints begin.
    pub(crate) fn url(&self) -> String {
        self.target.base_url.to_string()
    }

    /// What opens it.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// What was asked and answered, as the client sent it.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        let past = self.state.past.lock().unwrap_or_else(PoisonError::into_inner);
        past.iter().map(|(asked, _)| asked.clone()).collect()
    }

    pub(crate) fn made(&self) -> Made {
        *self.state.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Passes a request on, and its answer back.
async fn pass(State(broken): State<Arc<Broken>>, request: Request, next: Next) -> Response {
    let (mut head, body) = request.into_parts();
    let body = to_bytes(body, BODY_BYTES_MAX).await.unwrap();
    let path = head.uri.path().strip_prefix(&broken.base).unwrap_or(head.uri.path());
    let asked = Asked {
        method: head.method.clone(),
        path: path.to_owned(),
        query: parameters(&head.uri),
        headers: head.headers.clone(),
        json: json_of(&body),
    };
    let mut changed = asked.clone();
    broken.make(|| broken.fault.in_request(&mut changed));
    let is_changed = changed.json != asked.json;
    broken.count(is_changed || changed.method != asked.method || changed.query != asked.query);
    broken.count(changed.headers != asked.headers);

    head.uri = uri(&format!("{}{}", broken.base, changed.path), &changed.query);
    (head.method, head.headers) = (changed.method, changed.headers);
    let body = if is_changed { text_of(&changed.json) } else { body };
    head.headers.insert(header::CONTENT_LENGTH, body.len().into());
    let (mut head, body) = next.run(Request::from_parts(head, Body::from(body))).await.into_parts();
    let body = to_bytes(body, BODY_BYTES_MAX).await.unwrap();

    let answered = Answered { status: head.status.as_u16(), headers: head.headers.clone(), json: json_of(&body) };
    let mut changed = answered.clone();
    let past = broken.past.lock().unwrap_or_else(PoisonError::into_inner).clone();
    broken.make(|| broken.fault.in_answer(&past, &asked, &mut changed));
    let is_changed = changed.json != answered.json;
    broken.count(is_changed || changed.status != answered.status || changed.headers != answered.headers);
    broken.past.lock().unwrap_or_else(PoisonError::into_inner).push((asked, answered));

    head.status = changed.status.try_into().unwrap();
    head.headers = changed.headers;
    head.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(head, Body::from(if is_changed { text_of(&changed.json) } else { body }))
}

impl Broken {
    /// Makes the fault. A fault that cannot be made must not look like one that is found.
    fn make(&self, make: impl FnOnce()) {
        if catch_unwind(AssertUnwindSafe(make)).is_err() {
            self.made.lock().unwrap_or_else(PoisonError::into_inner).failures += 1;
        }
    }

    fn count(&self, is_made: bool) {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).times += usize::from(is_made);
    }
}

fn json_of(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}

fn text_of(json: &Value) -> Bytes {
    if json.is_null() { Bytes::new() } else { json.to_string().into() }
}

fn parameters(uri: &Uri) -> Vec<(String, String)> {
    let pairs = uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let parameter = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (name.to_owned(), decoded(value))
    };
    pairs.map(parameter).collect()
}

fn decoded(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).unwrap()
}

fn uri(path: &str, query: &[(String, String)]) -> Uri {
    let pairs: Vec<String> = query.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let query = if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) };
    format!("{path}{query}").parse().unwrap()
}
