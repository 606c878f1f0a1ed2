//! `/api/v1/admin/scim-tokens/endpoint-info`: everything that an IT admin pastes into an identity
//! provider, under the names that the fields have there.

use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use service::scim_tokens::{AskEndpointInfo, EndpointInfo, EndpointInfos};
use service::{App, Tenant, form, oauth};
use utoipa::ToSchema;

use super::tenants::scim_base_url;
use super::{json, time};
use crate::http::exchange::Exchange;
use crate::http::extract::{AdminCaller, Query};
use crate::http::problem::Problem;
use crate::http::respond::Answer;

/// What is needed to connect an identity provider to a tenant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScimEndpointInfo)]
pub(crate) struct EndpointInfoView {
    /// `tnt_…`.
    tenant_id: String,
    /// The SCIM base URL.
    base_url: String,
    /// Of the protocol.
    scim_version: &'static str,
    /// How clients prove who they are.
    auth: AuthView,
    /// Where things are.
    endpoints: EndpointsView,
    /// What the service can do.
    supported: SupportedView,
    /// What to enter where, by identity provider.
    setup: SetupView,
    /// Whether provisioning works.
    health: HealthView,
}

/// How clients prove who they are.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScimEndpointAuth)]
struct AuthView {
    /// Of the scheme.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The header that carries the token.
    header: &'static str,
    /// Where OAuth clients of the tenant get access tokens instead.
    token_endpoint: String,
    /// How many SCIM tokens are active.
    active_tokens: u64,
    /// When the first of them ends.
    #[schema(required)]
    next_expiry: Option<String>,
}

/// Where things are.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScimEndpoints)]
struct EndpointsView {
    users: String,
    groups: String,
    bulk: String,
    search: String,
    service_provider_config: String,
    resource_types: String,
    schemas: String,
}

/// What the service can do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScimSupported)]
struct SupportedView {
    patch: bool,
    bulk: bool,
    bulk_max_operations: u32,
    bulk_max_payload_size: u32,
    filter: bool,
    filter_max_results: u32,
    sort: bool,
    etag: bool,
    cursor: bool,
}

/// What to enter where, by identity provider.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScimSetup)]
struct SetupView {
    okta: Vec<FieldView>,
    entra: Vec<FieldView>,
    onelogin: Vec<FieldView>,
    jumpcloud: Vec<FieldView>,
    google: Vec<FieldView>,
    ping: Vec<FieldView>,
    sailpoint: Vec<FieldView>,
    generic: Vec<FieldView>,
}

/// A field of an identity provider's form.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScimSetupField)]
struct FieldView {
    /// What the product calls it.
    field: &'static str,
    /// What to enter.
    value: String,
}

/// Whether provisioning works.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScimEndpointHealth)]
struct HealthView {
    /// When a SCIM token of the tenant was last used.
    #[schema(required)]
    last_request_at: Option<String>,
    /// Requests in the last 24 hours.
    requests_24h: i64,
    /// How many of them were answered with an error.
    errors_24h: i64,
}

/// Where the endpoints of all tenants are.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScimEndpointInfoList)]
pub(crate) struct EndpointInfosView {
    /// The SCIM base URL, with `{tenant_id}` for the tenant's id or slug.
    base_url_template: String,
    /// Of the protocol.
    scim_version: &'static str,
    /// The newest tenants.
    tenants: Vec<TenantEndpointView>,
    /// How many tenants there are.
    total: u64,
}

/// Where one tenant's endpoints are.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TenantEndpoint)]
pub(crate) struct TenantEndpointView {
    tenant_id: String,
    slug: String,
    name: String,
    base_url: String,
}

const SCIM_VERSION: &str = "2.0";
const TOKEN: &str = "<the SCIM token>";

