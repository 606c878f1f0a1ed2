//! Values by which resources are found or told apart, other than those with a column: the
//! attribute index, for attributes that the schema marks as indexed, and the unique keys.

use scim::fold::fold;
use scim::resource::Document;
use scim::schema::{Attribute, ResourceType, Uniqueness, core};

use crate::error::StoreError;
use crate::resources::ResourceKey;
use crate::resources::apply::{Context, Fault, WriteError};
use crate::resources::rows::has_unique_user_name;
use crate::sql;
use crate::sql::Stmt;
use crate::tenants::TenantKey;
use crate::tx::Tx;

/// The rows that a document has in the two tables.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Keys {
    /// Number of an indexed attribute, value. Sorted, each once.
    pub(crate) indexed: Vec<(u32, String)>,
    /// Canonical name of a unique attribute, value.
    pub(crate) unique: Vec<(String, String)>,
}

impl Keys {
    /// What `document` has to have.
    pub(crate) fn of(document: &Document, resource_type: &ResourceType, context: &Context) -> Self {
        let by_settings = context.unique.iter().filter(|unique| unique.resource_type == resource_type.key);
        let by_settings = by_settings.filter_map(|unique| attribute_named(resource_type, &unique.attribute));
        let mut unique = document.unique_values(resource_type);
        unique.retain(|(name, _)| name != USER_NAME || !has_unique_user_name(resource_type));
        unique.extend(by_settings.filter_map(|attribute| unique_value(document, attribute)));
        unique.sort_unstable();
        unique.dedup();
        Self { indexed: document.indexed_values(resource_type), unique }
    }
}

/// Whether resources can have other rows after a change of these attributes, named as
/// [`Document::changed`] does.
pub(crate) fn can_differ(resource_type: &ResourceType, context: &Context, changed: &[String]) -> bool {
    let by_settings = |name: &String| {
        context.unique.iter().any(|unique| unique.resource_type == resource_type.key && unique.attribute == *name)
    };
    changed.iter().any(|name| match name.rsplit_once(':') {
        None => by_settings(name) || attribute_named(resource_type, name).is_none_or(has_rows),
        Some((urn, name)) => resource_type
            .schema_of(urn)
            .is_none_or(|schema| schema.presence.is_some() || schema.attribute(name).is_none_or(has_rows)),
    })
}

fn has_rows(attribute: &Attribute) -> bool {
    attribute.indexed.is_some()
        || attribute.uniqueness != Uniqueness::None
        || attribute.sub_attributes.iter().any(has_rows)
}

/// The attribute whose uniqueness is a matter of a column: see `resources.user_name`.
pub(crate) const USER_NAME: &str = "userName";

fn attribute_named<'a>(resource_type: &'a ResourceType, name: &str) -> Option<&'a Attribute> {
    core::common_attribute(name).or_else(|| resource_type.schema.attribute(name))
}

fn unique_value(document: &Document, attribute: &Attribute) -> Option<(String, String)> {
    let text = document.text(&attribute.name)?;
    Some((attribute.name.clone(), if attribute.case_exact { text.to_owned() } else { fold(text) }))
}

/// Writes the rows of a new resource: at most two statements.
///
/// # Errors
/// [`WriteError::NotUnique`] when another resource has one of the unique values.
pub(crate) async fn insert(
    tx: &mut Tx,
    tenant: TenantKey,
    resource_type: &ResourceType,
    key: ResourceKey,
    keys: &Keys,
) -> Result<(), Fault> {
    insert_unique(tx, tenant, resource_type, key, &keys.unique).await?;
    insert_indexed(tx, tenant, key, &keys.indexed).await
}

/// Turns the rows `before` into the rows `after`: no statement where nothing changed.
///
/// # Errors
/// As [`insert`].
pub(crate) async fn replace(
    tx: &mut Tx,
    tenant: TenantKey,
    resource_type: &ResourceType,
    key: ResourceKey,
    (before, after): (&Keys, &Keys),
) -> Result<(), Fault> {
    if before.unique != after.unique {
        tx.send(&DELETE_UNIQUE, &[tenant.into(), key.0.into()]).await?;
        insert_unique(tx, tenant, resource_type, key, &after.unique).await?;
    }
    let only_in = |these: &Keys, those: &Keys| -> Vec<(u32, String)> {
        these.indexed.iter().filter(|row| those.indexed.binary_search(row).is_err()).cloned().collect()
    };
    delete_indexed(tx, tenant, key, &only_in(before, after)).await?;
    insert_indexed(tx, tenant, key, &only_in(after, before)).await
}

