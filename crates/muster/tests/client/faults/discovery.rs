//! In what a server says of itself.

use serde_json::json;

use crate::fault::{Fault, drop_member, status};

const CONFIG: &str = "/ServiceProviderConfig";

pub(crate) fn all() -> Vec<Fault> {
    vec![
        Fault::answer("discovery.config", "GET", CONFIG, status(200, 203)),
        Fault::answer("discovery.config", "GET", CONFIG, |_, answered| answered.json["schemas"] = json!([])),
        Fault::answer("discovery.config-attributes", "GET", CONFIG, |_, answered| {
            answered.json["patch"]["supported"] = json!("true");
        }),
        Fault::answer("discovery.config-attributes", "GET", CONFIG, |_, answered| {
            drop_member(&mut answered.json["filter"], "maxResults");
        }),
        Fault::answer("discovery.config-attributes", "GET", CONFIG, |_, answered| {
            drop_member(&mut answered.json["authenticationSchemes"][0], "name");
        }),
        Fault::answer("discovery.config-attributes", "GET", CONFIG, |_, answered| {
            drop_member(&mut answered.json, "authenticationSchemes");
        }),
        Fault::answer("discovery.config-pagination", "GET", CONFIG, |_, answered| {
            drop_member(&mut answered.json["pagination"], "index");
        }),
        Fault::answer("discovery.config-pagination", "GET", CONFIG, |_, answered| {
            answered.json["pagination"]["maxPageSize"] = json!(-1);
        }),
        Fault::answer("discovery.config-pagination", "GET", CONFIG, |_, answered| {
            answered.json["pagination"]["defaultPaginationMethod"] = json!("page");
        }),
        Fault::answer("discovery.resource-types", "GET", "/ResourceTypes", |_, answered| {
            drop_member(&mut answered.resources()[0], "name");
        }),
        Fault::answer("discovery.resource-types", "GET", "/ResourceTypes", |_, answered| {
            answered.json["schemas"] = json!([]);
        }),
        Fault::answer("discovery.resource-types", "GET", "/ResourceTypes", |_, answered| answered.resources().clear()),
        Fault::answer("discovery.resource-type", "GET", "/ResourceTypes/*", |_, answered| {
            answered.json = json!({"Resources": [answered.json]});
        }),
        Fault::answer("discovery.schemas", "GET", "/Schemas", |_, answered| {
            answered.resources().retain(|schema| schema["id"] != "urn:ietf:params:scim:schemas:core:2.0:Group");
        }),
        Fault::answer("discovery.schemas", "GET", "/Schemas", |_, answered| {
            answered.json = answered.json["Resources"].take();
        }),
        Fault::answer("discovery.schema", "GET", "/Schemas/*", |_, answered| answered.json["attributes"] = json!([])),
        Fault::answer("discovery.schema", "GET", "/Schemas/*", status(200, 404)),
        Fault::answer("discovery.schema-attributes", "GET", "/Schemas", |_, answered| {
            drop_member(&mut answered.resources()[0]["attributes"][0], "mutability");
        }),
        Fault::answer("discovery.schema-attributes", "GET", "/Schemas", |_, answered| {
            answered.resources()[0]["attributes"][0]["type"] = json!("text");
        }),
        Fault::answer("discovery.schema-attributes", "GET", "/Schemas", |_, answered| {
            answered.resources()[0]["attributes"][0]["multiValued"] = json!("false");
        }),
        Fault::answer("discovery.unknown-schema", "GET", "/Schemas/*", status(404, 400)),
        Fault::answer("discovery.filter-refused", "GET", "/Schemas", status(403, 200)),
    ]
}
