//! Creations that wait are written together: while one transaction of a tenant creates, what comes
//! meanwhile is gathered for the next, so that many share a trip, a commit and a write of the log.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::Inner;
use crate::engine::{closed, too_busy};
use crate::error::StoreError;
use crate::resources::apply::creations::{self, Creation};
use crate::resources::apply::{WriteError, Written};
use crate::tenants::TenantKey;

/// How many share a transaction at most.
const TOGETHER_MAX: usize = 64;

/// How many bytes of documents share a transaction, and one more document.
const BYTES_MAX: usize = 1024 * 1024;

/// What became of a creation.
type Answer = Result<Result<Written, WriteError>, StoreError>;

/// What is to be created.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    /// A tenant is here as long as somebody creates for it.
    tenants: Mutex<HashMap<i64, VecDeque<Waiting>>>,
    waiting: AtomicUsize,
}

#[derive(Debug)]
struct Waiting {
    creation: Creation,
    answer: oneshot::Sender<Answer>,
}

impl Gathering {
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<i64, VecDeque<Waiting>>> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those who waited longest and were planned by the same definitions. When nobody waits, nobody creates
    /// for the tenant any more.
    fn next(&self, tenant: TenantKey) -> Vec<Waiting> {
        let mut tenants = self.lock();
        let Entry::Occupied(mut entry) = tenants.entry(tenant.0) else { return Vec::new() };
        let queue = entry.get_mut();
        let before = queue.len();
        // Whoever has gone away has asked for nothing.
        queue.retain(|waiting| !waiting.answer.is_closed());
        self.waiting.fetch_sub(before - queue.len(), Ordering::Relaxed);
        let fence = queue.front().map(|first| first.creation.fence);
        let mut bytes = 0;
        let fit = queue.iter().take(TOGETHER_MAX).take_while(|waiting| {
            let has_room = bytes < BYTES_MAX;
            bytes += waiting.creation.size();
            has_room && Some(waiting.creation.fence) == fence
        });
        let fit = fit.count();
        let next: Vec<Waiting> = queue.drain(..fit).collect();
        if next.is_empty() {
            entry.remove();
        }
        self.waiting.fetch_sub(next.len(), Ordering::Relaxed);
        next
    }

    fn refuse_all(&self, tenant: TenantKey) {
        let gone = self.lock().remove(&tenant.0).unwrap_or_default();
        self.waiting.fetch_sub(gone.len(), Ordering::Relaxed);
        for waiting in gone {
            waiting.answer.send(Err(closed())).ok();
        }
    }
}

/// Creates a resource, together with others of the tenant that wait.
pub(super) async fn create(
    inner: &Arc<Inner>,
    waiting_max: usize,
    tenant: TenantKey,
    creation: Creation,
) -> Result<Result<Written, WriteError>, StoreError> {
    let (answer, answered) = oneshot::channel();
    {
        let mut tenants = inner.gathering.lock();
        if inner.gathering.waiting() >= waiting_max {
            return Err(too_busy());
        }
        inner.gathering.waiting.fetch_add(1, Ordering::Relaxed);
        let is_first = !tenants.contains_key(&tenant.0);
        tenants.entry(tenant.0).or_default().push_back(Waiting { creation, answer });
        if is_first {
            tokio::spawn(create_all(Arc::clone(inner), tenant));
        }
    }
    answered.await.unwrap_or_else(|_| Err(closed()))
}

async fn create_all(inner: Arc<Inner>, tenant: TenantKey) {
    loop {
        let Ok(slot) = Arc::clone(&inner.slots).acquire_owned().await else {
            inner.gathering.refuse_all(tenant);
            return;
        };
        let (creations, answers): (Vec<_>, Vec<_>) =
            inner.gathering.next(tenant).into_iter().map(|waiting| (waiting.creation, waiting.answer)).unzip();
        if creations.is_empty() {
            return;
        }
        let outcomes = create_together(&inner, tenant, creations).await;
        drop(slot);
        for (answer, outcome) in answers.into_iter().zip(outcomes) {
            // Whoever has gone away meanwhile has created it all the same.
            answer.send(outcome).ok();
        }
    }
}

async fn create_together(inner: &Inner, tenant: TenantKey, creations: Vec<Creation>) -> Vec<Answer> {
    let creations: Arc<[Creation]> = creations.into();
    let together = creations.len();
    match write(inner, tenant, &creations, 0..together).await {
        Ok(outcomes) => {
            inner.counters.count_gathered(together);
            outcomes.into_iter().map(Ok).collect()
        }
        // It is the same for all, or may even have happened.
        Err(error @ (StoreError::Unavailable(_) | StoreError::Outdated)) => vec![Err(error); together],
        Err(error) if together == 1 => vec![Err(error)],
        // One of them cannot be written: the others shall not suffer for it.
        Err(_) => {
            let mut outcomes = Vec::with_capacity(together);
            for place in 0..together {
                let outcome = write(inner, tenant, &creations, place..place + 1).await;
                outcomes.push(outcome.and_then(|mut outcomes| outcomes.pop().ok_or_else(closed)));
            }
            outcomes
        }
    }
}

/// Some of them, in one transaction.
async fn write(
    inner: &Inner,
    tenant: TenantKey,
    creations: &Arc<[Creation]>,
    which: Range<usize>,
) -> Result<Vec<Result<Written, WriteError>>, StoreError> {
    let creations = Arc::clone(creations);
    let write = inner.write(&inner.counters, move |tx| {
        let (creations, which) = (Arc::clone(&creations), which.clone());
        Box::pin(async move {
            let creations = &creations[which];
            if let Some(first) = creations.first() {
                tx.expect_schemas(tenant, first.fence).await?;
            }
            let keys = creations::write(tx, tenant, creations, None).await?;
            Ok(creations.iter().zip(keys).map(|(creation, key)| creation.outcome(key)).collect())
        })
    });
    write.await
}
