//! Lists of resources: filter, order, page (RFC 7644 §3.4.2, RFC 9865).
//!
//! What everybody asks most is cheap at any size: everything in the order of creation (`listed`),
//! and what columns and indexes answer (`in_sql`). For the rest resources are looked at one by one
//! (`looked_at`), within a bound.

pub(crate) mod in_sql;
pub(crate) mod keyed;
pub(crate) mod listed;
pub(crate) mod looked_at;
mod order;

use std::sync::Arc;

use scim::filter::Condition;
use scim::query::{ListQuery, Page, Position};
use scim::schema::{FIRST_INDEX, Registry, Relation, ResourceType};

use super::filter_sql::{self, Fragment, Plan, Rank, Value};
use super::{ResourceKey, StoredResource};
use crate::error::StoreError;
use crate::schemas;
use crate::sql::Stmt;
use crate::store::Lane;
use crate::tenants::TenantKey;
use crate::tx::Tx;
use order::ColumnOrder;

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
    /// How many there are on all pages (`totalResults`). Exact; on the later pages of a crawl that
    /// filters, what it was when the crawl began.
    pub total: u64,
    /// Those on this page, in order.
    pub resources: Vec<StoredResource>,
    /// After which position the next page begins; `None` on the last page. Only for pages by cursor.
    pub next: Option<Position>,
}

impl Lane {
    /// How many rows one query looks at one by one, where no index answers it, or keys it reads
    /// from an index.
    pub const fn rows_max(self) -> usize {
        match self {
            Self::Near => 100,
            Self::Fast => 1_000,
            Self::Slow => 200_000,
        }
    }
}

/// How many resources a page of the near lane holds at most.
const NEAR_COUNT_MAX: u32 = 200;

/// How deep a page by index may lie in an order by attribute for the fast lane.
const SORTED_START_MAX: u64 = 10_000;

/// Which lane to try first for `query`. Costs no database.
pub fn lane(scope: &Scope, query: &ListQuery) -> Lane {
    let conditions = conditions(scope, query);
    let planned = planned(&conditions);
    let is_bounded = |planned: &PlannedType<'_, '_>| {
        planned.plan.nothing || planned.plan.keys.as_ref().is_some_and(|keys| keys.rank < Rank::Scan)
    };
    let is_fast = match path(&planned, query) {
        Path::Listed => true,
        Path::InSql(planned, order) if planned.plan.is_everything() => {
            let is_near = matches!(query.page, Page::Index { start: ..=SORTED_START_MAX, .. } | Page::Cursor { .. });
            is_near && order.is_some_and(|order| order.is_indexed())
        }
        Path::InSql(planned, _) => is_bounded(planned),
        Path::LookedAt => planned.iter().all(is_bounded),
    };
    let is_small = matches!(
        query.page,
        Page::Index { start: ..=SORTED_START_MAX, count: ..=NEAR_COUNT_MAX }
            | Page::Cursor { count: ..=NEAR_COUNT_MAX, .. }
    );
    match (is_fast, is_small) {
        (true, true) => Lane::Near,
        (true, false) => Lane::Fast,
        (false, _) => Lane::Slow,
    }
}

/// Finds a page of resources.
///
/// # Errors
/// [`StoreError::TooExpensive`] when more rows would have to be looked at than the lane allows
/// ([`Lane::rows_max`]): try the one that [`Lane::beyond`] gives. [`StoreError::Outdated`] when the
/// registry names an index that is no longer there.
pub async fn query(
    tx: &mut Tx,
    tenant: TenantKey,
    scope: &Scope,
    query: &ListQuery,
    lane: Lane,
) -> Result<Found, StoreError> {
    let conditions = conditions(scope, query);
    let found = find(tx, tenant, scope, query, lane, planned(&conditions)).await?;
    // Afterwards, since each statement may see the database at a moment of its own: an index that is no
    // longer whole never becomes so again.
    expect_indexes(tx, tenant, &conditions).await?;
    Ok(found)
}

async fn find(
    tx: &mut Tx,
    tenant: TenantKey,
    scope: &Scope,
    query: &ListQuery,
    lane: Lane,
    planned: Vec<PlannedType<'_, '_>>,
) -> Result<Found, StoreError> {
    match path(&planned, query) {
        Path::Listed => {
            let types: Vec<_> = planned.iter().map(|planned| Arc::clone(planned.resource_type)).collect();
            let mut found = listed::query(tx, tenant, &types, &query.page).await?;
            if let [resource_type] = types.as_slice()
                && query.projection.wants(resource_type, Relation::MemberOf)
            {
                listed::read_groups(tx, tenant, &mut found.resources).await?;
            }
            Ok(found)
        }
        Path::InSql(planned, order) => {
            let by_modified = order.is_some_and(|order| order.is_by_modified());
            if lane != Lane::Slow && by_modified && planned.plan.is_everything() && !tx.indexes_modified() {
                return Err(too_expensive());
            }
            probe(tx, tenant, planned, lane).await?;
            in_sql::query(tx, tenant, planned, order, query).await
        }
        Path::LookedAt => {
            for planned in &planned {
                probe(tx, tenant, planned, lane).await?;
            }
            looked_at::query(tx, tenant, scope, &planned, query, lane.rows_max()).await
        }
    }
}

/// A type that is searched, and how.
#[derive(Debug)]
pub(crate) struct PlannedType<'c, 'a> {
    resource_type: &'a Arc<ResourceType>,
    plan: Plan<'c, 'a>,
    /// The relation attributes that must be at hand for what remains of the filter.
    relations: Vec<Relation>,
}

/// The way in which a query is answered.
enum Path<'p, 'c, 'a> {
    Listed,
    InSql(&'p PlannedType<'c, 'a>, Option<ColumnOrder>),
    LookedAt,
}

