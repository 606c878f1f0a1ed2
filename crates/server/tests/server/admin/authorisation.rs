//! Who may call the admin API: what the walk over the route table in `authorisation.rs` cannot say.

use server::{Access, ROUTES};

use super::Admin;
use crate::harness::Harness;

/// The admin routes of that access, with something in each parameter.
fn routes(access: Access) -> impl Iterator<Item = (&'static str, String)> {
    ROUTES.iter().filter(move |route| route.access == access).map(|route| {
        let path = route.path.replace("{tenant_id}", "acme").replace("{token_id}", "sct_00000000000000000000000000");
        let path = path.replace("{log_id}", "log_00000000000000000000000000");
        let path = path.replace("{urn}", "urn:example:2.0:X").replace("{name}", "User");
        (route.method, path.replace("{application_id}", "app_00000000000000000000000000"))
    })
}

async fn ask(harness: &Harness, admin: &Admin<'_>, method: &str, path: &str) -> String {
    let answer = harness.request(method, path).bearer(&admin.jwt).json("{}").send().await;
    if answer.status.is_client_error() { answer.refusal() } else { answer.status.as_str().to_owned() }
}

#[tokio::test]
async fn without_role_and_scope_nothing_is_read_or_changed() {
    let harness = Harness::new().await;
    for tenant in [None, Some("acme")] {
        let nobody = Admin::with(&harness, tenant, None, &["scim:read", "scim:write"]).await;

        for (method, path) in routes(Access::AdminRead).chain(routes(Access::AdminWrite)) {
            let refused = ask(&harness, &nobody, method, &path).await;

            assert_eq!(refused, "403 Platform token requires admin:read or admin:write scope", "{method} {path}");
        }
    }
}

#[tokio::test]
async fn who_may_read_may_not_write() {
    let harness = Harness::new().await;
    for tenant in [None, Some("acme")] {
        let reader = Admin::with(&harness, tenant, None, &["admin:read"]).await;

        for (method, path) in routes(Access::AdminWrite) {
            let refused = ask(&harness, &reader, method, &path).await;
            assert_eq!(refused, "403 Platform token requires admin:write scope", "{method} {path}");
        }
        for (method, path) in routes(Access::AdminRead) {
            assert!(!ask(&harness, &reader, method, &path).await.starts_with("403"), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn the_scope_to_write_implies_the_one_to_read() {
    let harness = Harness::new().await;
    let writer = Admin::with(&harness, None, None, &["admin:write"]).await;

    for (method, path) in routes(Access::AdminRead).chain(routes(Access::AdminWrite)) {
        assert!(!ask(&harness, &writer, method, &path).await.starts_with("403"), "{method} {path}");
    }
}

#[tokio::test]
async fn a_partner_admin_is_no_admin_by_that() {
    let harness = Harness::new().await;
    let partner = Admin::with(&harness, None, Some("partner_admin"), &[]).await;

    assert_eq!(partner.get("/tenants/").await.status, 403);
}

#[tokio::test]
async fn a_forged_or_changed_token_opens_nothing() {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    let mut parts = admin.jwt.split('.');
    let (header, claims, signature) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let decoded = String::from_utf8(URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    let forged = [
        format!("{}.{claims}.", encode(r#"{"alg":"none","typ":"at+jwt"}"#)),
        format!("{}.{claims}.{signature}", encode(&decoded.replace("EdDSA", "HS256"))),
        format!("{}.{claims}.{signature}", encode(&decoded.replace("at+jwt", "JWT"))),
        format!("{header}.{}.{signature}", encode(r#"{"iss":"x","exp":9999999999}"#)),
        format!("{header}.{claims}.{}", encode("signature")),
        format!("{header}.{claims}"),
        "a.b.c".to_owned(),
    ];

    for jwt in forged {
        let answer = harness.request("GET", "/api/v1/admin/tenants").bearer(&jwt).send().await;

        assert_eq!(answer.status, 401, "{jwt}");
        assert!(answer.header("www-authenticate").unwrap().contains("invalid_token"));
    }
}

#[tokio::test]
async fn a_jwt_opens_scim_routes_by_its_scope_and_its_tenant() {
    let harness = Harness::new().await;
    harness.stranger().await;
    let ask = async |tenant: Option<&str>, scope: &'static str, method: &str, at: &str| {
        let admin = Admin::with(&harness, tenant, None, &[scope]).await;
        let path = format!("/api/v1/tenants/{at}/scim/v2/Users");
        let body = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"]}"#;
        harness.request(method, &path).bearer(&admin.jwt).json(body).send().await.status.as_u16()
    };

    assert_eq!(ask(Some("acme"), "scim:read", "GET", "acme").await, 200);
    assert_eq!(ask(Some("acme"), "scim:read", "POST", "acme").await, 403);
    assert_eq!(ask(Some("acme"), "scim:write", "POST", "acme").await, 400, "no userName");
    assert_eq!(ask(Some("acme"), "scim:write", "GET", "acme").await, 200);
    assert_eq!(ask(Some("acme"), "admin:write", "GET", "acme").await, 200);
    assert_eq!(ask(Some("acme"), "admin:read", "GET", "acme").await, 403);
    assert_eq!(ask(Some("acme"), "scim:write", "GET", "other").await, 401);
    assert_eq!(ask(Some("acme"), "scim:write", "GET", "nobody").await, 401);
    assert_eq!(ask(None, "scim:read", "GET", "other").await, 200);
    assert_eq!(ask(None, "scim:read", "GET", "nobody").await, 404);
}

#[tokio::test]
async fn a_bound_caller_finds_no_tokens_of_others() {
    let harness = Harness::new().await;
    harness.stranger().await;
    let platform = Admin::platform(&harness).await;
    let bound = Admin::bound(&harness).await;
    let body = serde_json::json!({"name": "theirs", "tenant_id": "other"});
    let foreign = platform.create("/scim-tokens/", body).await;
    let path = format!("/scim-tokens/{}", foreign["id"].as_str().unwrap());
    let not_found = "404 SCIM token not found";

    assert_eq!(bound.get(&path).await.refusal(), not_found);
    assert_eq!(bound.patch(&path, serde_json::json!({"name": "x"})).await.refusal(), not_found);
    assert_eq!(bound.delete(&path).await.refusal(), not_found);
    assert_eq!(bound.post(&format!("{path}/rotate"), serde_json::json!({})).await.refusal(), not_found);
    assert_eq!(bound.get("/scim-tokens/?tenant_id=other").await.refusal(), "404 Tenant not found");
    assert_eq!(bound.get("/scim-tokens/").await.json()["total"], 1);
}
