//! A transaction: the only seam between a repository function and an engine.

use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;

use scim::id::ResourceId;

use crate::changes::Change;
use crate::engine::postgres::PgTx;
use crate::engine::sqlite::SqliteTx;
use crate::error::StoreError;
use crate::sql::Stmt;
use crate::tenants::TenantKey;

pub use param::{HasKind, Kind, List, Param};
pub use row::Row;
pub(crate) use row::{Value, no_column, unexpected};

mod param;
mod row;

/// What a closure given to [`Store::read`](crate::Store::read) or
/// [`Store::write`](crate::Store::write) returns: `Box::pin(async move { … })`.
pub type TxFuture<'t, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 't>>;

/// An open transaction, on whichever engine runs. The engine begins and ends it.
///
/// Nothing but the methods of `Tx` may be awaited in a transaction. On SQLite no call ever waits: the
/// future of a read or a write is polled once, on the thread that owns the connection. On PostgreSQL
/// waiting for anything else would hold up a connection and whoever waits for its locks. Both
/// engines break such a transaction off.
#[derive(Debug)]
pub enum Tx {
    #[doc(hidden)]
    Sqlite(SqliteTx),
    /// On a connection to PostgreSQL.
    Postgres(Box<PgTx>),
}

/// A mark in a transaction that one can go back to: see [`Tx::savepoint`].
#[derive(Debug)]
#[must_use = "a savepoint is released or rolled back"]
pub struct Savepoint(());

impl Tx {
    /// Runs a statement for its effect; gives the number of rows it changed. A statement that
    /// answers with rows (`RETURNING`) goes to [`Self::query`].
    ///
    /// # Errors
    /// [`StoreError`], with constraints told apart.
    pub async fn execute(&mut self, statement: &Stmt, params: &[Param<'_>]) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(tx) => tx.execute(statement, params),
            Self::Postgres(tx) => tx.execute(statement, params).await,
        }
    }

