//! The token endpoint: client credentials become an access token (RFC 6749 §4.4).

mod request;

use std::net::IpAddr;

use jsonwebtoken::Header;
use store::applications::Application;
use store::tenants::TenantStatus;

use crate::App;
use crate::applications::Kind;
use crate::error::ServiceError;
use crate::jwt::{ACCESS_TOKEN, CLIENT_CREDENTIALS, Claims};
use crate::secret;

use request::{Credentials, Fields, credentials, narrowed};

/// Below the public address: the issuer of GLOBAL clients' tokens.
pub const PLATFORM_ISSUER: &str = "/api/v1/platform/oauth";
/// Below the public address, before the slug: the issuer of TENANT clients' tokens.
pub const TENANT_ISSUERS: &str = "/api/v1/auth/tenants/";

/// Why there is no access token (RFC 6749 §5.2).
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// A parameter is missing, repeated, or makes no sense.
    #[error("{0}")]
    InvalidRequest(String),
    /// No such client, a wrong secret, or a client that may not come here: which, nobody is told.
    #[error("The client is unknown, or its credentials are wrong")]
    InvalidClient,
    /// The client is known and may not have a token now.
    #[error("{0}")]
    UnauthorizedClient(String),
    /// Not `client_credentials`.
    #[error("The only grant type here is client_credentials")]
    UnsupportedGrantType,
    /// More than the client may have.
    #[error("{0}")]
    InvalidScope(String),
    /// Too many failed attempts, or the database does not answer.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// A request for an access token.
#[derive(Debug, Clone, Copy)]
pub struct TokenRequest<'a> {
    /// The tenant's slug or id in the path; `None` at the platform's endpoint.
    pub tenant: Option<&'a str>,
    /// The header `Authorization`.
    pub authorization: Option<&'a str>,
    /// The fields of the body.
    pub fields: &'a [(String, String)],
    /// Where it comes from.
    pub address: Option<IpAddr>,
    /// Under which address we were reached, without a slash at the end.
    pub base_url: &'a str,
}

/// An access token (RFC 6749 §5.1).
#[derive(Debug)]
pub struct AccessToken {
    /// The JWT.
    pub token: String,
    /// How many seconds it lasts.
    pub expires_in: u32,
    /// Its scopes, separated by spaces.
    pub scope: String,
}

impl App {
    /// Gives an access token to a client that proves who it is.
    ///
    /// # Errors
    /// [`TokenError`].
    pub async fn issue_access_token(&self, request: &TokenRequest<'_>) -> Result<AccessToken, TokenError> {
        let fields = Fields::read(request.fields)?;
        let credentials = credentials(request.authorization, &fields)?;
        match fields.grant_type {
            None => return Err(TokenError::InvalidRequest("The parameter grant_type is missing".into())),
            Some(CLIENT_CREDENTIALS) => {}
            Some(_) => return Err(TokenError::UnsupportedGrantType),
        }
        let client = match credentials {
            Some(credentials) => self.authenticate_client(request.tenant, &credentials).await?,
            None => None,
        };
        let Some((application, slug)) = client else {
            let who = request.address.map_or_else(|| "unknown".to_owned(), |ip| ip.to_string());
            self.rates().count_failure(&who)?;
            return Err(TokenError::InvalidClient);
        };
        let scope = narrowed(&application.scopes, fields.scope)?;
        self.sign(&application, slug.as_deref(), scope, request.base_url).await
    }

