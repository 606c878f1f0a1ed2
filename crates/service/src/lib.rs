//! The use cases: who calls, and what they may have done. No HTTP types, no SQL.
//!
//! [`App`] holds what all of them need and is cheap to clone. A use case is a method on it, in
//! the file of its noun; its first argument is the caller, which [`authenticate`] made.

pub mod authenticate;
pub mod caller;
pub mod clock;
pub mod error;
pub mod provisioning;
pub mod settings;
pub mod tenants;

use std::sync::Arc;

use scim::schema::Registry;
use store::Store;

pub use authenticate::Presented;
pub use caller::{Actor, AdminCaller, AdminWriter, IdentityProvider, Reach, ScimCaller, Scopes};
pub use clock::{Clock, Ids, Secrets};
pub use error::{Credential, FieldError, Loc, ServiceError};
use provisioning::Passwords;
pub use settings::Settings;
pub use store::resources::apply::WriteError;
pub use store::{StoreError, WRITES_PER_COMMIT_BUCKETS};
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
    store: Store,
    passwords: Passwords,
}

impl App {
    /// The service over an open store.
    ///
    /// # Errors
    /// [`ServiceError::Store`] when the database does not answer.
    #[expect(clippy::unused_async, reason = "signing keys are read here")]
    pub async fn open(settings: Settings, store: Store) -> Result<Self, ServiceError> {
        let (clock, secrets) = (settings.clock.clone(), settings.secrets.clone());
        Ok(Self(Arc::new(Inner {
            ids: Ids::new(secrets.clone()),
            passwords: Passwords::new(secrets.clone()),
            settings,
            clock,
            secrets,
            store,
        })))
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`ServiceError::Store`] when it does not.
    pub async fn ready(&self) -> Result<(), ServiceError> {
        Ok(self.store().ping().await?)
    }

    /// Finishes what was asked before, then closes the database. For the end of the process.
    pub async fn close(&self) {
        self.store().close().await;
    }

    /// What goes on in the store, for metrics.
    #[must_use]
    pub fn store_stats(&self) -> store::Stats {
        self.store().stats()
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    pub(crate) fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }

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
