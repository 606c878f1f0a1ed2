//! Large answers as gzip, for those who ask for it.

use std::io::Read;

use bytes::Bytes;
use flate2::read::GzDecoder;
use http::Response;
use serde_json::json;
use server::Options;
use service::tenants::LimitChange;

use super::admin::Admin;
use crate::harness::Harness;

/// A list of users that is large enough.
const LIST: &str = "/api/v1/tenants/acme/scim/v2/Users";

async fn with_users(harness: &Harness) {
    for number in 0..20 {
        harness.create("/Users", &format!(r#"{{"userName":"user{number}","displayName":"{number:0>200}"}}"#)).await;
    }
}

async fn ask(harness: &Harness, method: &str, path: &str, accept_encoding: &str) -> Response<Bytes> {
    harness.request(method, path).header("accept-encoding", accept_encoding).send_for_bytes().await
}

fn header<'r>(response: &'r Response<Bytes>, name: &str) -> Option<&'r str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

fn unpacked(response: &Response<Bytes>) -> String {
    let mut text = String::new();
    GzDecoder::new(&**response.body()).read_to_string(&mut text).unwrap();
    text
}

#[tokio::test]
async fn a_large_answer_is_compressed_when_asked_for() {
    let harness = Harness::new().await;
    with_users(&harness).await;

    let plain = harness.get("/Users").await;
    let packed = ask(&harness, "GET", LIST, "gzip, deflate").await;

    assert_eq!(plain.header("content-encoding"), None);
    assert_eq!(plain.header("vary"), Some("accept-encoding"), "a cache must know, whichever came first");
    assert_eq!(header(&packed, "content-encoding"), Some("gzip"));
    assert_eq!(header(&packed, "vary"), Some("accept-encoding"));
    assert_eq!(header(&packed, "content-type"), Some("application/scim+json"));
    assert_eq!(header(&packed, "content-length"), Some(&*packed.body().len().to_string()));
    assert!(packed.body().len() * 5 < plain.body.len(), "{} of {}", packed.body().len(), plain.body.len());
    assert_eq!(unpacked(&packed), plain.body);
}

#[tokio::test]
async fn a_small_answer_and_one_without_a_body_stay_as_they_are() {
    let harness = Harness::new().await;
    let id = harness.create("/Users", r#"{"userName":"ana"}"#).await;
    let user = format!("{LIST}/{id}");

    for (method, path) in [("GET", &*user), ("GET", "/nothing"), ("DELETE", &*user)] {
        let answer = ask(&harness, method, path, "gzip").await;

        assert_eq!(header(&answer, "content-encoding"), None, "{method} {path}");
        assert_eq!(header(&answer, "vary"), None, "{method} {path}");
    }
}

#[tokio::test]
async fn the_head_of_a_compressed_answer_is_that_of_the_answer() {
    let harness = Harness::new().await;
    with_users(&harness).await;

    let get = ask(&harness, "GET", LIST, "gzip").await;
    let head = ask(&harness, "HEAD", LIST, "gzip").await;

    assert_eq!(head.body(), "");
    for name in ["content-encoding", "content-length", "content-type", "vary"] {
        assert_eq!(header(&head, name), header(&get, name), "{name}");
    }
}

#[tokio::test]
async fn versions_are_those_of_either_form() {
    let harness = Harness::new().await;
    let long = "x".repeat(1000);
    let body = json!({ "userName": "ana", "displayName": long, "nickName": long, "title": long, "userType": long });
    let body = body.to_string();
    let user = format!("{LIST}/{}", harness.create("/Users", &body).await);

    let packed = ask(&harness, "GET", &user, "gzip").await;
    let version = header(&packed, "etag").unwrap();
    let again = harness.request("GET", &user).header("accept-encoding", "gzip").header("if-none-match", version);
    let again = again.send_for_bytes().await;

    assert_eq!((header(&packed, "content-encoding"), version), (Some("gzip"), r#"W/"1""#));
    assert_eq!((again.status().as_u16(), header(&again, "etag")), (304, Some(version)));
    assert_eq!((header(&again, "vary"), header(&again, "content-encoding")), (Some("accept-encoding"), None));
    assert_eq!(again.body(), "");
}

#[tokio::test]
async fn what_shows_a_secret_is_never_compressed() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    let addresses: Vec<String> = (1000..1100).map(|n| format!("2001:db8:1111:2222:3333:4444:5555:{n}/128")).collect();
    let body = json!({ "name": "Okta", "tenant_id": "acme", "allowed_ips": addresses }).to_string();

    let asking = harness.request("POST", "/api/v1/admin/scim-tokens/").bearer(&admin.jwt).json(&body);
    let created = asking.header("accept-encoding", "gzip").send_for_bytes().await;

    assert_eq!((created.status().as_u16(), header(&created, "content-encoding")), (201, None));
    assert!(created.body().len() > 4096, "{}", created.body().len());
}

#[tokio::test]
async fn who_switches_it_off_has_neither_gzip_nor_vary() {
    let off = Options { compression: false, ..Options::default() };
    let harness = Harness::with(LimitChange::default(), off).await;

    let answer = ask(&harness, "GET", "/openapi.json", "gzip").await;

    assert_eq!((header(&answer, "content-encoding"), header(&answer, "vary")), (None, None));
    assert!(answer.body().len() > 4096);
}
