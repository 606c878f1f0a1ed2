//! Bulk requests (RFC 7644 §3.7): planned whole, run in slices.

use std::iter::Peekable;

use scim::ScimError;
use scim::batch::{Action, Operation, Unit};
use scim::bulk::{self, OperationHead};
use scim::message::BulkRequest;
use scim::resource::Notes;
use store::StoreError;
use store::resources::apply::{Progress, Written};

use super::{Outcomes, refuse_repairs_if_strict};
use crate::App;
use crate::caller::{ScimCaller, Scopes};
use crate::error::ServiceError;

/// How many operations share a transaction: so many that its commit hardly counts, so few that
/// the writes of others soon get in between.
const SLICE_OPERATIONS_MAX: usize = 100;

/// What became of a bulk request.
#[derive(Debug)]
pub struct BulkRun {
    /// The operations that were run, in request order. Those after the point where `failOnErrors`
    /// ended it are not here.
    pub outcomes: Vec<BulkOutcome>,
    /// What was mended or ignored in all of them.
    pub notes: Notes,
}

/// What became of one operation.
#[derive(Debug)]
pub struct BulkOutcome {
    /// Its place in the request, from 0.
    pub place: usize,
    /// What the response says of it in any case.
    pub head: OperationHead,
    /// What it did, or why it did nothing.
    pub result: Result<Written, ServiceError>,
    /// What was mended or ignored in it.
    pub notes: Notes,
}

impl App {
    /// Runs a bulk request. `bases` are the prefixes that the paths of its operations may have.
    ///
    /// A crash in the middle leaves the slices before it applied, which RFC 7644 §3.7 allows:
    /// operations are independent. When the database fails in the middle, or the tenant's schemas are
    /// changed, the operations that could not be run say so one by one.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`] without the scope `bulk`, and [`ServiceError::Store`] when the
    /// database failed before anything was done.
    pub async fn bulk(
        &self,
        caller: &ScimCaller,
        request: BulkRequest,
        bases: &[&str],
    ) -> Result<BulkRun, ServiceError> {
        caller.require(Scopes::BULK)?;
        let registry = &caller.registry;
        let bulk::Planned { heads, fail_on_errors, units } =
            bulk::plan(request, registry, bases, &mut |prefix| self.new_id(prefix), caller.dialect());

        let mut notes = vec![Notes::default(); heads.len()];
        let mut progress = Progress::stopping_after(fail_on_errors);
        let mut outcomes: Vec<(usize, Result<Written, ServiceError>)> = Vec::with_capacity(heads.len());
        let mut units = units.peekable();
        while !progress.is_stopped()
            && let Some(mut slice) = next_slice(&mut units)
        {
            refuse_without_scope(&mut slice, &heads, caller);
            note(&slice, &mut notes);
            refuse_what_is_mended(&mut slice, caller);
            let places: Vec<usize> = slice.iter().flat_map(|unit| &unit.steps).map(|step| step.index).collect();
            match self.run_slice(caller, slice, progress.clone()).await {
                Ok((done, later)) => {
                    for (place, written) in &done {
                        if let (Some(notes), Ok(written)) = (notes.get_mut(*place), written) {
                            notes.join(&written.notes);
                        }
                    }
                    outcomes.extend(done.into_iter().map(|(place, result)| (place, result.map_err(Into::into))));
                    progress = later;
                }
                Err(error) if outcomes.is_empty() => return Err(error),
                Err(error) => {
                    let rest = units.flat_map(|unit| unit.steps).map(|step| step.index);
                    let not_run = |place| {
                        let reason = match &error {
                            ServiceError::Store(StoreError::Outdated) => StoreError::Outdated,
                            other => StoreError::Unavailable(other.to_string()),
                        };
                        (place, Err(reason.into()))
                    };
                    outcomes.extend(places.into_iter().chain(rest).map(not_run));
                    break;
                }
            }
        }
        let mut all = Notes::default();
        for notes in &notes {
            all.join(notes);
        }
        Ok(BulkRun { outcomes: in_request_order(heads.into_iter().zip(notes), outcomes), notes: all })
    }

