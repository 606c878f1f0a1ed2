//! Lists: a query over one type or all, by query string or by body (RFC 7644 §3.4.2, §3.4.3).

use std::sync::Arc;

use scim::ScimError;
use scim::message::SearchRequest;
use scim::projection::Projection;
use scim::query::{ListQuery, Page, PageLimits};
use scim::resource::{Notes, Representation};
use scim::schema::ResourceType;
use store::resources::{self, Scope};
use store::{Lane, StoreError, TenantKey, Tx};

use super::tries::is_outdated;
use super::{refuse_both_selections_if_strict, refuse_repairs_if_strict};
use crate::App;
use crate::caller::{ScimCaller, Scopes};
use crate::error::ServiceError;

/// A page of resources.
#[derive(Debug)]
pub struct Found {
    /// How many match, on all pages together; in a crawl by cursor that filters, when it began.
    pub total_results: u64,
    /// The place of the first on this page, from 1; `None` for pages by cursor.
    pub start_index: Option<u64>,
    /// Where the next page begins; for pages by cursor, unless this is the last.
    pub next_cursor: Option<String>,
    /// The page.
    pub resources: Vec<Representation>,
    /// What of them is to be shown.
    pub projection: Projection,
    /// What was mended in the query.
    pub notes: Notes,
}

impl App {
    /// The resources that a query finds: of `resource_type`, or of all types that the caller may
    /// read. `base_url` is the SCIM base, which filters can name.
    ///
    /// # Errors
    /// [`ServiceError::Scim`] for a query that makes no sense: it is never taken for one that finds
    /// nothing. [`ServiceError::Forbidden`] for who may read no type at all.
    pub async fn list(
        &self,
        caller: &ScimCaller,
        resource_type: Option<&Arc<ResourceType>>,
        request: &SearchRequest,
        base_url: &str,
    ) -> Result<Found, ServiceError> {
        let found = self.list_of(caller, resource_type, request, base_url).await;
        if !is_outdated(&found) {
            return found;
        }
        let caller = self.caught_up(caller).await?;
        let resource_type = match resource_type {
            Some(gone_or_not) => Some(caller.registry.type_keyed(gone_or_not.key).unwrap_or(gone_or_not)),
            None => None,
        };
        self.list_of(&caller, resource_type, request, base_url).await
    }

    async fn list_of(
        &self,
        caller: &ScimCaller,
        resource_type: Option<&Arc<ResourceType>>,
        request: &SearchRequest,
        base_url: &str,
    ) -> Result<Found, ServiceError> {
        let tenant = caller.tenant.key;
        let registry = Arc::clone(&caller.registry);
        let readable = |t: &&Arc<ResourceType>| caller.scopes.contains(Scopes::to_read(t));
        let types: Vec<Arc<ResourceType>> = match resource_type {
            Some(resource_type) => vec![Arc::clone(resource_type)],
            None => registry.types().iter().filter(readable).cloned().collect(),
        };
        if types.is_empty() {
            caller.require(Scopes::READ)?;
        }
        let limits = caller.tenant.limits;
        let limits = PageLimits { default: limits.page_size_default, max: limits.page_size_max };
        let asked = ListQuery::new(request, &types, limits)?;
        refuse_repairs_if_strict(caller, &asked.notes, ScimError::Filter)?;
        refuse_both_selections_if_strict(caller, &asked.projection)?;
        let scope = Scope { registry, types, base_url: base_url.to_owned() };
        let asked = Arc::new(asked);
        let (found, resources) = self.page(tenant, &Arc::new(scope), &asked).await?;
        let mut notes = asked.notes.clone();
        asked.projection.note(&mut notes);
        Ok(Found {
            total_results: found.total,
            start_index: match asked.page {
                Page::Index { start, .. } => Some(start),
                Page::Cursor { .. } => None,
            },
            next_cursor: found.next.map(|position| asked.cursor_after(position, found.total)),
            resources,
            projection: asked.projection.clone(),
            notes,
        })
    }

    /// Reads a page on the lane that it belongs on: all but the slow one give up early on a query that
    /// turns out to read much.
    async fn page(
        &self,
        tenant: TenantKey,
        scope: &Arc<Scope>,
        query: &Arc<ListQuery>,
    ) -> Result<(resources::Found, Vec<Representation>), StoreError> {
        let mut lane = resources::lane(scope, query);
        loop {
            match (self.page_on(lane, tenant, scope, query).await, lane.beyond()) {
                (Err(StoreError::TooExpensive(_)), Some(beyond)) => lane = beyond,
                (answer, _) => return answer,
            }
        }
    }

    async fn page_on(
        &self,
        lane: Lane,
        tenant: TenantKey,
        scope: &Arc<Scope>,
        query: &Arc<ListQuery>,
    ) -> Result<(resources::Found, Vec<Representation>), StoreError> {
        let (scope, query) = (Arc::clone(scope), Arc::clone(query));
        self.store().read_on(lane, move |tx| Box::pin(page(tx, tenant, scope, query, lane))).await
    }
}

async fn page(
    tx: &mut Tx,
    tenant: TenantKey,
    scope: Arc<Scope>,
    query: Arc<ListQuery>,
    lane: Lane,
) -> Result<(resources::Found, Vec<Representation>), StoreError> {
    let mut found = resources::query(tx, tenant, &scope, &query, lane).await?;
    let stored = std::mem::take(&mut found.resources);
    let wants = |of: &ResourceType, relation| query.projection.wants(of, relation);
    let shown = resources::complete(tx, tenant, &scope.registry, wants, stored).await?;
    Ok((found, shown))
}
