//! Queries that the database answers alone: one type, a filter and an order over columns and indexes.

use std::sync::Arc;

use scim::query::{ListQuery, Page, Position, SortKey};
use scim::schema::{Relation, ResourceType};

use super::order::ColumnOrder;
use super::{Found, PlannedType, listed};
use crate::error::StoreError;
use crate::members::direct;
use crate::resources::StoredResource;
use crate::resources::filter_sql::{Fragment, Plan, Value};
use crate::tenants::TenantKey;
use crate::tx::Tx;

/// Whether what the resources belong to is read with them. Not where all that is found has to be sorted first,
/// which would read it for all.
pub(super) fn reads_groups(planned: &PlannedType<'_, '_>, order: Option<ColumnOrder>, query: &ListQuery) -> bool {
    order.is_none() && query.projection.wants(planned.resource_type, Relation::MemberOf)
}

/// A page of what `planned` finds, in the order of creation or of a column.
pub(super) async fn query(
    tx: &mut Tx,
    tenant: TenantKey,
    planned: &PlannedType<'_, '_>,
    order: Option<ColumnOrder>,
    query: &ListQuery,
) -> Result<Found, StoreError> {
    let PlannedType { resource_type, plan, .. } = planned;
    let page = &query.page;
    let count = match page {
        Page::Index { count, .. } | Page::Cursor { count, .. } => *count as usize,
    };
    let mut rows = if count == 0 {
        Vec::new()
    } else {
        let groups = reads_groups(planned, order, query);
        select(tx, tenant, resource_type, &rows_statement(plan, order, page, groups), order, groups).await?
    };
    // One row more than the page holds tells that there is another page.
    let more = rows.len() > count;
    let is_first = matches!(page, Page::Index { start: 0..=1, .. } | Page::Cursor { after: None, .. });
    let total = match page {
        _ if is_first && count > 0 && !more => rows.len() as u64,
        _ if plan.is_everything() => listed::total(tx, tenant, std::slice::from_ref(resource_type)).await?,
        Page::Cursor { after: Some(after), .. } => after.total,
        Page::Index { .. } | Page::Cursor { .. } => total(tx, tenant, resource_type, &count_statement(plan)).await?,
    };
    rows.truncate(count);
    let next = match (page, rows.last()) {
        (Page::Cursor { .. }, Some((last, value))) if more => Some(match order {
            None => Position::Key(last.key.0),
            Some(_) => Position::Sorted { value: value.as_ref().map(SortKey::to_text), key: last.key.0 },
        }),
        _ => None,
    };
    Ok(Found { total, resources: rows.into_iter().map(|(resource, _)| resource).collect(), next })
}

/// Selects the rows of a page and one more.
pub(super) fn rows_statement(
    plan: &Plan<'_, '_>,
    order: Option<ColumnOrder>,
    page: &Page,
    with_groups: bool,
) -> Fragment {
    let (rest, skip, count) = match page {
        Page::Index { start, count } => (Fragment::default(), start.saturating_sub(1), *count),
        Page::Cursor { after: None, count } => (Fragment::default(), 0, *count),
        Page::Cursor { after: Some(after), count } => (rows_after(plan, &after.position, order), 0, *count),
    };
    let limit = [Value::Int(i64::from(count) + 1), Value::Int(i64::try_from(skip).unwrap_or(i64::MAX))];
    let order_by = order.map_or_else(|| plan.in_order(), |order| order.order_by());
    let more = match order {
        None if with_groups => Fragment::forked(direct::column!(sqlite), direct::column!(postgres), []),
        None => Fragment::new("NULL", []),
        Some(order) => Fragment::new(order.column(), []),
    };
    Fragment::new("SELECT pk, id, version, created, modified, body, ", [])
        .and(&more)
        .and(&plan.rows_found())
        .and_text(order.map_or("", |order| order.assurance()))
        .and(&rest)
        .and(&order_by)
        .and(&Fragment::new(" LIMIT ? OFFSET ?", limit))
}

/// Counts the rows of all pages.
pub(super) fn count_statement(plan: &Plan<'_, '_>) -> Fragment {
    Fragment::new("SELECT count(*)", []).and(&plan.rows_found())
}

/// The condition for the pages after a position.
fn rows_after(plan: &Plan<'_, '_>, after: &Position, order: Option<ColumnOrder>) -> Fragment {
    match (after, order) {
        (Position::Sorted { value, key }, Some(order)) => {
            order.after(value.as_deref().and_then(SortKey::from_text).as_ref(), *key)
        }
        (Position::Key(key) | Position::Sorted { key, .. }, _) => plan.after(*key),
    }
}

async fn select(
    tx: &mut Tx,
    tenant: TenantKey,
    resource_type: &Arc<ResourceType>,
    statement: &Fragment,
    order: Option<ColumnOrder>,
    with_groups: bool,
) -> Result<Vec<(StoredResource, Option<SortKey>)>, StoreError> {
    let params = statement.params(tenant, resource_type.key);
    tx.query(&statement.statement(), &params, |row| {
        if with_groups {
            return Ok((StoredResource::read_with_groups(row, resource_type)?, None));
        }
        let value = order.map(|order| order.read(row, 6)).transpose()?.flatten();
        Ok((StoredResource::read(row, resource_type)?, value))
    })
    .await
}

async fn total(
    tx: &mut Tx,
    tenant: TenantKey,
    resource_type: &ResourceType,
    statement: &Fragment,
) -> Result<u64, StoreError> {
    let params = statement.params(tenant, resource_type.key);
    let total = tx.query_one(&statement.statement(), &params, |row| row.int(0)).await?;
    Ok(total.unwrap_or(0).cast_unsigned())
}
