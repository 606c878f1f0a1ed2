//! Writing a tenant to a file, row by row: memory does not depend on how many there are.

use std::collections::BTreeMap;
use std::io;
use std::ops::ControlFlow;

use scim::id::ResourceId;
use scim::schema::Registry;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::file::{END, End, FORMAT, HEADER, Header, MEMBERS, MEMBERS_PER_LINE, Members};
use super::statements::{alike, list};
use super::tables::{Column, InFile, TABLES, Table};
use super::values::{hex, push_for_file};
use crate::error::StoreError;
use crate::members::key_list;
use crate::resources::query::listed::KEYS;
use crate::resources::{ResourceKey, read_id};
use crate::sql;
use crate::sql::Stmt;
use crate::tenants::TenantKey;
use crate::tx::{Param, Row, Tx};

/// How many resources or events one statement reads.
const ROWS_PER_STATEMENT: u32 = 500;

/// What to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contents {
    /// Also what opens doors: SCIM tokens, OAuth clients and hashes of passwords.
    pub credentials: bool,
    /// All events, and not only the last.
    pub history: bool,
    /// The time, in milliseconds since 1970.
    pub now: i64,
}

/// Writes a tenant, as the transaction sees it. An error of `out` is the inner one.
///
/// # Errors
/// [`StoreError`] when the database is not available; what was written is to be thrown away then.
pub async fn export(
    tx: &mut Tx,
    tenant: TenantKey,
    registry: &Registry,
    contents: Contents,
    out: &mut (dyn io::Write + Send),
) -> Result<io::Result<End>, StoreError> {
    let mut lines = Lines::new(out, registry);
    let Contents { credentials, history, now } = contents;
    let version = env!("CARGO_PKG_VERSION").to_owned();
    lines.write(HEADER, &Header { format: FORMAT, version, exported_at: now, credentials, history });
    for table in TABLES {
        let columns: Vec<&Column> = table.file_columns(credentials).collect();
        match table.in_file {
            InFile::Rows | InFile::Definitions => rows(tx, tenant, table, &columns, &mut lines).await?,
            InFile::Credentials if credentials => rows(tx, tenant, table, &columns, &mut lines).await?,
            InFile::Resources => resources(tx, tenant, table, &columns, &mut lines).await?,
            InFile::Members => members(tx, tenant, &mut lines).await?,
            InFile::History => events(tx, tenant, table, &columns, history, &mut lines).await?,
            InFile::Credentials | InFile::Derived | InFile::No(_) => {}
        }
    }
    Ok(lines.end())
}

/// All rows of a table that has few of a tenant.
async fn rows(
    tx: &mut Tx,
    tenant: TenantKey,
    table: &Table,
    columns: &[&Column],
    lines: &mut Lines<'_>,
) -> Result<(), StoreError> {
    tx.each_row(&all_of(table, columns), &[tenant.into()], |row| lines.row(table, columns, row)).await
}

/// Resources of all types, in the order of their creation: SQLite has them in that order by type.
async fn resources(
    tx: &mut Tx,
    tenant: TenantKey,
    table: &Table,
    columns: &[&Column],
    lines: &mut Lines<'_>,
) -> Result<(), StoreError> {
    let statement = by_keys(columns);
    let types = tx.query(&TYPES, &[tenant.into()], |row| row.int(0)).await?;
    let mut from = 0;
    loop {
        let mut keys = Vec::new();
        for resource_type in &types {
            let params = [tenant.into(), (*resource_type).into(), from.into(), ROWS_PER_STATEMENT.into()];
            keys.extend(tx.query(&KEYS, &params, |row| row.int(0).map(ResourceKey)).await?);
        }
        keys.sort_unstable();
        keys.truncate(ROWS_PER_STATEMENT as usize);
        let Some(last) = keys.last() else { return Ok(()) };
        from = last.0 + 1;
        let keys = key_list(&keys);
        let params = [tenant.into(), Param::from(&keys)];
        tx.each_row(&statement, &params, |row| lines.row(table, columns, row)).await?;
        if lines.have_failed() {
            return Ok(());
        }
    }
}

pub(crate) static TYPES: Stmt = sql!("SELECT DISTINCT type FROM resource_blocks WHERE tenant = $1");

