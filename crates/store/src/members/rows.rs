//! The rows of memberships: statements whose number and cost depend on what the client sent, never
//! on how many members there are.

use std::collections::HashMap;

use scim::id::ResourceId;

use super::key_list;
use crate::error::StoreError;
use crate::resources::{ResourceKey, read_id};
use crate::sql;
use crate::sql::Stmt;
use crate::tenants::TenantKey;
use crate::tx::Tx;

/// Adds members. Those who are members already stay as they are. Gives those who were not.
pub(super) async fn add(
    tx: &mut Tx,
    tenant: TenantKey,
    group: ResourceKey,
    members: &[ResourceKey],
) -> Result<Vec<ResourceKey>, StoreError> {
    change(tx, &ADD, tenant, group, members).await
}

pub(crate) static ADD: Stmt = sql! {
    sqlite: "INSERT INTO members (tenant, group_pk, member_pk) SELECT $1, $2, value FROM json_each($3) WHERE true
             ON CONFLICT DO NOTHING RETURNING member_pk",
    postgres: "INSERT INTO members (tenant, group_pk, member_pk)
               SELECT $1, $2, value FROM unnest(cast(translate($3, '[]', '{}') AS bigint[])) AS given (value)
               ON CONFLICT DO NOTHING RETURNING member_pk",
};

/// Removes members. Gives those who were members.
pub(super) async fn remove(
    tx: &mut Tx,
    tenant: TenantKey,
    group: ResourceKey,
    members: &[ResourceKey],
) -> Result<Vec<ResourceKey>, StoreError> {
    change(tx, &REMOVE, tenant, group, members).await
}

pub(crate) static REMOVE: Stmt = sql! {
    sqlite: "DELETE FROM members WHERE tenant = $1 AND group_pk = $2
               AND member_pk IN (SELECT value FROM json_each($3)) RETURNING member_pk",
    postgres: "DELETE FROM members AS m
               USING (SELECT cast($1 AS bigint) AS tenant, cast($2 AS bigint) AS group_pk, value AS member_pk
                      FROM unnest(cast(translate($3, '[]', '{}') AS bigint[])) AS listed (value) OFFSET 0) AS given
               WHERE m.tenant = given.tenant AND m.group_pk = given.group_pk AND m.member_pk = given.member_pk
               RETURNING m.member_pk",
};

async fn change(
    tx: &mut Tx,
    statement: &Stmt,
    tenant: TenantKey,
    group: ResourceKey,
    members: &[ResourceKey],
) -> Result<Vec<ResourceKey>, StoreError> {
    if members.is_empty() {
        return Ok(Vec::new());
    }
    let members = key_list(members);
    let params = [tenant.into(), group.0.into(), (&members).into()];
    tx.query(statement, &params, |row| row.int(0).map(ResourceKey)).await
}

/// Removes all members but these. Gives those who were removed.
pub(super) async fn retain(
    tx: &mut Tx,
    tenant: TenantKey,
    group: ResourceKey,
    members: &[ResourceKey],
) -> Result<Vec<ResourceKey>, StoreError> {
    let members = key_list(members);
    let params = [tenant.into(), group.0.into(), (&members).into()];
    tx.query(&RETAIN, &params, |row| row.int(0).map(ResourceKey)).await
}

pub(crate) static RETAIN: Stmt = sql! {
    sqlite: "DELETE FROM members WHERE tenant = $1 AND group_pk = $2
               AND member_pk NOT IN (SELECT value FROM json_each($3)) RETURNING member_pk",
    postgres: "DELETE FROM members WHERE tenant = $1 AND group_pk = $2
                 AND member_pk NOT IN (SELECT value
                                       FROM unnest(cast(translate($3, '[]', '{}') AS bigint[])) AS given (value))
               RETURNING member_pk",
};

/// Removes all members of a group that is deleted. Gives who they were.
pub(crate) async fn remove_all(
    tx: &mut Tx,
    tenant: TenantKey,
    group: ResourceKey,
) -> Result<Vec<ResourceId>, StoreError> {
    let gone = retain(tx, tenant, group, &[]).await?;
    ids_of(tx, tenant, &HashMap::new(), &gone).await
}

/// Removes a resource that is deleted from everything it belongs to.
pub(crate) async fn leave_all(tx: &mut Tx, tenant: TenantKey, member: ResourceKey) -> Result<(), StoreError> {
    tx.send(&LEAVE_ALL, &[tenant.into(), member.0.into()]).await.map(drop)
}

pub(crate) static LEAVE_ALL: Stmt = sql!("DELETE FROM members WHERE tenant = $1 AND member_pk = $2");

/// The ids that belong to `keys`; `known` ones need no statement.
pub(super) async fn ids_of(
    tx: &mut Tx,
    tenant: TenantKey,
    known: &HashMap<ResourceKey, ResourceId>,
    keys: &[ResourceKey],
) -> Result<Vec<ResourceId>, StoreError> {
    let unknown: Vec<ResourceKey> = keys.iter().filter(|key| !known.contains_key(key)).copied().collect();
    let mut ids: Vec<ResourceId> = keys.iter().filter_map(|key| known.get(key).copied()).collect();
    if !unknown.is_empty() {
        ids.extend(tx.query(&IDS, &[tenant.into(), (&key_list(&unknown)).into()], |row| read_id(row, 0)).await?);
    }
    Ok(ids)
}

pub(crate) static IDS: Stmt = sql! {
    sqlite: "SELECT id FROM resources WHERE tenant = $1 AND pk IN (SELECT value FROM json_each($2))",
    postgres: "SELECT r.id FROM unnest(cast(translate($2, '[]', '{}') AS bigint[])) AS given (value)
               CROSS JOIN LATERAL (SELECT id FROM resources WHERE tenant = $1 AND pk = given.value OFFSET 0) AS r",
};
