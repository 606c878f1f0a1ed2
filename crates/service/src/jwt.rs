//! JWTs: ours and those of trusted issuers become a [`Grant`], or nothing.
//!
//! The algorithm is never the token's choice: each key verifies what its kind allows, `none` and
//! HMAC are not even parsed into one of those (RFC 8725 §3.1). Times are compared with our own
//! clock.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use scim::json::{Json, Object};
use serde::{Deserialize, Serialize};

use crate::App;
use crate::cache::UNCONFIRMED_MS_MAX;
use crate::caller::Actor;
use crate::error::ServiceError;
use crate::settings::TrustedIssuer;

/// The `typ` of our access tokens (RFC 9068 §2.1): nothing else that our keys sign is one.
pub(crate) const ACCESS_TOKEN: &str = "at+jwt";

/// A JWT longer than this is not looked at.
const JWT_BYTES_MAX: usize = 16 * 1024;

/// How far the clocks of other issuers may be off.
const LEEWAY_S: i64 = 60;

/// The claims of our access tokens (RFC 7519 §4, RFC 9068 §2.2).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) iss: String,
    pub(crate) aud: String,
    pub(crate) sub: String,
    pub(crate) iat: i64,
    pub(crate) exp: i64,
    pub(crate) jti: String,
    pub(crate) client_id: String,
    pub(crate) scope: String,
    pub(crate) token_type: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) tenant_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) platform_token: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) app_scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) role: Option<String>,
}

/// The `token_type` of our access tokens.
pub(crate) const CLIENT_CREDENTIALS: &str = "client_credentials";

/// What a verified JWT says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) actor: Actor,
    /// Whether it is one of ours: then its client must still be there.
    pub(crate) client_id: Option<String>,
    /// The tenant that it is bound to, by id or slug; `None` is the platform.
    pub(crate) tenant: Option<String>,
    pub(crate) roles: Vec<String>,
    pub(crate) scopes: Vec<String>,
    /// In milliseconds.
    pub(crate) expires_at: i64,
}

impl Grant {
    pub(crate) fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|has| has == role)
    }

    pub(crate) fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|has| has == scope)
    }
}

impl App {
    /// What a JWT says, if it is good now.
    ///
    /// # Errors
    /// [`ServiceError::Store`] and [`ServiceError::Key`] when our own keys cannot be read, and
    /// [`ServiceError::IssuerSilent`] for those of others: that is not the token's fault.
    pub(crate) async fn verify_jwt(&self, token: &str) -> Result<Option<Grant>, ServiceError> {
        let Some((header, issuer)) = outline(token) else { return Ok(None) };
        let Some(trusted) = self.issuers().iter().find(|trusted| trusted.settings().issuer == issuer) else {
            return self.verify_own(token, &header, &issuer).await;
        };
        let keys = trusted.keys(header.kid.as_deref(), self.now()).await?;
        let claims = keys.iter().find_map(|key| key.verify::<Object>(token, header.alg));
        Ok(claims.and_then(|claims| external(&claims, trusted.settings(), self.now())))
    }

    async fn verify_own(&self, token: &str, header: &Header, issuer: &str) -> Result<Option<Grant>, ServiceError> {
        let Some(kid) = header.kid.as_deref() else { return Ok(None) };
        if header.typ.as_deref() != Some(ACCESS_TOKEN) || !self.is_own_issuer(issuer) {
            return Ok(None);
        }
        let mut ring = self.key_ring().await?;
        if !ring.verifying.contains_key(kid) {
            // Another process may have made it just now. Asked at most once a second, whatever comes.
            ring = self.key_ring_since(self.now() - UNCONFIRMED_MS_MAX).await?;
        }
        let Some(verifier) = ring.verifying.get(kid) else { return Ok(None) };
        let key = VerifyingKey { kid: None, algorithms: vec![verifier.algorithm], key: verifier.key.clone() };
        let claims: Option<Claims> = key.verify(token, header.alg);
        Ok(claims.and_then(|claims| own(claims, &self.settings().audience, self.now())))
    }
}

