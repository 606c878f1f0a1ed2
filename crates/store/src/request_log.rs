//! The request log: what was asked of a tenant's SCIM routes, and what became of it, so that an
//! administrator can see without reading server logs why something was refused.
//!
//! Written in [packs](mod@pack), some time after the answer, and pruned: see [`insert()`] and [`prune`]. It is a
//! record for people and nothing depends on it; the history of a resource is in [`crate::events`].

mod insert;
mod list;
mod pack;
pub(crate) mod statements;

use std::borrow::Cow;
use std::ops::ControlFlow;

use scim::id::Id;

use crate::error::StoreError;
use crate::sql::Stmt;
use crate::tenants::{TenantKey, id};
use crate::tx::{Param, Row, Tx};

pub use insert::insert;
pub use list::{Filter, LOOKED_AT_MAX, Listed, list};
pub use pack::{Pack, pack};
use statements::{DELETE, GET, NTH, OLDEST, OLDEST_OF};

/// How many packs one write forgets at most: one may hold a single request.
const PACKS_MAX: u32 = 128;

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

/// The entry of that key, if it is `tenant`'s, where `None` is any tenant. Opens what was written for ten
/// seconds around it.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn get(tx: &mut Tx, tenant: Option<TenantKey>, key: LogKey) -> Result<Option<Whole>, StoreError> {
    let mut found = None;
    let params = [tenant.into(), key.0.into(), key.0.saturating_add(pack::SPAN).into()];
    let read = |row: &Row<'_>| {
        let tenant = TenantKey(row.int(0)?);
        let Some(entry) = pack::entries(tenant, row.text_ref(2)?)?.into_iter().find(|entry| entry.key == key) else {
            return Ok(ControlFlow::Continue(()));
        };
        let mut operations = pack::operations(tenant, row.opt_text_ref(3)?)?;
        operations.retain(|operation| operation.log == key);
        found = Some(Whole { tenant_id: id(row.bytes_ref(1)?)?, entry, operations });
        Ok(ControlFlow::Break(()))
    };
    tx.each_row(&GET, &params, read).await?;
    Ok(found)
}

/// Forgets the oldest of what is before `key`, of all tenants: packs of which all is before it, about
/// `take` requests. Gives how many requests.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn prune(tx: &mut Tx, key: LogKey, take: u32) -> Result<u64, StoreError> {
    forget(tx, &OLDEST, &[key.0.into(), PACKS_MAX.into()], take).await
}

/// [`prune`] within one tenant.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn prune_tenant(tx: &mut Tx, tenant: TenantKey, key: LogKey, take: u32) -> Result<u64, StoreError> {
    forget(tx, &OLDEST_OF, &[tenant.into(), key.0.into(), PACKS_MAX.into()], take).await
}

/// Forgets packs that a statement gives, until they were `take` requests or more.
async fn forget(tx: &mut Tx, statement: &Stmt, params: &[Param<'_>], take: u32) -> Result<u64, StoreError> {
    let mut requests: u64 = 0;
    let mut packs = Vec::new();
    let read = |row: &Row<'_>| {
        requests += row.int(2)?.unsigned_abs();
        packs.push((TenantKey(row.int(0)?), row.int(1)?));
        Ok(if requests < u64::from(take) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    };
    tx.each_row(statement, params, read).await?;
    for (tenant, pack) in packs {
        tx.send(&DELETE, &[tenant.into(), pack.into()]).await?;
    }
    Ok(requests)
}

/// The key before which all may be forgotten if a tenant is to keep its `newest` entries; `None` when it has
/// not so many. Costs a walk over its packs in an index.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn end_of_newest(tx: &mut Tx, tenant: TenantKey, newest: u32) -> Result<Option<LogKey>, StoreError> {
    if newest == 0 {
        return Ok(Some(LogKey::MAX));
    }
    tx.query_one(&NTH, &[tenant.into(), newest.into()], |row| row.int(0).map(LogKey)).await
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
