//! Answers that are not errors: bodies, `Location`, `ETag`, no content.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use scim::Version;

/// The media type of SCIM (RFC 7644 §8.1). Whoever accepts only `application/json` gets the same
/// bytes under that name: see [`super::layers`].
pub(crate) static SCIM_JSON: HeaderValue = HeaderValue::from_static("application/scim+json");
/// The media type of everything else that we answer in JSON.
pub(crate) static JSON: HeaderValue = HeaderValue::from_static("application/json");

/// An answer in the making.
#[derive(Debug)]
pub(crate) struct Answer(Response);

impl Answer {
    /// A SCIM message.
    pub(crate) fn scim(status: StatusCode, body: impl Into<Body>) -> Self {
        Self::with_type(status, &SCIM_JSON, body.into())
    }

    /// JSON for the admin API.
    pub(crate) fn json(status: StatusCode, body: impl Into<Body>) -> Self {
        Self::with_type(status, &JSON, body.into())
    }

    /// 204: it is done, and there is nothing to say.
    pub(crate) fn no_content() -> Self {
        Self::empty(StatusCode::NO_CONTENT)
    }

    /// 304: the client has this state already (RFC 9110 §15.4.5).
    pub(crate) fn not_modified(version: Version) -> Self {
        Self::empty(StatusCode::NOT_MODIFIED).etag(version)
    }

    /// The state that the body shows, or that the client made (RFC 7644 §3.14).
    pub(crate) fn etag(self, version: Version) -> Self {
        self.header(header::ETAG, &version.to_string())
    }

    /// Where the resource is.
    pub(crate) fn location(self, url: &str) -> Self {
        self.header(header::LOCATION, url)
    }

    /// Where the resource in the body is, when the request went there too.
    pub(crate) fn content_location(self, url: &str) -> Self {
        self.header(header::CONTENT_LOCATION, url)
    }

    /// Nobody may keep this: it shows a secret.
    pub(crate) fn no_store(self) -> Self {
        self.header(header::CACHE_CONTROL, "no-store")
    }

    /// Sets a header. Text that cannot stand in one leaves it out; ours always can.
    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.0.headers_mut().insert(name, value);
        }
        self
    }

    fn with_type(status: StatusCode, media_type: &HeaderValue, body: Body) -> Self {
        let mut response = Response::new(body);
        *response.status_mut() = status;
        response.headers_mut().insert(header::CONTENT_TYPE, media_type.clone());
        Self(response)
    }

    fn empty(status: StatusCode) -> Self {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status;
        Self(response)
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        self.0
    }
}
