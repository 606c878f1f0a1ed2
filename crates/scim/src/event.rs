//! Change events: what happened to a resource, as plain data. One is stored with each change, in
//! the same transaction; what is sent to the outside is made from them.

use std::fmt;
use std::str::FromStr;

use crate::id::{ResourceId, Version};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// It came into being (POST).
    Create,
    /// It was replaced (PUT).
    Put,
    /// It was changed in part (PATCH).
    Patch,
    /// It is gone (DELETE).
    Delete,
    /// `active` became true, by PUT or PATCH.
    Activate,
    /// `active` became false, by PUT or PATCH.
    Deactivate,
    /// Others belong to it now who did not before.
    AddMembers,
    /// Some belong to it no longer.
    RemoveMembers,
}

impl ChangeKind {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::Create,
        Self::Put,
        Self::Patch,
        Self::Delete,
        Self::Activate,
        Self::Deactivate,
        Self::AddMembers,
        Self::RemoveMembers,
    ];

    /// The word under which it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Put => "put",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::Activate => "activate",
            Self::Deactivate => "deactivate",
            Self::AddMembers => "add_members",
            Self::RemoveMembers => "remove_members",
        }
    }
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Text that is not the word of a [`ChangeKind`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a kind of change")]
pub struct NotAChangeKind;

impl FromStr for ChangeKind {
    type Err = NotAChangeKind;

    fn from_str(word: &str) -> Result<Self, NotAChangeKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word).ok_or(NotAChangeKind)
    }
}

/// One change to one resource. Tenant, sequence, time, actor and request are columns that the
/// store adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeEvent {
    /// What happened.
    pub kind: ChangeKind,
    /// The key of the resource's type.
    pub type_key: u16,
    /// The resource.
    pub id: ResourceId,
    /// Its version after the change; for [`ChangeKind::Delete`] the last it had.
    pub version: Version,
    /// Canonical names of the attributes that have another value now, never the values. Empty
    /// for [`ChangeKind::Delete`].
    pub changed: Vec<String>,
    /// Who was added or removed, for the kinds about members.
    pub members: Vec<ResourceId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_survives_being_stored_as_a_word() {
        for kind in ChangeKind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        assert_eq!("members".parse::<ChangeKind>(), Err(NotAChangeKind));
    }
}
