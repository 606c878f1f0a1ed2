//! Copying a whole database from one engine to another: SQLite to PostgreSQL, row by row as they are, with
//! the numbers by which rows refer to each other.
//!
//! Rows go table by table in the order of a key, many in one transaction. So what is there is
//! always the beginning, the last key tells where to go on, and a copy that was broken off
//! anywhere, however that was, is continued by beginning it again. At the end both sides are summed
//! up and compared ([`compare`]); until then the target is marked, and no server starts on it.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use futures_util::future::join;

use super::compare::{Sums, sums};
use super::statements::copied;
use super::tables::{Kind, TABLES, Table};
use super::values::{Given, Rows};
use crate::error::StoreError;
use crate::sql;
use crate::sql::Stmt;
use crate::store::Store;
use crate::tx::{Param, Row, Tx};

/// How much goes in one transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch {
    /// How many rows at most.
    pub rows: u32,
    /// No row is added when there are so many bytes.
    pub bytes: usize,
}

impl Default for Batch {
    fn default() -> Self {
        Self { rows: 1000, bytes: 1024 * 1024 }
    }
}

/// How far a copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub phase: Phase,
    /// To which table.
    pub table: &'static str,
    /// How many rows of it are done.
    pub done: u64,
    /// How many it has.
    pub of: u64,
}

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Rows are copied.
    Copying,
    /// Both sides are summed up.
    Comparing,
    /// Both sides differ, since the source has changed since an earlier attempt: the target is emptied, and
    /// all of it is copied again.
    StartingOver,
}

/// A table that is the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// The table.
    pub table: &'static str,
    /// How many rows it has.
    pub rows: u64,
    /// How many tenants have some.
    pub tenants: usize,
    /// The sum over all rows.
    pub checksum: u64,
}

/// Why a copy is not complete. Beginning it again continues it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CopyError {
    /// One of the databases.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The target is not empty, and what is in it is not from this source.
    #[error("the target holds the unfinished copy of another database; give this one a database of its own")]
    OtherSource,
    /// Both sides differ after all has been copied.
    #[error("after copying, the table {table} differs{}", of_tenant(*.tenant))]
    Differs {
        /// The table.
        table: &'static str,
        /// The key of the first tenant whose rows differ, if they belong to one.
        tenant: Option<i64>,
    },
}

fn of_tenant(tenant: Option<i64>) -> String {
    tenant.map(|key| format!(" in the tenant with the key {key}")).unwrap_or_default()
}

/// Copies everything from `source` to `target`, which [`Store::open_target`] gave, or what is missing there. Nobody may
/// write to either meanwhile. When it ends well, both hold the same, and `target` can be opened by servers.
///
/// # Errors
/// See [`CopyError`].
pub async fn copy(
    source: &Store,
    target: &Store,
    batch: Batch,
    watch: &mut (dyn FnMut(Progress) + Send),
) -> Result<Vec<Compared>, CopyError> {
    expect_same_source(source, target).await?;
    let mut is_first = true;
    loop {
        for table in TABLES {
            copy_table(source, target, table, batch, watch).await?;
        }
        match compare(source, target, watch).await {
            Err(CopyError::Differs { table, .. }) if is_first => {
                watch(Progress { phase: Phase::StartingOver, table, done: 0, of: 0 });
                target.clear_target().await?;
                is_first = false;
            }
            Err(error) => return Err(error),
            Ok(compared) => {
                let numbers = source.read(|tx| {
                    Box::pin(async { tx.query(&LAST_NUMBERS, &[], |row| Ok((row.text(0)?, row.int(1)?))).await })
                });
                target.finish_target(&numbers.await?).await?;
                return Ok(compared);
            }
        }
    }
}

// What has been given out by AUTOINCREMENT; no such number is ever given again.
pub(crate) static LAST_NUMBERS: Stmt = sql! {
    sqlite: "SELECT name, seq FROM sqlite_sequence",
    postgres: "SELECT '', 0 WHERE false",
};

/// Tenants are never removed: every one in the target is in its source.
async fn expect_same_source(source: &Store, target: &Store) -> Result<(), CopyError> {
    let ids = async |store: &Store| {
        store
            .read(|tx| Box::pin(async { tx.query(&TENANT_IDS, &[], |row| Ok((row.int(0)?, row.bytes(1)?))).await }))
            .await
    };
    let there = ids(target).await?;
    let here: HashSet<_> = ids(source).await?.into_iter().collect();
    if there.iter().all(|tenant| here.contains(tenant)) { Ok(()) } else { Err(CopyError::OtherSource) }
}

