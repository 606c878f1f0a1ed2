//! PostgreSQL: a pool of connections, a transaction for each piece of work, and a connection that
//! listens for what other processes change.
//!
//! A piece of work waits for one of as many slots as there are connections, then runs in a task of
//! its own, so that it comes to its end even when its caller has gone ([`run`]). Statements go
//! through [`tx`]; writes that collide with others are run again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use deadpool::managed::{Pool, PoolError, QueueMode, Timeouts};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{AbortHandle, JoinHandle};

use crate::changes::Changes;
use crate::engine::{closed, too_busy};
use crate::error::StoreError;
use crate::options::PostgresOptions;
use crate::resources::apply::creations::Creation;
use crate::resources::apply::{WriteError, Written};
use crate::shares::{Share, Shares};
use crate::stats::{Stats, WRITES_PER_COMMIT_BUCKETS};
use crate::tenants::TenantKey;
use crate::turn::Turn;
use crate::tx::{Tx, TxFuture};

mod address;
mod connection;
mod error;
mod gather;
mod hosts;
mod listen;
pub(crate) mod numbering;
mod outcome;
mod queue;
mod run;
mod schema;
mod shared;
mod target;
mod trusting;
mod tx;

pub(crate) use tx::{PgTx, value};

use address::Address;
use connection::{Connector, Incarnation, Pooled};
use gather::Gathering;
use numbering::Unnumbered;
use outcome::Outcome;
use queue::{Queue, TRANSACTION_ID, TransactionId};
use shared::Near;
use tx::Ending;

/// Of all connections, scans take at most one in so many.
const CONNECTIONS_PER_SCAN: usize = 4;

/// Of all connections, one in so many is shared by reads of a few rows.
const CONNECTIONS_PER_SHARED: usize = 4;

/// Of all connections, slices of bulk requests take at most one in so many. There are two at least.
const CONNECTIONS_PER_SLICE: usize = 2;

/// Long enough, and no sum with it overflows.
const FOR_EVER: Duration = Duration::from_hours(365 * 24);

/// An open database.
#[derive(Debug)]
pub(crate) struct Postgres {
    inner: Arc<Inner>,
    /// What goes on beside the requests: listening and numbering.
    background: [AbortHandle; 2],
    waiting_max: usize,
    is_read_only: bool,
}

#[derive(Debug)]
struct Inner {
    pool: Pool<Connector>,
    /// As many as there are connections, so that the pool itself never has to let anybody wait.
    slots: Arc<Semaphore>,
    connections_max: usize,
    scan_slots: Arc<Semaphore>,
    /// `None` with a pooler in between, which forgets what a connection was told.
    near: Option<Arc<Near>>,
    /// As many as reads may be under way on the shared connections.
    near_slots: Arc<Semaphore>,
    /// Whoever has one of these waits for a slot with a slice of long work.
    slices: Shares<TenantKey>,
    gathering: Gathering,
    /// What a transaction of each lane begins with.
    begin: Begin,
    changes: Arc<Changes>,
    unnumbered: Arc<Unnumbered>,
    counters: Counters,
    /// What is not done for requests.
    background: Counters,
}

#[derive(Debug)]
struct Begin {
    read: Lane,
    scan: Lane,
    write: Lane,
}

#[derive(Debug)]
struct Lane {
    begin: String,
    /// How long the server may say nothing: a little longer than a statement may run there.
    silence_max: Duration,
}

#[derive(Debug, Default)]
struct Counters {
    reads_waiting: AtomicUsize,
    scans_waiting: AtomicUsize,
    writes_waiting: AtomicUsize,
    commits: AtomicU64,
    writes: AtomicU64,
    /// Commits that several writes shared, by how many they were: see [`Stats::writes_per_commit`].
    shared_commits: [AtomicU64; WRITES_PER_COMMIT_BUCKETS.len()],
    statements: AtomicU64,
    round_trips: AtomicU64,
}

impl Postgres {
    pub(crate) async fn open(
        options: &PostgresOptions,
        waiting_max: usize,
        scan: Duration,
    ) -> Result<Self, StoreError> {
        let address = Address::parse(&options.url, options.connect_timeout)?;
        target::expect_unmarked(&schema::migrate(&address).await?).await?;
        Self::start(address, options, waiting_max, scan)
    }

