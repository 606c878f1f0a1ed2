//! `/api/v1/admin/audit`.

use std::borrow::Cow;

use axum::extract::{Request, State};
use http::{HeaderValue, Method, StatusCode, header};
use serde::Serialize;
use service::audit::{AuditPage, Deed, Denied};
use service::{App, form};
use utoipa::ToSchema;

use super::json;
use crate::http::exchange::{Admin, Exchange};
use crate::http::extract::{AdminCaller, Query};
use crate::http::problem::Problem;
use crate::http::respond::Answer;

/// Something that somebody did through the admin API or at the command line, or was not let do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(crate) struct DeedView {
    /// `aud_…`.
    id: String,
    /// When.
    time: String,
    /// Whose data it was about; none for the platform's own.
    tenant_id: Option<String>,
    /// Who: a `client_id`, `subject@issuer`, or `operator` for the command line.
    actor: String,
    /// What: `scim_token.create`, `tenant.update`, …
    action: Cow<'static, str>,
    /// To which: an id.
    resource: String,
    /// `done`, or `denied` to who may not do it.
    result: &'static str,
    /// Which fields changed.
    changed: Vec<String>,
    /// The `X-Request-Id` of the answer.
    request_id: String,
    /// From which address.
    address: Option<String>,
    /// With which program.
    user_agent: Option<String>,
}

impl From<Deed> for DeedView {
    fn from(deed: Deed) -> Self {
        let Deed { id, tenant_id, entry, changed } = deed;
        Self {
            id: id.to_string(),
            time: scim::time::format(entry.at),
            tenant_id: tenant_id.map(|id| id.to_string()),
            actor: entry.actor,
            action: entry.action,
            resource: entry.subject,
            result: entry.outcome.as_str(),
            changed,
            request_id: entry.request_id,
            address: entry.address,
            user_agent: entry.user_agent,
        }
    }
}

/// A page of deeds.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntryPage)]
pub(crate) struct AuditPageView {
    /// What is on the page, newest first.
    items: Vec<DeedView>,
    /// How many there are on all pages; none if the page was asked for by a cursor.
    total: Option<u64>,
    /// Which page this is, from 1; none if it was asked for by a cursor.
    page: Option<u32>,
    /// How many a page holds at most.
    per_page: u32,
    /// How many pages there are; none if the page was asked for by a cursor.
    pages: Option<u64>,
    /// The `cursor` of the next page; none if this is the last.
    next_cursor: Option<String>,
}

impl From<AuditPage> for AuditPageView {
    fn from(page: AuditPage) -> Self {
        let AuditPage { items, per_page, counted, next_cursor } = page;
        Self {
            items: items.into_iter().map(DeedView::from).collect(),
            total: counted.map(|counted| counted.total),
            page: counted.map(|counted| counted.page),
            per_page,
            pages: counted.map(|counted| counted.pages),
            next_cursor: next_cursor.map(|id| id.to_string()),
        }
    }
}

/// `GET /api/v1/admin/audit`.
pub(crate) async fn list(
    State(app): State<App>,
    AdminCaller(caller): AdminCaller,
    Query(query): Query,
) -> Result<Answer, Problem> {
    let page = app.list_audit(&caller, form::query(&query)?).await?;
    Ok(json(StatusCode::OK, &AuditPageView::from(page)))
}

/// A request to change something through the admin API, for the case that it is denied.
pub(crate) struct Attempt {
    action: String,
    subject: String,
    user_agent: Option<HeaderValue>,
}

impl Attempt {
    /// `None` for what changes nothing there.
    pub(crate) fn of(request: &Request, route: Option<&str>) -> Option<Self> {
        let (action, subject) = deed(request.method(), route?, request.uri().path())?;
        let user_agent = request.headers().get(header::USER_AGENT).cloned();
        Some(Self { action, subject: subject.to_owned(), user_agent })
    }

    /// Writes down that it was denied to somebody who is known.
    pub(crate) async fn record_denied(self, app: &App, exchange: &Exchange, who: Admin) {
        let denied = Denied {
            tenant: who.tenant,
            actor: who.actor,
            action: self.action,
            subject: self.subject,
            request_id: exchange.id().to_owned(),
            address: exchange.client(),
            user_agent: self.user_agent.as_ref().and_then(|value| value.to_str().ok()).map(str::to_owned),
        };
        if let Err(error) = app.record_denied(denied).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "what was denied could not be written down");
        }
    }
}

/// What a request to that route and path would do to which: `scim_token.rotate` to `sct_…` for
/// `POST …/scim-tokens/sct_…/rotate`. `None` for what changes nothing.
fn deed<'p>(method: &Method, route: &str, path: &'p str) -> Option<(String, &'p str)> {
    const BASE: &str = "/api/v1/admin/";
    let (mut noun, mut subject, mut doing) = (None, "", None);
    for (name, given) in route.strip_prefix(BASE)?.split('/').zip(path.strip_prefix(BASE)?.split('/')) {
        match name {
            "rotate" => doing = Some(name),
            _ if name.starts_with('{') => subject = given,
            _ => (noun, subject) = (Some(name), ""),
        }
    }
    let noun = noun?.trim_end_matches('s').replace('-', "_");
    let verb = match *method {
        Method::POST => doing.unwrap_or("create"),
        Method::PATCH => "update",
        Method::PUT => "replace",
        Method::DELETE if noun == "scim_token" => "revoke",
        Method::DELETE => "delete",
        _ => return None,
    };
    Some((format!("{noun}.{verb}"), subject))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_denied_has_the_name_that_it_has_when_it_is_done() {
        let named = |method: Method, route: &str, path: &str| {
            let (route, path) = (format!("/api/v1/admin/{route}"), format!("/api/v1/admin/{path}"));
            deed(&method, &route, &path).map(|(action, subject)| format!("{action} {subject}"))
        };

        assert_eq!(named(Method::POST, "tenants", "tenants/").as_deref(), Some("tenant.create "));
        assert_eq!(named(Method::PATCH, "tenants/{id}", "tenants/acme").as_deref(), Some("tenant.update acme"));
        let token = named(Method::POST, "scim-tokens/{id}/rotate", "scim-tokens/sct_1/rotate");
        assert_eq!(token.as_deref(), Some("scim_token.rotate sct_1"));
        let key = named(Method::POST, "signing-keys/rotate", "signing-keys/rotate");
        assert_eq!(key.as_deref(), Some("signing_key.rotate "));
        let schema = named(Method::PUT, "tenants/{id}/schemas/{urn}", "tenants/acme/schemas/urn:x");
        assert_eq!(schema.as_deref(), Some("schema.replace urn:x"));
        let of_tenant = named(Method::POST, "tenants/{id}/schemas", "tenants/acme/schemas");
        assert_eq!(of_tenant.as_deref(), Some("schema.create "));
        assert_eq!(named(Method::GET, "tenants", "tenants"), None);
    }
}
