//! Going through the resources of a type that were there before its schemas changed: whether they
//! fit, and the rows that they lack.

use std::fmt;
use std::sync::Arc;

use scim::ScimError;
use scim::id::ResourceId;
use scim::resource::{Document, KEY_BYTES_MAX};
use scim::schema::ResourceType;
use serde_json::json;

use super::{ResourceKey, StoredResource};
use crate::error::StoreError;
use crate::sql;
use crate::sql::Stmt;
use crate::tenants::{TenantKey, to_json};
use crate::tx::Tx;

/// What is done with each resource.
pub(crate) struct Rework<'a> {
    /// The type as it is to be.
    pub(crate) resource_type: &'a Arc<ResourceType>,
    /// Whether each resource is held against its schemas.
    pub(crate) is_checked: bool,
    /// Attributes that become unique.
    pub(crate) unique: &'a [String],
    /// Indexes that are to have its values.
    pub(crate) indexes: &'a [u32],
}

/// Why the resources that are there do not go with what is wanted.
#[derive(Debug, Clone, PartialEq)]
pub enum Obstacle {
    /// Resources have what would go.
    InUse {
        /// The name of their type.
        resource_type: String,
        /// What would go.
        what: Vec<String>,
        /// How many.
        resources: u64,
    },
    /// There are more resources than can be looked at in one go.
    TooMany {
        /// The name of their type.
        resource_type: String,
        /// How many.
        resources: u64,
    },
    /// A resource would be wrong.
    Unfit {
        /// Which.
        resource: ResourceId,
        /// What would be wrong with it.
        reason: ScimError,
    },
    /// Two resources have the same value.
    NotUnique {
        /// One of them.
        resource: ResourceId,
        /// The attribute.
        attribute: String,
    },
}

/// How many resources are looked at in the transaction of the change. More would hold up the
/// writes of all tenants on SQLite.
pub const IN_ONE_GO_MAX: u64 = 5_000;

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse { resource_type, what, resources } => {
                let what = what.join(", ");
                write!(f, "{resources} resources of the type {resource_type} stand in the way of losing {what}")
            }
            Self::TooMany { resource_type, resources } => write!(
                f,
                "each resource would have to be looked at, and there are {resources} of the type {resource_type}; \
                 that is done for at most {IN_ONE_GO_MAX}"
            ),
            Self::Unfit { resource, reason } => write!(f, "the resource {resource} would not fit: {reason}"),
            Self::NotUnique { resource, attribute } => {
                write!(f, "{attribute} cannot be unique: {resource} has the same value as another resource")
            }
        }
    }
}

/// All resources of the type.
pub(crate) async fn all(
    tx: &mut Tx,
    tenant: TenantKey,
    rework: &Rework<'_>,
) -> Result<Result<(), Obstacle>, StoreError> {
    const AT_ONCE: u32 = 500;
    let mut after = ResourceKey(0);
    loop {
        match slice(tx, tenant, rework, after, AT_ONCE).await? {
            Ok(Some(last)) => after = last,
            Ok(None) => return Ok(Ok(())),
            Err(obstacle) => return Ok(Err(obstacle)),
        }
    }
}

/// The next resources after a key, at most `count`; gives the key of the last, or `None` when there
/// were none. At most three statements.
pub(crate) async fn slice(
    tx: &mut Tx,
    tenant: TenantKey,
    rework: &Rework<'_>,
    after: ResourceKey,
    count: u32,
) -> Result<Result<Option<ResourceKey>, Obstacle>, StoreError> {
    let resource_type = rework.resource_type;
    let params = [tenant.into(), u32::from(resource_type.key).into(), after.0.into(), count.into()];
    let stored = tx.query(&SLICE, &params, |row| StoredResource::read(row, resource_type)).await?;
    let mut rows = Rows::default();
    for resource in &stored {
        let document = Document::from_body(&resource.body)
            .map_err(|error| StoreError::Corrupt(format!("resource {}: {error}", resource.id)))?;
        if let Err(obstacle) = rows.add(rework, resource, &document) {
            return Ok(Err(obstacle));
        }
    }
    if let Err(obstacle) = rows.write(tx, tenant, resource_type, &stored).await? {
        return Ok(Err(obstacle));
    }
    Ok(Ok(stored.last().map(|resource| resource.key)))
}

// On PostgreSQL the rows are kept, so that nobody changes a value between reading it here and
// writing its entry.
pub(crate) static SLICE: Stmt = sql! {
    sqlite: "SELECT pk, id, version, created, modified, body FROM resources
             WHERE tenant = $1 AND type = $2 AND pk > $3 ORDER BY pk LIMIT $4",
    postgres: "SELECT pk, id, version, created, modified, body FROM resources
               WHERE tenant = $1 AND type = $2 AND pk > $3 ORDER BY pk LIMIT $4 FOR UPDATE",
};

