//! The one layer around all routes: id, deadline, metrics, log line, and the words for what went
//! wrong. One of our own, since a stack of stock layers costs a third of the throughput.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use scim::dialect::PLAIN_JSON;
use tracing::Instrument;

use super::accept::{Wanted, wanted};
use super::admin::audit::Attempt;
use super::compress;
use super::exchange::{Exchange, IGNORED_MAX, LogNotes, REQUEST_ID, given_id};
use super::logging::Logging;
use super::origin::{Names, Origin};
use super::problem::{Dialect, Problem, Unspoken, speak};
use super::respond::{JSON, SCIM_JSON};
use crate::{Peer, ServerState};

/// Runs a request with everything that is the same for all of them.
pub(crate) async fn around(State(state): State<ServerState>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let running = state.metrics.begin();
    let method = request.method().clone();
    let dialect = Dialect::of(request.uri().path());
    let wanted = wanted(request.headers());
    let compresses = state.options.compression;
    let accepts_gzip = compresses && compress::accepts_gzip(request.headers());
    let route = request.extensions().get::<MatchedPath>().map(|path| Arc::<str>::from(path.as_str()));
    let id = given_id(request.headers()).unwrap_or_else(|| state.app.new_id(*b"req").to_string());
    let span = tracing::info_span!("request", request_id = %id);
    let attempt = Attempt::of(&request, route.as_deref());

    let (response, exchange, logging) = async {
        match meet(&state, &request, &id) {
            Ok(exchange) => {
                request.extensions_mut().insert(exchange.clone());
                let logging =
                    (dialect == Dialect::Scim).then(|| Logging::begin(&state.app, &exchange, &request, started));
                (answer(&state, &method, request, next).await, Some(exchange), logging)
            }
            Err(problem) => (problem.into_response(), None, None),
        }
    }
    .instrument(span.clone())
    .await;

    let response = if compresses && compress::is_negotiable(&response) {
        Box::pin(compress::negotiated(response, accepts_gzip)).await
    } else {
        response
    };
    let entered = span.enter();
    let told = response.extensions().get::<Unspoken>().map(|Unspoken(problem)| Arc::clone(problem));
    let mut response = put_into_words(response, dialect, &id);
    let mut notes = exchange.as_ref().map(Exchange::take_notes).unwrap_or_default();
    let is_mended = wanted == Wanted::Anything
        && response.headers().get(header::CONTENT_TYPE) == Some(&SCIM_JSON)
        && answers_plainly(&notes);
    if is_mended {
        notes.work.notes.mended(&PLAIN_JSON);
    }
    dress(&mut response, is_mended || wanted == Wanted::Json, &id);
    let took = started.elapsed();
    let status = response.status();
    if let Some(caller) = &notes.scim_caller {
        state.app.count_scim_answer(caller, status.is_client_error() || status.is_server_error());
    }
    log(&method, route.as_deref(), status, took.as_micros(), &notes);
    drop(entered);
    let denied_to = notes.admin.take().filter(|_| status == StatusCode::FORBIDDEN);
    if let Some(logging) = logging {
        logging.end(status, told.as_deref(), notes);
    }
    if let (Some(attempt), Some(who), Some(exchange)) = (attempt, denied_to, &exchange) {
        attempt.record_denied(&state.app, exchange, who).instrument(span).await;
    }
    state.metrics.answered(&method, route, status, took);
    drop(running);
    response
}

/// Whether the caller's product wants `application/json` though it does not say so.
fn answers_plainly(notes: &LogNotes) -> bool {
    let humoured = |caller: &service::ScimCaller| caller.dialect().makes(&PLAIN_JSON) && !caller.tenant.settings.strict;
    notes.scim_caller.as_ref().is_some_and(humoured)
}

/// Finds out who is at the other end.
fn meet(state: &ServerState, request: &Request, id: &str) -> Result<Exchange, Problem> {
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0);
    let names = Names {
        public_url: state.app.settings().public_url.as_deref(),
        trusted_proxies: &state.options.trusted_proxies,
    };
    let origin = Origin::of(request.uri(), request.headers(), peer, &names).map_err(|_| Problem::Host)?;
    Ok(Exchange::new(id.to_owned(), origin))
}

