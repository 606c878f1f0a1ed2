//! Kinds of queries, whose statements are built from a filter and an order.

use std::sync::Arc;

use scim::message::SearchRequest;
use scim::query::{ListQuery, PageLimits, Position, SortKey};
use scim::schema::{Custom, CustomType, FIRST_INDEX, Index, Registry, core};
use serde_json::json;
use store::catalogue;
use store::resources::Scope;
use store::sql::Stmt;

/// Endpoint, filter, order.
const QUERIES: [(&str, Option<&str>, Option<&str>); 20] = [
    ("User", Some("userName eq \"a\""), None),
    ("User", Some("userName sw \"a\" and active eq true"), None),
    ("User", Some("userName co \"a\""), None),
    ("User", Some("externalId eq \"a\" or emails.value eq \"a\""), None),
    ("User", Some("emails.value eq \"a\" and not (emails.value sw \"b\")"), None),
    ("User", Some("userName eq \"a\" and title co \"b\""), None),
    ("User", Some("active eq false"), None),
    ("User", Some("meta.lastModified gt \"2026-01-01T00:00:00Z\""), None),
    ("User", Some("groups.value eq \"grp_06EKJ3T9X8R4M1V5W7Y0ZABCDE\""), None),
    ("Group", Some("displayName eq \"a\""), None),
    ("Group", Some("members.value eq \"usr_06EKJ3T9X8R4M1V5W7Y0ZABCDE\""), None),
    ("User", None, Some("userName")),
    ("User", None, Some("meta.lastModified")),
    ("User", None, Some("externalId")),
    ("User", Some("emails.value eq \"a\""), Some("userName")),
    // What a tenant has defined, and wants indexed.
    ("Device", Some("serialNumber eq \"a\""), None),
    ("Device", Some("ports.number eq 7 and lastSeen ge \"2026-01-01T00:00:00Z\""), None),
    ("Device", Some("owner.value sw \"usr_\""), None),
    ("User", Some("urn:example:2.0:Badge:code eq \"a\""), None),
    ("User", Some("urn:example:2.0:Badge pr"), None),
];

/// Types and extensions of a tenant's own.
fn registry() -> Arc<Registry> {
    let draft = |json| serde_json::from_value(json).unwrap();
    let device = json!({ "id": "urn:example:2.0:Device", "name": "Device", "attributes": [
        { "name": "serialNumber" }, { "name": "lastSeen", "type": "dateTime" },
        { "name": "ports", "type": "complex", "subAttributes": [{ "name": "number", "type": "integer" }] },
        { "name": "owner", "type": "complex", "subAttributes": [
            { "name": "value", "type": "reference", "referenceTypes": ["User"] }] }] });
    let badge = json!({ "id": "urn:example:2.0:Badge", "name": "Badge", "attributes": [{ "name": "code" }] });
    let types = [
        json!({ "name": "Device", "endpoint": "/Devices", "schema": "urn:example:2.0:Device" }),
        json!({ "name": "User", "endpoint": "/Users", "schema": core::USER, "schemaExtensions": [
            { "schema": "urn:example:2.0:Badge", "required": false },
            { "schema": core::ENTERPRISE_USER, "required": false }] }),
    ];
    let types = types.into_iter().zip([100, 1]);
    let indexes = [
        ("urn:example:2.0:device", "serialnumber"),
        ("urn:example:2.0:device", "lastseen"),
        ("urn:example:2.0:device", "ports.number"),
        ("urn:example:2.0:device", "owner.value"),
        ("urn:example:2.0:badge", "code"),
        ("urn:example:2.0:badge", ""),
    ];
    let index = |((schema, path), number): ((&str, &str), u32)| Index {
        number,
        schema: schema.to_owned(),
        path: path.to_owned(),
        is_ready: true,
    };
    let custom = Custom {
        schemas: vec![draft(device), draft(badge)],
        types: types.map(|(json, key)| CustomType { key, draft: serde_json::from_value(json).unwrap() }).collect(),
        indexes: indexes.into_iter().zip(FIRST_INDEX..).map(index).collect(),
    };
    Registry::with(&custom, 1).unwrap()
}

/// Each kind of query with the statements that it runs: to look how much there is, for the rows of a page
/// after another one, and for the total, or else for what has to be looked at one by one.
pub(crate) fn all() -> Vec<(String, Vec<Arc<Stmt>>)> {
    let kinds = QUERIES.iter().map(|(type_name, filter, sort)| {
        let (shown_filter, shown_sort) = (filter.unwrap_or("all"), sort.unwrap_or("creation"));
        (format!("{type_name}: {shown_filter} by {shown_sort}"), statements(type_name, *filter, *sort))
    });
    kinds.collect()
}

/// Their plans.
pub(crate) fn each(plan: impl Fn(&str, &Stmt) -> String) -> String {
    let plans = all().into_iter().map(|(kind, statements)| {
        let plans: Vec<String> = statements.iter().map(|statement| plan(&kind, statement)).collect();
        format!("{kind}\n{}", plans.join("  and\n"))
    });
    plans.collect::<Vec<_>>().join("\n")
}

fn statements(type_name: &str, filter: Option<&str>, sort: Option<&str>) -> Vec<Arc<Stmt>> {
    let registry = registry();
    let types = vec![registry.type_named(type_name).unwrap().clone()];
    let mut pairs = vec![("cursor", ""), ("count", "100"), ("sortOrder", "descending")];
    pairs.extend(filter.map(|filter| ("filter", filter)));
    pairs.extend(sort.map(|sort| ("sortBy", sort)));
    let query = |pairs: &[(&str, &str)]| {
        let request = SearchRequest::from_pairs(pairs.iter().copied()).unwrap();
        ListQuery::new(&request, &types, PageLimits::default()).unwrap()
    };
    let value = if sort == Some("meta.lastModified") { SortKey::Instant(7) } else { SortKey::Text("a".into()) };
    let position = match sort {
        None => Position::Key(7),
        Some(_) => Position::Sorted { value: Some(value.to_text()), key: 7 },
    };
    let cursor = query(&pairs).cursor_after(position, 9);
    pairs[0] = ("cursor", &cursor);
    let scope = Scope { registry: registry.clone(), types: types.clone(), base_url: String::new() };
    catalogue::of_query(&scope, &query(&pairs))
}
