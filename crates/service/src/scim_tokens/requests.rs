//! What may be asked about SCIM tokens.

use store::scim_tokens::TokenStatus;

use crate::caller::{IdentityProvider, Scopes};
use crate::form::{self, Form, FromForm};
use crate::page::PageRequest;

use super::{ALLOWED_IPS_MAX, EXPIRES_IN_DAYS_MAX};

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
    pub(super) fn changed(&self) -> Vec<&'static str> {
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
