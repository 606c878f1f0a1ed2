//! Copies of a database that is in use.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use store::{Options, Store, StoreError};

use crate::harness::{Place, block_on, on_sqlite};
use crate::notes;

#[test]
fn a_backup_under_load_is_whole_and_holds_what_was_acknowledged_before() {
    on_sqlite(
        |_| {},
        async |store, place| {
            notes::make(&store).await;
            notes::add(&store, "before").await.unwrap();

            let writing = async {
                for number in 0..200 {
                    notes::add(&store, number.to_string()).await.unwrap();
                }
            };
            let copying = async { store.backup(&place.path("copy.db")).await };
            let ((), copied) = futures_util::future::join(writing, copying).await;

            assert_eq!(copied, Ok(()));
            let copy = Store::open(&Options { path: place.path("copy.db"), ..place.options() }).await.unwrap();
            assert_eq!(copy.check().await, Ok(vec![]));
            let (copied, all) = (notes::all(&copy).await, notes::all(&store).await);
            assert_eq!(copied[0], "before");
            assert_eq!(copied, all[..copied.len()]);
            assert_eq!(all.len(), 201);
        },
    );
}

#[test]
fn a_database_is_copied_and_checked_from_outside_while_a_server_runs_and_when_none_does() {
    block_on(async {
        let place = Place::new();
        let options = place.options();
        let store = Store::open(&options).await.unwrap();
        notes::make(&store).await;
        notes::add(&store, "one").await.unwrap();

        store::backup(&options, &place.path("running.db")).await.unwrap();
        assert_eq!(store::check(&options).await, Ok(vec![]));
        store.close().await;
        store::backup(&options, &place.path("stopped.db")).await.unwrap();
        assert_eq!(store::check(&options).await, Ok(vec![]));

        for copy in ["running.db", "stopped.db"] {
            let copy = Store::open(&Options { path: place.path(copy), ..place.options() }).await.unwrap();
            assert_eq!(notes::all(&copy).await, ["one"]);
        }
    });
}

#[test]
fn a_backup_overwrites_nothing_and_is_the_owners_alone() {
    on_sqlite(
        |_| {},
        async |store, place| {
            fs::write(place.path("precious"), "data").unwrap();

            let refused = store.backup(&place.path("precious")).await;
            store.backup(&place.path("copy.db")).await.unwrap();

            assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
            assert_eq!(fs::read_to_string(place.path("precious")).unwrap(), "data");
            assert_eq!(fs::metadata(place.path("copy.db")).unwrap().permissions().mode() & 0o777, 0o600);
            let names = fs::read_dir(place.path("")).unwrap().map(|entry| entry.unwrap().file_name());
            assert!(names.into_iter().all(|name| !name.to_str().unwrap().contains(".part")));
        },
    );
}

#[test]
fn nothing_is_left_beside_a_copy_that_was_checked() {
    block_on(async {
        let place = Place::new();
        let store = Store::open(&place.options()).await.unwrap();
        notes::make(&store).await;
        notes::add(&store, "one").await.unwrap();
        let copies = place.path("copies");
        fs::create_dir(&copies).unwrap();
        let copy = Options { path: copies.join("copy.db"), ..place.options() };

        store.backup(&copy.path).await.unwrap();
        assert_eq!(store::check(&copy).await, Ok(vec![]));

        let names: Vec<_> = fs::read_dir(&copies).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["copy.db"]);
    });
}

#[test]
fn damage_is_found() {
    block_on(async {
        let place = Place::new();
        let store = Store::open(&place.options()).await.unwrap();
        notes::make(&store).await;
        for number in 0..500 {
            notes::add(&store, format!("{number:0>100}")).await.unwrap();
        }
        store.close().await;

        let mut bytes = fs::read(place.path("muster.db")).unwrap();
        let place_of_a_row = bytes.windows(100).rposition(|bytes| bytes.starts_with(b"0000")).unwrap();
        bytes[place_of_a_row] = b'7';
        fs::write(place.path("muster.db"), bytes).unwrap();

        // An index and its table disagree.
        assert!(!store::check(&place.options()).await.unwrap().is_empty());
    });
}
