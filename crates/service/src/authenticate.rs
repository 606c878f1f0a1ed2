//! Secret or JWT -> caller. The only place that makes callers.
//!
//! What can be refused without the database is: a SCIM token by its checksum, a JWT by its
//! signature. What was looked up is believed for a second at most, see [`crate::cache`].

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use store::TenantKey;
use store::scim_tokens::{ScimToken, Secret, TokenStatus};
use store::tenants::TenantStatus;

use crate::App;
use crate::applications::{ADMIN_READ, ADMIN_WRITE, SCIM_READ, SCIM_WRITE, SUPER_ADMIN, TENANT_ADMIN};
use crate::caller::{Actor, AdminCaller, AdminWriter, IdentityProvider, NEEDS_ADMIN, Reach, ScimCaller, Scopes};
use crate::error::{Credential, ServiceError};
use crate::jwt::Grant;
use crate::scim_tokens::OVERLAP_AFTER_USE_MS;
use crate::secret::{self, SCIM_TOKEN};
use crate::tenants::{self, Tenant};

/// What a request shows of itself.
#[derive(Debug, Clone, Copy)]
pub struct Presented<'a> {
    /// The header `Authorization`.
    pub authorization: Option<&'a str>,
    /// The client's address: the peer's, or what a trusted proxy says.
    pub address: Option<IpAddr>,
    /// The header `User-Agent`.
    pub user_agent: Option<&'a str>,
    /// The id of the request.
    pub request_id: &'a str,
}

/// A SCIM token that was looked up.
#[derive(Debug)]
pub(crate) struct KnownToken {
    tenant: Arc<Tenant>,
    token: ScimToken,
    /// Which of its secrets this is.
    secret: Secret,
    networks: Vec<IpNet>,
    provider: IdentityProvider,
}

/// Where a JWT stands now.
#[derive(Debug, Clone)]
pub(crate) enum Standing {
    /// It speaks for the platform.
    Platform,
    /// It speaks for a tenant.
    Bound(Arc<Tenant>),
    /// Its client or its tenant is gone.
    Gone,
}

impl App {
    /// Who calls a SCIM route of the tenant that the path names by id or slug.
    ///
    /// # Errors
    /// [`ServiceError::Unauthenticated`] for every credential that does not open that tenant;
    /// with one that does: [`ServiceError::NotFound`] when the tenant is deleted,
    /// [`ServiceError::Forbidden`] when it is suspended, the address is not allowed, or a JWT has
    /// no SCIM scope; [`ServiceError::TooManyRequests`] above the tenant's rate.
    pub async fn authenticate_scim(&self, tenant: &str, presented: &Presented<'_>) -> Result<ScimCaller, ServiceError> {
        let bearer = bearer(presented.authorization)?;
        let caller = if bearer.starts_with(SCIM_TOKEN) {
            self.by_scim_token(tenant, bearer, presented).await?
        } else {
            self.by_scim_jwt(tenant, bearer, presented).await?
        };
        match caller.tenant.status {
            TenantStatus::Active => {}
            TenantStatus::Suspended => return Err(suspended()),
            TenantStatus::Deleted => return Err(tenants::not_found()),
        }
        self.rates().count_request(caller.tenant.key, caller.tenant.limits.requests_per_second_max)?;
        Ok(caller)
    }

    /// Who calls an admin route. Whoever wants to change something needs [`AdminCaller::writer`]
    /// besides.
    ///
    /// # Errors
    /// [`ServiceError::Unauthenticated`], SCIM tokens among it; [`ServiceError::Forbidden`] for a
    /// good JWT without role or scope, or of a suspended tenant.
    pub async fn authenticate_admin(&self, presented: &Presented<'_>) -> Result<AdminCaller, ServiceError> {
        let bearer = bearer(presented.authorization)?;
        let (grant, standing) = self.by_jwt(bearer).await?;
        let (reach, is_admin) = match standing {
            Standing::Platform => (Reach::All, grant.has_role(SUPER_ADMIN)),
            Standing::Bound(tenant) if tenant.status == TenantStatus::Active => {
                (Reach::Tenant(tenant), grant.has_role(TENANT_ADMIN))
            }
            Standing::Bound(_) => return Err(suspended()),
            Standing::Gone => return Err(refused(GONE)),
        };
        let may_write = is_admin || grant.has_scope(ADMIN_WRITE);
        if !may_write && !grant.has_scope(ADMIN_READ) {
            return Err(ServiceError::Forbidden(NEEDS_ADMIN.into()));
        }
        Ok(AdminCaller { actor: grant.actor.clone(), reach, may_write, request_id: presented.request_id.to_owned() })
    }