/// Rows to be written for a slice.
#[derive(Default)]
struct Rows {
    /// Attribute, value, key.
    unique: Vec<(String, String, i64)>,
    /// Number, value, key.
    indexed: Vec<(u32, String, i64)>,
}

impl Rows {
    fn add(&mut self, rework: &Rework<'_>, stored: &StoredResource, document: &Document) -> Result<(), Obstacle> {
        let Rework { resource_type, is_checked, unique, indexes } = rework;
        let unfit = |reason| Obstacle::Unfit { resource: stored.id, reason };
        if *is_checked {
            document.check(resource_type).map_err(unfit)?;
        }
        let too_long = |attribute: &str, value: &str| {
            let reason = format!("a value that is looked up has at most {KEY_BYTES_MAX} bytes, not {}", value.len());
            if value.len() > KEY_BYTES_MAX { Err(unfit(ScimError::value(attribute, reason))) } else { Ok(()) }
        };
        if !unique.is_empty() {
            let values = document.unique_values(resource_type).into_iter();
            for (attribute, value) in values.filter(|(attribute, _)| unique.contains(attribute)) {
                too_long(&attribute, &value)?;
                self.unique.push((attribute, value, stored.key.0));
            }
        }
        if !indexes.is_empty() {
            let values = document.indexed_values(resource_type).into_iter();
            for (number, value) in values.filter(|(number, _)| indexes.contains(number)) {
                too_long("the indexed attribute", &value)?;
                self.indexed.push((number, value, stored.key.0));
            }
        }
        Ok(())
    }

    async fn write(
        &self,
        tx: &mut Tx,
        tenant: TenantKey,
        resource_type: &ResourceType,
        stored: &[StoredResource],
    ) -> Result<Result<(), Obstacle>, StoreError> {
        if !self.indexed.is_empty() {
            let list = json!(self.indexed).to_string();
            tx.execute(&INSERT_INDEXED, &[tenant.into(), (&list).into()]).await?;
        }
        if self.unique.is_empty() {
            return Ok(Ok(()));
        }
        let list = to_json(&self.unique)?;
        let params = [tenant.into(), u32::from(resource_type.key).into(), (&list).into()];
        let written = tx.query(&INSERT_UNIQUE, &params, |row| Ok((row.text(0)?, row.int(1)?))).await?;
        let is_written = |attribute: &str, pk: i64| written.iter().any(|(name, key)| name == attribute && *key == pk);
        let missing = self.unique.iter().find(|(attribute, _, pk)| !is_written(attribute, *pk));
        let Some((attribute, _, pk)) = missing else { return Ok(Ok(())) };
        let resource = stored.iter().find(|resource| resource.key.0 == *pk).map(|resource| resource.id);
        let resource = resource.ok_or_else(|| StoreError::Corrupt("a resource that was not read".into()))?;
        Ok(Err(Obstacle::NotUnique { resource, attribute: attribute.clone() }))
    }
}

pub(crate) static INSERT_INDEXED: Stmt = sql! {
    sqlite: "INSERT INTO attribute_values (tenant, attribute, value, pk)
             SELECT $1, e.value ->> 0, e.value ->> 1, e.value ->> 2 FROM json_each($2) AS e WHERE true
             ON CONFLICT DO NOTHING",
    postgres: "INSERT INTO attribute_values (tenant, attribute, value, pk)
               SELECT $1, cast(e ->> 0 AS bigint), e ->> 1, cast(e ->> 2 AS bigint)
               FROM jsonb_array_elements(cast($2 AS jsonb)) AS e ON CONFLICT DO NOTHING",
};
pub(crate) static INSERT_UNIQUE: Stmt = sql! {
    sqlite: "INSERT INTO unique_keys (tenant, type, attribute, value, pk)
             SELECT $1, $2, e.value ->> 0, e.value ->> 1, e.value ->> 2 FROM json_each($3) AS e WHERE true
             ON CONFLICT DO NOTHING RETURNING attribute, pk",
    postgres: "INSERT INTO unique_keys (tenant, type, attribute, value, pk)
               SELECT $1, $2, e ->> 0, e ->> 1, cast(e ->> 2 AS bigint)
               FROM jsonb_array_elements(cast($3 AS jsonb)) AS e ON CONFLICT DO NOTHING RETURNING attribute, pk",
};