/// What the filter means for each type for which it means something.
fn conditions<'a>(scope: &'a Scope, query: &ListQuery) -> Vec<(&'a Arc<ResourceType>, Option<Condition<'a>>)> {
    let types = scope.types.iter();
    types
        .filter_map(|resource_type| match &query.filter {
            None => Some((resource_type, None)),
            Some(filter) => Some((resource_type, Some(filter.resolve(resource_type).ok()?))),
        })
        .collect()
}

fn planned<'c, 'a>(conditions: &'c [(&'a Arc<ResourceType>, Option<Condition<'a>>)]) -> Vec<PlannedType<'c, 'a>> {
    let plans = conditions.iter().map(|(resource_type, condition)| {
        let plan = condition.as_ref().map_or_else(Plan::everything, |condition| Plan::of(condition, resource_type));
        let mut relations = Vec::new();
        for condition in &plan.remaining {
            collect_relations(condition, &mut relations);
        }
        PlannedType { resource_type, plan, relations }
    });
    plans.collect()
}

fn path<'p, 'c, 'a>(planned: &'p [PlannedType<'c, 'a>], query: &ListQuery) -> Path<'p, 'c, 'a> {
    if query.sort.is_none() && planned.iter().all(|planned| planned.plan.is_everything()) {
        return Path::Listed;
    }
    let [only] = planned else { return Path::LookedAt };
    if only.plan.nothing || !only.plan.remaining.is_empty() {
        return Path::LookedAt;
    }
    let Some(sort) = &query.sort else { return Path::InSql(only, None) };
    let order = sort.target(only.resource_type).and_then(|target| ColumnOrder::of(sort, &target, only.resource_type));
    order.map_or(Path::LookedAt, |order| Path::InSql(only, Some(order)))
}

/// Makes sure that the indexes of the tenant's own choice that were used were whole: the registry can be from
/// before one was dropped.
async fn expect_indexes(
    tx: &mut Tx,
    tenant: TenantKey,
    conditions: &[(&Arc<ResourceType>, Option<Condition<'_>>)],
) -> Result<(), StoreError> {
    let mut used = Vec::new();
    for (resource_type, condition) in conditions {
        if let Some(condition) = condition {
            filter_sql::collect_indexes(condition, resource_type, &mut used);
        }
    }
    used.retain(|number| *number >= FIRST_INDEX);
    if used.is_empty() || schemas::indexes::are_ready(tx, tenant, &used).await? {
        return Ok(());
    }
    Err(StoreError::Outdated)
}

/// On the fast lane: refuses a plan that reads too many keys from indexes, before it reads them.
async fn probe(tx: &mut Tx, tenant: TenantKey, planned: &PlannedType<'_, '_>, lane: Lane) -> Result<(), StoreError> {
    let Some(keys) = planned.plan.keys.as_ref().filter(|keys| keys.rank > Rank::Unique) else { return Ok(()) };
    if lane == Lane::Slow || planned.plan.nothing {
        return Ok(());
    }
    if keys.rank == Rank::Modified && !tx.indexes_modified() {
        return Err(too_expensive());
    }
    let mut left = i64::try_from(lane.rows_max()).unwrap_or(i64::MAX);
    for part in &keys.parts {
        let statement = probe_statement(part, left + 1);
        let params = statement.params(tenant, planned.resource_type.key);
        let read = tx.query_one(&statement.statement(), &params, |row| row.int(0)).await?;
        left -= read.unwrap_or(0);
        if left < 0 {
            return Err(too_expensive());
        }
    }
    Ok(())
}

/// Counts keys, but not beyond `most`.
fn probe_statement(keys: &Fragment, most: i64) -> Fragment {
    let limit = Fragment::new(" LIMIT ?) AS keys", [Value::Int(most)]);
    Fragment::new("SELECT count(*) FROM (", []).and(keys).and(&limit)
}

/// What `query` builds for the first of its types: see [`crate::catalogue::of_query`].
pub(crate) fn statements(scope: &Scope, query: &ListQuery) -> Vec<Arc<Stmt>> {
    let conditions = conditions(scope, query);
    let planned = planned(&conditions);
    let Some(first) = planned.first() else { return Vec::new() };
    let keys = first.plan.keys.as_ref().filter(|keys| keys.rank > Rank::Unique);
    let mut built: Vec<Fragment> =
        keys.iter().flat_map(|keys| &keys.parts).map(|part| probe_statement(part, 1)).collect();
    match path(&planned, query) {
        Path::Listed => {}
        Path::InSql(planned, order) => {
            let groups = in_sql::reads_groups(planned, order, query);
            built.push(in_sql::rows_statement(&planned.plan, order, &query.page, groups));
            if !planned.plan.is_everything() {
                built.push(in_sql::count_statement(&planned.plan));
            }
        }
        Path::LookedAt => built.push(looked_at::candidates_statement(first, Some(ResourceKey(0)), 1)),
    }
    built.iter().map(Fragment::statement).collect()
}

fn too_expensive() -> StoreError {
    StoreError::TooExpensive("too many resources would have to be looked at one by one".into())
}

fn collect_relations(condition: &Condition<'_>, found: &mut Vec<Relation>) {
    let target = match condition {
        Condition::And(left, right) | Condition::Or(left, right) => {
            collect_relations(left, found);
            collect_relations(right, found);
            return;
        }
        Condition::Not(inner) => return collect_relations(inner, found),
        Condition::Present(target) | Condition::Values(target, _) => target,
        Condition::Compare(comparison) => &comparison.target,
    };
    found.extend(target.attribute.and_then(|attribute| attribute.relation));
}
