//! Bulk requests (RFC 7644 §3.7): planned whole, run in slices.

use std::borrow::Cow;
use std::iter::Peekable;
use std::sync::Arc;

use scim::ScimError;
use scim::batch::{Action, Operation, Unit};
use scim::bulk::{self, OperationHead, Planned};
use scim::id::ResourceId;
use scim::message::BulkRequest;
use scim::resource::Notes;
use store::StoreError;
use store::resources::apply::{Progress, Written};

use super::refuse_repairs_if_strict;
use super::tries::{TRIES_MAX, is_outdated};
use crate::App;
use crate::caller::{ScimCaller, Scopes};
use crate::error::ServiceError;
use crate::request_log::OPERATIONS_MAX as LOGGED_OPERATIONS_MAX;

/// How many operations are read at a time, and share a transaction when nobody else waits: so many that its
/// commit hardly counts, so few that they take little memory. When others wait, the store ends it sooner.
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

/// What has become of a bulk request so far, by the places of its operations.
struct Run {
    heads: Vec<OperationHead>,
    notes: Vec<Notes>,
    /// `None` for what has not been run.
    results: Vec<Option<Result<Written, ServiceError>>>,
    progress: Progress,
    /// The ids that its POSTs have been given, in request order.
    ids: Vec<ResourceId>,
}

impl App {
    /// Runs a bulk request. `bases` are the prefixes that the paths of its operations may have, `text` is
    /// what it was read from: when the tenant's definitions change, what has not been run is planned anew.
    ///
    /// A crash in the middle leaves the slices before it applied, which RFC 7644 §3.7 allows:
    /// operations are independent. When the database fails in the middle, or definitions change faster
    /// than they can be gone by, the operations that could not be run say so one by one.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`] without the scope `bulk`, and [`ServiceError::Store`] when the
    /// database failed before anything was done.
    pub async fn bulk(
        &self,
        caller: &ScimCaller,
        request: BulkRequest,
        text: &[u8],
        bases: &[&str],
    ) -> Result<BulkRun, ServiceError> {
        caller.require(Scopes::BULK)?;
        let operations_max = request.operations.len();
        let mut run = Run::of(&request);
        let mut caller = Cow::Borrowed(caller);
        let mut request = request;
        let mut tries_left = TRIES_MAX;
        loop {
            let waiting = run.waiting();
            let ran = self.run_waiting(&caller, request, bases, &mut run).await;
            tries_left = if run.waiting() < waiting { TRIES_MAX } else { tries_left } - 1;
            let again = if tries_left > 0 && is_outdated(&ran) {
                self.caught_up(&caller).await.map(Some)
            } else {
                ran.map(|()| None)
            };
            match again {
                Ok(None) => return Ok(run.ended()),
                Ok(Some(now)) => caller = Cow::Owned(now),
                Err(error) if run.is_untouched() => return Err(error),
                Err(error) => return Ok(run.broken_off(&error).ended()),
            }
            request = BulkRequest::read(text, operations_max).map_err(ScimError::from)?;
        }
    }

    /// Plans a request by what its caller knows, and runs what of it has not been run.
    async fn run_waiting(
        &self,
        caller: &ScimCaller,
        request: BulkRequest,
        bases: &[&str],
        run: &mut Run,
    ) -> Result<(), ServiceError> {
        let planned = self.plan_bulk(caller, request, bases, run).await?;
        run.plan(planned.heads);
        let is_done: Vec<bool> = run.results.iter().map(Option::is_some).collect();
        let waiting = planned.units.filter_map(move |mut unit| {
            unit.steps.retain(|step| !is_done[step.index]);
            Some(unit).filter(|unit| !unit.steps.is_empty())
        });
        let mut units = waiting.peekable();
        while !run.progress.is_stopped() {
            let read = move || (next_slice(&mut units), units);
            let (slice, rest) = self.workshop().run(caller.tenant.key, read).await?;
            units = rest;
            let Some(mut slice) = slice else { break };
            refuse_without_scope(&mut slice, &run.heads, caller);
            note(&slice, &mut run.notes);
            refuse_what_is_mended(&mut slice, caller);
            self.run_slice(caller, slice, run).await?;
        }
        Ok(())
    }

    async fn plan_bulk(
        &self,
        caller: &ScimCaller,
        request: BulkRequest,
        bases: &[&str],
        run: &mut Run,
    ) -> Result<Planned, ServiceError> {
        let (app, registry, dialect) = (self.clone(), Arc::clone(&caller.registry), caller.dialect());
        let bases: Vec<String> = bases.iter().map(|base| (*base).to_owned()).collect();
        let mut ids = std::mem::take(&mut run.ids);
        let plan = move || {
            let bases: Vec<&str> = bases.iter().map(String::as_str).collect();
            let mut posts = 0;
            let mut id = |prefix| {
                posts += 1;
                id_of_post(&mut ids, posts - 1, prefix, || app.new_id(prefix))
            };
            let planned = bulk::plan(request, &registry, &bases, &mut id, dialect);
            (planned, ids)
        };
        let (planned, ids) = self.workshop().run(caller.tenant.key, plan).await?;
        run.ids = ids;
        Ok(planned)
    }

