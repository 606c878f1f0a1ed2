//! The token endpoint: client credentials become an access token (RFC 6749 §4.4).

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::Header;
use store::applications::Application;
use store::tenants::TenantStatus;

use crate::App;
use crate::applications::Kind;
use crate::error::ServiceError;
use crate::jwt::{ACCESS_TOKEN, CLIENT_CREDENTIALS, Claims};
use crate::secret;

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

/// The fields of a token request that we know. Others are ignored (RFC 6749 §3.2).
#[derive(Debug, Default)]
struct Fields<'a> {
    grant_type: Option<&'a str>,
    scope: Option<&'a str>,
    client_id: Option<&'a str>,
    client_secret: Option<&'a str>,
}

impl<'a> Fields<'a> {
    /// RFC 6749 §3.2: a field without a value is as if absent, none may be there twice.
    fn read(pairs: &'a [(String, String)]) -> Result<Self, TokenError> {
        let mut fields = Self::default();
        for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
            let field = match name.as_str() {
                "grant_type" => &mut fields.grant_type,
                "scope" => &mut fields.scope,
                "client_id" => &mut fields.client_id,
                "client_secret" => &mut fields.client_secret,
                _ => continue,
            };
            if field.replace(value).is_some() {
                return Err(TokenError::InvalidRequest(format!("The parameter {name} is there twice")));
            }
        }
        Ok(fields)
    }
}

struct Credentials {
    client_id: String,
    secret: String,
}

/// The client's credentials, from one place or the other (RFC 6749 §2.3.1). `None` when they
/// are missing or cannot be read.
fn credentials(authorization: Option<&str>, fields: &Fields<'_>) -> Result<Option<Credentials>, TokenError> {
    let Some(header) = authorization else {
        let both = fields.client_id.zip(fields.client_secret);
        return Ok(both.map(|(id, secret)| Credentials { client_id: id.to_owned(), secret: secret.to_owned() }));
    };
    if fields.client_secret.is_some() {
        let msg = "Send the client's credentials in the header Authorization or in the body, not in both";
        return Err(TokenError::InvalidRequest(msg.into()));
    }
    let Some(basic) = basic(header) else { return Ok(None) };
    if fields.client_id.is_some_and(|id| id != basic.client_id) {
        return Err(TokenError::InvalidRequest("The client_id in the body is not that of the header".into()));
    }
    Ok(Some(basic))
}

fn basic(header: &str) -> Option<Credentials> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (client_id, secret) = text.split_once(':')?;
    Some(Credentials { client_id: form_decoded(client_id)?, secret: form_decoded(secret)? })
}

/// Decodes application/x-www-form-urlencoded text, as RFC 6749 §2.3.1 wants in Basic credentials.
fn form_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let value = digit(rest.next())? * 16 + digit(rest.next())?;
                u8::try_from(value).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

/// What of the allowed scopes was asked for; all of them if nothing was.
fn narrowed(allowed: &str, asked: Option<&str>) -> Result<String, TokenError> {
    let Some(asked) = asked else { return Ok(allowed.to_owned()) };
    let asked: Vec<&str> = asked.split(' ').filter(|scope| !scope.is_empty()).collect();
    let allowed: Vec<&str> = allowed.split(' ').collect();
    if let Some(other) = asked.iter().find(|scope| !allowed.contains(scope)) {
        let other: String =
            other.chars().filter(|c| (' '..='~').contains(c) && !matches!(c, '"' | '\\')).take(64).collect();
        return Err(TokenError::InvalidScope(format!("The client may not have the scope {other}")));
    }
    Ok(allowed.into_iter().filter(|scope| asked.contains(scope)).collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn basic_credentials_are_form_encoded() {
        let header = |text: &str| format!("Basic {}", STANDARD.encode(text));
        let read = |text: &str| basic(&header(text)).map(|it| (it.client_id, it.secret));

        assert_eq!(read("a%3Ab:c+d%2B"), Some(("a:b".into(), "c d+".into())));
        assert_eq!(read("a:b:c"), Some(("a".into(), "b:c".into())));
        assert_eq!(read("a%zz:b"), None);
        assert_eq!(read("no colon"), None);
        assert!(basic("Bearer abc").is_none());
        assert!(basic("basic YTpi").is_some());
    }

    #[test]
    fn credentials_come_from_one_place_only() {
        let both = pairs(&[("client_id", "a"), ("client_secret", "b")]);
        let fields = Fields::read(&both).unwrap();
        assert!(matches!(credentials(Some("Basic YTpi"), &fields), Err(TokenError::InvalidRequest(_))));

        let other = pairs(&[("client_id", "x")]);
        let fields = Fields::read(&other).unwrap();
        assert!(matches!(credentials(Some("Basic YTpi"), &fields), Err(TokenError::InvalidRequest(_))));
        assert!(credentials(None, &fields).unwrap().is_none());
    }

    #[test]
    fn a_repeated_field_is_an_error_and_an_empty_one_is_absent() {
        assert!(Fields::read(&pairs(&[("scope", "a"), ("scope", "b")])).is_err());
        assert!(Fields::read(&pairs(&[("scope", ""), ("scope", "b"), ("x", "1"), ("x", "2")])).is_ok());
    }

    #[test]
    fn scopes_can_be_narrowed_and_not_widened() {
        assert_eq!(narrowed("admin:read scim:read", None).unwrap(), "admin:read scim:read");
        assert_eq!(narrowed("admin:read scim:read", Some("scim:read scim:read")).unwrap(), "scim:read");
        assert!(matches!(narrowed("admin:read", Some("admin:write")), Err(TokenError::InvalidScope(_))));
    }
}
