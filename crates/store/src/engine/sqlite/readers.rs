//! Readers: a read-only connection each. Those of the near lane work on the thread of whoever asks; the
//! fast lane has several threads that share a queue; the slow lane is one thread, with a deadline.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;

use super::SqliteTx;
use super::job::{Message, drive};
use super::tx::BEGIN;
use super::writer::Counters;
use crate::error::StoreError;
use crate::sql::Stmt;
use crate::tx::{Tx, TxFuture};

/// SQLite asks whether the deadline has passed after so many steps of its virtual machine, which is
/// well under a millisecond's worth.
const STEPS_PER_DEADLINE_CHECK: i32 = 2000;

#[derive(Debug)]
pub(super) struct Reader {
    tx: Tx,
    deadline: Option<Duration>,
    counters: Arc<Counters>,
}

impl Reader {
    pub(super) fn new(connection: SqliteTx, counters: Arc<Counters>) -> Self {
        Self { tx: Tx::Sqlite(connection), deadline: None, counters }
    }

    /// Cuts every job that runs longer.
    pub(super) fn with_deadline(self, deadline: Duration) -> Self {
        Self { deadline: Some(deadline), ..self }
    }

    /// What a thread that takes its work from `queue` does until it is told to end.
    pub(super) fn into_loop(mut self, queue: Receiver<Message>) -> impl FnOnce() {
        move || {
            while let Ok(Message::Job(mut job)) = queue.recv() {
                if !job.is_abandoned() {
                    let outcome = self.run(|tx| job.run(tx));
                    job.answer(outcome);
                }
            }
        }
    }

    /// Does work on this very thread. Its first statement may see an earlier moment than the others.
    pub(super) fn read_near<T>(
        &mut self,
        work: impl for<'t> FnOnce(&'t mut Tx) -> TxFuture<'t, T>,
    ) -> Result<T, StoreError> {
        self.sqlite().begin_late();
        self.end(|tx| drive(work, tx))
    }

    /// Runs work in a read transaction, so that all of its statements see the same moment.
    fn run<T>(&mut self, work: impl FnOnce(&mut Tx) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.set_deadline()?;
        self.sqlite().run(&BEGIN)?;
        self.end(work)
    }

    /// Runs work and ends its transaction.
    fn end<T>(&mut self, work: impl FnOnce(&mut Tx) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let outcome = work(&mut self.tx);
        let statements = self.sqlite().take_statements();
        self.counters.count_statements(statements);
        self.clear_deadline()?;
        // An interrupted statement has ended the transaction already when it was the only one.
        if !self.sqlite().connection.is_autocommit() {
            self.sqlite().run(&END)?;
        }
        outcome
    }

    fn set_deadline(&mut self) -> Result<(), StoreError> {
        let Some(end) = self.deadline.map(|deadline| Instant::now() + deadline) else { return Ok(()) };
        let is_over = move || Instant::now() >= end;
        self.sqlite()
            .connection
            .progress_handler(STEPS_PER_DEADLINE_CHECK, Some(is_over))
            .map_err(|error| StoreError::Unavailable(error.to_string()))
    }

    fn clear_deadline(&mut self) -> Result<(), StoreError> {
        if self.deadline.is_none() {
            return Ok(());
        }
        self.sqlite()
            .connection
            .progress_handler(0, None::<fn() -> bool>)
            .map_err(|error| StoreError::Unavailable(error.to_string()))
    }

    fn sqlite(&mut self) -> &mut SqliteTx {
        match &mut self.tx {
            Tx::Sqlite(tx) => tx,
            Tx::Postgres(_) => unreachable!("made with a connection to SQLite"),
        }
    }
}

// There is nothing to take back: the connection cannot write.
static END: Stmt = crate::sql!("COMMIT");
