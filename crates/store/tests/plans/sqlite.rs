//! SQLite.

use std::collections::{BTreeMap, BTreeSet};

use store::catalogue::{CATALOGUE, of_copies, of_exports};
use store::sql::Stmt;
use store::{Options, Param, Store, StoreError, Tx, sql};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::{module_name, parameters, queries, statements};

/// Statements that look beyond one tenant, and why that is right.
const BEYOND_ONE_TENANT: &[(&str, &str)] = &[
    ("applications::BY_CLIENT_ID", "a client is looked up before its tenant is known"),
    ("applications::COUNT_ALL", "a list for the platform's administrators"),
    ("applications::LIST_ALL", "a list for the platform's administrators"),
    ("audit::COUNT_ALL", "a list for the platform's administrators"),
    ("audit::LIST_ALL", "a list for the platform's administrators"),
    ("request_log::statements::OLDEST", "the oldest of all tenants are forgotten, by a range of keys"),
    ("schemas::indexes::UNFINISHED", "once a minute, from an index that is empty but for minutes after a change"),
    ("scim_tokens::COUNT_ALL", "a list for the platform's administrators"),
    ("scim_tokens::OF_ANYONE", "whose a token is that was shown to another tenant"),
    ("scim_tokens::LIST_ALL", "a list for the platform's administrators"),
    ("upkeep::PRUNE_ANSWERS", "what is old goes, whosever it is"),
    ("upkeep::PRUNE_USAGE", "what is old goes, whosever it is"),
    ("usage::RECORD_TOKENS", "what was collected for all tenants in a minute, each row with its tenant"),
];

#[test]
fn a_statement_names_its_tenant_first_for_each_table_that_has_one() {
    let (runtime, store, _directory) = fresh_store();
    let tables = runtime.block_on(store.read(|tx| Box::pin(tables_of_tenants(tx)))).unwrap();
    let exempt: BTreeSet<_> = BEYOND_ONE_TENANT.iter().map(|(name, _)| (*name).to_owned()).collect();

    let beyond: BTreeSet<_> = statements()
        .filter(|(_, statement)| !keeps_to_one_tenant(statement.sqlite(), &tables))
        .map(|(name, _)| name)
        .collect();

    let unexplained: Vec<_> = beyond.difference(&exempt).collect();
    let needless: Vec<_> = exempt.difference(&beyond).collect();
    assert!(unexplained.is_empty(), "neither led by the tenant nor explained above: {unexplained:?}");
    assert!(needless.is_empty(), "no longer in need of an explanation: {needless:?}");
}

async fn tables_of_tenants(tx: &mut Tx) -> Result<BTreeSet<String>, StoreError> {
    static TABLES: Stmt = sql!(
        "SELECT name FROM sqlite_schema
         WHERE type = 'table' AND EXISTS (SELECT 1 FROM pragma_table_info(sqlite_schema.name) AS c WHERE c.name = 'tenant')"
    );
    Ok(tx.query(&TABLES, &[], |row| row.text(0)).await?.into_iter().collect())
}

/// Whether each table that is read or changed has its tenant as the first condition of a `WHERE` or
/// an `ON`, and each that is written to as the first column.
fn keeps_to_one_tenant(text: &str, tables: &BTreeSet<String>) -> bool {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let words: Vec<&str> = text.split([' ', '(', ')', ',']).filter(|word| !word.is_empty()).collect();
    words.windows(4).filter(|words| tables.contains(words[1])).all(|words| match words {
        ["INTO", table, ..] => text.contains(&format!("{table} (tenant, ")),
        ["FROM" | "JOIN" | "UPDATE", _, "AS", alias] => is_led_by(&text, &format!("{alias}.tenant")),
        ["FROM" | "JOIN" | "UPDATE", ..] => is_led_by(&text, "tenant"),
        _ => true,
    })
}

