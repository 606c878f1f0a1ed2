//! The OpenAPI document: every route, every status, every shape. A test walks the route table and
//! fails when a route is missing here.

pub(crate) mod page;
mod refusals;
mod scim;

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
    let components = scim::schemas()
        .into_iter()
        .chain(refusals::schemas())
        .fold(ComponentsBuilder::new(), |components, (name, schema)| components.schema(name, schema))
        .security_scheme("bearer", SecurityScheme::Http(bearer));
    let tags = scim::TAGS.iter().map(|(name, text)| TagBuilder::new().name(*name).description(Some(*text)).build());
    OpenApiBuilder::new()
        .info(info)
        .paths(scim::paths())
        .components(Some(components.build()))
        .tags(Some(tags.collect::<Vec<_>>()))
        .build()
}

const BEARER: &str = "A SCIM token of the tenant for its SCIM routes; a JWT from a token endpoint for the admin API.";
