//! Bulk requests become units of a batch (RFC 7644 §3.7): ids are given, bulkIds replaced by
//! them, and the operations put in an order in which each comes after those it refers to.
//!
//! As ids are chosen before anything runs, any graph of references resolves: forward, circular,
//! to itself (RFC 7644 §3.7.1). Bodies are read when their turn comes: 10,000 users are 11 MB as
//! they came and 110 MB more once they are read.

mod draft;
mod order;
mod path;
mod references;
mod units;

use std::sync::Arc;

use crate::dialect::Dialect;
use crate::error::ScimError;
use crate::id::ResourceId;
use crate::json;
use crate::message::{BulkOperation, BulkRequest};
use crate::schema::{Registry, ResourceType};

use draft::{Draft, Verb};
use order::Links;
use references::References;
pub use units::Units;

/// A bulk request, ready to run.
#[derive(Debug)]
pub struct Planned {
    /// What the response says of each operation, in request order.
    pub heads: Vec<OperationHead>,
    /// After this many failed operations nothing further is run (RFC 7644 §3.7).
    pub fail_on_errors: Option<u32>,
    /// What to run. What cannot be run is in it as a refusal, so it counts for `failOnErrors`.
    pub units: Units,
}

/// What is known of an operation whatever becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationHead {
    /// The method; in upper case, if it is one of the four.
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
///
/// Costs a look at the bytes of each body, and reading those that may refer to others; the rest of
/// the work is done by [`Units`], bit by bit.
pub fn plan(
    request: BulkRequest,
    registry: &Registry,
    bases: &[&str],
    new_id: &mut dyn FnMut([u8; 3]) -> ResourceId,
    dialect: Dialect,
) -> Planned {
    let BulkRequest { operations, fail_on_errors, .. } = request;
    let mut drafts: Vec<Draft> = operations.iter().map(|sent| Draft::read(sent, registry, bases)).collect();
    let bulk_ids = draft::give_ids(&operations, &mut drafts, new_id);
    let deletes = draft::first_deletes(&drafts, &bulk_ids);
    let mut links = Links::default();
    for (sent, draft) in operations.iter().zip(&mut drafts) {
        let mut references = References::before(&bulk_ids, &deletes);
        draft.aim_at_path(&mut references);
        links.note(draft, look_ahead(sent, draft, references));
    }
    let (groups, needs) = links.into_groups();
    let mut heads = Vec::with_capacity(drafts.len());
    let mut waiting = Vec::with_capacity(drafts.len());
    for (sent, draft) in operations.into_iter().zip(drafts) {
        waiting.push(Some((sent, draft.intent)));
        heads.push(draft.head);
    }
    Planned { heads, fail_on_errors, units: Units::new(waiting, groups, needs, bulk_ids, dialect) }
}

/// What an operation refers to, by its path and its body. Nothing, when that is enough to see that
/// it is going to be refused: then it waits for nobody.
fn look_ahead<'b>(sent: &BulkOperation, draft: &Draft, mut references: References<'b>) -> Option<References<'b>> {
    let intent = draft.intent.as_ref().ok()?;
    let data = sent.data.as_ref().map(|data| data.get()).filter(|_| intent.verb != Verb::Delete);
    match data {
        Some(data) if references.may_be_in(data) => {
            let looked = replace(data, intent.verb, &intent.resource_type, &mut references);
            looked.is_ok().then_some(references)
        }
        _ => Some(references),
    }
}

/// Reads a body and replaces the references in it.
fn replace(
    data: &str,
    verb: Verb,
    resource_type: &ResourceType,
    references: &mut References<'_>,
) -> Result<json::Json, ScimError> {
    let mut body = json::parse(data.as_bytes())?;
    match verb {
        Verb::Patch => references.in_patch(resource_type, &mut body)?,
        Verb::Create | Verb::Replace => references.in_resource(resource_type, &mut body)?,
        Verb::Delete => {}
    }
    Ok(body)
}
