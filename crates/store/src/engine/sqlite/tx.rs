//! Statements on a connection to the SQLite file.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, params_from_iter};

use super::error::explain;
use super::writes::Writes;
use crate::changes::Change;
use crate::error::StoreError;
use crate::sql::Stmt;
use crate::tenants::TenantKey;
use crate::turn::Turn;
use crate::tx::{Param, Row, Value, no_column, unexpected};

/// A connection with a transaction open on it. It belongs to one thread, which takes jobs in turn.
#[derive(Debug)]
pub struct SqliteTx {
    pub(super) connection: Connection,
    /// What the job that runs has announced.
    pub(super) announced: Vec<Change>,
    /// How many statements jobs have run since that was last asked.
    statements: u64,
    marks: Marks,
    /// Who waits behind the job that runs; on the writer's connection.
    pub(super) pressure: Option<Pressure>,
}

/// What tells a long job whether to end, so that others get in between.
#[derive(Debug)]
pub(super) struct Pressure {
    pub(super) writes: Arc<Writes>,
    pub(super) turn: Turn,
    pub(super) began: Instant,
    /// How long a job goes on though others wait.
    pub(super) patience: Duration,
}

/// The transaction of a job, and the savepoints that it has open.
#[derive(Debug, Default)]
struct Marks {
    /// The transaction begins with the second statement of the job: see [`SqliteTx::begin_late`].
    begins_late: bool,
    /// The job has done nothing yet, so its own savepoint will do for the first that it sets.
    is_at_start: bool,
    /// The outermost of the job's is that of the job itself.
    shares: bool,
    open: u32,
}

impl SqliteTx {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection, announced: Vec::new(), statements: 0, marks: Marks::default(), pressure: None }
    }

    /// Lets a reading job of one statement do without a transaction: beginning and ending one costs a third of
    /// reading a row. The first statement of a longer job sees an earlier moment than the others.
    pub(super) fn begin_late(&mut self) {
        self.marks.begins_late = true;
    }

    pub(super) fn take_statements(&mut self) -> u64 {
        std::mem::take(&mut self.statements)
    }

    /// Sets the savepoint of a job, which [`Self::take_job_back`] goes back to.
    pub(super) fn begin_job(&mut self) -> Result<(), StoreError> {
        self.marks = Marks { is_at_start: true, ..Marks::default() };
        self.run(&JOB)
    }

    /// Ends a job, with all savepoints that it left open.
    pub(super) fn end_job(&mut self) -> Result<(), StoreError> {
        self.run(&END_JOB)
    }

    pub(super) fn take_job_back(&mut self) -> Result<(), StoreError> {
        self.run(&BACK_TO_JOB)
    }

    pub(crate) fn announce(&mut self, change: Change) {
        self.announced.push(change);
    }

    pub(crate) fn should_give_way(&self) -> bool {
        self.pressure.as_ref().is_some_and(|pressure| {
            pressure.began.elapsed() >= pressure.patience && pressure.writes.others_wait(pressure.turn)
        })
    }

    pub(crate) fn execute(&mut self, statement: &Stmt, params: &[Param<'_>]) -> Result<u64, StoreError> {
        self.count()?;
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
        self.count()?;
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
        self.count()?;
        let mut prepared = self.prepare(statement)?;
        let mut rows = prepared.query(params_from_iter(params)).map_err(|error| explain(&error, statement))?;
        match rows.next().map_err(|error| explain(&error, statement))? {
            Some(row) => read(&Row::Sqlite(row)).map(Some),
            None => Ok(None),
        }
    }

    pub(crate) fn savepoint(&mut self) -> Result<(), StoreError> {
        let at_start = std::mem::take(&mut self.marks.is_at_start);
        self.marks.open += 1;
        if at_start {
            self.marks.shares = true;
            return Ok(());
        }
        self.run(&SAVEPOINT)
    }

    pub(crate) fn release(&mut self) -> Result<(), StoreError> {
        if self.is_last_and_shared() { Ok(()) } else { self.run(&RELEASE) }
    }

    pub(crate) fn roll_back(&mut self) -> Result<(), StoreError> {
        if self.is_last_and_shared() {
            return self.take_job_back();
        }
        self.run(&ROLLBACK_TO)?;
        self.run(&RELEASE)
    }

    /// Takes the innermost savepoint off; gives whether it is that of the job.
    fn is_last_and_shared(&mut self) -> bool {
        self.marks.open = self.marks.open.saturating_sub(1);
        self.marks.open == 0 && std::mem::take(&mut self.marks.shares)
    }

    fn count(&mut self) -> Result<(), StoreError> {
        if self.marks.begins_late && self.statements == 1 {
            self.run(&BEGIN)?;
        }
        self.statements += 1;
        self.marks.is_at_start = false;
        Ok(())
    }

    /// Runs a statement of the engine itself, without parameters.
    pub(super) fn run(&mut self, statement: &Stmt) -> Result<(), StoreError> {
        self.prepare(statement)?.execute([]).map(drop).map_err(|error| explain(&error, statement))
    }

    fn prepare(&self, statement: &Stmt) -> Result<CachedStatement<'_>, StoreError> {
        self.connection.prepare_cached(statement.sqlite()).map_err(|error| explain(&error, statement))
    }
}

/// Of a transaction that reads.
pub(super) static BEGIN: Stmt = crate::sql!("BEGIN");
static JOB: Stmt = crate::sql!("SAVEPOINT job");
static END_JOB: Stmt = crate::sql!("RELEASE SAVEPOINT job");
static BACK_TO_JOB: Stmt = crate::sql!("ROLLBACK TO SAVEPOINT job");
// Not the name of a job's, so that those which a job left open end with it. All have one name: SQLite and
// PostgreSQL both take a name as its latest bearer.
static SAVEPOINT: Stmt = crate::sql!("SAVEPOINT operation");
static RELEASE: Stmt = crate::sql!("RELEASE SAVEPOINT operation");
static ROLLBACK_TO: Stmt = crate::sql!("ROLLBACK TO SAVEPOINT operation");

impl ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            // No statement of this engine takes a list.
            Param::Null | Param::Absent(_) | Param::List(_) => ValueRef::Null,
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
