//! The rows of resources, and the blocks that count them: written by [`super::apply`] only.

use scim::fold::fold;
use scim::id::{ResourceId, Version};
use scim::resource::Document;
use scim::schema::{Attribute, Kind, ResourceType, Uniqueness};

use super::{ResourceKey, StoredResource, read_version};
use crate::attributes::USER_NAME;
use crate::error::StoreError;
use crate::sql;
use crate::sql::Stmt;
use crate::tenants::TenantKey;
use crate::tx::{Param, Row, Tx};
use std::sync::Arc;

/// How many pks a block counts: the rows that a page has to step over at most.
pub(crate) const BLOCK_BITS: u32 = 10;

/// How many blocks a span counts, as a power of two. The statements that count, and the migration, say it too.
pub(crate) const SPAN_BITS: u32 = 6;

/// What a document puts into columns that indexes hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Indexed {
    pub(crate) active: Option<bool>,
    pub(crate) user_name: Option<String>,
    pub(crate) external_id: Option<String>,
}

/// What a document puts into columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Columns {
    pub(crate) indexed: Indexed,
    pub(crate) display_name: Option<String>,
    /// `displayName` and nothing in its stead: clients that read back a member they sent without a
    /// name (scim2-tester) want to find it without one.
    pub(crate) display: Option<String>,
    pub(crate) body: String,
}

impl Columns {
    pub(crate) fn of(document: &Document, resource_type: &ResourceType, id: ResourceId) -> Self {
        let user_name = document.text(USER_NAME);
        let display_name = document.text("displayName");
        Self {
            indexed: Indexed {
                active: document.active(),
                user_name: user_name.filter(|_| has_unique_user_name(resource_type)).map(fold),
                external_id: document.external_id().map(str::to_owned),
            },
            display_name: display_name.map(fold),
            display: display_name.map(str::to_owned),
            body: document.to_body(id),
        }
    }
}

/// Whether `user_name` holds the userName of resources of that type, with its unique index.
pub(crate) fn has_unique_user_name(resource_type: &ResourceType) -> bool {
    let is_folded =
        |attribute: &Attribute| attribute.kind == Kind::String && !attribute.multi_valued && !attribute.case_exact;
    let attribute = resource_type.schema.attributes.iter().find(|attribute| attribute.name == USER_NAME);
    attribute.is_some_and(|attribute| attribute.uniqueness != Uniqueness::None && is_folded(attribute))
}

/// Writes a new row. `None`: the userName is taken, or the id.
pub(crate) async fn insert(
    tx: &mut Tx,
    tenant: TenantKey,
    (resource_type, id): (&ResourceType, ResourceId),
    now: i64,
    columns: &Columns,
    secret: Option<&str>,
) -> Result<Option<ResourceKey>, StoreError> {
    let id = id.to_bytes();
    let params = [
        tenant.into(),
        u32::from(resource_type.key).into(),
        (&id).into(),
        now.into(),
        columns.indexed.active.into(),
        columns.indexed.user_name.as_ref().into(),
        columns.display_name.as_ref().into(),
        columns.indexed.external_id.as_ref().into(),
        columns.display.as_ref().into(),
        secret.into(),
        (&columns.body).into(),
    ];
    tx.query_one(&INSERT, &params, |row| row.int(0).map(ResourceKey)).await
}

pub(crate) static INSERT: Stmt = sql!(
    "INSERT INTO resources (tenant, type, id, version, created, modified, active, user_name, display_name, external_id,
                            display, secret, body)
     VALUES ($1, $2, $3, 1, $4, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING RETURNING pk"
);

/// [`super::get`] for a resource that is about to be changed, with what indexes hold of it.
pub(crate) async fn load(
    tx: &mut Tx,
    tenant: TenantKey,
    resource_type: &Arc<ResourceType>,
    id: ResourceId,
) -> Result<Option<(StoredResource, Indexed)>, StoreError> {
    let id = id.to_bytes();
    let params = [tenant.into(), (&id).into(), u32::from(resource_type.key).into()];
    let read = |row: &Row<'_>| {
        let active = row.opt_int(6)?.map(|active| active != 0);
        let indexed = Indexed { active, user_name: row.opt_text(7)?, external_id: row.opt_text(8)? };
        Ok((StoredResource::read(row, resource_type)?, indexed))
    };
    tx.query_one(&LOAD, &params, read).await
}

