//! Secret or JWT -> caller. The only place that makes callers.

use std::net::IpAddr;

use crate::App;
use crate::caller::{AdminCaller, ScimCaller};
use crate::error::{Credential, ServiceError};

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
    /// no SCIM scope; [`ServiceError::TooManyRequests`] above the tenant's rate.
    #[expect(clippy::unused_async, reason = "the body follows with the store")]
    pub async fn authenticate_scim(&self, tenant: &str, presented: &Presented<'_>) -> Result<ScimCaller, ServiceError> {
        let _ = (tenant, presented);
        Err(ServiceError::Unauthenticated(Credential::Refused))
    }

    /// Who calls an admin route. Whoever wants to change something needs [`AdminCaller::writer`]
    /// besides.
    ///
    /// # Errors
    /// [`ServiceError::Unauthenticated`], SCIM tokens among it; [`ServiceError::Forbidden`] for a
    /// good JWT without role or scope.
    #[expect(clippy::unused_async, reason = "the body follows with the store")]
    pub async fn authenticate_admin(&self, presented: &Presented<'_>) -> Result<AdminCaller, ServiceError> {
        let _ = presented;
        Err(ServiceError::Unauthenticated(Credential::Refused))
    }
}
