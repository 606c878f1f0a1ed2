//! Requests as bytes.

use std::io::Write as _;

/// Writes requests to one tenant with one token, one at a time.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    base: String,
    fields: String,
    bytes: Vec<u8>,
}

impl Request {
    /// `tenant`: its slug.
    pub(crate) fn new(address: &str, tenant: &str, token: &str) -> Self {
        Self {
            base: format!("/api/v1/tenants/{tenant}/scim/v2"),
            fields: format!(" HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n"),
            bytes: Vec::new(),
        }
    }

    /// The same with paths of their own and no credential.
    pub(crate) fn elsewhere(address: &str) -> Self {
        Self { base: String::new(), fields: format!(" HTTP/1.1\r\nhost: {address}\r\n"), bytes: Vec::new() }
    }

    /// Makes [`Self::bytes`] a request for a path below the base.
    pub(crate) fn write(&mut self, method: &str, path: &str, body: Option<&[u8]>) {
        self.bytes.clear();
        let Self { base, fields, bytes } = self;
        write!(bytes, "{method} {base}{path}{fields}").unwrap();
        match body {
            None => bytes.extend_from_slice(b"\r\n"),
            Some(body) => {
                write!(bytes, "content-type: application/scim+json\r\ncontent-length: {}\r\n\r\n", body.len()).unwrap();
                bytes.extend_from_slice(body);
            }
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}
