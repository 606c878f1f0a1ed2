//! The shapes of SCIM messages and resources. Those of resources follow from their schemas.

use scim::message::{BULK_REQUEST, BULK_RESPONSE};
use scim::schema::{Attribute, Kind, Mutability, ResourceType, core};
use utoipa::openapi::schema::{
    AllOfBuilder, AnyOfBuilder, ArrayBuilder, KnownFormat, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::{Ref, RefOr};

/// Every shape that the SCIM paths name.
pub(in crate::openapi) fn schemas() -> Vec<(String, Schema)> {
    let mut all = Vec::new();
    for resource_type in core::registry().types() {
        let name = format!("SCIM{}", resource_type.name);
        all.push((format!("{name}List"), list(Ref::from_schema_name(&name).into())));
        all.push((format!("{name}Request"), request(resource_type, &name)));
        all.push((name, resource(resource_type)));
    }
    all.push(("SCIMResource".into(), open("A resource: its attributes, and those of extensions below their URNs.")));
    all.push(("SCIMResourceRequest".into(), open("What a resource is to be; the schemas of its type say what.")));
    let any = || RefOr::T(Schema::Object(ObjectBuilder::new().schema_type(Type::Object).build()));
    all.push(("SCIMResourceList".into(), list(any())));
    all.extend([
        ("SCIMError".to_owned(), error()),
        ("SCIMSearchRequest".to_owned(), search()),
        ("SCIMPatchRequest".to_owned(), patch()),
        ("SCIMServiceProviderConfig".to_owned(), open("What this service provider supports (RFC 7643 §5).")),
        ("SCIMResourceType".to_owned(), open("A kind of resource (RFC 7643 §6).")),
        ("SCIMSchema".to_owned(), open("Attributes and their characteristics (RFC 7643 §7).")),
    ]);
    all.extend(bulk());
    all
}

/// What a client sends to create or replace a resource: as it is shown, and all that is required.
fn request(resource_type: &ResourceType, name: &str) -> Schema {
    let required = resource_type.schema.attributes.iter().filter(|attribute| attribute.required);
    let needs = required
        .fold(ObjectBuilder::new().schema_type(Type::Object), |needs, attribute| needs.required(&attribute.name));
    AllOfBuilder::new().item(Ref::from_schema_name(name)).item(needs).into()
}

/// A resource as it is shown. Nothing is required here: `attributes` and `excludedAttributes` choose.
fn resource(resource_type: &ResourceType) -> Schema {
    let mut object = ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some(resource_type.description.clone()))
        .property("schemas", strings())
        .property("id", described(Type::String, "Given by the service.").read_only(true))
        .property("externalId", described(Type::String, "What the client calls it."))
        .property("meta", meta());
    for attribute in &resource_type.schema.attributes {
        object = object.property(&attribute.name, shape(attribute));
    }
    for extension in &resource_type.extensions {
        let mut inner = ObjectBuilder::new().schema_type(Type::Object);
        for attribute in &extension.schema.attributes {
            inner = inner.property(&attribute.name, shape(attribute));
        }
        object = object.property(&extension.schema.id, inner.description(Some(extension.schema.description.clone())));
    }
    object.into()
}

fn shape(attribute: &Attribute) -> Schema {
    let one = match attribute.kind {
        Kind::Complex => {
            let mut object = ObjectBuilder::new().schema_type(Type::Object);
            for sub in &attribute.sub_attributes {
                object = object.property(&sub.name, shape(sub));
            }
            object
        }
        Kind::String | Kind::Reference | Kind::Binary => ObjectBuilder::new().schema_type(Type::String),
        Kind::Boolean => ObjectBuilder::new().schema_type(Type::Boolean),
        Kind::Decimal => ObjectBuilder::new().schema_type(Type::Number),
        Kind::Integer => ObjectBuilder::new().schema_type(Type::Integer),
        Kind::DateTime => {
            let time = SchemaFormat::KnownFormat(KnownFormat::DateTime);
            ObjectBuilder::new().schema_type(Type::String).format(Some(time))
        }
    };
    let one = one
        .description(Some(attribute.description.clone()))
        .read_only(attribute.mutability == Mutability::ReadOnly)
        .write_only(attribute.mutability == Mutability::WriteOnly);
    if attribute.multi_valued { ArrayBuilder::new().items(RefOr::T(one.into())).into() } else { one.into() }
}

fn meta() -> ObjectBuilder {
    let text = |about| described(Type::String, about);
    let time = |about| text(about).format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
    described(Type::Object, "About the resource (RFC 7643 §3.1).")
        .read_only(true)
        .property("resourceType", text("The name of its type."))
        .property("created", time("When it was made."))
        .property("lastModified", time("When it was last changed."))
        .property("location", text("Its URL."))
        .property("version", text("Its version, as in `ETag`."))
}