/// Removes the rows of a resource that is deleted.
pub(crate) async fn delete(tx: &mut Tx, tenant: TenantKey, key: ResourceKey, keys: &Keys) -> Result<(), Fault> {
    // Whatever the settings say now: the row may be from a time when they said something else.
    tx.send(&DELETE_UNIQUE, &[tenant.into(), key.0.into()]).await?;
    delete_indexed(tx, tenant, key, &keys.indexed).await
}

async fn insert_unique(
    tx: &mut Tx,
    tenant: TenantKey,
    resource_type: &ResourceType,
    key: ResourceKey,
    rows: &[(String, String)],
) -> Result<(), Fault> {
    if rows.is_empty() {
        return Ok(());
    }
    let list = json_list(rows)?;
    let params = [tenant.into(), u32::from(resource_type.key).into(), key.0.into(), (&list).into()];
    let written = tx.query(&INSERT_UNIQUE, &params, |row| row.text(0)).await?;
    match rows.iter().find(|(attribute, _)| !written.contains(attribute)) {
        Some((attribute, _)) => Err(WriteError::NotUnique { attribute: attribute.clone() }.into()),
        None => Ok(()),
    }
}

pub(crate) static INSERT_UNIQUE: Stmt = sql! {
    sqlite: "INSERT INTO unique_keys (tenant, type, attribute, value, pk)
             SELECT $1, $2, e.value ->> 0, e.value ->> 1, $3 FROM json_each($4) AS e WHERE true
             ON CONFLICT DO NOTHING RETURNING attribute",
    postgres: "INSERT INTO unique_keys (tenant, type, attribute, value, pk)
               SELECT $1, $2, e ->> 0, e ->> 1, $3 FROM jsonb_array_elements(cast($4 AS jsonb)) AS e
               ON CONFLICT DO NOTHING RETURNING attribute",
};
pub(crate) static DELETE_UNIQUE: Stmt = sql!("DELETE FROM unique_keys WHERE tenant = $1 AND pk = $2");

async fn insert_indexed(tx: &mut Tx, tenant: TenantKey, key: ResourceKey, rows: &[(u32, String)]) -> Result<(), Fault> {
    if !rows.is_empty() {
        let list = json_list(rows)?;
        tx.send(&INSERT_INDEXED, &[tenant.into(), key.0.into(), (&list).into()]).await?;
    }
    Ok(())
}

pub(crate) static INSERT_INDEXED: Stmt = sql! {
    sqlite: "INSERT INTO attribute_values (tenant, attribute, value, pk)
             SELECT $1, e.value ->> 0, e.value ->> 1, $2 FROM json_each($3) AS e WHERE true ON CONFLICT DO NOTHING",
    postgres: "INSERT INTO attribute_values (tenant, attribute, value, pk)
               SELECT $1, cast(e ->> 0 AS bigint), e ->> 1, $2 FROM jsonb_array_elements(cast($3 AS jsonb)) AS e
               ON CONFLICT DO NOTHING",
};

async fn delete_indexed(tx: &mut Tx, tenant: TenantKey, key: ResourceKey, rows: &[(u32, String)]) -> Result<(), Fault> {
    if !rows.is_empty() {
        let list = json_list(rows)?;
        tx.send(&DELETE_INDEXED, &[tenant.into(), key.0.into(), (&list).into()]).await?;
    }
    Ok(())
}

pub(crate) static DELETE_INDEXED: Stmt = sql! {
    sqlite: "DELETE FROM attribute_values
             WHERE tenant = $1 AND pk = $2
               AND (attribute, value) IN (SELECT e.value ->> 0, e.value ->> 1 FROM json_each($3) AS e)",
    postgres: "DELETE FROM attribute_values AS v
               USING (SELECT cast($1 AS bigint) AS tenant, cast(e ->> 0 AS bigint) AS attribute, e ->> 1 AS value,
                             cast($2 AS bigint) AS pk
                      FROM jsonb_array_elements(cast($3 AS jsonb)) AS e OFFSET 0) AS given
               WHERE v.tenant = given.tenant AND v.attribute = given.attribute AND v.value = given.value
                 AND v.pk = given.pk",
};

fn json_list<T: serde::Serialize>(rows: &[T]) -> Result<String, StoreError> {
    serde_json::to_string(rows).map_err(|error| StoreError::Corrupt(format!("a list of keys: {error}")))
}
