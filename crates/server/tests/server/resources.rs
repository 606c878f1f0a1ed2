//! Creating, reading, replacing, patching and deleting, for users and groups alike.

use crate::harness::Harness;

#[tokio::test]
async fn a_created_user_comes_back_whole_with_location_and_etag() {
    let harness = Harness::new().await;

    let created = harness.post("/Users", r#"{"userName":"ana","emails":[{"value":"ana@x.example"}]}"#).await;

    assert_eq!(created.status, 201);
    let body = created.json();
    let location = format!("https://id.example/api/v1/tenants/acme/scim/v2/Users/{}", body["id"].as_str().unwrap());
    assert_eq!(created.header("location"), Some(location.as_str()));
    assert_eq!(body["meta"]["location"], location);
    assert_eq!(created.header("etag"), Some("W/\"1\""));
    assert_eq!(body["meta"]["version"], "W/\"1\"");
    assert_eq!(body["emails"][0]["value"], "ana@x.example");
    assert_eq!(body["meta"]["created"], "2023-11-14T22:13:20.000Z");
}

#[tokio::test]
async fn what_was_created_is_what_is_read() {
    let harness = Harness::new().await;
    let created = harness.post("/Users", r#"{"userName":"ana","name":{"familyName":"Abt"}}"#).await;
    let id = created.json()["id"].as_str().unwrap().to_owned();

    let read = harness.get(&format!("/Users/{id}")).await;

    assert_eq!((read.status.as_u16(), read.json()), (200, created.json()));
    assert_eq!(read.header("etag"), created.header("etag"));
}

#[tokio::test]
async fn a_password_is_taken_and_never_shown() {
    let harness = Harness::new().await;

    let created = harness.post("/Users", r#"{"userName":"ana","password":"s3cret"}"#).await;
    let listed = harness.get("/Users?attributes=password,userName").await;

    assert_eq!(created.status, 201);
    for answer in [created, listed] {
        assert!(!answer.body.contains("assword") && !answer.body.contains("s3cret"), "{}", answer.body);
        assert!(!answer.body.contains("argon2"), "{}", answer.body);
    }
}

#[tokio::test]
async fn a_replaced_user_has_only_what_was_sent() {
    let harness = Harness::new().await;
    let id = harness.create("/Users", r#"{"userName":"ana","displayName":"Ana","title":"Dr"}"#).await;
    let path = Harness::scim(&format!("/Users/{id}"));

    let replaced = harness.request("PUT", &path).json(r#"{"userName":"ana","title":"Prof"}"#).send().await;

    assert_eq!(replaced.status, 200, "{}", replaced.body);
    assert_eq!(replaced.header("etag"), Some("W/\"2\""));
    let body = replaced.json();
    assert_eq!((&body["title"], body.get("displayName")), (&"Prof".into(), None));
}

#[tokio::test]
async fn a_patched_user_is_shown() {
    let harness = Harness::new().await;
    let id = harness.create("/Users", r#"{"userName":"ana"}"#).await;
    let path = Harness::scim(&format!("/Users/{id}"));
    let body = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations":[{"op":"replace","path":"active","value":false}]}"#;

    let patched = harness.request("PATCH", &path).json(body).send().await;

    assert_eq!(patched.status, 200, "{}", patched.body);
    assert_eq!(patched.json()["active"], false);
    assert_eq!(patched.header("etag"), Some("W/\"2\""));
}

#[tokio::test]
async fn a_group_that_only_gains_members_is_not_echoed_unless_attributes_are_asked_for() {
    let harness = Harness::new().await;
    let user = harness.create("/Users", r#"{"userName":"ana"}"#).await;
    let group = harness.create("/Groups", r#"{"displayName":"Staff"}"#).await;
    let path = Harness::scim(&format!("/Groups/{group}"));
    let body = format!(
        r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations":[{{"op":"add","path":"members","value":[{{"value":"{user}"}}]}}]}}"#
    );

    let silent = harness.request("PATCH", &path).json(&body).send().await;
    let asked = harness.request("PATCH", &format!("{path}?attributes=members")).json(&body).send().await;

    assert_eq!((silent.status.as_u16(), silent.body.as_str()), (204, ""));
    assert_eq!(silent.header("etag"), Some("W/\"2\""));
    assert_eq!(asked.status, 200);
    assert_eq!(asked.json()["members"][0]["value"], user);
    let read = harness.get(&format!("/Users/{user}")).await.json();
    assert_eq!((&read["groups"][0]["value"], &read["groups"][0]["display"]), (&group.into(), &"Staff".into()));
}

#[tokio::test]
async fn a_deleted_user_is_gone() {
    let harness = Harness::new().await;
    let id = harness.create("/Users", r#"{"userName":"ana"}"#).await;
    let path = Harness::scim(&format!("/Users/{id}"));

    let deleted = harness.request("DELETE", &path).send().await;

    assert_eq!((deleted.status.as_u16(), deleted.body.as_str()), (204, ""));
    assert_eq!(harness.request("GET", &path).send().await.scim_error(), "404");
    assert_eq!(harness.request("DELETE", &path).send().await.scim_error(), "404");
}

#[tokio::test]
async fn a_taken_user_name_is_a_conflict_in_any_spelling() {
    let harness = Harness::new().await;
    harness.create("/Users", r#"{"userName":"ana"}"#).await;
    let other = harness.create("/Users", r#"{"userName":"ben"}"#).await;

    let posted = harness.post("/Users", r#"{"userName":"ANA"}"#).await;
    let path = Harness::scim(&format!("/Users/{other}"));
    let put = harness.request("PUT", &path).json(r#"{"userName":"Ana"}"#).send().await;

    assert_eq!((posted.scim_error(), put.scim_error()), ("409 uniqueness".into(), "409 uniqueness".into()));
    insta::assert_snapshot!(posted.body, @r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"409","scimType":"uniqueness","detail":"userName: another resource has this value already"}"#);
}

#[tokio::test]
async fn attributes_are_chosen_on_every_answer_with_a_resource() {
    let harness = Harness::new().await;
    let body = r#"{"userName":"ana","displayName":"Ana"}"#;

    let created = harness.post("/Users?attributes=displayName", body).await.json();
    let id = created["id"].as_str().unwrap();
    let read = harness.get(&format!("/Users/{id}?excludedAttributes=displayName,meta")).await.json();

    assert_eq!((&created["displayName"], created.get("userName")), (&"Ana".into(), None));
    assert_eq!((&read["userName"], read.get("displayName")), (&"ana".into(), None));
}

#[tokio::test]
async fn a_slash_at_the_end_makes_no_difference() {
    let harness = Harness::new().await;

    assert_eq!(harness.post("/Users/", r#"{"userName":"ana"}"#).await.status, 201);
    assert_eq!(harness.get("/Users/?count=0").await.status, 200);
    assert_eq!(harness.get("/").await.status, 200);
}

#[tokio::test]
async fn the_tenant_is_reached_by_id_and_by_slug() {
    let harness = Harness::new().await;
    let id = harness.create("/Users", r#"{"userName":"ana"}"#).await;

    let path = format!("/api/v1/tenants/{}/scim/v2/Users/{id}", harness.tenant.id);
    let read = harness.request("GET", &path).send().await;

    assert_eq!(read.status, 200);
    assert_eq!(read.json()["meta"]["location"], format!("https://id.example{path}"));
}

#[tokio::test]
async fn me_names_nobody() {
    let harness = Harness::new().await;

    for method in ["GET", "PUT", "PATCH", "DELETE", "POST"] {
        let answer = harness.request(method, &Harness::scim("/Me")).send().await;

        assert_eq!(answer.scim_error(), "501", "{method}");
    }
}
