//! Secret or JWT -> caller. The only place that makes callers.
//!
//! What can be refused without the database is: a SCIM token by its checksum, a JWT by its
//! signature. What was looked up is believed until a change of it is heard of, see [`crate::cache`].

mod by_jwt;
mod by_token;
mod refused;

use std::net::IpAddr;
use std::sync::Arc;

use store::tenants::TenantStatus;

use crate::App;
use crate::applications::{ADMIN_READ, ADMIN_WRITE, SUPER_ADMIN, TENANT_ADMIN};
use crate::caller::{Actor, AdminCaller, AdminWriter, IdentityProvider, NEEDS_ADMIN, Reach, ScimCaller};
use crate::error::ServiceError;
use crate::secret::SCIM_TOKEN;
use crate::tenants::{self, Tenant};

pub(crate) use by_jwt::Standing;
pub(crate) use by_token::KnownToken;
pub use refused::{Holder, Reason, Refused, Why};

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

impl App {
    /// Who calls a SCIM route of the tenant that the path names by id or slug.
    ///
    /// # Errors
    /// [`ServiceError::Unauthenticated`] for every credential that does not open that tenant;
    /// with one that does: [`ServiceError::NotFound`] when the tenant is deleted,
    /// [`ServiceError::Forbidden`] when it is suspended, the address is not allowed, or a JWT has
    /// no SCIM scope; [`ServiceError::TooManyRequests`] above the tenant's rate. With each comes why.
    pub async fn authenticate_scim(&self, tenant: &str, presented: &Presented<'_>) -> Result<ScimCaller, Refused> {
        let bearer = bearer(presented.authorization)?;
        let caller = if bearer.starts_with(SCIM_TOKEN) {
            self.by_scim_token(tenant, bearer, presented).await?
        } else {
            self.by_scim_jwt(tenant, bearer, presented).await?
        };
        let refuse = |error, reason| Err(Refused::with(error, reason, Some(Holder::of(&caller))));
        match caller.tenant.status {
            TenantStatus::Active => {}
            TenantStatus::Suspended => return refuse(suspended(), Reason::TenantSuspended),
            TenantStatus::Deleted => return refuse(tenants::not_found(), Reason::TenantDeleted),
        }
        match self.rates().count_request(caller.tenant.key, caller.tenant.limits.requests_per_second_max) {
            Ok(()) => Ok(caller),
            Err(error) => refuse(error, Reason::TooOften),
        }
    }

    /// Who calls an admin route. Whoever wants to change something needs [`AdminCaller::writer`]
    /// besides.
    ///
    /// # Errors
    /// [`ServiceError::Unauthenticated`], SCIM tokens among it; [`ServiceError::Forbidden`] for a
    /// good JWT without role or scope, or of a suspended tenant.
    pub async fn authenticate_admin(&self, presented: &Presented<'_>) -> Result<AdminCaller, Refused> {
        let bearer = bearer(presented.authorization)?;
        let (grant, standing) = self.by_jwt(bearer).await?;
        let holder = |tenant: Option<Arc<Tenant>>| {
            Some(Holder { tenant, actor: grant.actor.clone(), identity_provider: IdentityProvider::Generic })
        };
        let (reach, is_admin) = match standing {
            Standing::Platform => (Reach::All, grant.has_role(SUPER_ADMIN)),
            Standing::Bound(tenant, _) if tenant.status == TenantStatus::Active => {
                (Reach::Tenant(tenant), grant.has_role(TENANT_ADMIN))
            }
            Standing::Bound(tenant, _) => {
                return Err(Refused::with(suspended(), Reason::TenantSuspended, holder(Some(tenant))));
            }
            Standing::Gone => return Err(Refused::credential(Reason::Gone, None)),
        };
        let may_write = is_admin || grant.has_scope(ADMIN_WRITE);
        if !may_write && !grant.has_scope(ADMIN_READ) {
            let tenant = match reach {
                Reach::All => None,
                Reach::Tenant(tenant) => Some(tenant),
            };
            return Err(Refused::with(ServiceError::Forbidden(NEEDS_ADMIN.into()), Reason::Scope, holder(tenant)));
        }
        Ok(AdminCaller {
            actor: grant.actor.clone(),
            reach,
            may_write,
            request_id: presented.request_id.to_owned(),
            address: presented.address,
            user_agent: presented.user_agent.map(str::to_owned),
        })
    }

    /// Somebody at the command line, who can read and write the database anyway.
    #[must_use]
    pub fn operator(&self, request_id: &str) -> AdminWriter {
        AdminWriter::of_operator(AdminCaller {
            actor: Actor::Operator,
            reach: Reach::All,
            may_write: true,
            request_id: request_id.to_owned(),
            address: None,
            user_agent: None,
        })
    }
}

/// The token of the header `Authorization: Bearer …` (RFC 6750 §2.1). The scheme's case does not
/// matter (RFC 9110 §11.1).
fn bearer(authorization: Option<&str>) -> Result<&str, Refused> {
    let parts = authorization.and_then(|header| header.trim().split_once(' '));
    let token = parts.and_then(|(scheme, token)| scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()));
    token.filter(|token| !token.is_empty()).ok_or_else(|| Refused::credential(Reason::Missing, None))
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
            assert_eq!(bearer(other).unwrap_err().why.unwrap().reason, Reason::Missing, "{other:?}");
        }
    }
}
