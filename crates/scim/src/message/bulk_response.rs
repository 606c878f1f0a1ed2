//! Bulk responses (RFC 7644 §3.7).

use serde::Serialize;

use super::{BULK_RESPONSE, ErrorBody};

/// What became of the operations of a bulk request, in the order in which they were asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BulkResponse {
    schemas: [&'static str; 1],
    /// Those that were run, whether they succeeded or not.
    #[serde(rename = "Operations")]
    pub operations: Vec<BulkResponseOperation>,
}

impl BulkResponse {
    /// A response with these operations.
    #[must_use]
    pub fn new(operations: Vec<BulkResponseOperation>) -> Self {
        Self { schemas: [BULK_RESPONSE], operations }
    }
}

/// What became of one operation. What does not apply is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BulkResponseOperation {
    /// The method, as in the request.
    pub method: String,
    /// The bulkId, as in the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bulk_id: Option<String>,
    /// The version of the resource after the operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The URL of the resource. "MUST be returned for all operations except for failed POST
    /// operations" (RFC 7644 §3.7.3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// The HTTP status that the operation would have had alone.
    pub status: String,
    /// Why it failed; absent when it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<ErrorBody>,
}
