//! PatchOp body + schema = [`PatchPlan`].

use crate::dialect::Dialect;
use crate::error::ScimError;
use crate::json::Json;
use crate::schema::ResourceType;

use super::PatchPlan;

/// How many operations one PATCH request may have; as many as a bulk request, since authentik
/// sends one for each member and cuts requests by that number.
pub const OPERATIONS_MAX: usize = 10_000;

/// A change to a document; made by planning, used by applying.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DocumentChange {}

/// Plans a PATCH request: all that can be wrong with it without looking at the resource is found
/// here. `body` is the PatchOp message; `dialect` that of the token, which the request can change
/// by the way it writes.
///
/// # Errors
/// [`ScimError`] of any kind that a PATCH can have; see RFC 7644 §3.5.2, §3.12.
pub fn plan(_resource_type: &ResourceType, _body: Json, _dialect: Dialect) -> Result<PatchPlan, ScimError> {
    todo!()
}
