//! What tenants have defined: schemas, resource types, and which of their attributes are indexed.
//!
//! Every change counts up the tenant's *version*, by which a registry made of its definitions can be
//! kept. A change that whoever writes resources has to know of moves the *fence* up to the version,
//! too: a write that was planned by a registry from before it is refused ([`Tx::expect_schemas`]), so
//! that no row lacks an index entry or a check that it should have.

pub mod change;
pub mod indexes;

use std::sync::Arc;

use scim::fold::fold;
use scim::schema::{
    Custom, CustomType, FIRST_INDEX, FIRST_TYPE, Flaw, Index, Registry, ResourceTypeDraft, SchemaDraft,
};

use crate::changes::Change;
use crate::error::StoreError;
use crate::resources::read_type_key;
use crate::sql;
use crate::sql::Stmt;
use crate::tenants::{TenantKey, from_json, no_row, to_json};
use crate::tx::{Lock, Tx};

pub use indexes::{IndexState, StoredIndex};

/// What a tenant has defined, at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Definitions {
    /// Counts changes; 0 when nothing was ever defined.
    pub version: u64,
    /// The version of the last change that whoever writes has to know of.
    pub fence: u64,
    /// The schemas, by URN.
    pub schemas: Vec<Stored<SchemaDraft>>,
    /// The resource types, in the order in which they were made.
    pub types: Vec<Stored<CustomType>>,
    /// What is indexed, and what no longer is.
    pub indexes: Vec<StoredIndex>,
}

/// Something that was defined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored<T> {
    /// As it was asked for.
    pub draft: T,
    /// When it was defined.
    pub created_at: i64,
    /// When it was last changed.
    pub updated_at: i64,
}

impl Definitions {
    /// What a registry is made of.
    #[must_use]
    pub fn custom(&self) -> Custom {
        let indexes = self.indexes.iter().filter_map(|index| {
            let is_ready = match index.state {
                IndexState::Ready => true,
                IndexState::Building => false,
                IndexState::Failed | IndexState::Dropping => return None,
            };
            Some(Index { number: index.number, schema: index.urn.clone(), path: index.path.clone(), is_ready })
        });
        Custom {
            schemas: self.schemas.iter().map(|schema| schema.draft.clone()).collect(),
            types: self.types.iter().map(|own| own.draft.clone()).collect(),
            indexes: indexes.collect(),
        }
    }

    /// The schema of that URN, in any spelling.
    #[must_use]
    pub fn schema(&self, urn: &str) -> Option<&Stored<SchemaDraft>> {
        self.schemas.iter().find(|own| own.draft.id.eq_ignore_ascii_case(urn))
    }

    /// The registry of what is built in and what is to be defined.
    ///
    /// # Errors
    /// What cannot be.
    pub fn to_be(&self) -> Result<Arc<Registry>, Vec<Flaw>> {
        Registry::with(&self.custom(), self.fence)
    }

    /// The registry of what is built in and what is defined.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when that was never accepted.
    pub fn registry(&self) -> Result<Arc<Registry>, StoreError> {
        self.to_be().map_err(|flaws| StoreError::Corrupt(format!("definitions that cannot be: {flaws:?}")))
    }
}

/// The number by which it is known whether a tenant's definitions have changed; 0 when it never
/// defined anything.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn version(tx: &mut Tx, tenant: TenantKey) -> Result<u64, StoreError> {
    Ok(state(tx, tenant).await?.map_or(0, |(version, _)| version))
}

/// The version of the last change that whoever writes has to know of.
pub(crate) async fn fence(tx: &mut Tx, tenant: TenantKey) -> Result<u64, StoreError> {
    Ok(state(tx, tenant).await?.map_or(0, |(_, fence)| fence))
}

async fn state(tx: &mut Tx, tenant: TenantKey) -> Result<Option<(u64, u64)>, StoreError> {
    let read = |row: &crate::Row<'_>| Ok((row.int(0)?.cast_unsigned(), row.int(1)?.cast_unsigned()));
    tx.query_one(&STATE, &[tenant.into()], read).await
}

pub(crate) static STATE: Stmt = sql!("SELECT version, fence FROM schema_states WHERE tenant = $1");

/// Everything that a tenant has defined. One statement for a tenant that has nothing.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn load(tx: &mut Tx, tenant: TenantKey) -> Result<Definitions, StoreError> {
    let Some((version, fence)) = state(tx, tenant).await? else { return Ok(Definitions::default()) };
    let params = [tenant.into()];
    let schemas = tx.query(&SCHEMAS, &params, |row| {
        let draft = from_json(row.text_ref(0)?)?;
        Ok(Stored { draft, created_at: row.int(1)?, updated_at: row.int(2)? })
    });
    let schemas = schemas.await?;
    let types = tx.query(&TYPES, &params, |row| {
        let draft = CustomType { key: read_type_key(row, 3)?, draft: from_json(row.text_ref(0)?)? };
        Ok(Stored { draft, created_at: row.int(1)?, updated_at: row.int(2)? })
    });
    let types = types.await?;
    Ok(Definitions { version, fence, schemas, types, indexes: indexes::all(tx, tenant).await? })
}

pub(crate) static SCHEMAS: Stmt =
    sql!("SELECT definition, created_at, updated_at FROM schemas WHERE tenant = $1 ORDER BY urn");