    /// Somebody at the command line, who can read and write the database anyway.
    #[must_use]
    pub fn operator(&self, request_id: &str) -> AdminWriter {
        AdminWriter::of_operator(AdminCaller {
            actor: Actor::Operator,
            reach: Reach::All,
            may_write: true,
            request_id: request_id.to_owned(),
        })
    }

    async fn by_scim_token(
        &self,
        segment: &str,
        text: &str,
        presented: &Presented<'_>,
    ) -> Result<ScimCaller, ServiceError> {
        let now = self.now();
        let known = self.known_token(segment, text, now).await?;
        if !known.tenant.is_named(segment) {
            return Err(refused("the SCIM token belongs to another tenant"));
        }
        known.check(now)?;
        known.admit(presented.address)?;
        self.end_overlap_after_use(&known, now).await?;
        let token = &known.token;
        self.usage().count_token(token.tenant, token.pk, presented.address, presented.user_agent, now);
        Ok(ScimCaller {
            tenant: Arc::clone(&known.tenant),
            actor: Actor::ScimToken(token.id),
            scopes: Scopes::from_bits(token.scopes),
            identity_provider: known.provider,
            request_id: presented.request_id.to_owned(),
        })
    }

    async fn known_token(&self, segment: &str, text: &str, now: i64) -> Result<Arc<KnownToken>, ServiceError> {
        let cache = &self.caches().tokens;
        let hash = secret::hash(text);
        if let Some(known) = cache.get(&hash, now) {
            return Ok(known);
        }
        if !secret::well_formed(SCIM_TOKEN, text) {
            return Err(refused("the SCIM token has a typing error"));
        }
        let begun = cache.begin();
        let named = segment.to_owned();
        let found = self
            .store()
            .read(move |tx| {
                Box::pin(async move {
                    let Some(tenant) = store::tenants::named(tx, &named).await? else { return Ok(None) };
                    let token = store::scim_tokens::by_hash(tx, tenant.key, &hash).await?;
                    Ok(token.map(|(token, secret)| (tenant, token, secret)))
                })
            })
            .await?;
        let (tenant, token, secret) = found.ok_or_else(|| refused("the tenant has no such SCIM token"))?;
        let known = Arc::new(KnownToken {
            tenant: Arc::new(self.tenant(tenant)),
            secret,
            networks: token.allowed_ips.iter().filter_map(|network| network.parse().ok()).collect(),
            provider: IdentityProvider::from_name(&token.identity_provider).unwrap_or_default(),
            token,
        });
        cache.put(begun, hash, Arc::clone(&known), now);
        Ok(known)
    }

    /// The first use of a new secret shortens the life of the one before.
    async fn end_overlap_after_use(&self, known: &KnownToken, now: i64) -> Result<(), ServiceError> {
        let until = now + OVERLAP_AFTER_USE_MS;
        if known.secret != Secret::Current || known.token.previous_until.is_none_or(|end| end <= until) {
            return Ok(());
        }
        let (tenant, pk): (TenantKey, i64) = (known.token.tenant, known.token.pk);
        self.store()
            .write(move |tx| Box::pin(async move { store::scim_tokens::end_overlap(tx, tenant, pk, until).await }))
            .await?;
        self.forget();
        Ok(())
    }

    async fn by_scim_jwt(
        &self,
        segment: &str,
        text: &str,
        presented: &Presented<'_>,
    ) -> Result<ScimCaller, ServiceError> {
        let (grant, standing) = self.by_jwt(text).await?;
        let tenant = match standing {
            Standing::Bound(tenant) if tenant.is_named(segment) => tenant,
            Standing::Bound(_) => return Err(refused("the JWT is bound to another tenant")),
            Standing::Gone => return Err(refused(GONE)),
            Standing::Platform => self.known_tenant(segment).await?.ok_or_else(tenants::not_found)?,
        };
        let scopes = if grant.has_scope(SCIM_WRITE) || grant.has_scope(ADMIN_WRITE) {
            Scopes::ALL
        } else if grant.has_scope(SCIM_READ) {
            Scopes::READ
        } else {
            let needed = "The access token lacks the scope scim:read or scim:write";
            return Err(ServiceError::Forbidden(needed.into()));
        };
        Ok(ScimCaller {
            tenant,
            actor: grant.actor.clone(),
            scopes,
            identity_provider: IdentityProvider::Generic,
            request_id: presented.request_id.to_owned(),
        })
    }

