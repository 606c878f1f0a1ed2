//! The one task that writes the request log: it takes what waits, so many at a time, and lets
//! other writes in between.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use store::request_log::{self, Entry, Pack};
use store::tenants::RequestLogging;

use super::outage::{News, Outage};
use super::row::Rows;
use super::{Asked, Who};
use crate::App;
use crate::authenticate::{Holder, Reason, Why};
use crate::caller::{Actor, IdentityProvider};
use crate::error::ServiceError;
use crate::tenants::Tenant;

/// How long requests are collected before they are written.
const COLLECTED_FOR: Duration = Duration::from_millis(250);

/// How many requests are made rows of at a time, before others have their turn on the thread.
const REQUESTS_AT_ONCE: usize = 256;
/// How many requests one write takes.
const REQUESTS_PER_WRITE: usize = 4096;
/// How many packs of them, and after how many bytes it is closed: about a millisecond of SQLite's one writer.
const PACKS_PER_WRITE: usize = 256;
const BYTES_PER_WRITE: usize = 1024 * 1024;

impl App {
    /// Writes requests down as they come, until it is dropped. For a task of its own.
    pub async fn keep_request_log(&self) {
        let mut outage = Outage::default();
        loop {
            self.log_queue().arrival().await;
            tokio::time::sleep(COLLECTED_FOR).await;
            let written = self.flush_request_log().await;
            match outage.news(written.is_err(), self.request_log_stats()) {
                Some(News::Began) => {
                    let error = written.as_ref().err().map(|error| error as &dyn std::error::Error);
                    tracing::warn!(error, "requests cannot be written down; they are left out until this is over");
                }
                Some(News::Ended { left_out }) => {
                    tracing::warn!(left_out, "requests are written down again");
                }
                None => {}
            }
        }
    }

    /// Writes down what waits now. What comes meanwhile is for the next time: otherwise each of many small
    /// writes would find something more to do.
    ///
    /// # Errors
    /// [`ServiceError::Store`]; what was to be written is left out then, and counted.
    pub async fn flush_request_log(&self) -> Result<(), ServiceError> {
        let _alone = self.log_queue().writing.lock().await;
        let mut waiting = self.log_queue().length();
        while waiting > 0 {
            let requests = self.log_queue().take(waiting.min(REQUESTS_PER_WRITE));
            let count = requests.len();
            if let Err(error) = self.write_down(requests).await {
                self.log_queue().left_out.failed.fetch_add(count as u64, Ordering::Relaxed);
                return Err(error);
            }
            waiting -= count;
        }
        Ok(())
    }

    async fn write_down(&self, requests: Vec<Asked>) -> Result<(), ServiceError> {
        let (mut entries, mut operations) = (Vec::with_capacity(requests.len()), Vec::new());
        for (place, asked) in requests.iter().enumerate() {
            if place % REQUESTS_AT_ONCE == REQUESTS_AT_ONCE - 1 {
                tokio::task::yield_now().await;
            }
            match &asked.who {
                Who::Caller(caller) => {
                    let tenant = &caller.tenant;
                    let registry = &caller.registry;
                    let values = tenant.settings.request_log == RequestLogging::Values;
                    let (entry, of_bulk) = Rows::of(tenant.key, registry, values).answered(asked);
                    entries.push(entry);
                    operations.extend(of_bulk);
                }
                Who::Refused { tenant, why } => entries.extend(self.refused_rows(asked, tenant, why).await?),
            }
        }
        self.count_log_rows(&entries);
        let mut packs = request_log::pack(entries, operations);
        while !packs.is_empty() {
            let mut bytes = 0;
            let fits = |pack: &&Pack| {
                let has_room = bytes < BYTES_PER_WRITE;
                bytes += pack.size();
                has_room
            };
            let count = packs.iter().take(PACKS_PER_WRITE).take_while(fits).count();
            let some: Arc<[Pack]> = packs.drain(..count).collect();
            let written = self.store().write(move |tx| {
                let packs = Arc::clone(&some);
                Box::pin(async move { request_log::insert(tx, &packs).await })
            });
            self.log_queue().written.fetch_add(written.await?, Ordering::Relaxed);
        }
        Ok(())
    }

    /// The rows for a credential that opened nothing: one for the tenant that was called, if there is
    /// one, and one for the tenant whose credential it is. What was not known when it was refused is
    /// found out here, so that nobody can tell from the time that an answer takes.
    async fn refused_rows(&self, asked: &Asked, segment: &str, why: &Why) -> Result<Vec<Entry>, ServiceError> {
        let called = self.known_tenant(segment).await?.map(|(tenant, _)| tenant);
        let other;
        let why = match why.hash {
            Some(hash) => match self.holder_of(hash).await? {
                Some(holder) => {
                    other = Why { reason: Reason::OtherTenant, holder: Some(holder), hash: None };
                    &other
                }
                None => why,
            },
            None => why,
        };
        let own = why.holder.as_ref().and_then(|holder| holder.tenant.clone());
        let is_own = |tenant: &Tenant| own.as_ref().is_some_and(|own| own.key == tenant.key);
        let mut rows = Vec::new();
        for tenant in called.iter().chain(own.iter().filter(|own| called.as_ref().is_none_or(|c| c.key != own.key))) {
            if tenant.settings.request_log == RequestLogging::Off {
                continue;
            }
            if !self.rates().admits_refusal_of(tenant.key) {
                self.log_queue().left_out.flood.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            let (key, registries) = (tenant.key, self.registries());
            let registry = self.store().read(move |tx| Box::pin(async move { registries.of(tx, key).await })).await?;
            let values = tenant.settings.request_log == RequestLogging::Values;
            rows.push(Rows::of(tenant.key, &registry, values).refused(asked, segment, why, is_own(tenant)));
        }
        // Both rows are of one moment.
        if let [_, second] = &mut *rows {
            second.key = self.log_key();
        }
        Ok(rows)
    }

    /// Whose SCIM token that is, of any tenant.
    async fn holder_of(&self, hash: [u8; 32]) -> Result<Option<Holder>, ServiceError> {
        let found = self.store().read(move |tx| {
            Box::pin(async move {
                let Some(token) = store::scim_tokens::of_anyone(tx, &hash).await? else { return Ok(None) };
                let tenant = store::tenants::by_id(tx, token.tenant_id).await?;
                Ok(tenant.map(|tenant| (tenant, token)))
            })
        });
        Ok(found.await?.map(|(tenant, token)| Holder {
            tenant: Some(Arc::new(self.tenant(tenant))),
            actor: Actor::ScimToken(token.id),
            identity_provider: IdentityProvider::from_name(&token.identity_provider).unwrap_or_default(),
        }))
    }
}
