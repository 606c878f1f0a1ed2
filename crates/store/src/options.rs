//! Where the data is, and how much of the machine the store may take.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::engine::postgres::Postgres;
use crate::error::StoreError;

const MIB: u64 = 1024 * 1024;

/// How to open a [`Store`](crate::Store). The defaults are the measured ones for a server of its
/// own; tests and small machines may take less.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The SQLite file. It is made, readable by its owner only, when it does not exist.
    pub path: PathBuf,
    /// The PostgreSQL database to use instead of the file.
    pub postgres: Option<PostgresOptions>,
    /// Threads for short reads, and as many connections more for the near lane, which has no threads of its
    /// own: one per core.
    pub reader_threads: usize,
    /// Writes that may wait for the writer, and short reads that may wait for a reader. One more is
    /// [`StoreError::Unavailable`]; of writes it is the last one of the tenant that has the most.
    pub queue_length_max: usize,
    /// How long the writer works at a slice of a bulk request while others wait; then they get in between.
    pub slice_patience: Duration,
    /// Page cache of the writer. A quarter of it halves the writes per second at a million users.
    pub writer_cache_bytes: u64,
    /// Page cache of each reader. Small, since readers share the operating system's.
    pub reader_cache_bytes: u64,
    /// How much of the file readers map into memory; SQLite goes up to 2 GiB.
    pub reader_mmap_bytes: u64,
    /// How long a [`Store::scan`](crate::Store::scan) may run.
    pub scan_deadline: Duration,
    /// Above this the write-ahead log is started anew, which may hold writers up for a moment.
    pub wal_bytes_max: u64,
}

impl Options {
    /// The defaults, for the file at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            postgres: None,
            reader_threads: std::thread::available_parallelism().map_or(2, usize::from),
            queue_length_max: 4096,
            slice_patience: Duration::from_millis(2),
            writer_cache_bytes: 256 * MIB,
            reader_cache_bytes: 8 * MIB,
            reader_mmap_bytes: 2048 * MIB,
            scan_deadline: Duration::from_secs(10),
            wal_bytes_max: 128 * MIB,
        }
    }

    /// The defaults, for the PostgreSQL database at `url`.
    pub fn on_postgres(url: impl Into<String>) -> Self {
        Self { postgres: Some(PostgresOptions::new(url)), ..Self::new("") }
    }
}

/// How to use a PostgreSQL database.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresOptions {
    /// `postgres://user:password@host:port/database`. Several hosts with a comma between them, and
    /// `target_session_attrs=read-write`, find the primary after a failover. `sslmode` is `disable`,
    /// `prefer` (the default: encrypted where the server can, but it need not prove who it is),
    /// `require` (encrypted, no proof) or `verify-full` (encrypted, with a certificate for its name
    /// by an authority in the file `sslrootcert`, or else one that browsers trust).
    ///
    /// The role must be subject to row-level security, and own the tables or be able to make them.
    pub url: String,
    /// Where to listen for what other processes change: past the pooler, if there is one. `None`: at
    /// [`Self::url`].
    pub listen_url: Option<String>,
    /// Connections of this process, one more for listening. A quarter of them, and at least one, are shared by
    /// reads of a few rows. Measured: 16 do as many writes as 64.
    pub connections_max: usize,
    /// Whether statements are prepared once per connection. To be switched off with a pooler that
    /// gives each transaction another connection, such as PgBouncer in transaction mode.
    pub statement_cache: bool,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long one statement of a read or write may run. For scans it is
    /// [`Options::scan_deadline`].
    pub statement_timeout: Duration,
    /// How long a statement may wait for a lock.
    pub lock_timeout: Duration,
}

impl PostgresOptions {
    /// The defaults, for the database at `url`.
    pub fn new(url: impl Into<String>) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            url: url.into(),
            listen_url: None,
            connections_max: (4 * cores).min(16),
            statement_cache: true,
            connect_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(30),
            lock_timeout: Duration::from_secs(10),
        }
    }

    /// Whether the addresses can be understood, and the files that they name be read. Connects to
    /// nothing.
    ///
    /// # Errors
    /// [`StoreError::Incompatible`] with what is wrong; never with a password.
    pub fn check(&self) -> Result<(), StoreError> {
        Postgres::check_addresses(self)
    }
}

impl fmt::Debug for PostgresOptions {
    /// Without the URLs, which hold passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresOptions")
            .field("connections_max", &self.connections_max)
            .field("statement_cache", &self.statement_cache)
            .field("statement_timeout", &self.statement_timeout)
            .field("lock_timeout", &self.lock_timeout)
            .finish_non_exhaustive()
    }
}
