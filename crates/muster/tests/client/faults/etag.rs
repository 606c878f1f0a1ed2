//! In versions.

use axum::http::{HeaderValue, header};
use serde_json::json;

use crate::fault::{Asked, Fault, drop_member, status};

fn without(id: &'static str, method: &'static str, name: header::HeaderName) -> Fault {
    Fault::request(id, method, "/Users/*", move |asked: &mut Asked| {
        asked.headers.remove(&name);
    })
}

/// Done, and then said not to be.
fn done_all_the_same(id: &'static str, method: &'static str) -> Fault {
    without(id, method, header::IF_MATCH).and(Fault::answer(id, method, "/Users/*", |asked, answered| {
        if asked.headers.contains_key(header::IF_MATCH) {
            answered.refuses(412, "");
        }
    }))
}

pub(crate) fn all() -> Vec<Fault> {
    vec![
        Fault::answer("etag.header", "GET", "/Users/*", |_, answered| {
            answered.headers.remove(header::ETAG);
        }),
        Fault::answer("etag.meta", "GET", "/Users/*", |_, answered| drop_member(&mut answered.json["meta"], "version")),
        Fault::answer("etag.meta", "GET", "/Users/*", |_, answered| answered.json["meta"]["version"] = json!("1")),
        Fault::answer("etag.changes", "GET", "/Users/*", |_, answered| {
            answered.headers.insert(header::ETAG, HeaderValue::from_static("W/\"1\""));
        }),
        without("etag.not-modified", "GET", header::IF_NONE_MATCH),
        Fault::answer("etag.modified", "GET", "/Users/*", |asked, answered| {
            if asked.headers.contains_key(header::IF_NONE_MATCH) {
                answered.status = 304;
                answered.nothing();
            }
        }),
        without("etag.put", "PUT", header::IF_MATCH),
        done_all_the_same("etag.put", "PUT"),
        without("etag.patch", "PATCH", header::IF_MATCH),
        done_all_the_same("etag.patch", "PATCH"),
        without("etag.delete", "DELETE", header::IF_MATCH),
        Fault::answer("etag.delete", "DELETE", "/Users/*", status(412, 409)),
        Fault::answer("etag.current", "PUT", "/Users/*", |asked, answered| {
            if asked.headers.contains_key(header::IF_MATCH) {
                answered.refuses(412, "");
            }
        }),
    ]
}
