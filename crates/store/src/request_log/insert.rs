//! Writing the request log: many rows in one statement.

use std::fmt::Write as _;
use std::sync::LazyLock;

use super::Pack;
use crate::error::StoreError;
use crate::sql::Stmt;
use crate::tx::{Param, Tx};

/// How many rows one statement inserts: any number is a sum of these, and there are only so many
/// statements to prepare.
const ROWS: [usize; 4] = [64, 16, 4, 1];

/// Writes packs, of whichever tenants. One that is there already stays as it is. Gives how many requests
/// were new.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn insert(tx: &mut Tx, mut packs: &[Pack]) -> Result<u64, StoreError> {
    let mut inserted = 0;
    for (count, statement) in &*INSERT {
        while let Some((some, rest)) = packs.split_at_checked(*count) {
            let params: Vec<Param<'_>> = some.iter().flat_map(columns).collect();
            let requests = tx.query(statement, &params, |row| Ok(row.int(0)?.unsigned_abs())).await?;
            inserted += requests.into_iter().sum::<u64>();
            packs = rest;
        }
    }
    Ok(inserted)
}

static INSERT: LazyLock<[(usize, Stmt); ROWS.len()]> = LazyLock::new(|| ROWS.map(|rows| (rows, statement(rows))));

const COLUMNS: usize = 8;

fn statement(rows: usize) -> Stmt {
    let mut text =
        "INSERT INTO request_log (tenant, pk, oldest, requests, failed, resources, body, operations) VALUES "
            .to_owned();
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 1..=COLUMNS {
            let comma = if column == 1 { "" } else { ", " };
            let _ = write!(text, "{comma}${}", row * COLUMNS + column);
        }
        text.push(')');
    }
    text.push_str(" ON CONFLICT DO NOTHING RETURNING requests");
    Stmt::built(text.clone(), text).beyond_one_tenant()
}

// The tenant goes in as a number: as a tenant it would be the only one whose rows may be written.

fn columns(pack: &Pack) -> [Param<'_>; COLUMNS] {
    [
        pack.tenant.0.into(),
        pack.newest.0.into(),
        pack.oldest.0.into(),
        pack.requests.into(),
        pack.is_of_failed.into(),
        (&pack.resources).into(),
        (&pack.body).into(),
        pack.operations.as_ref().into(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_has_a_parameter_for_each_column_of_each_row() {
        let statement = statement(2);

        let (_, values) = statement.postgres().split_once(" VALUES ").unwrap();
        assert_eq!(
            values,
            "($1, $2, $3, $4, $5, $6, $7, $8), ($9, $10, $11, $12, $13, $14, $15, $16) ON CONFLICT DO NOTHING \
             RETURNING requests"
        );
    }
}
