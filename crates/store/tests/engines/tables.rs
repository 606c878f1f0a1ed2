//! The list of tables: whatever a migration adds is named there, or what moves data would leave it behind.

use std::collections::{BTreeMap, BTreeSet};

use store::Store;
use store::sql;
use store::sql::Stmt;
use store::transfer::tables::{Kind, TABLES};

use crate::harness::{on_postgres, on_sqlite};

/// Tables that only PostgreSQL has: the steps of the schema, and what `events` is a view of.
const POSTGRES_ONLY: [&str; 4] = ["event_order", "event_queue", "event_rows", "muster_schema"];
/// What is written along with another table: sums of `resource_blocks`.
const WRITTEN_ALONG: &str = "resource_spans";
/// Columns that only PostgreSQL has.
const POSTGRES_ONLY_COLUMNS: [(&str, &str); 1] = [("resource_blocks", "shard")];

/// Table, column, kind, whether it may hold nothing.
type Described = BTreeSet<(String, String, &'static str, bool)>;

fn listed() -> Described {
    let columns = TABLES.iter().flat_map(|table| table.columns.iter().map(move |column| (table, column)));
    columns
        .map(|(table, column)| {
            let kind = match column.kind {
                Kind::Int | Kind::Type => "int",
                Kind::Text | Kind::Json => "text",
                Kind::Bytes | Kind::Id => "bytes",
            };
            (table.name.to_owned(), column.name.to_owned(), kind, column.nullable)
        })
        .collect()
}

async fn described(store: &Store, statement: &'static Stmt) -> Described {
    let rows = store.read(|tx| {
        Box::pin(async {
            tx.query(statement, &[], |row| Ok((row.text(0)?, row.text(1)?, row.text(2)?, row.bool(3)?))).await
        })
    });
    let kinds = BTreeMap::from([
        ("INTEGER", "int"),
        ("TEXT", "text"),
        ("BLOB", "bytes"),
        ("bigint", "int"),
        ("text", "text"),
        ("bytea", "bytes"),
    ]);
    rows.await
        .unwrap()
        .into_iter()
        .map(|(table, column, kind, nullable)| (table, column, kinds[&*kind], nullable))
        .collect()
}

#[test]
fn the_list_is_the_schema_of_sqlite() {
    static COLUMNS: Stmt = sql!(
        "SELECT t.name, c.name, c.type, c.\"notnull\" = 0 AND c.pk = 0 FROM sqlite_schema AS t, pragma_table_info(t.name) AS c
         WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%'"
    );
    on_sqlite(
        |_| {},
        async |store, _| {
            let mut found = described(&store, &COLUMNS).await;
            found.retain(|(table, ..)| table != WRITTEN_ALONG);

            assert_eq!(found, listed());
        },
    );
}

#[test]
fn the_list_is_the_schema_of_postgresql() {
    static COLUMNS: Stmt = sql!(
        "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull AND c.relkind <> 'v'
         FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
         WHERE c.relkind IN ('r', 'p', 'v') AND c.relnamespace = current_schema()::regnamespace AND a.attnum > 0
           AND a.atttypid <> 'integer'::regtype"
    );
    on_postgres(
        |_| {},
        async |store, _| {
            let is_common = |(table, column, ..): &(String, String, &str, bool)| {
                !POSTGRES_ONLY.contains(&table.as_str())
                    && table != WRITTEN_ALONG
                    && !POSTGRES_ONLY_COLUMNS.contains(&(table.as_str(), column.as_str()))
            };
            // The columns of a view can always hold nothing, as far as PostgreSQL knows.
            let of_views: BTreeSet<String> = BTreeSet::from(["events".to_owned()]);
            let without_views = |all: Described| -> Described {
                all.into_iter()
                    .map(|(t, c, kind, nullable)| (t.clone(), c, kind, nullable && !of_views.contains(&t)))
                    .collect()
            };
            let found: Described = described(&store, &COLUMNS).await.into_iter().filter(is_common).collect();

            assert_eq!(without_views(found), without_views(listed()));
        },
    );
}
