//! What a write promises.

use proptest::prelude::*;
use store::sql::Stmt;
use store::{StoreError, sql};

use crate::harness::each_engine;
use crate::notes::{self, ADD};

#[test]
fn a_reader_sees_what_has_been_acknowledged() {
    each_engine(async |store| {
        notes::make(&store).await;

        notes::add(&store, "one").await.unwrap();

        assert_eq!(notes::all(&store).await, ["one"]);
    });
}

#[test]
fn a_write_that_fails_changes_nothing() {
    each_engine(async |store| {
        notes::make(&store).await;

        let outcome = notes::add_in_vain(&store, "one").await;

        assert_eq!(outcome, Err(StoreError::Unavailable("on second thought".into())));
        assert!(notes::all(&store).await.is_empty());
    });
}

#[test]
fn a_panic_in_a_write_is_its_error_and_the_next_write_works() {
    each_engine(async |store| {
        notes::make(&store).await;

        let outcome = notes::add_and_panic(&store, "one").await;

        assert_eq!(outcome, Err(StoreError::Corrupt("a transaction panicked: a bug".into())));
        notes::add(&store, "two").await.unwrap();
        assert_eq!(notes::all(&store).await, ["two"]);
    });
}

#[test]
fn a_unique_constraint_names_its_column() {
    each_engine(async |store| {
        notes::make(&store).await;
        notes::add(&store, "one").await.unwrap();

        let again = notes::add(&store, "one").await;

        assert_eq!(again, Err(StoreError::NotUnique("notes.body".into())));
    });
}

#[test]
fn a_reference_to_nothing_names_the_table_written_to() {
    static MAKE: Stmt = sql!("CREATE TABLE replies (note INTEGER NOT NULL REFERENCES notes (id))");
    static REPLY: Stmt = sql!("INSERT INTO replies (note) VALUES (7)");
    each_engine(async |store| {
        notes::make(&store).await;
        store.write(|tx| Box::pin(async { tx.execute(&MAKE, &[]).await })).await.unwrap();

        let outcome = store.write(|tx| Box::pin(async { tx.execute(&REPLY, &[]).await })).await;

        assert_eq!(outcome, Err(StoreError::NoSuchReference("replies".into())));
    });
}

#[test]
fn what_is_rolled_back_to_a_savepoint_is_gone_and_the_rest_stays() {
    each_engine(async |store| {
        notes::make(&store).await;

        let write = store.write(|tx| {
            Box::pin(async {
                let outer = tx.savepoint().await?;
                tx.execute(&ADD, &["one".into()]).await?;
                let inner = tx.savepoint().await?;
                tx.execute(&ADD, &["two".into()]).await?;
                tx.roll_back(inner).await?;
                let inner = tx.savepoint().await?;
                tx.execute(&ADD, &["three".into()]).await?;
                tx.release(inner).await?;
                tx.release(outer).await?;
                let outer = tx.savepoint().await?;
                tx.execute(&ADD, &["four".into()]).await?;
                tx.roll_back(outer).await
            })
        });
        write.await.unwrap();

        assert_eq!(notes::all(&store).await, ["one", "three"]);
    });
}

#[test]
fn a_savepoint_that_is_left_open_by_an_error_takes_nothing_with_it() {
    each_engine(async |store| {
        notes::make(&store).await;

        let write = store.write(|tx| {
            Box::pin(async {
                let _open = tx.savepoint().await?;
                tx.execute(&ADD, &["one".into()]).await?;
                tx.execute(&ADD, &["one".into()]).await
            })
        });
        let outcome = write.await;

        assert_eq!(outcome, Err(StoreError::NotUnique("notes.body".into())));
        notes::add(&store, "two").await.unwrap();
        assert_eq!(notes::all(&store).await, ["two"]);
    });
}

/// What a write of the property test does with its note.
#[derive(Debug, Clone, Copy)]
enum Write {
    Add,
    AddInVain,
    AddAndPanic,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn writes_that_come_at_once_end_as_if_they_had_come_one_after_the_other(
        writes in prop::collection::vec(
            (0_u8..10, prop_oneof![4 => Just(Write::Add), 1 => Just(Write::AddInVain), 1 => Just(Write::AddAndPanic)]),
            0..40,
        )
    ) {
        let mut expected = Vec::new();
        for (body, write) in &writes {
            let body = body.to_string();
            if matches!(write, Write::Add) && !expected.contains(&body) {
                expected.push(body);
            }
        }

        // In whatever order: side by side on PostgreSQL.
        expected.sort_unstable();

        each_engine(async |store| {
            notes::make(&store).await;
            let outcomes = futures_util::future::join_all(writes.iter().map(async |(body, write)| match write {
                Write::Add => notes::add(&store, body.to_string()).await.is_ok(),
                Write::AddInVain => notes::add_in_vain(&store, body.to_string()).await.is_ok(),
                Write::AddAndPanic => notes::add_and_panic(&store, body.to_string()).await.is_ok(),
            }));
            let acknowledged = outcomes.await.into_iter().filter(|&is_ok| is_ok).count();

            let mut all = notes::all(&store).await;
            all.sort_unstable();
            assert_eq!(all, expected);
            assert_eq!(acknowledged, expected.len());
        });
    }
}
