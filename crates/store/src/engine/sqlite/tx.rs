//! Statements on a connection to the SQLite file.

use std::ops::ControlFlow;

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, params_from_iter};

use super::error::explain;
use crate::changes::Change;
use crate::error::StoreError;
use crate::sql::Stmt;
use crate::tenants::TenantKey;
use crate::tx::{Param, Row, Value, no_column, unexpected};

/// A connection with a transaction open on it. It belongs to one thread, which takes jobs in turn.
#[derive(Debug)]
pub struct SqliteTx {
    pub(super) connection: Connection,
    /// What the job that runs has announced.
    pub(super) announced: Vec<Change>,
    /// How many statements jobs have run since that was last asked.
    statements: u64,
}

impl SqliteTx {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection, announced: Vec::new(), statements: 0 }
    }

    pub(super) fn take_statements(&mut self) -> u64 {
        std::mem::take(&mut self.statements)
    }

    pub(crate) fn announce(&mut self, change: Change) {
        self.announced.push(change);
    }

    pub(crate) fn execute(&mut self, statement: &Stmt, params: &[Param<'_>]) -> Result<u64, StoreError> {
        self.statements += 1;
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
        let mut answer = Vec::new();
        self.each_row(statement, params, |row| {
            answer.push(read(row)?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(answer)
    }

    pub(crate) fn each_row(
        &mut self,
        statement: &Stmt,
        params: &[Param<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        self.statements += 1;
        let mut prepared = self.prepare(statement)?;
        let mut rows = prepared.query(params_from_iter(params)).map_err(|error| explain(&error, statement))?;
        while let Some(row) = rows.next().map_err(|error| explain(&error, statement))? {
            if read(&Row::Sqlite(row))?.is_break() {
                break;
            }
        }
        Ok(())
    }

    pub(crate) fn query_one<T>(
        &mut self,
        statement: &Stmt,
        params: &[Param<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        self.statements += 1;
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
        self.prepare(statement)?.execute([]).map(drop).map_err(|error| explain(&error, statement))
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
            Param::Null | Param::Absent(_) => ValueRef::Null,
            Param::Int(value) | Param::Tenant(TenantKey(value)) => ValueRef::Integer(value),
            Param::Text(value) => ValueRef::Text(value.as_bytes()),
            Param::Bytes(value) => ValueRef::Blob(value),
        }))
    }
}

/// A value of a row.
pub(crate) fn value<'r>(row: &'r rusqlite::Row<'_>, column: usize) -> Result<Value<'r>, StoreError> {
    match row.get_ref(column) {
        Ok(ValueRef::Null) => Ok(Value::Null),
        Ok(ValueRef::Integer(value)) => Ok(Value::Int(value)),
        Ok(ValueRef::Text(value)) => {
            std::str::from_utf8(value).map(Value::Text).map_err(|_| unexpected(column, "a text in UTF-8"))
        }
        Ok(ValueRef::Blob(value)) => Ok(Value::Bytes(value)),
        Ok(ValueRef::Real(_)) => Err(unexpected(column, "not a floating point number")),
        Err(_) => Err(no_column(column)),
    }
}
