//! Queries that the database answers alone: one type, a filter and an order over columns and indexes.

use std::sync::Arc;

use scim::query::{Page, Position, SortKey};
use scim::schema::ResourceType;

use super::Found;
use super::order::ColumnOrder;
use crate::error::StoreError;
use crate::resources::StoredResource;
use crate::resources::filter_sql::{Fragment, Plan, Value};
use crate::tenants::TenantKey;
use crate::tx::Tx;

/// A page of what `plan` finds, in the order of creation or of a column.
pub(super) async fn query(
    tx: &mut Tx,
    tenant: TenantKey,
    resource_type: &Arc<ResourceType>,
    plan: &Plan<'_, '_>,
    order: Option<ColumnOrder>,
    page: &Page,
) -> Result<Found, StoreError> {
    let found = plan.where_clause().and_text(order.map_or("", |order| order.assurance()));
    let (rest, skip, count) = match page {
        Page::Index { start, count } => (Fragment::default(), start.saturating_sub(1), *count),
        Page::Cursor { after, count } => {
            (after.as_ref().map_or_else(Fragment::default, |after| rows_after(after, order)), 0, *count)
        }
    };
    // One more than the page holds tells whether there is another, and often what the total is.
    let mut rows = if count == 0 {
        Vec::new()
    } else {
        let limit = Fragment::new(
            " LIMIT ? OFFSET ?",
            [Value::Int(i64::from(count) + 1), Value::Int(i64::try_from(skip).unwrap_or(i64::MAX))],
        );
        let order_by = order.map_or_else(|| " ORDER BY pk".to_owned(), |order| order.order_by());
        let statement = Fragment::new("SELECT pk, id, version, created, modified, body, ", [])
            .and_text(order.map_or("pk", |order| order.column()))
            .and_text(" FROM resources")
            .and(&found)
            .and(&rest)
            .and_text(&order_by)
            .and(&limit);
        select(tx, tenant, resource_type, &statement, order).await?
    };
    let more = rows.len() > count as usize;
    let is_first = skip == 0 && rest == Fragment::default();
    let total = if is_first && count > 0 && !more {
        rows.len() as u64
    } else {
        total(tx, tenant, resource_type, &found).await?
    };
    rows.truncate(count as usize);
    let next = match (page, rows.last()) {
        (Page::Cursor { .. }, Some((last, value))) if more => Some(match order {
            None => Position::Key(last.key.0),
            Some(_) => Position::Sorted { value: value.as_ref().map(SortKey::to_text), key: last.key.0 },
        }),
        _ => None,
    };
    Ok(Found { total, resources: rows.into_iter().map(|(resource, _)| resource).collect(), next })
}

/// The condition for the pages after a position.
fn rows_after(after: &Position, order: Option<ColumnOrder>) -> Fragment {
    match (after, order) {
        (Position::Sorted { value, key }, Some(order)) => {
            order.after(value.as_deref().and_then(SortKey::from_text).as_ref(), *key)
        }
        (Position::Key(key) | Position::Sorted { key, .. }, _) => Fragment::new(" AND pk > ?", [Value::Int(*key)]),
    }
}

async fn select(
    tx: &mut Tx,
    tenant: TenantKey,
    resource_type: &Arc<ResourceType>,
    statement: &Fragment,
    order: Option<ColumnOrder>,
) -> Result<Vec<(StoredResource, Option<SortKey>)>, StoreError> {
    let params = statement.params(tenant, resource_type.key);
    tx.query(&statement.statement(), &params, |row| {
        let value = order.map(|order| order.read(row, 6)).transpose()?.flatten();
        Ok((StoredResource::read(row, resource_type)?, value))
    })
    .await
}

async fn total(
    tx: &mut Tx,
    tenant: TenantKey,
    resource_type: &ResourceType,
    found: &Fragment,
) -> Result<u64, StoreError> {
    let statement = Fragment::new("SELECT count(*) FROM resources", []).and(found);
    let params = statement.params(tenant, resource_type.key);
    let total = tx.query_one(&statement.statement(), &params, |row| row.int(0)).await?;
    Ok(total.unwrap_or(0).cast_unsigned())
}
