//! A request to a tenant's SCIM routes on its way to the request log.

use std::borrow::Cow;
use std::time::Instant;

use axum::extract::Request;
use http::{HeaderValue, Method, StatusCode, Uri, header};
use service::App;
use service::request_log::{Asked, LogKey, Told, Who};

use super::exchange::{Exchange, LogNotes};
use super::problem::Problem;

/// What nginx calls it when the client went away before its answer.
const WENT_AWAY: u16 = 499;

/// What the log needs to know of a request that is being worked on. Dropped before its end, it says
/// that the client did not wait.
pub(crate) struct Logging {
    app: App,
    /// `None` once it has ended.
    exchange: Option<Exchange>,
    key: LogKey,
    method: Method,
    uri: Uri,
    user_agent: Option<HeaderValue>,
    started: Instant,
}

impl Logging {
    pub(crate) fn begin(app: &App, exchange: &Exchange, request: &Request, started: Instant) -> Self {
        Self {
            key: app.log_key(),
            app: app.clone(),
            exchange: Some(exchange.clone()),
            method: request.method().clone(),
            uri: request.uri().clone(),
            user_agent: request.headers().get(header::USER_AGENT).cloned(),
            started,
        }
    }

    /// The request has been answered.
    pub(crate) fn end(mut self, status: StatusCode, problem: Option<&Problem>, notes: LogNotes) {
        if let Some(exchange) = self.exchange.take() {
            let told = problem.map(|problem| Told { status: status.as_u16(), ..problem.told() });
            self.record(&exchange, status.as_u16(), told, notes);
        }
    }

    fn record(&self, exchange: &Exchange, status: u16, told: Option<Told>, notes: LogNotes) {
        let who = match (notes.scim_caller, notes.refused) {
            (Some(caller), _) => Who::Caller(caller),
            (None, Some((tenant, why))) => Who::Refused { tenant, why },
            // No route was found, or the database did not answer: nobody was asked who they are.
            (None, None) => return,
        };
        let mut work = notes.work;
        if told.is_none() {
            work.body = None;
        }
        let user_agent = self.user_agent.as_ref().and_then(|value| value.to_str().ok());
        self.app.log_request(Asked {
            key: self.key,
            request_id: exchange.id().to_owned(),
            who,
            address: exchange.client(),
            user_agent: user_agent.map(str::to_owned),
            method: named(&self.method),
            path: self.uri.path().to_owned(),
            status,
            told,
            took_us: i64::try_from(self.started.elapsed().as_micros()).unwrap_or(i64::MAX),
            work,
        });
    }
}

impl Drop for Logging {
    fn drop(&mut self) {
        if let Some(exchange) = self.exchange.take() {
            let detail = "The client did not wait for the answer".to_owned();
            let told = Told { status: WENT_AWAY, detail, ..Told::default() };
            self.record(&exchange, WENT_AWAY, Some(told), exchange.take_notes());
        }
    }
}

fn named(method: &Method) -> Cow<'static, str> {
    const KNOWN: [Method; 6] = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    const NAMES: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
    match KNOWN.iter().position(|known| known == method) {
        Some(place) => Cow::Borrowed(NAMES[place]),
        None => Cow::Owned(method.as_str().chars().take(20).collect()),
    }
}
