//! The units of a bulk request, each made when its turn comes.

use std::collections::HashMap;
use std::convert::Infallible;

use super::draft::{Intent, Verb};
use super::references::{BulkIds, References};
use super::replace;
use crate::batch::{Action, Operation, Step, Unit};
use crate::dialect::Dialect;
use crate::error::ScimError;
use crate::id::Precondition;
use crate::message::BulkOperation;
use crate::patch;
use crate::resource::Resource;

/// Gives the units of a bulk request in the order in which they are to run, reads the bodies of
/// each when it is asked for, and forgets the request behind it.
#[derive(Debug)]
pub struct Units {
    /// What was sent and what method and path of it mean, until it is given away.
    waiting: Vec<Option<(BulkOperation, Result<Intent, ScimError>)>>,
    /// Places that make a unit.
    groups: std::vec::IntoIter<Vec<usize>>,
    /// The places that each needs.
    needs: Vec<Vec<usize>>,
    bulk_ids: BulkIds,
    dialect: Dialect,
}

impl Units {
    pub(super) fn new(
        waiting: Vec<Option<(BulkOperation, Result<Intent, ScimError>)>>,
        groups: Vec<Vec<usize>>,
        needs: Vec<Vec<usize>>,
        bulk_ids: BulkIds,
        dialect: Dialect,
    ) -> Self {
        Self { waiting, groups: groups.into_iter(), needs, bulk_ids, dialect }
    }

    fn step(&mut self, index: usize) -> Option<Step> {
        let (sent, intent) = self.waiting.get_mut(index)?.take()?;
        let work = intent.and_then(|intent| self.operation(&sent, intent));
        let needs = self.needs.get_mut(index).map(std::mem::take).unwrap_or_default();
        Some(Step { index, work, needs })
    }

    /// What an operation does, all references replaced.
    fn operation(&self, sent: &BulkOperation, intent: Intent) -> Result<Operation, ScimError> {
        let Intent { verb, resource_type, target, .. } = intent;
        let body = || {
            let missing = || ScimError::value("data", format!("required for {}", sent.method.to_ascii_uppercase()));
            let data = sent.data.as_ref().ok_or_else(missing)?;
            // The order is settled, so DELETEs do not matter any more.
            let deletes = HashMap::new();
            replace(data.get(), verb, &resource_type, &mut References::before(&self.bulk_ids, &deletes))
        };
        let target = target.ok_or_else(|| ScimError::NotFound("The path names no resource".into()))?;
        let action = match verb {
            Verb::Create => Action::Create(Resource::read(&resource_type, body()?)?),
            Verb::Replace => Action::Replace(Resource::read(&resource_type, body()?)?),
            Verb::Patch => {
                let plan = patch::plan(&resource_type, body()?, self.dialect)?;
                plan.check_id(target)?;
                Action::Patch(plan)
            }
            Verb::Delete => Action::Delete,
        };
        Ok(Operation { resource_type, target, precondition: precondition(sent), action })
    }
}

impl Iterator for Units {
    type Item = Unit;

    fn next(&mut self) -> Option<Unit> {
        let places = self.groups.next()?;
        Some(Unit { steps: places.into_iter().filter_map(|index| self.step(index)).collect() })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.groups.size_hint()
    }
}

impl ExactSizeIterator for Units {}

fn precondition(sent: &BulkOperation) -> Precondition {
    match sent.version.as_deref().map(str::trim) {
        None | Some("") => Precondition::Any,
        Some(version) => version.parse().unwrap_or_else(|never: Infallible| match never {}),
    }
}
