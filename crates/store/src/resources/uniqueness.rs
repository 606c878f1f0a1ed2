//! Making an attribute unique, or no longer so, in a tenant that has resources already.

use super::apply::UniqueAttribute;
use crate::error::StoreError;
use crate::sql;
use crate::sql::Stmt;
use crate::tenants::TenantKey;
use crate::tx::Tx;

/// Makes `unique` hold for what is there; for what is written from now on it is part of the
/// [`Context`](super::apply::Context). One statement over all resources of the type.
///
/// # Errors
/// [`StoreError::NotUnique`] with the attribute when two resources have the same value;
/// [`StoreError::Incompatible`] for another attribute than `displayName` and `externalId`.
pub async fn enforce(tx: &mut Tx, tenant: TenantKey, unique: &UniqueAttribute) -> Result<(), StoreError> {
    let statement = match unique.attribute.as_str() {
        "displayName" => &ENFORCE_DISPLAY_NAME,
        "externalId" => &ENFORCE_EXTERNAL_ID,
        other => return Err(StoreError::Incompatible(format!("{other} cannot be made unique afterwards"))),
    };
    release(tx, tenant, unique).await?;
    let params = [tenant.into(), u32::from(unique.resource_type).into(), (&unique.attribute).into()];
    match tx.execute(statement, &params).await {
        Err(StoreError::NotUnique(_)) => Err(StoreError::NotUnique(unique.attribute.clone())),
        written => written.map(drop),
    }
}

pub(crate) static ENFORCE_DISPLAY_NAME: Stmt = sql!(
    "INSERT INTO unique_keys (tenant, type, attribute, value, pk)
     SELECT tenant, type, $3, display_name, pk FROM resources
     WHERE tenant = $1 AND type = $2 AND display_name IS NOT NULL"
);
pub(crate) static ENFORCE_EXTERNAL_ID: Stmt = sql!(
    "INSERT INTO unique_keys (tenant, type, attribute, value, pk)
     SELECT tenant, type, $3, external_id, pk FROM resources
     WHERE tenant = $1 AND type = $2 AND external_id IS NOT NULL"
);

/// Lets resources have the same value again.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn release(tx: &mut Tx, tenant: TenantKey, unique: &UniqueAttribute) -> Result<(), StoreError> {
    let params = [tenant.into(), u32::from(unique.resource_type).into(), (&unique.attribute).into()];
    tx.send(&RELEASE, &params).await.map(drop)
}

pub(crate) static RELEASE: Stmt = sql!("DELETE FROM unique_keys WHERE tenant = $1 AND type = $2 AND attribute = $3");