    /// Without bringing its schema up to date. Nothing is numbered, and no transaction may write.
    pub(crate) async fn open_to_read(
        options: &PostgresOptions,
        waiting_max: usize,
        scan: Duration,
    ) -> Result<Self, StoreError> {
        let address = Address::parse(&options.url, options.connect_timeout)?;
        target::expect_unmarked(&schema::expect_current(&address).await?).await?;
        let mut opened = Self::start(address, options, waiting_max, scan)?;
        opened.is_read_only = true;
        opened.background.iter().for_each(AbortHandle::abort);
        Ok(opened)
    }

    /// For a copy: see [`target`].
    pub(crate) async fn open_target(
        options: &PostgresOptions,
        waiting_max: usize,
        scan: Duration,
    ) -> Result<Self, StoreError> {
        let address = Address::parse(&options.url, options.connect_timeout)?;
        target::mark(&schema::migrate(&address).await?).await?;
        Self::start(address, options, waiting_max, scan)
    }

    pub(crate) async fn clear_target(&self) -> Result<(), StoreError> {
        target::clear(&self.inner.connect_apart().await?).await
    }

    pub(crate) async fn finish_target(&self, numbers: &[(String, i64)]) -> Result<(), StoreError> {
        target::finish(&self.inner.connect_apart().await?, numbers).await
    }

    fn start(
        address: Address,
        options: &PostgresOptions,
        waiting_max: usize,
        scan: Duration,
    ) -> Result<Self, StoreError> {
        let changes = Arc::new(Changes::between_processes());
        let listens_at = match &options.listen_url {
            Some(url) => Address::parse(url, options.connect_timeout)?,
            None => address.clone(),
        };
        let listener = tokio::spawn(listen::listen(listens_at, Arc::clone(&changes))).abort_handle();

        let settings = settings(options);
        let connector = Connector {
            address,
            settings: if options.statement_cache { settings.clone() } else { String::new() },
            keeps_statements: options.statement_cache,
        };
        let mut connections_max = options.connections_max.max(2);
        let shared = if options.statement_cache { (connections_max / CONNECTIONS_PER_SHARED).max(1) } else { 0 };
        connections_max = (connections_max - shared).max(2);
        let near = (shared > 0).then(|| Arc::new(Near::new(connector.clone(), shared)));
        let pool = Pool::builder(connector)
            // One more for numbering, which takes no slot.
            .max_size(connections_max + 1)
            // Who was last used has the most statements prepared, and is nearest to the processor.
            .queue_mode(QueueMode::Lifo)
            .build()
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let inner = Inner {
            pool,
            slots: Arc::new(Semaphore::new(connections_max)),
            connections_max,
            scan_slots: Arc::new(Semaphore::new((connections_max / CONNECTIONS_PER_SCAN).max(1))),
            near_slots: Arc::new(Semaphore::new(near.as_ref().map_or(0, |near| near.reads_max() as usize))),
            near,
            slices: Shares::new(connections_max / CONNECTIONS_PER_SLICE, connections_max / CONNECTIONS_PER_SLICE),
            gathering: Gathering::default(),
            begin: Begin::new(if options.statement_cache { "" } else { &settings }, options, scan),
            changes,
            unnumbered: Arc::default(),
            counters: Counters::default(),
            background: Counters::default(),
        };
        let inner = Arc::new(inner);
        let numberer = tokio::spawn(numbering::number(Arc::downgrade(&inner), Arc::clone(&inner.unnumbered)));
        Ok(Self { inner, background: [listener, numberer.abort_handle()], waiting_max, is_read_only: false })
    }

    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> TxFuture<'t, T> + Send + 'static,
    {
        let slot = self.wait(&self.inner.slots, &self.inner.counters.reads_waiting).await?;
        let inner = Arc::clone(&self.inner);
        to_the_end(tokio::spawn(async move {
            let outcome = inner.read(&inner.counters, &inner.begin.read, work).await;
            drop(slot);
            // Only a scan is expected to take long.
            outcome.map_err(unexpectedly_slow)
        }))
        .await
    }

    /// Reads a few rows: each statement by itself, at a moment of its own.
    pub(crate) async fn read_near<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> TxFuture<'t, T> + Send + 'static,
    {
        let Some(near) = &self.inner.near else { return self.read(work).await };
        let slot = self.wait(&self.inner.near_slots, &self.inner.counters.reads_waiting).await?;
        // Not in a task of its own: if its caller goes, the connection throws the answer away.
        let transaction = PgTx::on_shared(Arc::clone(near));
        let outcome =
            self.inner.read_in(transaction, &self.inner.counters, self.inner.begin.read.silence_max, work).await;
        drop(slot);
        outcome.map_err(unexpectedly_slow)
    }