/// Whether a `WHERE` or an `ON` begins with `tenant`, compared with `?1` or the tenant of another table.
fn is_led_by(text: &str, tenant: &str) -> bool {
    // Only the platform itself may leave the tenant open.
    [format!("WHERE {tenant} "), format!("ON {tenant} "), format!("WHERE (?1 IS NULL OR {tenant} ")].iter().any(
        |lead| {
            text.split(lead.as_str()).skip(1).any(|rest| {
                let compared = rest.split([' ', ')']).nth(1).unwrap_or_default();
                (rest.starts_with("= ") || rest.starts_with("IS "))
                    && (compared == "?1" || compared.ends_with(".tenant"))
            })
        },
    )
}

/// A `SCAN` of a big table, or a `SEARCH` of one by `tenant=?` alone, reads a whole tenant.
#[test]
fn every_statement_is_understood_by_sqlite_and_has_the_plan_that_was_reviewed() {
    let (runtime, store, _directory) = fresh_store();

    for (module, statements) in CATALOGUE {
        let mut plans = String::new();
        for (name, statement) in *statements {
            let plan = runtime.block_on(plan_of_all(&store, statement));
            plans += name;
            plans += "\n";
            plans += &plan.unwrap_or_else(|error| panic!("{module}::{name}: {error}"));
        }
        insta::assert_snapshot!(module_name(module).replace("::", "_"), plans);
    }
}

/// The plan that readers and the writer both have.
async fn plan_of_all(store: &Store, statement: &Stmt) -> Result<String, StoreError> {
    let text = statement.sqlite().to_owned();
    let for_writer = text.clone();
    let read = store.read(move |tx| Box::pin(plan(tx, text))).await?;
    let written = store.write(move |tx| Box::pin(plan(tx, for_writer.clone()))).await?;
    assert_eq!(read, written, "readers and the writer have the same statistics");
    Ok(read)
}

/// SQLite's plan, a line per step, nested ones indented.
async fn plan(tx: &mut Tx, text: String) -> Result<String, StoreError> {
    let explain = Stmt::built(format!("EXPLAIN QUERY PLAN {text}"), String::new());
    let unknown = vec![Param::Null; parameters(&text, '?')];
    let steps = tx.query(&explain, &unknown, |row| Ok((row.int(0)?, row.int(1)?, row.text(3)?))).await?;

    let mut depths = BTreeMap::from([(0, 0)]);
    let mut lines = String::new();
    for (id, parent, step) in steps {
        let depth = depths.get(&parent).copied().unwrap_or(0) + 1;
        depths.insert(id, depth);
        lines += &"  ".repeat(depth);
        lines += &step;
        lines += "\n";
    }
    Ok(lines)
}

#[test]
fn each_kind_of_query_has_the_plan_that_was_reviewed() {
    let (runtime, store, _directory) = fresh_store();

    let plans = queries::each(|_, statement| runtime.block_on(plan_of_all(&store, statement)).unwrap());

    insta::assert_snapshot!("queries", plans);
}

#[test]
fn each_statement_of_an_export_has_the_plan_that_was_reviewed() {
    let (runtime, store, _directory) = fresh_store();

    let mut plans = String::new();
    for (name, statement) in of_exports() {
        plans += &name;
        plans += "\n";
        plans += &runtime.block_on(plan_of_all(&store, &statement)).unwrap();
    }

    insta::assert_snapshot!("exports", plans);
}

#[test]
fn a_page_of_a_copy_is_read_in_the_order_of_an_index() {
    let (runtime, store, _directory) = fresh_store();

    for (table, statement) in of_copies() {
        let plan = runtime.block_on(plan_of_all(&store, &statement)).unwrap();

        assert!(
            plan.contains("SEARCH") && !plan.contains("TEMP B-TREE") && plan.lines().count() == 1,
            "{table}:\n{plan}"
        );
    }
}

fn fresh_store() -> (Runtime, Store, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let store = runtime.block_on(Store::open(&Options::new(directory.path().join("muster.db")))).unwrap();
    (runtime, store, directory)
}
