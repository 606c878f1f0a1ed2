//! Telling every process that works on a database what it must no longer believe.
//!
//! A write [announces](crate::Tx::announce) that the credentials, the status or the settings of a
//! tenant have changed; when it has been committed, and before it is answered, the watchers of the
//! same process are called, and soon after those of all others. How soon is not left to hope: see
//! [`Store::unconfirmed_for`](crate::Store::unconfirmed_for).

use std::fmt;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use crate::tenants::TenantKey;

/// What has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// What is known of a tenant: its status, its settings, its credentials.
    Tenant(TenantKey),
    /// Anything may have: something that belongs to no tenant, or announcements were missed.
    Anything,
}

type Watcher = Box<dyn Fn(Change) + Send + Sync>;

/// Who wants to hear of changes, and how certain it is that they have.
pub(crate) struct Changes {
    watchers: RwLock<Vec<Watcher>>,
    /// Up to when everything that was committed has been told. `None`: there is only this process,
    /// which is told at once.
    confirmed: RwLock<Option<Instant>>,
}

impl Changes {
    /// For the only process on a database.
    pub(crate) fn in_process() -> Self {
        Self { watchers: RwLock::default(), confirmed: RwLock::new(None) }
    }

    /// For one of several processes, none of which has confirmed anything so far.
    pub(crate) fn between_processes() -> Self {
        Self { watchers: RwLock::default(), confirmed: RwLock::new(Some(Instant::now())) }
    }

    pub(crate) fn watch(&self, watcher: Watcher) {
        self.watchers.write().unwrap_or_else(PoisonError::into_inner).push(watcher);
    }

    pub(crate) fn tell(&self, change: Change) {
        for watcher in self.watchers.read().unwrap_or_else(PoisonError::into_inner).iter() {
            watcher(change);
        }
    }

    /// Everything that was committed before `moment` has been told.
    pub(crate) fn confirm(&self, moment: Instant) {
        *self.confirmed.write().unwrap_or_else(PoisonError::into_inner) = Some(moment);
    }

    pub(crate) fn unconfirmed_for(&self) -> Duration {
        let confirmed = *self.confirmed.read().unwrap_or_else(PoisonError::into_inner);
        confirmed.map_or(Duration::ZERO, |moment| moment.elapsed())
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes").field("unconfirmed_for", &self.unconfirmed_for()).finish_non_exhaustive()
    }
}
