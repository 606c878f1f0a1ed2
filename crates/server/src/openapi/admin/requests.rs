//! What may be asked of the admin API. The readers of these shapes are the `FromForm` of the
//! service's request types; a test sends each member to them.

use service::applications::{Kind, SCOPES};
use service::request_log::RequestLogging;
use service::secret::OVERLAP_MAX_S;
use service::{IdentityProvider, Scopes};
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, KnownFormat, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type,
};

pub(super) fn create_scim_token() -> Schema {
    let object = token_members(named())
        .property("tenant_id", text("Whose, by id or slug; required unless the caller is bound to one.", 255))
        .property("expires_in_days", number("In place of `expires_at`.", 1, 3650))
        .required("name");
    closed(object)
}

pub(super) fn update_scim_token() -> Schema {
    closed(token_members(named()).property("is_active", boolean("Whether it is switched on.")))
}

fn token_members(object: ObjectBuilder) -> ObjectBuilder {
    let scopes = ArrayBuilder::new().items(choice(&Scopes::NAMES, "")).min_items(Some(1));
    let allowed = ArrayBuilder::new().items(ObjectBuilder::new().schema_type(Type::String)).max_items(Some(100));
    object
        .property("expires_at", nullable("When it ends, with offset (RFC 3339).").format(Some(DATE_TIME)))
        .property("scopes", scopes.description(Some("All of them without it.")))
        .property("allowed_ips", allowed.description(Some("Addresses and networks (CIDR) that may use it.")))
        .property("identity_provider", choice(&IdentityProvider::NAMES, "Which product it is for."))
}

pub(super) fn rotate() -> Schema {
    let text = "How long the old secret is good at most; a day without it.";
    closed(object().property("overlap_seconds", number(text, 0, OVERLAP_MAX_S)))
}

pub(super) fn create_tenant() -> Schema {
    closed(tenant_members().required("name"))
}

pub(super) fn update_tenant() -> Schema {
    closed(
        tenant_members().property("status", choice(&[("active", ()), ("suspended", ())], "Whether its routes answer.")),
    )
}

fn tenant_members() -> ObjectBuilder {
    const MIB: u32 = 1024 * 1024;
    let limits = object()
        .property("bulk_operations_max", limit("Operations in one bulk request.", 1, 100_000))
        .property("bulk_payload_bytes_max", limit("Bytes of a bulk request.", 1024, 256 * MIB))
        .property("payload_bytes_max", limit("Bytes of any other request.", 1024, 16 * MIB))
        .property("page_size_default", limit("Resources on a page without `count`.", 1, 10_000))
        .property("page_size_max", limit("Resources on a page at most.", 1, 10_000))
        .property("requests_per_second_max", limit("SCIM requests in a second; 0 is no limit.", 0, 1_000_000));
    let settings = object()
        .property("group_display_name_unique", boolean("Whether no two groups may have the same `displayName`."))
        .property("external_id_unique", boolean("Whether no two resources of a type may have the same `externalId`."))
        .property("strict", boolean("Whether requests that do not keep to the RFCs are refused, not mended."))
        .property(
            "request_log",
            choice(
                &RequestLogging::NAMES,
                "What is kept of requests: nothing, all but values of attributes, or all but secrets.",
            ),
        );
    let slug = ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some("The readable name in URLs; made of the name without it."))
        .pattern(Some("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"));
    object()
        .property("name", name())
        .property("slug", slug)
        .property("limits", closed(limits))
        .property("settings", closed(settings))
}

pub(super) fn create_application() -> Schema {
    let object = application_members(named())
        .property("app_scope", choice(&Kind::NAMES, "To whom it belongs; TENANT if there is a tenant."))
        .property("tenant_id", text("Whose, by id or slug.", 255))
        .required("name");
    closed(object)
}

pub(super) fn update_application() -> Schema {
    closed(application_members(named()).property("is_active", boolean("Whether it is switched on.")))
}

fn application_members(object: ObjectBuilder) -> ObjectBuilder {
    let scopes = ArrayBuilder::new().items(choice(&SCOPES, "")).max_items(Some(SCOPES.len()));
    let role = "`super_admin` or `partner_admin` for GLOBAL ones, `tenant_admin` for TENANT ones.";
    object.property("scopes", scopes.description(Some("Scopes that it may ask for."))).property("role", nullable(role))
}

/// RFC 6749 §4.4.2, and §2.3.1 for who does not use Basic.
pub(super) fn token_form() -> Schema {
    let plain = |text: &str| ObjectBuilder::new().schema_type(Type::String).description(Some(text.to_owned()));
    let object = object()
        .property("grant_type", choice(&[("client_credentials", ())], ""))
        .property("scope", plain("Scopes separated by spaces; all that the client may have without it."))
        .property("client_id", plain("If not by Basic."))
        .property("client_secret", plain("If not by Basic."))
        .required("grant_type");
    Schema::Object(object.build())
}

const DATE_TIME: SchemaFormat = SchemaFormat::KnownFormat(KnownFormat::DateTime);

pub(super) fn object() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Object)
}

/// An object that may have no other members.
fn closed(object: ObjectBuilder) -> Schema {
    Schema::Object(object.additional_properties(Some(AdditionalProperties::FreeForm(false))).build())
}

/// An object with `name` and `description`.
fn named() -> ObjectBuilder {
    object().property("name", name()).property("description", text("What it is for.", 2000))
}

fn name() -> ObjectBuilder {
    let name = ObjectBuilder::new().schema_type(Type::String).description(Some("A name for people."));
    name.min_length(Some(1)).max_length(Some(255))
}

fn nullable(text: &str) -> ObjectBuilder {
    let kinds = SchemaType::from_iter([Type::String, Type::Null]);
    ObjectBuilder::new().schema_type(kinds).description(Some(text.to_owned()))
}

pub(super) fn text(text: &str, max: usize) -> ObjectBuilder {
    nullable(text).max_length(Some(max))
}

pub(super) fn boolean(text: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Boolean).description(Some(text.to_owned()))
}

fn number(text: &str, min: u32, max: u32) -> ObjectBuilder {
    let number = ObjectBuilder::new().schema_type(Type::Integer).description(Some(text.to_owned()));
    number.minimum(Some(min)).maximum(Some(max))
}

/// A limit of a tenant; `null` goes back to the deployment's.
fn limit(text: &str, min: u32, max: u32) -> ObjectBuilder {
    number(text, min, max).schema_type(SchemaType::from_iter([Type::Integer, Type::Null]))
}

pub(super) fn choice<T>(names: &[(&'static str, T)], text: &str) -> ObjectBuilder {
    let choice = ObjectBuilder::new().schema_type(Type::String);
    let choice = if text.is_empty() { choice } else { choice.description(Some(text.to_owned())) };
    choice.enum_values(Some(names.iter().map(|(name, _)| *name)))
}
