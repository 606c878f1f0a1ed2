//! Resources of any type: `/Users`, `/Groups`, a tenant's own; the root, `.search`, `/Me`
//! (RFC 7644 §3.3–§3.6, §3.11).

use axum::extract::State;
use http::StatusCode;
use scim::message::{ListResponse, SearchRequest};
use scim::projection::Projection;
use scim::resource::{CorruptBody, Notes, Renderer, Representation, render};
use service::provisioning::{Found, Stored};
use service::{App, ServiceError, StoreError};

use crate::http::exchange::Exchange;
use crate::http::extract::{AtEndpoint, AtResource, IfMatch, IfNoneMatch, Query, ScimBody, ScimCaller};
use crate::http::problem::Problem;
use crate::http::respond::Answer;

/// `POST /{endpoint}`: 201 with the whole resource (RFC 7644 §3.3).
pub(crate) async fn create(
    State(app): State<App>,
    exchange: Exchange,
    at: AtEndpoint,
    Query(pairs): Query,
    body: ScimBody,
) -> Result<Answer, Problem> {
    let projection = projection(&pairs, &exchange)?;
    let stored = app.create(&at.scim.caller, &at.resource_type, &body.bytes, &projection).await?;
    shown(StatusCode::CREATED, &at.scim, &exchange, stored)
}

/// `GET /{endpoint}/{id}` (RFC 7644 §3.4.1); 304 for who has this version already.
pub(crate) async fn read(
    State(app): State<App>,
    exchange: Exchange,
    at: AtResource,
    Query(pairs): Query,
    IfNoneMatch(known): IfNoneMatch,
    IfMatch(expected): IfMatch,
) -> Result<Answer, Problem> {
    let projection = projection(&pairs, &exchange)?;
    let resource = app.get(&at.scim.caller, &at.resource_type, at.id, &projection).await?;
    let version = resource.version;
    if !expected.allows(version) {
        return Err(service::WriteError::VersionMismatch { current: version }.into());
    }
    if known.is_some_and(|known| known.allows(version)) {
        return Ok(Answer::not_modified(version));
    }
    let body = text(&resource, &at.scim.base_url, &projection)?;
    Ok(Answer::scim(StatusCode::OK, body).etag(version).content_location(&location(&resource, &at.scim.base_url)))
}

/// `PUT /{endpoint}/{id}` (RFC 7644 §3.5.1).
pub(crate) async fn replace(
    State(app): State<App>,
    exchange: Exchange,
    at: AtResource,
    Query(pairs): Query,
    IfMatch(expected): IfMatch,
    body: ScimBody,
) -> Result<Answer, Problem> {
    let projection = projection(&pairs, &exchange)?;
    let stored = app.replace(&at.scim.caller, &at.resource_type, at.id, expected, &body.bytes, &projection).await?;
    shown(StatusCode::OK, &at.scim, &exchange, stored)
}

/// `PATCH /{endpoint}/{id}` (RFC 7644 §3.5.2): 200 with the resource, or 204 when only members
/// changed and no attributes are asked for.
pub(crate) async fn patch(
    State(app): State<App>,
    exchange: Exchange,
    at: AtResource,
    Query(pairs): Query,
    IfMatch(expected): IfMatch,
    body: ScimBody,
) -> Result<Answer, Problem> {
    let projection = projection(&pairs, &exchange)?;
    let stored = app.patch(&at.scim.caller, &at.resource_type, at.id, expected, &body.bytes, &projection).await?;
    shown(StatusCode::OK, &at.scim, &exchange, stored)
}

/// `DELETE /{endpoint}/{id}` (RFC 7644 §3.6).
pub(crate) async fn delete(
    State(app): State<App>,
    exchange: Exchange,
    at: AtResource,
    IfMatch(expected): IfMatch,
) -> Result<Answer, Problem> {
    let change = app.delete(&at.scim.caller, &at.resource_type, at.id, expected).await?;
    exchange.note_work(|work| work.change = change);
    Ok(Answer::no_content())
}

/// `GET /{endpoint}` (RFC 7644 §3.4.2).
pub(crate) async fn list(
    State(app): State<App>,
    exchange: Exchange,
    at: AtEndpoint,
    Query(pairs): Query,
) -> Result<Answer, Problem> {
    let request = request(&pairs)?;
    let found = app.list(&at.scim.caller, Some(&at.resource_type), &request, &at.scim.base_url).await?;
    listed(found, &exchange, &at.scim)
}

