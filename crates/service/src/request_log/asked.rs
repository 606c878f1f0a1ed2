//! What is known of a request to a tenant's SCIM routes when it has been answered.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use scim::id::ResourceId;
use scim::resource::Notes;
use scim::schema::ResourceType;
use store::request_log::LogKey;
use store::resources::apply::Change;

use crate::authenticate::Why;
use crate::caller::ScimCaller;

/// How many operations of one bulk request are kept: those that failed first, then those that did
/// something, each in request order. What is beyond is counted.
pub const OPERATIONS_MAX: usize = 1000;

/// How large a body is kept, of a request that failed.
pub const BODY_BYTES_MAX: usize = 16 * 1024;

/// A request and its answer.
#[derive(Debug)]
pub struct Asked {
    /// What names its entry: see [`crate::App::log_key`].
    pub key: LogKey,
    /// The id of the request.
    pub request_id: String,
    /// Who asked.
    pub who: Who,
    /// The client's address.
    pub address: Option<IpAddr>,
    /// The client's program.
    pub user_agent: Option<String>,
    /// The method.
    pub method: Cow<'static, str>,
    /// The path, without the query.
    pub path: String,
    /// The status of the answer.
    pub status: u16,
    /// What the answer said, if it was an error.
    pub told: Option<Told>,
    /// Microseconds from the head of the request to the answer.
    pub took_us: i64,
    /// What was done.
    pub work: Work,
}

/// Who asked.
#[derive(Debug)]
pub enum Who {
    /// Somebody whose credential opened the tenant.
    Caller(ScimCaller),
    /// Somebody whose credential did not.
    Refused {
        /// How the path named the tenant.
        tenant: String,
        /// Why.
        why: Box<Why>,
    },
}

/// What an error said.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// The status; of an operation of a bulk request its own.
    pub status: u16,
    /// The `scimType`.
    pub scim_type: Option<&'static str>,
    /// The text.
    pub detail: String,
    /// The attribute or path that is to blame.
    pub attribute: Option<String>,
}

/// What was done for a request, as far as it came.
#[derive(Debug, Default)]
pub struct Work {
    /// What was mended or ignored.
    pub notes: Notes,
    /// The type of resource that the path names.
    pub resource_type: Option<Arc<ResourceType>>,
    /// The resource that the path names, or that was created.
    pub resource: Option<ResourceId>,
    /// What was changed; nothing in a request that changed nothing.
    pub change: Option<Box<Change>>,
    /// How many resources were found.
    pub found: Option<u64>,
    /// The pairs of the query string.
    pub query: Vec<(String, String)>,
    /// The body, if it is small enough to be kept.
    pub body: Option<bytes::Bytes>,
    /// The operations of a bulk request.
    pub operations: Vec<AskedOperation>,
    /// How many operations a bulk request had, and how many of them failed.
    pub counts: Option<Counts>,
}

/// How the operations of a bulk request went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// How many were run.
    pub total: usize,
    /// How many of them failed.
    pub failed: usize,
}

/// An operation of a bulk request.
#[derive(Debug)]
pub struct AskedOperation {
    /// Its place in the request, from 0.
    pub place: usize,
    /// Its method.
    pub method: String,
    /// Its bulkId.
    pub bulk_id: Option<String>,
    /// The status of its answer.
    pub status: u16,
    /// What its answer said, if it was an error.
    pub told: Option<Told>,
    /// The type of resource that its path names.
    pub resource_type: Option<Arc<ResourceType>>,
    /// The resource.
    pub resource: Option<ResourceId>,
    /// What was mended or ignored.
    pub notes: Notes,
    /// What was changed.
    pub change: Option<Box<Change>>,
}

impl Work {
    /// Keeps the operations that say most, at most [`OPERATIONS_MAX`] of them: those that failed, then the first.
    /// One that succeeded in a later place than that is never among them.
    pub fn keep_operations(&mut self, operations: impl Iterator<Item = AskedOperation>) {
        let (mut kept, mut rest) = (Vec::new(), Vec::new());
        let mut total = 0;
        let mut failed = 0;
        for operation in operations {
            total += 1;
            failed += usize::from(operation.told.is_some());
            if operation.told.is_some() && kept.len() < OPERATIONS_MAX {
                kept.push(operation);
            } else if rest.len() < OPERATIONS_MAX {
                rest.push(operation);
            }
        }
        rest.truncate(OPERATIONS_MAX - kept.len());
        kept.append(&mut rest);
        kept.sort_unstable_by_key(|operation| operation.place);
        self.operations = kept;
        self.counts = Some(Counts { total, failed });
    }

    /// About how much memory it takes.
    fn weight(&self) -> usize {
        let of_change = |change: &Option<Box<Change>>| change.as_deref().map_or(0, weight_of);
        let of_operations: usize = self.operations.iter().map(|operation| 300 + of_change(&operation.change)).sum();
        of_change(&self.change) + self.body.as_ref().map_or(0, bytes::Bytes::len) + of_operations
    }
}

fn weight_of(change: &Change) -> usize {
    let image = |text: Option<&String>| text.map_or(0, String::len);
    let members = change.members.added.len() + change.members.removed.len();
    200 + image(change.before.as_ref()) + image(change.after.as_ref()) + 20 * members
}

impl Asked {
    /// About how much memory it takes.
    pub(super) fn weight(&self) -> usize {
        800 + self.work.weight()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(place: usize, fails: bool) -> AskedOperation {
        AskedOperation {
            place,
            method: "POST".into(),
            bulk_id: None,
            status: if fails { 400 } else { 201 },
            told: fails.then(Told::default),
            resource_type: None,
            resource: None,
            notes: Notes::default(),
            change: None,
        }
    }

    #[test]
    fn of_many_operations_those_that_failed_are_kept_first() {
        let mut work = Work::default();
        let last = OPERATIONS_MAX + 5;

        work.keep_operations((0..=last).map(|place| operation(place, place == last || place == 2)));

        assert_eq!(work.operations.len(), OPERATIONS_MAX);
        assert_eq!(work.counts, Some(Counts { total: last + 1, failed: 2 }));
        assert_eq!((work.operations[2].place, work.operations[OPERATIONS_MAX - 1].place), (2, last));
    }

    #[test]
    fn when_too_many_failed_the_first_of_them_are_kept() {
        let mut work = Work::default();

        work.keep_operations((0..2 * OPERATIONS_MAX).map(|place| operation(place, true)));

        assert_eq!(work.operations.len(), OPERATIONS_MAX);
        assert_eq!(work.operations[OPERATIONS_MAX - 1].place, OPERATIONS_MAX - 1);
    }
}