/// `GET /api/v1/admin/scim-tokens/endpoint-info`.
pub(crate) async fn read(
    State(app): State<App>,
    AdminCaller(caller): AdminCaller,
    exchange: Exchange,
    Query(query): Query,
) -> Result<Answer, Problem> {
    let asked: AskEndpointInfo = form::query(&query)?;
    let base = exchange.base();
    Ok(match app.endpoint_info(&caller, asked.tenant.as_deref()).await? {
        EndpointInfos::One(info) => json(StatusCode::OK, &EndpointInfoView::new(&info, base)),
        EndpointInfos::Any(tenants) => json(
            StatusCode::OK,
            &EndpointInfosView {
                base_url_template: format!("{base}/api/v1/tenants/{{tenant_id}}/scim/v2"),
                scim_version: SCIM_VERSION,
                total: tenants.total,
                tenants: tenants.items.into_iter().map(|tenant| TenantEndpointView::new(tenant, base)).collect(),
            },
        ),
    })
}

impl TenantEndpointView {
    fn new(tenant: Tenant, base: &str) -> Self {
        Self {
            base_url: scim_base_url(base, tenant.id),
            tenant_id: tenant.id.to_string(),
            slug: tenant.slug,
            name: tenant.name,
        }
    }
}

impl EndpointInfoView {
    fn new(info: &EndpointInfo, base: &str) -> Self {
        let tenant = &info.tenant;
        let scim = scim_base_url(base, tenant.id);
        let at = |path: &str| format!("{scim}{path}");
        Self {
            tenant_id: tenant.id.to_string(),
            scim_version: SCIM_VERSION,
            auth: AuthView {
                kind: "bearer",
                header: "Authorization: Bearer <the SCIM token>",
                token_endpoint: format!("{}/oauth/token", oauth::issuer(base, Some(&tenant.slug))),
                active_tokens: info.active_tokens,
                next_expiry: time(info.next_expiry),
            },
            endpoints: EndpointsView {
                users: at("/Users"),
                groups: at("/Groups"),
                bulk: at("/Bulk"),
                search: at("/.search"),
                service_provider_config: at("/ServiceProviderConfig"),
                resource_types: at("/ResourceTypes"),
                schemas: at("/Schemas"),
            },
            supported: SupportedView {
                patch: true,
                bulk: true,
                bulk_max_operations: tenant.limits.bulk_operations_max,
                bulk_max_payload_size: tenant.limits.bulk_payload_bytes_max,
                filter: true,
                filter_max_results: tenant.limits.page_size_max,
                sort: true,
                etag: true,
                cursor: true,
            },
            setup: SetupView::new(&scim),
            health: HealthView {
                last_request_at: time(info.health.last_used_at),
                requests_24h: info.health.requests,
                errors_24h: info.health.errors,
            },
            base_url: scim,
        }
    }
}

impl SetupView {
    /// The labels are those of the products' own forms.
    fn new(url: &str) -> Self {
        let fields = |pairs: &[(&'static str, &str)]| -> Vec<FieldView> {
            pairs.iter().map(|(field, value)| FieldView { field, value: (*value).to_owned() }).collect()
        };
        Self {
            okta: fields(&[
                ("SCIM connector base URL", url),
                ("Unique identifier field for users", "userName"),
                ("Supported provisioning actions", "all that are wanted"),
                ("Authentication Mode", "HTTP Header"),
                ("HTTP Header / Authorization", TOKEN),
            ]),
            entra: fields(&[("Tenant URL", url), ("Secret Token", TOKEN)]),
            onelogin: fields(&[("SCIM Base URL", url), ("SCIM Bearer Token", TOKEN)]),
            jumpcloud: fields(&[("SCIM Version", "SCIM 2.0"), ("Base URL", url), ("Token Key", TOKEN)]),
            google: fields(&[("Endpoint URL", url), ("Access token", TOKEN)]),
            ping: fields(&[
                ("SCIM BASE URL", url),
                ("Authentication Method", "OAuth 2 Bearer Token"),
                ("Oauth Access Token", TOKEN),
            ]),
            sailpoint: fields(&[("Base URL", url), ("Authentication Type", "API Token"), ("API Token", TOKEN)]),
            generic: fields(&[("Base URL", url), ("Bearer token", TOKEN)]),
        }
    }
}
