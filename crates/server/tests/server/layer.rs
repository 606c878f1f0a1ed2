//! What every answer has, whatever it is an answer to.

use std::time::Duration;

use server::Options;
use service::tenants::LimitChange;

use crate::harness::Harness;

#[tokio::test]
async fn every_answer_carries_a_request_id_and_forbids_sniffing() {
    let harness = Harness::new().await;

    for path in ["/healthz", "/nothing", "/api/v1/tenants/acme/scim/v2/Users", "/docs"] {
        let answer = harness.request("GET", path).send().await;

        assert!(answer.header("x-request-id").is_some_and(|id| id.starts_with("req_")), "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
    }
}

#[tokio::test]
async fn a_sane_request_id_is_taken_and_another_replaced() {
    let harness = Harness::new().await;
    let id = |given: &'static str| harness.request("GET", "/healthz").header("x-request-id", given).send();

    assert_eq!(id("trace-1.2:3").await.header("x-request-id"), Some("trace-1.2:3"));
    assert!(id("no spaces, please").await.header("x-request-id").unwrap().starts_with("req_"));
}

#[tokio::test]
async fn answers_carry_the_media_type_that_was_asked_for() {
    let harness = Harness::new().await;
    let media_type = |path: &'static str, accept: &'static str| {
        let asking = harness.request("GET", path).header("accept", accept);
        async move { asking.send().await.header("content-type").unwrap().to_owned() }
    };
    let users = "/api/v1/tenants/acme/scim/v2/Users";
    let wrong = "/api/v1/tenants/acme/scim/v2/Users/none";

    for path in [users, wrong] {
        assert_eq!(media_type(path, "application/json").await, "application/json");
        assert_eq!(media_type(path, "application/scim+json, application/json").await, "application/scim+json");
        assert_eq!(media_type(path, "*/*").await, "application/scim+json");
        assert_eq!(media_type(path, "text/html").await, "application/scim+json");
    }
}

#[tokio::test]
async fn a_write_is_never_cut_by_the_deadline_for_reads() {
    let impatient = Options { read_deadline: Duration::ZERO, ..Options::default() };
    let harness = Harness::with(LimitChange::default(), impatient).await;

    assert_eq!(harness.post("/Users", r#"{"userName":"ana"}"#).await.status, 201);
}

#[tokio::test]
async fn the_head_of_a_resource_has_everything_but_the_body() {
    let harness = Harness::new().await;
    let id = harness.create("/Users", r#"{"userName":"ana"}"#).await;

    let head = harness.request("HEAD", &Harness::scim(&format!("/Users/{id}"))).send().await;

    assert_eq!((head.status.as_u16(), head.body.as_str(), head.header("etag")), (200, "", Some("W/\"1\"")));
}

#[tokio::test]
async fn it_is_live_and_ready() {
    let harness = Harness::new().await;

    assert_eq!(harness.request("GET", "/healthz").without("authorization").send().await.status, 200);
    assert_eq!(harness.request("GET", "/readyz").without("authorization").send().await.status, 200);
}

#[tokio::test]
async fn requests_are_counted_by_route_and_never_by_path() {
    let harness = Harness::new().await;
    let id = harness.create("/Users", r#"{"userName":"ana"}"#).await;
    harness.get(&format!("/Users/{id}")).await;
    harness.request("GET", &Harness::scim("/Users")).bearer("scim_wrong").send().await;

    let metrics = harness.server.metrics().text().unwrap();

    let route = "/api/v1/tenants/{tenant_id}/scim/v2/{endpoint}/{id}";
    let line = format!(r#"muster_http_requests_total{{method="GET",route="{route}",status="200"}} 1"#);
    assert!(metrics.contains(&line), "{metrics}");
    assert!(metrics.contains(r#"muster_token_checks_total{api="scim",outcome="refused"} 1"#), "{metrics}");
    assert!(metrics.contains("muster_store_writes_per_commit_bucket"), "{metrics}");
    assert!(!metrics.contains(&id) && !metrics.contains("acme"), "{metrics}");
}
