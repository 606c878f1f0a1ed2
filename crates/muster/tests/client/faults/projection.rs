//! In `attributes` and `excludedAttributes`.

use serde_json::{Value, json};

use super::ENTERPRISE;
use crate::fault::{Asked, Fault, drop_member};

/// Without the parameter.
fn without(id: &'static str, method: &'static str, path: &'static str, name: &'static str) -> Fault {
    Fault::request(id, method, path, move |asked| asked.without(name))
}

/// A name that is not known is taken for no name at all.
fn unknown(asked: &mut Asked) {
    asked.change("attributes", |_| "id".to_owned());
}

/// The id is not in the answer to a request with a projection.
fn without_id(id: &'static str, parameter: &'static str) -> Fault {
    Fault::answer(id, "GET", "/Users/*", move |asked, answered| {
        if asked.parameter(parameter).is_some() {
            drop_member(&mut answered.json, "id");
        }
    })
}

pub(crate) fn all() -> Vec<Fault> {
    vec![
        without("projection.attributes", "GET", "/Users/*", "attributes"),
        Fault::request("projection.attributes", "GET", "/Users/*", unknown),
        without_id("projection.always", "attributes"),
        Fault::request("projection.sub-attribute", "GET", "/Users/*", |asked| {
            asked.change("attributes", |_| "name".to_owned());
        }),
        Fault::request("projection.sub-attribute", "GET", "/Users/*", unknown),
        Fault::request("projection.letter-case", "GET", "/Users/*", unknown),
        Fault::request("projection.urn", "GET", "/Users/*", unknown),
        Fault::request("projection.extension", "GET", "/Users/*", |asked| {
            asked.change("attributes", |_| ENTERPRISE.to_owned());
        }),
        Fault::request("projection.extension", "GET", "/Users/*", unknown),
        without("projection.excluded", "GET", "/Users/*", "excludedAttributes"),
        Fault::request("projection.excluded", "GET", "/Users/*", |asked| {
            asked.change("excludedAttributes", |_| "name,userName".to_owned());
        }),
        Fault::answer("projection.excluded", "GET", "/Users/*", |asked, answered| {
            if asked.parameter("excludedAttributes").is_some() {
                answered.refuses(400, "invalidPath");
            }
        }),
        without_id("projection.excluded-always", "excludedAttributes"),
        without("projection.list", "GET", "/Users", "attributes"),
        without("projection.list-excluded", "GET", "/Users", "excludedAttributes"),
        Fault::answer("projection.list-excluded", "GET", "/Users", |asked, answered| {
            if asked.parameter("excludedAttributes").is_some() {
                answered.each(|user| *user = json!({"id": user["id"].take()}));
            }
        }),
        without("projection.post", "POST", "/Users", "attributes"),
        without("projection.put", "PUT", "/Users/*", "attributes"),
        without("projection.patch", "PATCH", "/Users/*", "attributes"),
        Fault::answer("projection.patch", "PATCH", "/Users/*", |_, answered| {
            answered.json["userName"] = Value::Null;
        }),
    ]
}
