//! Who belongs to what: a row per member, the values of the attributes that the schema marks as
//! a relation (`Group.members`, and seen from the other end `User.groups`).
//!
//! `display` and `type` are read from the member's own row, never stored twice. Rows are written
//! in `rows`, as part of the one write path.

pub(crate) mod change;
pub(crate) mod direct;
pub(crate) mod rows;
pub(crate) mod work;

use std::collections::HashMap;

use scim::id::ResourceId;
use serde_json::json;

use crate::error::StoreError;
use crate::resources::{ResourceKey, read_id, read_type_key};
use crate::sql;
use crate::sql::Stmt;
use crate::tenants::TenantKey;
use crate::tx::{Row, Tx};

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
pub const MEMBERSHIPS_READ_MAX: u32 = 1_000_000;

/// The members of each of `groups`, in the order in which they were created; a group without
/// members is not in the answer. One statement, whatever the number of groups.
///
/// # Errors
/// [`StoreError::TooExpensive`] beyond [`MEMBERSHIPS_READ_MAX`].
pub async fn of(
    tx: &mut Tx,
    tenant: TenantKey,
    groups: &[ResourceKey],
) -> Result<HashMap<ResourceKey, Vec<Membership>>, StoreError> {
    let rows = members_of(tx, tenant, groups).await?;
    Ok(gather(rows.into_iter().map(|row| (row.of, row.membership))))
}

/// The members of one group, with their keys.
async fn of_one(
    tx: &mut Tx,
    tenant: TenantKey,
    group: ResourceKey,
) -> Result<Vec<(ResourceKey, Membership)>, StoreError> {
    let rows = members_of(tx, tenant, &[group]).await?;
    Ok(rows.into_iter().map(|row| (row.key, row.membership)).collect())
}

async fn members_of(tx: &mut Tx, tenant: TenantKey, groups: &[ResourceKey]) -> Result<Vec<MembershipRow>, StoreError> {
    read(tx, &MEMBERS_OF, tenant, groups).await
}

// LATERAL and OFFSET 0 make PostgreSQL follow the order in which this is written, as CROSS JOIN does SQLite.
pub(crate) static MEMBERS_OF: Stmt = sql! {
    sqlite: "SELECT m.group_pk, r.pk, r.id, r.type, r.display, 1
             FROM json_each($2) AS given
             CROSS JOIN members AS m ON m.tenant = $1 AND m.group_pk = given.value
             CROSS JOIN resources AS r ON r.tenant = $1 AND r.pk = m.member_pk LIMIT $3",
    postgres: "SELECT m.group_pk, r.pk, r.id, r.type, r.display, 1
               FROM unnest(cast(translate($2, '[]', '{}') AS bigint[])) AS given (value)
               CROSS JOIN LATERAL (SELECT group_pk, member_pk FROM members
                                   WHERE tenant = $1 AND group_pk = given.value OFFSET 0) AS m
               CROSS JOIN LATERAL (SELECT pk, id, type, display FROM resources
                                   WHERE tenant = $1 AND pk = m.member_pk OFFSET 0) AS r LIMIT $3",
};

/// What each of `members` belongs to, in the order in which the groups were created; one that belongs
/// to nothing is not in the answer. One statement, whatever the number of members; groups that
/// contain each other in a circle are each given once.
///
/// # Errors
/// [`StoreError::TooExpensive`] beyond [`MEMBERSHIPS_READ_MAX`].
pub async fn groups_of(
    tx: &mut Tx,
    tenant: TenantKey,
    members: &[ResourceKey],
) -> Result<HashMap<ResourceKey, Vec<Membership>>, StoreError> {
    let rows = read(tx, &GROUPS_OF, tenant, members).await?;
    Ok(gather(rows.into_iter().map(|row| (row.of, row.membership))))
}