/// Who belongs to what, group by group.
async fn members(tx: &mut Tx, tenant: TenantKey, lines: &mut Lines<'_>) -> Result<(), StoreError> {
    let mut after = (0, 0);
    let mut group: Option<(i64, Members)> = None;
    loop {
        let params = [tenant.into(), after.0.into(), after.1.into(), MEMBERS_PER_LINE.into()];
        let read = |row: &Row<'_>| Ok((row.int(0)?, row.int(1)?, read_id(row, 2)?, read_id(row, 3)?));
        let page: Vec<(i64, i64, ResourceId, ResourceId)> = tx.query(&MEMBERSHIPS, &params, read).await?;
        let Some((group_pk, member_pk, ..)) = page.last() else { break };
        after = (*group_pk, *member_pk);
        for (group_pk, _, group_id, member) in page {
            if let Some((_, full)) =
                group.take_if(|(pk, it)| *pk != group_pk || it.members.len() >= MEMBERS_PER_LINE as usize)
            {
                lines.members(&full);
            }
            let (_, current) =
                group.get_or_insert_with(|| (group_pk, Members { group: group_id.to_string(), members: Vec::new() }));
            current.members.push(member.to_string());
        }
        if lines.have_failed() {
            return Ok(());
        }
    }
    if let Some((_, last)) = group {
        lines.members(&last);
    }
    Ok(())
}

pub(crate) static MEMBERSHIPS: Stmt = sql! {
    sqlite: "SELECT m.group_pk, m.member_pk, g.id, r.id FROM members AS m
             CROSS JOIN resources AS g ON g.tenant = m.tenant AND g.pk = m.group_pk
             CROSS JOIN resources AS r ON r.tenant = m.tenant AND r.pk = m.member_pk
             WHERE m.tenant = $1 AND (m.group_pk, m.member_pk) > ($2, $3) ORDER BY m.group_pk, m.member_pk LIMIT $4",
    postgres: "SELECT m.group_pk, m.member_pk, g.id, r.id
               FROM (SELECT group_pk, member_pk FROM members
                     WHERE tenant = $1 AND (group_pk, member_pk) > ($2, $3) ORDER BY group_pk, member_pk LIMIT $4) AS m
               CROSS JOIN LATERAL (SELECT id FROM resources WHERE tenant = $1 AND pk = m.group_pk OFFSET 0) AS g
               CROSS JOIN LATERAL (SELECT id FROM resources WHERE tenant = $1 AND pk = m.member_pk OFFSET 0) AS r
               ORDER BY m.group_pk, m.member_pk",
};

/// What happened, in order: what has its number, then what PostgreSQL has not numbered yet.
async fn events(
    tx: &mut Tx,
    tenant: TenantKey,
    table: &Table,
    columns: &[&Column],
    all: bool,
    lines: &mut Lines<'_>,
) -> Result<(), StoreError> {
    let last = tx.query_one(&LAST_EVENT, &[tenant.into()], |row| Ok((row.int(0)?, row.int(1)?))).await?;
    let (numbered, waiting) = last.unwrap_or((0, 0));
    let mut after = if all { 0 } else { numbered + waiting - 1 };
    let statement = numbered_events(columns);
    while after < numbered && !lines.have_failed() {
        let params = [tenant.into(), after.into(), ROWS_PER_STATEMENT.into()];
        let before = after;
        tx.each_row(&statement, &params, |row| {
            after = row.int(0)?;
            lines.row(table, columns, row)
        })
        .await?;
        if after == before {
            break;
        }
    }
    if waiting > 0 {
        let statement = waiting_events(columns);
        tx.each_row(&statement, &[tenant.into(), numbered.into()], |row| {
            if row.int(0)? > after { lines.row(table, columns, row) } else { Ok(ControlFlow::Continue(())) }
        })
        .await?;
    }
    Ok(())
}

pub(crate) static LAST_EVENT: Stmt = sql! {
    sqlite: "SELECT coalesce(max(seq), 0), 0 FROM events WHERE tenant = $1",
    postgres: "SELECT coalesce((SELECT max(seq) FROM event_order WHERE tenant = $1), 0),
                      (SELECT count(*) FROM event_queue WHERE tenant = $1)",
};

/// The statements that are made from the list of tables: what each reads, and the statement.
pub(crate) fn statements() -> Vec<(String, Stmt)> {
    let of_table = |table: &Table| {
        let columns: Vec<&Column> = table.file_columns(true).collect();
        let made = match table.in_file {
            InFile::Rows | InFile::Definitions | InFile::Credentials => vec![("", all_of(table, &columns))],
            InFile::Resources => vec![(" by keys", by_keys(&columns))],
            InFile::History => {
                vec![(" with numbers", numbered_events(&columns)), (" without numbers", waiting_events(&columns))]
            }
            InFile::Members | InFile::Derived | InFile::No(_) => Vec::new(),
        };
        made.into_iter().map(|(which, statement)| (format!("{}{which}", table.name), statement)).collect::<Vec<_>>()
    };
    TABLES.iter().flat_map(of_table).collect()
}