    /// What a JWT grants, and where it stands.
    async fn by_jwt(&self, text: &str) -> Result<(Arc<Grant>, Standing), ServiceError> {
        let hash = secret::hash(text);
        let now = self.now();
        let caches = self.caches();
        let grant = if let Some(grant) = caches.grants.get(&hash, now) {
            grant
        } else {
            let begun = caches.grants.begin();
            let grant = Arc::new(self.verify_jwt(text).await?.ok_or_else(|| refused("the JWT is not valid"))?);
            caches.grants.put(begun, hash, Arc::clone(&grant), now);
            grant
        };
        if grant.expires_at <= now {
            return Err(refused("the JWT is expired"));
        }
        let standing = if let Some(standing) = caches.standings.get(&hash, now) {
            standing
        } else {
            let begun = caches.standings.begin();
            let standing = self.standing(&grant).await?;
            caches.standings.put(begun, hash, standing.clone(), now);
            standing
        };
        Ok((grant, standing))
    }

    async fn standing(&self, grant: &Grant) -> Result<Standing, ServiceError> {
        let (client_id, named) = (grant.client_id.clone(), grant.tenant.clone());
        let (application, tenant) = self
            .store()
            .read(move |tx| {
                Box::pin(async move {
                    let application = match &client_id {
                        Some(client_id) => Some(store::applications::by_client_id(tx, client_id).await?),
                        None => None,
                    };
                    let tenant = match &named {
                        Some(named) => Some(store::tenants::named(tx, named).await?),
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
            Some(Some(tenant)) if tenant.status != TenantStatus::Deleted => {
                Standing::Bound(Arc::new(self.tenant(tenant)))
            }
            Some(_) => Standing::Gone,
        })
    }

    async fn known_tenant(&self, segment: &str) -> Result<Option<Arc<Tenant>>, ServiceError> {
        let now = self.now();
        let cache = &self.caches().tenants;
        if let Some(known) = cache.get(segment, now) {
            return Ok(Some(known));
        }
        let begun = cache.begin();
        let named = segment.to_owned();
        let found =
            self.store().read(move |tx| Box::pin(async move { store::tenants::named(tx, &named).await })).await?;
        let Some(tenant) = found else { return Ok(None) };
        let tenant = Arc::new(self.tenant(tenant));
        cache.put(begun, segment.to_owned(), Arc::clone(&tenant), now);
        Ok(Some(tenant))
    }
}

impl KnownToken {
    /// Refuses a token that is not active, or shown with a secret whose time is over.
    fn check(&self, now: i64) -> Result<(), ServiceError> {
        let is_over = match self.secret {
            Secret::Current => false,
            Secret::Previous => self.token.previous_until.is_none_or(|until| until <= now),
        };
        match self.token.status(now) {
            TokenStatus::Active if is_over => Err(refused("the secret was replaced by a rotation")),
            TokenStatus::Active => Ok(()),
            TokenStatus::Disabled => Err(refused("the SCIM token is switched off")),
            TokenStatus::Expired => Err(refused("the SCIM token is expired")),
            TokenStatus::Revoked => Err(refused("the SCIM token is revoked")),
        }
    }

    /// Refuses addresses that are not on the token's list, if it has one.
    fn admit(&self, address: Option<IpAddr>) -> Result<(), ServiceError> {
        if self.token.allowed_ips.is_empty() {
            return Ok(());
        }
        // An IPv4 client of a dual-stack listener is still an IPv4 client.
        let address = address.map(|address| address.to_canonical());
        match address {
            Some(address) if self.networks.iter().any(|network| network.contains(&address)) => Ok(()),
            Some(address) => Err(ServiceError::Forbidden(format!("The token may not be used from {address}"))),
            None => Err(ServiceError::Forbidden("The token may not be used from an unknown address".into())),
        }
    }
}

/// The token of the header `Authorization: Bearer …` (RFC 6750 §2.1). The scheme's case does not
/// matter (RFC 9110 §11.1).
fn bearer(authorization: Option<&str>) -> Result<&str, ServiceError> {
    let missing = ServiceError::Unauthenticated(Credential::Missing);
    let Some((scheme, token)) = authorization.and_then(|header| header.trim().split_once(' ')) else {
        return Err(missing);
    };
    let token = token.trim();
    if scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() { Ok(token) } else { Err(missing) }
}

const GONE: &str = "the JWT's client or tenant is deleted, or the client is switched off";

/// The one answer to every bad credential. The log says why.
fn refused(reason: &'static str) -> ServiceError {
    tracing::info!(reason, "a credential was refused");
    ServiceError::Unauthenticated(Credential::Refused)
}

fn suspended() -> ServiceError {
    ServiceError::Forbidden("The tenant is suspended".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_is_read_without_case_and_nothing_else_is_a_bearer_token() {
        assert_eq!(bearer(Some("Bearer abc")).unwrap(), "abc");
        assert_eq!(bearer(Some("bearer  abc ")).unwrap(), "abc");
        for other in [None, Some(""), Some("Bearer"), Some("Bearer "), Some("Basic YTpi"), Some("abc")] {
            assert!(matches!(bearer(other), Err(ServiceError::Unauthenticated(Credential::Missing))), "{other:?}");
        }
    }
}
