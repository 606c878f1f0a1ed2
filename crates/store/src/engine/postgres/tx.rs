//! Statements in a transaction on a connection to PostgreSQL.
//!
//! What needs no answer of its own (the beginning, savepoints, the tenant) is held back and sent
//! together with the next statement, in one trip to the server and back.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::{FutureExt, join};
use futures_util::{StreamExt, TryStreamExt, pin_mut};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error, RowStream};

use super::connection::{Connection, Pooled};
use super::error;
use crate::changes::Change;
use crate::error::StoreError;
use crate::sql::Stmt;
use crate::tenants::TenantKey;
use crate::tx::{DeploymentLock, Kind, Lock, Param, Row, Value, no_column, unexpected};

/// A connection with a transaction open on it.
#[derive(Debug)]
pub struct PgTx {
    /// `None` once the transaction has ended.
    connection: Option<Pooled>,
    /// Sent with the next statement.
    held_back: String,
    /// Something has been sent, so the server has to be told of the end.
    begun: bool,
    /// Whose rows row-level security lets through.
    scope: Scope,
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
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
        match self {
            Self::None => "SET LOCAL muster.tenant = '';".to_owned(),
            Self::One(TenantKey(key)) => format!("SET LOCAL muster.tenant = '{key}';"),
            Self::All => "SET LOCAL muster.tenant = 'all';".to_owned(),
        }
    }
}

