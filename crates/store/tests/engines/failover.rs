//! The primary of PostgreSQL does not die but falls silent: its connections stay, and nothing answers on
//! them. What dies is in the tests of the binary.

use std::time::Duration;

use store::{Options, PostgresOptions, Store, StoreError};
use testdb::Cluster;

use crate::harness::block_on;
use crate::notes;

#[test]
fn a_primary_that_fell_silent_is_given_up_and_its_standby_taken() {
    let primary = Cluster::start(&["synchronous_commit=on"]);
    // Never given back: in the end the server of its name waits for a standby that it has no more.
    let database = std::mem::ManuallyDrop::new(primary.database());
    let standby = primary.standby(&["synchronous_commit=on"]);
    let postgres = PostgresOptions {
        connect_timeout: Duration::from_millis(300),
        statement_timeout: Duration::from_millis(500),
        connections_max: 2,
        ..PostgresOptions::new(database.url_with(&standby))
    };
    let options = Options { postgres: Some(postgres), ..Options::on_postgres("") };
    block_on(async {
        let store = Store::open(&options).await.unwrap();
        notes::make(&store).await;
        notes::add(&store, "before").await.unwrap();

        primary.freeze();
        standby.promote();
        let silence = notes::add(&store, "meanwhile").await;
        // Each of the other connections may be to the old primary too.
        let mut after = notes::add(&store, "after").await;
        while let Err(StoreError::Unavailable(_)) = after {
            after = notes::add(&store, "after").await;
        }

        let Err(StoreError::Unavailable(reason)) = silence else { panic!("{silence:?}") };
        assert!(reason.contains("has not answered"), "{reason}");
        after.unwrap();
        assert_eq!(notes::all(&store).await, ["before", "after"]);
        // Who starts now finds the new primary too.
        let other = Store::open(&options).await.unwrap();
        assert_eq!(notes::all(&other).await, ["before", "after"]);
        other.close().await;
        store.close().await;
        primary.thaw();
    });
}
