//! Whether a table holds the same on both sides: how many rows each tenant has, and a sum over them.
//!
//! Each row is hashed from the values that were read, in one form for both engines, and the hashes
//! of a tenant are added up, so that the order of the rows does not matter. A difference goes
//! unnoticed once in 2^64.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::ControlFlow;

use super::copy::Compared;
use super::statements::copied;
use super::tables::Table;
use crate::error::StoreError;
use crate::store::Store;
use crate::tx::Row;

/// Rows and sum of each tenant, and of the rows that belong to none.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sums(BTreeMap<Option<i64>, (u64, u64)>);

/// Sums up a table. Memory depends on the number of tenants only.
pub(super) async fn sums(store: &Store, table: &'static Table) -> Result<Sums, StoreError> {
    let tenant = table
        .columns
        .iter()
        .position(|column| column.name == "tenant" || table.name == "tenants" && column.name == "key");
    let read = store.read(move |tx| {
        Box::pin(async move {
            let mut sums = Sums::default();
            tx.each_row(&copied(table).all, &[], |row| {
                let tenant = tenant.map(|place| row.opt_int(place)).transpose()?.flatten();
                let (rows, sum) = sums.0.entry(tenant).or_default();
                *rows += 1;
                *sum = sum.wrapping_add(hash(row, table.columns.len())?);
                Ok(ControlFlow::Continue(()))
            })
            .await?;
            Ok(sums)
        })
    });
    read.await
}

fn hash(row: &Row<'_>, columns: usize) -> Result<u64, StoreError> {
    // With fixed keys, and only ever compared with what the same program has made.
    let mut hasher = DefaultHasher::new();
    for place in 0..columns {
        row.value(place)?.hash(&mut hasher);
    }
    Ok(hasher.finish())
}

impl Sums {
    /// Expects the same in `other`. The error is the first tenant whose rows differ; `None` is no tenant.
    pub(super) fn expect_same(&self, other: &Self) -> Result<(), Option<i64>> {
        let tenants = self.0.keys().chain(other.0.keys());
        tenants.copied().filter(|tenant| self.0.get(tenant) != other.0.get(tenant)).min().map_or(Ok(()), Err)
    }

    pub(super) fn summary(&self, table: &'static str) -> Compared {
        Compared {
            table,
            rows: self.0.values().map(|(rows, _)| rows).sum(),
            tenants: self.0.keys().flatten().count(),
            checksum: self.0.values().fold(0, |all, (_, sum)| all.wrapping_add(*sum)),
        }
    }
}
