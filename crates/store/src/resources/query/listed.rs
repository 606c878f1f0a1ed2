//! Lists of everything, in the order of creation: spans and their blocks tell how many there are and where a
//! page begins, so that the last page costs what the first does.

use std::sync::Arc;

use scim::query::{Page, Position};
use scim::schema::ResourceType;

use super::{Found, keyed};
use crate::error::StoreError;
use crate::members::direct;
use crate::resources::rows::{BLOCK_BITS, SPAN_BITS};
use crate::resources::{ResourceKey, StoredResource};
use crate::sql;
use crate::sql::Stmt;
use crate::tenants::TenantKey;
use crate::tx::{Row, Tx};

/// A page of all resources of some types.
pub(super) async fn query(
    tx: &mut Tx,
    tenant: TenantKey,
    types: &[Arc<ResourceType>],
    page: &Page,
) -> Result<Found, StoreError> {
    match page {
        Page::Index { start, count } => {
            let skip = start.saturating_sub(1);
            let spans = if skip > STEPS_MAX { spans(tx, tenant, types).await? } else { Vec::new() };
            let total = match spans.as_slice() {
                [] => total(tx, tenant, types).await?,
                spans => spans.iter().map(|span| span.resources).sum(),
            };
            if *count == 0 || skip >= total {
                return Ok(Found { total, resources: Vec::new(), next: None });
            }
            let (from, skip) = place(tx, tenant, types, &spans, skip).await?;
            let resources = rows(tx, tenant, types, from, skip, *count).await?;
            Ok(Found { total, resources, next: None })
        }
        Page::Cursor { after, count } => {
            let total = total(tx, tenant, types).await?;
            let from = match after {
                None => ResourceKey(0),
                Some(after) => ResourceKey(after.position.key().saturating_add(1)),
            };
            if *count == 0 {
                return Ok(Found { total, resources: Vec::new(), next: None });
            }
            let mut resources = rows(tx, tenant, types, from, 0, count.saturating_add(1)).await?;
            let more = resources.len() > *count as usize;
            resources.truncate(*count as usize);
            let next = resources.last().filter(|_| more).map(|last| Position::Key(last.key.0));
            Ok(Found { total, resources, next })
        }
    }
}

/// How many resources of some types there are.
pub(crate) async fn total(tx: &mut Tx, tenant: TenantKey, types: &[Arc<ResourceType>]) -> Result<u64, StoreError> {
    let types = type_list(types);
    let total = tx.query_one(&TOTAL, &[tenant.into(), (&types).into()], |row| row.int(0)).await?;
    Ok(total.unwrap_or(0).cast_unsigned())
}

pub(crate) static TOTAL: Stmt = sql! {
    sqlite: "SELECT coalesce(sum(resources), 0) FROM resource_spans
             WHERE tenant = $1 AND type IN (SELECT value FROM json_each($2))",
    postgres: "SELECT cast(coalesce(sum(counted.resources), 0) AS bigint)
               FROM unnest(cast(translate($2, '[]', '{}') AS bigint[])) AS given (value)
               CROSS JOIN LATERAL (SELECT resources FROM resource_spans
                                   WHERE tenant = $1 AND type = given.value OFFSET 0) AS counted",
};

/// How many rows are stepped over without asking the blocks.
const STEPS_MAX: u64 = 1 << BLOCK_BITS;

/// A span or a block, and how many resources it holds.
struct Counted {
    number: i64,
    resources: u64,
}

impl Counted {
    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self { number: row.int(0)?, resources: row.int(1)?.max(0).cast_unsigned() })
    }

    /// The number of the one in which the row after `skip` others is, and how many of them are before it.
    fn holding(counted: &[Self], skip: u64) -> (i64, u64) {
        let mut before = 0;
        for one in counted {
            if before + one.resources > skip {
                return (one.number, before);
            }
            before += one.resources;
        }
        (0, 0)
    }
}

/// The spans of some types, in order.
async fn spans(tx: &mut Tx, tenant: TenantKey, types: &[Arc<ResourceType>]) -> Result<Vec<Counted>, StoreError> {
    let types = type_list(types);
    tx.query(&SPANS, &[tenant.into(), (&types).into()], Counted::read).await
}

pub(crate) static SPANS: Stmt = sql! {
    sqlite: "SELECT span, sum(resources) FROM resource_spans
             WHERE tenant = $1 AND type IN (SELECT value FROM json_each($2)) GROUP BY span ORDER BY span",
    postgres: "SELECT counted.span, cast(sum(counted.resources) AS bigint)
               FROM unnest(cast(translate($2, '[]', '{}') AS bigint[])) AS given (value)
               CROSS JOIN LATERAL (SELECT span, resources FROM resource_spans
                                   WHERE tenant = $1 AND type = given.value OFFSET 0) AS counted
               GROUP BY counted.span ORDER BY counted.span",
};

