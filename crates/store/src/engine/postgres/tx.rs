//! Statements in a transaction on a connection to PostgreSQL.
//!
//! What needs no answer of its own (the beginning, savepoints, the tenant, and statements of which
//! nobody wants to know more than that they did not fail) waits in a queue and is sent together with
//! the next statement, in one trip to the server and back.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::FutureExt;
use futures_util::{StreamExt, TryStreamExt, pin_mut};
use tokio::time::timeout;
use tokio_postgres::types::Type;
use tokio_postgres::{Error, RowStream, Statement};

use super::connection::{Connection, Incarnation, Pooled};
use super::error;
use super::queue::{Failure, Queue, TransactionId};
use super::shared::Near;
use crate::changes::Change;
use crate::error::StoreError;
use crate::sql::Stmt;
use crate::tenants::TenantKey;
use crate::tx::{DeploymentLock, Kind, Lock, Param, Row, Value, no_column, unexpected};

/// A connection with a transaction open on it; or, for reads of a few rows, no transaction, but for each
/// statement one of the connections that are [shared](super::shared).
#[derive(Debug)]
pub struct PgTx {
    /// `None` once the transaction has ended.
    connection: Option<Pooled>,
    /// Where statements go that need no transaction.
    shared: Option<Arc<Near>>,
    /// Sent with the next statement.
    pub(super) queue: Queue,
    /// Whose rows row-level security lets through.
    scope: Scope,
    /// What is open: see [`Self::savepoint`].
    savepoints: Vec<Mark>,
    /// A statement failed, and since then nothing has been rolled back.
    failed: bool,
    /// The transaction may succeed if it is run again.
    again: bool,
    /// A statement is under way: see [`super::run`].
    waiting: Arc<AtomicBool>,
    /// What is to be told when it has been committed.
    pub(super) announced: Vec<Change>,
    /// Whose events are to be numbered when it has been committed.
    pub(super) with_events: Option<TenantKey>,
}

/// How a transaction ended.
pub(super) enum Ending<T> {
    Committed(T),
    /// It was rolled back. It may succeed if it is run `again`.
    Failed {
        error: StoreError,
        again: bool,
    },
    /// The connection was lost while it was being committed.
    Unknown {
        /// What it gives, if it was committed.
        value: T,
        transaction: Option<TransactionId>,
        /// Where it ran.
        was: Option<Incarnation>,
        error: Error,
    },
}

/// What can be gone back to.
#[derive(Debug)]
enum Mark {
    Savepoint,
    /// The beginning of the transaction: this text, after which this scope is set.
    Beginning(String, Scope),
}

/// Whose rows row-level security lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// No tenant's.
    None,
    One(TenantKey),
    All,
}

impl Scope {
    fn of(statement: &Stmt, params: &[Param<'_>]) -> Self {
        let named = params.iter().find_map(|param| match param {
            Param::Tenant(tenant) => Some(Self::One(*tenant)),
            Param::Absent(Kind::Tenant) => Some(Self::All),
            _ => None,
        });
        named.unwrap_or(if statement.is_beyond_one_tenant() { Self::All } else { Self::None })
    }

    /// For the policies: see `migrations/0001_tenancy.postgres.sql`.
    fn set(self) -> String {
        format!("SET LOCAL muster.tenant = '{self}';")
    }

    /// The same for all that comes after it on the connection.
    pub(super) fn set_for_session(self) -> String {
        format!("SET muster.tenant = '{self}';")
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::One(TenantKey(key)) => key.fmt(f),
            Self::All => f.write_str("all"),
        }
    }
}

impl PgTx {
    /// For statements that only read, and each by itself.
    pub(super) fn on_shared(near: Arc<Near>) -> Self {
        Self::of(None, Some(near), Queue::default())
    }

    /// A transaction that begins with the first statement, by the text `begin`.
    pub(super) fn new(mut connection: Pooled, begin: &str) -> Self {
        let queue = Queue::beginning_with(format!("{begin}{}", connection.memory.preparation()));
        Self::of(Some(connection), None, queue)
    }