    pub(crate) async fn scan<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> TxFuture<'t, T> + Send + 'static,
    {
        let lane = self.wait(&self.inner.scan_slots, &self.inner.counters.scans_waiting).await?;
        let slot = self.wait(&self.inner.slots, &self.inner.counters.scans_waiting).await?;
        let inner = Arc::clone(&self.inner);
        to_the_end(tokio::spawn(async move {
            let outcome = inner.read(&inner.counters, &inner.begin.scan, work).await;
            drop((slot, lane));
            outcome
        }))
        .await
    }

    pub(crate) async fn write<T, F>(&self, turn: Turn, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t mut Tx) -> TxFuture<'t, T> + Send + 'static,
    {
        if self.is_read_only {
            return Err(closed());
        }
        let slice = match turn {
            Turn::Slice(tenant) => Some(self.wait_with_slice(tenant).await?),
            Turn::Request(_) | Turn::House => None,
        };
        let slot = self.wait(&self.inner.slots, &self.inner.counters.writes_waiting).await?;
        let inner = Arc::clone(&self.inner);
        to_the_end(tokio::spawn(async move {
            let outcome = inner.write(&inner.counters, work).await;
            drop((slot, slice));
            outcome.map_err(unexpectedly_slow)
        }))
        .await
    }

    /// Creates a resource, together with others that wait.
    pub(crate) async fn create(
        &self,
        tenant: TenantKey,
        creation: Creation,
    ) -> Result<Result<Written, WriteError>, StoreError> {
        if self.is_read_only {
            return Err(closed());
        }
        gather::create(&self.inner, self.waiting_max, tenant, creation).await.map_err(unexpectedly_slow)
    }

    /// Waits for one of `slots`. Who goes away meanwhile has asked for nothing.
    async fn wait(&self, slots: &Arc<Semaphore>, waiting: &AtomicUsize) -> Result<OwnedSemaphorePermit, StoreError> {
        if let Ok(slot) = Arc::clone(slots).try_acquire_owned() {
            return Ok(slot);
        }
        let waits = Waits::among(waiting);
        if waits.others >= self.waiting_max {
            return Err(too_busy());
        }
        Arc::clone(slots).acquire_owned().await.map_err(|_| closed())
    }

    /// Waits until few enough slices are at work, and those of other tenants have had their turn.
    async fn wait_with_slice(&self, tenant: TenantKey) -> Result<Share<TenantKey>, StoreError> {
        let waits = Waits::among(&self.inner.counters.writes_waiting);
        if waits.others >= self.waiting_max {
            return Err(too_busy());
        }
        Ok(self.inner.slices.take(tenant, 1).await)
    }

    pub(crate) fn changes(&self) -> &Changes {
        &self.inner.changes
    }

    pub(crate) fn stats(&self) -> Stats {
        let stats = self.inner.counters.read();
        Stats { writes_waiting: stats.writes_waiting + self.inner.gathering.waiting(), ..stats }
    }

    /// Whether the schema is this program's, and every table with tenants is protected.
    pub(crate) async fn check(&self) -> Result<Vec<String>, StoreError> {
        let connection = self.inner.connect().await?;
        schema::problems(&connection.client).await
    }

    /// [`Self::check`] without opening the database, and so without bringing its schema up to date.
    pub(crate) async fn check_from_outside(options: &PostgresOptions) -> Result<Vec<String>, StoreError> {
        let client = Address::parse(&options.url, options.connect_timeout)?.connect().await?;
        schema::problems(&client).await
    }

    /// Whether the addresses can be understood.
    pub(crate) fn check_addresses(options: &PostgresOptions) -> Result<(), StoreError> {
        let mut urls = std::iter::once(&options.url).chain(&options.listen_url);
        urls.try_for_each(|url| Address::parse(url, options.connect_timeout).map(drop))
    }