    async fn run_slice(
        &self,
        caller: &ScimCaller,
        mut slice: Vec<Unit>,
        progress: Progress,
    ) -> Result<(Outcomes, Progress), ServiceError> {
        self.passwords().hash_all(&mut slice).await?;
        Ok(self.write_units(caller, slice.into(), progress).await?)
    }
}

/// The scope is asked for operation by operation: what the token must not do fails alone.
fn refuse_without_scope(slice: &mut [Unit], heads: &[OperationHead], caller: &ScimCaller) {
    for step in slice.iter_mut().flat_map(|unit| &mut unit.steps) {
        let Some(resource_type) = heads.get(step.index).and_then(|head| head.resource_type.as_deref()) else {
            continue;
        };
        if let Err(refusal) = caller.require(Scopes::to_write(resource_type)) {
            step.work = Err(ScimError::Forbidden(refusal.to_string()));
        }
    }
}

/// Notes what was mended or ignored in each operation.
fn note(slice: &[Unit], all: &mut [Notes]) {
    for step in slice.iter().flat_map(|unit| &unit.steps) {
        let notes = step.work.as_ref().ok().and_then(notes_of);
        if let (Some(all), Some(notes)) = (all.get_mut(step.index), notes) {
            all.join(notes);
        }
    }
}

/// For a tenant that wants its clients to keep to the RFCs.
fn refuse_what_is_mended(slice: &mut [Unit], caller: &ScimCaller) {
    for step in slice.iter_mut().flat_map(|unit| &mut unit.steps) {
        let notes = step.work.as_ref().ok().and_then(notes_of);
        if let Some(Err(refusal)) = notes.map(|notes| refuse_repairs_if_strict(caller, notes, ScimError::Syntax)) {
            step.work = Err(refusal);
        }
    }
}

fn notes_of(operation: &Operation) -> Option<&Notes> {
    match &operation.action {
        Action::Create(resource) | Action::Replace(resource) => Some(&resource.notes),
        Action::Patch(plan) => Some(&plan.notes),
        Action::Delete => None,
    }
}

/// The next units, as many as share a transaction; `None` when there are none left. A unit that is
/// larger than a slice is one slice: it must succeed or fail as a whole.
fn next_slice(units: &mut Peekable<impl Iterator<Item = Unit>>) -> Option<Vec<Unit>> {
    let mut slice = vec![units.next()?];
    let mut operations = slice[0].steps.len();
    while let Some(unit) = units.next_if(|unit| operations + unit.steps.len() <= SLICE_OPERATIONS_MAX) {
        operations += unit.steps.len();
        slice.push(unit);
    }
    Some(slice)
}

fn in_request_order(
    operations: impl ExactSizeIterator<Item = (OperationHead, Notes)>,
    outcomes: Vec<(usize, Result<Written, ServiceError>)>,
) -> Vec<BulkOutcome> {
    let mut by_place: Vec<Option<Result<Written, ServiceError>>> = Vec::new();
    by_place.resize_with(operations.len(), || None);
    for (place, result) in outcomes {
        if let Some(slot) = by_place.get_mut(place) {
            *slot = Some(result);
        }
    }
    let ran = operations.zip(by_place).enumerate();
    ran.filter_map(|(place, ((head, notes), result))| Some(BulkOutcome { place, head, result: result?, notes }))
        .collect()
}

#[cfg(test)]
mod tests {
    use scim::batch::Step;

    use super::*;

    fn unit(steps: usize) -> Unit {
        let step = |index| Step { index, work: Err(ScimError::Syntax("x".into())), needs: Vec::new() };
        Unit { steps: (0..steps).map(step).collect() }
    }

    #[test]
    fn a_slice_ends_where_a_unit_ends() {
        let sizes = |units: &[usize]| -> Vec<usize> {
            let mut units = units.iter().map(|size| unit(*size)).peekable();
            let slices = std::iter::from_fn(|| next_slice(&mut units));
            slices.map(|slice| slice.iter().map(|unit| unit.steps.len()).sum()).collect()
        };

        assert_eq!(sizes(&[]), Vec::<usize>::new());
        assert_eq!(sizes(&[1; 250]), [100, 100, 50]);
        assert_eq!(sizes(&[60, 50, 1]), [60, 51]);
        assert_eq!(sizes(&[1, 500, 1]), [1, 500, 1]);
    }
}
