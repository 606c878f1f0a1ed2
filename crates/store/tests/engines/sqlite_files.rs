//! The SQLite file: who may open it, how it is opened, and what survives.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rusqlite::Connection;
use store::sql::Stmt;
use store::{Options, Store, StoreError, Tx};

use crate::harness::{Place, block_on, on_sqlite};
use crate::notes;

#[test]
fn what_was_acknowledged_survives_a_crash() {
    on_sqlite(
        |_| {},
        async |store, place| {
            notes::make(&store).await;
            notes::add(&store, "one").await.unwrap();

            // What the disk holds when the process is killed now: nothing has been closed.
            let after_crash = Place::new();
            for file in ["muster.db", "muster.db-wal"] {
                fs::copy(place.path(file), after_crash.path(file)).unwrap();
            }

            let again = Store::open(&after_crash.options()).await.unwrap();
            assert_eq!(notes::all(&again).await, ["one"]);
            assert_eq!(again.check().await, Ok(vec![]));
        },
    );
}

#[test]
fn closing_empties_the_log_into_the_file() {
    block_on(async {
        let place = Place::new();
        let store = Store::open(&place.options()).await.unwrap();
        notes::make(&store).await;
        notes::add(&store, "one").await.unwrap();
        assert!(store.stats().wal_bytes > 0);

        store.close().await;

        assert_eq!(store.stats().wal_bytes, 0);
        let again = Store::open(&place.options()).await.unwrap();
        assert_eq!(notes::all(&again).await, ["one"]);
    });
}

#[test]
fn a_second_process_is_refused_until_the_first_has_closed() {
    block_on(async {
        let place = Place::new();
        let first = Store::open(&place.options()).await.unwrap();

        let second = Store::open(&place.options()).await.unwrap_err();
        let StoreError::Unavailable(reason) = second else { panic!("{second:?}") };
        assert!(reason.contains("another process has"), "{reason}");

        first.close().await;
        Store::open(&place.options()).await.unwrap();
    });
}

#[test]
fn dropping_the_last_handle_closes_the_database() {
    block_on(async {
        let place = Place::new();
        let store = Store::open(&place.options()).await.unwrap();
        let clone = store.clone();
        drop(store);
        notes::make(&clone).await;

        drop(clone);

        Store::open(&place.options()).await.unwrap();
    });
}

#[test]
fn a_newer_schema_is_refused_with_what_to_do() {
    block_on(async {
        let place = Place::new();
        Store::open(&place.options()).await.unwrap().close().await;
        Connection::open(place.path("muster.db")).unwrap().pragma_update(None, "user_version", 9999).unwrap();

        let refusal = Store::open(&place.options()).await.unwrap_err();

        let StoreError::Incompatible(reason) = refusal else { panic!("{refusal:?}") };
        assert!(reason.contains("written by a newer Muster (its schema is 9999"), "{reason}");
        assert!(reason.contains("run that version, or restore the backup"), "{reason}");
    });
}

#[test]
fn a_file_that_is_not_ours_is_refused_and_left_as_it_was() {
    block_on(async {
        let place = Place::new();
        let other = Connection::open(place.path("muster.db")).unwrap();
        other.execute_batch("CREATE TABLE theirs (x)").unwrap();
        drop(other);
        let before = fs::read(place.path("muster.db")).unwrap();

        let other_database = Store::open(&place.options()).await.unwrap_err();
        let checked = store::check(&place.options()).await.unwrap_err();

        assert!(matches!(other_database, StoreError::Incompatible(_)), "{other_database:?}");
        assert!(matches!(checked, StoreError::Incompatible(_)), "{checked:?}");
        assert_eq!(fs::read(place.path("muster.db")).unwrap(), before);

        fs::write(place.path("muster.db"), "not a database, but a text that is long enough to be looked at".repeat(99))
            .unwrap();
        let text = Store::open(&place.options()).await.unwrap_err();

        assert!(matches!(text, StoreError::Incompatible(_)), "{text:?}");
    });
}

#[test]
fn the_directory_and_the_file_are_the_owners_alone() {
    block_on(async {
        let place = Place::new();
        let options = Options { path: place.path("new/data/muster.db"), ..place.options() };

        let store = Store::open(&options).await.unwrap();
        notes::make(&store).await;

        let mode = |name: &str| fs::metadata(place.path(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode("new/data"), 0o700);
        assert_eq!(mode("new/data/muster.db"), 0o600);
        assert_eq!(mode("new/data/muster.db-wal"), 0o600);
        assert_eq!(mode("new/data/muster.db.lock"), 0o600);
    });
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    block_on(async {
        let place = Place::new();
        fs::write(place.path("file"), "").unwrap();

        let refusal = Store::open(&Options::new(place.path("file/muster.db"))).await.unwrap_err();

        let StoreError::Unavailable(reason) = refusal else { panic!("{refusal:?}") };
        assert!(reason.starts_with("cannot make the directory"), "{reason}");
    });
}

#[test]
fn connections_are_set_up_for_durable_writes_and_cheap_reads() {
    on_sqlite(
        |_| {},
        async |store, _| {
            const PRAGMAS: [&str; 10] = [
                "journal_mode",
                "synchronous",
                "page_size",
                "foreign_keys",
                "busy_timeout",
                "temp_store",
                "wal_autocheckpoint",
                "cache_size",
                "mmap_size",
                "application_id",
            ];
            let mut values = Vec::new();
            for pragma in PRAGMAS {
                let by_writer = store.write(move |tx| Box::pin(value_of(tx, pragma))).await.unwrap();
                let by_reader = store.read(move |tx| Box::pin(value_of(tx, pragma))).await.unwrap();
                values.push(format!("{pragma}: {by_writer} {by_reader}"));
            }

            insta::assert_snapshot!(values.join("\n"), @r"
            journal_mode: wal wal
            synchronous: 2 2
            page_size: 8192 8192
            foreign_keys: 1 1
            busy_timeout: 5000 5000
            temp_store: 2 2
            wal_autocheckpoint: 0 1000
            cache_size: -8192 -1024
            mmap_size: 0 67108864
            application_id: 1297437524 1297437524
            ");
        },
    );
}

async fn value_of(tx: &mut Tx, pragma: &str) -> Result<String, StoreError> {
    let statement = Stmt::built(format!("PRAGMA {pragma}"), String::new());
    let value = tx.query_one(&statement, &[], |row| row.text(0).or_else(|_| row.int(0).map(|value| value.to_string())));
    Ok(value.await?.unwrap_or_default())
}
