use std::net::IpAddr;

use serde_json::{Value, json};
use server::Peer;

use super::{Admin, token, try_token};
use crate::harness::Harness;

#[tokio::test]
async fn a_new_token_shows_its_secret_once_and_nobody_may_keep_the_answer() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    let body = json!({
        "name": "Okta", "tenant_id": "acme", "description": "HR", "expires_at": "2024-01-01T00:00:00+01:00",
        "scopes": ["bulk", "users:read"], "allowed_ips": ["192.0.2.7/24"], "identity_provider": "okta",
    });

    let created = admin.post("/scim-tokens/", body).await;

    assert_eq!(created.status, 201, "{}", created.body);
    assert_eq!(created.header("cache-control"), Some("no-store"));
    let mut shown = created.json();
    let id = shown["id"].as_str().unwrap().to_owned();
    assert_eq!(created.header("location"), Some(format!("https://id.example/api/v1/admin/scim-tokens/{id}").as_str()));
    let secret = shown.as_object_mut().unwrap().remove("token").unwrap();
    assert!(secret.as_str().unwrap().starts_with(shown["token_prefix"].as_str().unwrap()));
    assert!(secret.as_str().unwrap().ends_with(shown["token_last_four"].as_str().unwrap()));
    assert_eq!(admin.get(&format!("/scim-tokens/{id}")).await.json(), shown);
    for made in ["id", "tenant_id", "token_prefix", "token_last_four", "created_by", "scim_base_url"] {
        assert!(shown.as_object_mut().unwrap().remove(made).is_some_and(|value| value.is_string()), "{made}");
    }
    let expected = json!({
        "name": "Okta", "description": "HR", "scopes": ["users:read", "bulk"], "allowed_ips": ["192.0.2.0/24"],
        "identity_provider": "okta", "is_active": true, "status": "active",
        "expires_at": "2023-12-31T23:00:00.000Z", "previous_valid_until": null,
        "created_at": "2023-11-14T22:13:20.000Z", "updated_at": "2023-11-14T22:13:20.000Z",
        "last_used_at": null, "last_used_ip": null, "last_used_user_agent": null, "request_count": 0,
        "revoked_at": null, "revoked_by": null,
    });
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_new_token_is_told_at_once() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    let refused = async |body: Value| admin.post("/scim-tokens/", body).await.refusal();

    let body = json!({
        "name": "", "tenant_id": 5, "description": 1, "expires_at": "soon", "expires_in_days": 0, "scopes": ["root"],
        "allowed_ips": ["x", "10.0.0.0/8", 1], "identity_provider": "acme", "surprise": 1,
    });
    assert_eq!(
        refused(body).await,
        "422 body.name string_too_short, body.tenant_id string_type, body.description string_type, \
         body.expires_at datetime_parsing, body.expires_in_days greater_than_equal, body.scopes.0 literal_error, \
         body.allowed_ips.0 value_error, body.allowed_ips.2 string_type, body.identity_provider literal_error, \
         body.surprise extra_forbidden"
    );
    assert_eq!(refused(json!({})).await, "422 body.name missing");
    assert_eq!(refused(json!({"name": "a"})).await, "422 body.tenant_id missing");
    assert_eq!(refused(json!({"name": "a", "tenant_id": "nobody"})).await, "422 body.tenant_id value_error");
    let past = json!({"name": "a", "tenant_id": "acme", "expires_at": "2023-11-14T22:13:20Z"});
    assert_eq!(refused(past).await, "422 body.expires_at datetime_future");
    let both = json!({"name": "a", "tenant_id": "acme", "expires_at": "2030-01-01T00:00:00Z", "expires_in_days": 1});
    assert_eq!(refused(both).await, "422 body.expires_in_days value_error");
    let none = json!({"name": "a", "tenant_id": "acme", "scopes": []});
    assert_eq!(refused(none).await, "422 body.scopes too_short");
    assert_eq!(refused(json!([])).await, "422 body dict_type");
    let long = json!({"name": "n".repeat(256), "tenant_id": "acme"});
    assert_eq!(refused(long).await, "422 body.name string_too_long");
    admin.create("/scim-tokens/", json!({"name": "n".repeat(255), "tenant_id": "acme"})).await;
}

