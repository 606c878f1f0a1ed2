//! Who calls: a value of these types is the proof of authentication, as only
//! [`crate::authenticate`] makes them.

mod scopes;

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;

use scim::dialect::Dialect;
use scim::id::Id;
use scim::schema::Registry;
use store::TenantKey;
use store::audit::{Entry, Outcome};

use crate::audit;
use crate::error::ServiceError;
use crate::tenants::Tenant;

pub use scopes::Scopes;

/// Who did it, as events and the audit write it down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A SCIM token.
    ScimToken(Id),
    /// An OAuth client, by its `client_id`.
    Client(String),
    /// The subject of a trusted external issuer.
    External {
        /// The issuer.
        issuer: String,
        /// The subject, as that issuer names it.
        subject: String,
    },
    /// Somebody at the command line of the machine.
    Operator,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ScimToken(id) => write!(f, "{id}"),
            Self::Client(client_id) => f.write_str(client_id),
            Self::External { issuer, subject } => write!(f, "{subject}@{issuer}"),
            Self::Operator => f.write_str("operator"),
        }
    }
}

/// Who may use the SCIM routes of one tenant.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ScimCaller {
    /// The only source of a tenant in what follows.
    pub tenant: Arc<Tenant>,
    /// What resources that tenant knows.
    pub registry: Arc<Registry>,
    /// Who it is.
    pub actor: Actor,
    /// What it may do.
    pub scopes: Scopes,
    /// Which product the token was made for: its habits are humoured.
    pub identity_provider: IdentityProvider,
    /// The id of the request, for events and the audit.
    pub request_id: String,
}

impl ScimCaller {
    /// The dialect of the product that its token was made for.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        Dialect::of(self.identity_provider.name())
    }

    /// Refuses what the scopes do not cover.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`], naming the scope that would be needed.
    pub fn require(&self, needed: Scopes) -> Result<(), ServiceError> {
        if self.scopes.contains(needed) {
            return Ok(());
        }
        Err(ServiceError::Forbidden(format!("The token lacks the scope {}", needed.without(self.scopes))))
    }
}

/// Who may read through the admin API.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AdminCaller {
    /// Who it is.
    pub actor: Actor,
    /// What it can see: the rest does not exist for it.
    pub reach: Reach,
    /// Whether it may also change things.
    pub may_write: bool,
    /// The id of the request, for the audit.
    pub request_id: String,
    /// The client's address, for the audit.
    pub address: Option<IpAddr>,
    /// The client's program, for the audit.
    pub user_agent: Option<String>,
}

impl AdminCaller {
    /// Makes of it a caller that may change things.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`] when it may only read.
    pub fn writer(self) -> Result<AdminWriter, ServiceError> {
        if self.may_write { Ok(AdminWriter(self)) } else { Err(ServiceError::Forbidden(NEEDS_WRITE.into())) }
    }
}

impl AdminCaller {
    /// The tenant that it is bound to: what a statement looks at, where `None` is every tenant.
    pub(crate) fn bound_to(&self) -> Option<TenantKey> {
        match &self.reach {
            Reach::All => None,
            Reach::Tenant(tenant) => Some(tenant.key),
        }
    }

    /// Refuses callers that are bound to a tenant.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`].
    pub(crate) fn require_platform(&self) -> Result<(), ServiceError> {
        match self.reach {
            Reach::All => Ok(()),
            Reach::Tenant(_) => Err(ServiceError::Forbidden("Only platform administrators may do this".into())),
        }
    }

    /// What the audit says about something that this caller does.
    pub(crate) fn entry(
        &self,
        at: i64,
        action: &'static str,
        tenant: Option<TenantKey>,
        subject: impl fmt::Display,
        changed: &[&str],
    ) -> Entry {
        Entry {
            tenant,
            at,
            actor: self.actor.to_string(),
            action: Cow::Borrowed(action),
            subject: subject.to_string(),
            outcome: Outcome::Done,
            request_id: self.request_id.clone(),
            address: self.address.map(|address| address.to_string()),
            user_agent: self.user_agent.as_deref().map(audit::program),
            // Names of fields are plain ASCII, so this is JSON.
            detail: format!("{{\"changed\":{changed:?}}}"),
        }
    }
}

/// What a caller is told that may read only.
pub const NEEDS_WRITE: &str = "Platform token requires admin:write scope";
/// What a caller is told that is no admin at all.
pub const NEEDS_ADMIN: &str = "Platform token requires admin:read or admin:write scope";

/// Who may read and change through the admin API.
#[derive(Debug, Clone)]
pub struct AdminWriter(AdminCaller);

impl AdminWriter {
    /// The one at the command line, who needs no scope.
    pub(crate) fn of_operator(caller: AdminCaller) -> Self {
        Self(caller)
    }
}

impl Deref for AdminWriter {
    type Target = AdminCaller;

    fn deref(&self) -> &AdminCaller {
        &self.0
    }
}

/// What an admin can see.
#[derive(Debug, Clone)]
pub enum Reach {
    /// Every tenant, and what belongs to none.
    All,
    /// One tenant.
    Tenant(Arc<Tenant>),
}

/// Which identity provider a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "names of products")]
pub enum IdentityProvider {
    Okta,
    Entra,
    Onelogin,
    Jumpcloud,
    Google,
    Ping,
    Sailpoint,
    /// Any other.
    #[default]
    Generic,
}

impl IdentityProvider {
    /// All of them, as the API names them.
    pub const NAMES: [(&'static str, Self); 8] = [
        ("okta", Self::Okta),
        ("entra", Self::Entra),
        ("onelogin", Self::Onelogin),
        ("jumpcloud", Self::Jumpcloud),
        ("google", Self::Google),
        ("ping", Self::Ping),
        ("sailpoint", Self::Sailpoint),
        ("generic", Self::Generic),
    ];

    /// Its name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, it)| *it == self).map_or("generic", |(name, _)| name)
    }

    /// The one of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, it)| *it)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_survive_being_stored() {
        let some = Scopes::USERS_READ.union(Scopes::BULK);
        assert_eq!(Scopes::from_bits(some.bits()), some);
        assert_eq!(some.to_string(), "users:read bulk");
        assert_eq!(Scopes::from_bits(-1), Scopes::ALL);
    }

    #[test]
    fn users_and_groups_need_scopes_of_their_own() {
        let registry = scim::schema::core::registry();
        let needs: Vec<String> = registry.types().iter().map(|t| Scopes::to_write(t).to_string()).collect();
        assert_eq!(needs, ["users:write", "groups:write"]);
        assert!(!Scopes::READ.contains(Scopes::USERS_WRITE));
    }

    #[test]
    fn every_identity_provider_has_a_name_of_its_own() {
        for (name, provider) in IdentityProvider::NAMES {
            assert_eq!((provider.name(), IdentityProvider::from_name(name)), (name, Some(provider)));
        }
    }
}
