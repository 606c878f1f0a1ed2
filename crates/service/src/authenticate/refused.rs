//! Why a credential opened nothing. The caller is never told: its answer is the same whatever is
//! wrong. The log is, and the tenant's request log.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use store::StoreError;

use crate::caller::{Actor, IdentityProvider, ScimCaller};
use crate::error::{Credential, ServiceError};
use crate::tenants::Tenant;

/// A credential that opened nothing.
#[derive(Debug)]
pub struct Refused {
    /// What the caller is told.
    pub error: ServiceError,
    /// Why; `None` when it is not the credential's fault.
    pub why: Option<Box<Why>>,
}

/// What is wrong with a credential, and what is known of it.
#[derive(Debug)]
pub struct Why {
    /// What is wrong.
    pub reason: Reason,
    /// Who showed it, if that is known.
    pub holder: Option<Holder>,
    /// The hash of a SCIM token that the tenant does not have: perhaps another one has it.
    pub(crate) hash: Option<[u8; 32]>,
}

/// Whom a credential speaks for, though it opened nothing.
#[derive(Debug, Clone)]
pub struct Holder {
    /// Its tenant; `None` for the platform's own.
    pub tenant: Option<Arc<Tenant>>,
    /// Who.
    pub actor: Actor,
    /// Which product it is for.
    pub identity_provider: IdentityProvider,
}

/// What is wrong with a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// There is none, or none of the scheme `Bearer`.
    Missing,
    /// A SCIM token whose checksum is wrong.
    Typo,
    /// A SCIM token that nobody has.
    Unknown,
    /// It belongs to another tenant than the one that was called.
    OtherTenant,
    /// The SCIM token was revoked.
    Revoked {
        /// When.
        at: i64,
        /// Who did it.
        by: String,
    },
    /// The SCIM token or JWT has had its time.
    Expired {
        /// When.
        at: i64,
    },
    /// The SCIM token is switched off.
    SwitchedOff,
    /// The secret is the one before the last rotation.
    Rotated {
        /// Until when it was good.
        until: Option<i64>,
    },
    /// The SCIM token may not be used from there.
    Address(Option<IpAddr>),
    /// The JWT is none, or not signed by a key that we trust.
    BadJwt,
    /// The client or the tenant of the JWT is deleted, or the client is switched off.
    Gone,
    /// The JWT has no scope for these routes.
    Scope,
    /// The tenant is suspended.
    TenantSuspended,
    /// The tenant is deleted.
    TenantDeleted,
    /// The tenant calls too often.
    TooOften,
}

impl Reason {
    /// Its name in the API.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Typo => "checksum_wrong",
            Self::Unknown => "unknown",
            Self::OtherTenant => "wrong_tenant",
            Self::Revoked { .. } => "revoked",
            Self::Expired { .. } => "expired",
            Self::SwitchedOff => "switched_off",
            Self::Rotated { .. } => "rotated",
            Self::Address(_) => "address_not_allowed",
            Self::BadJwt => "jwt_invalid",
            Self::Gone => "client_gone",
            Self::Scope => "scope_missing",
            Self::TenantSuspended => "tenant_suspended",
            Self::TenantDeleted => "tenant_deleted",
            Self::TooOften => "too_often",
        }
    }

    /// Every [`Self::code`].
    pub const CODES: [&'static str; 15] = [
        "missing",
        "checksum_wrong",
        "unknown",
        "wrong_tenant",
        "revoked",
        "expired",
        "switched_off",
        "rotated",
        "address_not_allowed",
        "jwt_invalid",
        "client_gone",
        "scope_missing",
        "tenant_suspended",
        "tenant_deleted",
        "too_often",
    ];
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |at: i64| scim::time::format(at);
        match self {
            Self::Missing => f.write_str("there was no bearer token"),
            Self::Typo => f.write_str("the SCIM token has a typing error: its checksum is wrong"),
            Self::Unknown => f.write_str("nobody has such a SCIM token"),
            Self::OtherTenant => f.write_str("the token belongs to another tenant than the one that was called"),
            Self::Revoked { at, by } => write!(f, "the SCIM token was revoked at {} by {by}", time(*at)),
            Self::Expired { at } => write!(f, "the token expired at {}", time(*at)),
            Self::SwitchedOff => f.write_str("the SCIM token is switched off"),
            Self::Rotated { until: Some(until) } => {
                write!(f, "the secret was replaced by a rotation, and was good until {}", time(*until))
            }
            Self::Rotated { until: None } => f.write_str("the secret was replaced by a rotation"),
            Self::Address(Some(address)) => write!(f, "the SCIM token may not be used from {address}"),
            Self::Address(None) => f.write_str("the SCIM token may not be used from an unknown address"),
            Self::BadJwt => f.write_str("it is no JWT, or not signed by a key that is trusted"),
            Self::Gone => f.write_str("the JWT's client or tenant is deleted, or the client is switched off"),
            Self::Scope => f.write_str("the JWT has no scope for this"),
            Self::TenantSuspended => f.write_str("the tenant is suspended"),
            Self::TenantDeleted => f.write_str("the tenant is deleted"),
            Self::TooOften => f.write_str("the tenant made more requests than it may"),
        }
    }
}

impl Holder {
    /// Who could be a caller.
    pub(super) fn of(caller: &ScimCaller) -> Self {
        Self {
            tenant: Some(Arc::clone(&caller.tenant)),
            actor: caller.actor.clone(),
            identity_provider: caller.identity_provider,
        }
    }
}

impl Refused {
    /// A bad credential. The one answer to all of them.
    pub(super) fn credential(reason: Reason, holder: Option<Holder>) -> Self {
        let told = if reason == Reason::Missing { Credential::Missing } else { Credential::Refused };
        Self::with(ServiceError::Unauthenticated(told), reason, holder)
    }

    /// A good credential that opens nothing here and now.
    pub(super) fn with(error: ServiceError, reason: Reason, holder: Option<Holder>) -> Self {
        // Who sends none is not refused anything that somebody would look for.
        if reason != Reason::Missing {
            tracing::info!(%reason, "a credential was refused");
        }
        Self { error, why: Some(Box::new(Why { reason, holder, hash: None })) }
    }

    /// A SCIM token that the tenant does not have.
    pub(super) fn unknown(hash: [u8; 32]) -> Self {
        let mut refused = Self::credential(Reason::Unknown, None);
        if let Some(why) = &mut refused.why {
            why.hash = Some(hash);
        }
        refused
    }
}

impl From<ServiceError> for Refused {
    fn from(error: ServiceError) -> Self {
        Self { error, why: None }
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        ServiceError::from(error).into()
    }
}

impl From<Refused> for ServiceError {
    fn from(refused: Refused) -> Self {
        refused.error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_a_code_of_its_own() {
        for (place, code) in Reason::CODES.iter().enumerate() {
            assert!(!Reason::CODES[..place].contains(code), "{code}");
        }
        assert!(Reason::CODES.contains(&Reason::Revoked { at: 0, by: String::new() }.code()));
    }

    #[test]
    fn who_is_refused_is_told_the_same_whatever_is_wrong() {
        let told = |reason| Refused::credential(reason, None).error.to_string();

        assert_eq!(told(Reason::Typo), told(Reason::Revoked { at: 0, by: "x".into() }));
        assert_eq!(told(Reason::Typo), told(Reason::OtherTenant));
    }
}
