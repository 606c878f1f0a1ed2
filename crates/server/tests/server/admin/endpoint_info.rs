use serde_json::{Value, json};

use super::Admin;
use crate::harness::Harness;

#[tokio::test]
async fn a_bound_caller_gets_everything_to_paste_for_its_own_tenant() {
    let harness = Harness::new().await;
    let admin = Admin::bound(&harness).await;
    harness.get("/Users").await;
    harness.get("/Users?filter=nonsense").await;

    let info = admin.get("/scim-tokens/endpoint-info").await.json();

    let base = format!("https://id.example/api/v1/tenants/{}/scim/v2", harness.tenant.id);
    assert_eq!(info["base_url"], base);
    assert_eq!(info["endpoints"]["users"], format!("{base}/Users"));
    assert_eq!(info["auth"]["active_tokens"], 1);
    assert_eq!(info["auth"]["token_endpoint"], "https://id.example/api/v1/auth/tenants/acme/oauth/token");
    assert_eq!(info["supported"]["bulk_max_operations"], 10_000);
    let health = json!({"last_request_at": "2023-11-14T22:13:20.000Z", "requests_24h": 2, "errors_24h": 1});
    assert_eq!(info["health"], health);
    let fields = |provider: &str| -> Vec<String> {
        let fields = info["setup"][provider].as_array().unwrap();
        fields.iter().map(|field| field["field"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(fields("entra"), ["Tenant URL", "Secret Token"]);
    for field in ["SCIM connector base URL", "Unique identifier field for users", "HTTP Header / Authorization"] {
        assert!(fields("okta").contains(&field.to_owned()), "{field}");
    }
}

#[tokio::test]
async fn a_platform_caller_names_the_tenant_or_gets_the_list() {
    let harness = Harness::new().await;
    let (other, _) = harness.stranger().await;
    let admin = Admin::platform(&harness).await;

    let one = admin.get("/scim-tokens/endpoint-info?tenant_id=other").await.json();
    let all = admin.get("/scim-tokens/endpoint-info").await.json();

    assert_eq!(one["tenant_id"], other.id.to_string());
    assert_eq!(all["base_url_template"], "https://id.example/api/v1/tenants/{tenant_id}/scim/v2");
    let slugs: Vec<&Value> = all["tenants"].as_array().unwrap().iter().map(|tenant| &tenant["slug"]).collect();
    assert_eq!(slugs, ["other", "acme"]);
    assert_eq!(all["total"], 2);
}

#[tokio::test]
async fn nothing_is_told_of_tenants_that_the_caller_cannot_see_or_that_are_gone() {
    let harness = Harness::new().await;
    harness.stranger().await;
    let bound = Admin::bound(&harness).await;
    let platform = Admin::platform(&harness).await;
    let ask = "/scim-tokens/endpoint-info?tenant_id=";

    assert_eq!(bound.get(&format!("{ask}other")).await.refusal(), "404 Tenant not found");
    assert_eq!(platform.get(&format!("{ask}nobody")).await.refusal(), "404 Tenant not found");
    platform.delete("/tenants/other").await;
    assert_eq!(platform.get(&format!("{ask}other")).await.refusal(), "404 Tenant not found");
}
