//! `/openapi.json`, and `/docs`: the same document as a page for people, which loads nothing from
//! anywhere else.

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};

use super::respond::Answer;
use crate::openapi::{self, page};

static DOCUMENT: LazyLock<Bytes> =
    LazyLock::new(|| serde_json::to_vec(&openapi::document()).unwrap_or_default().into());

static PAGE: LazyLock<Bytes> = LazyLock::new(|| page::render(&openapi::document()).into());

/// Only what is on the page itself: no scripts at all, no other hosts.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'");

/// `GET /openapi.json`.
pub(crate) async fn document() -> Answer {
    Answer::json(StatusCode::OK, DOCUMENT.clone())
}

/// `GET /docs`.
pub(crate) async fn page() -> Response {
    let mut response = PAGE.clone().into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    response
}
