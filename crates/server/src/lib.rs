//! The wire: routes, extractors, and the one mapping from errors to answers.
//!
//! A request passes [`http::layers`], is matched against [`routes::ROUTES`], has its caller,
//! path and body extracted, and becomes one call to the service. What goes out is made in
//! `http/respond.rs`, or in `http/problem.rs` when it is an error.

mod http;
mod metrics;
mod openapi;
mod options;
mod routes;
mod serve;

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use ::http::uri::PathAndQuery;
use ::http::{Request, Uri};
use axum::Router;
use axum::body::Body;
use axum::extract::FromRef;
use axum::response::Response;
use axum::routing::future::RouteFuture;
use bytes::Bytes;
use service::App;
use tower_service::Service;

use http::room::Room;

pub use http::health::metrics_router;
pub use metrics::Metrics;
pub use openapi::document as openapi;
pub use options::{ADMIN_BODY_BYTES_MAX, HEAD_BYTES_MAX, HTTP2_STREAMS_MAX, Options};
pub use routes::{Access, ROUTES, Route, ScimNeed};
pub use serve::serve;

/// What handlers and layers may use.
#[derive(Debug, Clone)]
pub(crate) struct ServerState {
    pub(crate) app: App,
    pub(crate) options: Arc<Options>,
    pub(crate) metrics: Metrics,
    pub(crate) room: Room,
}

impl FromRef<ServerState> for App {
    fn from_ref(state: &ServerState) -> Self {
        state.app.clone()
    }
}

/// The address at the other end of a connection; an extension of each request.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

/// Answers requests: all routes, behind the one layer. Cheap to clone; a `tower` service, so
/// tests can call it without a network.
#[derive(Debug, Clone)]
pub struct Server {
    router: Router,
    options: Arc<Options>,
    metrics: Metrics,
    peer: Option<Peer>,
}

impl Server {
    /// The server of `app`.
    #[must_use]
    pub fn new(app: App, options: Options) -> Self {
        let metrics = Metrics::new(app.clone());
        let room = Room::new(&options);
        let state = ServerState { app, options: Arc::new(options), metrics, room };
        Self {
            options: Arc::clone(&state.options),
            metrics: state.metrics.clone(),
            router: routes::router(state),
            peer: None,
        }
    }

    /// What goes on, for [`metrics_router`].
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The same server, for requests that come from `peer`.
    #[must_use]
    pub fn from_peer(self, peer: Peer) -> Self {
        Self { peer: Some(peer), ..self }
    }
}

impl<B> Service<Request<B>> for Server
where
    B: hyper::body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = RouteFuture<Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let mut request = request.map(Body::new);
        without_trailing_slash(request.uri_mut());
        if let Some(peer) = self.peer {
            request.extensions_mut().insert(peer);
        }
        self.router.call(request)
    }
}

impl<B> hyper::service::Service<Request<B>> for Server
where
    B: hyper::body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = RouteFuture<Infallible>;

    fn call(&self, request: Request<B>) -> Self::Future {
        Service::call(&mut self.clone(), request)
    }
}

/// Every address works with and without a slash at its end, and without a redirect, which many
/// provisioning clients do not follow.
fn without_trailing_slash(uri: &mut Uri) {
    let path = uri.path();
    let Some(shorter) = path.strip_suffix('/').filter(|shorter| !shorter.is_empty()) else { return };
    let text = match uri.query() {
        Some(query) => format!("{shorter}?{query}"),
        None => shorter.to_owned(),
    };
    let Ok(path_and_query) = PathAndQuery::try_from(text) else { return };
    let mut parts = std::mem::take(uri).into_parts();
    parts.path_and_query = Some(path_and_query);
    // The parts were those of a whole URI, so they make one again.
    *uri = Uri::from_parts(parts).unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slash_at_the_end_makes_no_difference() {
        let trimmed = |text: &str| {
            let mut uri: Uri = text.parse().unwrap();
            without_trailing_slash(&mut uri);
            uri.to_string()
        };

        assert_eq!(trimmed("/api/Users/?filter=a/"), "/api/Users?filter=a/");
        assert_eq!(trimmed("/api/Users"), "/api/Users");
        assert_eq!(trimmed("/"), "/");
        assert_eq!(trimmed("//"), "/");
        assert_eq!(trimmed("http://host/a/"), "http://host/a");
    }
}
