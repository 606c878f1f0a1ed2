//! Writing the request log: many rows in one statement.

use std::fmt::Write as _;
use std::sync::LazyLock;

use super::{LogKey, Pack};
use crate::error::StoreError;
use crate::sql::Stmt;
use crate::tenants::TenantKey;
use crate::tx::{Param, Tx};

/// How many rows one statement inserts: any number is a sum of these, and there are only so many
/// statements to prepare.
const ROWS: [usize; 4] = [64, 16, 4, 1];

/// Writes packs, of whichever tenants. One that is there already stays as it is. Gives how many requests
/// were new.
///
/// Cost: on SQLite about 50 us a full pack, and 2 us a change.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn insert(tx: &mut Tx, packs: &[Pack]) -> Result<u64, StoreError> {
    let changes: Vec<Change<'_>> = packs.iter().flat_map(changes_of).collect();
    insert_rows(tx, &CHANGES, &changes, of_change).await?;
    Ok(insert_rows(tx, &PACKS, packs, of_pack).await?.iter().map(|requests| requests.unsigned_abs()).sum())
}

/// Gives the first column that the statement returns of each row that was new.
async fn insert_rows<'r, T, const N: usize>(
    tx: &mut Tx,
    statements: &[(usize, Stmt)],
    mut rows: &'r [T],
    columns: impl Fn(&'r T) -> [Param<'r>; N],
) -> Result<Vec<i64>, StoreError> {
    let mut inserted = Vec::new();
    for (count, statement) in statements {
        while let Some((chunk, rest)) = rows.split_at_checked(*count) {
            let params: Vec<Param<'_>> = chunk.iter().flat_map(&columns).collect();
            inserted.extend(tx.query(statement, &params, |row| row.int(0)).await?);
            rows = rest;
        }
    }
    Ok(inserted)
}

static PACKS: LazyLock<Vec<(usize, Stmt)>> = LazyLock::new(|| {
    statements::<7>("request_log (tenant, pk, oldest, requests, failed, body, operations)", "requests")
});

static CHANGES: LazyLock<Vec<(usize, Stmt)>> =
    LazyLock::new(|| statements::<4>("request_log_resources (tenant, resource, log, pack)", "log"));

fn statements<const COLUMNS: usize>(into: &str, returning: &str) -> Vec<(usize, Stmt)> {
    ROWS.map(|rows| (rows, statement::<COLUMNS>(into, rows, returning))).into()
}

fn statement<const COLUMNS: usize>(into: &str, rows: usize, returning: &str) -> Stmt {
    let mut text = format!("INSERT INTO {into} VALUES ");
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 1..=COLUMNS {
            let comma = if column == 1 { "" } else { ", " };
            let _ = write!(text, "{comma}${}", row * COLUMNS + column);
        }
        text.push(')');
    }
    let _ = write!(text, " ON CONFLICT DO NOTHING RETURNING {returning}");
    Stmt::built(text.clone(), text).beyond_one_tenant()
}

// The tenant goes in as a number: as a tenant it would be the only one whose rows may be written.

fn of_pack(pack: &Pack) -> [Param<'_>; 7] {
    [
        pack.tenant.0.into(),
        pack.newest.0.into(),
        pack.oldest.0.into(),
        pack.requests.into(),
        pack.is_of_failed.into(),
        (&pack.body).into(),
        pack.operations.as_ref().into(),
    ]
}

/// A change of a resource, or an attempt at one: in which request and pack.
struct Change<'p> {
    tenant: TenantKey,
    resource: &'p str,
    log: LogKey,
    pack: LogKey,
}

fn changes_of(pack: &Pack) -> impl Iterator<Item = Change<'_>> {
    let (tenant, newest) = (pack.tenant, pack.newest);
    pack.changes.iter().map(move |(resource, log)| Change { tenant, resource, log: *log, pack: newest })
}

fn of_change<'p>(change: &Change<'p>) -> [Param<'p>; 4] {
    [change.tenant.0.into(), change.resource.into(), change.log.0.into(), change.pack.0.into()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_has_a_parameter_for_each_column_of_each_row() {
        let statement = statement::<2>("t (a, b)", 2, "a");

        assert_eq!(
            statement.postgres(),
            "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4) ON CONFLICT DO NOTHING RETURNING a"
        );
    }
}
