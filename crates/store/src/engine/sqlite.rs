//! SQLite: one file, one writer thread, a few reader threads, a thread that moves the log.
//!
//! The writer owns the only connection that writes, so nothing ever waits for SQLite's lock, and
//! writes that come together share one commit ([`writer`]). Whose write is next, [`turns`] says. Readers have a connection each; what
//! reads a few rows is done on the thread of whoever asks, since two changes of threads cost several times
//! what it does ([`readers`]). Checkpoints are made by a thread of their own ([`checkpoint`]): made by the
//! writer, as SQLite does by default, they take three quarters of its throughput.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crossbeam_channel::{Sender, bounded};

use crate::changes::Changes;
use crate::error::StoreError;
use crate::options::Options;
use crate::stats::Stats;
use crate::turn::Turn;
use crate::tx::{Tx, TxFuture};

mod backup;
mod checkpoint;
mod error;
mod file;
mod job;
mod readers;
mod turns;
mod tx;
mod writer;
mod writes;

pub(crate) use backup::{backup, check};
pub(crate) use tx::{SqliteTx, value};

use job::Queue;
use writes::Writes;

/// Scans that may wait for the one thread of the slow lane.
const SCANS_WAITING_MAX: usize = 64;

/// An open SQLite file and the threads that work on it.
#[derive(Debug)]
pub(crate) struct Sqlite {
    path: PathBuf,
    writes: Arc<Writes>,
    /// Readers of the near lane that nobody uses now.
    near: Mutex<Vec<readers::Reader>>,
    reads: Queue,
    scans: Queue,
    counters: Arc<writer::Counters>,
    changes: Arc<Changes>,
    /// `None` once closed.
    threads: Mutex<Option<Threads>>,
}

#[derive(Debug)]
struct Threads {
    readers: Vec<JoinHandle<()>>,
    scanner: JoinHandle<()>,
    /// Unless it was opened to read only.
    writing: Option<Writing>,
}

#[derive(Debug)]
struct Writing {
    writer: JoinHandle<()>,
    checkpointer: JoinHandle<()>,
    /// Dropped to stop the checkpointer.
    stop_checkpointer: Sender<()>,
    /// Dropped last: from then on another process may open the file.
    lock: file::Lock,
}

impl Sqlite {
    pub(crate) fn open(options: &Options) -> Result<Self, StoreError> {
        let lock = file::Lock::take(&options.path)?;
        let connection = file::open_for_writing(options)?;

        let counters = Arc::new(writer::Counters::default());
        let changes = Arc::new(Changes::in_process());
        let writes = Arc::new(Writes::new(options.queue_length_max));
        let ends = (Arc::clone(&writes), Arc::clone(&counters), Arc::clone(&changes));
        let loop_of_writer = writer::Writer::new(connection, ends).with_patience(options.slice_patience).into_loop();
        let write_thread = spawn("muster-writer", loop_of_writer)?;

        let (stop_checkpointer, stopped) = bounded(0);
        let connection = file::connect_checkpointer(options)?;
        let checkpointer =
            checkpoint::Checkpointer::new(connection, Arc::clone(&counters), stopped, options.wal_bytes_max);
        let checkpointer = spawn("muster-checkpoint", checkpointer.into_loop())?;

        let writing = Writing { writer: write_thread, checkpointer, stop_checkpointer, lock };
        Self::with_readers(options, writes, counters, changes, Some(writing))
    }

    /// Without the lock and whatever writes: another process may have it open.
    pub(crate) fn open_to_read(options: &Options) -> Result<Self, StoreError> {
        file::expect_current(&options.path)?;
        let writes = Arc::new(Writes::new(0));
        writes.close();
        Self::with_readers(options, writes, Arc::default(), Arc::new(Changes::in_process()), None)
    }

    fn with_readers(
        options: &Options,
        writes: Arc<Writes>,
        counters: Arc<writer::Counters>,
        changes: Arc<Changes>,
        writing: Option<Writing>,
    ) -> Result<Self, StoreError> {
        let reader =
            || file::connect_reader(options).map(|connection| readers::Reader::new(connection, Arc::clone(&counters)));
        let count = options.reader_threads.max(1);
        let near = (0..count).map(|_| reader()).collect::<Result<Vec<_>, _>>()?;

        let (reads, queued) = job::queue(options.queue_length_max);
        let readers = (0..count)
            .map(|_| spawn("muster-reader", reader()?.into_loop(queued.clone())))
            .collect::<Result<Vec<_>, _>>()?;

        let (scans, queued) = job::queue(SCANS_WAITING_MAX);
        let scanner = reader()?.with_deadline(options.scan_deadline);
        let scanner = spawn("muster-scanner", scanner.into_loop(queued))?;

        let threads = Mutex::new(Some(Threads { readers, scanner, writing }));
        let (path, near) = (options.path.clone(), Mutex::new(near));
        Ok(Self { path, writes, near, reads, scans, counters, changes, threads })
    }

    pub(crate) fn changes(&self) -> &Changes {
        &self.changes
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads on this very thread. When all readers of the near lane are at work, in the fast lane.
    pub(crate) async fn read_near<T: Send + 'static>(
        &self,
        work: impl for<'t> FnOnce(&'t mut Tx) -> TxFuture<'t, T> + Send + 'static,
    ) -> Result<T, StoreError> {
        // Taken in a statement of its own, so that the lock is not held meanwhile.
        let free = self.near().pop();
        let Some(mut reader) = free else { return self.read(work).await };
        let outcome = reader.read_near(work);
        self.near().push(reader);
        outcome
    }

    fn near(&self) -> MutexGuard<'_, Vec<readers::Reader>> {
        // No code of ours panics while it holds the lock.
        self.near.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl for<'t> FnOnce(&'t mut Tx) -> TxFuture<'t, T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.reads.ask(work).await
    }

    pub(crate) async fn scan<T: Send + 'static>(
        &self,
        work: impl for<'t> FnOnce(&'t mut Tx) -> TxFuture<'t, T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.scans.ask(work).await
    }

    pub(crate) async fn write<T: Send + 'static>(
        &self,
        turn: Turn,
        work: impl for<'t> FnOnce(&'t mut Tx) -> TxFuture<'t, T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writes.ask(turn, work).await
    }

    pub(crate) fn stats(&self) -> Stats {
        Stats {
            writes_waiting: self.writes.len(),
            reads_waiting: self.reads.len(),
            scans_waiting: self.scans.len(),
            wal_bytes: file::wal_bytes(&self.path),
            ..self.counters.read()
        }
    }

    /// Lets every thread finish what is queued, and waits for it. The second call does nothing.
    pub(crate) fn close(&self) {
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Threads { readers, scanner, writing }) = threads else { return };
        self.writes.close();
        self.reads.close(readers.len());
        self.scans.close(1);
        self.near().clear();
        readers.into_iter().for_each(join);
        join(scanner);
        if let Some(Writing { writer, checkpointer, stop_checkpointer, lock }) = writing {
            join(writer);
            // Last, since it empties the log when nobody else uses it.
            drop(stop_checkpointer);
            join(checkpointer);
            drop(lock);
        }
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        self.close();
    }
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StoreError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .map_err(|error| StoreError::Unavailable(format!("no thread for the database: {error}")))
}

fn join(thread: JoinHandle<()>) {
    // A closure given to the store may hold a handle on it; when that is the last one, the store is
    // dropped on the very thread that we would wait for.
    if thread.thread().id() != std::thread::current().id() && thread.join().is_err() {
        tracing::error!("a thread of the database panicked");
    }
}
