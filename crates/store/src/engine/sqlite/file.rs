//! The file: making it, locking it, connecting to it, bringing its schema up to date.

use std::error::Error;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::SqliteTx;
use crate::error::StoreError;
use crate::migrate::{self, Migration};
use crate::options::Options;

/// `MUST`, in SQLite's header: says that the file is ours.
const APPLICATION_ID: i32 = 0x4d55_5354;
/// Measured: two resources of 1.4 KB leave a third of a 4 KiB page empty.
pub(super) const PAGE_BYTES: u64 = 8192;
const STATEMENTS_CACHED_MAX: usize = 256;
/// Only the checkpointer's restart ever makes the writer wait, and not for as long as this.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// While it waits for readers to end, a restart keeps the writer out. So it gives up soon, and is
/// tried again: a scan or a backup may go on for seconds.
const RESTART_PATIENCE: Duration = Duration::from_millis(250);

/// Keeps other processes from opening the same file for writing. Gone with the process, however it
/// ends.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "held, not used")] File);

impl Lock {
    /// Takes the lock, a file beside `path`, and makes the directory when it is missing.
    pub(super) fn take(path: &Path) -> Result<Self, StoreError> {
        if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(directory)
                .map_err(|error| cannot("make the directory", directory, &error))?;
        }
        let lock_path = beside(path, ".lock");
        let file = private_file()
            .truncate(false)
            .open(&lock_path)
            .map_err(|error| cannot("open the lock file", &lock_path, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(StoreError::Unavailable(format!(
                "another process has {} open; stop that server first, or ask it through its admin API",
                path.display()
            ))),
            Err(TryLockError::Error(error)) => Err(cannot("lock", &lock_path, &error)),
        }
    }
}

/// Opens the file for the writer, makes it when there is none, and runs the migrations it lacks.
pub(super) fn open_for_writing(options: &Options) -> Result<SqliteTx, StoreError> {
    let path = &options.path;
    // Made here and not by SQLite, which would let others read it.
    let file = private_file().truncate(false).open(path).map_err(|error| cannot("open", path, &error))?;
    let is_new = file.metadata().map_err(|error| cannot("open", path, &error))?.len() == 0;
    drop(file);

    let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    if is_new {
        // Page size first, it cannot change later; then our mark, before anything else is in it.
        set_bytes(&connection, "page_size", PAGE_BYTES)?;
        set(&connection, "application_id", APPLICATION_ID)?;
    } else {
        expect_ours(&connection, path)?;
    }
    set_wal(&connection, path)?;
    // An acknowledged write survives a power cut.
    set(&connection, "synchronous", "FULL")?;
    set(&connection, "wal_autocheckpoint", 0)?;
    set_bytes(&connection, "journal_size_limit", options.wal_bytes_max)?;
    set_cache(&connection, options.writer_cache_bytes)?;
    // Off for the migrations, which may have to rebuild a table that others refer to.
    set(&connection, "foreign_keys", "OFF")?;
    migrate(&mut connection, path)?;
    set(&connection, "foreign_keys", "ON")?;
    Ok(SqliteTx::new(connection))
}

