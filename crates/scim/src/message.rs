//! Messages: the envelopes of RFC 7644 that carry resources, queries and errors.
//!
//! What comes in is read here and nowhere else ([`BulkRequest`], [`SearchRequest`]); what goes
//! out is written here as text, so that stored documents travel in it unparsed.

mod bulk_request;
mod bulk_response;
mod envelope;
mod search;

use std::convert::Infallible;

use serde::ser::{Serialize, SerializeStruct, Serializer};

pub use bulk_request::{BulkOperation, BulkRequest};
pub use bulk_response::{BulkResponse, BulkResponseOperation};
pub use envelope::{EnvelopeError, Loc, MessageError};
pub use search::SearchRequest;

/// URN of a bulk request (RFC 7644 §3.7).
pub const BULK_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
/// URN of a bulk response (RFC 7644 §3.7).
pub const BULK_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";
/// URN of a list of resources (RFC 7644 §3.4.2).
pub const LIST_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/// URN of a query in a body (RFC 7644 §3.4.3).
pub const SEARCH_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
/// URN of an error (RFC 7644 §3.12).
pub const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// A page of resources (RFC 7644 §3.4.2; RFC 9865 §2), but for the resources.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListResponse {
    /// How many resources match, on all pages together.
    pub total_results: u64,
    /// The place of the first resource of this page, from 1; absent on pages fetched by cursor.
    pub start_index: Option<u64>,
    /// Where the next page begins; only for queries by cursor, absent on the last page.
    pub next_cursor: Option<String>,
}

impl ListResponse {
    /// The message as JSON text, with `resources`: each is written by `push`, and takes `room` bytes, about.
    /// `Resources` is there even when it is empty: the RFC lets it be left out then, but connection tests of
    /// identity providers look for it.
    ///
    /// # Errors
    /// Those of `push`.
    pub fn to_body<'r, R, E>(
        &self,
        resources: &'r [R],
        room: impl Fn(&R) -> usize,
        mut push: impl FnMut(&mut String, &'r R) -> Result<(), E>,
    ) -> Result<String, E> {
        let size = resources.iter().map(|resource| room(resource) + 1).sum::<usize>();
        let mut body = String::with_capacity(size + 256);
        body.push_str(r#"{"schemas":[""#);
        body.push_str(LIST_RESPONSE);
        body.push_str(r#""],"totalResults":"#);
        body.push_str(&self.total_results.to_string());
        body.push_str(r#","itemsPerPage":"#);
        body.push_str(&resources.len().to_string());
        if let Some(start_index) = self.start_index {
            body.push_str(r#","startIndex":"#);
            body.push_str(&start_index.to_string());
        }
        if let Some(cursor) = &self.next_cursor {
            // A cursor has only unreserved characters (RFC 9865 §2), so nothing needs escaping.
            body.push_str(r#","nextCursor":""#);
            body.push_str(cursor);
            body.push('"');
        }
        body.push_str(r#","Resources":["#);
        for (place, resource) in resources.iter().enumerate() {
            if place > 0 {
                body.push(',');
            }
            push(&mut body, resource)?;
        }
        body.push_str("]}");
        Ok(body)
    }

    /// The message with resources whose JSON texts are there already.
    #[must_use]
    pub fn with_texts(&self, resources: &[String]) -> String {
        let push = |body: &mut String, text: &String| {
            body.push_str(text);
            Ok::<(), Infallible>(())
        };
        self.to_body(resources, String::len, push).unwrap_or_else(|never| match never {})
    }
}

/// What a client reads when its request failed (RFC 7644 §3.12). The status is chosen by the
/// server crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorBody {
    /// The HTTP status; a string on the wire.
    pub status: u16,
    /// The keyword of RFC 7644 §3.12, table 9, or of RFC 9865 §2.1.
    pub scim_type: Option<&'static str>,
    /// What went wrong, for the person who configures the client.
    pub detail: String,
}

impl Serialize for ErrorBody {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut body = serializer.serialize_struct("Error", 4)?;
        body.serialize_field("schemas", &[ERROR])?;
        body.serialize_field("status", &self.status.to_string())?;
        if let Some(scim_type) = self.scim_type {
            body.serialize_field("scimType", scim_type)?;
        }
        body.serialize_field("detail", &self.detail)?;
        body.end()
    }
}
