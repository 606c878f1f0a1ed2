//! The admin API and the token endpoints in the OpenAPI document. Shapes of answers come from the
//! types that are answered; what may be asked is said here, beside the path.

mod definitions;
mod operation;
mod requests;

use utoipa::openapi::path::{HttpMethod, Paths, PathsBuilder};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::openapi::{PathItem, Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use operation::{Described, header, in_path, in_query};

use crate::http::admin::{
    applications, audit, endpoint_info, keys, request_logs, resource_types, schemas, scim_tokens, tenants,
};
use crate::http::oauth;

/// Groups of endpoints and what they are for.
pub(super) const TAGS: &[(&str, &str)] = &[
    (TOKENS, "Credentials of identity providers, and what to enter there"),
    (TENANTS, "Customers: everything provisioned belongs to exactly one"),
    (DEFINITIONS, "Schemas and resource types of a tenant's own"),
    (APPLICATIONS, "OAuth clients that get access tokens"),
    (KEYS, "What access tokens are signed with"),
    (REQUESTS, "What was asked of a tenant's SCIM routes, and what became of it"),
    (AUDIT, "Who did what through the admin API or at the command line"),
    (OAUTH, "Access tokens by client credentials (RFC 6749 §4.4), and how to verify them"),
];

const TOKENS: &str = "SCIM Tokens";
const TENANTS: &str = "Tenants";
const DEFINITIONS: &str = "Schemas and Resource Types";
const APPLICATIONS: &str = "Applications";
const KEYS: &str = "Signing Keys";
const REQUESTS: &str = "Request Logs";
const AUDIT: &str = "Audit";
const OAUTH: &str = "OAuth";

/// The paths, with everything they can answer.
pub(super) fn paths() -> Paths {
    let mut paths = PathsBuilder::new();
    let groups = [
        of_tokens(),
        of_tenants(),
        definitions::entries(),
        of_applications(),
        of_keys(),
        of_requests(),
        of_audit(),
        of_oauth(),
    ];
    for (path, method, described) in groups.into_iter().flatten() {
        paths = paths.path(path, PathItem::new(method, described.into_operation()));
    }
    paths.build()
}

type Entry = (&'static str, HttpMethod, Described);

fn of_tokens() -> Vec<Entry> {
    const ALL: &str = "/api/v1/admin/scim-tokens/";
    const ONE: &str = "/api/v1/admin/scim-tokens/{token_id}";
    let described = |id, summary, text| Described::new(TOKENS, id, summary, text);
    let one = |id, summary, text| described(id, summary, text).with(in_path("token_id", "`sct_…`"));
    vec![
        (
            ALL,
            HttpMethod::Get,
            described("listScimTokens", "List Scim Tokens", "List SCIM tokens.")
                .paged()
                .with(in_query("tenant_id", Type::String, "Only those of this tenant, by id or slug."))
                .with(header())
                .with(in_query("status", Type::String, "`active`, `disabled`, `expired` or `revoked`."))
                .with(in_query("search", Type::String, "Found in name, description, prefix or last four characters."))
                .with(in_query("include_revoked", Type::Boolean, "Revoked ones too."))
                .answers(200, "A page of tokens, newest first", Some("ScimTokenPage"))
                .refuses(&[404]),
        ),
        (
            ALL,
            HttpMethod::Post,
            described("createScimToken", "Create Scim Token", "Create a new SCIM token.")
                .with(header())
                .takes(requests::create_scim_token(), true)
                .answers(201, "The token; its secret is shown this once", Some("IssuedScimToken")),
        ),
        (
            "/api/v1/admin/scim-tokens/endpoint-info",
            HttpMethod::Get,
            described(
                "getScimEndpointInfo",
                "Get Scim Endpoint Info",
                "Get SCIM endpoint information for configuration in identity providers.",
            )
            .with(in_query("tenant_id", Type::String, "Whose, by id or slug; without it, those of all tenants."))
            .with(header())
            .answers(200, "Everything to enter in the identity provider", Some("ScimEndpointInfos"))
            .refuses(&[404]),
        ),
        (
            ONE,
            HttpMethod::Delete,
            one("revokeScimToken", "Revoke Scim Token", "Revoke (soft delete) a SCIM token.")
                .with(header())
                .answers(204, "It is refused from now on", None)
                .refuses(&[404]),
        ),
        (
            ONE,
            HttpMethod::Get,
            one("getScimToken", "Get Scim Token", "Get a SCIM token by ID.")
                .with(header())
                .answers(200, "The token", Some("ScimToken"))
                .refuses(&[404]),
        ),
        (
            ONE,
            HttpMethod::Patch,
            one("updateScimToken", "Update Scim Token", "Update a SCIM token.")
                .with(header())
                .takes(requests::update_scim_token(), true)
                .answers(200, "The token as it is now", Some("ScimToken"))
                .refuses(&[404, 409]),
        ),
        (
            "/api/v1/admin/scim-tokens/{token_id}/rotate",
            HttpMethod::Post,
            one(
                "rotateScimToken",
                "Rotate Scim Token",
                "Give a SCIM token a new secret; the old one stays good for a while.",
            )
            .with(header())
            .takes(requests::rotate(), false)
            .answers(200, "The token; its new secret is shown this once", Some("IssuedScimToken"))
            .refuses(&[404, 409]),
        ),
    ]
}

fn of_tenants() -> Vec<Entry> {
    const ALL: &str = "/api/v1/admin/tenants/";
    const ONE: &str = "/api/v1/admin/tenants/{tenant_id}";
    let described = |id, summary, text| Described::new(TENANTS, id, summary, text);
    let one = |id, summary, text| described(id, summary, text).with(in_path("tenant_id", "`tnt_…`, or the slug"));
    vec![
        (
            ALL,
            HttpMethod::Get,
            described("listTenants", "List Tenants", "List tenants; a caller bound to one sees that one.")
                .paged()
                .with(in_query(
                    "status",
                    Type::String,
                    "`active`, `suspended` or `deleted`; without it all but deleted ones.",
                ))
                .with(in_query("search", Type::String, "Found in name or slug."))
                .answers(200, "A page of tenants, newest first", Some("TenantPage")),
        ),
        (
            ALL,
            HttpMethod::Post,
            described("createTenant", "Create Tenant", "Create a tenant. For platform administrators.")
                .takes(requests::create_tenant(), true)
                .answers(201, "The tenant", Some("Tenant"))
                .refuses(&[409]),
        ),
        (
            ONE,
            HttpMethod::Get,
            one("getTenant", "Get Tenant", "Get a tenant.").answers(200, "The tenant", Some("Tenant")).refuses(&[404]),
        ),
        (
            ONE,
            HttpMethod::Patch,
            one(
                "updateTenant",
                "Update Tenant",
                "Change a tenant. Slug, status and limits are for platform administrators.",
            )
            .takes(requests::update_tenant(), true)
            .answers(200, "The tenant as it is now", Some("Tenant"))
            .refuses(&[404, 409]),
        ),
        (
            ONE,
            HttpMethod::Delete,
            one(
                "deleteTenant",
                "Delete Tenant",
                "Delete a tenant (softly): its SCIM routes are closed. For platform administrators.",
            )
            .answers(204, "Its routes are closed", None)
            .refuses(&[404]),
        ),
    ]
}

fn of_applications() -> Vec<Entry> {
    const ALL: &str = "/api/v1/admin/applications/";
    const ONE: &str = "/api/v1/admin/applications/{application_id}";
    let described = |id, summary, text| Described::new(APPLICATIONS, id, summary, text);
    let one = |id, summary, text| described(id, summary, text).with(in_path("application_id", "`app_…`"));
    vec![
        (
            ALL,
            HttpMethod::Get,
            described("listApplications", "List Applications", "List OAuth clients.")
                .paged()
                .with(in_query("tenant_id", Type::String, "Only those of this tenant, by id or slug."))
                .with(in_query("app_scope", Type::String, "`GLOBAL` or `TENANT`."))
                .with(in_query("search", Type::String, "Found in name, description or client id."))
                .answers(200, "A page of applications, newest first", Some("ApplicationPage"))
                .refuses(&[404]),
        ),
        (
            ALL,
            HttpMethod::Post,
            described("createApplication", "Create Application", "Create an OAuth client.")
                .takes(requests::create_application(), true)
                .answers(201, "The application; its secret is shown this once", Some("IssuedApplication")),
        ),
        (
            ONE,
            HttpMethod::Get,
            one("getApplication", "Get Application", "Get an OAuth client.")
                .answers(200, "The application", Some("Application"))
                .refuses(&[404]),
        ),
        (
            ONE,
            HttpMethod::Patch,
            one("updateApplication", "Update Application", "Change an OAuth client.")
                .takes(requests::update_application(), true)
                .answers(200, "The application as it is now", Some("Application"))
                .refuses(&[404, 409]),
        ),
        (
            ONE,
            HttpMethod::Delete,
            one(
                "deleteApplication",
                "Delete Application",
                "Delete an OAuth client (softly): its access tokens are refused.",
            )
            .answers(204, "It gets no more tokens", None)
            .refuses(&[404]),
        ),
        (
            "/api/v1/admin/applications/{application_id}/rotate",
            HttpMethod::Post,
            one(
                "rotateApplication",
                "Rotate Application",
                "Give an OAuth client a new secret; the old one stays good for a while.",
            )
            .takes(requests::rotate(), false)
            .answers(200, "The application; its new secret is shown this once", Some("IssuedApplication"))
            .refuses(&[404, 409]),
        ),
    ]
}

fn of_keys() -> Vec<Entry> {
    let described = |id, summary, text| Described::new(KEYS, id, summary, text);
    vec![
        (
            "/api/v1/admin/signing-keys/",
            HttpMethod::Get,
            described("listSigningKeys", "List Signing Keys", "List the key that signs, and those still shown.")
                .answers(200, "The keys, first the one that signs", Some("SigningKeys")),
        ),
        (
            "/api/v1/admin/signing-keys/rotate",
            HttpMethod::Post,
            described(
                "rotateSigningKey",
                "Rotate Signing Key",
                "Sign access tokens with a new key; those that the old one signed stay good until they expire. For \
                 platform administrators.",
            )
            .answers(200, "The key that signs now", Some("SigningKey")),
        ),
    ]
}

fn of_requests() -> Vec<Entry> {
    let described = |id, summary, text| Described::new(REQUESTS, id, summary, text);
    let text = |name, text| in_query(name, Type::String, text);
    vec![
        (
            "/api/v1/admin/request-logs/",
            HttpMethod::Get,
            described(
                "listRequests",
                "List Requests",
                "List requests to a tenant's SCIM routes, newest first. The log is too long to be counted: a page says \
                 where the next one begins. Each looks at 20,000 entries at most, so that a page with few or no items \
                 may have a next one.",
            )
            .with(text("tenant_id", "Whose, by id or slug; required unless the caller is bound to one."))
            .with(text("token_id", "Only those with this SCIM token or client."))
            .with(text(
                "resource_id",
                "Only those that changed this resource or tried to, in an operation of a bulk request too.",
            ))
            .with(text("status", "A status such as `404`, a class such as `4xx`, or `failed`."))
            .with(text("method", "`GET`, `POST`, `PUT`, `PATCH` or `DELETE`."))
            .with(text("request_id", "The one with this `X-Request-Id`."))
            .with(text("since", "From this time on (RFC 3339)."))
            .with(text("until", "Before this time (RFC 3339)."))
            .with(text("search", "Found in summary, path or detail."))
            .paged_by_cursor()
            .answers(200, "A page of requests", Some("LoggedRequestPage"))
            .refuses(&[404]),
        ),
        (
            "/api/v1/admin/request-logs/{log_id}",
            HttpMethod::Get,
            described("getRequest", "Get Request", "Get a request, with its operations if it was a bulk request.")
                .with(in_path("log_id", "`log_…`"))
                .answers(200, "The request", Some("LoggedRequestDetail"))
                .refuses(&[404]),
        ),
    ]
}

fn of_audit() -> Vec<Entry> {
    let text = |name, text| in_query(name, Type::String, text);
    let summary = "List what was done through the admin API or at the command line, and changes that were denied. Pages are \
                   asked for by number, and counted; or by cursor, which costs the same however many there are.";
    vec![(
        "/api/v1/admin/audit/",
        HttpMethod::Get,
        Described::new(AUDIT, "listAudit", "List Audit", summary)
            .paged()
            .with(text("cursor", "The `next_cursor` of the page before; `page` means nothing then."))
            .with(text("tenant_id", "Only what is about data of this tenant, by id or slug."))
            .with(text("actor", "Only what this one did: a `client_id`, `subject@issuer`, or `operator`."))
            .with(text("action", "Only such: `scim_token.create`, `tenant.update`, …"))
            .with(text("resource", "Only what was done to this one, by id."))
            .with(text("result", "`done` or `denied`."))
            .with(text("request_id", "Only what was done in the request with this `X-Request-Id`."))
            .with(text("since", "From this time on (RFC 3339)."))
            .with(text("until", "Before this time (RFC 3339)."))
            .answers(200, "A page of deeds, newest first", Some("AuditEntryPage"))
            .refuses(&[404]),
    )]
}

fn of_oauth() -> Vec<Entry> {
    let described = |id, summary, text| Described::new(OAUTH, id, summary, text).in_public();
    let slug = || in_path("slug", "The tenant's slug or id.");
    let token = |described: Described| {
        described.takes_token_form().answers(200, "An access token", Some("AccessToken")).refuses_token()
    };
    let metadata = |described: Described| {
        described.answers(200, "What clients want to know of this issuer", Some("AuthorizationServerMetadata"))
    };
    vec![
        (
            "/api/v1/platform/oauth/token",
            HttpMethod::Post,
            token(described(
                "getPlatformToken",
                "Platform Token",
                "Client credentials of a GLOBAL client become an access token.",
            )),
        ),
        (
            "/api/v1/platform/oauth/.well-known/openid-configuration",
            HttpMethod::Get,
            metadata(described("getPlatformMetadata", "Platform Metadata", "RFC 8414 §3.")),
        ),
        (
            "/api/v1/platform/.well-known/jwks.json",
            HttpMethod::Get,
            described("getJwks", "Public Keys", "RFC 7517 §5: the keys that access tokens are verified with.").answers(
                200,
                "The keys, old ones too until their last token has expired",
                Some("JwkSet"),
            ),
        ),
        (
            "/api/v1/auth/tenants/{slug}/oauth/token",
            HttpMethod::Post,
            token(
                described(
                    "getTenantToken",
                    "Tenant Token",
                    "Client credentials of a TENANT client become an access token.",
                )
                .with(slug()),
            ),
        ),
        (
            "/api/v1/auth/tenants/{slug}/.well-known/openid-configuration",
            HttpMethod::Get,
            metadata(described("getTenantMetadata", "Tenant Metadata", "RFC 8414 §3.").with(slug())).refuses(&[404]),
        ),
    ]
}

/// Every shape that the paths name.
pub(super) fn shapes() -> Vec<(String, RefOr<Schema>)> {
    let mut all = Vec::new();
    collect::<scim_tokens::ScimTokenView>(&mut all);
    collect::<scim_tokens::IssuedScimTokenView<'_>>(&mut all);
    collect::<endpoint_info::EndpointInfoView>(&mut all);
    collect::<endpoint_info::EndpointInfosView>(&mut all);
    collect::<tenants::TenantView>(&mut all);
    collect::<schemas::SchemaView>(&mut all);
    collect::<resource_types::ResourceTypeView>(&mut all);
    collect::<applications::ApplicationView>(&mut all);
    collect::<applications::IssuedApplicationView<'_>>(&mut all);
    collect::<keys::KeyView>(&mut all);
    collect::<keys::KeysView>(&mut all);
    collect::<request_logs::LogPageView>(&mut all);
    collect::<request_logs::RequestView>(&mut all);
    collect::<request_logs::RequestDetailView>(&mut all);
    collect::<audit::AuditPageView>(&mut all);
    collect::<audit::DeedView>(&mut all);
    collect::<oauth::AccessTokenView>(&mut all);
    collect::<oauth::OAuthErrorView>(&mut all);
    collect::<oauth::MetadataView>(&mut all);
    for of in ["ScimToken", "Tenant", "DefinedSchema", "DefinedResourceType", "Application"] {
        all.push((format!("{of}Page"), page(of).into()));
    }
    let one_or_all = OneOfBuilder::new()
        .item(Ref::from_schema_name("ScimEndpointInfo"))
        .item(Ref::from_schema_name("ScimEndpointInfoList"));
    all.push(("ScimEndpointInfos".into(), Schema::OneOf(one_or_all.build()).into()));
    let keys = ObjectBuilder::new()
        .schema_type(Type::Object)
        .property("keys", ArrayBuilder::new().items(ObjectBuilder::new().schema_type(Type::Object)))
        .required("keys");
    all.push(("JwkSet".into(), Schema::Object(keys.build()).into()));
    all
}

fn collect<T: ToSchema + PartialSchema>(all: &mut Vec<(String, RefOr<Schema>)>) {
    T::schemas(all);
    all.push((T::name().into_owned(), T::schema()));
}

fn page(of: &str) -> Schema {
    let number = || ObjectBuilder::new().schema_type(Type::Integer);
    let object = ObjectBuilder::new()
        .schema_type(Type::Object)
        .property("items", ArrayBuilder::new().items(Ref::from_schema_name(of)))
        .property("total", number().description(Some("How many there are on all pages.")))
        .property("page", number().description(Some("Which page this is, from 1.")))
        .property("per_page", number().description(Some("How many a page holds.")))
        .property("pages", number().description(Some("How many pages there are.")));
    let required = ["items", "total", "page", "per_page", "pages"];
    Schema::Object(required.into_iter().fold(object, ObjectBuilder::required).build())
}
