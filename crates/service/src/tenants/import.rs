//! Taking in a tenant from a file that another Muster wrote.

use std::io::BufRead;
use std::sync::{Arc, Mutex, PoisonError};

use store::audit;
use store::transfer::import::{self, Place};

use super::ImportTenant;
use crate::App;
use crate::caller::AdminWriter;
use crate::error::ServiceError;
use crate::provisioning::unique_attributes;

pub use store::transfer::import::{Imported, Refusal};

/// Why a tenant was not imported. Nothing of it is there then.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Its file is not taken.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// As everywhere.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl App {
    /// Reads a tenant from `input` and opens it when it is whole: all of it or nothing, in one
    /// transaction, which stays open for as long as the reading takes.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`] for callers bound to a tenant; [`Refusal`] for a file that is not
    /// whole, or a tenant that is here already.
    pub async fn import_tenant(
        &self,
        caller: &AdminWriter,
        request: ImportTenant,
        input: Box<dyn BufRead + Send>,
    ) -> Result<Imported, ImportError> {
        caller.require_platform()?;
        // What the tenant has defined is in its file.
        let registry = scim::schema::core::registry();
        let place = Place { slug: request.slug, registry, unique: unique_attributes };
        let (now, caller, input) = (self.now(), caller.clone(), Arc::new(Mutex::new(Some(input))));
        let imported = self.store().write(move |tx| {
            let input = input.lock().unwrap_or_else(PoisonError::into_inner).take();
            let (place, caller) = (place.clone(), caller.clone());
            Box::pin(async move {
                // What has been read cannot be read again.
                let Some(input) = input else { return Ok(Err(Refusal::BrokenOff)) };
                let imported = match import::import(tx, input, &place).await? {
                    Ok(imported) => imported,
                    Err(refusal) => return Ok(Err(refusal)),
                };
                let tenant = &imported.tenant;
                audit::insert(tx, &caller.entry(now, "tenant.import", Some(tenant.key), tenant.id, &[])).await?;
                Ok(Ok(imported))
            })
        });
        Ok(imported.await.map_err(ServiceError::from)??)
    }
}