pub(crate) static LOAD: Stmt = sql! {
    sqlite: "SELECT pk, id, version, created, modified, body, active, user_name, external_id FROM resources
             WHERE tenant = $1 AND id = $2 AND type = $3",
    postgres: "SELECT pk, id, version, created, modified, body, active, user_name, external_id FROM resources
               WHERE tenant = $1 AND id = $2 AND type = $3 FOR UPDATE",
};

/// What becomes of the secret of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SecretChange<'a> {
    Keep,
    Remove,
    /// To this hash.
    Set(&'a str),
}

/// Writes a row anew, if it is still at `version`; gives the new version. `before` is what indexes hold
/// of it.
pub(crate) async fn update(
    tx: &mut Tx,
    tenant: TenantKey,
    (key, version): (ResourceKey, Version),
    now: i64,
    (before, columns): (&Indexed, &Columns),
    secret: SecretChange<'_>,
) -> Result<Option<Version>, StoreError> {
    let hash = if let SecretChange::Set(hash) = secret { Some(hash) } else { None };
    let (was, is) = (before, &columns.indexed);
    let mut params: Vec<Param<'_>> = vec![
        tenant.into(),
        key.0.into(),
        version.0.cast_signed().into(),
        now.into(),
        columns.display_name.as_ref().into(),
        columns.display.as_ref().into(),
        (secret != SecretChange::Keep).into(),
        hash.into(),
        (&columns.body).into(),
    ];
    let statement = if was == is {
        &UPDATE
    } else if (&was.user_name, &was.external_id) == (&is.user_name, &is.external_id) {
        params.push(is.active.into());
        &UPDATE_ACTIVE
    } else {
        params.push(is.active.into());
        params.push(is.user_name.as_ref().into());
        params.push(is.external_id.as_ref().into());
        &UPDATE_NAMES
    };
    let is_written = tx.execute(statement, &params).await? == 1;
    Ok(is_written.then(|| version.next()))
}

// SQLite writes the entries of all indexes anew that hold a column which is set, also when its value stays:
// so only what changes is set.
pub(crate) static UPDATE: Stmt = sql!(
    "UPDATE resources SET version = version + 1, modified = $4, display_name = $5, display = $6,
            secret = CASE WHEN $7 = 1 THEN $8 ELSE secret END, body = $9
     WHERE tenant = $1 AND pk = $2 AND version = $3"
);
pub(crate) static UPDATE_ACTIVE: Stmt = sql!(
    "UPDATE resources SET version = version + 1, modified = $4, display_name = $5, display = $6,
            secret = CASE WHEN $7 = 1 THEN $8 ELSE secret END, body = $9, active = $10
     WHERE tenant = $1 AND pk = $2 AND version = $3"
);
pub(crate) static UPDATE_NAMES: Stmt = sql!(
    "UPDATE resources SET version = version + 1, modified = $4, display_name = $5, display = $6,
            secret = CASE WHEN $7 = 1 THEN $8 ELSE secret END, body = $9, active = $10, user_name = $11,
            external_id = $12
     WHERE tenant = $1 AND pk = $2 AND version = $3"
);