#[tokio::test]
async fn a_body_that_is_not_json_is_told_as_such() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    let send = async |body: &'static str| {
        let asking = harness.request("POST", "/api/v1/admin/scim-tokens/").bearer(&admin.jwt);
        asking.header("content-type", "application/json").raw(body).send().await.refusal()
    };

    assert_eq!(send("").await, "422 body missing");
    assert_eq!(send("{").await, "422 body json_invalid");
    assert_eq!(send(r#"{"name":"a","name":"b"}"#).await, "422 body json_invalid");
}

#[tokio::test]
async fn a_list_is_paged_newest_first_and_filtered() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    let (other, _) = harness.stranger().await;
    for name in ["one", "two", "three"] {
        admin.create("/scim-tokens/", json!({"name": name, "tenant_id": "acme"})).await;
    }
    let list = async |query: &str| {
        let list = admin.get(&format!("/scim-tokens/?{query}")).await.json();
        let names: Vec<&str> = list["items"].as_array().unwrap().iter().map(|t| t["name"].as_str().unwrap()).collect();
        format!("{} of {} on {}/{}", names.join(" "), list["total"], list["page"], list["pages"])
    };

    assert_eq!(list("tenant_id=acme").await, "three two one test of 4 on 1/1");
    assert_eq!(list("tenant_id=acme&per_page=3&page=2").await, "test of 4 on 2/2");
    assert_eq!(list("page=9").await, " of 5 on 9/1");
    assert_eq!(list(&format!("tenant_id={}", other.id)).await, "test of 1 on 1/1");
    assert_eq!(list("search=TWO").await, "two of 1 on 1/1");
    assert_eq!(list("search=%25").await, " of 0 on 1/0");
    assert_eq!(list("status=disabled").await, " of 0 on 1/0");
}

#[tokio::test]
async fn wrong_parameters_of_a_list_are_told_all_at_once() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;

    let refused = admin.get("/scim-tokens/?page=abc&per_page=101&status=gone&include_revoked=perhaps").await;

    assert_eq!(
        refused.refusal(),
        "422 query.page int_parsing, query.per_page less_than_equal, query.status literal_error, \
         query.include_revoked bool_parsing"
    );
    assert_eq!(admin.get("/scim-tokens/?page=0").await.refusal(), "422 query.page greater_than_equal");
    assert_eq!(admin.get("/scim-tokens/?tenant_id=nobody").await.refusal(), "404 Tenant not found");
}

#[tokio::test]
async fn a_patch_sets_what_it_names_clears_what_it_nulls_and_leaves_the_rest() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    let token = token(&admin).await;
    let path = format!("/scim-tokens/{}", token["id"].as_str().unwrap());
    let all = json!({
        "name": "Entra", "description": "d", "expires_at": "2030-01-01T00:00:00Z", "scopes": ["users:read"],
        "allowed_ips": ["10.0.0.1"], "identity_provider": "entra",
    });
    assert_eq!(admin.patch(&path, all.clone()).await.status, 200);

    let cleared =
        admin.patch(&path, json!({"description": null, "expires_at": null, "allowed_ips": null})).await.json();

    assert_eq!((&cleared["description"], &cleared["expires_at"]), (&Value::Null, &Value::Null));
    assert_eq!(cleared["allowed_ips"], json!([]));
    for kept in ["name", "scopes", "identity_provider"] {
        assert_eq!(cleared[kept], all[kept], "{kept}");
    }
    assert_eq!(admin.patch(&path, json!({})).await.json(), cleared);
    let refused = admin.patch(&path, json!({"name": null, "scopes": null, "is_active": "yes", "tenant_id": "x"})).await;
    assert_eq!(
        refused.refusal(),
        "422 body.name string_type, body.scopes list_type, body.is_active bool_type, body.tenant_id extra_forbidden"
    );
    assert_eq!(
        admin.patch(&path, json!({"expires_at": "2020-01-01T00:00:00Z"})).await.refusal(),
        "422 body.expires_at datetime_future"
    );
}

#[tokio::test]
async fn a_token_that_is_switched_off_is_refused_at_the_next_request_and_comes_back() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    let token = token(&admin).await;
    let path = format!("/scim-tokens/{}", token["id"].as_str().unwrap());
    assert_eq!(try_token(&harness, &token["token"]).await, 200);

    let disabled = admin.patch(&path, json!({"is_active": false})).await.json();

    assert_eq!((&disabled["status"], &disabled["is_active"]), (&json!("disabled"), &json!(false)));
    assert_eq!(try_token(&harness, &token["token"]).await, 401);
    admin.patch(&path, json!({"is_active": true})).await;
    assert_eq!(try_token(&harness, &token["token"]).await, 200);
}

#[tokio::test]
async fn a_revoked_token_is_refused_at_the_next_request_for_good() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    let token = token(&admin).await;
    let path = format!("/scim-tokens/{}", token["id"].as_str().unwrap());
    assert_eq!(try_token(&harness, &token["token"]).await, 200);

    assert_eq!(admin.delete(&path).await.status, 204);

    assert_eq!(try_token(&harness, &token["token"]).await, 401);
    assert_eq!(admin.delete(&path).await.status, 204);
    let shown = admin.get(&path).await.json();
    assert_eq!((&shown["status"], &shown["revoked_at"]), (&json!("revoked"), &json!("2023-11-14T22:13:20.000Z")));
    assert!(shown["revoked_by"].is_string());
    let changed = admin.patch(&path, json!({"is_active": true})).await;
    assert_eq!(changed.refusal(), "409 The SCIM token is revoked and cannot be changed");
    assert_eq!(admin.post(&format!("{path}/rotate"), json!({})).await.status, 409);
    let total = async |query: &str| admin.get(&format!("/scim-tokens/?{query}")).await.json()["total"].clone();
    assert_eq!(total("search=Okta").await, 0);
    assert_eq!(total("search=Okta&include_revoked=true").await, 1);
    assert_eq!(total("status=revoked").await, 1);
}

