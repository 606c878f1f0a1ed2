use serde_json::json;

use super::{Admin, try_token};
use crate::harness::Harness;

#[tokio::test]
async fn a_tenant_is_created_with_the_limits_of_the_deployment_and_its_own() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;

    let tenant = admin.create("/tenants/", json!({"name": "Wayne Enterprises", "limits": {"page_size_max": 20}})).await;

    assert_eq!(tenant["slug"], "wayne-enterprises");
    assert_eq!((&tenant["limits"]["page_size_max"], &tenant["limits"]["page_size_default"]), (&json!(20), &json!(20)));
    assert_eq!(tenant["limits"]["bulk_operations_max"], 10_000);
    let settings = json!({
        "group_display_name_unique": true, "external_id_unique": false, "strict": false, "request_log": "metadata",
    });
    assert_eq!(tenant["settings"], settings);
    let id = tenant["id"].as_str().unwrap();
    assert_eq!(admin.get(&format!("/tenants/{id}")).await.json(), tenant);
    assert_eq!(admin.get("/tenants/wayne-enterprises").await.json(), tenant);
}

#[tokio::test]
async fn a_slug_is_given_once_for_ever() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    let again = json!({"name": "Again", "slug": "acme"});
    let taken = "409 A tenant with this slug exists or existed";

    assert_eq!(admin.post("/tenants/", again.clone()).await.refusal(), taken);
    admin.delete("/tenants/acme").await;
    assert_eq!(admin.post("/tenants/", again).await.refusal(), taken);
    admin.create("/tenants/", json!({"name": "New", "slug": "new"})).await;
    assert_eq!(admin.patch("/tenants/new", json!({"slug": "acme"})).await.refusal(), taken);
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_tenant_is_told_at_once() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;

    let body = json!({"slug": "A B", "limits": {"page_size_max": 0, "pages": 1}, "settings": [], "status": "active"});

    assert_eq!(
        admin.post("/tenants/", body).await.refusal(),
        "422 body.name missing, body.slug value_error, body.limits.page_size_max greater_than_equal, \
         body.limits.pages extra_forbidden, body.settings dict_type, body.status extra_forbidden"
    );
    assert_eq!(admin.post("/tenants/", json!({"name": "日本"})).await.refusal(), "422 body.slug missing");
}

#[tokio::test]
async fn a_patch_merges_limits_and_settings_and_null_goes_back_to_the_default() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    let patch = json!({
        "name": "Acme 2", "limits": {"page_size_max": 7, "bulk_operations_max": 3}, "settings": {"strict": true},
    });
    admin.patch("/tenants/acme", patch).await;

    let tenant = admin.patch("/tenants/acme", json!({"limits": {"page_size_max": null}})).await.json();

    assert_eq!(tenant["name"], "Acme 2");
    assert_eq!(
        (&tenant["limits"]["page_size_max"], &tenant["limits"]["bulk_operations_max"]),
        (&json!(1000), &json!(3))
    );
    assert_eq!(tenant["settings"]["strict"], true);
    let over = harness.post("/Bulk", r#"{"Operations":[{},{},{},{}]}"#).await;
    assert_eq!(over.status, 413, "{}", over.body);
}

#[tokio::test]
async fn a_suspended_tenant_is_closed_until_it_is_active_again() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    let bound = Admin::bound(&harness).await;
    let token = json!(harness.token);
    assert_eq!(try_token(&harness, &token).await, 200);

    admin.patch("/tenants/acme", json!({"status": "suspended"})).await;

    assert_eq!(try_token(&harness, &token).await, 403);
    assert_eq!(bound.get("/tenants/").await.refusal(), "403 The tenant is suspended");
    admin.patch("/tenants/acme", json!({"status": "active"})).await;
    assert_eq!(try_token(&harness, &token).await, 200);
    assert_eq!(bound.get("/tenants/").await.status, 200);
}

#[tokio::test]
async fn a_deleted_tenant_has_no_scim_routes_and_cannot_be_changed() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    let bound = Admin::bound(&harness).await;

    assert_eq!(admin.delete("/tenants/acme").await.status, 204);

    assert_eq!(try_token(&harness, &json!(harness.token)).await, 404);
    assert_eq!(bound.get("/tenants/").await.status, 401);
    assert_eq!(admin.delete("/tenants/acme").await.status, 204);
    assert_eq!(admin.get("/tenants/acme").await.json()["status"], "deleted");
    let change = admin.patch("/tenants/acme", json!({"status": "active"})).await;
    assert_eq!(change.refusal(), "409 The tenant is deleted and cannot be changed");
    assert_eq!(admin.get("/tenants/").await.json()["total"], 0);
    assert_eq!(admin.get("/tenants/?status=deleted").await.json()["total"], 1);
    let token = admin.post("/scim-tokens/", json!({"name": "a", "tenant_id": "acme"})).await;
    assert_eq!(token.refusal(), "422 body.tenant_id value_error");
}

#[tokio::test]
async fn a_bound_caller_sees_its_own_tenant_only() {
    let harness = Harness::new().await;
    let (other, _) = harness.stranger().await;
    let bound = Admin::bound(&harness).await;

    let list = bound.get("/tenants/").await.json();

    assert_eq!((&list["total"], &list["items"][0]["slug"]), (&json!(1), &json!("acme")));
    for name in [other.id.to_string(), other.slug.clone(), "nobody".into()] {
        let path = format!("/tenants/{name}");
        assert_eq!(bound.get(&path).await.refusal(), "404 Tenant not found");
        assert_eq!(bound.patch(&path, json!({"name": "x"})).await.refusal(), "404 Tenant not found");
        assert_eq!(bound.delete(&path).await.refusal(), "404 Tenant not found");
    }
}

#[tokio::test]
async fn what_the_platform_decides_a_bound_caller_cannot_change() {
    let harness = Harness::new().await;
    let bound = Admin::bound(&harness).await;

    assert_eq!(bound.post("/tenants/", json!({"name": "x"})).await.status, 403);
    assert_eq!(bound.delete("/tenants/acme").await.status, 403);
    for decided in [json!({"slug": "x"}), json!({"status": "suspended"}), json!({"limits": {"page_size_max": 5}})] {
        assert_eq!(bound.patch("/tenants/acme", decided).await.status, 403);
    }
    assert_eq!(bound.patch("/tenants/acme", json!({"name": "x", "settings": {"strict": true}})).await.status, 200);
}

#[tokio::test]
async fn a_tenant_above_its_rate_is_told_when_to_come_back() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    admin.patch("/tenants/acme", json!({"limits": {"requests_per_second_max": 2}})).await;
    for _ in 0..2 {
        assert_eq!(harness.get("/Users").await.status, 200);
    }

    let refused = harness.get("/Users").await;

    assert_eq!((refused.scim_error().as_str(), refused.header("retry-after")), ("429", Some("1")));
    harness.app.settings().clock.advance(1000);
    assert_eq!(harness.get("/Users").await.status, 200);
}
