//! A table of the tests' own, so that what the engine promises is tested without our repositories.

use store::sql::Stmt;
use store::{Store, StoreError, Turn, sql};

static MAKE: Stmt = sql! {
    sqlite: "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL UNIQUE)",
    postgres: "CREATE TABLE notes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text NOT NULL UNIQUE)",
};
pub(crate) static ADD: Stmt = sql!("INSERT INTO notes (body) VALUES ($1)");
static ALL: Stmt = sql!("SELECT body FROM notes ORDER BY id");
static COUNT: Stmt = sql!("SELECT count(*) FROM notes");

pub(crate) async fn make(store: &Store) {
    store.write(|tx| Box::pin(async { tx.execute(&MAKE, &[]).await.map(drop) })).await.unwrap();
}

pub(crate) async fn add(store: &Store, body: impl Into<String>) -> Result<u64, StoreError> {
    add_in_turn(store, Turn::House, body).await
}

pub(crate) async fn add_in_turn(store: &Store, turn: Turn, body: impl Into<String>) -> Result<u64, StoreError> {
    let body = body.into();
    let write = store.write_in_turn(turn, move |tx| {
        let body = body.clone();
        Box::pin(async move { tx.execute(&ADD, &[body.as_str().into()]).await })
    });
    write.await
}

/// Adds a note and then fails.
pub(crate) async fn add_in_vain(store: &Store, body: impl Into<String>) -> Result<(), StoreError> {
    let body = body.into();
    let write = store.write(move |tx| {
        let body = body.clone();
        Box::pin(async move {
            tx.execute(&ADD, &[body.as_str().into()]).await?;
            Err(StoreError::Unavailable("on second thought".into()))
        })
    });
    write.await
}

/// Adds a note and then panics.
pub(crate) async fn add_and_panic(store: &Store, body: impl Into<String>) -> Result<(), StoreError> {
    let body = body.into();
    let write = store.write(move |tx| {
        let body = body.clone();
        Box::pin(async move {
            tx.execute(&ADD, &[body.as_str().into()]).await?;
            panic!("a bug");
        })
    });
    write.await
}

pub(crate) async fn all(store: &Store) -> Vec<String> {
    store.read(|tx| Box::pin(async { tx.query(&ALL, &[], |row| row.text(0)).await })).await.unwrap()
}

pub(crate) async fn count(store: &Store) -> i64 {
    let count = store.read(|tx| Box::pin(async { tx.query_one(&COUNT, &[], |row| row.int(0)).await }));
    count.await.unwrap().unwrap()
}
