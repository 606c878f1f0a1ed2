//! Bulk requests become batches (RFC 7644 §3.7): ids are given, bulkIds replaced by them, and the
//! operations put in an order in which each comes after those it refers to.
//!
//! As ids are chosen before anything runs, any graph of references resolves: forward, circular,
//! to itself (RFC 7644 §3.7.1).

mod draft;
mod order;
mod path;
mod references;

use std::convert::Infallible;
use std::sync::Arc;

use crate::batch::{Batch, Operation, Step, Unit, Work};
use crate::dialect::Dialect;
use crate::error::ScimError;
use crate::id::{Precondition, ResourceId};
use crate::json::{self, Json};
use crate::message::{BulkOperation, BulkRequest};
use crate::schema::{Registry, ResourceType};

use draft::{Change, Draft, Intent};
use order::Links;
use references::References;

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
/// Costs one parse of each body; in memory, one of them at a time beside the result.
pub fn plan(
    request: &BulkRequest,
    registry: &Registry,
    bases: &[&str],
    new_id: &mut dyn FnMut([u8; 3]) -> ResourceId,
    dialect: Dialect,
) -> Planned {
    let mut drafts: Vec<Draft> = request.operations.iter().map(|sent| Draft::read(sent, registry, bases)).collect();
    let bulk_ids = draft::give_ids(&request.operations, &mut drafts, new_id);
    let deletes = draft::first_deletes(&drafts, &bulk_ids);
    let mut links = Links::default();
    let mut works = Vec::with_capacity(drafts.len());
    for (sent, draft) in request.operations.iter().zip(&mut drafts) {
        let mut references = References::new(&bulk_ids, &deletes);
        let work = operation(sent, draft, &mut references, dialect);
        match &work {
            Ok(operation) => links.note(operation, references.needs, &references.deletes_named),
            Err(_) => links.note_refusal(),
        }
        works.push(work);
    }
    let heads = drafts.into_iter().map(|draft| draft.head).collect();
    Planned { batch: Batch { units: units(works, &links), fail_on_errors: request.fail_on_errors }, heads }
}

/// What an operation does, all references replaced.
fn operation(
    sent: &BulkOperation,
    draft: &mut Draft,
    references: &mut References<'_>,
    dialect: Dialect,
) -> Result<Operation, ScimError> {
    let intent = draft.intent.clone()?;
    if let Intent::Change(_, resource) = &intent {
        draft.aim_at(resource, references)?;
    }
    let Some((resource_type, target)) = &draft.head.target else {
        return Err(ScimError::NotFound("The path names no resource".into()));
    };
    let work = match intent {
        Intent::Create => Work::Create(whole_body(sent, resource_type, references)?),
        Intent::Change(Change::Replace, _) => Work::Replace(whole_body(sent, resource_type, references)?),
        Intent::Change(Change::Patch, _) => {
            let mut body = json::parse(data(sent)?)?;
            references.in_patch(resource_type, &mut body)?;
            Work::Patch(body, dialect)
        }
        Intent::Change(Change::Delete, _) => Work::Delete,
    };
    Operation::new(resource_type, *target, precondition(sent), work)
}

fn whole_body(
    sent: &BulkOperation,
    resource_type: &ResourceType,
    references: &mut References<'_>,
) -> Result<Json, ScimError> {
    let mut body = json::parse(data(sent)?)?;
    references.in_resource(resource_type, &mut body)?;
    Ok(body)
}

fn data(sent: &BulkOperation) -> Result<&[u8], ScimError> {
    let missing = || ScimError::value("data", format!("required for {}", sent.method.to_ascii_uppercase()));
    sent.data.as_ref().map(|data| data.get().as_bytes()).ok_or_else(missing)
}

fn precondition(sent: &BulkOperation) -> Precondition {
    match sent.version.as_deref().map(str::trim) {
        None | Some("") => Precondition::Any,
        Some(version) => version.parse().unwrap_or_else(|never: Infallible| match never {}),
    }
}

fn units(works: Vec<Result<Operation, ScimError>>, links: &Links) -> Vec<Unit> {
    let mut works: Vec<_> = works.into_iter().map(Some).collect();
    let mut step = |index: usize| {
        let work = works[index].take()?;
        Some(Step { index, work, needs: links.needs(index).to_vec() })
    };
    let mut unit = |places: Vec<usize>| Unit { steps: places.into_iter().filter_map(&mut step).collect() };
    links.groups().into_iter().map(&mut unit).collect()
}
