//! Extractors: who calls, for what, with which body. They fail closed: a handler that has one of
//! these has a caller who may do what its method says.

use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method, header};
use scim::id::Precondition;
use scim::schema::ResourceType;
use scim::{ResourceId, ScimError};
use service::{Presented, Scopes};
use std::sync::Arc;

use super::body;
use super::exchange::Exchange;
use super::problem::Problem;
use super::query;
use crate::ServerState;
use crate::options::ADMIN_BODY_BYTES_MAX;

/// The name of the path segment that names the tenant, in every route that has one.
pub(crate) const TENANT: &str = "tenant_id";

/// Who calls a SCIM route: a credential that opens the tenant in the path.
#[derive(Debug)]
pub(crate) struct ScimCaller {
    pub(crate) caller: service::ScimCaller,
    /// The tenant's SCIM base as the client spelt it, without a slash at the end.
    pub(crate) base_url: String,
}

impl FromRequestParts<ServerState> for ScimCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ServerState) -> Result<Self, Problem> {
        let tenant = segment(parts, state, TENANT).await?;
        let exchange = exchange(parts);
        let caller = state.app.authenticate_scim(&tenant, &presented(parts, &exchange)).await;
        let caller = state.metrics.checked("scim", caller)?;
        exchange.note_scim_caller(&caller);
        let limits = caller.tenant.limits;
        parts.extensions.insert(BodyLimit(limits.payload_bytes_max as usize));
        let base_url = format!("{}/api/v1/tenants/{tenant}/scim/v2", exchange.base());
        Ok(Self { caller, base_url })
    }
}

/// A SCIM caller who may send bulk requests, which can be larger than others.
#[derive(Debug)]
pub(crate) struct AtBulk(pub(crate) ScimCaller);

impl FromRequestParts<ServerState> for AtBulk {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ServerState) -> Result<Self, Problem> {
        let scim = ScimCaller::from_request_parts(parts, state).await?;
        scim.caller.require(Scopes::BULK)?;
        parts.extensions.insert(BodyLimit(scim.caller.tenant.limits.bulk_payload_bytes_max as usize));
        Ok(Self(scim))
    }
}

/// A SCIM caller at an endpoint of the tenant, who may do there what the method says.
#[derive(Debug)]
pub(crate) struct AtEndpoint {
    pub(crate) scim: ScimCaller,
    pub(crate) resource_type: Arc<ResourceType>,
}

impl FromRequestParts<ServerState> for AtEndpoint {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ServerState) -> Result<Self, Problem> {
        let scim = ScimCaller::from_request_parts(parts, state).await?;
        let endpoint = segment(parts, state, "endpoint").await?;
        let registry = state.app.registry(&scim.caller.tenant);
        let resource_type = registry.type_at(&endpoint).cloned().ok_or(Problem::NoRoute)?;
        let searches = parts.uri.path().ends_with("/.search");
        let needed = match parts.method {
            Method::GET | Method::HEAD => Scopes::to_read(&resource_type),
            Method::POST if searches => Scopes::to_read(&resource_type),
            _ => Scopes::to_write(&resource_type),
        };
        scim.caller.require(needed)?;
        Ok(Self { scim, resource_type })
    }
}

/// [`AtEndpoint`], and the id of a resource there. Text that no id of ours can be names nothing.
#[derive(Debug)]
pub(crate) struct AtResource {
    pub(crate) scim: ScimCaller,
    pub(crate) resource_type: Arc<ResourceType>,
    pub(crate) id: ResourceId,
}

impl FromRequestParts<ServerState> for AtResource {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ServerState) -> Result<Self, Problem> {
        let AtEndpoint { scim, resource_type } = AtEndpoint::from_request_parts(parts, state).await?;
        let id = segment(parts, state, "id").await?;
        match id.parse::<ResourceId>() {
            Ok(id) if id.prefix() == resource_type.id_prefix => Ok(Self { scim, resource_type, id }),
            Ok(_) | Err(_) => Err(ScimError::NotFound(format!("{} {} not found", resource_type.name, cut(&id))).into()),
        }
    }
}

/// What a client sent is quoted no further than this in an answer.
fn cut(text: &str) -> String {
    text.chars().take(64).collect()
}

/// What the path has for the last parameter of its route, decoded.
#[derive(Debug)]
pub(crate) struct Segment(pub(crate) String);

impl FromRequestParts<ServerState> for Segment {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ServerState) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| Problem::NoRoute)?;
        params.iter().last().map(|(_, value)| Self(value.to_owned())).ok_or(Problem::NoRoute)
    }
}

/// Who calls an admin route that changes nothing.
#[derive(Debug)]
pub(crate) struct AdminCaller(pub(crate) service::AdminCaller);

impl FromRequestParts<ServerState> for AdminCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ServerState) -> Result<Self, Problem> {
        let exchange = exchange(parts);
        let caller = state.app.authenticate_admin(&presented(parts, &exchange)).await;
        let caller = state.metrics.checked("admin", caller)?;
        let tenant = match &caller.reach {
            service::Reach::All => None,
            service::Reach::Tenant(tenant) => Some(tenant.id.to_string()),
        };
        exchange.note_caller(tenant, caller.actor.to_string());
        Ok(Self(caller))
    }
}

/// Who calls an admin route that changes something.
#[derive(Debug)]
pub(crate) struct AdminWriter(pub(crate) service::AdminWriter);

impl FromRequestParts<ServerState> for AdminWriter {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ServerState) -> Result<Self, Problem> {
        let AdminCaller(caller) = AdminCaller::from_request_parts(parts, state).await?;
        Ok(Self(caller.writer()?))
    }
}