    /// Lets what has begun come to its end, and refuses what comes later.
    pub(crate) async fn close(&self) {
        self.background.iter().for_each(AbortHandle::abort);
        let all = u32::try_from(self.inner.connections_max).unwrap_or(u32::MAX);
        if let Some(near) = &self.inner.near
            && let Ok(none_left) = self.inner.near_slots.acquire_many(near.reads_max()).await
        {
            self.inner.near_slots.close();
            near.give_up();
            drop(none_left);
        }
        // It fails when it was closed before.
        if let Ok(all) = self.inner.slots.acquire_many(all).await {
            self.inner.slots.close();
            self.inner.scan_slots.close();
            self.inner.pool.close();
            drop(all);
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.background.iter().for_each(AbortHandle::abort);
    }
}

impl Inner {
    async fn connect(&self) -> Result<Pooled, StoreError> {
        self.pool.timeout_get(&Timeouts::default()).await.map_err(|error| match error {
            PoolError::Backend(error) => error,
            PoolError::Closed => closed(),
            other => StoreError::Unavailable(other.to_string()),
        })
    }

    /// A connection that is not in the pool.
    async fn connect_apart(&self) -> Result<tokio_postgres::Client, StoreError> {
        self.pool.manager().address.connect().await
    }

    /// Reads in one transaction.
    async fn read<T, F>(&self, counters: &Counters, lane: &Lane, work: F) -> Result<T, StoreError>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> TxFuture<'t, T>,
    {
        let transaction = PgTx::new(self.connect().await?, &lane.begin);
        self.read_in(transaction, counters, lane.silence_max, work).await
    }

    async fn read_in<T, F>(
        &self,
        transaction: PgTx,
        counters: &Counters,
        silence_max: Duration,
        work: F,
    ) -> Result<T, StoreError>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> TxFuture<'t, T>,
    {
        let waiting = transaction.waiting();
        let mut tx = Tx::Postgres(Box::new(transaction));
        let future = run::begin(&mut tx, work);
        let outcome = run::drive(future, waiting, silence_max).await;
        if let Tx::Postgres(mut transaction) = tx {
            counters.count(&transaction.queue);
            transaction.end_reading();
        }
        outcome
    }

    /// Runs `work` in a transaction, again if it collides with others.
    async fn write<T, F>(&self, counters: &Counters, work: F) -> Result<T, StoreError>
    where
        F: for<'t> Fn(&'t mut Tx) -> TxFuture<'t, T>,
    {
        let Lane { begin, silence_max } = &self.begin.write;
        for tries in 1.. {
            let transaction = PgTx::new(self.connect().await?, begin);
            let waiting = transaction.waiting();
            let mut tx = Tx::Postgres(Box::new(transaction));
            let future = run::begin(&mut tx, &work);
            let outcome = run::drive(future, waiting, *silence_max).await;
            let Tx::Postgres(mut transaction) = tx else { break };
            let (outcome, again) = match transaction.commit(outcome, *silence_max).await {
                Ending::Committed(value) => (Ok(value), false),
                Ending::Failed { error, again } => (Err(error), again),
                Ending::Unknown { value, transaction, was, error } => match self.outcome_of(transaction, was).await {
                    Outcome::Committed => (Ok(value), false),
                    Outcome::RolledBack => (Err(error::explain_plain(&error)), true),
                    Outcome::Unknown => (Err(unknown(&error)), false),
                },
            };
            counters.count(&transaction.queue);
            if outcome.is_ok() {
                for change in &transaction.announced {
                    self.changes.tell(*change);
                }
                if let Some(tenant) = transaction.with_events {
                    self.unnumbered.add(tenant);
                }
                counters.commits.fetch_add(1, Ordering::Relaxed);
            }
            if !again || tries == run::TRIES_MAX {
                counters.writes.fetch_add(1, Ordering::Relaxed);
                return outcome;
            }
            drop(transaction);
            run::pause(tries).await;
        }
        Err(closed())
    }

    async fn outcome_of(&self, transaction: Option<TransactionId>, was: Option<Incarnation>) -> Outcome {
        match transaction {
            Some(transaction) => outcome::of(self, transaction, was).await,
            None => Outcome::Unknown,
        }
    }
}

impl Begin {
    fn new(settings: &str, options: &PostgresOptions, scan: Duration) -> Self {
        let scan_ms = scan.as_millis().max(1);
        // A statement that may run for ever may be silent for as long.
        let lane = |begin: String, statement: Duration| Lane {
            begin,
            silence_max: if statement.is_zero() { FOR_EVER } else { statement + options.connect_timeout },
        };
        Self {
            read: lane(
                format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;{settings}"),
                options.statement_timeout,
            ),
            scan: lane(
                format!(
                    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;{settings}SET LOCAL statement_timeout = {scan_ms};"
                ),
                scan,
            ),
            // What many change at once is locked before it is read, so a later snapshot for each
            // statement is what we want.
            write: lane(
                format!("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;{TRANSACTION_ID}{settings}"),
                options.statement_timeout,
            ),
        }
    }
}

