//! The SCIM routes in the OpenAPI document. Written from data, since they are: what is said of
//! `/Users` holds for every type, and the shapes follow from the schemas that the service goes by.

mod operation;
mod shapes;

use utoipa::openapi::path::{HttpMethod, Paths, PathsBuilder};

pub(super) use shapes::schemas;

use operation::{Body, Described};

/// Groups of endpoints and what they are for.
pub(super) const TAGS: &[(&str, &str)] = &[
    ("SCIM Users", "Accounts of people and other holders (RFC 7643 §4.1)"),
    ("SCIM Groups", "Sets of users and of other groups (RFC 7643 §4.2)"),
    (OWN_TYPES, "Resources of types that the tenant has defined (RFC 7643 §6)"),
    ("SCIM Bulk", "Many operations in one request (RFC 7644 §3.7)"),
    ("SCIM Search", "Queries over all resource types (RFC 7644 §3.4.2.1, §3.4.3)"),
    ("SCIM Discovery", "What this service provider knows and can do (RFC 7644 §4)"),
];

const OWN_TYPES: &str = "SCIM Resources";

const BASE: &str = "/api/v1/tenants/{tenant_id}/scim/v2";

/// The paths, with everything they can answer.
pub(super) fn paths() -> Paths {
    let mut paths = PathsBuilder::new();
    for (path, method, described) in all() {
        paths = paths.path(path, utoipa::openapi::PathItem::new(method, described.into_operation()));
    }
    paths.build()
}

fn all() -> Vec<(String, HttpMethod, Described)> {
    let mut all = Vec::new();
    for (plural, one) in [("Users", "User"), ("Groups", "Group"), ("{endpoint}", "Resource")] {
        all.extend(of_type(plural, one));
    }
    all.extend(of_root());
    all.extend(of_discovery());
    all.into_iter().map(|(path, method, described)| (format!("{BASE}{path}"), method, described)).collect()
}

/// The routes of `/Users`, `/Groups`, or for all types of a tenant's own `/{endpoint}`.
fn of_type(endpoint: &'static str, one: &'static str) -> Vec<(String, HttpMethod, Described)> {
    let is_own = endpoint.starts_with('{');
    let (tag, plural) =
        if is_own { (OWN_TYPES.to_owned(), "Resources") } else { (format!("SCIM {endpoint}"), endpoint) };
    let shape = format!("SCIM{one}");
    let list = format!("SCIM{one}List");
    let described = |id: &str, summary: String, text: &str| {
        let described = Described::new(&tag, &format!("{id}{one}"), summary, text);
        if is_own { described.endpoint() } else { described }
    };
    let collection = format!("/{endpoint}");
    let resource = format!("/{endpoint}/{{id}}");
    vec![
        (
            collection.clone(),
            HttpMethod::Get,
            described("list", format!("List {plural}"), "RFC 7644 §3.4.2. Pages by index or by cursor (RFC 9865).")
                .listing()
                .answers(200, "A page of resources", Some(&list))
                .refuses(&[400]),
        ),
        (
            collection,
            HttpMethod::Post,
            described("create", format!("Create {one}"), "RFC 7644 §3.3.")
                .projecting()
                .takes(Body::Schema(format!("{shape}Request")))
                .answers(201, "The resource as it was stored", Some(&shape))
                .locates()
                .tags_version()
                .refuses(&[400, 409]),
        ),
        (
            format!("/{endpoint}/.search"),
            HttpMethod::Post,
            described("search", format!("Search {plural}"), "RFC 7644 §3.4.3: a query in the body.")
                .takes(Body::Schema("SCIMSearchRequest".into()))
                .answers(200, "A page of resources", Some(&list))
                .refuses(&[400]),
        ),
        (
            resource.clone(),
            HttpMethod::Get,
            described("get", format!("Get {one}"), "RFC 7644 §3.4.1.")
                .resource()
                .projecting()
                .header("If-None-Match", "Versions that the client has already: 304 if it is one of them.")
                .header("If-Match", "Versions that the client wants: 412 if it is none of them.")
                .answers(200, "The resource", Some(&shape))
                .tags_version()
                .answers(304, "The client has this version already", None)
                .tags_version()
                .refuses(&[400, 412]),
        ),
        (
            resource.clone(),
            HttpMethod::Put,
            described("replace", format!("Replace {one}"), "RFC 7644 §3.5.1. What is not sent is unassigned.")
                .resource()
                .projecting()
                .changes()
                .takes(Body::Schema(format!("{shape}Request")))
                .answers(200, "The resource as it is now", Some(&shape))
                .tags_version()
                .refuses(&[400, 409]),
        ),
        (
            resource.clone(),
            HttpMethod::Patch,
            described("patch", format!("Patch {one}"), "RFC 7644 §3.5.2. All operations are carried out, or none.")
                .resource()
                .projecting()
                .changes()
                .takes(Body::Schema("SCIMPatchRequest".into()))
                .answers(200, "The resource as it is now", Some(&shape))
                .tags_version()
                .answers(204, "Only members changed, and no attributes were asked for", None)
                .tags_version()
                .refuses(&[400, 409]),
        ),
        (
            resource,
            HttpMethod::Delete,
            described("delete", format!("Delete {one}"), "RFC 7644 §3.6. It leaves all groups it belonged to.")
                .resource()
                .changes()
                .answers(204, "It is gone", None)
                .refuses(&[400]),
        ),
    ]
}