/// Moves version and time of a row of which only the members changed; gives the new version, or
/// `None` when the row is not at the version `only_at`.
pub(crate) async fn touch(
    tx: &mut Tx,
    tenant: TenantKey,
    key: ResourceKey,
    now: i64,
    only_at: Option<Version>,
) -> Result<Option<Version>, StoreError> {
    let only_at = only_at.map(|version| version.0.cast_signed());
    let params: [Param<'_>; 4] = [tenant.into(), key.0.into(), now.into(), only_at.into()];
    tx.query_one(&TOUCH, &params, |row| read_version(row, 0)).await
}

// Without a version asked for, whoever comes second waits for the first and counts on: no retries
// on a group that many change.
pub(crate) static TOUCH: Stmt = sql!(
    "UPDATE resources SET version = version + 1, modified = $3
     WHERE tenant = $1 AND pk = $2 AND version = coalesce(cast($4 AS bigint), version) RETURNING version"
);

/// Moves version and time of everything that `member` belongs to.
pub(crate) async fn touch_groups_of(
    tx: &mut Tx,
    tenant: TenantKey,
    member: ResourceKey,
    now: i64,
) -> Result<(), StoreError> {
    tx.send(&TOUCH_GROUPS_OF, &[tenant.into(), member.0.into(), now.into()]).await
}

pub(crate) static TOUCH_GROUPS_OF: Stmt = sql! {
    sqlite: "UPDATE resources SET version = version + 1, modified = $3
             WHERE tenant = $1
               AND pk IN (SELECT group_pk FROM members WHERE tenant = $1 AND member_pk = $2 AND group_pk <> $2)",
    postgres: "UPDATE resources AS r SET version = r.version + 1, modified = $3
               FROM (SELECT tenant, group_pk FROM members
                     WHERE tenant = $1 AND member_pk = $2 AND group_pk <> $2 OFFSET 0) AS m
               WHERE r.tenant = m.tenant AND r.pk = m.group_pk",
};

/// Removes a row, if it is still at `version`; gives whether it was.
pub(crate) async fn delete(
    tx: &mut Tx,
    tenant: TenantKey,
    key: ResourceKey,
    version: Version,
) -> Result<bool, StoreError> {
    let params = [tenant.into(), key.0.into(), version.0.cast_signed().into()];
    Ok(tx.execute(&DELETE, &params).await? == 1)
}

pub(crate) static DELETE: Stmt = sql!("DELETE FROM resources WHERE tenant = $1 AND pk = $2 AND version = $3");

/// Counts a row that came.
pub(crate) async fn count_in(
    tx: &mut Tx,
    tenant: TenantKey,
    resource_type: &ResourceType,
    key: ResourceKey,
) -> Result<(), StoreError> {
    count(tx, &COUNT_IN, tenant, resource_type, key).await
}

/// Counts a row that went.
pub(crate) async fn count_out(
    tx: &mut Tx,
    tenant: TenantKey,
    resource_type: &ResourceType,
    key: ResourceKey,
) -> Result<(), StoreError> {
    count(tx, &COUNT_OUT, tenant, resource_type, key).await
}

async fn count(
    tx: &mut Tx,
    statement: &'static Stmt,
    tenant: TenantKey,
    resource_type: &ResourceType,
    key: ResourceKey,
) -> Result<(), StoreError> {
    let params = [tenant.into(), u32::from(resource_type.key).into(), (key.0 >> BLOCK_BITS).into()];
    tx.send(statement, &params).await
}

// On SQLite triggers count for the spans what is counted for their blocks. On PostgreSQL each connection has its own share of each count, one of 16: otherwise all who create at
// the same time would wait for one row.
pub(crate) static COUNT_IN: Stmt = sql! {
    sqlite: "INSERT INTO resource_blocks (tenant, type, block, resources) VALUES ($1, $2, $3, 1)
             ON CONFLICT (tenant, type, block) DO UPDATE SET resources = resource_blocks.resources + 1",
    postgres: "WITH counted AS (
                   INSERT INTO resource_blocks (tenant, type, block, shard, resources)
                   VALUES ($1, $2, $3, pg_backend_pid() & 15, 1)
                   ON CONFLICT (tenant, type, block, shard) DO UPDATE SET resources = resource_blocks.resources + 1)
               INSERT INTO resource_spans (tenant, type, span, shard, resources)
               VALUES ($1, $2, cast($3 AS bigint) >> 6, pg_backend_pid() & 15, 1)
               ON CONFLICT (tenant, type, span, shard) DO UPDATE SET resources = resource_spans.resources + 1",
};
pub(crate) static COUNT_OUT: Stmt = sql! {
    sqlite: "UPDATE resource_blocks SET resources = resources - 1 WHERE tenant = $1 AND type = $2 AND block = $3",
    postgres: "WITH counted AS (
                   INSERT INTO resource_blocks (tenant, type, block, shard, resources)
                   VALUES ($1, $2, $3, pg_backend_pid() & 15, -1)
                   ON CONFLICT (tenant, type, block, shard) DO UPDATE SET resources = resource_blocks.resources - 1)
               INSERT INTO resource_spans (tenant, type, span, shard, resources)
               VALUES ($1, $2, cast($3 AS bigint) >> 6, pg_backend_pid() & 15, -1)
               ON CONFLICT (tenant, type, span, shard) DO UPDATE SET resources = resource_spans.resources - 1",
};
