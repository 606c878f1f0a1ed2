//! Statements on a connection to the SQLite file.

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, params_from_iter};

use super::error::explain;
use crate::error::StoreError;
use crate::sql::Stmt;
use crate::tx::{Param, Row};

/// A connection with a transaction open on it. It belongs to one thread, which takes jobs in turn.
#[derive(Debug)]
pub struct SqliteTx {
    pub(super) connection: Connection,
}

impl SqliteTx {
    pub(crate) fn execute(&mut self, statement: &Stmt, params: &[Param<'_>]) -> Result<u64, StoreError> {
        self.prepare(statement)?
            .execute(params_from_iter(params))
            .map(|rows| rows as u64)
            .map_err(|error| explain(&error, statement))
    }

    pub(crate) fn query<T>(
        &mut self,
        statement: &Stmt,
        params: &[Param<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut prepared = self.prepare(statement)?;
        let mut rows = prepared.query(params_from_iter(params)).map_err(|error| explain(&error, statement))?;
        let mut answer = Vec::new();
        while let Some(row) = rows.next().map_err(|error| explain(&error, statement))? {
            answer.push(read(&Row::Sqlite(row))?);
        }
        Ok(answer)
    }

    pub(crate) fn query_one<T>(
        &mut self,
        statement: &Stmt,
        params: &[Param<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut prepared = self.prepare(statement)?;
        let mut rows = prepared.query(params_from_iter(params)).map_err(|error| explain(&error, statement))?;
        match rows.next().map_err(|error| explain(&error, statement))? {
            Some(row) => read(&Row::Sqlite(row)).map(Some),
            None => Ok(None),
        }
    }

    pub(crate) fn savepoint(&mut self) -> Result<(), StoreError> {
        self.run(&SAVEPOINT)
    }

    pub(crate) fn release(&mut self) -> Result<(), StoreError> {
        self.run(&RELEASE)
    }

    pub(crate) fn roll_back(&mut self) -> Result<(), StoreError> {
        self.run(&ROLLBACK_TO)?;
        self.run(&RELEASE)
    }

    /// Runs a statement of the engine itself, without parameters.
    pub(super) fn run(&mut self, statement: &Stmt) -> Result<(), StoreError> {
        self.execute(statement, &[]).map(|_| ())
    }

    fn prepare(&self, statement: &Stmt) -> Result<CachedStatement<'_>, StoreError> {
        self.connection.prepare_cached(statement.sqlite()).map_err(|error| explain(&error, statement))
    }
}

// All savepoints have one name: SQLite and PostgreSQL both take a name as its latest bearer.
static SAVEPOINT: Stmt = crate::sql!("SAVEPOINT operation");
static RELEASE: Stmt = crate::sql!("RELEASE SAVEPOINT operation");
static ROLLBACK_TO: Stmt = crate::sql!("ROLLBACK TO SAVEPOINT operation");

impl ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Param::Null => ValueRef::Null,
            Param::Int(value) => ValueRef::Integer(value),
            Param::Text(value) => ValueRef::Text(value.as_bytes()),
            Param::Bytes(value) => ValueRef::Blob(value),
        }))
    }
}
