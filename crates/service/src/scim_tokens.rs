//! SCIM tokens: issue, list, update, rotate, revoke, and what an IT admin needs to use one.

use std::sync::Arc;

use scim::id::Id;
use store::audit;
use store::scim_tokens::{NewToken, SecretMark, TokenChange, TokenFilter};
use store::usage::HOUR_MS;

use crate::App;
use crate::caller::{AdminCaller, AdminWriter, IdentityProvider, Scopes};
use crate::error::{FieldError, ServiceError};
use crate::form::{self, Form, FromForm};
use crate::page::{PageOf, PageRequest};
use crate::secret::{RotateSecret, SCIM_TOKEN, TokenSecret};
use crate::tenants::{self, Tenant, TenantStatus};

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

/// A request for a new token.
#[derive(Debug, Clone)]
pub struct CreateScimToken {
    /// A name for people.
    pub name: String,
    /// Whose: id or slug. A bound caller need not say.
    pub tenant: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// When it ends.
    pub expires: Expiry,
    /// What it may do.
    pub scopes: Scopes,
    /// Who may use it.
    pub allowed_ips: Vec<String>,
    /// Which product it is for.
    pub identity_provider: IdentityProvider,
}

/// When a token ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// Never.
    Never,
    /// Then.
    At(i64),
    /// So many days after it was issued.
    InDays(u32),
}

/// A request to change a token; `None` leaves things as they are, `Some(None)` clears them.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "as in CreateScimToken")]
pub struct UpdateScimToken {
    pub name: Option<String>,
    pub description: Option<Option<String>>,
    pub expires_at: Option<Option<i64>>,
    pub scopes: Option<Scopes>,
    pub allowed_ips: Option<Option<Vec<String>>>,
    pub identity_provider: Option<IdentityProvider>,
    pub is_active: Option<bool>,
}

/// Which tokens to list.
#[derive(Debug, Clone)]
pub struct ListScimTokens {
    /// Which page.
    pub page: PageRequest,
    /// Only those of this tenant, by id or slug.
    pub tenant: Option<String>,
    /// Only those of this status.
    pub status: Option<TokenStatus>,
    /// Those with this in name, description, prefix or last four characters.
    pub search: Option<String>,
    /// Revoked ones too.
    pub include_revoked: bool,
}

/// What an IT admin needs to connect an identity provider to a tenant.
#[derive(Debug, Clone)]
pub struct EndpointInfo {
    /// The tenant.
    pub tenant: Tenant,
    /// How many of its tokens are active.
    pub active_tokens: u64,
    /// When the first of those ends.
    pub next_expiry: Option<i64>,
    /// How provisioning has been doing in the last 24 hours.
    pub health: Health,
}

/// [`EndpointInfo`] of one tenant, or of which tenants there is one.
#[derive(Debug, Clone)]
pub enum EndpointInfos {
    /// Of the tenant that was asked for.
    One(Box<EndpointInfo>),
    /// The tenants that are not deleted, newest first; at most [`ENDPOINTS_LISTED_MAX`].
    Any(PageOf<Tenant>),
}

