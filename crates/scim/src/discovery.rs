//! What we are and what we can do (RFC 7644 §4): `/ServiceProviderConfig`, `/ResourceTypes`,
//! `/Schemas`, made from the data by which the service itself goes.

use serde_json::json;

use crate::error::ScimError;
use crate::json::Json;
use crate::message::ListResponse;
use crate::schema::{Registry, ResourceType, Schema, core};

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

const SERVICE_PROVIDER_CONFIG: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";
const RESOURCE_TYPE: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";

/// `GET /ServiceProviderConfig` as JSON text (RFC 7643 §5; RFC 9865 §4). `base_url` is the SCIM
/// base without a slash at its end, here and below.
#[must_use]
pub fn service_provider_config(base_url: &str, offer: &Offer) -> String {
    let mut config = json!({
        "schemas": [SERVICE_PROVIDER_CONFIG],
        "patch": { "supported": true },
        "bulk": {
            "supported": true,
            "maxOperations": offer.bulk_operations_max,
            "maxPayloadSize": offer.bulk_payload_bytes_max,
        },
        "filter": { "supported": true, "maxResults": offer.page_size_max },
        "changePassword": { "supported": true },
        "sort": { "supported": true },
        "etag": { "supported": true },
        // No cursorTimeout: "No value being specified may mean that there is no cursor timeout".
        "pagination": {
            "cursor": true,
            "index": true,
            "defaultPaginationMethod": "index",
            "defaultPageSize": offer.page_size_default,
            "maxPageSize": offer.page_size_max,
        },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "OAuth Bearer Token",
            "description": "A SCIM token of the tenant, or an access token from its token endpoint, in the header \
                            'Authorization: Bearer'",
            "specUri": "https://www.rfc-editor.org/info/rfc6750",
            "primary": true,
        }],
        "meta": meta("ServiceProviderConfig", &format!("{base_url}/ServiceProviderConfig")),
    });
    if let Some(uri) = &offer.documentation_uri {
        config["documentationUri"] = json!(uri);
    }
    config.to_string()
}

/// `GET /ResourceTypes` as JSON text (RFC 7643 §6).
#[must_use]
pub fn resource_types(base_url: &str, registry: &Registry) -> String {
    list(registry.types().iter().map(|resource_type| one_resource_type(base_url, resource_type)))
}

/// `GET /ResourceTypes/{name}` as JSON text.
///
/// # Errors
/// [`ScimError::NotFound`].
pub fn resource_type(base_url: &str, registry: &Registry, name: &str) -> Result<String, ScimError> {
    match registry.type_named(name) {
        Some(resource_type) => Ok(one_resource_type(base_url, resource_type).to_string()),
        None => Err(not_found("resource type", name)),
    }
}

/// `GET /Schemas` as JSON text (RFC 7643 §7): the schemas of the tenant's resources, and those of
/// the resources of discovery.
#[must_use]
pub fn schemas(base_url: &str, registry: &Registry) -> String {
    list(all_schemas(registry).map(|schema| one_schema(base_url, schema)))
}

/// `GET /Schemas/{urn}` as JSON text; the URN in any spelling.
///
/// # Errors
/// [`ScimError::NotFound`].
pub fn schema(base_url: &str, registry: &Registry, urn: &str) -> Result<String, ScimError> {
    match all_schemas(registry).find(|schema| schema.id.eq_ignore_ascii_case(urn)) {
        Some(schema) => Ok(one_schema(base_url, schema).to_string()),
        None => Err(not_found("schema", urn)),
    }
}

/// Looks at the query of a discovery request. "If a "filter" is provided, the service provider
/// SHOULD respond with HTTP status code 403" (RFC 7644 §4); everything else is ignored.
///
/// # Errors
/// [`ScimError::Forbidden`].
pub fn check_query<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<(), ScimError> {
    if pairs.into_iter().any(|(name, _)| name.eq_ignore_ascii_case("filter")) {
        return Err(ScimError::Forbidden("This endpoint takes no filter: it always answers with everything".into()));
    }
    Ok(())
}

fn one_resource_type(base_url: &str, resource_type: &ResourceType) -> Json {
    let name = &resource_type.name;
    let mut shown = json!({
        "schemas": [RESOURCE_TYPE],
        "id": name,
        "name": name,
        "endpoint": resource_type.endpoint,
        "description": resource_type.description,
        "schema": resource_type.schema.id,
    });
    if !resource_type.extensions.is_empty() {
        let extensions = resource_type.extensions.iter();
        let extensions =
            extensions.map(|extension| json!({ "schema": extension.schema.id, "required": extension.required }));
        shown["schemaExtensions"] = extensions.collect();
    }
    shown["meta"] = meta("ResourceType", &format!("{base_url}/ResourceTypes/{name}"));
    shown
}

fn one_schema(base_url: &str, schema: &Schema) -> Json {
    json!({
        "schemas": [SCHEMA],
        "id": schema.id,
        "name": schema.name,
        "description": schema.description,
        "attributes": schema.attributes,
        "meta": meta("Schema", &format!("{base_url}/Schemas/{}", schema.id)),
    })
}

fn all_schemas(registry: &Registry) -> impl Iterator<Item = &Schema> {
    let own = registry.schemas();
    let known = own.iter().map(|schema| schema.id.clone()).collect::<Vec<_>>();
    let ours = [SERVICE_PROVIDER_CONFIG, RESOURCE_TYPE, SCHEMA];
    let ours =
        core::schemas().iter().filter(move |schema| ours.contains(&schema.id.as_str()) && !known.contains(&schema.id));
    own.into_iter().chain(ours).map(AsRef::as_ref)
}

fn meta(resource_type: &str, location: &str) -> Json {
    json!({ "resourceType": resource_type, "location": location })
}

fn list(resources: impl Iterator<Item = Json>) -> String {
    let resources: Vec<String> = resources.map(|resource| resource.to_string()).collect();
    let total_results = resources.len() as u64;
    ListResponse { total_results, start_index: Some(1), next_cursor: None }.with_texts(&resources)
}

fn not_found(what: &str, name: &str) -> ScimError {
    ScimError::NotFound(format!("There is no {what} '{}'", name.chars().take(200).collect::<String>()))
}
