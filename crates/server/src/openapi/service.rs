//! The routes about the server itself.

use utoipa::openapi::path::{HttpMethod, OperationBuilder, PathItem, Paths, PathsBuilder};
use utoipa::openapi::response::{ResponseBuilder, ResponsesBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Content, Ref};

/// Their group.
pub(super) const TAGS: &[(&str, &str)] = &[("Service", "Whether the server lives, and what it says of itself")];

/// Their paths. None needs a credential.
pub(super) fn paths() -> Paths {
    PathsBuilder::new()
        .path("/healthz", get("live", "Health", "The process answers.", "application/json", false))
        .path("/readyz", get("ready", "Readiness", "The database answers.", "application/json", true))
        .path("/openapi.json", get("openapi", "OpenAPI Document", "This document.", "application/json", false))
        .path("/docs", get("docs", "API Reference", "This document as a page.", "text/html", false))
        .build()
}

fn get(id: &str, summary: &str, text: &str, media_type: &str, may_fail: bool) -> PathItem {
    let shape = ObjectBuilder::new().schema_type(if media_type == "text/html" { Type::String } else { Type::Object });
    let yes = ResponseBuilder::new().description("Yes").content(media_type, Content::new(Some(shape)));
    let mut responses = ResponsesBuilder::new().response("200", yes.build());
    if may_fail {
        let detail = Content::new(Some(Ref::from_schema_name("Detail")));
        let no = ResponseBuilder::new().description("Not now").content("application/json", detail);
        responses = responses.response("503", no.build());
    }
    let operation = OperationBuilder::new()
        .tag("Service")
        .operation_id(Some(id))
        .summary(Some(summary))
        .description(Some(text))
        .securities(Some([]))
        .responses(responses.build());
    PathItem::new(HttpMethod::Get, operation.build())
}
