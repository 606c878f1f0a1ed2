use serde_json::json;

use super::Admin;
use crate::harness::Harness;

async fn ask_token(harness: &Harness, tenant: Option<&str>, id: &str, secret: &str) -> u16 {
    let path = match tenant {
        Some(tenant) => format!("/api/v1/auth/tenants/{tenant}/oauth/token"),
        None => "/api/v1/platform/oauth/token".to_owned(),
    };
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    harness.request("POST", &path).without("authorization").form(&form).send().await.status.as_u16()
}

#[tokio::test]
async fn a_new_application_shows_its_secret_once() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    let body =
        json!({"name": "HR", "tenant_id": "acme", "scopes": ["scim:write", "admin:read"], "role": "tenant_admin"});

    let created = admin.post("/applications/", body).await;

    assert_eq!((created.status.as_u16(), created.header("cache-control")), (201, Some("no-store")));
    let mut shown = created.json();
    let secret = shown.as_object_mut().unwrap().remove("client_secret").unwrap();
    let id = shown["id"].as_str().unwrap();
    assert_eq!(admin.get(&format!("/applications/{id}")).await.json(), shown);
    assert_eq!((&shown["app_scope"], &shown["scopes"]), (&json!("TENANT"), &json!(["admin:read", "scim:write"])));
    assert_eq!(shown["tenant_id"], harness.tenant.id.to_string());
    let client_id = shown["client_id"].as_str().unwrap();
    assert_eq!(ask_token(&harness, Some("acme"), client_id, secret.as_str().unwrap()).await, 200);
    assert_eq!(ask_token(&harness, None, client_id, secret.as_str().unwrap()).await, 401);
}

#[tokio::test]
async fn what_does_not_go_together_is_refused() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    let refused = async |body: serde_json::Value| admin.post("/applications/", body).await.refusal();

    let wrong = json!({"scopes": ["root"], "role": "king", "app_scope": "WORLD", "x": 1});
    assert_eq!(
        refused(wrong).await,
        "422 body.name missing, body.app_scope literal_error, body.scopes.0 literal_error, body.role literal_error, \
         body.x extra_forbidden"
    );
    let global = json!({"name": "a", "app_scope": "GLOBAL", "tenant_id": "acme"});
    assert_eq!(refused(global).await, "422 body.tenant_id value_error");
    assert_eq!(refused(json!({"name": "a", "app_scope": "TENANT"})).await, "422 body.tenant_id missing");
    let role = json!({"name": "a", "tenant_id": "acme", "role": "super_admin"});
    assert_eq!(refused(role).await, "422 body.role value_error");
    let role = json!({"name": "a", "role": "tenant_admin"});
    assert_eq!(refused(role).await, "422 body.role value_error");
}

#[tokio::test]
async fn an_application_that_is_switched_off_or_deleted_gets_no_tokens_and_those_it_has_are_refused() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    let made = admin.create("/applications/", json!({"name": "a", "scopes": ["admin:read"]})).await;
    let (id, secret) = (made["id"].as_str().unwrap(), made["client_secret"].as_str().unwrap());
    let path = format!("/applications/{id}");
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let asking = harness.request("POST", "/api/v1/platform/oauth/token").without("authorization").form(&form);
    let jwt = asking.send().await.json()["access_token"].as_str().unwrap().to_owned();
    let used = async || harness.request("GET", "/api/v1/admin/tenants").bearer(&jwt).send().await.status.as_u16();
    assert_eq!(used().await, 200);

    admin.patch(&path, json!({"is_active": false})).await;
    assert_eq!((used().await, ask_token(&harness, None, id, secret).await), (401, 401));
    admin.patch(&path, json!({"is_active": true})).await;
    assert_eq!((used().await, ask_token(&harness, None, id, secret).await), (200, 200));
    assert_eq!(admin.delete(&path).await.status, 204);
    assert_eq!((used().await, ask_token(&harness, None, id, secret).await), (401, 401));

    assert_eq!(admin.delete(&path).await.status, 204);
    assert_eq!(admin.get(&path).await.json()["deleted_at"], "2023-11-14T22:13:20.000Z");
    assert_eq!(admin.patch(&path, json!({"name": "b"})).await.status, 409);
    assert_eq!(admin.post(&format!("{path}/rotate"), json!({})).await.status, 409);
}

#[tokio::test]
async fn after_a_rotation_both_secrets_are_good_for_a_while() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    let made = admin.create("/applications/", json!({"name": "a"})).await;
    let (id, old) = (made["id"].as_str().unwrap(), made["client_secret"].as_str().unwrap());

    let rotated = admin.post(&format!("/applications/{id}/rotate"), json!({"overlap_seconds": 60})).await.json();

    let new = rotated["client_secret"].as_str().unwrap();
    assert_eq!((ask_token(&harness, None, id, old).await, ask_token(&harness, None, id, new).await), (200, 200));
    harness.app.settings().clock.advance(60_000);
    assert_eq!((ask_token(&harness, None, id, old).await, ask_token(&harness, None, id, new).await), (401, 200));
}

#[tokio::test]
async fn a_bound_caller_has_applications_of_its_tenant_only() {
    let harness = Harness::new().await;
    harness.stranger().await;
    let platform = Admin::platform(&harness).await;
    let bound = Admin::bound(&harness).await;
    let foreign = platform.create("/applications/", json!({"name": "a", "tenant_id": "other"})).await;
    let global = platform.create("/applications/", json!({"name": "a"})).await;

    let own = bound.create("/applications/", json!({"name": "mine"})).await;

    assert_eq!(own["tenant_id"], harness.tenant.id.to_string());
    for hidden in [foreign, global] {
        let path = format!("/applications/{}", hidden["id"].as_str().unwrap());
        assert_eq!(bound.get(&path).await.refusal(), "404 Application not found");
        assert_eq!(bound.patch(&path, json!({"name": "x"})).await.refusal(), "404 Application not found");
        assert_eq!(bound.delete(&path).await.refusal(), "404 Application not found");
        assert_eq!(bound.post(&format!("{path}/rotate"), json!({})).await.refusal(), "404 Application not found");
    }
    assert_eq!(bound.post("/applications/", json!({"name": "x", "app_scope": "GLOBAL"})).await.status, 403);
    let elsewhere = json!({"name": "x", "tenant_id": "other"});
    assert_eq!(bound.post("/applications/", elsewhere).await.refusal(), "422 body.tenant_id value_error");
    assert_eq!(bound.get("/applications/?search=mine").await.json()["total"], 1);
    assert_eq!(bound.get("/applications/").await.json()["total"], 2);
    assert_eq!(platform.get("/applications/?app_scope=GLOBAL").await.json()["total"], 2);
}