/// A public key of somebody else and what it may verify.
#[derive(Debug, Clone)]
pub(crate) struct VerifyingKey {
    pub(crate) kid: Option<String>,
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

impl VerifyingKey {
    /// Takes a key of a set, if it is one that verifies signatures in a way that we know.
    pub(crate) fn from_jwk(jwk: &Jwk) -> Option<Self> {
        if matches!(jwk.common.public_key_use, Some(PublicKeyUse::Encryption)) {
            return None;
        }
        let mut algorithms = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => vec![
                Algorithm::RS256,
                Algorithm::RS384,
                Algorithm::RS512,
                Algorithm::PS256,
                Algorithm::PS384,
                Algorithm::PS512,
            ],
            AlgorithmParameters::EllipticCurve(curve) => match curve.curve {
                EllipticCurve::P256 => vec![Algorithm::ES256],
                EllipticCurve::P384 => vec![Algorithm::ES384],
                _ => return None,
            },
            AlgorithmParameters::OctetKeyPair(_) => vec![Algorithm::EdDSA],
            // A shared secret has no place in a published set.
            _ => return None,
        };
        if let Some(only) = jwk.common.key_algorithm {
            algorithms.retain(|algorithm| KeyAlgorithm::from(*algorithm) == only);
        }
        let key = DecodingKey::from_jwk(jwk).ok()?;
        (!algorithms.is_empty()).then(|| Self { kid: jwk.common.key_id.clone(), algorithms, key })
    }

    /// The claims, if the signature is good. Nothing else has been looked at then.
    fn verify<C: for<'de> Deserialize<'de>>(&self, token: &str, algorithm: Algorithm) -> Option<C> {
        if !self.algorithms.contains(&algorithm) {
            return None;
        }
        let mut validation = Validation::new(algorithm);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.validate_aud = false;
        jsonwebtoken::decode::<C>(token, &self.key, &validation).ok().map(|data| data.claims)
    }
}

/// The header of a JWT and the issuer that it claims, to know whose keys to try. Nothing is proved
/// by either yet.
fn outline(token: &str) -> Option<(Header, String)> {
    #[derive(Deserialize)]
    struct Issuer {
        iss: String,
    }
    if token.len() > JWT_BYTES_MAX {
        return None;
    }
    let header = jsonwebtoken::decode_header(token).ok()?;
    // RFC 7515 §4.1.11: extensions that must be understood, and we understand none.
    if header.crit.is_some() {
        return None;
    }
    let claims: Issuer = jsonwebtoken::dangerous::insecure_decode_claims(token).ok()?;
    Some((header, claims.iss))
}

/// What our own claims grant, if they are an access token's and good now.
fn own(claims: Claims, audience: &str, now: i64) -> Option<Grant> {
    let is_platform = claims.platform_token == Some(true);
    let belongs = claims.tenant_id.is_some() != is_platform;
    let expires_at = claims.exp.checked_mul(1000)?;
    if claims.aud != audience || claims.token_type != CLIENT_CREDENTIALS || !belongs || expires_at <= now {
        return None;
    }
    Some(Grant {
        actor: Actor::Client(claims.client_id.clone()),
        client_id: Some(claims.client_id),
        tenant: claims.tenant_id,
        roles: claims.role.into_iter().collect(),
        scopes: claims.scope.split_ascii_whitespace().map(str::to_owned).collect(),
        expires_at,
    })
}

/// What the claims of a trusted issuer grant, if they are for us and good now.
fn external(claims: &Object, issuer: &TrustedIssuer, now: i64) -> Option<Grant> {
    let seconds = |name: &str| claims.get(name).and_then(Json::as_f64);
    #[expect(clippy::cast_possible_truncation, reason = "a time that does not fit is cut to one far away")]
    let milliseconds = |seconds: f64| (seconds * 1000.0) as i64;
    let expires_at = milliseconds(seconds("exp")?).saturating_add(LEEWAY_S * 1000);
    let not_before = seconds("nbf").map_or(i64::MIN, milliseconds).saturating_sub(LEEWAY_S * 1000);
    let for_us = words(claims.get("aud")).contains(&issuer.audience);
    if !for_us || expires_at <= now || not_before > now {
        return None;
    }
    let tenant = claims.get(&issuer.tenant_claim).and_then(Json::as_str).map(str::to_owned);
    if tenant.is_none() && !issuer.platform {
        return None;
    }
    let subject = claims.get("sub").and_then(Json::as_str)?.to_owned();
    let scopes = words(claims.get(&issuer.scope_claim));
    Some(Grant {
        actor: Actor::External { issuer: issuer.issuer.clone(), subject },
        client_id: None,
        tenant,
        roles: words(claims.get(&issuer.role_claim)),
        scopes: scopes.iter().flat_map(|text| text.split_ascii_whitespace()).map(str::to_owned).collect(),
        expires_at,
    })
}

/// A claim that is a text or an array of texts.
fn words(claim: Option<&Json>) -> Vec<String> {
    match claim {
        Some(Json::String(one)) => vec![one.clone()],
        Some(Json::Array(many)) => many.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        Some(_) | None => Vec::new(),
    }
}
