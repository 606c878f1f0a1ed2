//! `/api/v1/admin/scim-tokens`.

use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use service::scim_tokens::{IssuedToken, ScimToken};
use service::{App, Scopes, form};
use utoipa::ToSchema;

use super::{PageView, json, time};
use crate::http::exchange::Exchange;
use crate::http::extract::{AdminBody, AdminCaller, AdminWriter, Query, Segment};
use crate::http::problem::Problem;
use crate::http::respond::Answer;

/// A SCIM token.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScimToken)]
pub(crate) struct ScimTokenView {
    /// `sct_…`.
    id: String,
    /// `tnt_…`.
    tenant_id: String,
    /// A name for people.
    name: String,
    /// What it is for.
    #[schema(required)]
    description: Option<String>,
    /// The first characters of the secret.
    token_prefix: String,
    /// The last four characters of the secret.
    token_last_four: String,
    /// Of `users:read`, `users:write`, `groups:read`, `groups:write`, `bulk`.
    scopes: Vec<&'static str>,
    /// Addresses and networks that may use it; empty is any.
    allowed_ips: Vec<String>,
    /// Which product it is for.
    identity_provider: String,
    /// Whether it is switched on.
    is_active: bool,
    /// `active`, `disabled`, `expired` or `revoked`.
    status: &'static str,
    /// When it ends.
    #[schema(required)]
    expires_at: Option<String>,
    /// Until when the secret before the last rotation is good.
    #[schema(required)]
    previous_valid_until: Option<String>,
    /// When it was issued.
    created_at: String,
    /// Who issued it.
    created_by: String,
    /// When it was last changed.
    updated_at: String,
    /// When it was last used.
    #[schema(required)]
    last_used_at: Option<String>,
    /// From where.
    #[schema(required)]
    last_used_ip: Option<String>,
    /// By which program.
    #[schema(required)]
    last_used_user_agent: Option<String>,
    /// How many requests were made with it.
    request_count: i64,
    /// When it was revoked.
    #[schema(required)]
    revoked_at: Option<String>,
    /// Who revoked it.
    #[schema(required)]
    revoked_by: Option<String>,
    /// What the identity provider wants as base URL.
    scim_base_url: String,
}

/// A SCIM token and its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IssuedScimToken)]
pub(crate) struct IssuedScimTokenView<'a> {
    #[serde(flatten)]
    token: ScimTokenView,
    /// The secret, shown this once.
    #[serde(rename = "token")]
    secret: &'a str,
}

impl ScimTokenView {
    fn new(token: ScimToken, base: &str, now: i64) -> Self {
        let status = token.status(now).as_str();
        Self {
            id: token.id.to_string(),
            tenant_id: token.tenant_id.to_string(),
            name: token.name,
            description: token.description,
            token_prefix: token.prefix,
            token_last_four: token.last_four,
            scopes: Scopes::from_bits(token.scopes).names().collect(),
            allowed_ips: token.allowed_ips,
            identity_provider: token.identity_provider,
            is_active: token.is_active && token.revoked_at.is_none(),
            status,
            expires_at: time(token.expires_at),
            previous_valid_until: time(token.previous_until.filter(|until| *until > now)),
            created_at: scim::time::format(token.created_at),
            created_by: token.created_by,
            updated_at: scim::time::format(token.updated_at),
            last_used_at: time(token.last_used_at),
            last_used_ip: token.last_used_ip,
            last_used_user_agent: token.last_used_user_agent,
            request_count: token.request_count,
            revoked_at: time(token.revoked_at),
            revoked_by: token.revoked_by,
            scim_base_url: super::tenants::scim_base_url(base, token.tenant_id),
        }
    }
}

fn issued(status: StatusCode, issued: IssuedToken, base: &str, now: i64) -> Answer {
    let secret = issued.secret;
    let token = ScimTokenView::new(issued.token, base, now);
    let location = format!("{base}/api/v1/admin/scim-tokens/{}", token.id);
    let answer = json(status, &IssuedScimTokenView { token, secret: secret.reveal() }).no_store();
    if status == StatusCode::CREATED { answer.location(&location) } else { answer }
}

/// `GET /api/v1/admin/scim-tokens`.
pub(crate) async fn list(
    State(app): State<App>,
    AdminCaller(caller): AdminCaller,
    exchange: Exchange,
    Query(query): Query,
) -> Result<Answer, Problem> {
    let page = app.list_scim_tokens(&caller, form::query(&query)?).await?;
    let now = app.now();
    Ok(json(StatusCode::OK, &PageView::of(page, |token| ScimTokenView::new(token, exchange.base(), now))))
}

/// `POST /api/v1/admin/scim-tokens`.
pub(crate) async fn create(
    State(app): State<App>,
    AdminWriter(caller): AdminWriter,
    exchange: Exchange,
    AdminBody(body): AdminBody,
) -> Result<Answer, Problem> {
    let token = app.issue_scim_token(&caller, form::body(&body)?).await?;
    Ok(issued(StatusCode::CREATED, token, exchange.base(), app.now()))
}

/// `GET /api/v1/admin/scim-tokens/{token_id}`.
pub(crate) async fn read(
    State(app): State<App>,
    AdminCaller(caller): AdminCaller,
    exchange: Exchange,
    Segment(id): Segment,
) -> Result<Answer, Problem> {
    let token = app.get_scim_token(&caller, &id).await?;
    Ok(json(StatusCode::OK, &ScimTokenView::new(token, exchange.base(), app.now())))
}

/// `PATCH /api/v1/admin/scim-tokens/{token_id}`.
pub(crate) async fn update(
    State(app): State<App>,
    AdminWriter(caller): AdminWriter,
    exchange: Exchange,
    Segment(id): Segment,
    AdminBody(body): AdminBody,
) -> Result<Answer, Problem> {
    let token = app.update_scim_token(&caller, &id, form::body(&body)?).await?;
    Ok(json(StatusCode::OK, &ScimTokenView::new(token, exchange.base(), app.now())))
}

/// `DELETE /api/v1/admin/scim-tokens/{token_id}`.
pub(crate) async fn revoke(
    State(app): State<App>,
    AdminWriter(caller): AdminWriter,
    Segment(id): Segment,
) -> Result<Answer, Problem> {
    app.revoke_scim_token(&caller, &id).await?;
    Ok(Answer::no_content())
}

/// `POST /api/v1/admin/scim-tokens/{token_id}/rotate`.
pub(crate) async fn rotate(
    State(app): State<App>,
    AdminWriter(caller): AdminWriter,
    exchange: Exchange,
    Segment(id): Segment,
    AdminBody(body): AdminBody,
) -> Result<Answer, Problem> {
    let token = app.rotate_scim_token(&caller, &id, form::optional_body(&body)?).await?;
    Ok(issued(StatusCode::OK, token, exchange.base(), app.now()))
}
