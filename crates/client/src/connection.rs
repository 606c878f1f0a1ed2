//! Sending requests: over HTTP or HTTPS, within the time a client waits, and again when the server
//! says that it is busy.

use std::error::Error;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http::header::{AUTHORIZATION, HeaderValue};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::time::Instant;

use crate::answer::{Answer, Exchange, Silence};
use crate::ask::{Ask, Credential};
use crate::stop::{Stage, Stop};
use crate::target::Target;
use crate::tls;

/// How long an answer may take: Okta's figure, and as good as any.
pub const ANSWER_TIME_MAX: Duration = Duration::from_mins(1);
/// How often a request is sent again after 429: Okta's figure.
const ATTEMPTS_MAX: u32 = 10;
/// The longest pause that a `Retry-After` can ask of us.
const PAUSE_MAX: Duration = Duration::from_mins(5);
/// A larger answer is not read.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The way to a target.
#[derive(Debug)]
pub struct Connection {
    http: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    target: Target,
    stop: Stop,
    answer_time_max: Duration,
    pauses: AtomicU64,
    paused_ms: AtomicU64,
}

/// The target cannot be spoken to at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the certificates cannot be used: {0}")]
pub struct CannotConnect(String);

/// Nothing was answered at all, so there is nothing to judge.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{url} cannot be reached: {silence}")]
pub struct Unreachable {
    url: String,
    silence: Silence,
}

impl Connection {
    /// Gets ready; nothing is sent yet.
    ///
    /// # Errors
    /// [`CannotConnect`] when an authority's certificate cannot be used.
    pub fn new(target: Target, stop: Stop) -> Result<Self, CannotConnect> {
        let config = tls::config(&target.authorities).map_err(CannotConnect)?;
        let connector = HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1().build();
        Ok(Self {
            http: Client::builder(TokioExecutor::new()).build(connector),
            target,
            stop,
            answer_time_max: ANSWER_TIME_MAX,
            pauses: AtomicU64::new(0),
            paused_ms: AtomicU64::new(0),
        })
    }

    /// The same, with another limit for the time of an answer.
    #[must_use]
    pub fn with_answer_time_max(self, answer_time_max: Duration) -> Self {
        Self { answer_time_max, ..self }
    }

    /// The server.
    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    /// A text with the token taken out, wherever it stands.
    pub(crate) fn without_token(&self, text: &str) -> String {
        match &self.target.token {
            Some(token) => text.replace(token.reveal(), "…"),
            None => text.to_owned(),
        }
    }

    /// Whether we were told to stop.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.is_told()
    }

    /// How often the server asked for a pause, and how long we paused in all.
    pub(crate) fn pauses(&self) -> (u64, Duration) {
        let paused = Duration::from_millis(self.paused_ms.load(Ordering::Relaxed));
        (self.pauses.load(Ordering::Relaxed), paused)
    }

    /// That the server has not answered anything.
    pub(crate) fn unreachable(&self, silence: Silence) -> Unreachable {
        Unreachable { url: self.target.base_url.to_string(), silence }
    }

    /// Sends a request, unless we were told to stop. A 429 that says in seconds when to come again is
    /// obeyed and not given back, up to ten times.
    pub(crate) async fn send(&self, ask: Ask) -> Exchange {
        self.send_until(Stage::Told, ask).await
    }

    /// The same for a request that cleans up, which is sent also when we were told to stop.
    pub(crate) async fn send_anyway(&self, ask: Ask) -> Exchange {
        self.send_until(Stage::GivenUp, ask).await
    }

    async fn send_until(&self, end: Stage, ask: Ask) -> Exchange {
        for attempt in 1.. {
            if self.stop.has_reached(end) {
                break;
            }
            let answer = tokio::select! {
                answer = self.once(&ask) => answer,
                () = self.stop.reached(Stage::GivenUp) => Err(Silence::GivenUp),
            };
            let pause = answer.as_ref().ok().and_then(pause).filter(|_| attempt < ATTEMPTS_MAX);
            let Some(pause) = pause else { return Exchange { ask, answer } };
            self.pauses.fetch_add(1, Ordering::Relaxed);
            self.paused_ms.fetch_add(u64::try_from(pause.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.stop.reached(end) => {}
            }
        }
        Exchange { ask, answer: Err(Silence::Stopped) }
    }

    async fn once(&self, ask: &Ask) -> Result<Answer, Silence> {
        let request = self.request(ask).map_err(|error| Silence::Broken(error.to_string()))?;
        let started = Instant::now();
        let answering = async {
            let response = self.http.request(request).await.map_err(|error| Silence::Broken(reason(&error)))?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await.map_err(|error| {
                if error.is::<http_body_util::LengthLimitError>() {
                    Silence::TooLarge(ANSWER_BYTES_MAX)
                } else {
                    Silence::Broken(reason(error.as_ref()))
                }
            })?;
            let body = body.to_bytes();
            let json = serde_json::from_slice(&body).unwrap_or(Value::Null);
            let (status, headers) = (head.status.as_u16(), head.headers);
            Ok(Answer { status, headers, body, json, elapsed: started.elapsed() })
        };
        match tokio::time::timeout(self.answer_time_max, answering).await {
            Ok(answer) => answer,
            Err(_) => Err(Silence::TimedOut(self.answer_time_max)),
        }
    }

    fn request(&self, ask: &Ask) -> Result<Request<Full<Bytes>>, http::Error> {
        let url = format!("{}{}", self.target.base_url, ask.path);
        let mut request = Request::builder().method(ask.method.clone()).uri(url);
        for (name, value) in &ask.headers {
            request = request.header(*name, value);
        }
        let credential = match (ask.credential, &self.target.token) {
            (Credential::Own, Some(token)) => Some(format!("Bearer {}", token.reveal())),
            (Credential::Own, None) | (Credential::None, _) => None,
            (Credential::Wrong(text), _) => Some(text.to_owned()),
        };
        if let Some(credential) = credential {
            let mut value = HeaderValue::try_from(credential)?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        request.body(Full::new(ask.body.clone().map(Bytes::from).unwrap_or_default()))
    }
}

/// How long a 429 asks us to wait; none when it does not say so in seconds.
fn pause(answer: &Answer) -> Option<Duration> {
    if answer.status != 429 {
        return None;
    }
    let seconds: u64 = answer.header("retry-after").parse().ok()?;
    Some(Duration::from_secs(seconds).min(PAUSE_MAX))
}

/// The innermost cause, which says more than "client error (Connect)".
fn reason(error: &(dyn Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(cause) = cause(innermost) {
        innermost = cause;
    }
    let complaint = innermost.downcast_ref::<rustls::Error>().and_then(tls::complaint);
    complaint.unwrap_or_else(|| innermost.to_string())
}

fn cause<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    // An I/O error shows what it is made of as itself, and has that one's cause for its own.
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}
