//! Reads of a few rows on PostgreSQL: many at a time on the same connection, each statement by itself.

use futures_util::future::join_all;
use store::sql::Stmt;
use store::{Lane, Param, Store, StoreError, sql};

use crate::directory::Directory;
use crate::harness::on_postgres;
use crate::notes;

/// What the statement says of the first row.
async fn ask(store: &Store, statement: &'static Stmt, param: Param<'static>) -> Result<Option<i64>, StoreError> {
    let read = store.read_on(Lane::Near, move |tx| {
        Box::pin(async move { tx.query_one(statement, &[param], |row| row.int(0)).await })
    });
    read.await
}

static HOW_MANY: Stmt = sql!("SELECT count(*) FROM resources WHERE $1 = $1");
static HALF: Stmt = sql!("SELECT 1 / cast($1 AS bigint)");
static WRITE: Stmt = sql!("INSERT INTO notes (body) VALUES ($1) RETURNING id");

#[test]
fn those_who_share_a_connection_see_the_rows_of_their_own_tenant() {
    on_postgres(
        |options| options.connections_max = 2,
        async |store, _| {
            let acme = Directory::new(&store, "acme").await;
            let bolt = Directory::new(&store, "bolt").await;
            acme.user("ana").await;
            bolt.user("bob").await;
            bolt.user("eve").await;

            let asked = (0..300_u32).map(|number| match number % 3 {
                0 => ask(&store, &HOW_MANY, acme.tenant.into()),
                1 => ask(&store, &HOW_MANY, bolt.tenant.into()),
                _ => ask(&store, &HOW_MANY, 7_i64.into()),
            });
            let found = join_all(asked).await;

            for (number, found) in found.into_iter().enumerate() {
                assert_eq!(found, Ok(Some([1, 2, 0][number % 3])), "{number}");
            }
        },
    );
}

#[test]
fn one_that_fails_leaves_those_beside_it_alone() {
    on_postgres(
        |options| options.connections_max = 2,
        async |store, _| {
            let asked = (0..30_i64).map(|number| ask(&store, &HALF, (number % 3).into()));
            let found = join_all(asked).await;

            for (number, found) in found.into_iter().enumerate() {
                assert_eq!(found.ok().flatten(), [None, Some(1), Some(0)][number % 3], "{number}");
            }
        },
    );
}

#[test]
fn nothing_is_written_so() {
    on_postgres(
        |_| {},
        async |store, _| {
            notes::make(&store).await;

            let refused = ask(&store, &WRITE, "a".into()).await;

            assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
            assert_eq!(notes::count(&store).await, 0);
        },
    );
}

#[test]
fn callers_who_go_away_leave_the_connection_to_the_others() {
    on_postgres(
        |options| options.connections_max = 2,
        async |store, _| {
            for number in 0..50_i64 {
                let gone = tokio::spawn({
                    let store = store.clone();
                    async move { ask(&store, &HALF, 1_i64.into()).await }
                });
                let stays = ask(&store, &HALF, (number % 2 + 1).into());
                gone.abort();

                assert_eq!(stays.await, Ok(Some(1 - number % 2)));
            }
        },
    );
}

#[test]
fn connections_that_the_server_closed_are_replaced_without_an_error() {
    on_postgres(
        |options| options.connections_max = 2,
        async |store, database| {
            for _ in 0..3 {
                assert_eq!(ask(&store, &HALF, 1_i64.into()).await, Ok(Some(1)));

                database.sql(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
                     WHERE datname = current_database() AND usename = 'muster'",
                );
            }

            let found = join_all((0..30).map(|_| ask(&store, &HALF, 1_i64.into()))).await;
            assert_eq!(found, vec![Ok(Some(1)); 30]);
        },
    );
}
