//! What a deployment chooses. The binary reads it from flags, environment and file.

use std::fmt;

use zeroize::Zeroizing;

use crate::clock::{Clock, Secrets};
use crate::tenants::Limits;

/// Everything that [`crate::App`] wants to know, besides the database.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where clients reach us, `https://scim.example.com`, without a slash at the end. Without it
    /// each request's own `Host` is used.
    pub public_url: Option<String>,
    /// What signing keys are sealed with.
    pub master_key: MasterKey,
    /// How new signing keys sign.
    pub signing_algorithm: SigningAlgorithm,
    /// How long a key signs before another takes its place, in seconds; 0 is for ever.
    pub signing_key_lifetime_s: i64,
    /// How long an access token lasts.
    pub access_token_lifetime_s: u32,
    /// The `aud` of our access tokens (RFC 7519 §4.1.3).
    pub audience: String,
    /// Whose tokens we accept besides our own.
    pub trusted_issuers: Vec<TrustedIssuer>,
    /// Failed token requests that one client or address may make in a minute, at each process.
    pub failed_token_requests_per_minute_max: u32,
    /// What holds for tenants without limits of their own.
    pub limits: Limits,
    /// How much is kept of what was asked.
    pub request_log: RequestLogSettings,
    /// The time.
    pub clock: Clock,
    /// Randomness.
    pub secrets: Secrets,
}

impl Settings {
    /// Defaults, with this key.
    #[must_use]
    pub fn new(master_key: MasterKey) -> Self {
        Self {
            public_url: None,
            master_key,
            signing_algorithm: SigningAlgorithm::default(),
            signing_key_lifetime_s: 90 * 24 * 3600,
            access_token_lifetime_s: 3600,
            audience: "muster".into(),
            trusted_issuers: Vec::new(),
            failed_token_requests_per_minute_max: 10,
            limits: Limits::default(),
            request_log: RequestLogSettings::default(),
            clock: Clock::System,
            secrets: Secrets::System,
        }
    }
}

/// How much is kept of what was asked of the SCIM routes. Whether anything is kept of a tenant's is its
/// own setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestLogSettings {
    /// How long an entry is kept, in seconds; 0 is for ever.
    pub kept_for_s: i64,
    /// How many entries a tenant has before its oldest are forgotten, more or less; 0 is any number.
    pub entries_per_tenant_max: u32,
    /// How many requests may wait to be written down. One more is left out, and counted.
    pub queue_length_max: u32,
    /// How many requests with bad credentials are written down that one address makes in a minute. A
    /// tenant has at most ten times as many.
    pub refusals_per_minute_max: u32,
}

impl Default for RequestLogSettings {
    fn default() -> Self {
        Self {
            kept_for_s: 30 * 24 * 3600,
            entries_per_tenant_max: 1_000_000,
            queue_length_max: 8192,
            refusals_per_minute_max: 60,
        }
    }
}

/// 256 bits that seal the signing keys in the database. Wiped from memory when dropped; `Debug`
/// does not show it.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// Takes the key.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        Self(Zeroizing::new(key))
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

/// How access tokens are signed (RFC 7518 §3.1, RFC 8037).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SigningAlgorithm {
    /// RSA with SHA-256: what every client can verify.
    #[default]
    Rs256,
    /// ECDSA on P-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

/// Somebody else whose JWTs open our routes.
#[derive(Debug, Clone)]
pub struct TrustedIssuer {
    /// The exact `iss`.
    pub issuer: String,
    /// Where its keys are.
    pub keys: IssuerKeys,
    /// What must be in `aud`.
    pub audience: String,
    /// The claim with the tenant's id or slug. A token without it reaches every tenant, if
    /// `platform` allows that.
    pub tenant_claim: String,
    /// The claim with scopes, as text or array.
    pub scope_claim: String,
    /// The claim with the role, as text or array.
    pub role_claim: String,
    /// Whether its tokens without a tenant reach every tenant; otherwise they open nothing.
    pub platform: bool,
}

/// Where the keys of a trusted issuer are.
#[derive(Debug, Clone)]
pub enum IssuerKeys {
    /// A JWK set (RFC 7517 §5), read by the binary.
    Set(String),
    /// The `https` address of one.
    Url(String),
}
