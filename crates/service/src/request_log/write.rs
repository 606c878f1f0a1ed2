//! The one task that writes the request log: it takes what waits, so many at a time, and lets
//! other writes in between.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use store::request_log::{self, Entry, Operation};
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

/// How many requests one write takes: a millisecond of SQLite's one writer. With fewer of them, the
/// commits would cost more than the rows.
const REQUESTS_PER_WRITE: usize = 256;
/// How many operations of bulk requests one write takes.
const OPERATIONS_PER_WRITE: usize = 128;

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

    /// Writes down what waits.
    ///
    /// # Errors
    /// [`ServiceError::Store`]; what was to be written is left out then, and counted.
    pub async fn flush_request_log(&self) -> Result<(), ServiceError> {
        let _alone = self.log_queue().writing.lock().await;
        loop {
            let requests = self.log_queue().take(REQUESTS_PER_WRITE);
            if requests.is_empty() {
                return Ok(());
            }
            let count = requests.len() as u64;
            if let Err(error) = self.write_down(requests).await {
                self.log_queue().left_out.failed.fetch_add(count, Ordering::Relaxed);
                return Err(error);
            }
        }
    }

    async fn write_down(&self, requests: Vec<Asked>) -> Result<(), ServiceError> {
        let (mut entries, mut operations) = (Vec::with_capacity(requests.len()), Vec::new());
        for asked in &requests {
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
        let mut operations = operations.into_iter().peekable();
        while operations.peek().is_some() {
            let some = operations.by_ref().take(OPERATIONS_PER_WRITE).collect();
            self.insert_log(Vec::new(), some).await?;
        }
        let written = self.insert_log(entries, Vec::new()).await?;
        self.log_queue().written.fetch_add(written, Ordering::Relaxed);
        Ok(())
    }

    async fn insert_log(&self, entries: Vec<Entry>, operations: Vec<Operation>) -> Result<u64, ServiceError> {
        self.count_log_rows(&entries);
        let (entries, operations): (Arc<[Entry]>, Arc<[Operation]>) = (entries.into(), operations.into());
        let written = self.store().write(move |tx| {
            let (entries, operations) = (Arc::clone(&entries), Arc::clone(&operations));
            Box::pin(async move { request_log::insert(tx, &entries, &operations).await })
        });
        Ok(written.await?)
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
