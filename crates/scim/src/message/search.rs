//! Queries in a body: `POST /.search` (RFC 7644 §3.4.3; RFC 9865 §3).

use crate::error::ScimError;

/// A query as it came, not yet judged: [`crate::query::ListQuery`] does that.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SearchRequest {
    /// `attributes`, in any notation that the query string allows too.
    pub attributes: Vec<String>,
    /// `excludedAttributes`.
    pub excluded_attributes: Vec<String>,
    /// `filter`.
    pub filter: Option<String>,
    /// `sortBy`.
    pub sort_by: Option<String>,
    /// `sortOrder`.
    pub sort_order: Option<String>,
    /// `startIndex`.
    pub start_index: Option<i64>,
    /// `count`.
    pub count: Option<i64>,
    /// `cursor`; empty for the first page.
    pub cursor: Option<String>,
}

impl SearchRequest {
    /// Reads the body of a search. Unknown members are ignored, `null` is as good as absent.
    ///
    /// # Errors
    /// [`ScimError::Syntax`] when the body is not a JSON object, [`ScimError::Value`] when a
    /// member is of the wrong type.
    pub fn read(_body: &[u8]) -> Result<Self, ScimError> {
        todo!()
    }
}
