//! The use cases: who calls, and what they may have done. No HTTP types, no SQL.
//!
//! [`App`] holds what all of them need and is cheap to clone. A use case is a method on it, in
//! the file of its noun; its first argument is the caller, which [`authenticate`] made.

pub mod applications;
pub mod audit;
pub mod authenticate;
pub mod bootstrap;
mod cache;
pub mod caller;
pub mod clock;
pub mod error;
pub mod form;
mod issuers;
mod jwt;
pub mod keys;
pub mod oauth;
pub mod page;
pub mod provisioning;
mod rate;
pub mod request_log;
pub mod schemas;
pub mod scim_tokens;
pub mod secret;
pub mod settings;
pub mod tenants;
#[cfg(test)]
mod tests;
mod upkeep;
mod usage;
mod workshop;

use std::num::NonZeroU32;
use std::sync::Arc;

use scim::schema::Registry;
use store::{Change, Store};

use authenticate::{KnownToken, Standing};
use cache::{Cache, Moment, ROW_AGE_MS_MAX};
use issuers::Issuer;
use jwt::Grant;
use keys::KeyRing;
use rate::Rates;
use request_log::{Growth, LogKeys, Queue};
use schemas::Registries;
use secret::TokenSecret;
use usage::Usage;
use workshop::Workshop;

pub use authenticate::Presented;
pub use caller::{Actor, AdminCaller, AdminWriter, IdentityProvider, Reach, ScimCaller, Scopes};
pub use clock::{Clock, Ids, Secrets};
pub use error::{Credential, FieldError, Loc, ServiceError};
use provisioning::Passwords;
pub use settings::Settings;
pub use store::resources::apply::WriteError;
pub use store::shares::{Share, Shares};
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
    workshop: Workshop,
    issuers: Vec<Issuer>,
    caches: Caches,
    registries: Arc<Registries>,
    rates: Rates,
    usage: Usage,
    request_log: RequestLog,
}

/// What waits to be written down, and what is known of what was.
#[derive(Debug)]
struct RequestLog {
    keys: LogKeys,
    queue: Queue,
    growth: Growth,
}

/// What was looked up lately to know who calls.
#[derive(Debug)]
struct Caches {
    /// SCIM tokens by the hash of their secret.
    tokens: Cache<[u8; 32], Arc<KnownToken>>,
    /// What verified JWTs say, by their hash. A signature stays good; the time is looked at anew.
    grants: Cache<[u8; 32], Arc<Grant>>,
    /// Whether the client and the tenant of a JWT are still there.
    standings: Cache<[u8; 32], Standing>,
    /// Tenants by the segment of a path, and what they know.
    tenants: Cache<String, (Arc<Tenant>, Arc<Registry>)>,
    /// The signing keys: one entry.
    ring: Cache<(), Arc<KeyRing>>,
}

impl Caches {
    /// Forgets what may no longer be so.
    fn forget(&self, change: Change) {
        self.tokens.drop_all();
        self.standings.drop_all();
        self.tenants.drop_all();
        match change {
            Change::Tenant(_) => {}
            Change::Anything => {
                self.ring.drop_all();
                self.grants.drop_all();
            }
        }
    }
}

/// How long a verified JWT is remembered. Keys leave the ring later than their last token.
const GRANT_AGE_MS_MAX: i64 = 3_600_000;

impl App {
    /// The service over an open store.
    ///
    /// # Errors
    /// [`ServiceError::Store`] when the database does not answer, [`ServiceError::Key`] when the
    /// master key is not the one that sealed its signing keys, or an issuer's keys cannot be read.
    pub async fn open(settings: Settings, store: Store) -> Result<Self, ServiceError> {
        let (clock, secrets) = (settings.clock.clone(), settings.secrets.clone());
        let issuers = settings.trusted_issuers.iter().cloned().map(Issuer::new).collect::<Result<_, _>>()?;
        let failures_max = NonZeroU32::new(settings.failed_token_requests_per_minute_max).unwrap_or(NonZeroU32::MIN);
        let refusals_max = NonZeroU32::new(settings.request_log.refusals_per_minute_max).unwrap_or(NonZeroU32::MIN);
        let app = Self(Arc::new(Inner {
            issuers,
            caches: Caches {
                tokens: Cache::new(ROW_AGE_MS_MAX),
                grants: Cache::new(GRANT_AGE_MS_MAX),
                standings: Cache::new(ROW_AGE_MS_MAX),
                tenants: Cache::new(ROW_AGE_MS_MAX),
                ring: Cache::new(ROW_AGE_MS_MAX),
            },
            registries: Arc::default(),
            rates: Rates::new(&clock, failures_max, refusals_max),
            usage: Usage::default(),
            request_log: RequestLog {
                keys: LogKeys::new(secrets.salt()),
                queue: Queue::new(settings.request_log.queue_length_max),
                growth: Growth::default(),
            },
            ids: Ids::new(secrets.clone()),
            passwords: Passwords::new(secrets.clone()),
            workshop: Workshop::new(),
            settings,
            clock,
            secrets,
            store,
        }));
        let inner = Arc::downgrade(&app.0);
        app.store().watch(move |change| {
            if let Some(inner) = inner.upgrade() {
                inner.caches.forget(change);
            }
        });
        app.check_keys().await?;
        Ok(app)
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
        if let Err(error) = self.flush_usage().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the use of tokens could not be written");
        }
        if let Err(error) = self.flush_request_log().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "requests could not be written down");
        }
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

    /// Does what takes a processor long, for a tenant: on threads of its own, when it is the tenant's turn.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the process is stopping.
    pub async fn at_length<T, F>(&self, caller: &ScimCaller, work: F) -> Result<T, ServiceError>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        self.workshop().run(caller.tenant.key, work).await
    }

    pub(crate) fn workshop(&self) -> &Workshop {
        &self.0.workshop
    }

    pub(crate) fn secrets(&self) -> &Secrets {
        &self.0.secrets
    }

    pub(crate) fn issuers(&self) -> &[Issuer] {
        &self.0.issuers
    }

    fn caches(&self) -> &Caches {
        &self.0.caches
    }

    /// Now, for what is cached.
    fn moment(&self) -> Moment {
        Moment::new(self.now(), self.store().unconfirmed_for())
    }

    pub(crate) fn rates(&self) -> &Rates {
        &self.0.rates
    }

    pub(crate) fn log_keys(&self) -> &LogKeys {
        &self.0.request_log.keys
    }

    pub(crate) fn log_queue(&self) -> &Queue {
        &self.0.request_log.queue
    }

    pub(crate) fn log_growth(&self) -> &Growth {
        &self.0.request_log.growth
    }

    pub(crate) fn usage(&self) -> &Usage {
        &self.0.usage
    }

    /// A secret that nobody has.
    pub(crate) fn new_secret(&self, prefix: &str) -> TokenSecret {
        TokenSecret::new(prefix, &self.secrets().bytes())
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

    /// What tenants know that have defined something.
    pub(crate) fn registries(&self) -> Arc<Registries> {
        Arc::clone(&self.0.registries)
    }
}
