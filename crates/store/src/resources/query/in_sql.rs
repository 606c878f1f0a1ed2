//! Queries that the database answers alone: one type, a filter and an order over columns and indexes.

use std::sync::Arc;

use scim::query::{Page, Position, SortKey};
use scim::schema::ResourceType;

use super::order::ColumnOrder;
use super::{Found, listed};
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
    let count = match page {
        Page::Index { count, .. } | Page::Cursor { count, .. } => *count as usize,
    };
    let mut rows = match count {
        0 => Vec::new(),
        _ => select(tx, tenant, resource_type, &rows_statement(plan, order, page), order).await?,
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
fn rows_statement(plan: &Plan<'_, '_>, order: Option<ColumnOrder>, page: &Page) -> Fragment {
    let (rest, skip, count) = match page {
        Page::Index { start, count } => (Fragment::default(), start.saturating_sub(1), *count),
        Page::Cursor { after: None, count } => (Fragment::default(), 0, *count),
        Page::Cursor { after: Some(after), count } => (rows_after(&after.position, order), 0, *count),
    };
    let limit = [Value::Int(i64::from(count) + 1), Value::Int(i64::try_from(skip).unwrap_or(i64::MAX))];
    let order_by = order.map_or_else(|| " ORDER BY pk".to_owned(), |order| order.order_by());
    Fragment::new("SELECT pk, id, version, created, modified, body, ", [])
        .and_text(order.map_or("pk", |order| order.column()))
        .and_text(" FROM resources")
        .and(&plan.where_clause())
        .and_text(order.map_or("", |order| order.assurance()))
        .and(&rest)
        .and_text(&order_by)
        .and(&Fragment::new(" LIMIT ? OFFSET ?", limit))
}

/// Counts the rows of all pages.
fn count_statement(plan: &Plan<'_, '_>) -> Fragment {
    Fragment::new("SELECT count(*) FROM resources", []).and(&plan.where_clause())
}

/// The condition for the pages after a position.
fn rows_after(after: &Position, order: Option<ColumnOrder>) -> Fragment {
    match (after, order) {
        (Position::Sorted { value, key }, Some(order)) => {
            order.after(value.as_deref().and_then(SortKey::from_text).as_ref(), *key)
        }
        (position, _) => Fragment::new(" AND pk > ?", [Value::Int(position.key())]),
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
    statement: &Fragment,
) -> Result<u64, StoreError> {
    let params = statement.params(tenant, resource_type.key);
    let total = tx.query_one(&statement.statement(), &params, |row| row.int(0)).await?;
    Ok(total.unwrap_or(0).cast_unsigned())
}

#[cfg(test)]
mod tests {
    use scim::filter::Filter;
    use scim::query::{Cursor, Sort, SortOrder};
    use scim::schema::core;

    use super::*;
    use crate::sql::Stmt;
    use crate::{Options, Store};

    /// The plans that SQLite makes for the rows and the total of what a filter finds.
    async fn plans(store: &Store, type_name: &str, filter: Option<&str>, sort: Option<&str>) -> String {
        let registry = core::registry();
        let resource_type = registry.type_named(type_name).unwrap();
        let filter = filter.map(|text| text.parse::<Filter>().unwrap());
        let condition = filter.map(|filter| filter.resolve(resource_type).unwrap());
        let plan = condition.as_ref().map_or_else(Plan::everything, |condition| Plan::of(condition, resource_type));
        assert!(plan.remaining.is_empty(), "the database answers alone");
        let order = sort.map(|by| Sort { by: by.parse().unwrap(), order: SortOrder::Descending });
        let order = order.and_then(|sort| ColumnOrder::of(&sort, &sort.target(resource_type).unwrap(), resource_type));
        let value = if sort == Some("meta.lastModified") { SortKey::Instant(7) } else { SortKey::Text("a".into()) };
        let position = Position::Sorted { value: Some(value.to_text()), key: 7 };
        let page = Page::Cursor { after: Some(Cursor { position, total: 9 }), count: 100 };
        let rows = explain(store, resource_type.key, rows_statement(&plan, order, &page)).await;
        let total = explain(store, resource_type.key, count_statement(&plan)).await;
        format!("rows\n{rows}total\n{total}")
    }

    async fn explain(store: &Store, resource_type: u16, statement: Fragment) -> String {
        let steps = store.read(move |tx| {
            Box::pin(async move {
                let explain = Stmt::built(format!("EXPLAIN QUERY PLAN {}", statement.statement().sqlite()));
                tx.query(&explain, &statement.params(TenantKey(1), resource_type), |row| row.text(3)).await
            })
        });
        format!("  {}\n", steps.await.unwrap().join("\n  "))
    }

    #[test]
    fn each_kind_of_query_has_the_plan_that_was_reviewed() {
        let directory = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let queries = [
            ("User", Some("userName eq \"a\""), None),
            ("User", Some("userName sw \"a\" and active eq true"), None),
            ("User", Some("userName co \"a\""), None),
            ("User", Some("externalId eq \"a\" or emails.value eq \"a\""), None),
            ("User", Some("emails.value eq \"a\" and not (emails.value sw \"b\")"), None),
            ("User", Some("active eq false"), None),
            ("User", Some("meta.lastModified gt \"2026-01-01T00:00:00Z\""), None),
            ("User", Some("groups.value eq \"grp_06EKJ3T9X8R4M1V5W7Y0ZABCDE\""), None),
            ("Group", Some("displayName eq \"a\""), None),
            ("Group", Some("members.value eq \"usr_06EKJ3T9X8R4M1V5W7Y0ZABCDE\""), None),
            ("User", None, Some("userName")),
            ("User", None, Some("meta.lastModified")),
            ("User", None, Some("externalId")),
            ("User", Some("emails.value eq \"a\""), Some("userName")),
        ];

        let mut all = Vec::new();
        runtime.block_on(async {
            let store = Store::open(&Options::new(directory.path().join("muster.db"))).await.unwrap();
            for (type_name, filter, sort) in queries {
                let plans = plans(&store, type_name, filter, sort).await;
                let (filter, sort) = (filter.unwrap_or("all"), sort.unwrap_or("creation"));
                all.push(format!("{type_name}: {filter} by {sort}\n{plans}"));
            }
            store.close().await;
        });

        insta::assert_snapshot!(all.join("\n"));
    }
}
