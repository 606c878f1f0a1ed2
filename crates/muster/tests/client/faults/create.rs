//! In what is created.

use axum::http::header;
use serde_json::{Value, json};

use super::ENTERPRISE;
use crate::fault::{Asked, Fault, drop_member, list, scim_type, status};

fn text<'a>(asked: &'a Asked, name: &str) -> &'a str {
    asked.json[name].as_str().unwrap_or_default()
}

pub(crate) fn all() -> Vec<Fault> {
    vec![
        Fault::answer("create.status", "POST", "/Users", status(201, 200)),
        Fault::answer("create.body", "POST", "/Users", |_, answered| answered.nothing()),
        Fault::answer("create.location", "POST", "/Users", |_, answered| {
            answered.headers.remove(header::LOCATION);
        }),
        Fault::answer("create.meta-location", "POST", "/Users", |_, answered| {
            drop_member(&mut answered.json["meta"], "location");
        }),
        Fault::answer("create.meta-location", "POST", "/Users", |_, answered| {
            answered.json["meta"]["location"] = json!("/Users/somewhere-else");
        }),
        Fault::answer("create.location-works", "GET", "/Users/*", |_, answered| {
            let location = format!("{}x", answered.json["meta"]["location"].as_str().unwrap_or_default());
            answered.json["meta"]["location"] = json!(location);
        }),
        Fault::answer("create.location-works", "GET", "/Users/*", |_, answered| {
            answered.json["meta"]["location"] = json!("https://elsewhere.example/Users/1");
        }),
        Fault::answer("create.id", "POST", "/Users", |asked, answered| {
            if asked.json["id"].is_string() {
                answered.json["id"] = asked.json["id"].clone();
            }
        }),
        Fault::answer("create.id", "POST", "/Users", |_, answered| answered.json["id"] = json!(7)),
        Fault::answer("create.meta", "GET", "/Users/*", |_, answered| {
            answered.json["meta"]["resourceType"] = json!("Users");
        }),
        Fault::answer("create.meta", "GET", "/Users/*", |_, answered| {
            answered.json["meta"]["lastModified"] = json!(1_700_000_000);
        }),
        Fault::answer("create.meta", "GET", "/Users/*", |_, answered| {
            drop_member(&mut answered.json["meta"], "created");
        }),
        Fault::answer("create.meta-times", "GET", "/Users/*", |_, answered| {
            answered.json["meta"]["lastModified"] = json!("2031-02-03T04:05:06Z");
        }),
        Fault::answer("create.schemas", "POST", "/Users", |_, answered| drop_member(&mut answered.json, "schemas")),
        Fault::answer("create.schemas", "POST", "/Users", |_, answered| {
            let twice = answered.json["schemas"][0].clone();
            list(&mut answered.json, "schemas").push(twice);
        }),
        Fault::answer("create.read-only", "POST", "/Users", |asked, answered| {
            if asked.json["meta"].is_object() {
                answered.json["meta"]["created"] = asked.json["meta"]["created"].clone();
            }
        }),
        Fault::answer("create.read-only", "POST", "/Users", |asked, answered| {
            if asked.json["meta"].is_object() {
                answered.refuses(400, "mutability");
            }
        }),
        Fault::answer("create.values", "GET", "/Users/*", |_, answered| {
            answered.json["name"]["familyName"] = json!("OKAFOR");
        }),
        Fault::answer("create.values", "GET", "/Users/*", |_, answered| drop_member(&mut answered.json, "active")),
        Fault::answer("create.multi-valued", "GET", "/Users/*", |_, answered| {
            list(&mut answered.json, "emails").truncate(1);
        }),
        Fault::answer("create.unique", "POST", "/Users", status(409, 201)),
        Fault::answer("create.unique", "POST", "/Users", status(409, 400)),
        Fault::answer("create.unique-type", "POST", "/Users", scim_type("invalidValue")),
        Fault::answer("create.unique-case", "POST", "/Users", |asked, answered| {
            if text(asked, "userName").to_lowercase() != text(asked, "userName") {
                status(409, 201)(asked, answered);
            }
        }),
        Fault::answer("create.required", "POST", "/Users", status(400, 201)),
        Fault::answer("create.required-type", "POST", "/Users", scim_type("invalidSyntax")),
        Fault::answer("create.wrong-type", "POST", "/Users", |asked, answered| {
            if asked.json["active"].is_string() {
                answered.status = 201;
            }
        }),
        Fault::answer("create.attribute-names", "POST", "/Users", |asked, answered| {
            if !asked.json["userName"].is_string() {
                answered.refuses(400, "invalidValue");
            }
        }),
        Fault::answer("create.attribute-names", "POST", "/Users", |asked, answered| {
            answered.json["userName"] = asked.json["userName"].clone();
        }),
        Fault::answer("create.null", "POST", "/Users", |asked, answered| {
            let has_null = asked.json.as_object().is_some_and(|members| members.values().any(Value::is_null));
            if has_null {
                answered.refuses(400, "invalidValue");
            }
        }),
        Fault::answer("create.null", "POST", "/Users", |_, answered| answered.json["nickName"] = json!("null")),
        Fault::answer("create.null", "POST", "/Users", |_, answered| {
            answered.json["phoneNumbers"] = json!([{"value": ""}]);
        }),
        Fault::answer("create.boolean", "GET", "/Users/*", |_, answered| answered.json["active"] = json!("False")),
        Fault::answer("create.external-id", "GET", "/Users/*", |_, answered| {
            let lower = answered.json["externalId"].as_str().unwrap_or_default().to_lowercase();
            answered.json["externalId"] = json!(lower);
        }),
        Fault::answer("create.password", "POST", "/Users", |asked, answered| {
            answered.json["password"] = asked.json["password"].clone();
        }),
        Fault::answer("create.password", "GET", "/Users/*", |_, answered| answered.json["password"] = json!("*****")),
        Fault::answer("create.password", "GET", "/Users/*", |asked, answered| {
            if asked.parameter("attributes").is_some_and(|names| names.contains("password")) {
                answered.json["password"] = json!("secret");
            }
        }),
        Fault::answer("create.primary", "POST", "/Users", |asked, answered| {
            answered.status = 201;
            answered.json["emails"] = asked.json["emails"].clone();
        }),
        Fault::answer("create.extension", "GET", "/Users/*", |_, answered| drop_member(&mut answered.json, ENTERPRISE)),
        Fault::answer("create.extension", "GET", "/Users/*", |_, answered| {
            answered.json["department"] = answered.json[ENTERPRISE]["department"].take();
        }),
        Fault::answer("create.extension", "GET", "/Users/*", |_, answered| {
            list(&mut answered.json, "schemas").retain(|schema| schema != ENTERPRISE);
        }),
    ]
}