/// How large the body of this request may be; set by whoever finds out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyLimit(pub(crate) usize);

/// The body of a SCIM request: JSON under either name.
#[derive(Debug)]
pub(crate) struct ScimBody {
    pub(crate) bytes: Bytes,
    /// Whether it came as plain `application/json`.
    pub(crate) plain: bool,
}

impl FromRequest<ServerState> for ScimBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &ServerState) -> Result<Self, Problem> {
        let plain = match media_type(request.headers())? {
            MediaType::Json | MediaType::Unnamed => true,
            MediaType::ScimJson => false,
        };
        // No limit means that no caller was extracted before: then nothing is read.
        let limit = request.extensions().get::<BodyLimit>().map_or(0, |limit| limit.0);
        let bytes = body::read(request, limit, &state.options).await.map_err(Problem::Body)?;
        Ok(Self { bytes, plain })
    }
}

/// The body of an admin request: JSON, and small.
#[derive(Debug)]
pub(crate) struct AdminBody(pub(crate) Bytes);

impl FromRequest<ServerState> for AdminBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &ServerState) -> Result<Self, Problem> {
        media_type(request.headers())?;
        let bytes = body::read(request, ADMIN_BODY_BYTES_MAX, &state.options).await;
        bytes.map(Self).map_err(Problem::Body)
    }
}

/// The pairs of the query string, decoded.
#[derive(Debug)]
pub(crate) struct Query(pub(crate) Vec<(String, String)>);

impl FromRequestParts<ServerState> for Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &ServerState) -> Result<Self, Problem> {
        query::pairs(parts.uri.query()).map(Self)
    }
}

/// `If-Match`: which versions may be changed (RFC 9110 §13.1.1).
#[derive(Debug)]
pub(crate) struct IfMatch(pub(crate) Precondition);

impl FromRequestParts<ServerState> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &ServerState) -> Result<Self, Problem> {
        Ok(Self(tags(&parts.headers, &header::IF_MATCH).unwrap_or_default()))
    }
}

/// `If-None-Match`: which versions the client has already (RFC 9110 §13.1.2); `None` without it.
#[derive(Debug)]
pub(crate) struct IfNoneMatch(pub(crate) Option<Precondition>);

impl FromRequestParts<ServerState> for IfNoneMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &ServerState) -> Result<Self, Problem> {
        Ok(Self(tags(&parts.headers, &header::IF_NONE_MATCH)))
    }
}

/// All values of a header with entity tags as one list. A value that is no text names no version
/// of ours: it must not pass for a header that is not there.
fn tags(headers: &HeaderMap, name: &HeaderName) -> Option<Precondition> {
    let mut values = headers.get_all(name).iter().peekable();
    values.peek()?;
    let list: Vec<&str> = values.map(|value| value.to_str().unwrap_or_default()).collect();
    Some(list.join(",").parse().unwrap_or_else(|never: std::convert::Infallible| match never {}))
}

enum MediaType {
    Json,
    ScimJson,
    Unnamed,
}

/// In which format the body says it is. Parameters do not matter, except a charset that is not
/// UTF-8: JSON has no other (RFC 8259 §8.1).
fn media_type(headers: &HeaderMap) -> Result<MediaType, Problem> {
    if let Some(encoding) = headers.get(header::CONTENT_ENCODING).filter(|encoding| *encoding != "identity") {
        let encoding = cut(encoding.to_str().unwrap_or("?"));
        return Err(Problem::MediaType(format!("Send the body without Content-Encoding, not as '{encoding}'")));
    }
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(MediaType::Unnamed) };
    let refuse = || {
        let sent = cut(value.to_str().unwrap_or("?"));
        Problem::MediaType(format!("Send the body as application/scim+json or application/json, not as '{sent}'"))
    };
    let text = value.to_str().map_err(|_| refuse())?;
    let mut parts = text.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default();
    let charset = parts.filter_map(|p| p.split_once('=')).find(|(name, _)| name.eq_ignore_ascii_case("charset"));
    if charset.is_some_and(|(_, charset)| !charset.trim_matches('"').eq_ignore_ascii_case("utf-8")) {
        return Err(refuse());
    }
    if media.eq_ignore_ascii_case("application/scim+json") {
        Ok(MediaType::ScimJson)
    } else if media.eq_ignore_ascii_case("application/json") {
        Ok(MediaType::Json)
    } else {
        Err(refuse())
    }
}

/// The segment of the path that the route calls `name`, decoded.
pub(crate) async fn segment(parts: &mut Parts, state: &ServerState, name: &str) -> Result<String, Problem> {
    // Not UTF-8 after decoding: no name of ours.
    let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| Problem::NoRoute)?;
    params.iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_owned()).ok_or(Problem::NoRoute)
}

fn presented<'a>(parts: &'a Parts, exchange: &'a Exchange) -> Presented<'a> {
    let text = |name: HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok());
    Presented {
        authorization: text(header::AUTHORIZATION),
        address: exchange.client(),
        user_agent: text(header::USER_AGENT),
        request_id: exchange.id(),
    }
}

/// What [`super::layers`] put there for every request.
fn exchange(parts: &Parts) -> Exchange {
    parts.extensions.get::<Exchange>().cloned().expect("the layer around all routes adds it")
}

impl FromRequestParts<ServerState> for Exchange {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &ServerState) -> Result<Self, Problem> {
        Ok(exchange(parts))
    }
}
