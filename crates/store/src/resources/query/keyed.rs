//! Rows of which the keys are known.

use std::collections::HashMap;
use std::sync::Arc;

use scim::schema::ResourceType;

use crate::error::StoreError;
use crate::members::key_list;
use crate::resources::{ResourceKey, StoredResource, read_type_key};
use crate::sql;
use crate::sql::Stmt;
use crate::tenants::TenantKey;
use crate::tx::Tx;

/// The resources with those keys, in that order. One statement.
pub(super) async fn rows(
    tx: &mut Tx,
    tenant: TenantKey,
    types: &[Arc<ResourceType>],
    keys: &[ResourceKey],
) -> Result<Vec<StoredResource>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let list = key_list(keys);
    let found = tx
        .query(&ROWS, &[tenant.into(), (&list).into()], |row| {
            let type_key = read_type_key(row, 6)?;
            let resource_type = types.iter().find(|resource_type| resource_type.key == type_key);
            resource_type.map(|resource_type| StoredResource::read(row, resource_type)).transpose()
        })
        .await?;
    let mut found: HashMap<ResourceKey, StoredResource> =
        found.into_iter().flatten().map(|resource| (resource.key, resource)).collect();
    Ok(keys.iter().filter_map(|key| found.remove(key)).collect())
}

pub(crate) static ROWS: Stmt = sql! {
    sqlite: "SELECT pk, id, version, created, modified, body, type FROM resources
             WHERE tenant = $1 AND pk IN (SELECT value FROM json_each($2))",
    postgres: "SELECT r.pk, r.id, r.version, r.created, r.modified, r.body, r.type
               FROM unnest(cast(translate($2, '[]', '{}') AS bigint[])) AS given (value)
               CROSS JOIN LATERAL (SELECT pk, id, version, created, modified, body, type FROM resources
                                   WHERE tenant = $1 AND pk = given.value OFFSET 0) AS r",
};
