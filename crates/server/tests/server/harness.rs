//! A server in process, with a tenant and a token, a clock that stands still, and ids that repeat.

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::Value;
use server::{Options, Peer, Server};
use service::scim_tokens::{CreateScimToken, Expiry};
use service::settings::{MasterKey, Settings, SigningAlgorithm};
use service::tenants::{CreateTenant, LimitChange, SettingChange};
use service::{App, Clock, IdentityProvider, Scopes, Secrets, Tenant};
use store::Store;
use tempfile::TempDir;
use testdb::{Cluster, Database};
use tower::ServiceExt;

/// When all tests take place: 2023-11-14T22:13:20Z.
const NOW_MS: i64 = 1_700_000_000_000;

pub(crate) struct Harness {
    pub(crate) server: Server,
    pub(crate) app: App,
    pub(crate) tenant: Tenant,
    pub(crate) token: String,
    _place: Place,
}

/// Where the data is, gone with it.
enum Place {
    Folder(TempDir),
    Database(Database<'static>),
}

impl Place {
    /// An empty one, on the engine that this program of tests is for: the suite is compiled twice.
    fn new() -> Self {
        if !on_postgres() {
            return Self::Folder(tempfile::tempdir().unwrap());
        }
        Self::Database(Cluster::prepared(|url| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async { Store::open(&store::Options::on_postgres(url)).await.unwrap().close().await });
        }))
    }

    fn options(&self) -> store::Options {
        match self {
            Self::Folder(folder) => store::Options::new(folder.path().join("muster.db")),
            Self::Database(database) => store::Options::on_postgres(database.url()),
        }
    }
}

/// Which engine this program of tests is for.
pub(crate) fn on_postgres() -> bool {
    env!("CARGO_CRATE_NAME") == "on_postgres"
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Harness {
    pub(crate) async fn new() -> Self {
        Self::with(LimitChange::default(), Options::default()).await
    }

    pub(crate) async fn with(limits: LimitChange, options: Options) -> Self {
        Self::known_as(Some("https://id.example"), limits, options).await
    }

    /// With that public URL; without one, links begin with what the client calls us.
    pub(crate) async fn known_as(public_url: Option<&str>, limits: LimitChange, options: Options) -> Self {
        let place = Place::new();
        let store = Store::open(&place.options()).await.unwrap();
        let settings = Settings {
            clock: Clock::fixed(NOW_MS),
            secrets: Secrets::seeded(1),
            public_url: public_url.map(str::to_owned),
            // An RSA key takes long to make.
            signing_algorithm: SigningAlgorithm::EdDsa,
            ..Settings::new(MasterKey::new([7; 32]))
        };
        let app = App::open(settings, store).await.unwrap();
        let tenant = tenant(&app, "acme", limits).await;
        let token = token(&app, &tenant, Scopes::ALL, IdentityProvider::Generic).await;
        let server = Server::new(app.clone(), options);
        Self { server, app, tenant, token, _place: place }
    }

    /// A second tenant, and a token of it.
    pub(crate) async fn stranger(&self) -> (Tenant, String) {
        let tenant = tenant(&self.app, "other", LimitChange::default()).await;
        let token = token(&self.app, &tenant, Scopes::ALL, IdentityProvider::Generic).await;
        (tenant, token)
    }

    /// Another token of the tenant.
    pub(crate) async fn token_with(&self, scopes: Scopes) -> String {
        token(&self.app, &self.tenant, scopes, IdentityProvider::Generic).await
    }

    /// The path below the tenant's SCIM base.
    pub(crate) fn scim(path: &str) -> String {
        format!("/api/v1/tenants/acme/scim/v2{path}")
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> Asking<'_> {
        let request = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .uri(path)
            .header(header::HOST, "inner.example")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        Asking { server: &self.server, request, body: Body::empty() }
    }

    pub(crate) async fn get(&self, path: &str) -> Answered {
        self.request("GET", &Self::scim(path)).send().await
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Answered {
        self.request("POST", &Self::scim(path)).json(body).send().await
    }

    /// Creates a resource and gives its id.
    pub(crate) async fn create(&self, path: &str, body: &str) -> String {
        let created = self.post(path, body).await;
        assert_eq!(created.status, 201, "{}", created.body);
        created.json()["id"].as_str().unwrap().to_owned()
    }

    /// How many users there are.
    pub(crate) async fn users(&self) -> u64 {
        self.get("/Users?count=0").await.json()["totalResults"].as_u64().unwrap()
    }
}

/// A request in the making.
pub(crate) struct Asking<'s> {
    server: &'s Server,
    request: http::request::Builder,
    body: Body,
}

impl Asking<'_> {
    /// Sets a header in place of what it was.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let headers = self.request.headers_mut().unwrap();
        headers.insert(http::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.request.headers_mut().unwrap().remove(name);
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// A body in SCIM's media type.
    pub(crate) fn json(self, body: &str) -> Self {
        let asking = self.header("content-type", "application/scim+json");
        Self { body: Body::from(body.to_owned()), ..asking }
    }

    /// A form.
    pub(crate) fn form(self, fields: &str) -> Self {
        self.header("content-type", "application/x-www-form-urlencoded").raw(fields.to_owned())
    }

    /// The request comes from there.
    pub(crate) fn from(mut self, peer: Peer) -> Self {
        self.request.extensions_mut().unwrap().insert(peer);
        self
    }

    /// A body that says nothing of itself.
    pub(crate) fn raw(self, body: impl Into<Body>) -> Self {
        Self { body: body.into(), ..self }
    }

    pub(crate) async fn send(self) -> Answered {
        let (parts, body) = self.send_for_bytes().await.into_parts();
        Answered { status: parts.status, headers: parts.headers, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    /// For what is no text.
    pub(crate) async fn send_for_bytes(self) -> http::Response<Bytes> {
        let response = self.server.clone().oneshot(self.request.body(self.body).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        http::Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
    }
}

impl Answered {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// `400 invalidFilter`: what a SCIM error says, once it has been seen to be one.
    pub(crate) fn scim_error(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/scim+json"), "{}", self.body);
        let body = self.json();
        assert_eq!(body["schemas"][0], "urn:ietf:params:scim:api:messages:2.0:Error", "{}", self.body);
        assert_eq!(body["status"], self.status.as_str(), "{}", self.body);
        assert!(body["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{}", self.body);
        match body["scimType"].as_str() {
            Some(kind) => format!("{} {kind}", self.status.as_str()),
            None => self.status.as_str().to_owned(),
        }
    }
}

async fn tenant(app: &App, slug: &str, limits: LimitChange) -> Tenant {
    let request =
        CreateTenant { name: slug.into(), slug: Some(slug.into()), limits, settings: SettingChange::default() };
    app.create_tenant(&app.operator("test"), request).await.unwrap()
}

pub(crate) async fn token(app: &App, tenant: &Tenant, scopes: Scopes, identity_provider: IdentityProvider) -> String {
    let request = CreateScimToken {
        name: "test".into(),
        tenant: Some(tenant.slug.clone()),
        description: None,
        expires: Expiry::Never,
        scopes,
        allowed_ips: Vec::new(),
        identity_provider,
    };
    app.issue_scim_token(&app.operator("test"), request).await.unwrap().secret.reveal().to_owned()
}
