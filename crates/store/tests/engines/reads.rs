//! What a read promises.

use std::time::Duration;

use store::sql::Stmt;
use store::{Options, Store, StoreError, sql};

use crate::harness::{each_engine, on_postgres, on_sqlite};
use crate::notes;

static ONE: Stmt = sql!("SELECT 1");

#[test]
fn a_scan_is_cut_at_its_deadline_and_the_next_one_runs() {
    static ENDLESS: Stmt =
        sql!("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n");
    on_sqlite(
        |options| options.scan_deadline = Duration::ZERO,
        async |store, _| {
            let endless = store.scan(|tx| Box::pin(async { tx.query_one(&ENDLESS, &[], |row| row.int(0)).await }));
            let endless = endless.await;
            let short = store.scan(|tx| Box::pin(async { tx.query_one(&ONE, &[], |row| row.int(0)).await })).await;

            assert_eq!(endless, Err(StoreError::TooExpensive("it ran past its deadline".into())));
            assert_eq!(short, Ok(Some(1)));
        },
    );
}

#[test]
fn a_ping_is_answered_until_the_store_is_closed() {
    each_engine(async |store| {
        assert_eq!(store.ping().await, Ok(()));

        store.close().await;

        assert_eq!(store.ping().await, Err(StoreError::Unavailable("it has been closed".into())));
    });
}

#[test]
fn a_read_cannot_write() {
    each_engine(async |store| {
        notes::make(&store).await;

        let outcome = store.read(|tx| Box::pin(async { tx.execute(&notes::ADD, &["one".into()]).await })).await;

        assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
        assert!(notes::all(&store).await.is_empty());
    });
}

#[test]
fn a_panic_in_a_read_is_its_error_and_the_next_read_works() {
    each_engine(async |store| {
        for _ in 0..8 {
            let outcome: Result<(), _> = store.read(|_| Box::pin(async { panic!("a bug") })).await;

            assert_eq!(outcome, Err(StoreError::Corrupt("a transaction panicked: a bug".into())));
        }
        assert_eq!(
            store.read(|tx| Box::pin(async { tx.query_one(&ONE, &[], |row| row.int(0)).await })).await,
            Ok(Some(1))
        );
    });
}

#[test]
fn waiting_for_anything_else_in_a_transaction_is_an_error_and_no_wait() {
    each_engine(async |store| {
        let outcome: Result<(), _> = store.read(|_| Box::pin(std::future::pending())).await;

        assert_eq!(outcome, Err(StoreError::Corrupt("a transaction waited for something else".into())));
    });
}

#[test]
fn all_statements_of_a_read_see_the_same_moment() {
    static COUNT: Stmt = sql!("SELECT count(*) FROM notes");
    each_engine(async |store| {
        notes::make(&store).await;
        let (first_count_done, first_count) = std::sync::mpsc::channel();
        let (note_added, added) = std::sync::mpsc::channel();

        let reading = store.clone();
        let counting = tokio::spawn(async move {
            let read = reading.read(move |tx| {
                Box::pin(async move {
                    let before = tx.query_one(&COUNT, &[], |row| row.int(0)).await?;
                    first_count_done.send(()).unwrap();
                    added.recv().unwrap();
                    let after = tx.query_one(&COUNT, &[], |row| row.int(0)).await?;
                    Ok((before, after))
                })
            });
            read.await
        });
        tokio::task::yield_now().await;
        first_count.recv().unwrap();
        notes::add(&store, "meanwhile").await.unwrap();
        note_added.send(()).unwrap();

        assert_eq!(counting.await.unwrap(), Ok((Some(0), Some(0))));
        assert_eq!(notes::count(&store).await, 1);
    });
}

#[test]
fn readers_beside_writers_never_see_half_of_a_write_nor_go_back_in_time() {
    const WRITES: u8 = 60;
    async fn add_two(store: &Store, number: u8) {
        let write = store.write(move |tx| {
            Box::pin(async move {
                for half in ["a", "b"] {
                    tx.execute(&notes::ADD, &[format!("{number}{half}").as_str().into()]).await?;
                }
                Ok(())
            })
        });
        write.await.unwrap();
    }
    each_engine(async |store| {
        notes::make(&store).await;

        let writing = futures_util::future::join_all((0..WRITES).map(|number| add_two(&store, number)));
        let reading = futures_util::future::join_all((0..4).map(async |_| {
            let mut last = 0;
            while last < 2 * i64::from(WRITES) {
                let count = notes::count(&store).await;
                assert!(count % 2 == 0 && count >= last, "{count} after {last}");
                last = count;
            }
        }));

        futures_util::future::join(writing, reading).await;
    });
}

#[test]
fn a_column_of_another_kind_is_an_error_that_names_it() {
    static NULL: Stmt = sql!("SELECT NULL, 'text'");
    each_engine(async |store| {
        let null = store.read(|tx| Box::pin(async { tx.query_one(&NULL, &[], |row| row.int(0)).await })).await;
        let text = store.read(|tx| Box::pin(async { tx.query_one(&NULL, &[], |row| row.opt_int(1)).await })).await;
        let absent = store.read(|tx| Box::pin(async { tx.query_one(&NULL, &[], |row| row.opt_int(2)).await })).await;

        assert_eq!(null, Err(StoreError::Corrupt("column 0 should be an integer".into())));
        assert_eq!(text, Err(StoreError::Corrupt("column 1 should be an integer".into())));
        assert_eq!(absent, Err(StoreError::Corrupt("the statement has no column 2".into())));
    });
}

#[test]
fn a_database_that_is_in_use_can_be_opened_to_read() {
    let read_beside = async |store: Store, options: Options| {
        notes::make(&store).await;
        let beside = Store::open_to_read(&options).await.unwrap();

        notes::add(&store, "one").await.unwrap();

        assert_eq!(notes::all(&beside).await, ["one"]);
        assert_eq!(notes::add(&beside, "two").await, Err(StoreError::Unavailable("it has been closed".into())));
        beside.close().await;
        // It was not there alone, so it took nothing with it.
        notes::add(&store, "three").await.unwrap();
    };
    on_sqlite(|_| {}, async |store, place| read_beside(store, place.options()).await);
    on_postgres(|_| {}, async |store, database| read_beside(store, Options::on_postgres(database.url())).await);
}

#[test]
fn a_database_of_another_version_is_not_read_and_not_changed() {
    let expect_refused = async |options: &Options| {
        let refused = Store::open_to_read(options).await;
        let StoreError::Incompatible(reason) = refused.unwrap_err() else { panic!("another error") };
        assert!(reason.contains("was written by an older Muster"), "{reason}");
    };
    on_sqlite(
        |_| {},
        async |store, place| {
            static OLDER: Stmt = sql!("PRAGMA user_version = 1");
            store.write(|tx| Box::pin(async { tx.execute(&OLDER, &[]).await })).await.unwrap();
            expect_refused(&place.options()).await;
        },
    );
    on_postgres(
        |_| {},
        async |_, database| {
            database.sql("DELETE FROM muster_schema WHERE version > 1");
            expect_refused(&Options::on_postgres(database.url())).await;
        },
    );
}
