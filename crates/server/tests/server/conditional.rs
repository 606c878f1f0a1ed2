//! ETags and conditional requests (RFC 7644 §3.14, RFC 9110 §13).

use crate::harness::Harness;

#[tokio::test]
async fn who_has_this_version_already_gets_304() {
    let harness = Harness::new().await;
    let id = harness.create("/Users", r#"{"userName":"ana"}"#).await;
    let path = Harness::scim(&format!("/Users/{id}"));
    let read = |tag| harness.request("GET", &path).header("if-none-match", tag).send();

    let known = read("W/\"1\"").await;

    assert_eq!((known.status.as_u16(), known.body.as_str(), known.header("etag")), (304, "", Some("W/\"1\"")));
    assert_eq!(read("W/\"7\", \"1\"").await.status, 304);
    assert_eq!(read("*").await.status, 304);
    assert_eq!(read("W/\"2\"").await.status, 200);
    assert_eq!(read("\"nonsense\"").await.status, 200);
}

#[tokio::test]
async fn a_change_to_another_version_than_expected_is_412_and_changes_nothing() {
    let harness = Harness::new().await;
    let id = harness.create("/Users", r#"{"userName":"ana"}"#).await;
    let path = Harness::scim(&format!("/Users/{id}"));
    let change = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations":[{"op":"replace","path":"title","value":"Dr"}]}"#;

    for (method, body) in [("PUT", r#"{"userName":"new"}"#), ("PATCH", change), ("DELETE", "")] {
        for tag in ["W/\"2\"", "\"nonsense\"", "W/\"0\""] {
            let refused = harness.request(method, &path).json(body).header("if-match", tag).send().await;

            assert_eq!(refused.scim_error(), "412", "{method} {tag}");
        }
    }
    assert_eq!(harness.get(&format!("/Users/{id}")).await.header("etag"), Some("W/\"1\""));
}

#[tokio::test]
async fn a_change_to_the_expected_version_goes_through() {
    let harness = Harness::new().await;
    let id = harness.create("/Users", r#"{"userName":"ana"}"#).await;
    let path = Harness::scim(&format!("/Users/{id}"));

    for (tag, status) in [("W/\"1\"", 200), ("\"2\"", 200), ("*", 200), ("W/\"9\", W/\"4\"", 200)] {
        let body = format!(r#"{{"userName":"ana{}"}}"#, tag.len());
        let put = harness.request("PUT", &path).json(&body).header("if-match", tag).send().await;

        assert_eq!(put.status, status, "{tag}: {}", put.body);
    }
    let deleted = harness.request("DELETE", &path).header("if-match", "W/\"5\"").send().await;
    assert_eq!(deleted.status, 204, "{}", deleted.body);
}

#[tokio::test]
async fn a_change_that_changes_nothing_keeps_the_version() {
    let harness = Harness::new().await;
    let id = harness.create("/Users", r#"{"userName":"ana","title":"Dr"}"#).await;
    let path = Harness::scim(&format!("/Users/{id}"));
    let change = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations":[{"op":"replace","path":"title","value":"Dr"}]}"#;

    let patched = harness.request("PATCH", &path).json(change).send().await;

    assert_eq!((patched.status.as_u16(), patched.header("etag")), (200, Some("W/\"1\"")));
}
