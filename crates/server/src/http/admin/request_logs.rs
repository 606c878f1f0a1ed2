//! `/api/v1/admin/request-logs`.

use std::borrow::Cow;

use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use serde_json::value::RawValue;
use service::request_log::{Detail, LogPage, LoggedOperation, LoggedRequest, Members};
use service::{App, form};
use utoipa::ToSchema;

use super::json;
use super::tenants::scim_base_url;
use crate::http::exchange::Exchange;
use crate::http::extract::{AdminCaller, Query, Segment};
use crate::http::problem::Problem;
use crate::http::respond::Answer;

/// A page of a log, which is too long to be counted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LoggedRequestPage)]
pub(crate) struct LogPageView {
    /// What is on the page, newest first.
    items: Vec<RequestView>,
    /// How many a page holds at most. It may hold fewer, or nothing, and there still be a next one.
    per_page: u32,
    /// The `cursor` of the next page; none if this is the last.
    next_cursor: Option<String>,
}

/// A request to a tenant's SCIM routes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LoggedRequest)]
pub(crate) struct RequestView {
    /// `log_…`.
    id: String,
    /// Whose routes were called.
    tenant_id: String,
    /// When.
    time: String,
    /// The `X-Request-Id` of the answer.
    request_id: String,
    /// The SCIM token (`sct_…`) or the client; none if the credential is not the tenant's.
    token_id: Option<String>,
    /// The product that the token was made for.
    identity_provider: Option<Cow<'static, str>>,
    /// The method.
    method: Cow<'static, str>,
    /// The path below the SCIM base. What is no name or id is there only if the tenant keeps values.
    path: String,
    /// The query string; values of filters only if the tenant keeps values.
    query: Vec<ParameterView>,
    /// The status of the answer; 499 if the client did not wait for it.
    status: u16,
    /// The `scimType` of the answer.
    scim_type: Option<Cow<'static, str>>,
    /// From the head of the request to the answer, in microseconds.
    duration_us: i64,
    /// The resource that was asked for or written.
    resource_id: Option<String>,
    /// What it was, in words.
    summary: String,
    /// Why the credential was refused, which only the operator is told.
    refused: Option<RefusedView>,
    /// Further facts.
    #[serde(flatten)]
    more: MoreView,
    /// The client's address.
    address: Option<String>,
    /// The client's program.
    user_agent: Option<String>,
    /// The body, if the request failed and the tenant keeps values; secrets are left out.
    #[schema(value_type = Option<Object>)]
    body: Option<Box<RawValue>>,
    /// How many operations a bulk request had.
    operations: Option<OperationsView>,
}

/// What became of a request or an operation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LoggedOutcome)]
struct MoreView {
    /// What the error said; what it quotes only if the tenant keeps values.
    error: Option<String>,
    /// The attribute or path that was to blame.
    attribute: Option<String>,
    /// What was mended so that the request could be accepted.
    repairs: Vec<Cow<'static, str>>,
    /// Attributes that were ignored.
    ignored: Vec<String>,
    /// Attributes that changed.
    changed: Vec<String>,
    /// What they were, if the tenant keeps values.
    #[schema(value_type = Option<Object>)]
    before: Option<Box<RawValue>>,
    /// What they became, if the tenant keeps values.
    #[schema(value_type = Option<Object>)]
    after: Option<Box<RawValue>>,
    /// Who came to belong to it, and who no longer does.
    members: Option<MembersView>,
    /// How many resources were found.
    found: Option<u64>,
}

/// A parameter of a query.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LoggedParameter)]
struct ParameterView {
    name: String,
    value: String,
}

/// Why a credential was refused.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RefusedCredential)]
struct RefusedView {
    /// In one word.
    reason: Cow<'static, str>,
    /// In words: when and by whom it was revoked, since when it is expired, …
    text: Option<String>,
    /// How the path named the tenant, if it was another than the credential's.
    tenant: Option<String>,
}

/// Changed memberships.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LoggedMembers)]
struct MembersView {
    added_count: usize,
    /// The first hundred.
    added: Vec<String>,
    removed_count: usize,
    /// The first hundred.
    removed: Vec<String>,
}

/// How the operations of a bulk request went.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LoggedOperations)]
struct OperationsView {
    total: usize,
    failed: usize,
    /// How many of them are in the log: at most 1,000, first those that failed.
    kept: usize,
}

/// A request with all that is known of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LoggedRequestDetail)]
pub(crate) struct RequestDetailView {
    #[serde(flatten)]
    request: RequestView,
    /// The operations of a bulk request, in its order.
    bulk_operations: Vec<OperationView>,
    /// The request as a command line, with placeholders for the token and what was left out.
    as_curl: String,
}

