//! Who belongs to what: a row per member, the values of the attributes that the schema marks as
//! a relation (`Group.members`, and seen from the other end `User.groups`).
//!
//! `display` and `type` are read from the member's own row, never stored twice.

use std::collections::HashMap;

use scim::id::ResourceId;

use crate::error::StoreError;
use crate::resources::ResourceKey;
use crate::tenants::TenantKey;
use crate::tx::Tx;

/// One end of a membership, seen from the other: a value of `members` or of `groups`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The `value`: who belongs to it, or what it belongs to.
    pub id: ResourceId,
    /// The key of its resource type.
    pub resource_type: u16,
    /// Its name for people.
    pub display: Option<String>,
    /// Whether it is not by way of another group (`type` of `groups`, RFC 7643 §4.1.2).
    pub direct: bool,
}

/// How many memberships one reading gives at most.
pub const MEMBERSHIPS_READ_MAX: usize = 1_000_000;

/// The members of each of `groups`, in the order in which they were created; a group without
/// members is not in the answer. One statement, whatever the number of groups.
///
/// # Errors
/// [`StoreError::TooExpensive`] beyond [`MEMBERSHIPS_READ_MAX`].
pub async fn of(
    _tx: &mut Tx,
    _tenant: TenantKey,
    _groups: &[ResourceKey],
) -> Result<HashMap<ResourceKey, Vec<Membership>>, StoreError> {
    todo!("written next")
}

/// What each of `members` belongs to, direct memberships first; one that belongs to nothing is not
/// in the answer. One statement, whatever the number of members; groups that contain each other in
/// a circle are each given once.
///
/// # Errors
/// [`StoreError::TooExpensive`] beyond [`MEMBERSHIPS_READ_MAX`].
pub async fn groups_of(
    _tx: &mut Tx,
    _tenant: TenantKey,
    _members: &[ResourceKey],
) -> Result<HashMap<ResourceKey, Vec<Membership>>, StoreError> {
    todo!("written next")
}
