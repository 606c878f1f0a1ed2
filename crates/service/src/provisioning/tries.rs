//! Requests that are planned anew when what the tenant has defined changes before they are written.

use std::sync::Arc;

use scim::ScimError;
use scim::schema::ResourceType;
use store::StoreError;

use crate::App;
use crate::caller::ScimCaller;
use crate::error::ServiceError;
use crate::tenants;

/// How often a request, or a slice of a bulk request, is planned, when definitions change each time.
pub(super) const TRIES_MAX: u32 = 4;

/// By which definitions a request is planned: those that its caller came with, then those that there
/// are.
pub(super) struct Tries<'c> {
    first: (&'c ScimCaller, &'c Arc<ResourceType>),
    later: Option<(ScimCaller, Arc<ResourceType>)>,
    left: u32,
}

impl<'c> Tries<'c> {
    pub(super) fn of(caller: &'c ScimCaller, resource_type: &'c Arc<ResourceType>) -> Self {
        Self { first: (caller, resource_type), later: None, left: TRIES_MAX }
    }

    /// The caller and the type of this try.
    pub(super) fn current(&self) -> (&ScimCaller, &Arc<ResourceType>) {
        self.later.as_ref().map_or(self.first, |(caller, resource_type)| (caller, resource_type))
    }
}

impl App {
    /// Whether what was done is to be done again, by the definitions that there are now.
    ///
    /// # Errors
    /// [`ScimError::NotFound`] when the type is no longer there.
    pub(super) async fn tries_again<T>(
        &self,
        tries: &mut Tries<'_>,
        done: &Result<T, ServiceError>,
    ) -> Result<bool, ServiceError> {
        tries.left = tries.left.saturating_sub(1);
        if tries.left == 0 || !is_outdated(done) {
            return Ok(false);
        }
        let (caller, resource_type) = tries.first;
        let caller = self.caught_up(caller).await?;
        let Some(resource_type) = caller.registry.type_keyed(resource_type.key).cloned() else {
            return Err(ScimError::NotFound(format!("There is no type {} any more", resource_type.name)).into());
        };
        tries.later = Some((caller, resource_type));
        Ok(true)
    }

    /// The caller, with its tenant and what that knows as they are now.
    pub(super) async fn caught_up(&self, caller: &ScimCaller) -> Result<ScimCaller, ServiceError> {
        let (tenant, registries) = (caller.tenant.id, self.registries());
        let found = self.store().read(move |tx| {
            Box::pin(async move {
                let Some(tenant) = store::tenants::by_id(tx, tenant).await? else { return Ok(None) };
                Ok(Some((registries.of(tx, tenant.key).await?, tenant)))
            })
        });
        let (registry, tenant) = found.await?.ok_or_else(tenants::not_found)?;
        Ok(ScimCaller { tenant: Arc::new(self.tenant(tenant)), registry, ..caller.clone() })
    }
}

/// Whether it was not done since definitions have changed.
pub(super) fn is_outdated<T>(done: &Result<T, ServiceError>) -> bool {
    matches!(done, Err(ServiceError::Store(StoreError::Outdated)))
}
