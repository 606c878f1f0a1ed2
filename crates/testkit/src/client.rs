//! A small HTTP client whose failures print what the server said.

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// Sends requests below one URL, with one credential. Cheap to clone; clones share connections.
#[derive(Debug, Clone)]
pub struct Client {
    http: HyperClient<HttpConnector, Full<Bytes>>,
    base_url: String,
    bearer: Option<String>,
    content_type: &'static str,
}

/// The request could not be sent, or no whole answer came.
#[derive(Debug, thiserror::Error)]
#[error("no answer: {0}")]
pub struct NoAnswer(String);

impl Client {
    /// A client without credential, whose bodies are `application/json`.
    #[must_use]
    pub fn new(base_url: impl Into<String>) -> Self {
        Self {
            http: HyperClient::builder(TokioExecutor::new()).build_http(),
            base_url: base_url.into(),
            bearer: None,
            content_type: "application/json",
        }
    }

    /// The same connections, for paths below another URL.
    #[must_use]
    pub fn at(&self, base_url: impl Into<String>) -> Self {
        Self { base_url: base_url.into(), ..self.clone() }
    }

    /// The same with `Authorization: Bearer …`.
    #[must_use]
    pub fn with_bearer(&self, secret: impl Into<String>) -> Self {
        Self { bearer: Some(secret.into()), ..self.clone() }
    }

    /// The same with bodies of `application/scim+json`.
    #[must_use]
    pub fn scim(&self) -> Self {
        Self { content_type: "application/scim+json", ..self.clone() }
    }

    /// What paths are appended to.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Sends a GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.expect(Method::GET, path, None).await
    }

    /// Sends a POST.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.expect(Method::POST, path, Some(body)).await
    }

    /// Sends a PUT.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.expect(Method::PUT, path, Some(body)).await
    }

    /// Sends a PATCH.
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.expect(Method::PATCH, path, Some(body)).await
    }

    /// Sends a DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        self.expect(Method::DELETE, path, None).await
    }

    /// Sends a POST of any text.
    pub async fn post_text(&self, path: &str, content_type: &'static str, text: &str) -> Answer {
        let bytes = Bytes::from(text.to_owned());
        self.send_bytes(Method::POST, path, HeaderMap::new(), Some((content_type, bytes)))
            .await
            .expect("the server answers")
    }

    async fn expect(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        self.send(method, path, HeaderMap::new(), body).await.expect("the server answers")
    }

    /// Sends any request; headers given here win over the client's own.
    ///
    /// # Errors
    /// [`NoAnswer`] when the server went away.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Option<&Value>,
    ) -> Result<Answer, NoAnswer> {
        let body = body.map(|body| (self.content_type, Bytes::from(body.to_string())));
        self.send_bytes(method, path, headers, body).await
    }

    async fn send_bytes(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Option<(&'static str, Bytes)>,
    ) -> Result<Answer, NoAnswer> {
        let (content_type, bytes) = body.map_or((None, Bytes::new()), |(name, bytes)| (Some(name), bytes));
        let mut request = Request::new(Full::new(bytes));
        *request.method_mut() = method;
        let url = format!("{}{path}", self.base_url);
        *request.uri_mut() = url.parse().map_err(|error| NoAnswer(format!("{url} is no URL: {error}")))?;
        if let Some(name) = content_type {
            request.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static(name));
        }
        if let Some(secret) = &self.bearer {
            let value = format!("Bearer {secret}").parse().map_err(|error| NoAnswer(format!("credential: {error}")))?;
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        request.headers_mut().extend(headers);

        let response = self.http.request(request).await.map_err(|error| NoAnswer(error.to_string()))?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(|error| NoAnswer(error.to_string()))?.to_bytes();
        Ok(Answer { status: parts.status, headers: parts.headers, body })
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, whole.
    pub body: Bytes,
}

impl Answer {
    /// Goes on if the status is this one, otherwise fails with the body.
    pub fn assert_status(self, expected: u16) -> Self {
        assert_eq!(self.status.as_u16(), expected, "{}", self.text());
        self
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// A header as text, empty when it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> String {
        self.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).unwrap_or_default()
    }

    /// For snapshots: `204 W/"2"`.
    #[must_use]
    pub fn status_and_etag(&self) -> String {
        format!("{} {}", self.status.as_u16(), self.header("etag"))
    }
}