/// The answer of the route. A panic becomes a 500 instead of a broken connection, and a read that
/// takes too long a 503. A write is never cut: when it is in the store's queue, only the store
/// knows how it ends, and a 503 would say that nothing changed.
async fn answer(state: &ServerState, method: &Method, request: Request, next: Next) -> Response {
    let reads = matches!(*method, Method::GET | Method::HEAD) || request.uri().path().ends_with("/.search");
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
    let deadline = state.options.read_deadline;
    let outcome = if reads {
        match tokio::time::timeout(deadline, answer).await {
            Ok(outcome) => outcome,
            Err(_) => return Problem::Deadline.into_response(),
        }
    } else {
        answer.await
    };
    outcome.unwrap_or_else(|_| {
        tracing::error!("a handler panicked");
        Problem::Panic.into_response()
    })
}

/// Gives a [`Problem`] its body, and keeps what the router added to it (`Allow`).
fn put_into_words(response: Response, dialect: Dialect, id: &str) -> Response {
    let Some(Unspoken(problem)) = response.extensions().get::<Unspoken>().cloned() else { return response };
    let mut spoken = speak(&problem, dialect, id);
    if let Some(allow) = response.headers().get(header::ALLOW) {
        spoken.headers_mut().insert(header::ALLOW, allow.clone());
    }
    spoken
}

/// Headers of every answer, and the name of its media type.
fn dress(response: &mut Response, plain: bool, id: &str) {
    let headers: &mut HeaderMap = response.headers_mut();
    if plain && headers.get(header::CONTENT_TYPE) == Some(&SCIM_JSON) {
        headers.insert(header::CONTENT_TYPE, JSON.clone());
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID.clone(), id);
    }
}

/// One line per request: never a body, a query or a credential.
fn log(method: &Method, route: Option<&str>, status: StatusCode, took_us: u128, notes: &LogNotes) {
    if !tracing::enabled!(tracing::Level::INFO) {
        return;
    }
    let list = |words: &[String]| (!words.is_empty()).then(|| words[..words.len().min(IGNORED_MAX)].join(" "));
    let lenient = &notes.work.notes;
    tracing::info!(
        method = method.as_str(),
        route = route.unwrap_or("none"),
        status = status.as_u16(),
        took_us = u64::try_from(took_us).unwrap_or(u64::MAX),
        tenant = notes.tenant.map(tracing::field::display),
        actor = notes.actor.as_ref().map(tracing::field::display),
        repairs = (!lenient.repairs.is_empty()).then(|| lenient.repairs.join(" ")),
        ignored = list(&lenient.ignored),
        "answered"
    );
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::Router;
    use axum::body::Body;
    use axum::routing::{MethodRouter, get};
    use http_body_util::BodyExt;
    use service::settings::MasterKey;
    use service::{App, Settings};
    use tower::ServiceExt;

    use super::*;
    use crate::http::room::Room;
    use crate::{Metrics, Options};

    /// Status, headers and body of `GET /api/x`, answered by `route` behind the layer.
    async fn ask(route: MethodRouter<ServerState>, options: Options) -> (StatusCode, HeaderMap, String) {
        let folder = tempfile::tempdir().unwrap();
        let store = store::Store::open(&store::Options::new(folder.path().join("muster.db"))).await.unwrap();
        let app = App::open(Settings::new(MasterKey::new([7; 32])), store).await.unwrap();
        let (metrics, room) = (Metrics::new(app.clone()), Room::new(&options));
        let state = ServerState { metrics, app, options: Arc::new(options), room };
        let router: Router = Router::new()
            .route("/api/x", route)
            .layer(axum::middleware::from_fn_with_state(state.clone(), around))
            .with_state(state);
        let request = Request::builder().uri("/api/x").header("host", "x").header("x-request-id", "seen");
        let (parts, body) = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (parts.status, parts.headers, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_read_that_takes_too_long_is_503_with_retry_after_and_the_id() {
        let impatient = Options { read_deadline: Duration::ZERO, ..Options::default() };

        let (status, headers, body) = ask(get(std::future::pending::<()>), impatient).await;

        assert_eq!((status.as_u16(), &headers["retry-after"]), (503, &HeaderValue::from_static("2")));
        insta::assert_snapshot!(body, @r#"{"detail":"Reading took too long. Try again, with a more exact filter or a smaller page (request id seen)"}"#);
    }

    #[tokio::test]
    async fn a_panic_is_500_and_shows_nothing_of_our_insides() {
        let panics = get(|| async { panic!("the password is 1234") as () });

        let (status, _, body) = ask(panics, Options::default()).await;

        assert_eq!(status.as_u16(), 500);
        insta::assert_snapshot!(body, @r#"{"detail":"The request failed on our side (request id seen)"}"#);
    }
}
