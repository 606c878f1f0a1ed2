//! Schemas and resource types of a tenant's own in the OpenAPI document.

use service::schemas::{KINDS, MUTABILITIES, RETURNED, UNIQUENESS};
use utoipa::openapi::path::HttpMethod;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, Type};

use super::operation::{Described, in_path};
use super::requests::{boolean, choice, object, text};
use super::{DEFINITIONS, Entry};

pub(super) fn entries() -> Vec<Entry> {
    let mut all = of_schemas();
    all.extend(of_resource_types());
    all
}

fn described(id: &str, summary: &str, text: &str) -> Described {
    Described::new(DEFINITIONS, id, summary, text).with(in_path("tenant_id", "`tnt_…`, or the slug"))
}

fn of_schemas() -> Vec<Entry> {
    const ALL: &str = "/api/v1/admin/tenants/{tenant_id}/schemas/";
    const ONE: &str = "/api/v1/admin/tenants/{tenant_id}/schemas/{urn}";
    let one = |id, summary, text| described(id, summary, text).with(in_path("urn", "The schema's URN."));
    vec![
        (
            ALL,
            HttpMethod::Get,
            described("listDefinedSchemas", "List Schemas", "List a tenant's schemas, built-in ones too.")
                .paged()
                .answers(200, "A page of schemas, built-in ones first", Some("DefinedSchemaPage"))
                .refuses(&[404]),
        ),
        (
            ALL,
            HttpMethod::Post,
            described(
                "createDefinedSchema",
                "Create Schema",
                "Define a schema (RFC 7643 §7). Resources can have it once a resource type has it, as its core \
                 schema or as an extension.",
            )
            .takes(schema(), true)
            .answers(201, "The schema", Some("DefinedSchema"))
            .refuses(&[404, 409]),
        ),
        (
            ONE,
            HttpMethod::Get,
            one("getDefinedSchema", "Get Schema", "Get a schema of a tenant, or a built-in one as it holds there.")
                .answers(200, "The schema", Some("DefinedSchema"))
                .refuses(&[404]),
        ),
        (
            ONE,
            HttpMethod::Put,
            one(
                "replaceDefinedSchema",
                "Replace Schema",
                "Make a schema anew. Nothing that resources have values of is lost, and all of them must go with \
                 it. A built-in one can be made narrower, and have further attributes indexed.",
            )
            .takes(schema(), true)
            .answers(200, "The schema as it is now", Some("DefinedSchema"))
            .refuses(&[404, 409]),
        ),
        (
            ONE,
            HttpMethod::Delete,
            one(
                "deleteDefinedSchema",
                "Delete Schema",
                "Delete a schema that no resource type has. A built-in one becomes again what it was.",
            )
            .answers(204, "It is gone, or as it was", None)
            .refuses(&[404, 409]),
        ),
    ]
}

fn of_resource_types() -> Vec<Entry> {
    const ALL: &str = "/api/v1/admin/tenants/{tenant_id}/resource-types/";
    const ONE: &str = "/api/v1/admin/tenants/{tenant_id}/resource-types/{name}";
    let one = |id, summary, text| described(id, summary, text).with(in_path("name", "The resource type's name."));
    vec![
        (
            ALL,
            HttpMethod::Get,
            described(
                "listDefinedResourceTypes",
                "List Resource Types",
                "List a tenant's resource types, built-in ones too.",
            )
            .paged()
            .answers(200, "A page of resource types, built-in ones first", Some("DefinedResourceTypePage"))
            .refuses(&[404]),
        ),
        (
            ALL,
            HttpMethod::Post,
            described(
                "createDefinedResourceType",
                "Create Resource Type",
                "Define a resource type (RFC 7643 §6). Its endpoint is there at once.",
            )
            .takes(resource_type(), true)
            .answers(201, "The resource type", Some("DefinedResourceType"))
            .refuses(&[404, 409]),
        ),
        (
            ONE,
            HttpMethod::Get,
            one("getDefinedResourceType", "Get Resource Type", "Get a resource type of a tenant.")
                .answers(200, "The resource type", Some("DefinedResourceType"))
                .refuses(&[404]),
        ),
        (
            ONE,
            HttpMethod::Put,
            one(
                "replaceDefinedResourceType",
                "Replace Resource Type",
                "Make a resource type anew. A built-in one gets extensions this way, and nothing else.",
            )
            .takes(resource_type(), true)
            .answers(200, "The resource type as it is now", Some("DefinedResourceType"))
            .refuses(&[404, 409]),
        ),
        (
            ONE,
            HttpMethod::Delete,
            one(
                "deleteDefinedResourceType",
                "Delete Resource Type",
                "Delete a resource type that has no resources. A built-in one becomes again what it was.",
            )
            .answers(204, "It is gone, or as it was", None)
            .refuses(&[404, 409]),
        ),
    ]
}

fn schema() -> Schema {
    let sub = ArrayBuilder::new().items(attribute());
    let with_parts = attribute().property("subAttributes", sub.description(Some("The parts of a complex attribute.")));
    let object = object()
        .property("id", string("The URN."))
        .property("name", string("A name for people; required but for a built-in schema."))
        .property("description", text("What it is for.", 2000))
        .property("attributes", ArrayBuilder::new().items(with_parts))
        .required("id")
        .required("attributes");
    Schema::Object(object.build())
}

/// An attribute but for its parts.
fn attribute() -> ObjectBuilder {
    object()
        .property("name", string("Letters, digits, - and _."))
        .property("type", choice(&KINDS, "`string` without it."))
        .property("multiValued", boolean("Whether it has any number of values."))
        .property("description", text("What it is for.", 2000))
        .property("required", boolean("Whether a resource must have it."))
        .property("canonicalValues", strings("The values that are accepted."))
        .property("caseExact", boolean("Whether strings compare with case."))
        .property("mutability", choice(&MUTABILITIES, "`readWrite` without it."))
        .property("returned", choice(&RETURNED, "`default` without it."))
        .property("uniqueness", choice(&UNIQUENESS, "`none` without it; `server` is among resources of a type."))
        .property("referenceTypes", strings("What a reference may point to."))
        .property("indexed", boolean("Whether filters look its values up."))
        .required("name")
}

fn resource_type() -> Schema {
    let extension = object()
        .property("schema", string("The URN."))
        .property("required", boolean("Whether every resource must have values of it."))
        .required("schema");
    let object = object()
        .property("name", string("Its name, which is also its `id`."))
        .property("endpoint", string("Its path below the SCIM base, such as `/Devices`."))
        .property("description", text("What it is for.", 2000))
        .property("schema", string("The URN of its core schema."))
        .property("schemaExtensions", ArrayBuilder::new().items(extension))
        .required("name")
        .required("endpoint")
        .required("schema");
    Schema::Object(object.build())
}

fn string(about: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(255)).description(Some(about))
}

fn strings(about: &str) -> ArrayBuilder {
    ArrayBuilder::new().items(string("")).description(Some(about))
}
