//! A request, as it will be sent and as a report shows it.

use std::fmt::Write;

use http::Method;
use serde_json::Value;

/// The media type of SCIM (RFC 7644 §8.1).
pub const SCIM_JSON: &str = "application/scim+json";

/// A request below the base URL.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The method.
    pub method: Method,
    /// The path below the base, with its query, encoded.
    pub path: String,
    /// Headers besides `Authorization`, in order.
    pub headers: Vec<(&'static str, String)>,
    /// The body, if there is one.
    pub body: Option<String>,
    /// How it proves who asks.
    pub credential: Credential,
}

/// What stands in `Authorization`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// The token of the target.
    Own,
    /// No header at all.
    None,
    /// This text, which opens nothing.
    Wrong(&'static str),
}

impl Ask {
    fn new(method: Method, path: impl Into<String>) -> Self {
        let headers = vec![("Accept", SCIM_JSON.to_owned())];
        Self { method, path: path.into(), headers, body: None, credential: Credential::Own }
    }

    /// A GET.
    #[must_use]
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    /// A DELETE.
    #[must_use]
    pub fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path)
    }

    /// A POST of a document.
    #[must_use]
    pub fn post(path: impl Into<String>, body: &Value) -> Self {
        Self::new(Method::POST, path).with_body(SCIM_JSON, body.to_string())
    }

    /// A PUT of a document.
    #[must_use]
    pub fn put(path: impl Into<String>, body: &Value) -> Self {
        Self::new(Method::PUT, path).with_body(SCIM_JSON, body.to_string())
    }

    /// A PATCH with these operations (RFC 7644 §3.5.2).
    #[must_use]
    pub fn patch(path: impl Into<String>, operations: &Value) -> Self {
        let body = serde_json::json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": operations,
        });
        Self::new(Method::PATCH, path).with_body(SCIM_JSON, body.to_string())
    }

    /// The same with a body.
    #[must_use]
    pub fn with_body(mut self, media_type: &str, body: impl Into<String>) -> Self {
        self.body = Some(body.into());
        self.header("Content-Type", media_type)
    }

    /// The same with a header, in place of what it was.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self = self.without(name);
        self.headers.push((name, value.into()));
        self
    }

    /// The same without a header.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    /// The same with another credential.
    #[must_use]
    pub fn credential(mut self, credential: Credential) -> Self {
        self.credential = credential;
        self
    }

    /// The same with a query parameter; the value is encoded here.
    #[must_use]
    pub fn query(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.path.push(if self.path.contains('?') { '&' } else { '?' });
        self.path.push_str(name);
        self.path.push('=');
        self.path.push_str(&encode(value.as_ref()));
        self
    }
}

/// Encodes a text for one segment of a path or one value of a query (RFC 3986 §2.1).
#[must_use]
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("a String takes all that is written");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_encoded() {
        let ask = Ask::get("/Users").query("filter", r#"userName eq "a+b&c""#).query("count", "1");

        assert_eq!(ask.path, "/Users?filter=userName%20eq%20%22a%2Bb%26c%22&count=1");
    }

    #[test]
    fn a_header_is_there_once() {
        let ask = Ask::get("/Users").header("accept", "application/json");

        assert_eq!(ask.headers, [("accept", "application/json".to_owned())]);
        assert!(ask.without("Accept").headers.is_empty());
    }
}