/// How many tenants endpoint-info lists at most.
pub const ENDPOINTS_LISTED_MAX: u32 = 100;

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
        self.forget();
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
        self.forget();
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
        self.forget();
        match rotated {
            Ok(token) => Ok(IssuedToken { token: self.with_latest_use(token), secret }),
            Err(there) => Err(unchanged(there.is_some())),
        }
    }

    /// What an IT admin needs to connect an identity provider to a tenant, which a bound caller
    /// need not name; a platform caller who names none gets the list of tenants.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] for a tenant that the caller cannot see, or that is deleted.
    pub async fn endpoint_info(
        &self,
        caller: &AdminCaller,
        tenant: Option<&str>,
    ) -> Result<EndpointInfos, ServiceError> {
        let tenant = match (tenant, &caller.reach) {
            (Some(named), _) => self.get_tenant(caller, named).await?,
            (None, crate::Reach::Tenant(own)) => self.get_tenant(caller, &own.id.to_string()).await?,
            (None, crate::Reach::All) => {
                let page = PageRequest { page: 1, per_page: ENDPOINTS_LISTED_MAX };
                let all = tenants::ListTenants { page, status: None, search: None };
                return Ok(EndpointInfos::Any(self.list_tenants(caller, all).await?));
            }
        };
        if tenant.status == TenantStatus::Deleted {
            return Err(tenants::not_found());
        }
        let (key, now) = (tenant.key, self.now());
        self.flush_usage().await?;
        let ((active_tokens, next_expiry), health) = self
            .store()
            .read(move |tx| {
                Box::pin(async move {
                    let summary = store::scim_tokens::summary(tx, key, now).await?;
                    Ok((summary, store::usage::since(tx, key, now - DAY_MS).await?))
                })
            })
            .await?;
        Ok(EndpointInfos::One(Box::new(EndpointInfo { tenant, active_tokens, next_expiry, health })))
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

/// At least one scope.
fn scopes(value: scim::json::Json) -> form::Read<Scopes> {
    let scopes = form::list(Scopes::NAMES.len(), form::one_of(&Scopes::NAMES))(value)?;
    let scopes = scopes.into_iter().fold(Scopes::NONE, Scopes::union);
    if scopes == Scopes::NONE { form::too_short() } else { Ok(scopes) }
}

impl FromForm for CreateScimToken {
    fn from_form(form: &mut Form) -> Option<Self> {
        let name = form.required("name", form::name(255));
        let tenant = form.optional("tenant_id", form::text(1, 255));
        let description = form.optional("description", form::text(0, 2000));
        let at = form.optional("expires_at", form::time);
        let in_days = form.optional("expires_in_days", form::integer(1, EXPIRES_IN_DAYS_MAX));
        let expires = match (at, in_days) {
            (None, None) => Expiry::Never,
            (Some(at), None) => Expiry::At(at),
            (None, Some(days)) => Expiry::InDays(days),
            (Some(_), Some(_)) => {
                let msg = "Value error, give expires_at or expires_in_days, not both";
                form.wrong("expires_in_days", "value_error", msg);
                return None;
            }
        };
        let scopes = form.optional("scopes", scopes).unwrap_or(Scopes::ALL);
        let allowed_ips = form.optional("allowed_ips", form::list(ALLOWED_IPS_MAX, form::network)).unwrap_or_default();
        let provider = form.optional("identity_provider", form::one_of(&IdentityProvider::NAMES)).unwrap_or_default();
        Some(Self { name: name?, tenant, description, expires, scopes, allowed_ips, identity_provider: provider })
    }
}

impl FromForm for UpdateScimToken {
    fn from_form(form: &mut Form) -> Option<Self> {
        Some(Self {
            name: form.settable("name", form::name(255)),
            description: form.clearable("description", form::text(0, 2000)),
            expires_at: form.clearable("expires_at", form::time),
            scopes: form.settable("scopes", scopes),
            allowed_ips: form.clearable("allowed_ips", form::list(ALLOWED_IPS_MAX, form::network)),
            identity_provider: form.settable("identity_provider", form::one_of(&IdentityProvider::NAMES)),
            is_active: form.settable("is_active", form::boolean),
        })
    }
}

impl UpdateScimToken {
    /// The names of what it changes, for the audit.
    fn changed(&self) -> Vec<&'static str> {
        [
            ("name", self.name.is_some()),
            ("description", self.description.is_some()),
            ("expires_at", self.expires_at.is_some()),
            ("scopes", self.scopes.is_some()),
            ("allowed_ips", self.allowed_ips.is_some()),
            ("identity_provider", self.identity_provider.is_some()),
            ("is_active", self.is_active.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, changes)| changes.then_some(name))
        .collect()
    }
}

impl FromForm for ListScimTokens {
    fn from_form(form: &mut Form) -> Option<Self> {
        Some(Self {
            page: PageRequest::read(form),
            tenant: form.optional("tenant_id", form::text(0, 255)),
            status: form.optional("status", form::one_of(&TokenStatus::NAMES)),
            search: form.optional("search", form::text(0, 255)),
            include_revoked: form.optional("include_revoked", form::boolean_text).unwrap_or(false),
        })
    }
}

/// Which tenant endpoint-info is asked for.
#[derive(Debug, Clone)]
pub struct AskEndpointInfo {
    /// Id or slug.
    pub tenant: Option<String>,
}

impl FromForm for AskEndpointInfo {
    fn from_form(form: &mut Form) -> Option<Self> {
        Some(Self { tenant: form.optional("tenant_id", form::text(0, 255)) })
    }
}
