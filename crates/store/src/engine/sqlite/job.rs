//! Jobs: work on its way to a thread that owns a connection, and its answer on the way back.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll, Waker};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use tokio::sync::oneshot;

use crate::engine::{closed, panicked, too_busy, waited};
use crate::error::StoreError;
use crate::tx::{Tx, TxFuture};

/// Work that a caller waits for.
pub(super) trait Job: Send {
    /// Whether the caller has gone, so that nobody would learn the answer.
    fn is_abandoned(&self) -> bool;

    /// Does the work and keeps what it gives. A panic of the work is an error like others.
    fn run(&mut self, tx: &mut Tx) -> Result<(), StoreError>;

    /// Answers: what [`Self::run`] kept, or the error.
    fn answer(self: Box<Self>, outcome: Result<(), StoreError>);
}

impl fmt::Debug for dyn Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Job(…)")
    }
}

/// What a thread finds in its queue.
pub(super) enum Message {
    Job(Box<dyn Job>),
    /// The thread that takes it ends.
    Close,
}

/// The callers' end of the queue of readers. First come, first served.
#[derive(Debug)]
pub(super) struct Queue(Sender<Message>);

/// A queue for at most `length_max` jobs.
pub(super) fn queue(length_max: usize) -> (Queue, Receiver<Message>) {
    let (sender, receiver) = bounded(length_max);
    (Queue(sender), receiver)
}

impl Queue {
    /// Puts work into the queue and waits for its answer.
    pub(super) async fn ask<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> TxFuture<'t, T> + Send + 'static,
    {
        let (job, answer) = pending(work);
        self.0.try_send(Message::Job(job)).map_err(|error| match error {
            TrySendError::Full(_) => too_busy(),
            TrySendError::Disconnected(_) => closed(),
        })?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Tells `threads` threads to end when they have done what is queued now.
    pub(super) fn close(&self, threads: usize) {
        for _ in 0..threads {
            if self.0.send(Message::Close).is_err() {
                return;
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// A job, and where its answer comes.
pub(super) fn pending<T, F>(work: F) -> (Box<dyn Job>, oneshot::Receiver<Result<T, StoreError>>)
where
    T: Send + 'static,
    F: for<'t> FnOnce(&'t mut Tx) -> TxFuture<'t, T> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    (Box::new(Pending { work: Some(work), value: None, reply }), answer)
}

struct Pending<T, F> {
    work: Option<F>,
    value: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Job for Pending<T, F>
where
    T: Send,
    F: for<'t> FnOnce(&'t mut Tx) -> TxFuture<'t, T> + Send,
{
    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn run(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        if let Some(work) = self.work.take() {
            self.value = Some(drive(work, tx)?);
        }
        Ok(())
    }

    fn answer(self: Box<Self>, outcome: Result<(), StoreError>) {
        let Self { value, reply, .. } = *self;
        let answer = outcome.and_then(|()| value.ok_or_else(closed));
        if reply.send(answer).is_err() {
            tracing::debug!("the caller has gone before its answer");
        }
    }
}

/// Polls the work's future, once: on SQLite nothing that it awaits ever waits.
pub(super) fn drive<T, F>(work: F, tx: &mut Tx) -> Result<T, StoreError>
where
    F: for<'t> FnOnce(&'t mut Tx) -> TxFuture<'t, T>,
{
    // Unwind safe: on an error of any kind the transaction is rolled back, which is all the state
    // that the work can have left behind.
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let mut future = work(tx);
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(outcome) => outcome,
            Poll::Pending => Err(waited()),
        }
    }));
    outcome.unwrap_or_else(|panic| Err(panicked(&*panic)))
}