pub(crate) static TYPES: Stmt =
    sql!("SELECT definition, created_at, updated_at, key FROM resource_types WHERE tenant = $1 ORDER BY key");

/// [`load`], for a change that depends on it: nobody else changes it before this transaction ends,
/// and nobody writes resources of the tenant meanwhile.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn lock(tx: &mut Tx, tenant: TenantKey) -> Result<Definitions, StoreError> {
    tx.lock(tenant, Lock::Schemas);
    load(tx, tenant).await
}

/// Counts a change; `matters_to_writers` when what they plan depends on it. Gives the version.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn count_change(tx: &mut Tx, tenant: TenantKey, matters_to_writers: bool) -> Result<u64, StoreError> {
    let params = [tenant.into(), matters_to_writers.into(), u32::from(FIRST_TYPE).into(), FIRST_INDEX.into()];
    let version = tx.query_one(&COUNT_CHANGE, &params, |row| row.int(0)).await?.ok_or_else(no_row)?;
    tx.announce(Change::Tenant(tenant));
    Ok(version.cast_unsigned())
}

pub(crate) static COUNT_CHANGE: Stmt = sql!(
    "INSERT INTO schema_states (tenant, version, fence, next_type, next_index) VALUES ($1, 1, $2, $3, $4)
     ON CONFLICT (tenant) DO UPDATE SET version = schema_states.version + 1,
       fence = CASE WHEN $2 = 1 THEN schema_states.version + 1 ELSE schema_states.fence END
     RETURNING version"
);

/// Stores a schema, new or changed.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn put_schema(
    tx: &mut Tx,
    tenant: TenantKey,
    draft: &SchemaDraft,
    now: i64,
) -> Result<Stored<SchemaDraft>, StoreError> {
    let (urn, definition) = (fold(&draft.id), to_json(draft)?);
    let params = [tenant.into(), (&urn).into(), (&definition).into(), now.into()];
    let created_at = tx.query_one(&PUT_SCHEMA, &params, |row| row.int(0)).await?.ok_or_else(no_row)?;
    Ok(Stored { draft: draft.clone(), created_at, updated_at: now })
}

pub(crate) static PUT_SCHEMA: Stmt = sql!(
    "INSERT INTO schemas (tenant, urn, definition, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)
     ON CONFLICT (tenant, urn) DO UPDATE SET definition = $3, updated_at = $4 RETURNING created_at"
);

/// Removes a schema.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn delete_schema(tx: &mut Tx, tenant: TenantKey, urn: &str) -> Result<(), StoreError> {
    let urn = fold(urn);
    tx.execute(&DELETE_SCHEMA, &[tenant.into(), (&urn).into()]).await.map(drop)
}

pub(crate) static DELETE_SCHEMA: Stmt = sql!("DELETE FROM schemas WHERE tenant = $1 AND urn = $2");

/// A key for a new resource type, never given before. The state is there: see [`count_change`].
///
/// # Errors
/// [`StoreError::Incompatible`] when there are no more.
pub async fn new_type_key(tx: &mut Tx, tenant: TenantKey) -> Result<u16, StoreError> {
    let key = tx.query_one(&NEW_TYPE_KEY, &[tenant.into()], |row| row.int(0)).await?.ok_or_else(no_row)?;
    u16::try_from(key).map_err(|_| StoreError::Incompatible("the tenant has made too many resource types".into()))
}

pub(crate) static NEW_TYPE_KEY: Stmt =
    sql!("UPDATE schema_states SET next_type = next_type + 1 WHERE tenant = $1 RETURNING next_type - 1");

/// Stores a resource type, new or changed.
///
/// # Errors
/// [`StoreError::NotUnique`] with `resource_types.name` or `resource_types.endpoint`.
pub async fn put_type(
    tx: &mut Tx,
    tenant: TenantKey,
    own: &CustomType,
    now: i64,
) -> Result<Stored<CustomType>, StoreError> {
    let ResourceTypeDraft { name, endpoint, .. } = &own.draft;
    let (name, endpoint, definition) = (fold(name), fold(endpoint), to_json(&own.draft)?);
    let params = [
        tenant.into(),
        u32::from(own.key).into(),
        (&name).into(),
        (&endpoint).into(),
        (&definition).into(),
        now.into(),
    ];
    let created_at = tx.query_one(&PUT_TYPE, &params, |row| row.int(0)).await?.ok_or_else(no_row)?;
    Ok(Stored { draft: own.clone(), created_at, updated_at: now })
}

pub(crate) static PUT_TYPE: Stmt = sql!(
    "INSERT INTO resource_types (tenant, key, name, endpoint, definition, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $6)
     ON CONFLICT (tenant, key) DO UPDATE SET name = $3, endpoint = $4, definition = $5, updated_at = $6
     RETURNING created_at"
);

/// Removes a resource type.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn delete_type(tx: &mut Tx, tenant: TenantKey, key: u16) -> Result<(), StoreError> {
    tx.execute(&DELETE_TYPE, &[tenant.into(), u32::from(key).into()]).await.map(drop)
}

pub(crate) static DELETE_TYPE: Stmt = sql!("DELETE FROM resource_types WHERE tenant = $1 AND key = $2");