    /// The client with these credentials, and its tenant's slug, if it may come to this endpoint.
    async fn authenticate_client(
        &self,
        tenant: Option<&str>,
        credentials: &Credentials,
    ) -> Result<Option<(Application, Option<String>)>, TokenError> {
        if !secret::well_formed(secret::CLIENT_SECRET, &credentials.secret) {
            return Ok(None);
        }
        let (client_id, tenant) = (credentials.client_id.clone(), tenant.map(str::to_owned));
        let (application, tenant) = self
            .store()
            .read(move |tx| {
                Box::pin(async move {
                    let application = store::applications::by_client_id(tx, &client_id).await?;
                    let tenant = match &tenant {
                        Some(named) => Some(store::tenants::named(tx, named).await?),
                        None => None,
                    };
                    Ok((application, tenant))
                })
            })
            .await
            .map_err(ServiceError::from)?;
        let Some(application) = application else { return Ok(None) };
        let at_home = match &tenant {
            None => application.tenant.is_none(),
            Some(None) => false,
            Some(Some(tenant)) => {
                tenant.status != TenantStatus::Deleted && application.tenant.map(|(key, _)| key) == Some(tenant.key)
            }
        };
        let live = application.is_active && application.deleted_at.is_none();
        if !at_home || !live || !knows_secret(&application, &credentials.secret, self.now()) {
            return Ok(None);
        }
        let tenant = tenant.flatten();
        if tenant.as_ref().is_some_and(|tenant| tenant.status == TenantStatus::Suspended) {
            return Err(TokenError::UnauthorizedClient("The tenant is suspended".into()));
        }
        Ok(Some((application, tenant.map(|tenant| tenant.slug))))
    }

    async fn sign(
        &self,
        application: &Application,
        slug: Option<&str>,
        scope: String,
        base_url: &str,
    ) -> Result<AccessToken, TokenError> {
        let settings = self.settings();
        let issued_at = self.now().div_euclid(1000);
        let is_global = Kind::of(application) == Kind::Global;
        let base = settings.public_url.as_deref().unwrap_or(base_url);
        let claims = Claims {
            iss: issuer(base, slug),
            aud: settings.audience.clone(),
            sub: application.client_id.clone(),
            iat: issued_at,
            exp: issued_at + i64::from(settings.access_token_lifetime_s),
            jti: self.new_id(*b"jwt").to_string(),
            client_id: application.client_id.clone(),
            scope: scope.clone(),
            token_type: CLIENT_CREDENTIALS.to_owned(),
            tenant_id: application.tenant.map(|(_, id)| id.to_string()),
            platform_token: is_global.then_some(true),
            app_scope: is_global.then(|| Kind::Global.name().to_owned()),
            // Whoever asks for less than everything wants a token that can do less: a role would
            // undo that.
            role: application.role.clone().filter(|_| scope == application.scopes),
        };
        let ring = self.key_ring().await?;
        let header = Header {
            typ: Some(ACCESS_TOKEN.to_owned()),
            kid: Some(ring.signing.kid.clone()),
            ..Header::new(ring.signing.algorithm)
        };
        let token =
            jsonwebtoken::encode(&header, &claims, &ring.signing.key).map_err(|e| ServiceError::Key(e.to_string()))?;
        Ok(AccessToken { token, expires_in: settings.access_token_lifetime_s, scope })
    }

    /// Whether `iss` names one of our own token endpoints. Without a public address any host will
    /// do: the signature says that it is ours.
    pub(crate) fn is_own_issuer(&self, issuer: &str) -> bool {
        let path = match &self.settings().public_url {
            Some(base) => issuer.strip_prefix(base.as_str()),
            None => issuer.find("/api/v1/").and_then(|at| issuer.get(at..)),
        };
        path.is_some_and(|path| path == PLATFORM_ISSUER || path.starts_with(TENANT_ISSUERS))
    }
}

/// The issuer of tokens of the platform's clients, or of a tenant's.
#[must_use]
pub fn issuer(base_url: &str, slug: Option<&str>) -> String {
    match slug {
        None => format!("{base_url}{PLATFORM_ISSUER}"),
        Some(slug) => format!("{base_url}{TENANT_ISSUERS}{slug}"),
    }
}

fn knows_secret(application: &Application, secret: &str, now: i64) -> bool {
    let hash = secret::hash(secret);
    let is_previous = match (&application.previous_hash, application.previous_until) {
        (Some(previous), Some(until)) => secret::same(previous, &hash) && until > now,
        (_, _) => false,
    };
    secret::same(&application.hash, &hash) || is_previous
}
