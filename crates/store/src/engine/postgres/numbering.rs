//! Numbering of events: what has been committed gets its place in its tenant's order.
//!
//! Changes take no number themselves, since a number that is given out before the commit makes its
//! tenant's writers wait for each other, or readers miss events (see `0002_resources.postgres.sql`).
//! Each process numbers the events of tenants in which it has just written; one lock per tenant lets
//! one process do so at a time. What a process left behind that was killed in between is numbered by the next
//! one that writes in that tenant, or that looks around from time to time.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;

use super::Inner;
use crate::error::StoreError;
use crate::sql::Stmt;
use crate::tenants::TenantKey;
use crate::tx::{Lock, Tx};

/// Between two looks around for what was left behind.
const LOOK_INTERVAL: Duration = Duration::from_secs(10);

/// How many events one transaction numbers.
const BATCH_MAX: u32 = 1000;

/// Tenants whose events wait for their numbers.
#[derive(Debug, Default)]
pub(super) struct Unnumbered {
    tenants: Mutex<BTreeSet<i64>>,
    some: Notify,
}

impl Unnumbered {
    pub(super) fn add(&self, tenant: TenantKey) {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner).insert(tenant.0);
        self.some.notify_one();
    }

    fn next(&self) -> Option<TenantKey> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner).pop_first().map(TenantKey)
    }
}

/// Numbers until it is aborted, or the store is gone.
pub(super) async fn number(inner: Weak<Inner>, unnumbered: Arc<Unnumbered>) {
    loop {
        let Some(store) = inner.upgrade() else { return };
        // What is left behind is found again at the next look.
        if let Err(error) = look_around(&store, &unnumbered).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "events wait for their numbers");
        }
        drop(store);
        let until_next_look = async {
            loop {
                unnumbered.some.notified().await;
                let Some(store) = inner.upgrade() else { return };
                while let Some(tenant) = unnumbered.next() {
                    if let Err(error) = number_tenant(&store, tenant).await {
                        tracing::debug!(error = &error as &dyn std::error::Error, "events wait for their numbers");
                    }
                }
            }
        };
        // Cutting it short is safe: a transaction that is dropped is rolled back.
        tokio::time::timeout(LOOK_INTERVAL, until_next_look).await.ok();
    }
}

/// Finds tenants with events that nobody has numbered.
async fn look_around(inner: &Inner, unnumbered: &Unnumbered) -> Result<(), StoreError> {
    let read = inner.read(&inner.background, &inner.begin.read, |tx| {
        Box::pin(async { tx.query(&WAITING, &[], |row| row.int(0)).await })
    });
    read.await?.into_iter().for_each(|key| unnumbered.add(TenantKey(key)));
    Ok(())
}

// From one tenant to the next by the index: the queue may be long, and full of rows that are gone.
pub(crate) static WAITING: Stmt = crate::sql!(
    "WITH RECURSIVE waiting (tenant) AS (
         (SELECT tenant FROM event_queue ORDER BY tenant LIMIT 1)
         UNION ALL
         SELECT next.tenant FROM waiting
         CROSS JOIN LATERAL (SELECT tenant FROM event_queue WHERE event_queue.tenant > waiting.tenant
                             ORDER BY tenant LIMIT 1) AS next
     )
     SELECT tenant FROM waiting"
)
.beyond_one_tenant();

async fn number_tenant(inner: &Inner, tenant: TenantKey) -> Result<(), StoreError> {
    while inner.write(&inner.background, move |tx| Box::pin(number_batch(tx, tenant))).await? == u64::from(BATCH_MAX) {}
    Ok(())
}

async fn number_batch(tx: &mut Tx, tenant: TenantKey) -> Result<u64, StoreError> {
    tx.lock(tenant, Lock::EventOrder);
    tx.execute(&NUMBER, &[tenant.into(), BATCH_MAX.into()]).await
}

pub(crate) static NUMBER: Stmt = crate::sql!(
    "WITH taken AS (
         DELETE FROM event_queue WHERE tenant = $1 AND draft <= (
             SELECT max(draft) FROM (
                 SELECT draft FROM event_queue WHERE tenant = $1 ORDER BY draft LIMIT $2) AS earliest)
         RETURNING draft)
     INSERT INTO event_order (tenant, seq, draft)
     SELECT $1, coalesce((SELECT seq FROM event_order WHERE tenant = $1 ORDER BY seq DESC LIMIT 1), 0) + row_number() OVER (ORDER BY draft),
            draft
     FROM taken"
);
