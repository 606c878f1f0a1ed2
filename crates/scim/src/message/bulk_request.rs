//! Bulk requests (RFC 7644 §3.7): the outline is read in one pass over the bytes, the bodies of
//! the operations stay as they came.

use serde_json::value::RawValue;

use super::envelope::MessageError;

/// A bulk request whose outline is right; nothing is said yet about its operations.
#[derive(Debug, Clone)]
pub struct BulkRequest {
    /// As sent, or the URN of a bulk request.
    pub schemas: Vec<String>,
    /// After how many failed operations to stop, from 1; `None` is never.
    pub fail_on_errors: Option<u32>,
    /// What to do.
    pub operations: Vec<BulkOperation>,
}

/// One operation of a bulk request, as sent.
#[derive(Debug, Clone)]
pub struct BulkOperation {
    /// The HTTP method.
    pub method: String,
    /// How other operations of the request call what this one creates.
    pub bulk_id: Option<String>,
    /// The version that the resource must have.
    pub version: Option<String>,
    /// The path below the SCIM base.
    pub path: String,
    /// The body: an object, of which nothing but its extent is known.
    pub data: Option<Box<RawValue>>,
}

impl BulkRequest {
    /// Reads a body with at most `operations_max` operations. The case of member names does not
    /// matter, unknown ones are ignored.
    ///
    /// # Errors
    /// [`MessageError::Misfit`] with everything that is wrong with the outline;
    /// [`MessageError::TooLarge`] as soon as one operation too many is seen.
    pub fn read(_body: &[u8], _operations_max: usize) -> Result<Self, MessageError> {
        todo!()
    }
}
