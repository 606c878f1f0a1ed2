//! `/api/v1/admin/tenants`.

use axum::extract::State;
use http::StatusCode;
use scim::id::Id;
use serde::Serialize;
use service::{App, Tenant, form};
use utoipa::ToSchema;

use super::{PageView, json};
use crate::http::exchange::Exchange;
use crate::http::extract::{AdminBody, AdminCaller, AdminWriter, Query, Segment};
use crate::http::problem::Problem;
use crate::http::respond::Answer;

/// A tenant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tenant)]
pub(crate) struct TenantView {
    /// `tnt_…`.
    id: String,
    /// The readable name in URLs.
    slug: String,
    /// A name for people.
    name: String,
    /// `active`, `suspended` or `deleted`.
    status: &'static str,
    /// The limits that hold for it.
    limits: LimitsView,
    /// How its directory behaves.
    settings: SettingsView,
    /// What identity providers want as base URL.
    scim_base_url: String,
    /// When it was created.
    created_at: String,
    /// When it was last changed.
    updated_at: String,
}

/// Bounds of what a tenant's clients may send and get.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TenantLimits)]
struct LimitsView {
    /// Operations in one bulk request.
    bulk_operations_max: u32,
    /// Bytes of the body of a bulk request.
    bulk_payload_bytes_max: u32,
    /// Bytes of the body of any other request.
    payload_bytes_max: u32,
    /// Resources on a page when the client names no `count`.
    page_size_default: u32,
    /// Resources on a page, whatever the client asks for.
    page_size_max: u32,
    /// SCIM requests in a second; 0 is no limit.
    requests_per_second_max: u32,
}

/// How a tenant's directory behaves.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TenantSettings)]
struct SettingsView {
    /// Whether two groups may not have the same `displayName`.
    group_display_name_unique: bool,
    /// Whether two resources of a type may not have the same `externalId`.
    external_id_unique: bool,
    /// Whether requests that do not keep to the RFCs are refused where they could be mended.
    strict: bool,
    /// What is kept of requests to its SCIM routes: `off`, `metadata`, or `values` of attributes too.
    request_log: &'static str,
}

/// The SCIM base of a tenant, without a slash at the end.
pub(super) fn scim_base_url(base: &str, tenant: Id) -> String {
    format!("{base}/api/v1/tenants/{tenant}/scim/v2")
}

impl TenantView {
    fn new(tenant: Tenant, base: &str) -> Self {
        let (limits, settings) = (tenant.limits, tenant.settings);
        Self {
            scim_base_url: scim_base_url(base, tenant.id),
            id: tenant.id.to_string(),
            slug: tenant.slug,
            name: tenant.name,
            status: tenant.status.as_str(),
            limits: LimitsView {
                bulk_operations_max: limits.bulk_operations_max,
                bulk_payload_bytes_max: limits.bulk_payload_bytes_max,
                payload_bytes_max: limits.payload_bytes_max,
                page_size_default: limits.page_size_default,
                page_size_max: limits.page_size_max,
                requests_per_second_max: limits.requests_per_second_max,
            },
            settings: SettingsView {
                group_display_name_unique: settings.group_display_name_unique,
                external_id_unique: settings.external_id_unique,
                strict: settings.strict,
                request_log: settings.request_log.as_str(),
            },
            created_at: scim::time::format(tenant.created_at),
            updated_at: scim::time::format(tenant.updated_at),
        }
    }
}

/// `GET /api/v1/admin/tenants`.
pub(crate) async fn list(
    State(app): State<App>,
    AdminCaller(caller): AdminCaller,
    exchange: Exchange,
    Query(query): Query,
) -> Result<Answer, Problem> {
    let page = app.list_tenants(&caller, form::query(&query)?).await?;
    Ok(json(StatusCode::OK, &PageView::of(page, |tenant| TenantView::new(tenant, exchange.base()))))
}

/// `POST /api/v1/admin/tenants`.
pub(crate) async fn create(
    State(app): State<App>,
    AdminWriter(caller): AdminWriter,
    exchange: Exchange,
    AdminBody(body): AdminBody,
) -> Result<Answer, Problem> {
    let tenant = app.create_tenant(&caller, form::body(&body)?).await?;
    let view = TenantView::new(tenant, exchange.base());
    let location = format!("{}/api/v1/admin/tenants/{}", exchange.base(), view.id);
    Ok(json(StatusCode::CREATED, &view).location(&location))
}

/// `GET /api/v1/admin/tenants/{tenant_id}`.
pub(crate) async fn read(
    State(app): State<App>,
    AdminCaller(caller): AdminCaller,
    exchange: Exchange,
    Segment(id): Segment,
) -> Result<Answer, Problem> {
    let tenant = app.get_tenant(&caller, &id).await?;
    Ok(json(StatusCode::OK, &TenantView::new(tenant, exchange.base())))
}

/// `PATCH /api/v1/admin/tenants/{tenant_id}`.
pub(crate) async fn update(
    State(app): State<App>,
    AdminWriter(caller): AdminWriter,
    exchange: Exchange,
    Segment(id): Segment,
    AdminBody(body): AdminBody,
) -> Result<Answer, Problem> {
    let tenant = app.update_tenant(&caller, &id, form::body(&body)?).await?;
    Ok(json(StatusCode::OK, &TenantView::new(tenant, exchange.base())))
}

/// `DELETE /api/v1/admin/tenants/{tenant_id}`.
pub(crate) async fn delete(
    State(app): State<App>,
    AdminWriter(caller): AdminWriter,
    Segment(id): Segment,
) -> Result<Answer, Problem> {
    app.delete_tenant(&caller, &id).await?;
    Ok(Answer::no_content())
}