/// A connection that only reads.
pub(super) fn connect_reader(options: &Options) -> Result<SqliteTx, StoreError> {
    let connection = connect(&options.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    set_cache(&connection, options.reader_cache_bytes)?;
    set_bytes(&connection, "mmap_size", options.reader_mmap_bytes)?;
    Ok(SqliteTx::new(connection))
}

/// A connection for checkpoints, which write to the file.
pub(super) fn connect_checkpointer(options: &Options) -> Result<Connection, StoreError> {
    let connection = connect(&options.path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(RESTART_PATIENCE).map_err(|error| StoreError::Unavailable(error.to_string()))?;
    set(&connection, "synchronous", "FULL")?;
    set(&connection, "wal_autocheckpoint", 0)?;
    set_bytes(&connection, "journal_size_limit", options.wal_bytes_max)?;
    Ok(connection)
}

/// A connection that only reads, to a file that this process may not have opened.
pub(super) fn connect_foreign(path: &Path) -> Result<Connection, StoreError> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    expect_ours(&connection, path)?;
    Ok(connection)
}

/// Refuses a file whose schema is not this program's.
pub(super) fn expect_current(path: &Path) -> Result<(), StoreError> {
    let connection = connect_foreign(path)?;
    let version = schema_version(&connection, path)?;
    match migrate::steps_after(version) {
        Some([]) => Ok(()),
        Some(_) => Err(StoreError::Incompatible(format!(
            "{} was written by an older Muster; start this one's server on it once",
            path.display()
        ))),
        None => Err(newer(path, version)),
    }
}

/// The write-ahead log's size on disk.
pub(super) fn wal_bytes(path: &Path) -> u64 {
    std::fs::metadata(beside(path, "-wal")).map_or(0, |metadata| metadata.len())
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let refused = |error: rusqlite::Error| StoreError::Unavailable(format!("cannot open {}: {error}", path.display()));
    // No mutex: a connection belongs to one thread.
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(refused)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(refused)?;
    // As in PostgreSQL, "x" is a name and never a text.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false).map_err(refused)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false).map_err(refused)?;
    // A plan does not depend on the values of parameters. Otherwise whoever binds another LIMIT has the
    // statement compiled again, which costs several times what running it does.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(refused)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED_MAX);
    set(&connection, "temp_store", "MEMORY")?;
    Ok(connection)
}

fn set(connection: &Connection, pragma: &str, value: impl rusqlite::ToSql) -> Result<(), StoreError> {
    connection
        .pragma_update(None, pragma, value)
        .map_err(|error| StoreError::Unavailable(format!("cannot set {pragma}: {error}")))
}

fn set_bytes(connection: &Connection, pragma: &str, bytes: u64) -> Result<(), StoreError> {
    set(connection, pragma, i64::try_from(bytes).unwrap_or(i64::MAX))
}

/// The write-ahead log, which SQLite quietly does without on a file system that it does not work on.
fn set_wal(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let mode = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0));
    match mode.as_deref() {
        Ok("wal") => Ok(()),
        Ok(other) => Err(StoreError::Unavailable(format!(
            "{} is on a file system without shared memory: SQLite stays in mode {other}",
            path.display()
        ))),
        Err(error) => Err(StoreError::Unavailable(format!("cannot write to {}: {error}", path.display()))),
    }
}

fn set_cache(connection: &Connection, bytes: u64) -> Result<(), StoreError> {
    // A negative number is KiB, a positive one pages.
    set(connection, "cache_size", -i64::try_from(bytes / 1024).unwrap_or(i64::MAX))
}

/// Refuses a file that another program made.
fn expect_ours(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let refused =
        |reason| StoreError::Incompatible(format!("{} is not a database of Muster: {reason}", path.display()));
    match connection.pragma_query_value(None, "application_id", |row| row.get::<_, i32>(0)) {
        Ok(APPLICATION_ID) => Ok(()),
        Ok(other) => Err(refused(format!("its application id is {other:#x}"))),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => Err(refused(error.to_string())),
        Err(error) => Err(StoreError::Unavailable(format!("cannot read {}: {error}", path.display()))),
    }
}

/// Runs the steps that the file lacks, each in a transaction.
fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let version = schema_version(connection, path)?;
    let steps = migrate::steps_after(version).ok_or_else(|| newer(path, version))?;
    for step in steps {
        run_step(connection, step).map_err(|reason| {
            StoreError::Incompatible(format!("migration {} ({}) was taken back: {reason}", step.number, step.name))
        })?;
        tracing::info!(number = step.number, name = step.name, "the schema was brought forward");
    }
    Ok(())
}

fn schema_version(connection: &Connection, path: &Path) -> Result<u32, StoreError> {
    connection
        .pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0))
        .map_err(|error| StoreError::Unavailable(format!("cannot read {}: {error}", path.display())))
}

fn newer(path: &Path, version: u32) -> StoreError {
    StoreError::Incompatible(format!(
        "{} was written by a newer Muster (its schema is {version}, this program knows {}); \
         run that version, or restore the backup made before the upgrade",
        path.display(),
        migrate::MIGRATIONS.len(),
    ))
}

fn run_step(connection: &mut Connection, step: &Migration) -> Result<(), Box<dyn Error>> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(step.sqlite)?;
    // Nobody watched the foreign keys meanwhile.
    if transaction.prepare("PRAGMA foreign_key_check")?.exists([])? {
        return Err("it leaves rows that refer to nothing".into());
    }
    transaction.pragma_update(None, "user_version", step.number)?;
    Ok(transaction.commit()?)
}

/// Options for a file that only its owner can read, made when it does not exist.
fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).mode(0o600);
    options
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> StoreError {
    StoreError::Unavailable(format!("cannot {what} {}: {error}", path.display()))
}
