//! The engines. One runs per process, chosen at start; nothing outside of this folder and the
//! seam, [`Tx`](crate::Tx), knows which.

pub(crate) mod postgres;
pub(crate) mod sqlite;

use std::any::Any;

use crate::error::StoreError;
use postgres::Postgres;
use sqlite::Sqlite;

/// The engine that runs.
#[derive(Debug)]
pub(crate) enum Engine {
    Sqlite(Box<Sqlite>),
    Postgres(Postgres),
}

/// What a caller learns of a panic in its work.
pub(crate) fn panicked(panic: &(dyn Any + Send)) -> StoreError {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a message");
    StoreError::Corrupt(format!("a transaction panicked: {text}"))
}

/// What a caller learns whose work awaited something that is not a call of its transaction.
pub(crate) fn waited() -> StoreError {
    StoreError::Corrupt("a transaction waited for something else".into())
}

/// What a caller learns who comes after the end.
pub(crate) fn closed() -> StoreError {
    StoreError::Unavailable("it has been closed".into())
}

/// What a caller learns when too many wait already.
pub(crate) fn too_busy() -> StoreError {
    StoreError::Unavailable("too much work is waiting for it".into())
}
