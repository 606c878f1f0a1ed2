//! In what is replaced and deleted.

use axum::http::Method;
use serde_json::{Value, json};

use crate::fault::{Asked, Fault, has_been, list, status};

/// A member that is null gets this text.
fn null_is(asked: &mut Asked, text: &str) {
    for member in asked.json.as_object_mut().into_iter().flat_map(|members| members.values_mut()) {
        if member.is_null() {
            *member = json!(text);
        }
    }
}

pub(crate) fn all() -> Vec<Fault> {
    vec![
        Fault::answer("replace.status", "PUT", "/Users/*", |_, answered| answered.accepts()),
        Fault::answer("replace.status", "PUT", "/Users/*", |_, answered| answered.json = json!({"ok": true})),
        Fault::request("replace.values", "PUT", "/Users/*", Asked::does_nothing),
        Fault::answer("replace.values", "PUT", "/Users/*", status(200, 501)),
        Fault::request("replace.multi-valued", "PUT", "/Users/*", |asked| {
            list(&mut asked.json, "emails").push(json!({"value": "left@over.example", "type": "work"}));
        }),
        Fault::request("replace.null", "PUT", "/Users/*", |asked| null_is(asked, "before")),
        Fault::request("replace.null", "PUT", "/Users/*", |asked| null_is(asked, "null")),
        Fault::answer_since("replace.read-only", "GET", "/Users/*", |past, asked, answered| {
            if has_been(past, &Method::PUT, &asked.path) {
                answered.json["meta"]["created"] = json!("2001-02-03T04:05:06Z");
            }
        }),
        Fault::answer_since("replace.read-only", "GET", "/Users/*", |past, asked, answered| {
            if has_been(past, &Method::PUT, &asked.path) {
                answered.json["id"] = json!("another");
            }
        }),
        Fault::answer("replace.read-only", "PUT", "/Users/*", |_, answered| answered.refuses(400, "mutability")),
        Fault::answer("replace.unknown", "PUT", "/Users/*", status(404, 201)),
        Fault::answer("replace.unique", "PUT", "/Users/*", status(409, 200)),
        Fault::answer("delete.status", "DELETE", "/Users/*", |_, answered| {
            answered.status = 200;
            answered.json = json!({});
        }),
        Fault::answer("delete.get", "GET", "/Users/*", status(404, 200)),
        Fault::answer("delete.get", "GET", "/Users/*", status(404, 410)),
        Fault::answer("delete.put", "PUT", "/Users/*", status(404, 200)),
        Fault::answer("delete.patch", "PATCH", "/Users/*", status(404, 200)),
        Fault::answer("delete.again", "DELETE", "/Users/*", |_, answered| answered.accepts()),
        Fault::answer_since("delete.listed", "GET", "/Users", |past, _, answered| {
            let created = |(asked, answered): &(Asked, _)| {
                let crate::fault::Answered { json, .. } = answered;
                (asked.method == Method::POST).then(|| Value::clone(json))
            };
            answered.resources().extend(past.iter().filter_map(created));
        }),
        Fault::answer_since("delete.recreate", "POST", "/Users", |past, _, answered| {
            if past.iter().any(|(asked, _)| asked.method == Method::DELETE) {
                answered.refuses(409, "uniqueness");
            }
        }),
    ]
}
