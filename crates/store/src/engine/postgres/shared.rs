//! Connections for reads of a few rows, each shared by many requests at a time.
//!
//! A statement goes out when it is asked, behind those of others, outside of a transaction: nothing begins
//! or ends it, and a server that has much to do reads several with one call. Whose rows the statement
//! may see is said before it, unless the connection was told the same last.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use deadpool::managed::Manager;
use futures_util::TryStreamExt;
use futures_util::future::join;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error, Row, Statement};

use super::connection::{Connection, Connector, Memory};
use super::error;
use super::tx::Scope;
use crate::error::StoreError;
use crate::sql::Stmt;
use crate::tx::Param;

/// How many statements are on their way on one connection before the next is taken.
const DEPTH: usize = 8;

/// How many reads may be under way for each connection; more than that wait.
const READS_PER_CONNECTION: u32 = 32;

/// What is said once on each connection. They are for reading.
const SETTINGS: &str = "SET default_transaction_read_only = on;";

/// The connections.
#[derive(Debug)]
pub(super) struct Near {
    connector: Connector,
    places: Box<[Place]>,
}

/// Where a connection is, or will be when it is needed.
#[derive(Debug, Default)]
struct Place {
    line: Mutex<Option<Arc<Line>>>,
    /// Held by who makes the connection.
    connecting: tokio::sync::Mutex<Option<StoreError>>,
    /// How often somebody has tried to.
    tries: AtomicU64,
    under_way: AtomicUsize,
}

/// A connection.
#[derive(Debug)]
struct Line {
    client: Client,
    /// Held while something is sent.
    sending: Mutex<()>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    memory: Memory,
    /// What it was told last.
    scope: Scope,
    /// Nobody is to use it any more.
    is_broken: bool,
}

/// Counts a statement that is under way.
struct UnderWay<'a>(&'a AtomicUsize);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Near {
    pub(super) fn new(connector: Connector, connections: usize) -> Self {
        Self { connector, places: (0..connections.max(1)).map(|_| Place::default()).collect() }
    }

    /// How many reads may be under way on all of them.
    pub(super) fn reads_max(&self) -> u32 {
        u32::try_from(self.places.len()).unwrap_or(u32::MAX).saturating_mul(READS_PER_CONNECTION)
    }

    /// Runs one statement that reads.
    pub(super) async fn rows(
        &self,
        scope: Scope,
        statement: &Stmt,
        params: &[Param<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        let mut is_first_try = true;
        loop {
            let place = self.place_for(scope);
            let _under_way = place.enter();
            let line = place.line(&self.connector).await?;
            match line.rows(scope, statement, params).await {
                Ok(rows) => return Ok(rows),
                // Many share it, and nothing was written.
                Err(error) if is_first_try && is_lost(&error) => line.give_up(),
                Err(error) => {
                    if is_lost(&error) || error::is_stale_plan(&error) {
                        line.give_up();
                    }
                    return Err(error::explain(&error, statement));
                }
            }
            is_first_try = false;
        }
    }

    /// Has nobody use any of the connections again: one of them has said nothing for too long.
    pub(super) fn give_up(&self) {
        for place in &self.places {
            lock(&place.line).take();
        }
    }

    /// One that was told the same scope last, if it is not busy; else the one that is least so.
    fn place_for(&self, scope: Scope) -> &Place {
        let at_hand = self.places.iter().find(|place| place.is_idler_than(DEPTH) && place.is_at(scope));
        at_hand.unwrap_or_else(|| {
            let least = self.places.iter().min_by_key(|place| place.under_way.load(Ordering::Relaxed));
            least.unwrap_or(&self.places[0])
        })
    }
}

impl Place {
    fn enter(&self) -> UnderWay<'_> {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay(&self.under_way)
    }

    fn is_idler_than(&self, depth: usize) -> bool {
        self.under_way.load(Ordering::Relaxed) < depth
    }

    fn is_at(&self, scope: Scope) -> bool {
        lock(&self.line).as_ref().is_some_and(|line| lock(&line.state).scope == scope)
    }

    fn live(&self) -> Option<Arc<Line>> {
        lock(&self.line).as_ref().filter(|line| line.is_usable()).map(Arc::clone)
    }

    async fn line(&self, connector: &Connector) -> Result<Arc<Line>, StoreError> {
        if let Some(line) = self.live() {
            return Ok(line);
        }
        let tries = self.tries.load(Ordering::Relaxed);
        let mut failed = self.connecting.lock().await;
        if let Some(line) = self.live() {
            return Ok(line);
        }
        // Whoever has waited for another's try does not wait for one of its own: they would add up.
        if let Some(error) = failed.as_ref().filter(|_| self.tries.load(Ordering::Relaxed) > tries) {
            return Err(error.clone());
        }
        let made = Line::new(connector).await.map(Arc::new);
        self.tries.fetch_add(1, Ordering::Relaxed);
        *failed = made.as_ref().err().cloned();
        *lock(&self.line) = made.as_ref().ok().cloned();
        made
    }
}

impl Line {
    async fn new(connector: &Connector) -> Result<Self, StoreError> {
        let Connection { client, memory, .. } = connector.create().await?;
        client.batch_execute(SETTINGS).await.map_err(|error| error::explain_plain(&error))?;
        let state = State { memory, scope: Scope::None, is_broken: false };
        Ok(Self { client, sending: Mutex::default(), state: Mutex::new(state) })
    }

    fn is_usable(&self) -> bool {
        !self.client.is_closed() && !lock(&self.state).is_broken
    }

    async fn rows(&self, scope: Scope, statement: &Stmt, params: &[Param<'_>]) -> Result<Vec<Row>, Error> {
        let prepared = self.prepared(statement, params).await?;
        let tell = async {
            let text = lock(&self.state).before(scope);
            if text.is_empty() { Ok(()) } else { self.client.batch_execute(&text).await }
        };
        let ask = async { self.client.query_raw(&prepared, params.iter().copied()).await?.try_collect().await };
        let mut both = pin!(join(tell, ask));
        // What is polled for the first time is sent: these two with nothing of others in between.
        let sent = poll_fn(|context| {
            let _alone = lock(&self.sending);
            Poll::Ready(both.as_mut().poll(context))
        });
        let (told, rows) = match sent.await {
            Poll::Ready(both) => both,
            Poll::Pending => both.await,
        };
        if told.is_err() {
            // Nobody knows what it has been told.
            self.give_up();
        }
        told?;
        rows
    }

    async fn prepared(&self, statement: &Stmt, params: &[Param<'_>]) -> Result<Statement, Error> {
        let text = statement.postgres();
        if let Some(prepared) = lock(&self.state).memory.prepared(text) {
            return Ok(prepared);
        }
        let kinds: Vec<Type> = params.iter().map(Param::kind).collect();
        let prepared = self.client.prepare_typed(text, &kinds).await?;
        lock(&self.state).memory.keep(text, &prepared);
        Ok(prepared)
    }

    fn give_up(&self) {
        lock(&self.state).is_broken = true;
    }
}

/// Whether the connection is gone, or the server has said that it goes.
fn is_lost(error: &Error) -> bool {
    error.as_db_error().is_none_or(|db| matches!(db.code().code(), "57P01" | "57P02" | "57P03"))
}

impl State {
    /// What is to be said before the next statement.
    fn before(&mut self, scope: Scope) -> String {
        let mut text = self.memory.preparation().to_owned();
        if self.scope != scope {
            text.push_str(&scope.set_for_session());
            self.scope = scope;
        }
        text
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