/// All rows of the tenant `$1` in a table.
fn all_of(table: &Table, columns: &[&Column]) -> Stmt {
    let whose = if table.name == "tenants" { "key" } else { "tenant" };
    let (names, name, key) = (list(columns), table.name, table.key.join(", "));
    alike(format!("SELECT {names} FROM {name} WHERE {whose} = $1 ORDER BY {key}"))
}

/// The resources with the keys in the list `$2`, in their order.
fn by_keys(columns: &[&Column]) -> Stmt {
    let names = list(columns);
    Stmt::built(
        format!(
            "SELECT {names} FROM resources WHERE tenant = $1 AND pk IN (SELECT value FROM json_each($2)) ORDER BY pk"
        ),
        // One by one: with a join it would be for the planner to guess whether to read all of the tenant.
        format!(
            "SELECT r.* FROM unnest(cast(translate($2, '[]', '{{}}') AS bigint[])) AS given (value)
             CROSS JOIN LATERAL (SELECT {names} FROM resources WHERE tenant = $1 AND pk = given.value OFFSET 0) AS r
             ORDER BY given.value"
        ),
    )
}

/// Events after the number `$2`, at most `$3`.
fn numbered_events(columns: &[&Column]) -> Stmt {
    let names = list(columns);
    alike(format!("SELECT {names} FROM events WHERE tenant = $1 AND seq > $2 ORDER BY seq LIMIT $3"))
}

/// Events that have no number yet, with those after `$2`. Never on SQLite, where every event has its number.
fn waiting_events(columns: &[&Column]) -> Stmt {
    let next = "cast($2 + row_number() OVER (ORDER BY q.draft) AS bigint)";
    let values: Vec<String> =
        columns.iter().map(|c| if c.name == "seq" { next.to_owned() } else { format!("e.{}", c.name) }).collect();
    Stmt::built(
        format!("SELECT {} FROM events WHERE tenant = $1 AND seq > $2", list(columns)),
        format!(
            "SELECT {} FROM event_queue AS q JOIN event_rows AS e ON e.tenant = q.tenant AND e.draft = q.draft
             WHERE q.tenant = $1 ORDER BY q.draft",
            values.join(", ")
        ),
    )
}

/// The lines of a file, counted and summed up as they are written.
struct Lines<'a> {
    out: &'a mut (dyn io::Write + Send),
    registry: &'a Registry,
    line: String,
    written: u64,
    rows: BTreeMap<String, u64>,
    sum: Sha256,
    /// The first error. Nothing is written after it.
    outcome: io::Result<()>,
}

impl<'a> Lines<'a> {
    fn new(out: &'a mut (dyn io::Write + Send), registry: &'a Registry) -> Self {
        Self {
            out,
            registry,
            line: String::new(),
            written: 0,
            rows: BTreeMap::new(),
            sum: Sha256::new(),
            outcome: Ok(()),
        }
    }

    fn have_failed(&self) -> bool {
        self.outcome.is_err()
    }

    /// Writes a row of a table, of which `columns` were read.
    fn row(&mut self, table: &Table, columns: &[&Column], row: &Row<'_>) -> Result<ControlFlow<()>, StoreError> {
        self.begin(table.name);
        let mut sign = '{';
        for (place, column) in columns.iter().enumerate() {
            let value = row.value(place)?;
            if !value.is_null() {
                self.line.push(sign);
                sign = ',';
                self.line.push('"');
                self.line.push_str(column.name);
                self.line.push_str("\":");
                push_for_file(&mut self.line, column, value, self.registry)?;
            }
        }
        self.line.push('}');
        self.count(table.name, 1);
        self.finish();
        Ok(if self.have_failed() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }

    fn members(&mut self, members: &Members) {
        self.count(MEMBERS, members.members.len() as u64);
        self.write(MEMBERS, members);
    }

    fn write(&mut self, name: &str, what: &impl Serialize) {
        self.begin(name);
        self.line.push_str(&serde_json::to_string(what).expect("texts, numbers and lists of them are always JSON"));
        self.finish();
    }

    fn begin(&mut self, name: &str) {
        self.line.clear();
        self.line.push_str("{\"");
        self.line.push_str(name);
        self.line.push_str("\":");
    }

    fn finish(&mut self) {
        self.line.push_str("}\n");
        self.written += 1;
        self.sum.update(&self.line);
        if self.outcome.is_ok() {
            self.outcome = self.out.write_all(self.line.as_bytes());
        }
    }

    fn count(&mut self, name: &str, rows: u64) {
        *self.rows.entry(name.to_owned()).or_default() += rows;
    }

    fn end(mut self) -> io::Result<End> {
        let sum = std::mem::take(&mut self.sum).finalize();
        let end = End { lines: self.written, rows: std::mem::take(&mut self.rows), sha256: hex(&sum) };
        self.write(END, &end);
        self.outcome?;
        self.out.flush()?;
        Ok(end)
    }
}
