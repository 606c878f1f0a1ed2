//! What is to become of the members of a resource: the changes of an operation, folded into as few
//! as they need, and what came of them.

use std::collections::{BTreeMap, BTreeSet};

use scim::filter::Filter;
use scim::id::ResourceId;
use scim::patch::MembersChange;

use crate::events::MembersDelta;

/// What is to become of the members: the changes of an operation, folded into as few as they need.
#[derive(Debug, Default)]
pub(crate) struct MembersWork {
    pub(super) parts: Vec<Part>,
}

/// Changes that name who is meant, and one after them that does not.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) named: Named,
    pub(super) then_remove_where: Option<Filter>,
}

/// Changes that name who is meant; a later one about the same member has the last word.
#[derive(Debug, Default)]
pub(super) struct Named {
    /// Nobody stays but those named.
    pub(super) only: bool,
    /// Whether each is to be a member.
    pub(super) members: BTreeMap<ResourceId, bool>,
}

impl MembersWork {
    /// Those with whom a new resource begins.
    pub(crate) fn create(members: &[ResourceId]) -> Self {
        if members.is_empty() { Self::default() } else { Self::of_changes(&[MembersChange::Add(members.to_vec())]) }
    }

    /// Exactly these.
    pub(crate) fn exactly(members: &[ResourceId]) -> Self {
        Self::of_changes(&[MembersChange::Replace(members.to_vec())])
    }

    /// The changes of a PATCH, in order.
    pub(crate) fn of_changes(changes: &[MembersChange]) -> Self {
        let mut work = Self::default();
        for change in changes {
            match change {
                MembersChange::Add(ids) => work.open().named.set(ids, true),
                MembersChange::Remove(ids) => work.open().named.set(ids, false),
                MembersChange::RemoveAll => work.open().named.start_over(),
                MembersChange::Replace(ids) => {
                    work.open().named.start_over();
                    work.open().named.set(ids, true);
                }
                MembersChange::RemoveWhere(filter) => work.open().then_remove_where = Some(filter.clone()),
            }
        }
        work
    }

    /// Whether nothing is to be done.
    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The part that changes go to which name members: the last one, unless it is complete.
    fn open(&mut self) -> &mut Part {
        if self.parts.last().is_none_or(|part| part.then_remove_where.is_some()) {
            self.parts.push(Part::default());
        }
        let last = self.parts.len() - 1;
        &mut self.parts[last]
    }

    pub(super) fn all_named(&self) -> impl Iterator<Item = (ResourceId, bool)> {
        self.parts.iter().flat_map(|part| part.named.members.iter().map(|(id, wanted)| (*id, *wanted)))
    }
}

impl Named {
    fn set(&mut self, ids: &[ResourceId], wanted: bool) {
        self.members.extend(ids.iter().map(|id| (*id, wanted)));
    }

    fn start_over(&mut self) {
        *self = Self { only: true, members: BTreeMap::new() };
    }
}

/// A set of changes to the members, in which coming and going cancel out.
#[derive(Debug, Default)]
pub(super) struct Delta {
    added: BTreeSet<ResourceId>,
    removed: BTreeSet<ResourceId>,
}

impl Delta {
    pub(super) fn added(&mut self, ids: impl IntoIterator<Item = ResourceId>) {
        for id in ids {
            if !self.removed.remove(&id) {
                self.added.insert(id);
            }
        }
    }

    pub(super) fn removed(&mut self, ids: impl IntoIterator<Item = ResourceId>) {
        for id in ids {
            if !self.added.remove(&id) {
                self.removed.insert(id);
            }
        }
    }
}

impl From<Delta> for MembersDelta {
    fn from(delta: Delta) -> Self {
        Self { added: delta.added.into_iter().collect(), removed: delta.removed.into_iter().collect() }
    }
}
