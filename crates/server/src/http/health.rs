//! Whether we live, whether we can work, and how it goes.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, header};
use service::App;

use super::problem::Problem;
use super::respond::Answer;
use crate::Metrics;

/// `GET /healthz`: the process answers. Nothing that could be slow is asked.
pub(crate) async fn live() -> Answer {
    Answer::json(StatusCode::OK, r#"{"status":"ok"}"#)
}

/// `GET /readyz`: the database answers. 503 takes this instance out of a load balancer.
pub(crate) async fn ready(State(app): State<App>) -> Result<Answer, Problem> {
    app.ready().await?;
    Ok(Answer::json(StatusCode::OK, r#"{"status":"ready"}"#))
}

/// `GET /metrics` for Prometheus, to be served off the public listener: it has no credential.
pub fn metrics_router(metrics: Metrics) -> Router {
    Router::new().route("/metrics", get(show)).with_state(metrics)
}

async fn show(State(metrics): State<Metrics>) -> Response {
    const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    match metrics.text() {
        Ok(text) => ([(header::CONTENT_TYPE, TEXT)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
