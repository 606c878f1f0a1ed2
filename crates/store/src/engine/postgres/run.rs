//! Running a closure in a transaction: polled like any future, but it may wait for nothing but its
//! own statements.

use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;

use crate::engine::{panicked, waited};
use crate::error::StoreError;
use crate::tx::{Tx, TxFuture};

/// How often a write is tried. Collisions are rare, since what many write at once is locked first.
pub(super) const TRIES_MAX: u32 = 8;

/// The longest pause before the second try; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(4);

/// Makes the future of `work`.
pub(super) fn begin<'t, T: 't>(tx: &'t mut Tx, work: impl FnOnce(&'t mut Tx) -> TxFuture<'t, T>) -> TxFuture<'t, T> {
    // Unwind safe: on an error of any kind the transaction is rolled back, which is all the state
    // that the work can have left behind.
    catch_unwind(AssertUnwindSafe(|| work(tx))).unwrap_or_else(|panic| Box::pin(async move { Err(panicked(&*panic)) }))
}

/// Polls the work's future to its end. `waiting` tells whether it waits for a statement: waiting for
/// anything else would hold the connection up, and with it the locks of the transaction.
///
/// A server that has said nothing for `silence_max` is given up: its machine, or the way to it, is gone without
/// a word. `waiting` stays set then, so that nobody uses the connection again.
pub(super) async fn drive<T>(
    mut work: TxFuture<'_, T>,
    waiting: Arc<AtomicBool>,
    silence_max: Duration,
) -> Result<T, StoreError> {
    let mut silence = pin!(tokio::time::sleep(silence_max));
    let polled = std::future::poll_fn(|context| {
        match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
            Ok(Poll::Pending) if !waiting.load(Ordering::Relaxed) => return Poll::Ready(Err(waited())),
            Ok(Poll::Pending) => {}
            Ok(ready) => return ready,
            Err(panic) => return Poll::Ready(Err(panicked(&*panic))),
        }
        if silence.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(silent()));
        }
        // Polled, and not for the silence: the server has said something.
        silence.as_mut().reset(Instant::now() + silence_max);
        Poll::Pending
    });
    polled.await
}

/// What a caller learns of a server that fell silent.
pub(super) fn silent() -> StoreError {
    StoreError::Unavailable("the server has not answered for too long".into())
}

/// Lets those with whom a transaction collided get ahead, each for a time of its own.
pub(super) async fn pause(tries: u32) {
    let most = FIRST_PAUSE * 2_u32.saturating_pow(tries);
    let share = RandomState::new().hash_one(tries) % 1000;
    tokio::time::sleep(most * u32::try_from(share).unwrap_or(0) / 1000).await;
}