    /// Runs a slice, in as many transactions as others who wait make of it.
    async fn run_slice(&self, caller: &ScimCaller, mut slice: Vec<Unit>, run: &mut Run) -> Result<(), ServiceError> {
        self.passwords().hash_all(&mut slice).await?;
        let units: Arc<[Unit]> = slice.into();
        let mut next = 0;
        while next < units.len() && !run.progress.is_stopped() {
            let left = (Arc::clone(&units), next);
            let (done, progress) = self.write_units(caller, left, run.progress.clone()).await?;
            if done.is_empty() {
                // The store runs one unit at least.
                return Err(StoreError::Corrupt("no operation of a slice was run".into()).into());
            }
            next += units_of(&units[next..], done.len());
            run.progress = progress;
            for (place, result) in done {
                run.note_result(place, result.map_err(Into::into));
            }
        }
        Ok(())
    }
}

/// How many units it takes for so many operations.
fn units_of(units: &[Unit], operations: usize) -> usize {
    let mut left = operations;
    let taken = units.iter().take_while(|unit| {
        let is_run = left > 0;
        left = left.saturating_sub(unit.steps.len());
        is_run
    });
    taken.count()
}

/// The id of the POST that stands at that place among all POSTs. What was planned before keeps its
/// id, since operations that were run may have referred to it.
fn id_of_post(
    ids: &mut Vec<ResourceId>,
    place: usize,
    prefix: [u8; 3],
    new_id: impl FnOnce() -> ResourceId,
) -> ResourceId {
    match ids.get(place) {
        Some(id) if id.prefix() == prefix => *id,
        Some(_) => {
            ids[place] = new_id();
            ids[place]
        }
        None => {
            ids.push(new_id());
            ids[place]
        }
    }
}

impl Run {
    fn of(request: &BulkRequest) -> Self {
        let operations = request.operations.len();
        let mut results = Vec::new();
        results.resize_with(operations, || None);
        Self {
            heads: Vec::new(),
            notes: vec![Notes::default(); operations],
            results,
            progress: Progress::stopping_after(request.fail_on_errors),
            ids: Vec::new(),
        }
    }

    /// Takes what a plan says of each operation; of those that were run it stays what it was.
    fn plan(&mut self, heads: Vec<OperationHead>) {
        if self.heads.is_empty() {
            self.heads = heads;
            return;
        }
        for (place, head) in heads.into_iter().enumerate().filter(|(place, _)| self.results[*place].is_none()) {
            self.heads[place] = head;
            self.notes[place] = Notes::default();
        }
    }

    /// Keeps what the response and the request log want to know, which is not the document.
    fn note_result(&mut self, place: usize, mut result: Result<Written, ServiceError>) {
        if let Ok(written) = &mut result {
            self.notes[place].join(&written.notes);
            written.body = None;
            if place >= LOGGED_OPERATIONS_MAX {
                written.change = None;
            }
        }
        self.results[place] = Some(result);
    }

    /// How many operations have not been run.
    fn waiting(&self) -> usize {
        self.results.iter().filter(|result| result.is_none()).count()
    }

    fn is_untouched(&self) -> bool {
        self.results.iter().all(Option::is_none)
    }

    /// With the reason for each operation that was not run.
    fn broken_off(mut self, error: &ServiceError) -> Self {
        for result in self.results.iter_mut().filter(|result| result.is_none()) {
            let reason = match error {
                ServiceError::Store(StoreError::Outdated) => StoreError::Outdated,
                other => StoreError::Unavailable(other.to_string()),
            };
            *result = Some(Err(reason.into()));
        }
        self
    }

    fn ended(self) -> BulkRun {
        let mut all = Notes::default();
        for notes in &self.notes {
            all.join(notes);
        }
        let operations = self.heads.into_iter().zip(self.notes).zip(self.results).enumerate();
        let ran = operations
            .filter_map(|(place, ((head, notes), result))| Some(BulkOutcome { place, head, result: result?, notes }));
        BulkRun { outcomes: ran.collect(), notes: all }
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

    #[test]
    fn what_was_run_of_a_slice_are_whole_units() {
        let units: Vec<Unit> = [1, 3, 1].map(unit).into();

        let counts = [0, 1, 4, 5].map(|operations| units_of(&units, operations));

        assert_eq!(counts, [0, 1, 2, 3]);
    }
}
