//! Building and dropping the indexes that tenants want, beside the requests: a slice in each
//! transaction, so that nobody waits long for it. Every process may do it, and two that do it at once
//! take turns.

use store::schemas::indexes::{self, Worked};
use store::{StoreError, TenantKey};

use crate::App;
use crate::error::ServiceError;

impl App {
    /// Begins to build and drop what a tenant's indexes need, in a task of its own.
    pub(super) fn start_indexing(&self, tenant: TenantKey) {
        let app = self.clone();
        tokio::spawn(async move {
            if let Err(error) = app.index(tenant).await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "indexes could not be built; it is tried again within a minute");
            }
        });
    }

    /// Goes on with what another process may have left undone.
    pub(crate) async fn index_unfinished(&self) -> Result<(), ServiceError> {
        for tenant in self.store().read(|tx| Box::pin(indexes::unfinished(tx))).await? {
            self.index(tenant).await?;
        }
        Ok(())
    }

    /// Works on the indexes of a tenant until there is nothing left to do.
    async fn index(&self, tenant: TenantKey) -> Result<(), ServiceError> {
        loop {
            let registries = self.registries();
            let worked = self.store().write(move |tx| {
                let registries = registries.clone();
                Box::pin(async move {
                    let registry = registries.of(tx, tenant).await?;
                    indexes::work(tx, tenant, &registry).await
                })
            });
            match worked.await {
                Ok(Worked::Some) | Err(StoreError::Outdated) => {}
                Ok(Worked::Nothing) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }
}
