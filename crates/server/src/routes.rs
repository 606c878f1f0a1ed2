//! The table of all routes. Tests walk it: each route has an authorisation test, and each is in
//! the OpenAPI document.

use axum::Router;
use axum::routing::{MethodRouter, delete, get, patch, post, put};

use crate::ServerState;
use crate::http::problem::Problem;
use crate::http::scim::{bulk, discovery, resources};
use crate::http::{docs, health, layers};

/// A method at a path.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// The method, in capitals.
    pub method: &'static str,
    /// The path with its parameters in braces, without a slash at the end.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    handler: fn() -> MethodRouter<ServerState>,
}

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Public,
    /// Who has a credential for the tenant; what it must be allowed to do beyond that.
    Scim(ScimNeed),
    /// Who may read through the admin API.
    AdminRead,
    /// Who may change things through the admin API.
    AdminWrite,
}

/// What a SCIM route wants of the scopes of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScimNeed {
    /// Any credential of the tenant will do.
    Any,
    /// The scope to read resources of the type.
    Read,
    /// The scope to write resources of the type.
    Write,
    /// The scope `bulk`; and for each inner operation the scope to write its type.
    Bulk,
}

/// A route of the tenant's SCIM base.
macro_rules! scim {
    ($path:literal) => {
        concat!("/api/v1/tenants/{tenant_id}/scim/v2", $path)
    };
}

const ANY: Access = Access::Scim(ScimNeed::Any);
const READ: Access = Access::Scim(ScimNeed::Read);
const WRITE: Access = Access::Scim(ScimNeed::Write);
const BULK: Access = Access::Scim(ScimNeed::Bulk);

const fn route(
    method: &'static str,
    path: &'static str,
    access: Access,
    handler: fn() -> MethodRouter<ServerState>,
) -> Route {
    Route { method, path, access, handler }
}

/// Every route there is. `{endpoint}` stands for that of any resource type of the tenant.
pub static ROUTES: &[Route] = &[
    // SCIM (RFC 7644 §3.2, table 2)
    route("GET", scim!(""), READ, || get(resources::list_all)),
    route("POST", scim!("/.search"), READ, || post(resources::search_all)),
    route("POST", scim!("/Bulk"), BULK, || post(bulk::run)),
    route("GET", scim!("/ServiceProviderConfig"), ANY, || get(discovery::service_provider_config)),
    route("GET", scim!("/ResourceTypes"), ANY, || get(discovery::resource_types)),
    route("GET", scim!("/ResourceTypes/{id}"), ANY, || get(discovery::resource_type)),
    route("GET", scim!("/Schemas"), ANY, || get(discovery::schemas)),
    route("GET", scim!("/Schemas/{id}"), ANY, || get(discovery::schema)),
    route("GET", scim!("/Me"), ANY, || get(resources::me)),
    route("POST", scim!("/Me"), ANY, || post(resources::me)),
    route("PUT", scim!("/Me"), ANY, || put(resources::me)),
    route("PATCH", scim!("/Me"), ANY, || patch(resources::me)),
    route("DELETE", scim!("/Me"), ANY, || delete(resources::me)),
    route("GET", scim!("/{endpoint}"), READ, || get(resources::list)),
    route("POST", scim!("/{endpoint}"), WRITE, || post(resources::create)),
    route("POST", scim!("/{endpoint}/.search"), READ, || post(resources::search)),
    route("GET", scim!("/{endpoint}/{id}"), READ, || get(resources::read)),
    route("PUT", scim!("/{endpoint}/{id}"), WRITE, || put(resources::replace)),
    route("PATCH", scim!("/{endpoint}/{id}"), WRITE, || patch(resources::patch)),
    route("DELETE", scim!("/{endpoint}/{id}"), WRITE, || delete(resources::delete)),
    // The description of all this
    route("GET", "/openapi.json", Access::Public, || get(docs::document)),
    route("GET", "/docs", Access::Public, || get(docs::page)),
    // Whether we live
    route("GET", "/healthz", Access::Public, || get(health::live)),
    route("GET", "/readyz", Access::Public, || get(health::ready)),
];

/// The table as a router, behind the one layer.
pub(crate) fn router(state: ServerState) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        router = router.route(route.path, (route.handler)());
    }
    router
        .fallback(|| async { Problem::NoRoute })
        .method_not_allowed_fallback(|| async { Problem::Method })
        .layer(axum::middleware::from_fn_with_state(state.clone(), layers::around))
        .with_state(state)
}
