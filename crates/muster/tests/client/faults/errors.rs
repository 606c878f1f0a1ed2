//! In errors, in what proves who asks, and in media types.

use axum::http::{HeaderValue, header};
use serde_json::{Value, json};

use crate::fault::{Answered, Asked, Fault, drop_member, scim_type, status};

fn is_sent_as(asked: &Asked, media_type: &str) -> bool {
    asked.headers.get(header::CONTENT_TYPE).is_some_and(|sent| sent == media_type)
}

fn accepts(asked: &Asked, media_type: &str) -> bool {
    asked.headers.get(header::ACCEPT).is_some_and(|sent| sent == media_type)
}

fn send_as(answered: &mut Answered, media_type: &'static str) {
    answered.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
}

pub(crate) fn all() -> Vec<Fault> {
    vec![
        Fault::answer("media.default", "GET", "/Users", |asked, answered| {
            if !asked.headers.contains_key(header::ACCEPT) {
                send_as(answered, "application/json");
            }
        }),
        Fault::answer("media.scim", "GET", "/Users", |asked, answered| {
            if accepts(asked, "application/scim+json") {
                send_as(answered, "application/json");
            }
        }),
        Fault::answer("media.scim", "GET", "/Users", |asked, answered| {
            // Only with the limit of one, so that the server passes for usable.
            if accepts(asked, "application/scim+json") && answered.status == 200 {
                send_as(answered, "text/html");
            }
        }),
        Fault::answer("media.json", "GET", "/Users", |asked, answered| {
            if accepts(asked, "application/json") {
                answered.refuses(406, "");
            }
        }),
        Fault::answer("media.json", "GET", "/Users", |asked, answered| {
            if accepts(asked, "application/json") {
                send_as(answered, "text/json");
            }
        }),
        Fault::answer("media.request-json", "POST", "/Users", |asked, answered| {
            if is_sent_as(asked, "application/json") {
                answered.refuses(415, "");
            }
        }),
        Fault::answer("media.request-charset", "POST", "/Users", |asked, answered| {
            if is_sent_as(asked, "application/scim+json; charset=utf-8") {
                answered.refuses(415, "");
            }
        }),
        Fault::answer("media.utf8", "GET", "/Users/*", |_, answered| {
            let text = answered.json.to_string().replace(|letter: char| !letter.is_ascii(), "?");
            answered.json = serde_json::from_str(&text).unwrap();
        }),
        Fault::answer("errors.body", "GET", "/Users/*", |_, answered| answered.nothing()),
        Fault::answer("errors.body", "GET", "/Users/*", |_, answered| answered.json = json!({"error": "not found"})),
        Fault::answer("errors.status", "GET", "/Users/*", |_, answered| {
            answered.json["status"] = json!(answered.status);
        }),
        Fault::answer("errors.status", "GET", "/Users/*", |_, answered| drop_member(&mut answered.json, "status")),
        Fault::answer("errors.unknown-id", "GET", "/Users/*", status(404, 400)),
        Fault::answer("errors.unknown-endpoint", "GET", "*", status(404, 200)),
        Fault::answer("errors.malformed", "POST", "/Users", status(400, 500)),
        Fault::answer("errors.malformed-type", "POST", "/Users", scim_type("invalidValue")),
        Fault::answer("errors.unknown-parameter", "GET", "/Users", |asked, answered| {
            if asked.parameter("somethingNew").is_some() {
                answered.refuses(400, "invalidValue");
            }
        }),
        Fault::answer("errors.unauthorized", "GET", "/Users", status(401, 403)),
        Fault::answer("errors.unauthorized", "GET", "/Users", status(401, 200)),
        Fault::answer("errors.wrong-token", "GET", "/Users", status(401, 404)),
        Fault::answer("errors.challenge", "GET", "/Users", |_, answered| {
            answered.headers.remove(header::WWW_AUTHENTICATE);
        }),
        Fault::answer("errors.unauthorized-body", "GET", "/Users", |_, answered| {
            if answered.status == 401 {
                answered.json = Value::Null;
            }
        }),
        Fault::answer("errors.unauthorized-body", "GET", "/Users", |_, answered| {
            if answered.status == 401 {
                answered.json["status"] = json!(401);
            }
        }),
    ]
}