fn of_root() -> Vec<(String, HttpMethod, Described)> {
    let search = |id, summary: &str, text| Described::new("SCIM Search", id, summary.to_owned(), text);
    let bulk = "Execute multiple SCIM operations in a single request.\n\nRFC 7644 Section 3.7 - Bulk Operations.";
    let me = "No credential names a user here, so this is always 501 (RFC 7644 §3.11).";
    let mut all = vec![
        (
            String::new(),
            HttpMethod::Get,
            search(
                "listAll",
                "List All Resources",
                "RFC 7644 §3.4.2.1: resources of all types that the caller may read.",
            )
            .listing()
            .answers(200, "A page of resources", Some("SCIMResourceList"))
            .refuses(&[400]),
        ),
        (
            "/.search".to_owned(),
            HttpMethod::Post,
            search("searchAll", "Search All Resources", "RFC 7644 §3.4.3: a query over all types, in the body.")
                .takes(Body::Schema("SCIMSearchRequest".into()))
                .answers(200, "A page of resources", Some("SCIMResourceList"))
                .refuses(&[400]),
        ),
        (
            "/Bulk".to_owned(),
            HttpMethod::Post,
            Described::new("SCIM Bulk", "bulk", "Bulk Operation".to_owned(), bulk)
                .header(
                    "Idempotency-Key",
                    "Names this run: sent again with the same body, the request answers what it answered first.",
                )
                .takes(Body::Schema("SCIMBulkRequest".into()))
                .answers(200, "What became of each operation, in request order", Some("SCIMBulkResponse"))
                .refuses(&[400, 409])
                .refuses_outline(),
        ),
    ];
    for (method, id) in [
        (HttpMethod::Get, "getMe"),
        (HttpMethod::Post, "postMe"),
        (HttpMethod::Put, "putMe"),
        (HttpMethod::Patch, "patchMe"),
        (HttpMethod::Delete, "deleteMe"),
    ] {
        let described = Described::new("SCIM Users", id, "Me".to_owned(), me).refuses(&[400, 501]);
        all.push(("/Me".to_owned(), method, described));
    }
    all
}

fn of_discovery() -> Vec<(String, HttpMethod, Described)> {
    let one = |path: &str, id, summary: &str, shape: &str| {
        let described = Described::new("SCIM Discovery", id, summary.to_owned(), "RFC 7644 §4.");
        let described = if path.ends_with("{id}") { described.resource() } else { described };
        let described = described.answers(200, "What is asked for", Some(shape)).refuses(&[400]);
        (path.to_owned(), HttpMethod::Get, described)
    };
    vec![
        one("/ServiceProviderConfig", "serviceProviderConfig", "Service Provider Config", "SCIMServiceProviderConfig"),
        one("/ResourceTypes", "listResourceTypes", "List Resource Types", "SCIMResourceList"),
        one("/ResourceTypes/{id}", "getResourceType", "Get Resource Type", "SCIMResourceType"),
        one("/Schemas", "listSchemas", "List Schemas", "SCIMResourceList"),
        one("/Schemas/{id}", "getSchema", "Get Schema", "SCIMSchema"),
    ]
}
