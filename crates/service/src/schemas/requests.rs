//! What may be asked about schemas and resource types: the JSON of RFC 7643 §6 and §7, and `indexed`.

use scim::schema::{
    AttributeDraft, ExtensionDraft, Kind, Mutability, NAMED_VALUES_MAX, ResourceTypeDraft, Returned, SchemaDraft,
    URN_BYTES_MAX, Uniqueness,
};

use crate::form::{self, Form, FromForm};
use crate::page::PageRequest;

/// A schema as an administrator wants it.
#[derive(Debug, Clone)]
pub struct WantedSchema(pub(super) SchemaDraft);

/// A resource type as an administrator wants it.
#[derive(Debug, Clone)]
pub struct WantedResourceType(pub(super) ResourceTypeDraft);

/// Which definitions to list.
#[derive(Debug, Clone, Copy)]
pub struct ListDefinitions {
    /// Which page.
    pub page: PageRequest,
}

/// How long a description may be, in characters.
const DESCRIPTION_MAX: usize = 2000;
/// How many attributes may stand beside each other; how many there are in all is looked at later.
const ATTRIBUTES_MAX: usize = scim::schema::ATTRIBUTES_MAX;

/// The data types, as RFC 7643 §7 names them.
pub const KINDS: [(&str, Kind); 8] = [
    ("string", Kind::String),
    ("boolean", Kind::Boolean),
    ("decimal", Kind::Decimal),
    ("integer", Kind::Integer),
    ("dateTime", Kind::DateTime),
    ("reference", Kind::Reference),
    ("binary", Kind::Binary),
    ("complex", Kind::Complex),
];
/// Who may set an attribute, as RFC 7643 §7 names it.
pub const MUTABILITIES: [(&str, Mutability); 4] = [
    ("readOnly", Mutability::ReadOnly),
    ("readWrite", Mutability::ReadWrite),
    ("immutable", Mutability::Immutable),
    ("writeOnly", Mutability::WriteOnly),
];
/// When an attribute is shown, as RFC 7643 §7 names it.
pub const RETURNED: [(&str, Returned); 4] = [
    ("always", Returned::Always),
    ("never", Returned::Never),
    ("default", Returned::Default),
    ("request", Returned::Request),
];
/// Whether values may be the same, as RFC 7643 §7 names it.
pub const UNIQUENESS: [(&str, Uniqueness); 3] =
    [("none", Uniqueness::None), ("server", Uniqueness::Server), ("global", Uniqueness::Global)];

impl FromForm for WantedSchema {
    fn from_form(form: &mut Form) -> Option<Self> {
        ignore_what_discovery_adds(form);
        let id = form.required("id", form::text(1, URN_BYTES_MAX));
        let name = form.optional("name", form::name(255));
        let description = form.optional("description", form::text(0, DESCRIPTION_MAX));
        let attributes = form.each("attributes", ATTRIBUTES_MAX, |form| attribute(form, true));
        Some(Self(SchemaDraft { id: id?, name, description, attributes: attributes? }))
    }
}

fn attribute(form: &mut Form, is_top: bool) -> Option<AttributeDraft> {
    let values = || form::list(NAMED_VALUES_MAX, form::text(1, URN_BYTES_MAX));
    let name = form.required("name", form::text(1, URN_BYTES_MAX));
    let draft = AttributeDraft {
        kind: form.optional("type", form::one_of(&KINDS)),
        multi_valued: form.optional("multiValued", form::boolean),
        description: form.optional("description", form::text(0, DESCRIPTION_MAX)),
        required: form.optional("required", form::boolean),
        canonical_values: form.optional("canonicalValues", values()),
        case_exact: form.optional("caseExact", form::boolean),
        mutability: form.optional("mutability", form::one_of(&MUTABILITIES)),
        returned: form.optional("returned", form::one_of(&RETURNED)),
        uniqueness: form.optional("uniqueness", form::one_of(&UNIQUENESS)),
        reference_types: form.optional("referenceTypes", values()),
        indexed: form.optional("indexed", form::boolean),
        ..AttributeDraft::default()
    };
    // What we tell of an index, in case a schema is sent back as it was read.
    form.ignore("index");
    let subs = if is_top && form.has("subAttributes") {
        form.each("subAttributes", ATTRIBUTES_MAX, |form| attribute(form, false)).unwrap_or_default()
    } else {
        Vec::new()
    };
    Some(AttributeDraft { name: name?, sub_attributes: subs, ..draft })
}

impl FromForm for WantedResourceType {
    fn from_form(form: &mut Form) -> Option<Self> {
        ignore_what_discovery_adds(form);
        form.ignore("id");
        let name = form.required("name", form::text(1, URN_BYTES_MAX));
        let endpoint = form.required("endpoint", form::text(1, URN_BYTES_MAX));
        let description = form.optional("description", form::text(0, DESCRIPTION_MAX));
        let schema = form.required("schema", form::text(1, URN_BYTES_MAX));
        let extensions = if form.has("schemaExtensions") {
            form.each("schemaExtensions", NAMED_VALUES_MAX, |form| {
                let schema = form.required("schema", form::text(1, URN_BYTES_MAX));
                let required = form.optional("required", form::boolean).unwrap_or(false);
                Some(ExtensionDraft { schema: schema?, required })
            })?
        } else {
            Vec::new()
        };
        Some(Self(ResourceTypeDraft {
            name: name?,
            endpoint: endpoint?,
            description,
            schema: schema?,
            schema_extensions: extensions,
        }))
    }
}

/// What stands in the same object elsewhere: at the discovery endpoints, and in our own answers.
fn ignore_what_discovery_adds(form: &mut Form) {
    for name in ["schemas", "meta", "origin", "used_by", "created_at", "updated_at"] {
        form.ignore(name);
    }
}

impl FromForm for ListDefinitions {
    fn from_form(form: &mut Form) -> Option<Self> {
        Some(Self { page: PageRequest::read(form) })
    }
}