fn list(item: RefOr<Schema>) -> Schema {
    described(Type::Object, "A page of resources (RFC 7644 §3.4.2).")
        .property("schemas", strings())
        .property("totalResults", described(Type::Integer, "How many match, on all pages together."))
        .property("itemsPerPage", described(Type::Integer, "How many are on this page."))
        .property("startIndex", described(Type::Integer, "The place of the first, from 1; not with cursors."))
        .property("nextCursor", described(Type::String, "Where the next page begins (RFC 9865)."))
        .property("Resources", ArrayBuilder::new().items(item))
        .required("schemas")
        .required("totalResults")
        .required("Resources")
        .into()
}

fn error() -> Schema {
    described(Type::Object, "Why a request failed (RFC 7644 §3.12).")
        .property("schemas", strings())
        .property("status", described(Type::String, "The HTTP status."))
        .property("scimType", described(Type::String, "The kind of error, for some."))
        .property("detail", described(Type::String, "What was wrong, in words."))
        .required("schemas")
        .required("status")
        .into()
}

fn search() -> Schema {
    let text = |about| described(Type::String, about);
    described(Type::Object, "A query in a body (RFC 7644 §3.4.3).")
        .property("schemas", strings())
        .property("attributes", strings())
        .property("excludedAttributes", strings())
        .property("filter", text("RFC 7644 §3.4.2.2."))
        .property("sortBy", text("The attribute to sort by."))
        .property("sortOrder", text("`ascending` or `descending`."))
        .property("startIndex", described(Type::Integer, "From which resource, counted from 1."))
        .property("count", described(Type::Integer, "How many at most."))
        .property("cursor", text("Empty, or the `nextCursor` before (RFC 9865)."))
        .into()
}

fn patch() -> Schema {
    let operation = ObjectBuilder::new()
        .schema_type(Type::Object)
        .property("op", described(Type::String, "`add`, `remove` or `replace`, in any case."))
        .property("path", described(Type::String, "What is changed (RFC 7644 §3.5.2)."))
        .property("value", ObjectBuilder::new().schema_type(SchemaType::any()).description(Some("The new value.")))
        .required("op");
    described(Type::Object, "Changes to a resource (RFC 7644 §3.5.2).")
        .property("schemas", strings())
        .property("Operations", ArrayBuilder::new().items(RefOr::T(operation.into())).min_items(Some(1)))
        .required("Operations")
        .into()
}

fn bulk() -> Vec<(String, Schema)> {
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let object = || ObjectBuilder::new().schema_type(Type::Object);
    let items = |name: &str| ArrayBuilder::new().items(Ref::from_schema_name(name));
    let urns = |urn: &str| strings().default(Some(serde_json::json!([urn])));
    let request = object()
        .description(Some("SCIM Bulk request."))
        .property("schemas", urns(BULK_REQUEST))
        .property("failOnErrors", nullable(Type::Integer))
        .property("Operations", items("SCIMBulkOperation"))
        .required("Operations");
    let operation = object()
        .description(Some("SCIM Bulk operation (RFC 7644 Section 3.7)."))
        .property("method", text())
        .property("bulkId", nullable(Type::String))
        .property("version", nullable(Type::String))
        .property("path", text())
        .property("data", nullable(Type::Object))
        .required("method")
        .required("path");
    let response = object()
        .property("schemas", urns(BULK_RESPONSE))
        .property("Operations", items("SCIMBulkResponseOperation"))
        .required("Operations");
    let outcome = object()
        .property("method", text())
        .property("bulkId", nullable(Type::String))
        .property("version", nullable(Type::String))
        .property("location", nullable(Type::String))
        .property("status", text())
        .property("response", nullable(Type::Object))
        .required("method")
        .required("status");
    [
        ("SCIMBulkRequest", request),
        ("SCIMBulkOperation", operation),
        ("SCIMBulkResponse", response),
        ("SCIMBulkResponseOperation", outcome),
    ]
    .map(|(name, schema)| (name.to_owned(), schema.into()))
    .to_vec()
}

/// This type or null, in the form that generators of references know from Pydantic.
fn nullable(kind: Type) -> Schema {
    let of = |kind| ObjectBuilder::new().schema_type(SchemaType::Type(kind));
    AnyOfBuilder::new().item(of(kind)).item(of(Type::Null)).into()
}

fn strings() -> ArrayBuilder {
    ArrayBuilder::new().items(RefOr::T(ObjectBuilder::new().schema_type(Type::String).into()))
}

fn described(kind: Type, about: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::Type(kind)).description(Some(about))
}

fn open(about: &str) -> Schema {
    described(Type::Object, about).into()
}