impl PgTx {
    /// A transaction that begins with the first statement, by the text `begin`.
    pub(super) fn new(mut connection: Pooled, begin: &str) -> Self {
        let held_back = format!("{begin}{}", connection.preparation());
        Self {
            connection: Some(connection),
            held_back,
            begun: false,
            scope: Scope::None,
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
        let outcome: Result<_, Failure> = match self.send(statement, params).await {
            Ok(stream) => stream.try_collect().await.map_err(Failure::Of),
            Err(failure) => Err(failure),
        };
        self.waiting.store(false, Ordering::Relaxed);
        outcome.map_err(|error| self.fail(&error, statement))
    }

    /// Sends what was held back and the statement; gives the rows of the latter as they come.
    async fn send(&mut self, statement: &Stmt, params: &[Param<'_>]) -> Result<RowStream, Failure> {
        let scope = Scope::of(statement, params);
        if scope != self.scope {
            self.held_back.push_str(&scope.set());
            self.scope = scope;
        }
        let connection = self.connection.as_mut().ok_or(Failure::Ended)?;
        self.begun = true;
        let text = statement.postgres();
        if !connection.keeps_statements() {
            let typed = params.iter().map(|param| (*param, param.kind()));
            let rows = connection.client.query_typed_raw(text, typed);
            return after(&connection.client, &mut self.held_back, rows).await;
        }
        let prepared = if let Some(prepared) = connection.prepared(text) {
            prepared
        } else {
            let kinds: Vec<Type> = params.iter().map(Param::kind).collect();
            let preparing = connection.client.prepare_typed(text, &kinds);
            let prepared = after(&connection.client, &mut self.held_back, preparing).await?;
            connection.keep(text, &prepared);
            prepared
        };
        let rows = connection.client.query_raw(&prepared, params.iter().copied());
        after(&connection.client, &mut self.held_back, rows).await
    }

    fn fail(&mut self, failure: &Failure, statement: &Stmt) -> StoreError {
        self.failed = true;
        // Nothing has been committed yet, so a lost connection is no different from a collision.
        self.again |= self.is_lost();
        match failure {
            Failure::Ended => ended(),
            Failure::Of(error) => {
                self.again |= error::calls_for_retry(error);
                if error::is_stale_plan(error) || error::is_read_only(error) {
                    self.give_up();
                }
                error::explain(error, statement)
            }
        }
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

    pub(crate) fn savepoint(&mut self) {
        self.held_back.push_str("SAVEPOINT operation;");
    }

    pub(crate) fn release(&mut self) {
        self.held_back.push_str("RELEASE SAVEPOINT operation;");
    }

    pub(crate) fn roll_back(&mut self) {
        self.held_back.push_str("ROLLBACK TO SAVEPOINT operation;RELEASE SAVEPOINT operation;");
        self.failed = false;
        // It may have been set since, and is rolled back too.
        let scope = self.scope.set();
        self.held_back.push_str(&scope);
    }

    /// Waits for `lock`, in the same trip as the next statement. Named by a number of 64 bits: whoever
    /// meets another name with the same number by chance waits for nothing.
    pub(crate) fn lock(&mut self, tenant: TenantKey, lock: Lock) {
        let name = match lock {
            Lock::Nesting => NESTING ^ tenant.0,
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

    pub(crate) fn lock_deployment(&mut self, lock: DeploymentLock) {
        self.wait_for(match lock {
            DeploymentLock::SigningKeys => SIGNING_KEYS,
            DeploymentLock::Usage => USAGE,
        });
    }

    fn wait_for(&mut self, lock: i64) {
        let waiting = format!("SELECT pg_advisory_xact_lock({lock});");
        self.held_back.push_str(&waiting);
    }

    pub(crate) fn has_events(&mut self, tenant: TenantKey) {
        self.with_events = Some(tenant);
    }

    /// Tells other processes, when it is committed.
    pub(crate) fn announce(&mut self, change: Change) {
        self.held_back.push_str(&super::listen::notify(change));
        self.announced.push(change);
    }

    /// Commits if `outcome` is `Ok`. Gives whether all may be run again.
    pub(super) async fn commit<T>(&mut self, outcome: Result<T, StoreError>) -> (Result<T, StoreError>, bool) {
        let value = match outcome {
            Ok(value) if !self.failed => value,
            Ok(_) => {
                self.abandon();
                return (Err(StoreError::Corrupt("a failed statement was passed over".into())), self.again);
            }
            Err(error) => {
                self.abandon();
                return (Err(error), self.again);
            }
        };
        if !self.begun && self.announced.is_empty() {
            return (Ok(value), false);
        }
        let Some(connection) = &self.connection else { return (Err(ended()), self.again) };
        self.held_back.push_str("COMMIT");
        let committed = connection.client.batch_execute(&self.held_back).await;
        self.begun = false;
        match committed {
            Ok(()) => {
                self.connection = None;
                (Ok(value), false)
            }
            Err(error) if error.as_db_error().is_some() && !self.is_lost() => {
                // The transaction is over, one way or the other; a failed one needs to be ended.
                self.begun = true;
                self.abandon();
                (Err(error::explain_plain(&error)), error::calls_for_retry(&error))
            }
            Err(error) => {
                self.give_up();
                let reason = format!("the connection was lost during the commit, which may have happened: {error}");
                (Err(StoreError::Unavailable(reason)), false)
            }
        }
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
        if let Some(connection) = self.connection.take()
            && self.begun
            && let Some(Err(error)) = connection.client.batch_execute(text).now_or_never()
        {
            tracing::debug!(error = &error as &dyn std::error::Error, "a transaction could not be ended");
            drop::<Connection>(Pooled::take(connection));
        }
    }
}

impl Drop for PgTx {
    /// Only when the runtime is shut down in the middle of a transaction.
    fn drop(&mut self) {
        self.abandon();
    }
}

/// Runs `then` behind what is held back. Both are sent before either is answered.
async fn after<T>(
    client: &Client,
    held_back: &mut String,
    then: impl Future<Output = Result<T, Error>>,
) -> Result<T, Failure> {
    if held_back.is_empty() {
        return Ok(then.await?);
    }
    let first = std::mem::take(held_back);
    // Polled in this order, so sent in this order.
    let (first, then) = join(client.batch_execute(&first), then).await;
    first?;
    Ok(then?)
}

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

enum Failure {
    Ended,
    Of(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Of(error)
    }
}

fn ended() -> StoreError {
    StoreError::Unavailable("the connection was lost".into())
}

/// Marks of the locks that each tenant has one of.
const NESTING: i64 = 0x6e65_7374 << 32;
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
