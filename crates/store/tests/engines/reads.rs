//! What a read promises.

use std::time::Duration;

use store::sql::Stmt;
use store::{StoreError, sql};

use crate::harness::{each_engine, each_engine_with};
use crate::writes::{add, all, make_notes};

static ENDLESS: Stmt = sql!("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n");
static ONE: Stmt = sql!("SELECT 1");

#[test]
fn a_scan_is_cut_at_its_deadline_and_the_next_one_runs() {
    each_engine_with(
        |options| options.scan_deadline = Duration::ZERO,
        async |store| {
            let endless =
                store.scan(|tx| Box::pin(async { tx.query_one(&ENDLESS, &[], |row| row.int(0)).await })).await;
            let short = store.scan(|tx| Box::pin(async { tx.query_one(&ONE, &[], |row| row.int(0)).await })).await;

            assert_eq!(endless, Err(StoreError::TooExpensive("it ran past its deadline".into())));
            assert_eq!(short, Ok(Some(1)));
        },
    );
}

#[test]
fn a_read_cannot_write() {
    each_engine(async |store| {
        static ADD: Stmt = sql!("INSERT INTO notes (body) VALUES ('x')");
        make_notes(&store).await;
        add(&store, "one").await.unwrap();

        let outcome = store.read(|tx| Box::pin(async { tx.execute(&ADD, &[]).await })).await;

        assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
        assert_eq!(all(&store).await, ["one"]);
    });
}
