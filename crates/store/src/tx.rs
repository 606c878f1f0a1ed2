//! A transaction: the only seam between a repository function and an engine.

use std::future::Future;
use std::pin::Pin;

use crate::engine::sqlite::SqliteTx;
use crate::error::StoreError;
use crate::sql::Stmt;

pub use param::Param;
pub use row::Row;

mod param;
mod row;

/// What a closure given to [`Store::read`](crate::Store::read) or
/// [`Store::write`](crate::Store::write) returns: `Box::pin(async move { … })`.
pub type TxFuture<'t, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 't>>;

/// An open transaction, on whichever engine runs. The engine begins and ends it.
///
/// On SQLite no call ever waits: the future of a read or a write is polled once, on the thread
/// that owns the connection. So nothing but the methods of `Tx` may be awaited in it.
#[derive(Debug)]
pub enum Tx {
    #[doc(hidden)]
    Sqlite(SqliteTx),
}

/// A mark in a transaction that one can go back to: see [`Tx::savepoint`].
#[derive(Debug)]
#[must_use = "a savepoint is released or rolled back"]
pub struct Savepoint(());

#[expect(clippy::unused_async, reason = "PostgreSQL waits here")]
impl Tx {
    /// Runs a statement for its effect; gives the number of rows it changed. A statement that
    /// answers with rows (`RETURNING`) goes to [`Self::query`].
    ///
    /// # Errors
    /// [`StoreError`], with constraints told apart.
    pub async fn execute(&mut self, statement: &Stmt, params: &[Param<'_>]) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(tx) => tx.execute(statement, params),
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
    /// Cost: about a microsecond on SQLite.
    ///
    /// # Errors
    /// [`StoreError`] when the database is not available.
    pub async fn savepoint(&mut self) -> Result<Savepoint, StoreError> {
        match self {
            Self::Sqlite(tx) => tx.savepoint()?,
        }
        Ok(Savepoint(()))
    }

    /// Keeps what was done since `savepoint`, for the transaction to commit.
    ///
    /// # Errors
    /// [`StoreError`] when the database is not available.
    pub async fn release(&mut self, savepoint: Savepoint) -> Result<(), StoreError> {
        let Savepoint(()) = savepoint;
        match self {
            Self::Sqlite(tx) => tx.release(),
        }
    }

    /// Takes back what was done since `savepoint`.
    ///
    /// # Errors
    /// [`StoreError`] when the database is not available.
    pub async fn roll_back(&mut self, savepoint: Savepoint) -> Result<(), StoreError> {
        let Savepoint(()) = savepoint;
        match self {
            Self::Sqlite(tx) => tx.roll_back(),
        }
    }
}
