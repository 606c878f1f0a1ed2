//! The keys of trusted issuers: given as a JWK set, or fetched from where the issuer publishes one.
//!
//! Each process fetches for itself. A fetched set is believed for an hour. A token with a key that is not in it causes a fetch, but
//! not more than one in half a minute, so that made-up key names do not turn us against the issuer.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jsonwebtoken::jwk::Jwk;
use scim::json::{Json, Object};
use tokio::sync::Mutex;

use crate::error::ServiceError;
use crate::jwt::VerifyingKey;
use crate::settings::{IssuerKeys, TrustedIssuer};

/// How long a fetched set is believed.
const BELIEVED_MS: i64 = 3_600_000;
/// How long after a fetch the next one may come.
const PAUSE_MS: i64 = 30_000;
/// How long a fetch may take.
const FETCH_TIME_MAX: Duration = Duration::from_secs(5);
/// A larger set is not read.
const SET_BYTES_MAX: usize = 1024 * 1024;

type HttpClient = Client<HttpsConnector<HttpConnector>, Empty<Bytes>>;

/// A trusted issuer and its keys.
#[derive(Debug)]
pub(crate) struct Issuer {
    settings: TrustedIssuer,
    client: HttpClient,
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    keys: Arc<[VerifyingKey]>,
    /// When they were fetched.
    since: Option<i64>,
    /// When a fetch was last tried.
    tried: Option<i64>,
}

impl Issuer {
    /// Gets ready to verify tokens of this issuer. Nothing is fetched yet.
    ///
    /// # Errors
    /// [`ServiceError::Key`] when its keys are given and cannot be read.
    pub(crate) fn new(settings: TrustedIssuer) -> Result<Self, ServiceError> {
        let keys = match &settings.keys {
            IssuerKeys::Set(text) => read_set(text.as_bytes())
                .ok_or_else(|| ServiceError::Key(format!("the keys of {} are no JWK set", settings.issuer)))?,
            IssuerKeys::Url(url) if is_safe(url) => Arc::default(),
            IssuerKeys::Url(url) => {
                let msg = format!("the keys of {} must be fetched by https, not from {url}", settings.issuer);
                return Err(ServiceError::Key(msg));
            }
        };
        let connector = HttpsConnectorBuilder::new().with_webpki_roots().https_or_http().enable_http1().build();
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { settings, client, known: Mutex::new(Known { keys, since: None, tried: None }) })
    }

    pub(crate) fn settings(&self) -> &TrustedIssuer {
        &self.settings
    }

    /// The keys that a token may be signed with: the one it names, or all when it names none. When a
    /// fetch fails, what the last one gave is believed on.
    ///
    /// # Errors
    /// [`ServiceError::IssuerSilent`] when no fetch has succeeded so far.
    pub(crate) async fn keys(&self, kid: Option<&str>, now: i64) -> Result<Vec<VerifyingKey>, ServiceError> {
        let fitting = |keys: &[VerifyingKey]| -> Vec<VerifyingKey> {
            keys.iter().filter(|key| kid.is_none() || key.kid.as_deref() == kid).cloned().collect()
        };
        // Who comes while one fetches waits here, and uses what that one got.
        let mut known = self.known.lock().await;
        let found = fitting(&known.keys);
        let IssuerKeys::Url(url) = &self.settings.keys else { return Ok(found) };
        let is_old = known.since.is_none_or(|since| now - since >= BELIEVED_MS);
        let pause = known.tried.map_or(0, |tried| tried + PAUSE_MS - now);
        if pause > 0 || !(is_old || found.is_empty()) {
            return if known.since.is_some() { Ok(found) } else { Err(silent(pause)) };
        }
        known.tried = Some(now);
        match tokio::time::timeout(FETCH_TIME_MAX, self.fetch(url)).await {
            Ok(Ok(keys)) => {
                known.keys = keys;
                known.since = Some(now);
            }
            Ok(Err(reason)) => tracing::warn!(issuer = self.settings.issuer, reason, "keys could not be fetched"),
            Err(_) => tracing::warn!(issuer = self.settings.issuer, "fetching keys took too long"),
        }
        if known.since.is_some() { Ok(fitting(&known.keys)) } else { Err(silent(PAUSE_MS)) }
    }

    async fn fetch(&self, url: &str) -> Result<Arc<[VerifyingKey]>, String> {
        let address = url.parse().map_err(|e: http::uri::InvalidUri| e.to_string())?;
        let answer = self.client.get(address).await.map_err(|e| e.to_string())?;
        if answer.status() != http::StatusCode::OK {
            return Err(format!("status {}", answer.status()));
        }
        let body = Limited::new(answer.into_body(), SET_BYTES_MAX).collect().await.map_err(|e| e.to_string())?;
        read_set(&body.to_bytes()).ok_or_else(|| "not a JWK set".into())
    }
}

/// No keys; the next fetch may come in so many milliseconds.
fn silent(pause_ms: i64) -> ServiceError {
    let retry_after_s = u32::try_from(pause_ms.div_euclid(1000) + 1).unwrap_or(1);
    ServiceError::IssuerSilent { retry_after_s }
}

/// Whether what comes from there can be trusted: by TLS, or without leaving the machine.
fn is_safe(url: &str) -> bool {
    let Ok(url) = url.parse::<http::Uri>() else { return false };
    let is_local = matches!(url.host(), Some("localhost" | "127.0.0.1" | "[::1]"));
    match url.scheme_str() {
        Some("https") => url.host().is_some(),
        Some("http") => is_local,
        Some(_) | None => false,
    }
}

/// Reads a JWK set. Keys that we cannot use are passed over (RFC 7517 §5).
fn read_set(text: &[u8]) -> Option<Arc<[VerifyingKey]>> {
    let set: Object = serde_json::from_slice(text).ok()?;
    let keys = set.get("keys").and_then(Json::as_array)?;
    let usable = |key: &Json| serde_json::from_value::<Jwk>(key.clone()).ok().as_ref().and_then(VerifyingKey::from_jwk);
    Some(keys.iter().filter_map(usable).collect())
}

#[cfg(test)]
mod tests {
    use super::is_safe;

    #[test]
    fn keys_are_fetched_by_tls_or_from_this_machine() {
        for safe in ["https://login.example/keys", "http://127.0.0.1:8080/keys", "http://localhost/", "http://[::1]/"] {
            assert!(is_safe(safe), "{safe}");
        }
        for unsafe_ in
            ["http://login.example/keys", "ftp://login.example", "/keys", "", "http://127.0.0.1.evil.example/"]
        {
            assert!(!is_safe(unsafe_), "{unsafe_}");
        }
    }
}
