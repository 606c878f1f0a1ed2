//! What may be asked about applications.

use crate::form::{self, Form, FromForm};
use crate::page::PageRequest;

use super::{Kind, PARTNER_ADMIN, SCOPES, SUPER_ADMIN, TENANT_ADMIN};

const ROLES: [(&str, &str); 3] =
    [(SUPER_ADMIN, SUPER_ADMIN), (PARTNER_ADMIN, PARTNER_ADMIN), (TENANT_ADMIN, TENANT_ADMIN)];

/// A request for a new application.
#[derive(Debug, Clone)]
pub struct CreateApplication {
    /// A name for people.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// To whom it belongs; what follows from caller and `tenant` when absent.
    pub kind: Option<Kind>,
    /// Whose: id or slug. A bound caller need not say.
    pub tenant: Option<String>,
    /// Scopes that it may ask for.
    pub scopes: Vec<&'static str>,
    /// The role that its tokens carry.
    pub role: Option<&'static str>,
}

/// A request to change an application; `None` leaves things as they are, `Some(None)` clears them.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "as in CreateApplication")]
pub struct UpdateApplication {
    pub name: Option<String>,
    pub description: Option<Option<String>>,
    pub scopes: Option<Vec<&'static str>>,
    pub role: Option<Option<&'static str>>,
    pub is_active: Option<bool>,
}

/// Which applications to list.
#[derive(Debug, Clone)]
pub struct ListApplications {
    /// Which page.
    pub page: PageRequest,
    /// Only those of this tenant, by id or slug.
    pub tenant: Option<String>,
    /// Only those of this kind.
    pub kind: Option<Kind>,
    /// Those with this in name, description or `client_id`.
    pub search: Option<String>,
}

impl FromForm for CreateApplication {
    fn from_form(form: &mut Form) -> Option<Self> {
        let name = form.required("name", form::name(255));
        let description = form.optional("description", form::text(0, 2000));
        let kind = form.optional("app_scope", form::one_of(&Kind::NAMES));
        let tenant = form.optional("tenant_id", form::text(1, 255));
        let scopes = form.optional("scopes", form::list(SCOPES.len(), form::one_of(&SCOPES))).unwrap_or_default();
        let role = form.optional("role", form::one_of(&ROLES));
        Some(Self { name: name?, description, kind, tenant, scopes, role })
    }
}

impl FromForm for UpdateApplication {
    fn from_form(form: &mut Form) -> Option<Self> {
        Some(Self {
            name: form.settable("name", form::name(255)),
            description: form.clearable("description", form::text(0, 2000)),
            scopes: form.settable("scopes", form::list(SCOPES.len(), form::one_of(&SCOPES))),
            role: form.clearable("role", form::one_of(&ROLES)),
            is_active: form.settable("is_active", form::boolean),
        })
    }
}

impl UpdateApplication {
    /// The names of what it changes, for the audit.
    pub(super) fn changed(&self) -> Vec<&'static str> {
        [
            ("name", self.name.is_some()),
            ("description", self.description.is_some()),
            ("scopes", self.scopes.is_some()),
            ("role", self.role.is_some()),
            ("is_active", self.is_active.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, changes)| changes.then_some(name))
        .collect()
    }
}

impl FromForm for ListApplications {
    fn from_form(form: &mut Form) -> Option<Self> {
        Some(Self {
            page: PageRequest::read(form),
            tenant: form.optional("tenant_id", form::text(0, 255)),
            kind: form.optional("app_scope", form::one_of(&Kind::NAMES)),
            search: form.optional("search", form::text(0, 255)),
        })
    }
}
