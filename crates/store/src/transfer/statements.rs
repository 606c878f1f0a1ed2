//! Statements made from the list of tables.

use super::tables::{Column, Kind, Table};
use crate::sql::Stmt;

/// Inserts rows of a tenant: `$1` is the tenant, `$2` the rows with a value for each of `columns`.
pub(super) fn insert(table: &Table, columns: &[&Column]) -> Stmt {
    let insert = Insert {
        name: table.name,
        names: commas(std::iter::once("tenant").chain(columns.iter().map(|column| column.name))),
        on_sqlite: commas(std::iter::once("$1".to_owned()).chain(places(columns, on_sqlite))),
        on_postgres: commas(std::iter::once("$1".to_owned()).chain(places(columns, on_postgres))),
        rows: "$2",
    };
    insert.statement()
}

/// [`insert`] for resources. Answers with the ids and numbers that they got.
pub(super) fn insert_resources(table: &Table, columns: &[&Column]) -> Stmt {
    let insert = insert(table, columns);
    let with = |text: &str| format!("{text} RETURNING id, pk");
    Stmt::built(with(insert.sqlite()), with(insert.postgres()))
}

/// The statements by which a table is copied.
pub(super) struct Copied {
    /// Rows after a key, of which `$1`, `$2`, … are the parts, and after these the number of rows at most. The
    /// answer has all columns, then the key.
    pub(super) page: Stmt,
    /// Inserts the rows `$1`.
    pub(super) insert: Stmt,
    /// All rows.
    pub(super) all: Stmt,
    /// How many there are.
    pub(super) count: Stmt,
    /// The key of the last row.
    pub(super) last: Stmt,
}

/// Makes the statements by which a table is copied.
pub(super) fn copied(table: &Table) -> Copied {
    let columns: Vec<&Column> = table.columns.iter().collect();
    let (name, names, key) = (table.name, list(&columns), commas(table.key.iter()));
    let parts = table.key.len();
    let given = commas((1..=parts).map(|number| format!("${number}")));
    let page =
        format!("SELECT {names}, {key} FROM {name} WHERE ({key}) > ({given}) ORDER BY {key} LIMIT ${}", parts + 1);
    let backwards = commas(table.key.iter().map(|column| format!("{column} DESC")));
    let insert = Insert {
        name,
        names: names.clone(),
        on_sqlite: commas(places(&columns, on_sqlite)),
        on_postgres: commas(places(&columns, on_postgres)),
        rows: "$1",
    };
    // PostgreSQL counts each block in several rows.
    let all_on_postgres = match name {
        "resource_blocks" => {
            format!(
                "SELECT tenant, type, block, cast(sum(resources) AS bigint) FROM {name} GROUP BY tenant, type, block"
            )
        }
        _ => format!("SELECT {names} FROM {name}"),
    };
    Copied {
        page: alike(page).beyond_one_tenant(),
        insert: insert.statement().beyond_one_tenant(),
        all: Stmt::built(format!("SELECT {names} FROM {name}"), all_on_postgres).beyond_one_tenant(),
        count: alike(format!("SELECT count(*) FROM {name}")).beyond_one_tenant(),
        last: alike(format!("SELECT {key} FROM {name} ORDER BY {backwards} LIMIT 1")).beyond_one_tenant(),
    }
}

struct Insert {
    name: &'static str,
    /// The columns.
    names: String,
    /// Their values.
    on_sqlite: String,
    on_postgres: String,
    /// The parameter with the rows.
    rows: &'static str,
}

impl Insert {
    fn statement(&self) -> Stmt {
        let Self { name, names, on_sqlite, on_postgres, rows } = self;
        let sqlite =
            format!("INSERT INTO {name} ({names}) SELECT {on_sqlite} FROM json_each({rows}) AS given WHERE true");
        let given =
            format!("jsonb_array_elements(cast({rows} AS jsonb)) WITH ORDINALITY AS given (e, place) ORDER BY place");
        let postgres = format!("INSERT INTO {name} ({names}) SELECT {on_postgres} FROM {given}");
        match *name {
            // PostgreSQL counts each block in several rows, and spans too; on SQLite a trigger counts those.
            "resource_blocks" => {
                let add = |table: &str| format!("DO UPDATE SET resources = {table}.resources + excluded.resources");
                let (to_blocks, to_spans) = (add(name), add("resource_spans"));
                Stmt::built(
                    format!("{sqlite} ON CONFLICT {to_blocks}"),
                    format!(
                        "WITH given ({names}) AS MATERIALIZED (SELECT {on_postgres} FROM {given}),
                         counted AS (INSERT INTO {name} ({names}, shard) SELECT {names}, 0 FROM given
                                     ON CONFLICT (tenant, type, block, shard) {to_blocks})
                         INSERT INTO resource_spans (tenant, type, span, shard, resources)
                         SELECT tenant, type, block >> 6, 0, sum(resources) FROM given GROUP BY tenant, type, block >> 6
                         ON CONFLICT (tenant, type, span, shard) {to_spans}"
                    ),
                )
            }
            // PostgreSQL keeps what happened apart from its number. Drafts are drawn in the order of the numbers.
            "events" => {
                let kept = names.replace(" seq,", "");
                Stmt::built(
                    sqlite,
                    format!(
                        "WITH given ({names}, draft) AS MATERIALIZED (
                             SELECT {on_postgres}, nextval('event_drafts') FROM (SELECT e FROM {given}) AS given),
                         written AS (INSERT INTO event_rows ({kept}, draft) SELECT {kept}, draft FROM given)
                         INSERT INTO event_order (tenant, seq, draft) SELECT tenant, seq, draft FROM given"
                    ),
                )
            }
            _ => Stmt::built(sqlite, postgres),
        }
    }
}

fn places(columns: &[&Column], value: fn(&Column, usize) -> String) -> impl Iterator<Item = String> {
    columns.iter().enumerate().map(move |(place, column)| value(column, place))
}

fn on_sqlite(column: &Column, place: usize) -> String {
    match column.kind {
        Kind::Int | Kind::Type | Kind::Text | Kind::Json => format!("given.value ->> {place}"),
        Kind::Bytes | Kind::Id => format!("unhex(given.value ->> {place})"),
    }
}

fn on_postgres(column: &Column, place: usize) -> String {
    match column.kind {
        Kind::Int | Kind::Type => format!("cast(e ->> {place} AS bigint)"),
        Kind::Text | Kind::Json => format!("e ->> {place}"),
        Kind::Bytes | Kind::Id => format!("decode(e ->> {place}, 'hex')"),
    }
}

/// A statement with one text for both engines.
pub(super) fn alike(text: String) -> Stmt {
    Stmt::built(text.clone(), text)
}

/// The names of columns.
pub(super) fn list(columns: &[&Column]) -> String {
    commas(columns.iter().map(|column| column.name))
}

fn commas(parts: impl Iterator<Item = impl AsRef<str>>) -> String {
    let mut list = String::new();
    for part in parts {
        if !list.is_empty() {
            list.push_str(", ");
        }
        list.push_str(part.as_ref());
    }
    list
}
