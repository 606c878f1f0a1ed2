//! Carrying out a change of definitions for the resources that are there.

use scim::schema::{Registry, TypeChange};

use super::Definitions;
use super::indexes::{self, IndexState, StoredIndex};
use crate::error::StoreError;
use crate::resources::apply::UniqueAttribute;
use crate::resources::query::listed;
use crate::resources::rework::{self, Rework};
use crate::resources::uniqueness;
use crate::sql;
use crate::sql::Stmt;
use crate::tenants::TenantKey;
use crate::tx::Tx;

pub use crate::resources::rework::{IN_ONE_GO_MAX, Obstacle};

/// Brings the list of indexes in line with what the definitions want: new ones begin, those that nobody
/// wants are dropped. Of a type with few resources a new index is built at once by [`carry_out`].
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn list_indexes(tx: &mut Tx, tenant: TenantKey, definitions: &mut Definitions) -> Result<(), StoreError> {
    let wanted = definitions.custom().wanted_indexes();
    let is_wanted = |index: &StoredIndex| wanted.iter().any(|(urn, path)| *urn == index.urn && *path == index.path);
    for index in &mut definitions.indexes {
        // What has failed is tried anew whenever the schema is sent anew.
        if index.state == IndexState::Failed || index.state != IndexState::Dropping && !is_wanted(index) {
            indexes::set(tx, tenant, index.number, IndexState::Dropping, None).await?;
            index.state = IndexState::Dropping;
        }
    }
    for (urn, path) in &wanted {
        let is_there = definitions
            .indexes
            .iter()
            .any(|index| index.state != IndexState::Dropping && index.urn == *urn && index.path == *path);
        if !is_there {
            // No resource has values of a schema that is new.
            let state = if path.is_empty() { IndexState::Ready } else { IndexState::Building };
            let index = indexes::insert(tx, tenant, (urn, path), state).await?;
            definitions.indexes.push(index);
        }
    }
    Ok(())
}

/// Looks whether the resources that are there go with the step from `before` to `after`, and makes
/// the rows that they lack. The definitions are locked, so nobody writes resources meanwhile.
/// `definitions` are those of `after`.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn carry_out(
    tx: &mut Tx,
    tenant: TenantKey,
    (before, after): (&Registry, &Registry),
    definitions: &mut Definitions,
) -> Result<Result<(), Obstacle>, StoreError> {
    for change in before.changes_to(after) {
        if let Err(obstacle) = of_type(tx, tenant, &change).await? {
            return Ok(Err(obstacle));
        }
    }
    for index in definitions.indexes.iter_mut().filter(|index| index.state == IndexState::Building) {
        let types = indexes::types_with(after, &index.urn);
        let keys: Vec<_> = types.iter().map(|resource_type| (*resource_type).clone()).collect();
        if listed::total(tx, tenant, &keys).await? > IN_ONE_GO_MAX {
            continue;
        }
        for resource_type in types {
            if let Err(obstacle) = indexes::fill(tx, tenant, resource_type, &[index.number]).await? {
                return Ok(Err(obstacle));
            }
        }
        indexes::set(tx, tenant, index.number, IndexState::Ready, None).await?;
        index.state = IndexState::Ready;
    }
    Ok(Ok(()))
}

async fn of_type(tx: &mut Tx, tenant: TenantKey, change: &TypeChange) -> Result<Result<(), Obstacle>, StoreError> {
    let before = &change.before;
    for attribute in &change.no_longer_unique {
        let unique = UniqueAttribute { resource_type: before.key, attribute: attribute.clone() };
        uniqueness::release(tx, tenant, &unique).await?;
    }
    let resources = listed::total(tx, tenant, std::slice::from_ref(before)).await?;
    if resources == 0 {
        return Ok(Ok(()));
    }
    let in_use =
        |what: Vec<String>, resources| Ok(Err(Obstacle::InUse { resource_type: before.name.clone(), what, resources }));
    let Some(after) = &change.after else { return in_use(vec!["the resource type".into()], resources) };
    if !change.lost.is_empty() {
        return in_use(change.lost.clone(), resources);
    }
    for lost in &change.lost_of_extensions {
        let carriers = match lost.presence {
            Some(number) => {
                let params = [tenant.into(), u32::from(before.key).into(), number.into()];
                tx.query_one(&CARRIERS, &params, |row| row.int(0)).await?.unwrap_or(0).cast_unsigned()
            }
            None => resources,
        };
        if carriers > 0 {
            return in_use(lost.attributes.clone(), carriers);
        }
    }
    if !change.is_narrower && change.newly_unique.is_empty() {
        return Ok(Ok(()));
    }
    if resources > IN_ONE_GO_MAX {
        return Ok(Err(Obstacle::TooMany { resource_type: before.name.clone(), resources }));
    }
    let rework =
        Rework { resource_type: after, is_checked: change.is_narrower, unique: &change.newly_unique, indexes: &[] };
    rework::all(tx, tenant, &rework).await
}

pub(crate) static CARRIERS: Stmt = sql! {
    sqlite: "SELECT count(*) FROM attribute_values AS v JOIN resources AS r ON r.tenant = $1 AND r.pk = v.pk
             WHERE v.tenant = $1 AND v.attribute = $3 AND v.value = '' AND r.type = $2",
    postgres: "SELECT count(*) FROM (SELECT pk FROM attribute_values
                                     WHERE tenant = $1 AND attribute = $3 AND value = '' OFFSET 0) AS v
               CROSS JOIN LATERAL (SELECT pk FROM resources WHERE tenant = $1 AND type = $2 AND pk = v.pk OFFSET 0) AS r",
};
