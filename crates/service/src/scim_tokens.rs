//! SCIM tokens: issue, list, update, rotate, revoke, and what an IT admin needs to use one.

mod endpoint_info;
mod requests;

use std::sync::Arc;

use scim::id::Id;
use store::audit;
use store::scim_tokens::{NewToken, SecretMark, TokenChange, TokenFilter};
use store::usage::HOUR_MS;

use crate::App;
use crate::caller::{AdminCaller, AdminWriter, Scopes};
use crate::error::{FieldError, ServiceError};
use crate::page::PageOf;
use crate::secret::{RotateSecret, SCIM_TOKEN, TokenSecret};
use crate::tenants::{Tenant, TenantStatus};

pub use endpoint_info::{AskEndpointInfo, ENDPOINTS_LISTED_MAX, EndpointInfo, EndpointInfos};
pub use requests::{CreateScimToken, Expiry, ListScimTokens, UpdateScimToken};
pub use store::scim_tokens::{ScimToken, TokenStatus};
pub use store::usage::Health;

/// What ids of SCIM tokens begin with.
pub const PREFIX: [u8; 3] = *b"sct";
/// How long the old secret is good once the new one has been used.
pub const OVERLAP_AFTER_USE_MS: i64 = 5 * 60 * 1000;
/// How many addresses and networks a token's allow list holds at most.
pub const ALLOWED_IPS_MAX: usize = 100;
/// How many days ahead `expires_in_days` reaches.
pub const EXPIRES_IN_DAYS_MAX: u32 = 3650;

const DAY_MS: i64 = 24 * HOUR_MS;

/// A token as it is stored and listed, and the secret that goes with it.
#[derive(Debug)]
pub struct IssuedToken {
    /// The token.
    pub token: ScimToken,
    /// Shown once, in the response to the request that created it.
    pub secret: TokenSecret,
}

impl App {
    /// Issues a token.
    ///
    /// # Errors
    /// [`ServiceError::Validation`] for a tenant that is missing, or unknown to this caller, and
    /// for an end that is not ahead.
    pub async fn issue_scim_token(
        &self,
        caller: &AdminWriter,
        request: CreateScimToken,
    ) -> Result<IssuedToken, ServiceError> {
        let now = self.now();
        let tenant = self.tenant_in_body(caller, request.tenant.as_deref()).await?;
        let expires_at = match request.expires {
            Expiry::Never => None,
            Expiry::At(at) => Some(in_future(at, now)?),
            Expiry::InDays(days) => Some(now + i64::from(days) * DAY_MS),
        };
        let secret = self.new_secret(SCIM_TOKEN);
        let new = Arc::new(NewToken {
            id: self.new_id(PREFIX),
            name: request.name,
            description: request.description,
            secret: mark(&secret),
            scopes: request.scopes.bits(),
            allowed_ips: request.allowed_ips,
            identity_provider: request.identity_provider.name().to_owned(),
            expires_at,
            created_by: caller.actor.to_string(),
        });
        let entry = caller.entry(now, "scim_token.create", Some(tenant.key), new.id, &[]);
        let written = self.store().write(move |tx| {
            let (new, entry) = (Arc::clone(&new), entry.clone());
            Box::pin(async move {
                let token = store::scim_tokens::insert(tx, tenant.key, &new, now).await?;
                audit::insert(tx, &entry).await?;
                Ok(token)
            })
        });
        Ok(IssuedToken { token: written.await?, secret })
    }

    /// A page of the tokens that the caller can see, newest first.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when it filters by a tenant that the caller cannot see.
    pub async fn list_scim_tokens(
        &self,
        caller: &AdminCaller,
        request: ListScimTokens,
    ) -> Result<PageOf<ScimToken>, ServiceError> {
        let tenant = match &request.tenant {
            Some(tenant) => Some(self.get_tenant(caller, tenant).await?.key),
            None => caller.bound_to(),
        };
        let (now, page) = (self.now(), request.page);
        let filter = TokenFilter {
            tenant,
            status: request.status,
            search: request.search,
            include_revoked: request.include_revoked,
        };
        let listed = self
            .store()
            .read(move |tx| Box::pin(async move { store::scim_tokens::list(tx, &filter, now, page.rows()).await }))
            .await?;
        Ok(page.of(listed, |token| self.with_latest_use(token)))
    }