/// `GET /`: resources of all types that the caller may read (RFC 7644 §3.4.2.1).
pub(crate) async fn list_all(
    State(app): State<App>,
    exchange: Exchange,
    scim: ScimCaller,
    Query(pairs): Query,
) -> Result<Answer, Problem> {
    let found = app.list(&scim.caller, None, &request(&pairs)?, &scim.base_url).await?;
    listed(found, &exchange, &scim)
}

/// `POST /{endpoint}/.search` (RFC 7644 §3.4.3).
pub(crate) async fn search(
    State(app): State<App>,
    exchange: Exchange,
    at: AtEndpoint,
    body: ScimBody,
) -> Result<Answer, Problem> {
    let request = SearchRequest::read(&body.bytes)?;
    let found = app.list(&at.scim.caller, Some(&at.resource_type), &request, &at.scim.base_url).await?;
    listed(found, &exchange, &at.scim)
}

/// `POST /.search`: all types (RFC 7644 §3.4.3).
pub(crate) async fn search_all(
    State(app): State<App>,
    exchange: Exchange,
    scim: ScimCaller,
    body: ScimBody,
) -> Result<Answer, Problem> {
    let request = SearchRequest::read(&body.bytes)?;
    let found = app.list(&scim.caller, None, &request, &scim.base_url).await?;
    listed(found, &exchange, &scim)
}

/// `/Me`: no credential that we know names a user (RFC 7644 §3.11: 501).
pub(crate) async fn me(_: ScimCaller) -> Problem {
    Problem::Service(ServiceError::NotImplemented(
        "This credential is that of a client, not of a user, so '/Me' names nobody. Use /Users/{id}".into(),
    ))
}

fn request(pairs: &[(String, String)]) -> Result<SearchRequest, Problem> {
    Ok(SearchRequest::from_pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))?)
}

/// `attributes` and `excludedAttributes` of a query string (RFC 7644 §3.9).
fn projection(pairs: &[(String, String)], exchange: &Exchange) -> Result<Projection, Problem> {
    let request = request(pairs)?;
    let projection = Projection::from_lists(&request.attributes, &request.excluded_attributes)?;
    let mut notes = Notes::default();
    projection.note(&mut notes);
    exchange.note_work(|work| work.notes.join(&notes));
    Ok(projection)
}

fn shown(status: StatusCode, scim: &ScimCaller, exchange: &Exchange, stored: Stored) -> Result<Answer, Problem> {
    let Stored { version, shown, projection, notes, id, change } = stored;
    exchange.note_work(|work| {
        work.notes.join(&notes);
        work.resource = Some(id);
        work.change = change;
    });
    let Some(resource) = shown else { return Ok(Answer::no_content().etag(version)) };
    let answer = Answer::scim(status, text(&resource, &scim.base_url, &projection)?).etag(version);
    let location = location(&resource, &scim.base_url);
    Ok(if status == StatusCode::CREATED { answer.location(&location) } else { answer.content_location(&location) })
}

fn listed(found: Found, exchange: &Exchange, scim: &ScimCaller) -> Result<Answer, Problem> {
    exchange.note_work(|work| {
        work.notes.join(&found.notes);
        work.found = Some(found.total_results);
    });
    let list = ListResponse {
        total_results: found.total_results,
        start_index: found.start_index,
        next_cursor: found.next_cursor,
    };
    let mut renderer = Renderer::new(&scim.base_url, &found.projection);
    let body = list.to_body(&found.resources, Renderer::room_for, |body, resource| {
        renderer.push(body, resource).map_err(|error| corrupt(resource, &error))
    })?;
    Ok(Answer::scim(StatusCode::OK, body))
}

fn text(resource: &Representation, base_url: &str, projection: &Projection) -> Result<String, Problem> {
    render(resource, base_url, projection).map_err(|error| corrupt(resource, &error))
}

fn corrupt(resource: &Representation, error: &CorruptBody) -> Problem {
    Problem::Service(StoreError::Corrupt(format!("{}: {error}", resource.id)).into())
}

fn location(resource: &Representation, base_url: &str) -> String {
    format!("{base_url}{}/{}", resource.resource_type.endpoint, resource.id)
}
