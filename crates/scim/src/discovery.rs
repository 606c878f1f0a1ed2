//! What we are and what we can do (RFC 7644 §4): `/ServiceProviderConfig`, `/ResourceTypes`,
//! `/Schemas`, made from the data by which the service itself goes.

use crate::error::ScimError;
use crate::schema::Registry;

/// What a tenant is offered, as far as it can be configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Operations in a bulk request.
    pub bulk_operations_max: u32,
    /// Bytes of a bulk request.
    pub bulk_payload_bytes_max: u64,
    /// Resources on a page when the client does not say.
    pub page_size_default: u32,
    /// Resources on a page.
    pub page_size_max: u32,
    /// Where people read about this service.
    pub documentation_uri: Option<String>,
}

/// `GET /ServiceProviderConfig` as JSON text (RFC 7643 §5; RFC 9865 §4). `base_url` is the SCIM
/// base without a slash at its end, here and below.
#[must_use]
pub fn service_provider_config(_base_url: &str, _offer: &Offer) -> String {
    todo!()
}

/// `GET /ResourceTypes` as JSON text (RFC 7643 §6).
#[must_use]
pub fn resource_types(_base_url: &str, _registry: &Registry) -> String {
    todo!()
}

/// `GET /ResourceTypes/{name}` as JSON text.
///
/// # Errors
/// [`ScimError::NotFound`].
pub fn resource_type(_base_url: &str, _registry: &Registry, _name: &str) -> Result<String, ScimError> {
    todo!()
}

/// `GET /Schemas` as JSON text (RFC 7643 §7).
#[must_use]
pub fn schemas(_base_url: &str, _registry: &Registry) -> String {
    todo!()
}

/// `GET /Schemas/{urn}` as JSON text; the URN in any spelling.
///
/// # Errors
/// [`ScimError::NotFound`].
pub fn schema(_base_url: &str, _registry: &Registry, _urn: &str) -> Result<String, ScimError> {
    todo!()
}

/// Looks at the query of a discovery request. "If a "filter" is provided, the service provider
/// SHOULD respond with HTTP status code 403" (RFC 7644 §4), everything else is ignored.
///
/// # Errors
/// [`ScimError::Forbidden`].
pub fn check_query<'a>(_pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<(), ScimError> {
    todo!()
}