pub(crate) static TENANT_IDS: Stmt = sql!("SELECT key, id FROM tenants");

async fn copy_table(
    source: &Store,
    target: &Store,
    table: &'static Table,
    batch: Batch,
    watch: &mut (dyn FnMut(Progress) + Send),
) -> Result<(), StoreError> {
    let of = count(source, table).await?;
    let mut done = count(target, table).await?;
    let after = last_key(target, table).await?.unwrap_or_else(|| first_key(table));
    let mut page = read_page(source, table, after, batch).await?;
    watch(Progress { phase: Phase::Copying, table: table.name, done, of });
    while let Some(last) = page.last {
        let count = page.count;
        // While these are written the next are read.
        let (written, next) = join(write_page(target, table, page.rows), read_page(source, table, last, batch)).await;
        written?;
        page = next?;
        done += count;
        watch(Progress { phase: Phase::Copying, table: table.name, done, of });
    }
    Ok(())
}

/// Rows that follow each other.
struct Page {
    rows: String,
    count: u64,
    /// The key of the last one; `None` when there are none.
    last: Option<Vec<Given>>,
}

async fn read_page(store: &Store, table: &'static Table, after: Vec<Given>, batch: Batch) -> Result<Page, StoreError> {
    store.read(move |tx| Box::pin(page(tx, table, after, batch))).await
}

async fn page(tx: &mut Tx, table: &Table, after: Vec<Given>, batch: Batch) -> Result<Page, StoreError> {
    let mut params: Vec<Param<'_>> = after.iter().map(|given| given.value().into()).collect();
    params.push(batch.rows.into());
    let (mut rows, mut last) = (Rows::default(), None);
    tx.each_row(&copied(table).page, &params, |row| {
        rows.begin();
        for place in 0..table.columns.len() {
            rows.push(row.value(place)?);
        }
        last = Some(read_key(row, table.columns.len(), table)?);
        Ok(if rows.len() < batch.bytes { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })
    .await?;
    Ok(Page { count: rows.count(), rows: rows.take(), last })
}

/// Reads the key of a row, from column `first`.
fn read_key(row: &Row<'_>, first: usize, table: &Table) -> Result<Vec<Given>, StoreError> {
    (first..).take(table.key.len()).map(|place| Ok(row.value(place)?.into())).collect()
}

async fn write_page(store: &Store, table: &'static Table, rows: String) -> Result<(), StoreError> {
    let rows = Arc::new(rows);
    let write = store.write(move |tx| {
        let rows = Arc::clone(&rows);
        Box::pin(async move { tx.execute(&copied(table).insert, &[Param::from(&*rows)]).await })
    });
    write.await.map(drop)
}

async fn count(store: &Store, table: &'static Table) -> Result<u64, StoreError> {
    let count =
        store.read(move |tx| Box::pin(async move { tx.query_one(&copied(table).count, &[], |row| row.int(0)).await }));
    Ok(count.await?.unwrap_or(0).cast_unsigned())
}

async fn last_key(store: &Store, table: &'static Table) -> Result<Option<Vec<Given>>, StoreError> {
    let last = store.read(move |tx| {
        Box::pin(async move { tx.query_one(&copied(table).last, &[], |row| read_key(row, 0, table)).await })
    });
    last.await
}

/// A key before all others.
fn first_key(table: &Table) -> Vec<Given> {
    let kinds = table.key.iter().filter_map(|name| table.columns.iter().find(|column| column.name == *name));
    kinds
        .map(|column| match column.kind {
            Kind::Int | Kind::Type => Given::Int(i64::MIN),
            Kind::Text | Kind::Json => Given::Text(String::new()),
            Kind::Bytes | Kind::Id => Given::Bytes(Vec::new()),
        })
        .collect()
}

async fn compare(
    source: &Store,
    target: &Store,
    watch: &mut (dyn FnMut(Progress) + Send),
) -> Result<Vec<Compared>, CopyError> {
    let mut compared = Vec::new();
    for table in TABLES {
        watch(Progress { phase: Phase::Comparing, table: table.name, done: 0, of: 0 });
        let (here, there): (Result<Sums, _>, Result<Sums, _>) = join(sums(source, table), sums(target, table)).await;
        let (here, there) = (here?, there?);
        here.expect_same(&there).map_err(|tenant| CopyError::Differs { table: table.name, tenant })?;
        compared.push(here.summary(table.name));
    }
    Ok(compared)
}
