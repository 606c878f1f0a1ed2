//! Lists of resources: filter, order, page (RFC 7644 §3.4.2, RFC 9865).

use std::sync::Arc;

use scim::query::{ListQuery, Position};
use scim::schema::{Registry, ResourceType};

use super::StoredResource;
use crate::error::StoreError;
use crate::tenants::TenantKey;
use crate::tx::Tx;

/// Where a query looks.
#[derive(Debug, Clone)]
pub struct Scope {
    /// What the tenant knows.
    pub registry: Arc<Registry>,
    /// The types of the endpoint: one, or all at the root. Types for which the filter makes no sense
    /// have no resource that fits it.
    pub types: Vec<Arc<ResourceType>>,
    /// The SCIM base URL, since filters can name `meta.location` and `$ref`.
    pub base_url: String,
}

/// A page of what a query finds.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// How many there are on all pages (`totalResults`). Exact.
    pub total: u64,
    /// Those on this page, in order.
    pub resources: Vec<StoredResource>,
    /// After which position the next page begins; `None` on the last page. Only for pages by cursor.
    pub next: Option<Position>,
}

/// Which of the store's lanes a query belongs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// It reads about as many rows as it gives: [`Store::read`](crate::Store).
    Fast,
    /// It may read every row of the tenant: [`Store::scan`](crate::Store).
    Slow,
}

/// Which lane `query` belongs on. Costs no database.
pub fn lane(_scope: &Scope, _query: &ListQuery) -> Lane {
    todo!("written next")
}

/// Finds a page of resources.
///
/// # Errors
/// [`StoreError::TooExpensive`] when more rows would have to be looked at one by one than
/// [`ROWS_LOOKED_AT_MAX`].
pub async fn query(_tx: &mut Tx, _tenant: TenantKey, _scope: &Scope, _query: &ListQuery) -> Result<Found, StoreError> {
    todo!("written next")
}

/// How many rows one query looks at one by one, where no index answers it.
pub const ROWS_LOOKED_AT_MAX: usize = 200_000;
