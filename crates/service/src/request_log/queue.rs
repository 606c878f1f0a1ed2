//! Requests that wait to be written down. Who answers a request puts it here and goes on; when there
//! is no room, it is left out and counted.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::Asked;

/// How many bytes may wait, about.
const WEIGHT_MAX: usize = 32 * 1024 * 1024;

/// Requests that wait.
#[derive(Debug)]
pub(crate) struct Queue {
    length_max: usize,
    waiting: Mutex<Waiting>,
    arrived: Notify,
    /// Whoever writes what waits: one at a time, so that nothing is under way when the last one ends.
    pub(super) writing: tokio::sync::Mutex<()>,
    pub(super) written: AtomicU64,
    pub(super) left_out: LeftOut,
}

#[derive(Debug, Default)]
struct Waiting {
    requests: VecDeque<Asked>,
    weight: usize,
}

/// How many requests were not written down, by why.
#[derive(Debug, Default)]
pub(super) struct LeftOut {
    /// Too many were waiting.
    pub(super) full: AtomicU64,
    /// Somebody showed bad credentials too often.
    pub(super) flood: AtomicU64,
    /// The database did not take them.
    pub(super) failed: AtomicU64,
}

/// How the request log is doing, since the start of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestLogStats {
    /// How many requests wait to be written.
    pub waiting: u64,
    /// How many have been written.
    pub written: u64,
    /// How many were left out since too many were waiting.
    pub left_out_full: u64,
    /// How many were left out since somebody showed bad credentials too often.
    pub left_out_flood: u64,
    /// How many were left out since the database did not take them.
    pub left_out_failed: u64,
}

impl Queue {
    pub(crate) fn new(length_max: u32) -> Self {
        Self {
            length_max: usize::try_from(length_max).unwrap_or(usize::MAX),
            waiting: Mutex::default(),
            arrived: Notify::new(),
            writing: tokio::sync::Mutex::default(),
            written: AtomicU64::new(0),
            left_out: LeftOut::default(),
        }
    }

    /// Puts a request to those that wait, if there is room.
    pub(super) fn push(&self, asked: Asked) {
        let mut waiting = self.lock();
        let weight = asked.weight();
        if waiting.requests.len() >= self.length_max || waiting.weight + weight > WEIGHT_MAX {
            drop(waiting);
            self.left_out.full.fetch_add(1, Ordering::Relaxed);
            return;
        }
        waiting.weight += weight;
        waiting.requests.push_back(asked);
        let is_first = waiting.requests.len() == 1;
        drop(waiting);
        if is_first {
            self.arrived.notify_one();
        }
    }

    /// How many wait.
    pub(super) fn length(&self) -> usize {
        self.lock().requests.len()
    }

    /// The requests that have waited longest, at most so many.
    pub(super) fn take(&self, most: usize) -> Vec<Asked> {
        let mut waiting = self.lock();
        let count = waiting.requests.len().min(most);
        let taken: Vec<Asked> = waiting.requests.drain(..count).collect();
        waiting.weight -= taken.iter().map(Asked::weight).sum::<usize>();
        taken
    }

    /// Ready when something waits.
    pub(super) async fn arrival(&self) {
        if self.lock().requests.is_empty() {
            self.arrived.notified().await;
        }
    }

    pub(super) fn stats(&self) -> RequestLogStats {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        RequestLogStats {
            waiting: self.lock().requests.len() as u64,
            written: count(&self.written),
            left_out_full: count(&self.left_out.full),
            left_out_flood: count(&self.left_out.flood),
            left_out_failed: count(&self.left_out.failed),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // No code of ours panics while it holds the lock.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
