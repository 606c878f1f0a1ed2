//! The queue of the writer: callers wait at one end in [`Turns`], the writer takes jobs from the other.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::job::{Job, pending};
use super::turns::Turns;
use crate::engine::{closed, too_busy};
use crate::error::StoreError;
use crate::turn::Turn;
use crate::tx::{Tx, TxFuture};

/// Writes on their way to the writer.
#[derive(Debug)]
pub(super) struct Writes {
    state: Mutex<State>,
    /// Something has come for a writer that had nothing to do.
    arrival: Condvar,
}

#[derive(Debug)]
struct State {
    turns: Turns<Box<dyn Job>>,
    is_closed: bool,
    /// Nobody has woken it yet.
    writer_waits: bool,
}

impl Writes {
    /// For at most `length_max` writes that wait.
    pub(super) fn new(length_max: usize) -> Self {
        let state = State { turns: Turns::new(length_max), is_closed: false, writer_waits: false };
        Self { state: Mutex::new(state), arrival: Condvar::new() }
    }

    /// Puts work into the queue and waits for its answer.
    pub(super) async fn ask<T, F>(&self, turn: Turn, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> TxFuture<'t, T> + Send + 'static,
    {
        let (job, answer) = pending(work);
        self.push(turn, job)?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    fn push(&self, turn: Turn, job: Box<dyn Job>) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.is_closed {
            return Err(closed());
        }
        let turned_away = state.turns.push(turn, job);
        let wakes = std::mem::take(&mut state.writer_waits);
        drop(state);
        if wakes {
            self.arrival.notify_one();
        }
        // It may be the one that was pushed: whoever waits for it is told all the same.
        if let Some(job) = turned_away {
            job.answer(Err(too_busy()));
        }
        Ok(())
    }

    /// The next job, as soon as there is one. `None` when the queue is closed and nothing is left in it.
    pub(super) fn next(&self) -> Option<(Turn, Box<dyn Job>)> {
        let mut state = self.state();
        loop {
            if let Some(next) = state.turns.next() {
                return Some(next);
            }
            if state.is_closed {
                return None;
            }
            state.writer_waits = true;
            state = self.arrival.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The next job, if there is one now and it suits.
    pub(super) fn next_if(&self, suits: impl FnOnce(Turn) -> bool) -> Option<(Turn, Box<dyn Job>)> {
        let mut state = self.state();
        if state.turns.peek().is_some_and(suits) { state.turns.next() } else { None }
    }

    /// Counts the time that a job took.
    pub(super) fn charge(&self, turn: Turn, took: Duration) {
        self.state().turns.charge(turn, took);
    }

    /// Whether anybody waits but those of `turn`.
    pub(super) fn others_wait(&self, turn: Turn) -> bool {
        self.state().turns.others_wait(turn)
    }

    /// Refuses what comes from now on. What waits already is still to be done.
    pub(super) fn close(&self) {
        self.state().is_closed = true;
        self.arrival.notify_one();
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.state().turns.len()
    }

    /// Nobody will take what waits.
    pub(super) fn abandon(&self) {
        self.close();
        let left: Vec<_> = self.state().turns.drain().collect();
        for job in left {
            job.answer(Err(closed()));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code of ours panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
