//! The request log: what was asked of a tenant's SCIM routes, and what became of it, so that an
//! administrator can see without reading server logs why something was refused.
//!
//! Written in batches, some time after the answer, and pruned: see [`insert()`] and [`prune`]. It is a
//! record for people and nothing depends on it; the history of a resource is in [`crate::events`].

mod insert;
mod list;
pub(crate) mod statements;

use std::borrow::Cow;

use scim::id::Id;

use crate::error::StoreError;
use crate::tenants::{TenantKey, id};
use crate::tx::{Param, Row, Tx};

pub use insert::insert;
pub use list::{Filter, LOOKED_AT_MAX, Listed, list};
use statements::{DELETE_OPERATIONS, DELETE_OPERATIONS_OF, DELETE_REQUESTS, DELETE_REQUESTS_OF, GET, NTH, OPERATIONS};

/// What names an entry: when its request began, and a number that tells those of one millisecond
/// apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogKey(i64);

impl LogKey {
    /// Greater than every other.
    pub const MAX: Self = Self(i64::MAX);
    /// How many entries of one millisecond can be told apart.
    pub const PER_MILLISECOND: i64 = 1 << 21;

    /// The least one of a millisecond since 1970. What is out of reach becomes the nearest there is.
    #[must_use]
    pub fn first_of(ms: i64) -> Self {
        Self(ms.max(0).saturating_mul(Self::PER_MILLISECOND))
    }

    /// The key of these bits.
    #[must_use]
    pub const fn from_bits(bits: i64) -> Self {
        Self(bits)
    }

    /// Its bits: they ascend as time does.
    #[must_use]
    pub const fn bits(self) -> i64 {
        self.0
    }

    /// When its request began, in milliseconds since 1970.
    #[must_use]
    pub const fn at(self) -> i64 {
        self.0 / Self::PER_MILLISECOND
    }
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whose routes were called.
    pub tenant: TenantKey,
    /// What names it, and when it was.
    pub key: LogKey,
    /// The id of the request, which its answer had and its events have.
    pub request_id: String,
    /// Who called: the id of a token or client. `None` when that is not known.
    pub actor: Option<String>,
    /// The identity provider that the token was made for.
    pub product: Option<Cow<'static, str>>,
    /// The method.
    pub method: Cow<'static, str>,
    /// The path below the SCIM base, and the query.
    pub path: String,
    /// The status of the answer.
    pub status: u16,
    /// The `scimType` of the answer.
    pub scim_type: Option<Cow<'static, str>>,
    /// Microseconds from the head of the request to the answer.
    pub took_us: i64,
    /// The resource that was asked for or written.
    pub resource: Option<String>,
    /// What it was, in words.
    pub summary: String,
    /// All else, as a JSON object.
    pub detail: String,
}

/// An operation of a bulk request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Whose routes were called.
    pub tenant: TenantKey,
    /// The entry of the bulk request.
    pub log: LogKey,
    /// Its place in the request, from 0.
    pub place: u32,
    /// Its method.
    pub method: Cow<'static, str>,
    /// Its bulkId.
    pub bulk_id: Option<String>,
    /// Its path.
    pub path: String,
    /// Its status.
    pub status: u16,
    /// The `scimType` of its error.
    pub scim_type: Option<Cow<'static, str>>,
    /// The resource that it wrote.
    pub resource: Option<String>,
    /// What it was, in words.
    pub summary: String,
    /// All else, as a JSON object.
    pub detail: String,
}

/// An entry with its tenant's id and its operations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    /// The id of its tenant.
    pub tenant_id: Id,
    /// The request.
    pub entry: Entry,
    /// If it was a bulk request: its operations, as far as they were kept, in request order.
    pub operations: Vec<Operation>,
}

