//! The store: opened once, cheap to clone, closed at the end.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::changes::{Change, Changes};
use crate::engine::Engine;
use crate::engine::postgres::Postgres;
use crate::engine::sqlite::{self, Sqlite};
use crate::error::StoreError;
use crate::options::Options;
use crate::sql;
use crate::sql::Stmt;
use crate::stats::Stats;
use crate::turn::Turn;
use crate::tx::{Tx, TxFuture};

/// Where a read waits for its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Nowhere: it reads some dozens of rows, found by key or index.
    Near,
    /// It reads little more than it gives, or stops early: [`Store::read`].
    Fast,
    /// It may look at every resource of the tenant: [`Store::scan`].
    Slow,
}

impl Lane {
    /// Where what turns out to be too much for this lane belongs.
    #[must_use]
    pub fn beyond(self) -> Option<Self> {
        match self {
            Self::Near => Some(Self::Fast),
            Self::Fast => Some(Self::Slow),
            Self::Slow => None,
        }
    }
}

/// Everything that Muster keeps. Clones are handles on the same store.
///
/// Work is a closure that gets the transaction: `store.read(|tx| Box::pin(async move { … }))`. It
/// may await the transaction's own calls and nothing else.
///
/// A caller who is gone (its future dropped) before the work has begun makes it not happen; once
/// begun, it runs to its end.
#[derive(Debug, Clone)]
pub struct Store {
    engine: Arc<Engine>,
}

impl Store {
    /// Opens the database, makes it when there is none, and brings its schema up to date. Takes as
    /// long as that; for the start of a process.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when another process has it open for writing, or the disk
    /// refuses; [`StoreError::Incompatible`] when its schema is newer than this program, or it is
    /// not a database of ours.
    pub async fn open(options: &Options) -> Result<Self, StoreError> {
        let engine = match &options.postgres {
            None => Engine::Sqlite(Box::new(Sqlite::open(options)?)),
            Some(postgres) => {
                Engine::Postgres(Postgres::open(postgres, options.queue_length_max, options.scan_deadline).await?)
            }
        };
        Ok(Self { engine: Arc::new(engine) })
    }

    /// Opens a database that is there, to read only: also while a server runs on an SQLite file. Its schema must
    /// be this program's, and stays as it is. What is to be written is refused.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it cannot be read; [`StoreError::Incompatible`] when its schema is
    /// another, or it is not a database of ours.
    pub async fn open_to_read(options: &Options) -> Result<Self, StoreError> {
        let engine = match &options.postgres {
            None => Engine::Sqlite(Box::new(Sqlite::open_to_read(options)?)),
            Some(postgres) => Engine::Postgres(
                Postgres::open_to_read(postgres, options.queue_length_max, options.scan_deadline).await?,
            ),
        };
        Ok(Self { engine: Arc::new(engine) })
    }

    /// Opens a PostgreSQL database for [`copy`](crate::transfer::copy::copy): an empty one, which is marked, or one that is
    /// marked already. As long as it is marked, [`Self::open`] and [`Self::open_to_read`] refuse it.
    ///
    /// # Errors
    /// As [`Self::open`]; [`StoreError::Incompatible`] also when it holds data of its own.
    pub async fn open_target(options: &Options) -> Result<Self, StoreError> {
        let Some(postgres) = &options.postgres else { return Err(not_a_target()) };
        let target = Postgres::open_target(postgres, options.queue_length_max, options.scan_deadline).await?;
        Ok(Self { engine: Arc::new(Engine::Postgres(target)) })
    }

    /// Removes all rows of a target.
    pub(crate) async fn clear_target(&self) -> Result<(), StoreError> {
        match &*self.engine {
            Engine::Postgres(postgres) => postgres.clear_target().await,
            Engine::Sqlite(_) => Err(not_a_target()),
        }
    }

    /// Takes the mark from a target, when all is copied. `numbers`: the last number that was given out in each table.
    pub(crate) async fn finish_target(&self, numbers: &[(String, i64)]) -> Result<(), StoreError> {
        match &*self.engine {
            Engine::Postgres(postgres) => postgres.finish_target(numbers).await,
            Engine::Sqlite(_) => Err(not_a_target()),
        }
    }

