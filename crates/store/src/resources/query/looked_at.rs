//! Queries for which resources are looked at one by one: a filter or an order over what only the
//! document tells, or over several types at once.

use std::sync::Arc;

use scim::query::{Cursor, ListQuery, Page, Position, Sort, SortKey};
use scim::schema::{ResourceType, Target};

use super::{Found, PlannedType, Scope, keyed};
use crate::error::StoreError;
use crate::resources::filter_sql::{Fragment, Value};
use crate::resources::{ResourceKey, relations};
use crate::tenants::TenantKey;
use crate::tx::Tx;

/// A resource that was found, and its place in the order.
struct Hit {
    key: ResourceKey,
    value: Option<SortKey>,
}

/// How many resources are read at once.
const CHUNK: usize = 500;

/// A page of what the plans find, after looking at no more than `rows_max` resources.
pub(super) async fn query(
    tx: &mut Tx,
    tenant: TenantKey,
    scope: &Scope,
    planned: &[PlannedType<'_, '_>],
    query: &ListQuery,
    rows_max: usize,
) -> Result<Found, StoreError> {
    if let (Page::Cursor { after: Some(after), count }, None) = (&query.page, &query.sort) {
        return go_on(tx, tenant, scope, planned, after, *count, rows_max).await;
    }
    let mut hits = Vec::new();
    let mut looked_at = 0;
    for planned in planned.iter().filter(|planned| !planned.plan.nothing) {
        let most = rows_max - looked_at;
        let candidates = candidates(tx, tenant, planned, None, most.saturating_add(1)).await?;
        if candidates.len() > most {
            return Err(super::too_expensive());
        }
        looked_at += candidates.len();
        let sort = query.sort.as_ref().and_then(|sort| sort.target(planned.resource_type));
        hits.extend(look(tx, tenant, scope, planned, sort, candidates).await?);
    }
    match &query.sort {
        Some(sort) => hits.sort_unstable_by(|one, other| {
            sort.compare(one.value.as_ref(), other.value.as_ref(), one.key.cmp(&other.key))
        }),
        None => hits.sort_unstable_by_key(|hit| hit.key),
    }
    page(tx, tenant, scope, &hits, query).await
}

/// The next page of a crawl in the order of creation: looks from there until the page is full, so
/// that a crawl looks at each resource once.
async fn go_on(
    tx: &mut Tx,
    tenant: TenantKey,
    scope: &Scope,
    planned: &[PlannedType<'_, '_>],
    after: &Cursor,
    count: u32,
    rows_max: usize,
) -> Result<Found, StoreError> {
    // One more than the page holds tells that there is another page.
    let wanted = count as usize + 1;
    let mut hits = Vec::new();
    let mut looked_at = 0;
    for planned in planned.iter().filter(|planned| !planned.plan.nothing) {
        let mut last = ResourceKey(after.position.key());
        let enough = hits.len() + wanted;
        while hits.len() < enough {
            let candidates = candidates(tx, tenant, planned, Some(last), CHUNK).await?;
            looked_at += candidates.len();
            if looked_at > rows_max {
                return Err(super::too_expensive());
            }
            let Some(key) = candidates.last() else { break };
            last = *key;
            hits.extend(look(tx, tenant, scope, planned, None, candidates).await?);
        }
    }
    hits.sort_unstable_by_key(|hit| hit.key);
    let on_page = &hits[..hits.len().min(count as usize)];
    let next = on_page.last().filter(|_| hits.len() > on_page.len()).map(|hit| Position::Key(hit.key.0));
    let keys: Vec<ResourceKey> = on_page.iter().map(|hit| hit.key).collect();
    Ok(Found { total: after.total, resources: keyed::rows(tx, tenant, &scope.types, &keys).await?, next })
}

/// The keys of those that the database finds, in their order, at most `most`; only those after a key
/// if one is given.
async fn candidates(
    tx: &mut Tx,
    tenant: TenantKey,
    planned: &PlannedType<'_, '_>,
    after: Option<ResourceKey>,
    most: usize,
) -> Result<Vec<ResourceKey>, StoreError> {
    let statement = candidates_statement(planned, after, most);
    let params = statement.params(tenant, planned.resource_type.key);
    tx.query(&statement.statement(), &params, |row| row.int(0).map(ResourceKey)).await
}