/// The entry of that key, if it is `tenant`'s, where `None` is any tenant.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn get(tx: &mut Tx, tenant: Option<TenantKey>, key: LogKey) -> Result<Option<Whole>, StoreError> {
    let read = |row: &Row<'_>| {
        let tenant = TenantKey(row.int(12)?);
        Ok((id(row.bytes_ref(13)?)?, entry(tenant, row)?))
    };
    let Some((tenant_id, entry)) = tx.query_one(&GET, &[tenant.into(), key.0.into()], read).await? else {
        return Ok(None);
    };
    let params = [entry.tenant.into(), key.0.into()];
    let operations = tx.query(&OPERATIONS, &params, |row| operation(entry.tenant, key, row)).await?;
    Ok(Some(Whole { tenant_id, entry, operations }))
}

/// Forgets the oldest of the entries before `key`, of all tenants, `take` of them at most. Gives how
/// many.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn prune(tx: &mut Tx, key: LogKey, take: u32) -> Result<u64, StoreError> {
    let params = [key.0.into(), take.into()];
    tx.execute(&DELETE_OPERATIONS, &params).await?;
    tx.execute(&DELETE_REQUESTS, &params).await
}

/// [`prune`] within one tenant.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn prune_tenant(tx: &mut Tx, tenant: TenantKey, key: LogKey, take: u32) -> Result<u64, StoreError> {
    let params = [tenant.into(), key.0.into(), take.into()];
    tx.execute(&DELETE_OPERATIONS_OF, &params).await?;
    tx.execute(&DELETE_REQUESTS_OF, &params).await
}

/// The key before which a tenant has no more than what is above `newest` entries; `None` when it has
/// not so many. Costs a walk over that many entries of an index.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn end_of_newest(tx: &mut Tx, tenant: TenantKey, newest: u32) -> Result<Option<LogKey>, StoreError> {
    let Some(skip) = newest.checked_sub(1) else { return Ok(Some(LogKey::MAX)) };
    tx.query_one(&NTH, &[tenant.into(), skip.into()], |row| row.int(0).map(LogKey)).await
}

/// Reads the columns of [`statements`].
fn entry(tenant: TenantKey, row: &Row<'_>) -> Result<Entry, StoreError> {
    Ok(Entry {
        tenant,
        key: LogKey(row.int(0)?),
        request_id: row.text(1)?,
        actor: row.opt_text(2)?,
        product: row.opt_text(3)?.map(Cow::Owned),
        method: Cow::Owned(row.text(4)?),
        path: row.text(5)?,
        status: status(row, 6)?,
        scim_type: row.opt_text(7)?.map(Cow::Owned),
        took_us: row.int(8)?,
        resource: row.opt_text(9)?,
        summary: row.text(10)?,
        detail: row.text(11)?,
    })
}

fn operation(tenant: TenantKey, log: LogKey, row: &Row<'_>) -> Result<Operation, StoreError> {
    Ok(Operation {
        tenant,
        log,
        place: u32::try_from(row.int(0)?).map_err(|_| StoreError::Corrupt("request_log_operations.place".into()))?,
        method: Cow::Owned(row.text(1)?),
        bulk_id: row.opt_text(2)?,
        path: row.text(3)?,
        status: status(row, 4)?,
        scim_type: row.opt_text(5)?.map(Cow::Owned),
        resource: row.opt_text(6)?,
        summary: row.text(7)?,
        detail: row.text(8)?,
    })
}

fn status(row: &Row<'_>, column: usize) -> Result<u16, StoreError> {
    u16::try_from(row.int(column)?).map_err(|_| StoreError::Corrupt("request_log.status".into()))
}

/// An absent text is no value of its column.
fn opt_text<'a>(text: Option<&'a Cow<'static, str>>) -> Param<'a> {
    text.map(|text| &**text).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_says_when_its_request_began() {
        let first = LogKey::first_of(1_700_000_000_000);

        assert_eq!(first.at(), 1_700_000_000_000);
        assert_eq!(LogKey(first.bits() + LogKey::PER_MILLISECOND - 1).at(), first.at());
        assert_eq!(LogKey(first.bits() + LogKey::PER_MILLISECOND), LogKey::first_of(first.at() + 1));
        assert_eq!((LogKey::first_of(-1), LogKey::first_of(i64::MAX)), (LogKey(0), LogKey::MAX));
    }
}
