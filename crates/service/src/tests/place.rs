//! Where the data of a test is, on each engine.

use std::time::Duration;

use store::{Options, Store};
use tempfile::TempDir;
use testdb::{Cluster, Database};

/// An empty place for data, gone with it.
pub(crate) enum Place {
    Folder(TempDir),
    Database(Database<'static>),
}

impl Place {
    pub(crate) fn on_sqlite() -> Self {
        Self::Folder(tempfile::tempdir().unwrap())
    }

    pub(crate) fn on_postgres() -> Self {
        Self::Database(Cluster::prepared(|url| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async { Store::open(&Options::on_postgres(url)).await.unwrap().close().await });
        }))
    }

    /// One on each engine, made when it is its turn.
    pub(crate) fn on_each_engine() -> impl Iterator<Item = Self> {
        [Self::on_sqlite, Self::on_postgres].into_iter().map(|make| make())
    }

    pub(crate) async fn open(&self) -> Store {
        let options = match self {
            Self::Folder(folder) => Options::new(folder.path().join("muster.db")),
            Self::Database(database) => Options::on_postgres(database.url()),
        };
        // Whenever somebody else waits, slices end at once.
        Store::open(&Options { slice_patience: Duration::ZERO, ..options }).await.unwrap()
    }
}
