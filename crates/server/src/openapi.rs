//! The OpenAPI document: every route, every status, every shape. A test walks the route table and
//! fails when a route is missing here.

mod admin;
pub(crate) mod page;
mod refusals;
mod scim;
mod service;

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder};

/// The whole document.
#[must_use]
pub fn document() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Muster")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("A multi-tenant SCIM 2.0 service provider (RFC 7643, RFC 7644, RFC 9865)."))
        .build();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(BEARER)).build();
    let basic = HttpBuilder::new().scheme(HttpAuthScheme::Basic).description(Some(CLIENT)).build();
    let components = scim::schemas()
        .into_iter()
        .chain(refusals::schemas())
        .map(|(name, schema)| (name, schema.into()))
        .chain(admin::shapes())
        .fold(ComponentsBuilder::new(), |components, (name, schema)| components.schema(name, schema))
        .security_scheme("bearer", SecurityScheme::Http(bearer))
        .security_scheme("client", SecurityScheme::Http(basic));
    let mut paths = scim::paths();
    paths.merge(admin::paths());
    paths.merge(service::paths());
    let tags = admin::TAGS
        .iter()
        .chain(scim::TAGS)
        .chain(service::TAGS)
        .map(|(name, text)| TagBuilder::new().name(*name).description(Some(*text)).build());
    OpenApiBuilder::new()
        .info(info)
        .paths(paths)
        .components(Some(components.build()))
        .tags(Some(tags.collect::<Vec<_>>()))
        .build()
}

const BEARER: &str = "A SCIM token of the tenant for its SCIM routes; a JWT from a token endpoint for the admin API.";

const CLIENT: &str = "`client_id` and `client_secret` of an application, form-encoded (RFC 6749 §2.3.1).";
