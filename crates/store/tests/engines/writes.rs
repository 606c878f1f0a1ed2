//! What a write promises.

use store::sql::Stmt;
use store::{Store, StoreError, sql};

use crate::harness::each_engine;

static MAKE: Stmt = sql!("CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL UNIQUE)");
static ADD: Stmt = sql!("INSERT INTO notes (body) VALUES ($1)");
static ALL: Stmt = sql!("SELECT body FROM notes ORDER BY id");

pub(crate) async fn make_notes(store: &Store) {
    store.write(|tx| Box::pin(async { tx.execute(&MAKE, &[]).await.map(drop) })).await.unwrap();
}

pub(crate) async fn add(store: &Store, body: &'static str) -> Result<u64, StoreError> {
    store.write(move |tx| Box::pin(async move { tx.execute(&ADD, &[body.into()]).await })).await
}

pub(crate) async fn all(store: &Store) -> Vec<String> {
    store.read(|tx| Box::pin(async { tx.query(&ALL, &[], |row| row.text(0)).await })).await.unwrap()
}

#[test]
fn a_reader_sees_what_has_been_acknowledged() {
    each_engine(async |store| {
        make_notes(&store).await;

        add(&store, "one").await.unwrap();

        assert_eq!(all(&store).await, ["one"]);
    });
}

#[test]
fn a_write_that_fails_changes_nothing() {
    each_engine(async |store| {
        make_notes(&store).await;

        let outcome: Result<(), _> = store
            .write(|tx| {
                Box::pin(async {
                    tx.execute(&ADD, &["one".into()]).await?;
                    Err(StoreError::Unavailable("on second thought".into()))
                })
            })
            .await;

        assert_eq!(outcome, Err(StoreError::Unavailable("on second thought".into())));
        assert!(all(&store).await.is_empty());
    });
}

#[test]
fn a_unique_constraint_names_its_column() {
    each_engine(async |store| {
        make_notes(&store).await;
        add(&store, "one").await.unwrap();

        let again = add(&store, "one").await;

        assert_eq!(again, Err(StoreError::NotUnique("notes.body".into())));
    });
}

#[test]
fn a_panic_in_a_write_is_its_error_and_the_writer_lives_on() {
    each_engine(async |store| {
        make_notes(&store).await;

        let outcome: Result<(), _> = store
            .write(|tx| {
                Box::pin(async {
                    tx.execute(&ADD, &["one".into()]).await?;
                    panic!("a bug");
                })
            })
            .await;

        assert_eq!(outcome, Err(StoreError::Corrupt("a transaction panicked: a bug".into())));
        add(&store, "two").await.unwrap();
        assert_eq!(all(&store).await, ["two"]);
    });
}

#[test]
fn what_is_rolled_back_to_a_savepoint_is_gone_and_the_rest_stays() {
    each_engine(async |store| {
        make_notes(&store).await;

        store
            .write(|tx| {
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
            })
            .await
            .unwrap();

        assert_eq!(all(&store).await, ["one", "three"]);
    });
}