    /// [`Self::execute`] for a statement of which nobody needs to know how many rows it changed. On
    /// PostgreSQL it travels with the next one, so that it costs no trip of its own, and when it fails,
    /// a later call fails in its stead. So it is for statements that no request makes fail.
    ///
    /// # Errors
    /// [`StoreError`], perhaps of an earlier statement.
    pub async fn send(&mut self, statement: &'static Stmt, params: &[Param<'_>]) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx) => tx.execute(statement, params).map(drop),
            Self::Postgres(tx) => tx.queue(statement, params).await,
        }
    }

    /// Runs a statement and reads each row of its answer.
    ///
    /// # Errors
    /// [`StoreError`], also from `read`.
    pub async fn query<T: Send>(
        &mut self,
        statement: &Stmt,
        params: &[Param<'_>],
        read: impl FnMut(&Row<'_>) -> Result<T, StoreError> + Send,
    ) -> Result<Vec<T>, StoreError> {
        match self {
            Self::Sqlite(tx) => tx.query(statement, params, read),
            Self::Postgres(tx) => tx.query(statement, params, read).await,
        }
    }

    /// [`Self::query`] for a statement that answers with one row or none; further rows are not read.
    ///
    /// # Errors
    /// As [`Self::query`].
    pub async fn query_one<T: Send>(
        &mut self,
        statement: &Stmt,
        params: &[Param<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T, StoreError> + Send,
    ) -> Result<Option<T>, StoreError> {
        match self {
            Self::Sqlite(tx) => tx.query_one(statement, params, read),
            Self::Postgres(tx) => tx.query_one(statement, params, read).await,
        }
    }

    /// Whether an index tells which resources were changed when. PostgreSQL has none: every change would
    /// move a row of it (measured: 6,720 changes a second with it, 10,090 without).
    pub(crate) fn indexes_modified(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }

    /// Whether each statement is a trip to a server, so that one for many resources is worth having.
    pub(crate) fn travels(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// [`Self::query`] without keeping the rows: each goes to `read` as it comes, until `read` says
    /// that it has had enough. Memory does not depend on how many there are.
    ///
    /// # Errors
    /// As [`Self::query`].
    pub async fn each_row(
        &mut self,
        statement: &Stmt,
        params: &[Param<'_>],
        read: impl FnMut(&Row<'_>) -> Result<ControlFlow<()>, StoreError> + Send,
    ) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx) => tx.each_row(statement, params, read),
            Self::Postgres(tx) => tx.each_row(statement, params, read).await,
        }
    }

    /// Sets a mark that [`Self::roll_back`] goes back to. Savepoints nest; each ends, last one
    /// first, with [`Self::release`] or [`Self::roll_back`]:
    ///
    /// ```
    /// # use store::{StoreError, Tx};
    /// # async fn operation(_: &mut Tx) -> Result<Result<u32, String>, StoreError> { Ok(Ok(1)) }
    /// # async fn example(tx: &mut Tx) -> Result<(), StoreError> {
    /// let before = tx.savepoint().await?;
    /// match operation(tx).await? {
    ///     Ok(_written) => tx.release(before).await?,
    ///     Err(_refused) => tx.roll_back(before).await?,
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A [`StoreError`] needs no care: it leaves the closure, and the engine takes back all of it.
    ///
    /// Cost: about a microsecond on SQLite; on PostgreSQL it travels with the next statement.
    ///
    /// # Errors
    /// [`StoreError`] when the database is not available.
    #[expect(clippy::unused_async, reason = "an engine may have to wait here")]
    pub async fn savepoint(&mut self) -> Result<Savepoint, StoreError> {
        match self {
            Self::Sqlite(tx) => tx.savepoint()?,
            Self::Postgres(tx) => tx.savepoint(),
        }
        Ok(Savepoint(()))
    }

    /// Keeps what was done since `savepoint`, for the transaction to commit.
    ///
    /// # Errors
    /// [`StoreError`] when the database is not available.
    #[expect(clippy::unused_async, reason = "an engine may have to wait here")]
    pub async fn release(&mut self, savepoint: Savepoint) -> Result<(), StoreError> {
        let Savepoint(()) = savepoint;
        match self {
            Self::Sqlite(tx) => tx.release(),
            Self::Postgres(tx) => {
                tx.release();
                Ok(())
            }
        }
    }

    /// Takes back what was done since `savepoint`.
    ///
    /// # Errors
    /// [`StoreError`] when the database is not available.
    #[expect(clippy::unused_async, reason = "an engine may have to wait here")]
    pub async fn roll_back(&mut self, savepoint: Savepoint) -> Result<(), StoreError> {
        let Savepoint(()) = savepoint;
        match self {
            Self::Sqlite(tx) => tx.roll_back(),
            Self::Postgres(tx) => {
                tx.roll_back();
                Ok(())
            }
        }
    }

    /// Tells the watchers of every process (see [`crate::Store::watch`]) that this has changed,
    /// when the transaction has been committed.
    pub fn announce(&mut self, change: Change) {
        match self {
            Self::Sqlite(tx) => tx.announce(change),
            Self::Postgres(tx) => tx.announce(change),
        }
    }

    /// Whether others wait for what this transaction has, so that long work that can be cut should end here
    /// and go on in another transaction. On PostgreSQL transactions run side by side, and it is never so.
    pub fn should_give_way(&self) -> bool {
        match self {
            Self::Sqlite(tx) => tx.should_give_way(),
            Self::Postgres(_) => false,
        }
    }

    /// Says that events of `tenant` were written, so that they are numbered when they have been
    /// committed. On SQLite they have their numbers.
    pub(crate) fn has_events(&mut self, tenant: TenantKey) {
        match self {
            Self::Sqlite(_) => {}
            Self::Postgres(tx) => tx.has_events(tenant),
        }
    }

    /// Lets no other transaction pass this point that names the same `lock`, until this one has
    /// ended. To be called before reading what the lock is about. On SQLite there is one writer, so
    /// nobody waits.
    /// On PostgreSQL the waiting is that of the next statement.
    pub fn lock(&mut self, tenant: TenantKey, lock: Lock) {
        match self {
            Self::Sqlite(_) => {}
            Self::Postgres(tx) => tx.lock(tenant, lock),
        }
    }

    /// Makes sure that what the tenant has defined is still, and stays until the transaction has ended,
    /// what the work was planned by: the [`Registry::version`](scim::schema::Registry::version) of its
    /// registry. On PostgreSQL it travels with the next statement, which fails if it is not so.
    ///
    /// Cost: a microsecond on SQLite.
    ///
    /// # Errors
    /// [`StoreError::Outdated`].
    pub async fn expect_schemas(&mut self, tenant: TenantKey, fence: u64) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(_) => {
                let found = crate::schemas::fence(self, tenant).await?;
                if found == fence { Ok(()) } else { Err(StoreError::Outdated) }
            }
            Self::Postgres(tx) => {
                tx.expect_schemas(tenant, fence);
                Ok(())
            }
        }
    }

    /// [`Self::lock`] for what belongs to no tenant.
    pub fn lock_deployment(&mut self, lock: DeploymentLock) {
        match self {
            Self::Sqlite(_) => {}
            Self::Postgres(tx) => tx.lock_deployment(lock),
        }
    }
}

/// What can be locked that belongs to no tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeploymentLock {
    /// Which key signs.
    SigningKeys,
    /// The counts of how tokens are used.
    Usage,
}

/// What can be locked within a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// Who belongs to one resource.
    MembersOf(ResourceId),
    /// Which resource contains which: for changes that could close a circle.
    Nesting,
    /// Which number the next event has.
    EventOrder,
    /// What the tenant has defined. Who writes resources has a share of it: see [`Tx::expect_schemas`].
    Schemas,
}