    /// Reads, in the fast lane: by key, or a page by index. All statements of one call see the
    /// database at one moment, and that moment is after every write that had been answered before
    /// the call.
    ///
    /// # Errors
    /// Those of `work`; [`StoreError::Unavailable`] when too many reads wait.
    pub async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> TxFuture<'t, T> + Send + 'static,
    {
        match &*self.engine {
            Engine::Sqlite(sqlite) => sqlite.read(work).await,
            Engine::Postgres(postgres) => postgres.read(work).await,
        }
    }

    /// [`Self::read`], in the slow lane: for what may look at every row of a tenant. One at a
    /// time, with a deadline, so that it never stands in the way of short reads.
    ///
    /// # Errors
    /// As [`Self::read`]; [`StoreError::TooExpensive`] at the deadline.
    pub async fn scan<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> TxFuture<'t, T> + Send + 'static,
    {
        match &*self.engine {
            Engine::Sqlite(sqlite) => sqlite.scan(work).await,
            Engine::Postgres(postgres) => postgres.scan(work).await,
        }
    }

    /// Reads in the lane that is asked for: as [`Self::read`] or [`Self::scan`]. What is read in the near lane
    /// must not take long: on SQLite it is read on the calling thread, on PostgreSQL on a connection that
    /// others use at the same time, and each statement sees the database at a moment of its own (after
    /// every write that had been answered before the call).
    ///
    /// # Errors
    /// As [`Self::read`] and [`Self::scan`].
    pub async fn read_on<T, F>(&self, lane: Lane, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> TxFuture<'t, T> + Send + 'static,
    {
        match (&*self.engine, lane) {
            (Engine::Sqlite(sqlite), Lane::Near) => sqlite.read_near(work).await,
            (Engine::Postgres(postgres), Lane::Near) => postgres.read_near(work).await,
            (_, Lane::Fast) => self.read(work).await,
            (_, Lane::Slow) => self.scan(work).await,
        }
    }

    /// Runs `work` in a transaction. `Ok` means committed and on disk; an error of `work` or of the
    /// commit means that nothing has changed. (A disk that fails in the middle of a commit may leave
    /// that open until the next start.)
    ///
    /// `work` may run twice (PostgreSQL asks for that when transactions collide), so it must only
    /// use what it was given. On SQLite writes run one at a time, those of a [turn](Turn) in the order of their
    /// calls, and those that wait together share a commit; on PostgreSQL they run side by side. Long work holds
    /// others up on both, and is therefore cut into several writes.
    ///
    /// # Errors
    /// Those of `work` and of the commit; [`StoreError::Unavailable`] when too many writes wait.
    pub async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t mut Tx) -> TxFuture<'t, T> + Send + 'static,
    {
        self.write_in_turn(Turn::House, work).await
    }

    /// [`Self::write`] for somebody. On SQLite the writer goes from one turn to the next, by the time that each has
    /// had; on PostgreSQL slices have half of the connections at most, and tenants take turns with those.
    ///
    /// When too many wait already, the last one of the turn with the most of them is refused.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub async fn write_in_turn<T, F>(&self, turn: Turn, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t mut Tx) -> TxFuture<'t, T> + Send + 'static,
    {
        match &*self.engine {
            Engine::Sqlite(sqlite) => sqlite.write(turn, work).await,
            Engine::Postgres(postgres) => postgres.write(turn, work).await,
        }
    }

    /// Copies the database, as it is at one moment, to a new file, while reads and writes go on.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when `to` exists or cannot be written;
    /// [`StoreError::Incompatible`] on PostgreSQL, which has tools of its own for that.
    pub async fn backup(&self, to: &Path) -> Result<(), StoreError> {
        match &*self.engine {
            Engine::Sqlite(sqlite) => sqlite::backup(sqlite.path(), to).await,
            Engine::Postgres(_) => Err(no_backup()),
        }
    }

