//! Indexes that a tenant wants: what of them is there, built and dropped a slice at a time.
//!
//! An index that is wanted when there are resources already is *building*: whoever writes a resource
//! writes its entries, too, and [`work`] makes those of the resources that nobody writes, a slice in
//! each transaction. Nobody looks anything up in it before it is *ready*. One that is no longer wanted
//! is *dropping* until its entries are gone.

use std::sync::Arc;

use scim::schema::{Registry, ResourceType};

use super::count_change;
use crate::error::StoreError;
use crate::resources::rework::{self, Obstacle, Rework};
use crate::resources::{ResourceKey, read_type_key};
use crate::sql;
use crate::sql::Stmt;
use crate::tenants::{TenantKey, no_row};
use crate::tx::{Param, Row, Tx};

/// An index that a tenant wants, or wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredIndex {
    /// Its number in the attribute index.
    pub number: u32,
    /// The URN of the schema, folded.
    pub urn: String,
    /// `name.familyname`, folded; empty for "has any value of this schema".
    pub path: String,
    /// What of it is there.
    pub state: IndexState,
    /// Why it failed.
    pub reason: Option<String>,
    /// Up to which resource it is built: key of the type, key of the resource.
    done: (u16, ResourceKey),
}

/// What of an index is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexState {
    /// Everything: values are looked up in it.
    Ready,
    /// What was written since it is wanted, and some of the rest.
    Building,
    /// Nothing that could be used: some stored value cannot be in an index.
    Failed,
    /// What is left to be removed.
    Dropping,
}

impl IndexState {
    const ALL: [(Self, &'static str); 4] =
        [(Self::Ready, "ready"), (Self::Building, "building"), (Self::Failed, "failed"), (Self::Dropping, "dropping")];

    /// Its name in rows and in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(state, _)| *state == self).map_or("", |(_, name)| name)
    }

    fn from_name(name: &str) -> Result<Self, StoreError> {
        let found = Self::ALL.iter().find(|(_, known)| *known == name);
        found.map(|(state, _)| *state).ok_or_else(|| StoreError::Corrupt("schema_indexes.state".into()))
    }
}

/// How many entries one slice makes or removes; so few that the writes of others soon get in between.
const SLICE: u32 = 500;

fn read(row: &Row<'_>) -> Result<StoredIndex, StoreError> {
    let number = row.int(0)?;
    Ok(StoredIndex {
        number: u32::try_from(number).map_err(|_| StoreError::Corrupt("schema_indexes.number".into()))?,
        urn: row.text(1)?,
        path: row.text(2)?,
        state: IndexState::from_name(row.text_ref(3)?)?,
        reason: row.opt_text(4)?,
        done: (read_type_key(row, 5)?, ResourceKey(row.int(6)?)),
    })
}

pub(super) async fn all(tx: &mut Tx, tenant: TenantKey) -> Result<Vec<StoredIndex>, StoreError> {
    tx.query(&ALL, &[tenant.into()], read).await
}

pub(crate) static ALL: Stmt = sql!(
    "SELECT number, urn, path, state, reason, done_type, done_pk FROM schema_indexes WHERE tenant = $1 ORDER BY number"
);

/// Writes down a new index, with a number that was never given before.
pub(super) async fn insert(
    tx: &mut Tx,
    tenant: TenantKey,
    (urn, path): (&str, &str),
    state: IndexState,
) -> Result<StoredIndex, StoreError> {
    let number = tx.query_one(&NEW_NUMBER, &[tenant.into()], |row| row.int(0)).await?.ok_or_else(no_row)?;
    let params = [tenant.into(), number.into(), urn.into(), path.into(), state.as_str().into()];
    tx.query_one(&INSERT, &params, read).await?.ok_or_else(no_row)
}

pub(crate) static NEW_NUMBER: Stmt =
    sql!("UPDATE schema_states SET next_index = next_index + 1 WHERE tenant = $1 RETURNING next_index - 1");
pub(crate) static INSERT: Stmt = sql!(
    "INSERT INTO schema_indexes (tenant, number, urn, path, state, done_type, done_pk)
     VALUES ($1, $2, $3, $4, $5, 0, 0) RETURNING number, urn, path, state, reason, done_type, done_pk"
);

/// Moves an index on.
pub(super) async fn set(
    tx: &mut Tx,
    tenant: TenantKey,
    number: u32,
    state: IndexState,
    reason: Option<&str>,
) -> Result<(), StoreError> {
    let params = [tenant.into(), number.into(), state.as_str().into(), reason.into()];
    tx.execute(&SET, &params).await.map(drop)
}

pub(crate) static SET: Stmt =
    sql!("UPDATE schema_indexes SET state = $3, reason = $4 WHERE tenant = $1 AND number = $2");

/// Whether values can be looked up in all of these indexes, as this transaction sees them.
pub(crate) async fn are_ready(tx: &mut Tx, tenant: TenantKey, numbers: &[u32]) -> Result<bool, StoreError> {
    let list = format!("[{}]", numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(","));
    let ready = tx.query(&READY, &[tenant.into(), (&list).into()], |row| row.int(0)).await?;
    Ok(numbers.iter().all(|number| ready.contains(&i64::from(*number))))
}

pub(crate) static READY: Stmt = sql! {
    sqlite: "SELECT number FROM schema_indexes
             WHERE tenant = $1 AND state = 'ready' AND number IN (SELECT value FROM json_each($2))",
    postgres: "SELECT number FROM schema_indexes
               WHERE tenant = $1 AND state = 'ready'
                 AND number = ANY (cast(translate($2, '[]', '{}') AS bigint[]))",
};

/// The tenants that have indexes to build or to drop.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn unfinished(tx: &mut Tx) -> Result<Vec<TenantKey>, StoreError> {
    tx.query(&UNFINISHED, &[], |row| row.int(0).map(TenantKey)).await
}

