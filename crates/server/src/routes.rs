//! The table of all routes. Tests walk it: each route has an authorisation test, and each is in
//! the OpenAPI document.

use axum::Router;
use axum::routing::{MethodRouter, delete, get, patch, post, put};

use crate::ServerState;
use crate::http::admin::{
    applications, audit, endpoint_info, keys, request_logs, resource_types, schemas, scim_tokens, tenants,
};
use crate::http::problem::Problem;
use crate::http::scim::{bulk, discovery, resources};
use crate::http::{docs, health, layers, oauth};

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

/// A route of the admin API.
macro_rules! admin {
    ($path:literal) => {
        concat!("/api/v1/admin", $path)
    };
}

const ADMIN_READ: Access = Access::AdminRead;
const ADMIN_WRITE: Access = Access::AdminWrite;
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
    // Admin: SCIM tokens
    route("GET", admin!("/scim-tokens"), ADMIN_READ, || get(scim_tokens::list)),
    route("POST", admin!("/scim-tokens"), ADMIN_WRITE, || post(scim_tokens::create)),
    route("GET", admin!("/scim-tokens/endpoint-info"), ADMIN_READ, || get(endpoint_info::read)),
    route("GET", admin!("/scim-tokens/{token_id}"), ADMIN_READ, || get(scim_tokens::read)),
    route("PATCH", admin!("/scim-tokens/{token_id}"), ADMIN_WRITE, || patch(scim_tokens::update)),
    route("DELETE", admin!("/scim-tokens/{token_id}"), ADMIN_WRITE, || delete(scim_tokens::revoke)),
    route("POST", admin!("/scim-tokens/{token_id}/rotate"), ADMIN_WRITE, || post(scim_tokens::rotate)),
    // Admin: tenants
    route("GET", admin!("/tenants"), ADMIN_READ, || get(tenants::list)),
    route("POST", admin!("/tenants"), ADMIN_WRITE, || post(tenants::create)),
    route("GET", admin!("/tenants/{tenant_id}"), ADMIN_READ, || get(tenants::read)),
    route("PATCH", admin!("/tenants/{tenant_id}"), ADMIN_WRITE, || patch(tenants::update)),
    route("DELETE", admin!("/tenants/{tenant_id}"), ADMIN_WRITE, || delete(tenants::delete)),
    // Admin: what a tenant has defined
    route("GET", admin!("/tenants/{tenant_id}/schemas"), ADMIN_READ, || get(schemas::list)),
    route("POST", admin!("/tenants/{tenant_id}/schemas"), ADMIN_WRITE, || post(schemas::create)),
    route("GET", admin!("/tenants/{tenant_id}/schemas/{urn}"), ADMIN_READ, || get(schemas::read)),
    route("PUT", admin!("/tenants/{tenant_id}/schemas/{urn}"), ADMIN_WRITE, || put(schemas::replace)),
    route("DELETE", admin!("/tenants/{tenant_id}/schemas/{urn}"), ADMIN_WRITE, || delete(schemas::delete)),
    route("GET", admin!("/tenants/{tenant_id}/resource-types"), ADMIN_READ, || get(resource_types::list)),
    route("POST", admin!("/tenants/{tenant_id}/resource-types"), ADMIN_WRITE, || post(resource_types::create)),
    route("GET", admin!("/tenants/{tenant_id}/resource-types/{name}"), ADMIN_READ, || get(resource_types::read)),
    route("PUT", admin!("/tenants/{tenant_id}/resource-types/{name}"), ADMIN_WRITE, || put(resource_types::replace)),
    route("DELETE", admin!("/tenants/{tenant_id}/resource-types/{name}"), ADMIN_WRITE, || {
        delete(resource_types::delete)
    }),
    // Admin: OAuth clients
    route("GET", admin!("/applications"), ADMIN_READ, || get(applications::list)),
    route("POST", admin!("/applications"), ADMIN_WRITE, || post(applications::create)),
    route("GET", admin!("/applications/{application_id}"), ADMIN_READ, || get(applications::read)),
    route("PATCH", admin!("/applications/{application_id}"), ADMIN_WRITE, || patch(applications::update)),
    route("DELETE", admin!("/applications/{application_id}"), ADMIN_WRITE, || delete(applications::delete)),
    route("POST", admin!("/applications/{application_id}/rotate"), ADMIN_WRITE, || post(applications::rotate)),
    // Admin: what signs access tokens
    route("GET", admin!("/signing-keys"), ADMIN_READ, || get(keys::list)),
    route("POST", admin!("/signing-keys/rotate"), ADMIN_WRITE, || post(keys::rotate)),
    // Admin: what was asked of the SCIM routes
    route("GET", admin!("/request-logs"), ADMIN_READ, || get(request_logs::list)),
    route("GET", admin!("/request-logs/{log_id}"), ADMIN_READ, || get(request_logs::read)),
    // Admin: who did what through all this
    route("GET", admin!("/audit"), ADMIN_READ, || get(audit::list)),
    // Access tokens (RFC 6749 §3.2), and how to get and verify them
    route("POST", "/api/v1/platform/oauth/token", Access::Public, || post(oauth::platform_token)),
    route("GET", "/api/v1/platform/oauth/.well-known/openid-configuration", Access::Public, || {
        get(oauth::platform_metadata)
    }),
    route("GET", "/api/v1/platform/.well-known/jwks.json", Access::Public, || get(oauth::jwks)),
    route("POST", "/api/v1/auth/tenants/{slug}/oauth/token", Access::Public, || post(oauth::tenant_token)),
    route("GET", "/api/v1/auth/tenants/{slug}/.well-known/openid-configuration", Access::Public, || {
        get(oauth::tenant_metadata)
    }),
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
