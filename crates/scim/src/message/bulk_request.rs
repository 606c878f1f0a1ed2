//! Bulk requests (RFC 7644 §3.7): the outline is read in one pass over the bytes, the bodies of
//! the operations stay as they came. 10,000 operations are 13 MB; parsed into trees here, and
//! again when they are planned, they would cost ten times as much.

mod names;
mod outline;

use serde::de::DeserializeSeed;
use serde_json::value::RawValue;

use super::envelope::{At, Errors, MessageError, Misfit, not_json, not_utf8};
use crate::error::ScimError;
use outline::{Envelope, Outline};

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
    /// [`MessageError::Misfit`] with everything that is wrong with the outline (of a body of
    /// nonsense, the first thousand); [`MessageError::TooLarge`] as soon as one operation too
    /// many is seen.
    pub fn read(body: &[u8], operations_max: usize) -> Result<Self, MessageError> {
        let text = std::str::from_utf8(body).map_err(|error| MessageError::Misfit(vec![not_utf8(error)]))?;
        let mut outline = Outline { errors: Errors::default(), operations_max, too_many: false };
        if text.trim_ascii().is_empty() {
            outline.errors.add(At::Body, Misfit::Missing);
            return Err(MessageError::Misfit(outline.errors.0));
        }
        let mut reader = serde_json::Deserializer::from_str(text);
        let read = Envelope(&mut outline).deserialize(&mut reader).and_then(|request| reader.end().map(|()| request));
        match read {
            Err(_) if outline.too_many => Err(MessageError::TooLarge(ScimError::TooLarge(format!(
                "The number of operations exceeds maxOperations ({operations_max})."
            )))),
            Err(error) => Err(MessageError::Misfit(vec![not_json(text, &error)])),
            Ok(Some(request)) if outline.errors.0.is_empty() => Ok(request),
            Ok(_) => Err(MessageError::Misfit(outline.errors.0)),
        }
    }
}
