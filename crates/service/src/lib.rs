//! The use cases: who calls, and what they may have done. No HTTP types, no SQL.
//!
//! [`App`] holds what all of them need and is cheap to clone. A use case is a method on it, in
//! the file of its noun; its first argument is the caller, which [`authenticate`] made.

pub mod authenticate;
pub mod caller;
pub mod clock;
pub mod error;
pub mod settings;
pub mod tenants;

use std::sync::Arc;

use scim::schema::Registry;

pub use authenticate::Presented;
pub use caller::{Actor, AdminCaller, AdminWriter, IdentityProvider, Reach, ScimCaller, Scopes};
pub use clock::{Clock, Ids, Secrets};
pub use error::{Credential, FieldError, Loc, ServiceError};
pub use settings::Settings;
pub use tenants::{Limits, Tenant};

/// The running service.
#[derive(Debug, Clone)]
pub struct App(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Settings,
    clock: Clock,
    ids: Ids,
    secrets: Secrets,
}

impl App {
    /// What it was opened with.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The time, in milliseconds since the beginning of 1970, UTC.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.0.clock.now()
    }

    /// A new id with this prefix.
    #[must_use]
    pub fn new_id(&self, prefix: [u8; 3]) -> scim::id::Id {
        self.0.ids.next(prefix, self.now())
    }

    /// What resources a tenant knows.
    #[must_use]
    pub fn registry(&self, _tenant: &Tenant) -> Arc<Registry> {
        scim::schema::core::registry()
    }
}
