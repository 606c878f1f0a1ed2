//! What comes out of a statement.

use crate::engine::{postgres, sqlite};
use crate::error::StoreError;

/// A row of an answer, read by column number from 0.
///
/// Each getter fails with [`StoreError::Corrupt`] when the column is not of that kind, or NULL
/// where `opt_` does not stand before it: the schema is strict, so that is a wrong statement.
#[derive(Debug)]
pub enum Row<'a> {
    #[doc(hidden)]
    Sqlite(&'a rusqlite::Row<'a>),
    /// From PostgreSQL.
    Postgres(&'a tokio_postgres::Row),
}

/// A value as the engine holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Value<'r> {
    Null,
    Int(i64),
    Text(&'r str),
    Bytes(&'r [u8]),
}

#[expect(clippy::missing_errors_doc, reason = "said once, at the type")]
impl Row<'_> {
    /// An integer.
    pub fn int(&self, column: usize) -> Result<i64, StoreError> {
        self.opt_int(column)?.ok_or_else(|| unexpected(column, "an integer"))
    }

    /// An integer or NULL.
    pub fn opt_int(&self, column: usize) -> Result<Option<i64>, StoreError> {
        match self.value(column)? {
            Value::Int(value) => Ok(Some(value)),
            Value::Null => Ok(None),
            Value::Text(_) | Value::Bytes(_) => Err(unexpected(column, "an integer")),
        }
    }

    /// An integer that is 0 or 1.
    pub fn bool(&self, column: usize) -> Result<bool, StoreError> {
        Ok(self.int(column)? != 0)
    }

    /// A text.
    pub fn text(&self, column: usize) -> Result<String, StoreError> {
        self.text_ref(column).map(str::to_owned)
    }

    /// A text, where it lies; for what is parsed on the spot.
    pub fn text_ref(&self, column: usize) -> Result<&str, StoreError> {
        self.opt_text_ref(column)?.ok_or_else(|| unexpected(column, "a text"))
    }

    /// A text or NULL.
    pub fn opt_text(&self, column: usize) -> Result<Option<String>, StoreError> {
        Ok(self.opt_text_ref(column)?.map(str::to_owned))
    }

    /// A text or NULL, where it lies.
    pub fn opt_text_ref(&self, column: usize) -> Result<Option<&str>, StoreError> {
        match self.value(column)? {
            Value::Text(value) => Ok(Some(value)),
            Value::Null => Ok(None),
            Value::Int(_) | Value::Bytes(_) => Err(unexpected(column, "a text")),
        }
    }

    /// Bytes.
    pub fn bytes(&self, column: usize) -> Result<Vec<u8>, StoreError> {
        self.bytes_ref(column).map(<[u8]>::to_vec)
    }

    /// Bytes, where they lie; for what is parsed on the spot.
    pub fn bytes_ref(&self, column: usize) -> Result<&[u8], StoreError> {
        self.opt_bytes_ref(column)?.ok_or_else(|| unexpected(column, "bytes"))
    }

    /// Bytes or NULL.
    pub fn opt_bytes(&self, column: usize) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.opt_bytes_ref(column)?.map(<[u8]>::to_vec))
    }

    /// Bytes or NULL, where they lie.
    pub fn opt_bytes_ref(&self, column: usize) -> Result<Option<&[u8]>, StoreError> {
        match self.value(column)? {
            Value::Bytes(value) => Ok(Some(value)),
            Value::Null => Ok(None),
            Value::Int(_) | Value::Text(_) => Err(unexpected(column, "bytes")),
        }
    }

    /// Whatever it is.
    pub(crate) fn value(&self, column: usize) -> Result<Value<'_>, StoreError> {
        match self {
            Self::Sqlite(row) => sqlite::value(row, column),
            Self::Postgres(row) => postgres::value(row, column),
        }
    }
}

impl Value<'_> {
    pub(crate) fn is_null(self) -> bool {
        matches!(self, Self::Null)
    }
}

pub(crate) fn unexpected(column: usize, expected: &str) -> StoreError {
    StoreError::Corrupt(format!("column {column} should be {expected}"))
}

pub(crate) fn no_column(column: usize) -> StoreError {
    StoreError::Corrupt(format!("the statement has no column {column}"))
}
