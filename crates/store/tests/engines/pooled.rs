//! Through a pooler that gives each transaction another connection to the server.

use std::time::Duration;

use serde_json::json;
use store::sql::Stmt;
use store::{Options, PostgresOptions, Store, sql};
use testdb::{Cluster, Pooler};

use crate::directory::{Directory, adding, group_json};
use crate::harness::block_on;
use crate::notes;

/// Fewer connections to the server than the store has to the pooler, so that they are passed around.
const CONNECTIONS: u32 = 3;

fn pooled(listens: bool, test: impl AsyncFn(Store)) {
    let database = Cluster::shared().database();
    let pooler = Pooler::in_front_of(Cluster::shared(), CONNECTIONS);
    let postgres = PostgresOptions {
        statement_cache: false,
        listen_url: listens.then(|| database.url()),
        connections_max: 8,
        ..PostgresOptions::new(pooler.url(&database))
    };
    let options = Options { postgres: Some(postgres), ..Options::on_postgres("") };
    block_on(async {
        let store = Store::open(&options).await.unwrap();
        test(store.clone()).await;
        store.close().await;
    });
    drop(pooler);
}

/// What row-level security lets through: it does not ask for the tenant that it is given.
static SEEN: Stmt = sql!("SELECT count(*) FROM resources WHERE $1 = $1");

#[test]
fn everything_works_the_same() {
    pooled(true, async |store| {
        let (acme, bolt) = (Directory::new(&store, "acme").await, Directory::new(&store, "bolt").await);

        let made = futures_util::future::join_all((0..30).map(|number| {
            let directory = if number % 2 == 0 { &acme } else { &bolt };
            async move { directory.user(&format!("user{number}")).await }
        }));
        let made = made.await;
        let staff = acme.group("Staff", &[]).await;
        futures_util::future::join_all((0..30).step_by(2).map(|number| acme.patch(staff, "", adding(&[made[number]]))))
            .await;
        acme.patch(made[0], "", json!([{ "op": "replace", "path": "title", "value": "Dr." }])).await.unwrap();
        acme.replace(staff, "", group_json("Everybody", &made[2..3])).await.unwrap();
        acme.delete(made[4], "").await.unwrap();

        // Each saw its own tenant only, on whichever connection.
        assert_eq!(acme.members(staff).await, [made[2]]);
        assert_eq!((acme.number(&SEEN).await, bolt.number(&SEEN).await), (15 - 1 + 1, 15));
        assert_eq!((acme.events().await.len(), bolt.events().await.len()), (15 + 1 + 15 + 3, 15));
        assert_eq!(store.check().await, Ok(vec![]));
    });
}

#[test]
fn nothing_is_left_behind_on_the_connections_to_the_server() {
    static SETTINGS: Stmt = sql!(
        "SELECT coalesce(current_setting('muster.tenant', true), '') || ' ' || current_setting('statement_timeout') || ' '
                || current_setting('plan_cache_mode') || ' ' || (SELECT count(*) FROM pg_prepared_statements)"
    );
    let database = Cluster::shared().database();
    let pooler = Pooler::in_front_of(Cluster::shared(), CONNECTIONS);
    block_on(async {
        let postgres = PostgresOptions { statement_cache: false, ..PostgresOptions::new(pooler.url(&database)) };
        let options = Options { postgres: Some(postgres), ..Options::on_postgres("") };
        let store = Store::open(&options).await.unwrap();
        let acme = Directory::new(&store, "acme").await;
        futures_util::future::join_all(
            (0..20).map(|number| acme.user(Box::leak(format!("user{number}").into_boxed_str()))),
        )
        .await;
        let in_transaction =
            store.read(|tx| Box::pin(async { tx.query_one(&SETTINGS, &[], |row| row.text(0)).await })).await;

        // Another client gets the same connections.
        let (client, connection) =
            tokio_postgres::connect(&pooler.url(&database), tokio_postgres::NoTls).await.unwrap();
        let connection = tokio::spawn(connection);
        let mut left = std::collections::BTreeSet::new();
        for _ in 0..20 {
            let text = SETTINGS.postgres();
            let rows = client.simple_query(text).await.unwrap();
            left.extend(rows.iter().filter_map(|answer| match answer {
                tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
                _ => None,
            }));
        }

        assert_eq!(in_transaction, Ok(Some(" 30s force_generic_plan 0".to_owned())));
        assert_eq!(left.into_iter().collect::<Vec<_>>(), [" 0 auto 0"]);
        connection.abort();
        store.close().await;
    });
}

#[test]
fn without_a_way_past_the_pooler_nothing_is_certain() {
    pooled(false, async |store| {
        notes::make(&store).await;

        let before = store.unconfirmed_for();
        while store.unconfirmed_for() <= before + Duration::from_millis(50) {
            notes::count(&store).await;
        }

        assert_eq!(store.ping().await, Ok(()));
    });
}
