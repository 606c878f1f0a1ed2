//! `/api/v1/admin/applications`: OAuth clients.

use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use service::applications::{Application, IssuedApplication, Kind};
use service::{App, form};
use utoipa::ToSchema;

use super::{PageView, json, time};
use crate::http::exchange::Exchange;
use crate::http::extract::{AdminBody, AdminCaller, AdminWriter, Query, Segment};
use crate::http::problem::Problem;
use crate::http::respond::Answer;

/// An OAuth client.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Application)]
pub(crate) struct ApplicationView {
    /// `app_…`.
    id: String,
    /// How it names itself at the token endpoint.
    client_id: String,
    /// A name for people.
    name: String,
    /// What it is for.
    #[schema(required)]
    description: Option<String>,
    /// `GLOBAL` or `TENANT`.
    app_scope: &'static str,
    /// Its tenant; `null` for a GLOBAL one.
    #[schema(required)]
    tenant_id: Option<String>,
    /// Scopes that it may ask for: of `admin:read`, `admin:write`, `scim:read`, `scim:write`.
    scopes: Vec<String>,
    /// The role that its tokens carry: `super_admin`, `partner_admin` or `tenant_admin`.
    #[schema(required)]
    role: Option<String>,
    /// Whether it is switched on.
    is_active: bool,
    /// The last four characters of its secret.
    secret_last_four: String,
    /// Until when the secret before the last rotation is good.
    #[schema(required)]
    previous_valid_until: Option<String>,
    /// When it was made.
    created_at: String,
    /// Who made it.
    created_by: String,
    /// When it was last changed.
    updated_at: String,
    /// When it was deleted.
    #[schema(required)]
    deleted_at: Option<String>,
    /// Who deleted it.
    #[schema(required)]
    deleted_by: Option<String>,
}

/// An OAuth client and its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IssuedApplication)]
pub(crate) struct IssuedApplicationView<'a> {
    #[serde(flatten)]
    application: ApplicationView,
    /// The secret, shown this once.
    client_secret: &'a str,
}

impl ApplicationView {
    fn new(application: Application, now: i64) -> Self {
        Self {
            app_scope: Kind::of(&application).name(),
            id: application.id.to_string(),
            client_id: application.client_id,
            name: application.name,
            description: application.description,
            tenant_id: application.tenant.map(|(_, id)| id.to_string()),
            scopes: application.scopes.split_ascii_whitespace().map(str::to_owned).collect(),
            role: application.role,
            is_active: application.is_active && application.deleted_at.is_none(),
            secret_last_four: application.last_four,
            previous_valid_until: time(application.previous_until.filter(|until| *until > now)),
            created_at: scim::time::format(application.created_at),
            created_by: application.created_by,
            updated_at: scim::time::format(application.updated_at),
            deleted_at: time(application.deleted_at),
            deleted_by: application.deleted_by,
        }
    }
}

fn issued(status: StatusCode, issued: IssuedApplication, base: &str, now: i64) -> Answer {
    let secret = issued.secret;
    let application = ApplicationView::new(issued.application, now);
    let location = format!("{base}/api/v1/admin/applications/{}", application.id);
    let answer = json(status, &IssuedApplicationView { application, client_secret: secret.reveal() }).no_store();
    if status == StatusCode::CREATED { answer.location(&location) } else { answer }
}

/// `GET /api/v1/admin/applications`.
pub(crate) async fn list(
    State(app): State<App>,
    AdminCaller(caller): AdminCaller,
    Query(query): Query,
) -> Result<Answer, Problem> {
    let page = app.list_applications(&caller, form::query(&query)?).await?;
    let now = app.now();
    Ok(json(StatusCode::OK, &PageView::of(page, |application| ApplicationView::new(application, now))))
}

/// `POST /api/v1/admin/applications`.
pub(crate) async fn create(
    State(app): State<App>,
    AdminWriter(caller): AdminWriter,
    exchange: Exchange,
    AdminBody(body): AdminBody,
) -> Result<Answer, Problem> {
    let application = app.create_application(&caller, form::body(&body)?).await?;
    Ok(issued(StatusCode::CREATED, application, exchange.base(), app.now()))
}

/// `GET /api/v1/admin/applications/{application_id}`.
pub(crate) async fn read(
    State(app): State<App>,
    AdminCaller(caller): AdminCaller,
    Segment(id): Segment,
) -> Result<Answer, Problem> {
    let application = app.get_application(&caller, &id).await?;
    Ok(json(StatusCode::OK, &ApplicationView::new(application, app.now())))
}

/// `PATCH /api/v1/admin/applications/{application_id}`.
pub(crate) async fn update(
    State(app): State<App>,
    AdminWriter(caller): AdminWriter,
    Segment(id): Segment,
    AdminBody(body): AdminBody,
) -> Result<Answer, Problem> {
    let application = app.update_application(&caller, &id, form::body(&body)?).await?;
    Ok(json(StatusCode::OK, &ApplicationView::new(application, app.now())))
}

/// `DELETE /api/v1/admin/applications/{application_id}`.
pub(crate) async fn delete(
    State(app): State<App>,
    AdminWriter(caller): AdminWriter,
    Segment(id): Segment,
) -> Result<Answer, Problem> {
    app.delete_application(&caller, &id).await?;
    Ok(Answer::no_content())
}

/// `POST /api/v1/admin/applications/{application_id}/rotate`.
pub(crate) async fn rotate(
    State(app): State<App>,
    AdminWriter(caller): AdminWriter,
    exchange: Exchange,
    Segment(id): Segment,
    AdminBody(body): AdminBody,
) -> Result<Answer, Problem> {
    let application = app.rotate_application(&caller, &id, form::optional_body(&body)?).await?;
    Ok(issued(StatusCode::OK, application, exchange.base(), app.now()))
}
