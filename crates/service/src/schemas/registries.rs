//! What tenants know, as it was made of their definitions: kept by version, since the same version
//! makes the same registry.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use scim::schema::{Registry, core};
use store::{StoreError, TenantKey, Tx, schemas};

/// How many registries are kept; when there would be more, all are forgotten.
const KEPT_MAX: usize = 1_000;

/// The registries of tenants that have defined something.
#[derive(Debug, Default)]
pub(crate) struct Registries {
    by_tenant: Mutex<HashMap<TenantKey, (u64, Arc<Registry>)>>,
}

impl Registries {
    /// The registry of a tenant, as the transaction sees it. One statement, unless its definitions
    /// have changed.
    ///
    /// # Errors
    /// [`StoreError`] of the reading.
    pub(crate) async fn of(&self, tx: &mut Tx, tenant: TenantKey) -> Result<Arc<Registry>, StoreError> {
        let version = schemas::version(tx, tenant).await?;
        if version == 0 {
            return Ok(core::registry());
        }
        if let Some((known, registry)) = self.kept().get(&tenant)
            && *known == version
        {
            return Ok(Arc::clone(registry));
        }
        let definitions = schemas::load(tx, tenant).await?;
        let registry = definitions.registry()?;
        let mut kept = self.kept();
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(tenant, (definitions.version, Arc::clone(&registry)));
        Ok(registry)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, HashMap<TenantKey, (u64, Arc<Registry>)>> {
        // Nothing panics while it is held; a map is whole in any case.
        self.by_tenant.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