pub(crate) static UNFINISHED: Stmt =
    sql!("SELECT DISTINCT tenant FROM schema_indexes WHERE state IN ('building', 'dropping') LIMIT 1000")
        .beyond_one_tenant();

/// What a slice of work came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worked {
    /// There is more to do.
    Some,
    /// There is nothing to do.
    Nothing,
}

/// Does a slice of what there is to do for the indexes of a tenant. `registry` is that of its
/// definitions as they are.
///
/// # Errors
/// [`StoreError::Outdated`] when `registry` is not.
pub async fn work(tx: &mut Tx, tenant: TenantKey, registry: &Registry) -> Result<Worked, StoreError> {
    tx.expect_schemas(tenant, registry.version()).await?;
    let Some(index) = tx.query_one(&NEXT, &[tenant.into()], read).await? else { return Ok(Worked::Nothing) };
    match index.state {
        IndexState::Building => build(tx, tenant, registry, index).await?,
        IndexState::Dropping => remove(tx, tenant, index.number).await?,
        IndexState::Ready | IndexState::Failed => {}
    }
    Ok(Worked::Some)
}

// On PostgreSQL the row is kept, so that what is built here is not dropped at the same time.
pub(crate) static NEXT: Stmt = sql! {
    sqlite: "SELECT number, urn, path, state, reason, done_type, done_pk FROM schema_indexes
             WHERE tenant = $1 AND state IN ('building', 'dropping') ORDER BY number LIMIT 1",
    postgres: "SELECT number, urn, path, state, reason, done_type, done_pk FROM schema_indexes
               WHERE tenant = $1 AND state IN ('building', 'dropping') ORDER BY number LIMIT 1 FOR UPDATE",
};

/// Makes the entries of the next resources. After the last one, the index is ready.
async fn build(tx: &mut Tx, tenant: TenantKey, registry: &Registry, index: StoredIndex) -> Result<(), StoreError> {
    let (mut done_type, mut done_pk) = index.done;
    for resource_type in types_with(registry, &index.urn) {
        if resource_type.key < done_type {
            continue;
        }
        if resource_type.key > done_type {
            (done_type, done_pk) = (resource_type.key, ResourceKey(0));
        }
        let rework = Rework { resource_type, is_checked: false, unique: &[], indexes: &[index.number] };
        match rework::slice(tx, tenant, &rework, done_pk, SLICE).await? {
            Ok(None) => {}
            Ok(Some(last)) => {
                let params = [tenant.into(), index.number.into(), u32::from(done_type).into(), Param::from(last.0)];
                return tx.execute(&ADVANCE, &params).await.map(drop);
            }
            Err(obstacle) => {
                set(tx, tenant, index.number, IndexState::Failed, Some(&obstacle.to_string())).await?;
                return count_change(tx, tenant, true).await.map(drop);
            }
        }
    }
    set(tx, tenant, index.number, IndexState::Ready, None).await?;
    // Whoever writes does what it did before.
    count_change(tx, tenant, false).await.map(drop)
}

pub(crate) static ADVANCE: Stmt =
    sql!("UPDATE schema_indexes SET done_type = $3, done_pk = $4 WHERE tenant = $1 AND number = $2");

/// The types that have the schema, by key.
pub(super) fn types_with<'r>(registry: &'r Registry, urn: &str) -> Vec<&'r Arc<ResourceType>> {
    let mut types: Vec<_> = registry.types().iter().filter(|t| t.schema_of(urn).is_some()).collect();
    types.sort_unstable_by_key(|resource_type| resource_type.key);
    types
}

/// Builds an index at once, where there are few resources.
pub(super) async fn fill(
    tx: &mut Tx,
    tenant: TenantKey,
    resource_type: &Arc<ResourceType>,
    numbers: &[u32],
) -> Result<Result<(), Obstacle>, StoreError> {
    let rework = Rework { resource_type, is_checked: false, unique: &[], indexes: numbers };
    rework::all(tx, tenant, &rework).await
}

/// Removes the next entries of an index, and the index after the last one.
async fn remove(tx: &mut Tx, tenant: TenantKey, number: u32) -> Result<(), StoreError> {
    let removed = tx.execute(&REMOVE, &[tenant.into(), number.into(), SLICE.into()]).await?;
    if removed < u64::from(SLICE) {
        tx.execute(&DELETE, &[tenant.into(), number.into()]).await?;
    }
    Ok(())
}

pub(crate) static REMOVE: Stmt = sql!(
    "DELETE FROM attribute_values WHERE tenant = $1 AND attribute = $2 AND (value, pk) IN
       (SELECT value, pk FROM attribute_values WHERE tenant = $1 AND attribute = $2 ORDER BY value, pk LIMIT $3)"
);
pub(crate) static DELETE: Stmt = sql!("DELETE FROM schema_indexes WHERE tenant = $1 AND number = $2");
