//! Bulk requests become batches (RFC 7644 §3.7): ids are given, bulkIds replaced by them, and the
//! operations put in an order in which each comes after those it refers to.
//!
//! As ids are chosen before anything runs, any graph of references resolves: forward, circular,
//! to itself (RFC 7644 §3.7.1).

use std::sync::Arc;

use crate::batch::Batch;
use crate::dialect::Dialect;
use crate::id::ResourceId;
use crate::message::BulkRequest;
use crate::schema::{Registry, ResourceType};

/// A bulk request, ready to run.
#[derive(Debug, Clone)]
pub struct Planned {
    /// What to run. What cannot be run is in it as a refusal, so it counts for `failOnErrors`.
    pub batch: Batch,
    /// What the response says of each operation, in request order.
    pub heads: Vec<OperationHead>,
}

/// What is known of an operation whatever becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationHead {
    /// The method; in upper case, if it is one.
    pub method: String,
    /// The bulkId, as sent.
    pub bulk_id: Option<String>,
    /// The type that the path names, if it names one: what the caller must have a scope for.
    pub resource_type: Option<Arc<ResourceType>>,
    /// The resource; for POST with the id that it is going to have. `None` when the path names
    /// none that could exist.
    pub target: Option<(Arc<ResourceType>, ResourceId)>,
    /// Where the resource is below the SCIM base, as in `/Users/usr_…`. "MUST be returned for all
    /// operations except for failed POST operations" (RFC 7644 §3.7.3).
    pub location: Option<String>,
}

/// Plans a bulk request.
///
/// `bases` are the prefixes that paths may have, absolute (`https://host/…/scim/v2`) or not
/// (`/…/scim/v2`), without a slash at the end. `new_id` makes an id with the prefix it is given;
/// `dialect` is that of the token.
pub fn plan(
    _request: BulkRequest,
    _registry: &Registry,
    _bases: &[&str],
    _new_id: &mut dyn FnMut([u8; 3]) -> ResourceId,
    _dialect: Dialect,
) -> Planned {
    todo!()
}
