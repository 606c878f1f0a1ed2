//! Resources of every type alike, a row each: keyed by tenant, with the attributes that are asked
//! for most in columns of their own and the document as JSON text.
//!
//! Writing is [`apply`], the one write path. What belongs to whom is in [`crate::members`]; what
//! changed when is in [`crate::events`].

pub mod apply;
mod filter_sql;
pub(crate) mod query;
mod relations;
pub(crate) mod rework;
pub(crate) mod rows;
pub mod uniqueness;

pub use query::{Found, Scope, lane, query};
pub use relations::{complete, show};

use std::sync::Arc;

use scim::id::{ResourceId, Version};
use scim::schema::ResourceType;

use crate::error::StoreError;
use crate::members::{Membership, direct};
use crate::sql;
use crate::sql::Stmt;
use crate::tenants::TenantKey;
use crate::tx::{Row, Tx};

/// A resource as rows name it, within its tenant. Ascending in the order of creation, never used
/// again. Only this crate makes one, from a row that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceKey(pub(crate) i64);

/// A resource as it is stored: the document, and what `meta` is made from.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredResource {
    /// What other rows call it.
    pub key: ResourceKey,
    /// Its `id`.
    pub id: ResourceId,
    /// Its type.
    pub resource_type: Arc<ResourceType>,
    /// How many times it has been written.
    pub version: Version,
    /// `meta.created`, in milliseconds since 1970.
    pub created: i64,
    /// `meta.lastModified`, in milliseconds since 1970.
    pub modified: i64,
    /// The JSON text of the document and its `id`; no `meta`, no relation attributes, no secret.
    pub body: String,
    /// What it belongs to, in the order in which the groups were created; `None` when that was not read with
    /// it, or not all of it.
    pub groups: Option<Vec<Membership>>,
}

impl StoredResource {
    /// Reads the columns `pk, id, version, created, modified, body`, from column 0.
    fn read(row: &Row<'_>, resource_type: &Arc<ResourceType>) -> Result<Self, StoreError> {
        Ok(Self {
            key: ResourceKey(row.int(0)?),
            id: read_id(row, 1)?,
            resource_type: Arc::clone(resource_type),
            version: read_version(row, 2)?,
            created: row.int(3)?,
            modified: row.int(4)?,
            body: row.text(5)?,
            groups: None,
        })
    }

    /// The same, and what it belongs to, from column 6.
    fn read_with_groups(row: &Row<'_>, resource_type: &Arc<ResourceType>) -> Result<Self, StoreError> {
        Ok(Self { groups: direct::read(row, 6)?, ..Self::read(row, resource_type)? })
    }
}

/// The resource of that type with that id.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn get(
    tx: &mut Tx,
    tenant: TenantKey,
    resource_type: &Arc<ResourceType>,
    id: ResourceId,
) -> Result<Option<StoredResource>, StoreError> {
    let id = id.to_bytes();
    let params = [tenant.into(), (&id).into(), u32::from(resource_type.key).into()];
    tx.query_one(&GET, &params, |row| StoredResource::read(row, resource_type)).await
}

pub(crate) static GET: Stmt =
    sql!("SELECT pk, id, version, created, modified, body FROM resources WHERE tenant = $1 AND id = $2 AND type = $3");

/// [`get`], with what the resource belongs to.
async fn get_with_groups(
    tx: &mut Tx,
    tenant: TenantKey,
    resource_type: &Arc<ResourceType>,
    id: ResourceId,
) -> Result<Option<StoredResource>, StoreError> {
    let id = id.to_bytes();
    let params = [tenant.into(), (&id).into(), u32::from(resource_type.key).into()];
    tx.query_one(&GET_WITH_GROUPS, &params, |row| StoredResource::read_with_groups(row, resource_type)).await
}

pub(crate) static GET_WITH_GROUPS: Stmt = sql! {
    sqlite: concat!(
        "SELECT pk, id, version, created, modified, body, ",
        direct::column!(sqlite),
        " FROM resources WHERE tenant = $1 AND id = $2 AND type = $3"
    ),
    postgres: concat!(
        "SELECT pk, id, version, created, modified, body, ",
        direct::column!(postgres),
        " FROM resources WHERE tenant = $1 AND id = $2 AND type = $3"
    ),
};

/// Reads an id from its stored form.
pub(crate) fn read_id(row: &Row<'_>, column: usize) -> Result<ResourceId, StoreError> {
    ResourceId::from_bytes(row.bytes_ref(column)?)
        .map_err(|error| StoreError::Corrupt(format!("column {column}: {error}")))
}

/// Reads the key of a resource type.
pub(crate) fn read_type_key(row: &Row<'_>, column: usize) -> Result<u16, StoreError> {
    u16::try_from(row.int(column)?).map_err(|_| StoreError::Corrupt(format!("column {column} is no resource type")))
}

/// Reads a version.
pub(crate) fn read_version(row: &Row<'_>, column: usize) -> Result<Version, StoreError> {
    let number = u64::try_from(row.int(column)?);
    number.map(Version).map_err(|_| StoreError::Corrupt(format!("column {column} is no version")))
}