pub(super) fn candidates_statement(planned: &PlannedType<'_, '_>, after: Option<ResourceKey>, most: usize) -> Fragment {
    let after = after.map_or_else(Fragment::default, |key| planned.plan.after(key.0));
    let most = Value::Int(i64::try_from(most).unwrap_or(i64::MAX));
    Fragment::new("SELECT pk", [])
        .and(&planned.plan.rows_found())
        .and(&after)
        .and(&planned.plan.in_order())
        .and(&Fragment::new(" LIMIT ?", [most]))
}

/// Those candidates for which the rest of the filter holds.
async fn look(
    tx: &mut Tx,
    tenant: TenantKey,
    scope: &Scope,
    planned: &PlannedType<'_, '_>,
    sort: Option<Target<'_>>,
    candidates: Vec<ResourceKey>,
) -> Result<Vec<Hit>, StoreError> {
    if planned.plan.remaining.is_empty() && sort.is_none() {
        return Ok(candidates.into_iter().map(|key| Hit { key, value: None }).collect());
    }
    let types = [Arc::clone(planned.resource_type)];
    let mut hits = Vec::new();
    for chunk in candidates.chunks(CHUNK) {
        let stored = keyed::rows(tx, tenant, &types, chunk).await?;
        let keys: Vec<ResourceKey> = stored.iter().map(|resource| resource.key).collect();
        let named = |_: &ResourceType, relation| planned.relations.contains(&relation);
        let complete = relations::complete(tx, tenant, &scope.registry, named, stored).await?;
        for (key, resource) in keys.into_iter().zip(complete) {
            let broken = |error| StoreError::Corrupt(format!("resource {}: {error}", resource.id));
            let json = resource.to_json(&scope.base_url).map_err(broken)?;
            if planned.plan.remaining.iter().all(|condition| condition.holds(&json)) {
                hits.push(Hit { key, value: sort.as_ref().and_then(|target| Sort::key(target, &json)) });
            }
        }
    }
    Ok(hits)
}

async fn page(
    tx: &mut Tx,
    tenant: TenantKey,
    scope: &Scope,
    hits: &[Hit],
    query: &ListQuery,
) -> Result<Found, StoreError> {
    let (first, count) = match &query.page {
        Page::Index { start, count } => (usize::try_from(start.saturating_sub(1)).unwrap_or(usize::MAX), *count),
        Page::Cursor { after: None, count } => (0, *count),
        Page::Cursor { after: Some(after), count } => {
            (hits.partition_point(|hit| !is_after(hit, &after.position, query)), *count)
        }
    };
    let on_page: &[Hit] = hits.get(first..).unwrap_or_default();
    let on_page = &on_page[..on_page.len().min(count as usize)];
    let keys: Vec<ResourceKey> = on_page.iter().map(|hit| hit.key).collect();
    let is_last = first.saturating_add(on_page.len()) >= hits.len();
    let next = match (&query.page, on_page.last()) {
        (Page::Cursor { .. }, Some(last)) if !is_last => Some(match &query.sort {
            None => Position::Key(last.key.0),
            Some(_) => Position::Sorted { value: last.value.as_ref().map(SortKey::to_text), key: last.key.0 },
        }),
        _ => None,
    };
    let resources = keyed::rows(tx, tenant, &scope.types, &keys).await?;
    Ok(Found { total: hits.len() as u64, resources, next })
}

fn is_after(hit: &Hit, position: &Position, query: &ListQuery) -> bool {
    match (position, &query.sort) {
        (Position::Sorted { value, key }, Some(sort)) => {
            let value = value.as_deref().and_then(SortKey::from_text);
            sort.compare(hit.value.as_ref(), value.as_ref(), hit.key.0.cmp(key)).is_gt()
        }
        (Position::Key(key) | Position::Sorted { key, .. }, _) => hit.key.0 > *key,
    }
}