/// Where to begin so that `skip` rows are left out: a key, and how many to skip from there, which
/// are never more than a block holds. `spans` are empty when there are few to skip.
async fn place(
    tx: &mut Tx,
    tenant: TenantKey,
    types: &[Arc<ResourceType>],
    spans: &[Counted],
    skip: u64,
) -> Result<(ResourceKey, u32), StoreError> {
    let (mut block, mut before) = (0, 0);
    if !spans.is_empty() {
        let (span, before_span) = Counted::holding(spans, skip);
        let (first, last) = (span << SPAN_BITS, (span << SPAN_BITS) + (1 << SPAN_BITS) - 1);
        let types = type_list(types);
        let params = [tenant.into(), (&types).into(), first.into(), last.into()];
        let blocks = tx.query(&BLOCKS, &params, Counted::read).await?;
        let (found, before_block) = Counted::holding(&blocks, skip - before_span);
        (block, before) = (found.max(first), before_span + before_block);
    }
    let rest = u32::try_from(skip.saturating_sub(before));
    let rest = rest.map_err(|_| StoreError::Corrupt("resource_blocks: a block holds more than it can".into()))?;
    Ok((ResourceKey(block << BLOCK_BITS), rest))
}

pub(crate) static BLOCKS: Stmt = sql! {
    sqlite: "SELECT block, sum(resources) FROM resource_blocks
             WHERE tenant = $1 AND type IN (SELECT value FROM json_each($2)) AND block BETWEEN $3 AND $4
             GROUP BY block ORDER BY block",
    postgres: "SELECT counted.block, cast(sum(counted.resources) AS bigint)
               FROM unnest(cast(translate($2, '[]', '{}') AS bigint[])) AS given (value)
               CROSS JOIN LATERAL (SELECT block, resources FROM resource_blocks
                                   WHERE tenant = $1 AND type = given.value AND block BETWEEN $3 AND $4 OFFSET 0) AS counted
               GROUP BY counted.block ORDER BY counted.block",
};

/// Reads what the resources of a page belong to, as far as one statement tells that.
pub(super) async fn read_groups(tx: &mut Tx, tenant: TenantKey, page: &mut [StoredResource]) -> Result<(), StoreError> {
    let (Some(first), Some(last)) = (page.first(), page.last()) else { return Ok(()) };
    let most = u32::try_from(page.len()).unwrap_or(u32::MAX).saturating_mul(MEMBERSHIPS_OF_EACH);
    // A page in the order of creation has all of its type between its first and its last.
    let Some(mut groups) = direct::of_range(tx, tenant, (first.key, last.key), most).await? else { return Ok(()) };
    for resource in page {
        resource.groups = Some(groups.remove(&resource.key).unwrap_or_default());
    }
    Ok(())
}

/// How many memberships each resource of a page may have, on average, for [`read_groups`].
const MEMBERSHIPS_OF_EACH: u32 = 16;

/// The rows from a key on: one statement for one type, else one for each and one for the page.
async fn rows(
    tx: &mut Tx,
    tenant: TenantKey,
    types: &[Arc<ResourceType>],
    from: ResourceKey,
    skip: u32,
    count: u32,
) -> Result<Vec<StoredResource>, StoreError> {
    if let [resource_type] = types {
        let params = [tenant.into(), u32::from(resource_type.key).into(), from.0.into(), count.into(), skip.into()];
        return tx.query(&PAGE, &params, |row| StoredResource::read(row, resource_type)).await;
    }
    let mut keys = Vec::new();
    for resource_type in types {
        let most = i64::from(skip) + i64::from(count);
        let params = [tenant.into(), u32::from(resource_type.key).into(), from.0.into(), most.into()];
        keys.extend(tx.query(&KEYS, &params, |row| row.int(0).map(ResourceKey)).await?);
    }
    keys.sort_unstable();
    let page: Vec<ResourceKey> = keys.into_iter().skip(skip as usize).take(count as usize).collect();
    keyed::rows(tx, tenant, types, &page).await
}

pub(crate) static PAGE: Stmt = sql!(
    "SELECT pk, id, version, created, modified, body FROM resources
     WHERE tenant = $1 AND type = $2 AND pk >= $3 ORDER BY pk LIMIT $4 OFFSET $5"
);
pub(crate) static KEYS: Stmt =
    sql!("SELECT pk FROM resources WHERE tenant = $1 AND type = $2 AND pk >= $3 ORDER BY pk LIMIT $4");

fn type_list(types: &[Arc<ResourceType>]) -> String {
    let keys: Vec<String> = types.iter().map(|resource_type| resource_type.key.to_string()).collect();
    format!("[{}]", keys.join(","))
}
