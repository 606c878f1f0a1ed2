//! JWTs: verified by their signature; client and tenant must still be there.

use std::sync::Arc;

use scim::schema::Registry;
use store::tenants::TenantStatus;

use super::{Holder, Presented, Reason, Refused};
use crate::App;
use crate::applications::{ADMIN_WRITE, SCIM_READ, SCIM_WRITE};
use crate::caller::{IdentityProvider, ScimCaller, Scopes};
use crate::error::ServiceError;
use crate::jwt::Grant;
use crate::secret;
use crate::tenants::{self, Tenant};

/// Where a JWT stands now.
#[derive(Debug, Clone)]
pub(crate) enum Standing {
    /// It speaks for the platform.
    Platform,
    /// It speaks for a tenant, which knows that.
    Bound(Arc<Tenant>, Arc<Registry>),
    /// Its client or its tenant is gone.
    Gone,
}

impl App {
    pub(super) async fn by_scim_jwt(
        &self,
        segment: &str,
        text: &str,
        presented: &Presented<'_>,
    ) -> Result<ScimCaller, Refused> {
        let (grant, standing) = self.by_jwt(text).await?;
        let holder = |tenant: Option<Arc<Tenant>>| {
            Some(Holder { tenant, actor: grant.actor.clone(), identity_provider: IdentityProvider::Generic })
        };
        let (tenant, registry) = match standing {
            Standing::Bound(tenant, registry) if tenant.is_named(segment) => (tenant, registry),
            Standing::Bound(other, _) => return Err(Refused::credential(Reason::OtherTenant, holder(Some(other)))),
            Standing::Gone => return Err(Refused::credential(Reason::Gone, holder(None))),
            Standing::Platform => self.known_tenant(segment).await?.ok_or_else(tenants::not_found)?,
        };
        let scopes = if grant.has_scope(SCIM_WRITE) || grant.has_scope(ADMIN_WRITE) {
            Scopes::ALL
        } else if grant.has_scope(SCIM_READ) {
            Scopes::READ
        } else {
            let needed = "The access token lacks the scope scim:read or scim:write";
            let error = ServiceError::Forbidden(needed.into());
            return Err(Refused::with(error, Reason::Scope, holder(Some(tenant))));
        };
        Ok(ScimCaller {
            tenant,
            registry,
            actor: grant.actor.clone(),
            scopes,
            identity_provider: IdentityProvider::Generic,
            request_id: presented.request_id.to_owned(),
        })
    }

    /// What a JWT grants, and where it stands.
    pub(super) async fn by_jwt(&self, text: &str) -> Result<(Arc<Grant>, Standing), Refused> {
        let hash = secret::hash(text);
        let moment = self.moment();
        let caches = self.caches();
        let grant = if let Some(grant) = caches.grants.get(&hash, moment) {
            grant
        } else {
            let begun = caches.grants.begin(moment);
            let verified = self.verify_jwt(text).await?;
            let grant = Arc::new(verified.ok_or_else(|| Refused::credential(Reason::BadJwt, None))?);
            caches.grants.put(begun, hash, Arc::clone(&grant));
            grant
        };
        if grant.expires_at <= moment.now {
            return Err(Refused::credential(Reason::Expired { at: grant.expires_at }, None));
        }
        if let Some(standing) = caches.standings.get(&hash, moment) {
            return Ok((grant, standing));
        }
        let begun = caches.standings.begin(moment);
        let standing = self.standing(&grant).await?;
        match standing {
            Standing::Platform | Standing::Bound(..) => caches.standings.put(begun, hash, standing.clone()),
            // What is missing may come to be.
            Standing::Gone => {}
        }
        Ok((grant, standing))
    }

    async fn standing(&self, grant: &Grant) -> Result<Standing, ServiceError> {
        let (client_id, named) = (grant.client_id.clone(), grant.tenant.clone());
        let registries = self.registries();
        let (application, tenant) = self
            .store()
            .read(move |tx| {
                Box::pin(async move {
                    let application = match &client_id {
                        Some(client_id) => Some(store::applications::by_client_id(tx, client_id).await?),
                        None => None,
                    };
                    let tenant = match &named {
                        Some(named) => Some(match store::tenants::named(tx, named).await? {
                            Some(tenant) => Some((registries.of(tx, tenant.key).await?, tenant)),
                            None => None,
                        }),
                        None => None,
                    };
                    Ok((application, tenant))
                })
            })
            .await?;
        let lives = match application {
            None => true,
            Some(None) => false,
            Some(Some(client)) => client.is_active && client.deleted_at.is_none(),
        };
        Ok(match tenant {
            _ if !lives => Standing::Gone,
            None => Standing::Platform,
            Some(Some((registry, tenant))) if tenant.status != TenantStatus::Deleted => {
                Standing::Bound(Arc::new(self.tenant(tenant)), registry)
            }
            Some(_) => Standing::Gone,
        })
    }

    pub(crate) async fn known_tenant(
        &self,
        segment: &str,
    ) -> Result<Option<(Arc<Tenant>, Arc<Registry>)>, ServiceError> {
        let moment = self.moment();
        let cache = &self.caches().tenants;
        if let Some(known) = cache.get(segment, moment) {
            return Ok(Some(known));
        }
        let begun = cache.begin(moment);
        let named = segment.to_owned();
        let registries = self.registries();
        let found = self.store().read(move |tx| {
            Box::pin(async move {
                let Some(tenant) = store::tenants::named(tx, &named).await? else { return Ok(None) };
                Ok(Some((registries.of(tx, tenant.key).await?, tenant)))
            })
        });
        let Some((registry, tenant)) = found.await? else { return Ok(None) };
        let known = (Arc::new(self.tenant(tenant)), registry);
        cache.put(begun, segment.to_owned(), known.clone());
        Ok(Some(known))
    }
}
