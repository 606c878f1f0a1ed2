//! Asking PostgreSQL for plans, and what is in them.

use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::sync::LazyLock;

use serde_json::Value;
use store::sql::Stmt;
use store::{Options, Param, Store, StoreError, sql};
use testdb::{Cluster, Database};
use tokio::runtime::Runtime;

use crate::parameters;

/// A database with enough in it for plans that mean something.
pub(super) struct Populated {
    runtime: Runtime,
    store: Store,
    schema: Schema,
}

/// What plans are judged by.
struct Schema {
    /// The tables that hold rows of tenants, and the tenants.
    big: Vec<String>,
    /// The columns of each index.
    indexes: HashMap<String, Vec<String>>,
}

impl Populated {
    /// A tenant with most of the rows and fifty small ones.
    pub(super) fn unevenly() -> &'static Self {
        static SHARED: LazyLock<Populated> = LazyLock::new(|| Populated::with(50, true));
        &SHARED
    }

    /// Many tenants with so few rows each that reading all of one would cost little.
    pub(super) fn by_small_tenants() -> &'static Self {
        static SHARED: LazyLock<Populated> = LazyLock::new(|| Populated::with(3000, true));
        &SHARED
    }

    /// So lately that nobody has looked yet at how.
    pub(super) fn lately() -> &'static Self {
        static SHARED: LazyLock<Populated> = LazyLock::new(|| Populated::with(50, false));
        &SHARED
    }

    fn with(small_tenants: u32, looked_at: bool) -> Self {
        // As long as the process.
        let database: &'static Database<'static> = Box::leak(Box::new(Cluster::shared().database()));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let open = async || Store::open(&Options::on_postgres(database.url())).await.unwrap();
        // Nobody looks on meanwhile, since that would be seen in the statistics.
        runtime.block_on(async { open().await.close().await });
        database.sql(include_str!("plan_of.sql"));
        database.sql(&include_str!("populate.sql").replace(":tenants", &small_tenants.to_string()));
        if looked_at {
            database.sql("VACUUM ANALYZE");
            // How much of it VACUUM finds to be visible to everybody depends on who else is there at that moment.
            database.sql(
                "UPDATE pg_class SET relallvisible = relpages
                 WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
            );
        }
        let store = runtime.block_on(open());
        Self { runtime, store, schema: Schema::of(database) }
    }

    /// The plan for a statement whatever its parameters are, on a connection of the store.
    pub(super) fn plan(&self, statement: &Stmt) -> Plan {
        let text = statement.postgres();
        let mut kinds = vec!["unknown"; parameters(text, '$')];
        // What PostgreSQL cannot tell the kind of is taken for one kind after another.
        let mut settled: Vec<usize> = Vec::new();
        loop {
            match self.plan_with(text, &kinds) {
                Ok(plan) => return plan,
                Err(StoreError::Corrupt(refusal)) => match undetermined(&refusal) {
                    Some(number) if kinds[number - 1] == "unknown" => {
                        kinds[number - 1] = "bigint";
                        settled.push(number - 1);
                    }
                    _ => {
                        let other = settled.iter().rev().find(|at| kinds[**at] != "bytea").copied();
                        let at = other.unwrap_or_else(|| panic!("{text}: {refusal}"));
                        kinds[at] = if kinds[at] == "bigint" { "text" } else { "bytea" };
                    }
                },
                Err(error) => panic!("{text}: {error}"),
            }
        }
    }

    fn plan_with(&self, text: &str, kinds: &[&str]) -> Result<Plan, StoreError> {
        static PLAN_OF: Stmt = sql!("SELECT plan_of($1, $2, $3)");
        let text = text.to_owned();
        let in_brackets =
            |words: &[&str]| if words.is_empty() { String::new() } else { format!("({})", words.join(", ")) };
        let (kinds, nulls) = (in_brackets(kinds), in_brackets(&vec!["NULL"; kinds.len()]));
        let planned = self.store.read(move |tx| {
            Box::pin(async move {
                let params = [Param::Text(&text), Param::Text(&kinds), Param::Text(&nulls)];
                tx.query_one(&PLAN_OF, &params, |row| row.text(0)).await
            })
        });
        let planned: Value = serde_json::from_str(&self.runtime.block_on(planned)?.unwrap()).unwrap();
        let mut nodes = Vec::new();
        collect(&planned[0]["Plan"], (0, false), &self.schema, &mut nodes);
        Ok(Plan { nodes })
    }
}

impl Schema {
    fn of(database: &Database<'_>) -> Self {
        let with_tenants = database.sql(
            "SELECT c.relname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
             WHERE c.relkind = 'r' AND a.attname = 'tenant' AND c.relnamespace = 'public'::regnamespace",
        );
        let indexes = database.sql(
            "SELECT c.relname, a.attname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
             WHERE c.relkind = 'i' AND c.relnamespace = 'public'::regnamespace ORDER BY a.attnum",
        );
        let mut columns: HashMap<String, Vec<String>> = HashMap::new();
        for (index, column) in indexes.lines().filter_map(|line| line.split_once('|')) {
            columns.entry(index.to_owned()).or_default().push(column.to_owned());
        }
        Self { big: with_tenants.lines().chain(["tenants"]).map(str::to_owned).collect(), indexes: columns }
    }
}