    fn of(connection: Option<Pooled>, shared: Option<Arc<Near>>, queue: Queue) -> Self {
        Self {
            connection,
            shared,
            queue,
            scope: Scope::None,
            savepoints: Vec::new(),
            failed: false,
            again: false,
            waiting: Arc::default(),
            announced: Vec::new(),
            with_events: None,
        }
    }

    /// Whether a statement is under way.
    pub(super) fn waiting(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.waiting)
    }

    pub(crate) async fn execute(&mut self, statement: &Stmt, params: &[Param<'_>]) -> Result<u64, StoreError> {
        self.waiting.store(true, Ordering::Relaxed);
        let outcome = match self.send(statement, params).await {
            Ok(stream) => counted(stream).await.map_err(Failure::Of),
            Err(failure) => Err(failure),
        };
        self.waiting.store(false, Ordering::Relaxed);
        outcome.map_err(|error| self.fail(&error, statement))
    }

    pub(crate) async fn query<T>(
        &mut self,
        statement: &Stmt,
        params: &[Param<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let rows = self.rows(statement, params).await?;
        rows.iter().map(|row| read(&Row::Postgres(row))).collect()
    }

    pub(crate) async fn query_one<T>(
        &mut self,
        statement: &Stmt,
        params: &[Param<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let rows = self.rows(statement, params).await?;
        rows.first().map(|row| read(&Row::Postgres(row))).transpose()
    }

    pub(crate) async fn each_row(
        &mut self,
        statement: &Stmt,
        params: &[Param<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        if self.shared.is_some() {
            for row in self.rows(statement, params).await? {
                if read(&Row::Postgres(&row))?.is_break() {
                    break;
                }
            }
            return Ok(());
        }
        self.waiting.store(true, Ordering::Relaxed);
        let outcome = match self.send(statement, params).await {
            // Whoever does not take the rows makes the server wait; what is not taken at the end is
            // thrown away by the connection.
            Ok(stream) => each(stream, |row| read(&Row::Postgres(row))).await.map_err(Failure::Of),
            Err(failure) => Err(failure),
        };
        self.waiting.store(false, Ordering::Relaxed);
        outcome.map_err(|error| self.fail(&error, statement))?
    }

    async fn rows(&mut self, statement: &Stmt, params: &[Param<'_>]) -> Result<Vec<tokio_postgres::Row>, StoreError> {
        self.waiting.store(true, Ordering::Relaxed);
        if let Some(near) = &self.shared {
            self.queue.statements += 1;
            self.queue.round_trips += 1;
            let rows = near.rows(Scope::of(statement, params), statement, params).await;
            self.waiting.store(false, Ordering::Relaxed);
            return rows;
        }
        let outcome: Result<_, Failure> = match self.send(statement, params).await {
            Ok(stream) => stream.try_collect().await.map_err(Failure::Of),
            Err(failure) => Err(failure),
        };
        self.waiting.store(false, Ordering::Relaxed);
        outcome.map_err(|error| self.fail(&error, statement))
    }

    /// Sends what was held back and the statement; gives the rows of the latter as they come.
    async fn send(&mut self, statement: &Stmt, params: &[Param<'_>]) -> Result<RowStream, Failure> {
        self.queue.statements += 1;
        self.see(Scope::of(statement, params));
        let connection = self.connection.as_mut().ok_or(Failure::Ended)?;
        if let Some(prepared) = prepare(connection, &mut self.queue, statement, params).await? {
            let rows = connection.client.query_raw(&prepared, params.iter().copied());
            return self.queue.flush(&connection.client, rows).await;
        }
        let typed = params.iter().map(|param| (*param, param.kind()));
        let rows = connection.client.query_typed_raw(statement.postgres(), typed);
        self.queue.flush(&connection.client, rows).await
    }

    /// Puts a statement into the queue. It fails with the statement that is sent with it.
    pub(crate) async fn queue(&mut self, statement: &'static Stmt, params: &[Param<'_>]) -> Result<(), StoreError> {
        if params.iter().any(|param| matches!(param, Param::List(_))) {
            return self.execute(statement, params).await.map(drop);
        }
        self.queue.statements += 1;
        self.see(Scope::of(statement, params));
        self.waiting.store(true, Ordering::Relaxed);
        let prepared = match self.connection.as_mut() {
            Some(connection) => prepare(connection, &mut self.queue, statement, params).await,
            None => Err(Failure::Ended),
        };
        self.waiting.store(false, Ordering::Relaxed);
        let prepared = prepared.map_err(|failure| self.fail(&failure, statement))?;
        self.queue.push_statement(statement, prepared, params);
        Ok(())
    }

    fn see(&mut self, scope: Scope) {
        if scope != self.scope {
            self.queue.push_text(&scope.set());
            self.scope = scope;
        }
    }

    fn fail(&mut self, failure: &Failure, statement: &Stmt) -> StoreError {
        self.failed = true;
        // Nothing has been committed yet, so a lost connection is no different from a collision.
        self.again |= self.is_lost();
        let (error, statement) = match failure {
            Failure::Ended => return ended(),
            Failure::Of(error) => (error, statement),
            Failure::Earlier(error, earlier) => (error, *earlier),
        };
        self.again |= error::calls_for_retry(error);
        if error::is_stale_plan(error) || error::is_read_only(error) {
            self.give_up();
        }
        error::explain(error, statement)
    }

    fn is_lost(&self) -> bool {
        self.connection.as_ref().is_none_or(|connection| connection.client.is_closed())
    }

    /// Closes the connection, so that nobody gets it again. The server rolls back what is open.
    fn give_up(&mut self) {
        if let Some(connection) = self.connection.take() {
            drop::<Connection>(Pooled::take(connection));
        }
    }

    /// Before anything was asked for this is the beginning of the transaction, which costs nothing.
    pub(crate) fn savepoint(&mut self) {
        let mark = if let Some(text) = self.queue.beginning() {
            Mark::Beginning(text.to_owned(), self.scope)
        } else {
            self.queue.push_text("SAVEPOINT operation;");
            Mark::Savepoint
        };
        self.savepoints.push(mark);
    }

    pub(crate) fn release(&mut self) {
        if let Some(Mark::Savepoint) = self.savepoints.pop() {
            self.queue.push_text("RELEASE SAVEPOINT operation;");
        }
    }

    pub(crate) fn roll_back(&mut self) {
        self.failed = false;
        if let Some(Mark::Beginning(text, scope)) = self.savepoints.pop() {
            self.queue.begin_again(&text);
            self.scope = scope;
        } else {
            self.queue.push_text("ROLLBACK TO SAVEPOINT operation;RELEASE SAVEPOINT operation;");
            // It may have been set since, and is rolled back too.
            let scope = self.scope.set();
            self.queue.push_text(&scope);
        }
    }

    /// Waits for `lock`, in the same trip as the next statement. Named by a number of 64 bits: whoever
    /// meets another name with the same number by chance waits for nothing.
    pub(crate) fn lock(&mut self, tenant: TenantKey, lock: Lock) {
        let name = match lock {
            Lock::Nesting => NESTING ^ tenant.0,
            Lock::Schemas => SCHEMAS ^ tenant.0,
            Lock::EventOrder => EVENT_ORDER ^ tenant.0,
            Lock::MembersOf(resource) => {
                // The end of a UUIDv7 is random.
                let bytes = resource.to_bytes();
                let end = bytes.last_chunk().copied().unwrap_or_default();
                i64::from_be_bytes(end) ^ tenant.0
            }
        };
        self.wait_for(name);
    }

    /// Fails the next statement if the fence of the tenant's definitions is another.
    pub(crate) fn expect_schemas(&mut self, tenant: TenantKey, fence: u64) {
        self.queue.statements += 1;
        self.see(Scope::One(tenant));
        let (key, lock) = (tenant.0, SCHEMAS ^ tenant.0);
        let expecting = format!("SELECT muster_expect_schemas({key}, {fence}, {lock});");
        self.queue.push_text(&expecting);
    }

    pub(crate) fn lock_deployment(&mut self, lock: DeploymentLock) {
        self.wait_for(match lock {
            DeploymentLock::SigningKeys => SIGNING_KEYS,
            DeploymentLock::Usage => USAGE,
        });
    }

    fn wait_for(&mut self, lock: i64) {
        let waiting = format!("SELECT pg_advisory_xact_lock({lock});");
        self.queue.push_text(&waiting);
    }

    pub(crate) fn has_events(&mut self, tenant: TenantKey) {
        self.with_events = Some(tenant);
    }

    /// Tells other processes, when it is committed.
    pub(crate) fn announce(&mut self, change: Change) {
        self.queue.push_text(&super::listen::notify(change));
        self.announced.push(change);
    }

    /// Commits if `outcome` is `Ok`. A server that says nothing for `silence_max` is given up.
    pub(super) async fn commit<T>(&mut self, outcome: Result<T, StoreError>, silence_max: Duration) -> Ending<T> {
        let value = match outcome {
            Ok(value) if !self.failed => value,
            Ok(_) => {
                self.abandon();
                return self.failed(StoreError::Corrupt("a failed statement was passed over".into()));
            }
            Err(error) => {
                self.abandon();
                return self.failed(error);
            }
        };
        if !self.queue.has_begun() && !self.queue.has_statements() && self.announced.is_empty() {
            return Ending::Committed(value);
        }
        let Some(connection) = &self.connection else { return self.failed(ended()) };
        let was = connection.incarnation;
        let commit = self.queue.take_text_before("COMMIT");
        let commit = connection.client.batch_execute(&commit);
        let Ok(answered) = timeout(silence_max, self.queue.flush(&connection.client, commit)).await else {
            self.give_up();
            let reason = "the server has not answered a commit for too long, which may have happened";
            return Ending::Failed { error: StoreError::Unavailable(reason.into()), again: false };
        };
        match answered {
            Ok(()) => {
                self.connection = None;
                Ending::Committed(value)
            }
            Err(Failure::Of(error) | Failure::Earlier(error, _)) if error.as_db_error().is_none() => {
                self.give_up();
                Ending::Unknown { value, transaction: self.queue.transaction, was, error }
            }
            // The server may have said that it ends the connection after it had committed.
            Err(Failure::Of(error)) if self.is_lost() => {
                self.give_up();
                Ending::Unknown { value, transaction: self.queue.transaction, was, error }
            }
            Err(failure) => {
                // The server has taken the COMMIT for a ROLLBACK.
                let error = self.fail(&failure, &COMMIT);
                self.abandon();
                self.failed(error)
            }
        }
    }

    fn failed<T>(&self, error: StoreError) -> Ending<T> {
        Ending::Failed { error, again: self.again }
    }

    /// Ends a transaction of which nothing is to stay. The answer is not waited for: the connection
    /// answers in order, so whoever gets it next is after it.
    pub(super) fn abandon(&mut self) {
        self.end("ROLLBACK");
    }

    /// Ends a transaction that only read. A rollback would do too, but counts as a failure in the
    /// server's statistics.
    pub(super) fn end_reading(&mut self) {
        self.end("COMMIT");
    }

    fn end(&mut self, text: &str) {
        if self.waiting.load(Ordering::Relaxed) {
            // Nobody knows when it will answer, if ever.
            self.give_up();
            self.shared.iter().for_each(|near| near.give_up());
        }
        if let Some(connection) = self.connection.take()
            && self.queue.has_begun()
            && let Some(Err(error)) = connection.client.batch_execute(text).now_or_never()
        {
            tracing::debug!(error = &error as &dyn std::error::Error, "a transaction could not be ended");
            drop::<Connection>(Pooled::take(connection));
        }
    }
}

impl Drop for PgTx {
    /// Only when the runtime is shut down in the middle of a transaction, or nobody waits for a read any more.
    fn drop(&mut self) {
        // Who read on a shared connection may just have gone away.
        self.shared = None;
        self.abandon();
    }
}

/// The statement, prepared; `None` when it is to be sent as it is each time.
async fn prepare(
    connection: &mut Connection,
    queue: &mut Queue,
    statement: &Stmt,
    params: &[Param<'_>],
) -> Result<Option<Statement>, Failure> {
    let text = statement.postgres();
    if !connection.memory.keeps_statements() {
        return Ok(None);
    }
    if let Some(prepared) = connection.memory.prepared(text) {
        return Ok(Some(prepared));
    }
    let kinds: Vec<Type> = params.iter().map(Param::kind).collect();
    // Behind the queue: in a transaction that failed nothing can be prepared until the rollback in it.
    let preparing = connection.client.prepare_typed(text, &kinds);
    let prepared = queue.flush(&connection.client, preparing).await?;
    connection.memory.keep(text, &prepared);
    Ok(Some(prepared))
}

static COMMIT: Stmt = crate::sql!("COMMIT");

/// Reads to the end; gives how many rows were changed.
async fn counted(stream: RowStream) -> Result<u64, Error> {
    pin_mut!(stream);
    while stream.next().await.transpose()?.is_some() {}
    Ok(stream.rows_affected().unwrap_or(0))
}

/// Hands over each row until one is refused or enough; the inner result is that of `read`.
async fn each(
    stream: RowStream,
    mut read: impl FnMut(&tokio_postgres::Row) -> Result<ControlFlow<()>, StoreError>,
) -> Result<Result<(), StoreError>, Error> {
    pin_mut!(stream);
    while let Some(row) = stream.try_next().await? {
        match read(&row) {
            Ok(ControlFlow::Continue(())) => {}
            Ok(ControlFlow::Break(())) => break,
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(()))
}

fn ended() -> StoreError {
    StoreError::Unavailable("the connection was lost".into())
}

/// Marks of the locks that each tenant has one of.
const NESTING: i64 = 0x6e65_7374 << 32;
const SCHEMAS: i64 = 0x7363_686d << 32;
const EVENT_ORDER: i64 = 0x6576_6e74 << 32;
/// The locks that there is one of.
const SIGNING_KEYS: i64 = 0x6b65_7973 << 32;
const USAGE: i64 = 0x7573_6167 << 32;

/// A value of a row.
pub(crate) fn value(row: &tokio_postgres::Row, column: usize) -> Result<Value<'_>, StoreError> {
    let Some(described) = row.columns().get(column) else { return Err(no_column(column)) };
    let kind = described.type_();
    let value = match *kind {
        Type::INT8 => row.try_get::<_, Option<i64>>(column).map(|value| value.map(Value::Int)),
        Type::INT4 => row.try_get::<_, Option<i32>>(column).map(|value| value.map(|value| Value::Int(value.into()))),
        Type::INT2 => row.try_get::<_, Option<i16>>(column).map(|value| value.map(|value| Value::Int(value.into()))),
        Type::BOOL => row.try_get::<_, Option<bool>>(column).map(|value| value.map(|value| Value::Int(value.into()))),
        Type::BYTEA => row.try_get::<_, Option<&[u8]>>(column).map(|value| value.map(Value::Bytes)),
        Type::TEXT | Type::VARCHAR | Type::NAME | Type::BPCHAR | Type::UNKNOWN => {
            row.try_get::<_, Option<&str>>(column).map(|value| value.map(Value::Text))
        }
        _ => return Err(unexpected(column, &format!("of a type we read, and not {kind}"))),
    };
    value.map(|value| value.unwrap_or(Value::Null)).map_err(|_| unexpected(column, "readable"))
}
