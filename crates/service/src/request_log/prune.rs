//! The request log forgets: what is too old, and of a tenant with too many entries the oldest.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use store::TenantKey;
use store::request_log::{self, Entry, LogKey};
use store::upkeep::{self, Task};

use crate::App;
use crate::error::ServiceError;

/// About how many entries one write forgets: a millisecond or two of SQLite's one writer.
const ENTRIES_PER_WRITE: u32 = 250;
/// How many writes one round makes at most, for each purpose; the next round goes on.
const WRITES_PER_ROUND: u32 = 400;
/// How often is looked for what is too old.
const INTERVAL_MS: i64 = 600_000;
/// After this part of the entries that a tenant may have, somebody looks how many it has.
const LOOKED_AT_AFTER: u64 = 20;

/// How many entries were written for each tenant since somebody looked how many it has.
#[derive(Debug, Default)]
pub(crate) struct Growth(Mutex<HashMap<TenantKey, u64>>);

impl App {
    pub(super) fn count_log_rows(&self, entries: &[Entry]) {
        let mut growth = self.log_growth().0.lock().unwrap_or_else(PoisonError::into_inner);
        for entry in entries {
            *growth.entry(entry.tenant).or_default() += 1;
        }
    }

    /// Forgets entries beyond the age and the number that the settings say: those that are too old once
    /// for all processes, those that are too many where they were written.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub async fn prune_request_log(&self) -> Result<(), ServiceError> {
        let settings = &self.settings().request_log;
        if settings.kept_for_s > 0 && self.takes_pruning().await? {
            let end = LogKey::first_of(self.now() - settings.kept_for_s.saturating_mul(1000));
            self.forget_log(None, end).await?;
        }
        for tenant in self.grown_tenants(settings.entries_per_tenant_max) {
            let newest = settings.entries_per_tenant_max;
            let end = self
                .store()
                .scan(move |tx| Box::pin(async move { request_log::end_of_newest(tx, tenant, newest).await }))
                .await?;
            if let Some(end) = end {
                self.forget_log(Some(tenant), end).await?;
            }
        }
        Ok(())
    }

    /// Whether it is time, and for us, to forget what is too old.
    async fn takes_pruning(&self) -> Result<bool, ServiceError> {
        let now = self.now();
        let take = self.store().write(move |tx| {
            Box::pin(async move { upkeep::take(tx, Task::PruneRequestLog, now, now + INTERVAL_MS).await })
        });
        Ok(take.await?)
    }

    /// Forgets what is before `end`, as far as one round goes.
    async fn forget_log(&self, tenant: Option<TenantKey>, end: LogKey) -> Result<(), ServiceError> {
        for _ in 0..WRITES_PER_ROUND {
            let write = self.store().write(move |tx| {
                Box::pin(async move {
                    match tenant {
                        None => request_log::prune(tx, end, ENTRIES_PER_WRITE).await,
                        Some(tenant) => request_log::prune_tenant(tx, tenant, end, ENTRIES_PER_WRITE).await,
                    }
                })
            });
            if write.await? == 0 {
                break;
            }
        }
        Ok(())
    }

    /// The tenants for which so much was written that it is time to look.
    fn grown_tenants(&self, entries_max: u32) -> Vec<TenantKey> {
        if entries_max == 0 {
            return Vec::new();
        }
        let mut growth = self.log_growth().0.lock().unwrap_or_else(PoisonError::into_inner);
        let enough = u64::from(entries_max) / LOOKED_AT_AFTER;
        growth.extract_if(|_, grown| *grown > enough).map(|(tenant, _)| tenant).collect()
    }
}
