//! Extractors: who calls, for what, with which body. They fail closed: a handler that has one of
//! these has a caller who may do what its method says.

mod content;

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method, header};
use scim::id::Precondition;
use scim::schema::ResourceType;
use scim::{ResourceId, ScimError};
use service::{Presented, Scopes};

pub(crate) use content::{AdminBody, BodyLimit, ScimBody};

use super::body::Allowance;
use super::exchange::Exchange;
use super::problem::Problem;
use super::query;
use super::room::SMALL_BODY_BYTES;
use crate::ServerState;

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
        let caller = caller.map_err(|refused| {
            if let Some(why) = refused.why {
                exchange.note_refused(tenant.clone(), why);
            }
            refused.error
        });
        let caller = state.metrics.checked("scim", caller)?;
        exchange.note_scim_caller(&caller);
        let limits = caller.tenant.limits;
        let counted = Some((caller.tenant.id, SMALL_BODY_BYTES));
        parts.extensions.insert(BodyLimit(Allowance { bytes_max: limits.payload_bytes_max as usize, counted }));
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
        let tenant = &scim.caller.tenant;
        let (bytes_max, counted) = (tenant.limits.bulk_payload_bytes_max as usize, Some((tenant.id, 0)));
        parts.extensions.insert(BodyLimit(Allowance { bytes_max, counted }));
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
        let resource_type = scim.caller.registry.type_at(&endpoint).cloned().ok_or(Problem::NoRoute)?;
        exchange(parts).note_work(|work| work.resource_type = Some(Arc::clone(&resource_type)));
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
            Ok(id) if id.prefix() == resource_type.id_prefix => {
                exchange(parts).note_work(|work| work.resource = Some(id));
                Ok(Self { scim, resource_type, id })
            }
            Ok(_) | Err(_) => {
                Err(ScimError::NotFound(format!("{} '{}' not found", resource_type.name, cut(&id))).into())
            }
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

/// The tenant that an admin route is about, by id or slug.
#[derive(Debug)]
pub(crate) struct InTenant(pub(crate) String);

impl FromRequestParts<ServerState> for InTenant {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ServerState) -> Result<Self, Problem> {
        segment(parts, state, TENANT).await.map(Self)
    }
}

/// Something of a tenant that an admin route is about.
#[derive(Debug)]
pub(crate) struct BelowTenant {
    /// By id or slug.
    pub(crate) tenant: String,
    /// The last parameter of the route, decoded.
    pub(crate) name: String,
}

impl FromRequestParts<ServerState> for BelowTenant {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ServerState) -> Result<Self, Problem> {
        let InTenant(tenant) = InTenant::from_request_parts(parts, state).await?;
        let Segment(name) = Segment::from_request_parts(parts, state).await?;
        Ok(Self { tenant, name })
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
        let caller = caller.map_err(|refused| {
            if let Some(holder) = refused.why.and_then(|why| why.holder) {
                exchange.note_admin(holder.tenant, holder.actor);
            }
            refused.error
        });
        let caller = state.metrics.checked("admin", caller)?;
        let tenant = match &caller.reach {
            service::Reach::All => None,
            service::Reach::Tenant(tenant) => Some(Arc::clone(tenant)),
        };
        exchange.note_admin(tenant, caller.actor.clone());
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

/// The pairs of the query string, decoded.
#[derive(Debug)]
pub(crate) struct Query(pub(crate) Vec<(String, String)>);

impl FromRequestParts<ServerState> for Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &ServerState) -> Result<Self, Problem> {
        let pairs = query::pairs(parts.uri.query())?;
        if !pairs.is_empty() {
            exchange(parts).note_query(&pairs);
        }
        Ok(Self(pairs))
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