/// An operation of a bulk request.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LoggedOperation)]
struct OperationView {
    /// Its place in the request, from 0.
    index: u32,
    method: Cow<'static, str>,
    bulk_id: Option<String>,
    path: String,
    status: u16,
    scim_type: Option<Cow<'static, str>>,
    resource_id: Option<String>,
    summary: String,
    #[serde(flatten)]
    more: MoreView,
}

impl From<LoggedRequest> for RequestView {
    fn from(logged: LoggedRequest) -> Self {
        let LoggedRequest { id, tenant_id, entry, mut detail } = logged;
        let query = std::mem::take(&mut detail.query);
        Self {
            id: id.to_string(),
            tenant_id: tenant_id.to_string(),
            time: scim::time::format(entry.key.at()),
            request_id: entry.request_id,
            token_id: entry.actor,
            identity_provider: entry.product,
            method: entry.method,
            path: entry.path,
            query: query.into_iter().map(|(name, value)| ParameterView { name, value }).collect(),
            status: entry.status,
            scim_type: entry.scim_type,
            duration_us: entry.took_us,
            resource_id: entry.resource,
            summary: entry.summary,
            refused: detail.refused.take().map(|reason| RefusedView {
                reason,
                text: detail.refused_since.take(),
                tenant: detail.asked_tenant.take(),
            }),
            address: detail.address.take(),
            user_agent: detail.user_agent.take(),
            body: detail.body.take(),
            operations: detail.operations.map(|operations| OperationsView {
                total: operations.total,
                failed: operations.failed,
                kept: operations.kept,
            }),
            more: detail.into(),
        }
    }
}

impl From<Detail> for MoreView {
    fn from(detail: Detail) -> Self {
        Self {
            error: detail.error,
            attribute: detail.attribute,
            repairs: detail.repairs,
            ignored: detail.ignored,
            changed: detail.changed,
            before: detail.before,
            after: detail.after,
            members: detail.members.map(|Members { added_count, added, removed_count, removed }| MembersView {
                added_count,
                added,
                removed_count,
                removed,
            }),
            found: detail.found,
        }
    }
}

impl From<LoggedOperation> for OperationView {
    fn from(logged: LoggedOperation) -> Self {
        let LoggedOperation { operation, detail } = logged;
        Self {
            index: operation.place,
            method: operation.method,
            bulk_id: operation.bulk_id,
            path: operation.path,
            status: operation.status,
            scim_type: operation.scim_type,
            resource_id: operation.resource,
            summary: operation.summary,
            more: detail.into(),
        }
    }
}

/// `GET /api/v1/admin/request-logs`.
pub(crate) async fn list(
    State(app): State<App>,
    AdminCaller(caller): AdminCaller,
    Query(query): Query,
) -> Result<Answer, Problem> {
    let LogPage { items, per_page, next_cursor } = app.list_requests(&caller, form::query(&query)?).await?;
    let items = items.into_iter().map(RequestView::from).collect();
    let next_cursor = next_cursor.map(|id| id.to_string());
    Ok(json(StatusCode::OK, &LogPageView { items, per_page, next_cursor }))
}

/// `GET /api/v1/admin/request-logs/{log_id}`.
pub(crate) async fn read(
    State(app): State<App>,
    AdminCaller(caller): AdminCaller,
    exchange: Exchange,
    Segment(id): Segment,
) -> Result<Answer, Problem> {
    let (logged, operations) = app.get_request(&caller, &id).await?;
    let base_url = scim_base_url(exchange.base(), logged.tenant_id);
    let request = RequestView::from(logged);
    let as_curl = as_curl(&request, &base_url);
    let bulk_operations = operations.into_iter().map(OperationView::from).collect();
    Ok(json(StatusCode::OK, &RequestDetailView { request, bulk_operations, as_curl }))
}

/// A command line that makes the request again, once somebody has put in what is in pointed brackets
/// and what was left out (`…`).
fn as_curl(request: &RequestView, base_url: &str) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let url = quoted(&format!("{base_url}{}", request.path.trim_end_matches('/')));
    let mut parts = vec![match (&*request.method, request.query.is_empty()) {
        ("GET", true) => format!("curl {url}"),
        (method, true) => format!("curl -X {method} {url}"),
        (method, false) => format!("curl -G -X {method} {url}"),
    }];
    parts.push("-H 'Authorization: Bearer <token>'".into());
    parts.extend(
        request
            .query
            .iter()
            .map(|ParameterView { name, value }| format!("--data-urlencode {}", quoted(&format!("{name}={value}")))),
    );
    if matches!(&*request.method, "POST" | "PUT" | "PATCH") {
        parts.push("-H 'Content-Type: application/scim+json'".into());
        parts.push(format!("--data-binary {}", quoted(request.body.as_ref().map_or("<body>", |body| body.get()))));
    }
    parts.join(" \\\n  ")
}