// UNION leaves out what it has seen, so the walk ends where groups contain each other.
pub(crate) static GROUPS_OF: Stmt = sql! {
    sqlite: "WITH RECURSIVE above (member_pk, group_pk, direct) AS (
                 SELECT m.member_pk, m.group_pk, 1
                 FROM json_each($2) AS given CROSS JOIN members AS m ON m.tenant = $1 AND m.member_pk = given.value
                 UNION
                 SELECT above.member_pk, m.group_pk, 0
                 FROM above CROSS JOIN members AS m ON m.tenant = $1 AND m.member_pk = above.group_pk
             )
             SELECT above.member_pk, g.pk, g.id, g.type, g.display, max(above.direct)
             FROM above CROSS JOIN resources AS g ON g.tenant = $1 AND g.pk = above.group_pk
             WHERE above.group_pk <> above.member_pk GROUP BY above.member_pk, above.group_pk LIMIT $3",
    postgres: "WITH RECURSIVE above (member_pk, group_pk, direct) AS (
                   SELECT m.member_pk, m.group_pk, 1
                   FROM unnest(cast(translate($2, '[]', '{}') AS bigint[])) AS given (value)
                   CROSS JOIN LATERAL (SELECT member_pk, group_pk FROM members
                                       WHERE tenant = $1 AND member_pk = given.value OFFSET 0) AS m
                   UNION
                   SELECT above.member_pk, m.group_pk, 0
                   FROM above CROSS JOIN LATERAL (SELECT group_pk FROM members
                                                  WHERE tenant = $1 AND member_pk = above.group_pk OFFSET 0) AS m
               )
               SELECT above.member_pk, g.pk, g.id, g.type, g.display, above.direct
               FROM (SELECT member_pk, group_pk, max(direct) AS direct FROM above
                     WHERE group_pk <> member_pk GROUP BY member_pk, group_pk) AS above
               CROSS JOIN LATERAL (SELECT pk, id, type, display FROM resources
                                   WHERE tenant = $1 AND pk = above.group_pk OFFSET 0) AS g LIMIT $3",
};

/// A row of the two statements above.
struct MembershipRow {
    /// The resource that was asked about.
    of: ResourceKey,
    /// The other end.
    key: ResourceKey,
    membership: Membership,
}

impl MembershipRow {
    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        let membership = Membership {
            id: read_id(row, 2)?,
            resource_type: read_type_key(row, 3)?,
            display: row.opt_text(4)?,
            direct: row.bool(5)?,
        };
        Ok(Self { of: ResourceKey(row.int(0)?), key: ResourceKey(row.int(1)?), membership })
    }
}

async fn read(
    tx: &mut Tx,
    statement: &Stmt,
    tenant: TenantKey,
    keys: &[ResourceKey],
) -> Result<Vec<MembershipRow>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let keys = key_list(keys);
    let params = [tenant.into(), (&keys).into(), (MEMBERSHIPS_READ_MAX + 1).into()];
    let mut rows = tx.query(statement, &params, MembershipRow::read).await?;
    if rows.len() > MEMBERSHIPS_READ_MAX as usize {
        let text = format!("these resources have more than {MEMBERSHIPS_READ_MAX} members together");
        return Err(StoreError::TooExpensive(text));
    }
    rows.sort_by_key(|row| row.key);
    Ok(rows)
}

fn gather(rows: impl Iterator<Item = (ResourceKey, Membership)>) -> HashMap<ResourceKey, Vec<Membership>> {
    let mut gathered: HashMap<ResourceKey, Vec<Membership>> = HashMap::new();
    for (of, membership) in rows {
        gathered.entry(of).or_default().push(membership);
    }
    gathered
}

/// A value of a relation attribute, for a filter to look at.
fn value_json(member: &Membership, type_name: Option<&str>) -> scim::json::Json {
    json!({ "value": member.id.to_string(), "display": member.display, "type": type_name })
}

/// Keys as a JSON array.
pub(crate) fn key_list(keys: &[ResourceKey]) -> String {
    let mut list = String::with_capacity(2 + keys.len() * 8);
    list.push('[');
    for key in keys {
        if list.len() > 1 {
            list.push(',');
        }
        list.push_str(&key.0.to_string());
    }
    list.push(']');
    list
}
