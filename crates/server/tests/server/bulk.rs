//! `/Bulk` (RFC 7644 §3.7).

use std::io;
use std::time::Duration;

use axum::body::Body;
use futures_util::{StreamExt, stream};
use server::Options;
use service::Scopes;
use service::tenants::LimitChange;

use tokio::sync::oneshot;

use crate::harness::{Answered, Harness};

impl Harness {
    async fn bulk(&self, operations: &str) -> Answered {
        self.post("/Bulk", &format!(r#"{{"Operations":[{operations}]}}"#)).await
    }
}

/// Method, status and scimType of each operation.
fn told(answer: &Answered) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let body = answer.json();
    let tell = |operation: &serde_json::Value| {
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let kind = text(&operation["response"]["scimType"]);
        format!("{} {} {kind}", text(&operation["method"]), text(&operation["status"])).trim().to_owned()
    };
    body["Operations"].as_array().unwrap().iter().map(tell).collect()
}

fn create(number: usize) -> String {
    format!(r#"{{"method":"POST","path":"/Users","bulkId":"{number}","data":{{"userName":"user{number}"}}}}"#)
}

#[tokio::test]
async fn references_forward_and_in_a_circle_resolve() {
    let harness = Harness::new().await;

    let answer = harness
        .bulk(
            r#"{"method":"POST","path":"/Groups","bulkId":"a",
                "data":{"displayName":"A","members":[{"value":"bulkId:b"},{"value":"bulkId:u"}]}},
            {"method":"POST","path":"/Groups","bulkId":"b","data":{"displayName":"B","members":[{"value":"bulkId:a"}]}},
            {"method":"POST","path":"/Users","bulkId":"u","data":{"userName":"ana"}}"#,
        )
        .await;

    assert_eq!(told(&answer), ["POST 201", "POST 201", "POST 201"]);
    let body = answer.json();
    let first = &body["Operations"][0];
    assert_eq!((&first["bulkId"], &first["version"]), (&"a".into(), &"W/\"1\"".into()));
    let location = first["location"].as_str().unwrap();
    let group = harness.request("GET", location.strip_prefix("https://id.example").unwrap()).send().await;
    assert_eq!(group.json()["members"].as_array().unwrap().len(), 2, "{}", group.body);
}

#[tokio::test]
async fn every_operation_answers_in_its_place_as_it_would_alone() {
    let harness = Harness::new().await;
    let id = harness.create("/Users", r#"{"userName":"old"}"#).await;
    let other = harness.create("/Users", r#"{"userName":"other"}"#).await;

    let answer = harness
        .bulk(&format!(
            r#"{{"method":"PUT","path":"/Users/{id}","data":{{"userName":"new"}}}},
            {{"method":"POST","path":"/Users","bulkId":"x","data":{{"userName":"NEW"}}}},
            {{"method":"PATCH","path":"/Users/{id}","version":"W/\"1\"","data":{{"Operations":[]}}}},
            {{"method":"DELETE","path":"/Users/{other}"}},
            {{"method":"DELETE","path":"/Users/{other}"}},
            {{"method":"POST","path":"/Users","data":{{"userName":"x"}}}},
            {{"method":"GET","path":"/Users/{id}"}},
            {{"method":"POST","path":"/Nothing","bulkId":"y","data":{{}}}},
            {{"method":"POST","path":"/Users","bulkId":"z","data":{{}}}}"#
        ))
        .await;

    let told = told(&answer);
    assert_eq!(told[0], "PUT 200");
    assert_eq!(told[1], "POST 409 uniqueness");
    assert!(told[2].starts_with("PATCH 4"), "{told:?}");
    assert_eq!(told[3..5], ["DELETE 204", "DELETE 404"]);
    assert!(told[5].starts_with("POST 400"), "{told:?}");
    assert_eq!(told[6], "GET 405");
    assert_eq!(told[7], "POST 404");
    assert_eq!(told[8], "POST 400 invalidValue");
    let body = answer.json();
    assert!(body["Operations"][1].get("location").is_none(), "a failed POST has none");
    assert!(body["Operations"][4]["location"].as_str().unwrap().ends_with(&other));
    assert!(body["Operations"][0].get("response").is_none());
}

#[tokio::test]
async fn after_so_many_errors_the_answer_ends() {
    let harness = Harness::new().await;
    let body = format!(
        r#"{{"failOnErrors":2,"Operations":[{},{},{},{},{}]}}"#,
        create(1),
        create(1).replace("\"1\"", "\"2\""),
        create(1).replace("\"1\"", "\"3\""),
        create(4),
        create(5)
    );

    let answer = harness.post("/Bulk", &body).await;

    assert_eq!(told(&answer), ["POST 201", "POST 409 uniqueness", "POST 409 uniqueness"]);
    assert_eq!(harness.users().await, 1);
}

#[tokio::test]
async fn scopes_are_asked_for_operation_by_operation() {
    let harness = Harness::new().await;
    let users_only = harness.token_with(Scopes::BULK.union(Scopes::USERS_WRITE)).await;
    let no_bulk = harness.token_with(Scopes::USERS_WRITE).await;
    let operations = r#"{"Operations":[
        {"method":"POST","path":"/Groups","bulkId":"g","data":{"displayName":"Staff"}},
        {"method":"POST","path":"/Users","bulkId":"u","data":{"userName":"ana"}}]}"#;
    let send =
        |token| harness.request("POST", "/api/v1/tenants/acme/scim/v2/Bulk").bearer(token).json(operations).send();

    assert_eq!(send(&no_bulk).await.scim_error(), "403");
    assert_eq!(told(&send(&users_only).await), ["POST 403", "POST 201"]);
}

#[tokio::test]
async fn so_many_operations_are_accepted_and_one_more_is_not() {
    let limits = LimitChange { bulk_operations_max: Some(Some(3)), ..LimitChange::default() };
    let harness = Harness::with(limits, Options::default()).await;
    let bulk = |count| (0..count).map(create).collect::<Vec<_>>().join(",");

    let beyond = harness.bulk(&bulk(4)).await;
    assert_eq!(beyond.scim_error(), "413");
    assert_eq!(harness.users().await, 0, "nothing of it was done");

    assert_eq!(told(&harness.bulk(&bulk(3)).await).len(), 3);
}

#[tokio::test]
async fn so_many_bytes_are_accepted_and_one_more_is_not() {
    let limits = LimitChange { bulk_payload_bytes_max: Some(Some(1024)), ..LimitChange::default() };
    let harness = Harness::with(limits, Options::default()).await;
    let body = |size: usize| {
        let body = r#"{"Operations":[]}"#;
        format!("{body}{}", " ".repeat(size - body.len()))
    };

    assert_eq!(harness.post("/Bulk", &body(1025)).await.scim_error(), "413");
    assert_eq!(harness.post("/Bulk", &body(1024)).await.status, 200);
}

#[tokio::test]
async fn an_outline_that_does_not_fit_is_told_in_the_words_of_the_media_type() {
    let harness = Harness::new().await;
    let body = r#"{"failOnErrors":"x","Operations":[{"method":"POST"}]}"#;
    let path = Harness::scim("/Bulk");

    let scim = harness.request("POST", &path).json(body).send().await;
    let plain = harness.request("POST", &path).json(body).header("content-type", "application/json").send().await;

    assert_eq!(scim.scim_error(), "400 invalidSyntax");
    assert_eq!((plain.status.as_u16(), plain.header("content-type")), (422, Some("application/json")));
    let detail = &plain.json()["detail"];
    assert!(
        detail
            .as_array()
            .unwrap()
            .iter()
            .any(|e| e["loc"] == serde_json::json!(["body", "Operations", 0, "path"]) && e["type"] == "missing"),
        "{}",
        plain.body
    );
}

#[tokio::test]
async fn a_keyed_request_sent_again_answers_what_it_answered_first() {
    let harness = Harness::new().await;
    let path = Harness::scim("/Bulk");
    let send = |body: String| harness.request("POST", &path).header("idempotency-key", "k1").json(&body).send();
    let body = format!(r#"{{"Operations":[{}]}}"#, create(1));

    let first = send(body.clone()).await;
    let again = send(body.clone()).await;
    let other = send(body.replace("user1", "user2")).await;

    assert_eq!(told(&first), ["POST 201"]);
    assert_eq!(again.body, first.body);
    assert_eq!(other.scim_error(), "409");
    assert_eq!(harness.users().await, 1);
    let bad = harness.request("POST", &path).header("idempotency-key", " ").json(&body).send().await;
    assert_eq!(bad.scim_error(), "400 invalidSyntax");
}

/// A body that has begun and does not end; the other end is told when more of it is waited for.
fn endless() -> (Body, oneshot::Receiver<()>) {
    let (begun, has_begun) = oneshot::channel();
    let first = stream::once(async { Ok::<_, io::Error>("{\"Operations\":[") });
    let rest = stream::once(async move {
        begun.send(()).unwrap();
        std::future::pending().await
    });
    (Body::from_stream(first.chain(rest)), has_begun)
}

#[tokio::test]
async fn large_requests_beyond_the_room_for_them_are_put_off_and_told_what_to_do() {
    let limits = LimitChange { bulk_payload_bytes_max: Some(Some(1000)), ..LimitChange::default() };
    let no_patience =
        Options { bodies_in_flight_bytes_max: 1000, bodies_in_flight_wait: Duration::ZERO, ..Options::default() };
    let harness = Harness::with(limits, no_patience).await;
    let (_, stranger) = harness.stranger().await;
    let (body, has_begun) = endless();
    let mut first = Box::pin(harness.request("POST", &Harness::scim("/Bulk")).raw(body).send());
    tokio::select! {
        answer = &mut first => panic!("{answer:?}"),
        begun = has_begun => begun.unwrap(),
    }

    let own = harness.bulk(&create(1)).await;
    let path = "/api/v1/tenants/other/scim/v2/Bulk";
    let other = harness.request("POST", path).bearer(&stranger).json(r#"{"Operations":[]}"#).send().await;

    assert_eq!((own.scim_error(), own.header("retry-after")), ("429".into(), Some("5")));
    assert_eq!((other.scim_error(), other.header("retry-after")), ("503".into(), Some("5")));
    let detail = |answer: &Answered| answer.json()["detail"].as_str().unwrap().to_owned();
    insta::assert_snapshot!(
        detail(&own),
        @"This tenant's bulk and other large requests take as much memory as those of one tenant may. Send fewer at a time, or smaller ones. Try again in 5 seconds"
    );
    assert!(detail(&other).contains("Try again in 5 seconds"), "{}", other.body);
    assert_eq!(harness.post("/Users", r#"{"userName":"small"}"#).await.status, 201, "small requests take no room");
    drop(first);
    assert_eq!(told(&harness.bulk(&create(1)).await), ["POST 201"]);
}
