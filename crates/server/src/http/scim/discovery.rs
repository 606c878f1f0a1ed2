//! `/ServiceProviderConfig`, `/ResourceTypes`, `/Schemas` (RFC 7644 §4), for any credential of
//! the tenant.

use http::StatusCode;
use scim::discovery::{self, Offer};

use crate::http::extract::{Query, ScimCaller, Segment};
use crate::http::problem::Problem;
use crate::http::respond::Answer;

/// `GET /ServiceProviderConfig`.
pub(crate) async fn service_provider_config(scim: ScimCaller, Query(pairs): Query) -> Result<Answer, Problem> {
    check(&pairs)?;
    let limits = &scim.caller.tenant.limits;
    let offer = Offer {
        bulk_operations_max: limits.bulk_operations_max,
        bulk_payload_bytes_max: u64::from(limits.bulk_payload_bytes_max),
        page_size_default: limits.page_size_default,
        page_size_max: limits.page_size_max,
        documentation_uri: None,
    };
    Ok(Answer::scim(StatusCode::OK, discovery::service_provider_config(&scim.base_url, &offer)))
}

/// `GET /ResourceTypes`.
pub(crate) async fn resource_types(scim: ScimCaller, Query(pairs): Query) -> Result<Answer, Problem> {
    check(&pairs)?;
    Ok(Answer::scim(StatusCode::OK, discovery::resource_types(&scim.base_url, &scim.caller.registry)))
}

/// `GET /ResourceTypes/{id}`.
pub(crate) async fn resource_type(
    scim: ScimCaller,
    Segment(name): Segment,
    Query(pairs): Query,
) -> Result<Answer, Problem> {
    check(&pairs)?;
    Ok(Answer::scim(StatusCode::OK, discovery::resource_type(&scim.base_url, &scim.caller.registry, &name)?))
}

/// `GET /Schemas`.
pub(crate) async fn schemas(scim: ScimCaller, Query(pairs): Query) -> Result<Answer, Problem> {
    check(&pairs)?;
    Ok(Answer::scim(StatusCode::OK, discovery::schemas(&scim.base_url, &scim.caller.registry)))
}

/// `GET /Schemas/{id}`.
pub(crate) async fn schema(scim: ScimCaller, Segment(urn): Segment, Query(pairs): Query) -> Result<Answer, Problem> {
    check(&pairs)?;
    Ok(Answer::scim(StatusCode::OK, discovery::schema(&scim.base_url, &scim.caller.registry, &urn)?))
}

fn check(pairs: &[(String, String)]) -> Result<(), Problem> {
    let pairs = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    Ok(discovery::check_query(pairs)?)
}
