//! What was acknowledged survives a power cut: settings as a server runs with them, read back from the very
//! connections that write.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use store::sql::Stmt;
use store::{Options, Store, StoreError, Tx};
use testdb::Cluster;

use crate::harness::{Place, block_on};
use crate::notes;

/// What each of several writes at a time finds set, once the store has been in use. `queries` are of the engine
/// that it is on, and give a row each.
async fn found_by_writers(options: &Options, queries: &'static [&str]) -> BTreeSet<String> {
    let store = Store::open(options).await.unwrap();
    notes::make(&store).await;
    let mut found = BTreeSet::new();
    for round in 0..3 {
        let writes = (0..16).map(async |number| {
            notes::add(&store, format!("{round} {number}")).await.unwrap();
            store.write(|tx| Box::pin(values(tx, queries))).await.unwrap()
        });
        found.extend(join_all(writes).await);
    }
    store.close().await;
    found
}

async fn values(tx: &mut Tx, queries: &[&str]) -> Result<String, StoreError> {
    let mut values = Vec::new();
    for query in queries {
        let statement = Stmt::built((*query).to_owned(), (*query).to_owned());
        let value = tx.query_one(&statement, &[], |row| row.text(0).or_else(|_| row.int(0).map(|n| n.to_string())));
        values.push(value.await?.unwrap_or_default());
    }
    Ok(values.join(" "))
}

#[test]
fn a_commit_to_a_file_waits_for_the_disk() {
    block_on(async {
        let place = Place::new();
        let options = Options::new(place.path("muster.db"));

        let found = found_by_writers(&options, &["PRAGMA journal_mode", "PRAGMA synchronous"]).await;

        // FULL: the write-ahead log is synced by each commit, not only before a checkpoint.
        assert_eq!(found, BTreeSet::from(["wal 2".to_owned()]));
    });
}

#[test]
fn a_commit_to_postgres_waits_for_as_much_as_its_administrator_says() {
    const SETTING: &str = "SELECT setting || ', ' || source FROM pg_settings WHERE name = 'synchronous_commit'";
    for (given, expected) in [("on", "on, command line"), ("remote_apply", "remote_apply, command line")] {
        let cluster = Cluster::start(&["fsync=on", &format!("synchronous_commit={given}")]);
        let database = cluster.database();
        block_on(async {
            let options = Options::on_postgres(database.url());

            let found = found_by_writers(&options, &[SETTING]).await;

            // A source `session` or `client` would be us.
            assert_eq!(found, BTreeSet::from([expected.to_owned()]));
        });
    }
}