#[tokio::test]
async fn an_expired_token_is_refused() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    let body = json!({"name": "a", "tenant_id": "acme", "expires_in_days": 1});
    let token = admin.create("/scim-tokens/", body).await;
    harness.app.settings().clock.advance(86_399_999);
    assert_eq!(try_token(&harness, &token["token"]).await, 200);

    harness.app.settings().clock.advance(1);

    assert_eq!(try_token(&harness, &token["token"]).await, 401);
    let admin = Admin::platform(&harness).await;
    assert_eq!(admin.get("/scim-tokens/?status=expired").await.json()["total"], 1);
}

#[tokio::test]
async fn after_a_rotation_the_old_secret_is_good_until_five_minutes_after_the_new_one_was_used() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    let token = token(&admin).await;
    let path = format!("/scim-tokens/{}/rotate", token["id"].as_str().unwrap());

    let rotated = admin.post(&path, json!({})).await;

    assert_eq!((rotated.status.as_u16(), rotated.header("cache-control")), (200, Some("no-store")));
    let rotated = rotated.json();
    assert_eq!(rotated["id"], token["id"]);
    assert_eq!(rotated["previous_valid_until"], "2023-11-15T22:13:20.000Z");
    let old = async || try_token(&harness, &token["token"]).await;
    harness.app.settings().clock.advance(3_600_000);
    assert_eq!(old().await, 200);
    assert_eq!(try_token(&harness, &rotated["token"]).await, 200);
    harness.app.settings().clock.advance(299_999);
    assert_eq!(old().await, 200);
    harness.app.settings().clock.advance(1);
    assert_eq!(old().await, 401);
    assert_eq!(try_token(&harness, &rotated["token"]).await, 200);
}

#[tokio::test]
async fn a_rotation_can_cut_the_old_secret_at_once() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    let token = token(&admin).await;
    let path = format!("/scim-tokens/{}/rotate", token["id"].as_str().unwrap());
    assert_eq!(try_token(&harness, &token["token"]).await, 200);

    let rotated = admin.post(&path, json!({"overlap_seconds": 0})).await.json();

    assert_eq!(try_token(&harness, &token["token"]).await, 401);
    assert_eq!(try_token(&harness, &rotated["token"]).await, 200);
    let refused = admin.post(&path, json!({"overlap_seconds": 2_592_001, "x": 1})).await;
    assert_eq!(refused.refusal(), "422 body.overlap_seconds less_than_equal, body.x extra_forbidden");
}

#[tokio::test]
async fn a_token_with_a_list_of_addresses_opens_nothing_from_elsewhere() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    let body = json!({"name": "a", "tenant_id": "acme", "allowed_ips": ["192.0.2.0/24", "2001:db8::1"]});
    let token = admin.create("/scim-tokens/", body).await;
    let from = async |address: &str| {
        let peer: IpAddr = address.parse().unwrap();
        let asking = harness.request("GET", &Harness::scim("/Users?count=0")).from(Peer(peer));
        asking.bearer(token["token"].as_str().unwrap()).send().await.status.as_u16()
    };

    assert_eq!(from("192.0.2.200").await, 200);
    assert_eq!(from("::ffff:192.0.2.200").await, 200);
    assert_eq!(from("2001:db8::1").await, 200);
    assert_eq!(from("192.0.3.1").await, 403);
    assert_eq!(from("2001:db8::2").await, 403);
}

#[tokio::test]
async fn the_use_of_a_token_is_shown_and_kept() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    let token = token(&admin).await;
    let use_it = async || {
        let asking = harness.request("GET", &Harness::scim("/Users")).from(Peer([192, 0, 2, 1].into()));
        asking.bearer(token["token"].as_str().unwrap()).header("user-agent", "Okta SCIM").send().await
    };
    use_it().await;
    harness.app.settings().clock.advance(1000);
    use_it().await;
    harness.app.flush_usage().await.unwrap();
    use_it().await;

    let shown = admin.get(&format!("/scim-tokens/{}", token["id"].as_str().unwrap())).await.json();

    assert_eq!(shown["request_count"], 3);
    assert_eq!(shown["last_used_at"], "2023-11-14T22:13:21.000Z");
    assert_eq!((&shown["last_used_ip"], &shown["last_used_user_agent"]), (&json!("192.0.2.1"), &json!("Okta SCIM")));
    assert_eq!(shown["updated_at"], shown["created_at"]);
}

#[tokio::test]
async fn what_is_no_token_id_is_not_found() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;

    for id in ["sct_00000000000000000000000000", "nonsense", "..%2f..", "app_00000000000000000000000000"] {
        assert_eq!(admin.get(&format!("/scim-tokens/{id}")).await.refusal(), "404 SCIM token not found", "{id}");
        assert_eq!(admin.delete(&format!("/scim-tokens/{id}")).await.refusal(), "404 SCIM token not found", "{id}");
    }
}
