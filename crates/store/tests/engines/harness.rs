//! A fresh store for each test.

use std::path::PathBuf;

use store::{Options, PostgresOptions, Store};
use tempfile::TempDir;
use testdb::{Cluster, Database};

/// Runs a test on each engine, with a new and empty store of its own.
pub(crate) fn each_engine(test: impl AsyncFn(Store)) {
    on_sqlite(|_| {}, async |store, _| test(store).await);
    on_postgres(|_| {}, async |store, _| test(store).await);
}

/// Runs a test on PostgreSQL, opened with other options; for what only that engine has.
#[expect(clippy::needless_pass_by_value, reason = "a closure, written at the call")]
pub(crate) fn on_postgres(change: impl Fn(&mut PostgresOptions), test: impl AsyncFn(Store, &Database<'_>)) {
    let database = Cluster::prepared(|url| {
        block_on(async { Store::open(&Options::on_postgres(url)).await.unwrap().close().await });
    });
    let mut options = PostgresOptions { connections_max: 8, ..PostgresOptions::new(database.url()) };
    change(&mut options);
    // Several threads, since some tests hold a transaction up by blocking it.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    runtime.block_on(async {
        let options = Options { postgres: Some(options), ..Options::on_postgres("") };
        let store = Store::open(&options).await.unwrap();
        test(store.clone(), &database).await;
        store.close().await;
    });
}

/// Runs a test on SQLite, opened with other options; for what only that engine has.
#[expect(clippy::needless_pass_by_value, reason = "a closure, written at the call")]
pub(crate) fn on_sqlite(change: impl Fn(&mut Options), test: impl AsyncFn(Store, &Place)) {
    let place = Place::new();
    let mut options = place.options();
    change(&mut options);
    block_on(async {
        let store = Store::open(&options).await.unwrap();
        test(store.clone(), &place).await;
        store.close().await;
    });
}

/// Runs an async test on one thread: a spawned task begins at the next `await` and not before.
pub(crate) fn block_on<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

/// A directory for a test's files, gone with it.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Small caches, for the file `muster.db`.
    pub(crate) fn options(&self) -> Options {
        let mebibyte = 1024 * 1024;
        Options {
            reader_threads: 2,
            writer_cache_bytes: 8 * mebibyte,
            reader_cache_bytes: mebibyte,
            reader_mmap_bytes: 64 * mebibyte,
            ..Options::new(self.path("muster.db"))
        }
    }
}