/// The parameter of which PostgreSQL cannot tell what it is.
fn undetermined(refusal: &str) -> Option<usize> {
    let (_, rest) = refusal.split_once("could not determine data type of parameter $")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// A plan, without what row-level security adds to each table.
#[derive(Debug)]
pub(super) struct Plan {
    nodes: Vec<Node>,
}

#[derive(Debug)]
struct Node {
    depth: usize,
    /// What it does: `Index Scan`, `Sort`.
    kind: String,
    /// What it is part of, other than the node above: `CTE above`.
    part_of: Option<String>,
    table: Option<String>,
    index: Option<String>,
    /// What is looked up in the index.
    looked_up: Vec<String>,
    /// What rows are filtered by that were read.
    filters: Vec<String>,
    order: Option<String>,
    /// It reads a big table.
    is_read: bool,
    /// The columns of the index that narrow down how much of it is read.
    narrowed_by: Vec<String>,
    /// It stops when it has as many rows as are wanted.
    is_limited: bool,
}

fn collect(plan: &Value, (depth, in_limit): (usize, bool), schema: &Schema, nodes: &mut Vec<Node>) {
    let text = |name: &str| plan[name].as_str().map(str::to_owned);
    let below = plan["Plans"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is_init = text("Parent Relationship").is_some_and(|relationship| relationship == "InitPlan");
    if is_init && text("Node Type").is_some_and(|kind| kind == "Result") && below.is_empty() {
        // A setting that row-level security compares with.
        return;
    }
    let conditions = |name: &str| text(name).map(|text| conjuncts(&text)).unwrap_or_default();
    let mut filters = conditions("Filter");
    filters.extend(conditions("Join Filter"));
    filters.extend(conditions("One-Time Filter"));
    filters.retain(|filter| !filter.contains("= 'all'"));
    let table = text("Relation Name");
    let sort_key = plan["Sort Key"].as_array();
    let kind = text("Operation").or_else(|| text("Node Type")).unwrap_or_default();
    let (index, looked_up) = (text("Index Name"), conditions("Index Cond"));
    let columns = index.as_ref().and_then(|index| schema.indexes.get(index)).map(Vec::as_slice).unwrap_or_default();
    let stops_early = kind == "Limit" || in_limit && kind == "Result";
    nodes.push(Node {
        depth,
        part_of: text("Subplan Name").filter(|name| name.starts_with("CTE")),
        is_read: table.as_ref().is_some_and(|table| schema.big.contains(table))
            && !["Insert", "Update", "Delete"].contains(&kind.as_str()),
        narrowed_by: narrowing(columns, &looked_up),
        is_limited: in_limit && filters.is_empty(),
        kind,
        table,
        index,
        looked_up,
        filters,
        order: sort_key.map(|keys| keys.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")),
    });
    for plan in below {
        collect(plan, (depth + 1, stops_early), schema, nodes);
    }
}

/// The columns of an index, from the first, that conditions compare: as far as they are equal to something,
/// and one more.
fn narrowing(columns: &[String], conditions: &[String]) -> Vec<String> {
    let mut narrowing = Vec::new();
    for column in columns {
        let on_it =
            conditions.iter().filter_map(|condition| condition.strip_prefix(column.as_str())?.strip_prefix(' '));
        // All texts are at least the empty one.
        let narrows = on_it.clone().any(|rest| rest != ">= ''::text" && rest != "IS NOT NULL");
        if narrows {
            narrowing.push(column.clone());
        }
        if !on_it.clone().any(|rest| rest.starts_with("= ")) {
            break;
        }
    }
    narrowing
}

/// The parts of `((a) AND (b))`, without their brackets.
fn conjuncts(text: &str) -> Vec<String> {
    let inner = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')).unwrap_or(text);
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    for (at, c) in inner.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            'A' if depth == 0 && inner[at..].starts_with("AND ") => {
                parts.push(&inner[start..at]);
                start = at + "AND ".len();
            }
            _ => {}
        }
    }
    parts.push(&inner[start..]);
    let is_one = parts.len() == 1;
    let bare = |part: &str| {
        let part = part.trim();
        if is_one { part } else { part.strip_prefix('(').and_then(|part| part.strip_suffix(')')).unwrap_or(part) }
            .to_owned()
    };
    parts.into_iter().map(bare).collect()
}

impl Plan {
    /// Whether it reads a big table otherwise than by an index that begins with the tenant.
    pub(super) fn goes_beyond_one_tenant(&self) -> bool {
        let is_the_tenant = |node: &Node, column: &String| {
            column == "tenant" || column == "key" && node.table.as_deref() == Some("tenants")
        };
        self.reads().any(|node| !node.narrowed_by.first().is_some_and(|column| is_the_tenant(node, column)))
    }

    /// Whether it may read all rows that a tenant has in a big table, or all of a type of resources.
    pub(super) fn reads_all_of_a_tenant(&self) -> bool {
        let is_wide = |column: &String| column == "tenant" || column == "type";
        self.reads().any(|node| !node.is_limited && node.narrowed_by.iter().all(is_wide))
    }

    /// Where it reads big tables.
    fn reads(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|node| node.is_read)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for node in &self.nodes {
            let mut line = "  ".repeat(node.depth + 1);
            if let Some(part_of) = &node.part_of {
                write!(line, "{part_of}: ")?;
            }
            line += &node.kind;
            if let Some(index) = &node.index {
                write!(line, " {index}")?;
            }
            if let Some(table) = node.table.as_ref().filter(|_| node.index.is_none()) {
                write!(line, " {table}")?;
            }
            for (word, parts) in [("", &node.looked_up), ("filter ", &node.filters)] {
                if !parts.is_empty() {
                    write!(line, " {word}({})", parts.join(" AND "))?;
                }
            }
            if let Some(order) = &node.order {
                write!(line, " by {order}")?;
            }
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}