    /// A token that the caller can see, revoked or not.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn get_scim_token(&self, caller: &AdminCaller, id: &str) -> Result<ScimToken, ServiceError> {
        let id = token_id(id)?;
        let tenant = caller.bound_to();
        let found = self
            .store()
            .read(move |tx| Box::pin(async move { store::scim_tokens::by_id(tx, tenant, id).await }))
            .await?;
        found.map(|token| self.with_latest_use(token)).ok_or_else(not_found)
    }

    /// Changes a token. Takes effect at once.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; [`ServiceError::Conflict`] for a revoked token;
    /// [`ServiceError::Validation`] for an end that is not ahead.
    pub async fn update_scim_token(
        &self,
        caller: &AdminWriter,
        id: &str,
        request: UpdateScimToken,
    ) -> Result<ScimToken, ServiceError> {
        let id = token_id(id)?;
        let now = self.now();
        if let Some(Some(at)) = request.expires_at {
            in_future(at, now)?;
        }
        let changed = request.changed();
        let change = TokenChange {
            name: request.name,
            description: request.description,
            expires_at: request.expires_at,
            scopes: request.scopes.map(Scopes::bits),
            allowed_ips: request.allowed_ips.map(Option::unwrap_or_default),
            identity_provider: request.identity_provider.map(|it| it.name().to_owned()),
            is_active: request.is_active,
        };
        let (tenant, writer) = (caller.bound_to(), caller.clone());
        let updated = self
            .store()
            .write(move |tx| {
                let (change, changed, writer) = (change.clone(), changed.clone(), writer.clone());
                Box::pin(async move {
                    let Some(token) = store::scim_tokens::update(tx, tenant, id, &change, now).await? else {
                        return Ok(Err(store::scim_tokens::by_id(tx, tenant, id).await?));
                    };
                    let entry = writer.entry(now, "scim_token.update", Some(token.tenant), id, &changed);
                    audit::insert(tx, &entry).await?;
                    Ok(Ok(token))
                })
            })
            .await?;
        updated.map(|token| self.with_latest_use(token)).map_err(|there| unchanged(there.is_some()))
    }

    /// Revokes a token for good; it is refused at once. Revoking it again changes nothing.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn revoke_scim_token(&self, caller: &AdminWriter, id: &str) -> Result<(), ServiceError> {
        let id = token_id(id)?;
        let now = self.now();
        let (tenant, writer) = (caller.bound_to(), caller.clone());
        let found = self
            .store()
            .write(move |tx| {
                let writer = writer.clone();
                Box::pin(async move {
                    let by = writer.actor.to_string();
                    match store::scim_tokens::revoke(tx, tenant, id, &by, now).await? {
                        Some(token) => {
                            let entry = writer.entry(now, "scim_token.revoke", Some(token.tenant), id, &[]);
                            audit::insert(tx, &entry).await?;
                            Ok(true)
                        }
                        None => Ok(store::scim_tokens::by_id(tx, tenant, id).await?.is_some()),
                    }
                })
            })
            .await?;
        if found { Ok(()) } else { Err(not_found()) }
    }

    /// Gives a token another secret. The one it had is good for a while longer, so that the
    /// identity provider can be told in peace.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; [`ServiceError::Conflict`] for a revoked token.
    pub async fn rotate_scim_token(
        &self,
        caller: &AdminWriter,
        id: &str,
        request: RotateSecret,
    ) -> Result<IssuedToken, ServiceError> {
        let id = token_id(id)?;
        let now = self.now();
        let secret = self.new_secret(SCIM_TOKEN);
        let mark = mark(&secret);
        let previous_until = now + i64::from(request.overlap_s) * 1000;
        let (tenant, writer) = (caller.bound_to(), caller.clone());
        let rotated = self
            .store()
            .write(move |tx| {
                let (mark, writer) = (mark.clone(), writer.clone());
                Box::pin(async move {
                    let rotated = store::scim_tokens::rotate(tx, tenant, id, &mark, previous_until, now).await?;
                    let Some(token) = rotated else {
                        return Ok(Err(store::scim_tokens::by_id(tx, tenant, id).await?));
                    };
                    audit::insert(tx, &writer.entry(now, "scim_token.rotate", Some(token.tenant), id, &[])).await?;
                    Ok(Ok(token))
                })
            })
            .await?;
        match rotated {
            Ok(token) => Ok(IssuedToken { token: self.with_latest_use(token), secret }),
            Err(there) => Err(unchanged(there.is_some())),
        }
    }

    /// The tenant that a request body names, or to which the caller is bound. One that the caller
    /// cannot see is told like one that does not exist.
    pub(crate) async fn tenant_in_body(
        &self,
        caller: &AdminCaller,
        named: Option<&str>,
    ) -> Result<Tenant, ServiceError> {
        let wrong = |kind, msg: &str| ServiceError::Validation(vec![FieldError::body("tenant_id", kind, msg)]);
        let found = match (named, &caller.reach) {
            (Some(named), _) => self.get_tenant(caller, named).await,
            (None, crate::Reach::Tenant(own)) => self.get_tenant(caller, &own.id.to_string()).await,
            (None, crate::Reach::All) => return Err(wrong("missing", "Field required")),
        };
        match found {
            Ok(tenant) if tenant.status != TenantStatus::Deleted => Ok(tenant),
            Ok(_) | Err(ServiceError::NotFound(_)) => Err(wrong("value_error", "Value error, no such tenant")),
            Err(other) => Err(other),
        }
    }
}

fn mark(secret: &TokenSecret) -> SecretMark {
    SecretMark { hash: secret.hash(), prefix: secret.prefix(SCIM_TOKEN), last_four: secret.last_four() }
}

fn token_id(text: &str) -> Result<Id, ServiceError> {
    text.parse().map_err(|_| not_found())
}

fn not_found() -> ServiceError {
    ServiceError::NotFound("SCIM token not found".into())
}

/// Why a token was not changed.
fn unchanged(there: bool) -> ServiceError {
    if there { ServiceError::Conflict("The SCIM token is revoked and cannot be changed".into()) } else { not_found() }
}

fn in_future(at: i64, now: i64) -> Result<i64, ServiceError> {
    if at > now {
        return Ok(at);
    }
    let error = FieldError::body("expires_at", "datetime_future", "Input should be in the future");
    Err(ServiceError::Validation(vec![error]))
}
