//! Batches: what the one write path runs. `POST /Users` is a batch of one operation, `/Bulk`
//! a batch of many; both are planned here, in data, before the first row is touched.

use std::sync::Arc;

use crate::error::ScimError;
use crate::id::{Precondition, ResourceId};
use crate::patch::PatchPlan;
use crate::resource::Resource;
use crate::schema::ResourceType;

/// One change to one resource.
#[derive(Debug, Clone)]
pub struct Operation {
    /// The type of the resource.
    pub resource_type: Arc<ResourceType>,
    /// Which resource; for [`Action::Create`] the id it will have.
    pub target: ResourceId,
    /// Which versions may be changed. Not looked at for [`Action::Create`].
    pub precondition: Precondition,
    /// What to do.
    pub action: Action,
}

/// What an [`Operation`] does.
#[derive(Debug, Clone)]
pub enum Action {
    /// POST (RFC 7644 §3.3).
    Create(Resource),
    /// PUT (RFC 7644 §3.5.1).
    Replace(Resource),
    /// PATCH (RFC 7644 §3.5.2).
    Patch(PatchPlan),
    /// DELETE (RFC 7644 §3.6).
    Delete,
}

/// A place in a batch: an operation, or the reason why there is none.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its place in the request, from 0.
    pub index: usize,
    /// What to run; a refusal counts as a failed operation when its turn comes.
    pub work: Result<Operation, ScimError>,
    /// Places of operations without which this one makes no sense, as it names what they create.
    /// All of them are in this unit or in one before it.
    pub needs: Vec<usize>,
}

/// Steps that succeed or fail together: one, or all those that refer to each other in a circle.
///
/// A store creates the resources of a unit first and writes their memberships then, so a circle
/// needs no second pass.
#[derive(Debug, Clone)]
pub struct Unit {
    /// In request order, never empty.
    pub steps: Vec<Step>,
}

/// Units in the order in which they are to run.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// Each unit comes after those it needs; otherwise request order is kept.
    pub units: Vec<Unit>,
    /// After this many failed operations nothing further is run (RFC 7644 §3.7).
    pub fail_on_errors: Option<u32>,
}

impl Batch {
    /// A batch of one operation.
    #[must_use]
    pub fn single(operation: Operation) -> Self {
        let step = Step { index: 0, work: Ok(operation), needs: Vec::new() };
        Self { units: vec![Unit { steps: vec![step] }], fail_on_errors: None }
    }
}
