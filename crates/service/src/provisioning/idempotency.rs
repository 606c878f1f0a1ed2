//! `Idempotency-Key`: a request that is sent again gets the answer of its first run, and is not
//! run again.
//!
//! Answers are kept in the memory of this process, for a day and within a bound of bytes: what a
//! client needs whose connection broke before the answer came. After a restart a key is new again.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};
use store::TenantKey;

use crate::error::ServiceError;

/// How long an answer is kept.
const KEPT_MS: i64 = 24 * 60 * 60 * 1000;

/// How many bytes of answers are kept; the oldest go first.
const KEPT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What an answer costs besides its text.
const ENTRY_BYTES: usize = 256;

/// What a client calls one run of a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

/// Text that cannot be an [`IdempotencyKey`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAKey;

impl fmt::Display for NotAKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Idempotency-Key: send 1 to 255 visible ASCII characters")
    }
}

impl FromStr for IdempotencyKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let fits = (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if fits { Ok(Self(text.to_owned())) } else { Err(NotAKey) }
    }
}

/// The runs that are remembered. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Idempotency(Arc<Mutex<Runs>>);

#[derive(Debug, Default)]
struct Runs {
    by_name: HashMap<Name, Run>,
    /// Finished runs, oldest first.
    finished: VecDeque<(Name, i64)>,
    bytes: usize,
}

/// Keys of one tenant mean nothing to another.
type Name = (TenantKey, IdempotencyKey);
type Hash = [u8; 32];

#[derive(Debug)]
struct Run {
    /// Of the request's body.
    hash: Hash,
    /// `None` while it runs.
    answer: Option<Arc<str>>,
}

/// What a key means for a request.
#[derive(Debug)]
pub enum Attempt {
    /// It is new: run it, then [`FirstRun::finish`].
    First(FirstRun),
    /// It was run before, and this was the answer.
    Again(Arc<str>),
}

/// A run in progress. Dropped without an answer, it never was.
#[derive(Debug)]
pub struct FirstRun {
    runs: Idempotency,
    name: Name,
}

impl Idempotency {
    /// Begins a run, or finds it.
    ///
    /// # Errors
    /// [`ServiceError::Conflict`] when the first run has not ended yet, or had another body.
    pub fn begin(
        &self,
        tenant: TenantKey,
        key: IdempotencyKey,
        body: &[u8],
        now_ms: i64,
    ) -> Result<Attempt, ServiceError> {
        let hash: Hash = Sha256::digest(body).into();
        let name = (tenant, key);
        let mut runs = self.lock();
        runs.forget_before(now_ms - KEPT_MS);
        match runs.by_name.get(&name) {
            Some(run) if run.hash != hash => Err(ServiceError::Conflict(
                "Idempotency-Key: this key was used for a request with another body; take a new one".into(),
            )),
            Some(Run { answer: None, .. }) => Err(ServiceError::Conflict(
                "Idempotency-Key: the first request with this key is still being worked on".into(),
            )),
            Some(Run { answer: Some(answer), .. }) => Ok(Attempt::Again(Arc::clone(answer))),
            None => {
                runs.by_name.insert(name.clone(), Run { hash, answer: None });
                Ok(Attempt::First(FirstRun { runs: self.clone(), name }))
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Runs> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FirstRun {
    /// Keeps the answer for whoever asks again.
    pub fn finish(self, answer: &str, now_ms: i64) {
        let mut runs = self.runs.lock();
        if let Some(run) = runs.by_name.get_mut(&self.name) {
            run.answer = Some(answer.into());
            runs.bytes += answer.len() + ENTRY_BYTES;
            runs.finished.push_back((self.name.clone(), now_ms));
        }
        while runs.bytes > KEPT_BYTES_MAX && runs.forget_oldest() {}
    }
}

impl Drop for FirstRun {
    fn drop(&mut self) {
        let mut runs = self.runs.lock();
        if runs.by_name.get(&self.name).is_some_and(|run| run.answer.is_none()) {
            runs.by_name.remove(&self.name);
        }
    }
}

impl Runs {
    fn forget_before(&mut self, ms: i64) {
        while self.finished.front().is_some_and(|(_, at)| *at < ms) && self.forget_oldest() {}
    }

    fn forget_oldest(&mut self) -> bool {
        let Some((name, _)) = self.finished.pop_front() else { return false };
        if let Some(Run { answer: Some(answer), .. }) = self.by_name.remove(&name) {
            self.bytes -= answer.len() + ENTRY_BYTES;
        }
        true
    }
}