/// How the server is to treat our transactions: said once per connection, or, with a pooler in between,
/// in each transaction.
fn settings(options: &PostgresOptions) -> String {
    let millis = |duration: Duration| duration.as_millis().to_string();
    let settings = [
        ("statement_timeout", millis(options.statement_timeout)),
        ("lock_timeout", millis(options.lock_timeout)),
        // Between statements we only compute; a process that hangs must not hold locks.
        ("idle_in_transaction_session_timeout", millis(options.statement_timeout)),
        // All our statements go from a few keys to rows by indexes. The planner must not take a tenant for
        // the few rows that it has on average, and read all of one that has a million. So plans
        // are those that `tests/plans` shows, whatever the tables hold.
        ("plan_cache_mode", "force_generic_plan".to_owned()),
        ("enable_hashjoin", "off".to_owned()),
        ("enable_mergejoin", "off".to_owned()),
        ("enable_seqscan", "off".to_owned()),
        ("enable_bitmapscan", "off".to_owned()),
        ("enable_material", "off".to_owned()),
        ("enable_memoize", "off".to_owned()),
        // Compiling, or starting others to help, takes longer than any of them.
        ("jit", "off".to_owned()),
        ("max_parallel_workers_per_gather", "0".to_owned()),
    ];
    let local = if options.statement_cache { "" } else { "LOCAL " };
    settings.map(|(name, value)| format!("SET {local}{name} = {value};")).concat()
}

fn unknown(error: &tokio_postgres::Error) -> StoreError {
    StoreError::Unavailable(format!("the connection was lost during the commit, which may have happened: {error}"))
}

fn unexpectedly_slow(error: StoreError) -> StoreError {
    match error {
        StoreError::TooExpensive(reason) if reason == error::PAST_DEADLINE => {
            StoreError::Unavailable(format!("a statement was given up: {reason}"))
        }
        error => error,
    }
}

async fn to_the_end<T>(task: JoinHandle<Result<T, StoreError>>) -> Result<T, StoreError> {
    task.await.unwrap_or_else(|error| Err(StoreError::Unavailable(format!("the work was broken off: {error}"))))
}

/// Counts one who waits, as long as that is.
struct Waits<'a> {
    waiting: &'a AtomicUsize,
    others: usize,
}

impl<'a> Waits<'a> {
    fn among(waiting: &'a AtomicUsize) -> Self {
        Self { waiting, others: waiting.fetch_add(1, Ordering::Relaxed) }
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Counters {
    /// Counts what a transaction has asked for.
    fn count(&self, asked: &Queue) {
        self.statements.fetch_add(asked.statements, Ordering::Relaxed);
        self.round_trips.fetch_add(asked.round_trips, Ordering::Relaxed);
    }

    /// Says of a write that was counted as one how many it was.
    fn count_gathered(&self, writes: usize) {
        let more = (writes as u64).saturating_sub(1);
        if more > 0 {
            self.writes.fetch_add(more, Ordering::Relaxed);
            let bucket = WRITES_PER_COMMIT_BUCKETS.partition_point(|&bound| bound <= more);
            self.shared_commits[bucket.min(WRITES_PER_COMMIT_BUCKETS.len() - 1)].fetch_add(1, Ordering::Relaxed);
        }
    }

    fn read(&self) -> Stats {
        let writes_per_commit = self.shared_commits.each_ref().map(|commits| commits.load(Ordering::Relaxed));
        let commits = self.commits.load(Ordering::Relaxed);
        let mut stats = Stats {
            writes_waiting: self.writes_waiting.load(Ordering::Relaxed),
            reads_waiting: self.reads_waiting.load(Ordering::Relaxed),
            scans_waiting: self.scans_waiting.load(Ordering::Relaxed),
            commits,
            writes: self.writes.load(Ordering::Relaxed),
            statements: self.statements.load(Ordering::Relaxed),
            round_trips: self.round_trips.load(Ordering::Relaxed),
            writes_per_commit,
            ..Stats::default()
        };
        // All others had a commit of their own.
        stats.writes_per_commit[0] = commits.saturating_sub(writes_per_commit.iter().sum());
        stats
    }
}