    /// Looks for damage: reads the whole database, while reads and writes go on. Gives what is
    /// wrong, a line each; nothing when it is sound. Of PostgreSQL, which looks after its files
    /// itself, only the schema is looked at.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot even be read.
    pub async fn check(&self) -> Result<Vec<String>, StoreError> {
        match &*self.engine {
            Engine::Sqlite(sqlite) => sqlite::check(sqlite.path()).await,
            Engine::Postgres(postgres) => postgres.check().await,
        }
    }

    /// Whether the database answers: one short read, through the queue that all reads take.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.read(|tx| Box::pin(async { tx.query_one(&PING, &[], |row| row.int(0)).await.map(drop) })).await
    }

    /// What goes on inside.
    pub fn stats(&self) -> Stats {
        match &*self.engine {
            Engine::Sqlite(sqlite) => sqlite.stats(),
            Engine::Postgres(postgres) => postgres.stats(),
        }
    }

    /// Has `watcher` called with each change that a write [announces](Tx::announce), in this process
    /// or another one on the same database, when it has been committed. For changes of this process
    /// that is before the write is answered. It must be quick, and may be called when nothing has
    /// changed.
    pub fn watch(&self, watcher: impl Fn(Change) + Send + Sync + 'static) {
        self.changes().watch(Box::new(watcher));
    }

    /// How long ago it was last certain that watchers had heard of everything: zero on SQLite, where
    /// there is only this process; on PostgreSQL well below a second, unless the connection for that
    /// is down. Whoever believes what it has read for as long as nothing is announced, but no longer
    /// than some time after the later of reading it and the last certainty, is never wrong for
    /// longer than that time.
    pub fn unconfirmed_for(&self) -> Duration {
        self.changes().unconfirmed_for()
    }

    pub(crate) fn postgres(&self) -> Option<&Postgres> {
        match &*self.engine {
            Engine::Postgres(postgres) => Some(postgres),
            Engine::Sqlite(_) => None,
        }
    }

    fn changes(&self) -> &Changes {
        match &*self.engine {
            Engine::Sqlite(sqlite) => sqlite.changes(),
            Engine::Postgres(postgres) => postgres.changes(),
        }
    }

    /// Finishes what was asked before, then closes the database; every handle is closed with this
    /// one. What is asked afterwards is [`StoreError::Unavailable`]. Dropping the last handle does
    /// the same, but holds its thread up meanwhile.
    pub async fn close(&self) {
        match &*self.engine {
            Engine::Postgres(postgres) => postgres.close().await,
            Engine::Sqlite(_) => {
                let engine = Arc::clone(&self.engine);
                let closed = tokio::task::spawn_blocking(move || {
                    if let Engine::Sqlite(sqlite) = &*engine {
                        sqlite.close();
                    }
                });
                if let Err(error) = closed.await {
                    tracing::error!(error = &error as &dyn std::error::Error, "the store did not close");
                }
            }
        }
    }
}

pub(crate) static PING: Stmt = sql!("SELECT 1");

/// [`Store::backup`] of a database that this process has not opened; a server may run on it.
///
/// # Errors
/// As [`Store::backup`]; [`StoreError::Incompatible`] when it is not a database of ours.
pub async fn backup(options: &Options, to: &Path) -> Result<(), StoreError> {
    if options.postgres.is_some() {
        return Err(no_backup());
    }
    sqlite::backup(&options.path, to).await
}

/// [`Store::check`] of a database that this process has not opened; a server may run on it.
///
/// # Errors
/// As [`Store::check`]; [`StoreError::Incompatible`] when it is not a database of ours.
pub async fn check(options: &Options) -> Result<Vec<String>, StoreError> {
    match &options.postgres {
        None => sqlite::check(&options.path).await,
        Some(postgres) => Postgres::check_from_outside(postgres).await,
    }
}

fn not_a_target() -> StoreError {
    StoreError::Incompatible("only a PostgreSQL database can be copied to".into())
}

fn no_backup() -> StoreError {
    StoreError::Incompatible("PostgreSQL is backed up with its own tools: pg_dump, or pg_basebackup and its log".into())
}
