//! A transaction: the only seam between a repository function and an engine.

use std::future::Future;
use std::pin::Pin;

use crate::error::StoreError;
use crate::sql::Stmt;

/// What a closure given to `Store::read` or `Store::write` returns.
pub type TxFuture<'t, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 't>>;

/// An open transaction, or a savepoint in one, on whichever engine runs.
///
/// On SQLite no call ever waits: the future of a write is polled once, on the writer thread.
pub enum Tx {}

/// A value for a statement.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "the storage classes that both engines have")]
pub enum Param<'a> {
    Null,
    Int(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

/// A row of an answer, read by column number from 0.
pub enum Row<'a> {
    #[doc(hidden)]
    Unused(std::marker::PhantomData<&'a ()>),
}

#[expect(clippy::unused_async, reason = "PostgreSQL waits here")]
impl Tx {
    /// Runs a statement for its effect; gives the number of rows it changed.
    ///
    /// # Errors
    /// [`StoreError`], with constraints told apart.
    pub async fn execute(&mut self, _statement: &'static Stmt, _params: &[Param<'_>]) -> Result<u64, StoreError> {
        match *self {}
    }

    /// Runs a statement and reads each row of its answer.
    ///
    /// # Errors
    /// [`StoreError`], also from `read`.
    pub async fn query<T: Send>(
        &mut self,
        _statement: &'static Stmt,
        _params: &[Param<'_>],
        _read: impl FnMut(&Row<'_>) -> Result<T, StoreError> + Send,
    ) -> Result<Vec<T>, StoreError> {
        match *self {}
    }

    /// [`Self::query`] for at most one row.
    ///
    /// # Errors
    /// As [`Self::query`].
    pub async fn query_one<T: Send>(
        &mut self,
        _statement: &'static Stmt,
        _params: &[Param<'_>],
        _read: impl FnMut(&Row<'_>) -> Result<T, StoreError> + Send,
    ) -> Result<Option<T>, StoreError> {
        match *self {}
    }
}
