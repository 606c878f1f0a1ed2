use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use server::Peer;

use super::{Client, client};
use crate::harness::{Answered, Harness};

const PLATFORM: &str = "/api/v1/platform/oauth/token";

async fn ask(harness: &Harness, form: &str) -> Answered {
    harness.request("POST", PLATFORM).without("authorization").form(form).send().await
}

fn credentials(client: &Client) -> String {
    format!("grant_type=client_credentials&client_id={}&client_secret={}", client.id, client.secret)
}

fn basic(client: &Client) -> String {
    format!("Basic {}", STANDARD.encode(format!("{}:{}", client.id, client.secret)))
}

/// Header and claims of the access token in an answer.
fn opened(answer: &Answered) -> (Value, Value) {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    let part = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    let mut parts = token.split('.').map(str::to_owned);
    let (header, claims) = (parts.next().unwrap(), parts.next().unwrap());
    (part(&header), part(&claims))
}

#[tokio::test]
async fn a_global_client_gets_a_token_of_the_platform() {
    let harness = Harness::new().await;
    let client = client(&harness, None, Some("super_admin"), &["admin:read", "admin:write"]).await;

    let answer = harness
        .request("POST", PLATFORM)
        .header("authorization", &basic(&client))
        .form("grant_type=client_credentials")
        .send()
        .await;

    let (header, mut claims) = opened(&answer);
    let body = answer.json();
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(3600)));
    assert_eq!(body["scope"], "admin:read admin:write");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!((&header["alg"], &header["typ"]), (&json!("EdDSA"), &json!("at+jwt")));
    assert!(header["kid"].is_string());
    assert!(claims.as_object_mut().unwrap().remove("jti").is_some_and(|jti| jti.is_string()));
    let expected = json!({
        "iss": "https://id.example/api/v1/platform/oauth", "aud": "muster", "sub": client.id, "iat": 1_700_000_000,
        "exp": 1_700_003_600, "client_id": client.id, "scope": "admin:read admin:write",
        "token_type": "client_credentials", "platform_token": true, "app_scope": "GLOBAL", "role": "super_admin",
    });
    assert_eq!(claims, expected);
}

#[tokio::test]
async fn a_tenant_client_gets_a_token_of_its_tenant_at_its_tenant() {
    let harness = Harness::new().await;
    harness.stranger().await;
    let client = client(&harness, Some("acme"), None, &["scim:read"]).await;
    let at = async |path: &str| {
        harness.request("POST", path).without("authorization").form(&credentials(&client)).send().await
    };

    let (_, claims) = opened(&at("/api/v1/auth/tenants/acme/oauth/token").await);

    assert_eq!(claims["iss"], "https://id.example/api/v1/auth/tenants/acme");
    assert_eq!(claims["tenant_id"], harness.tenant.id.to_string());
    for absent in ["platform_token", "app_scope", "role"] {
        assert!(claims.get(absent).is_none(), "{absent}");
    }
    for elsewhere in ["/api/v1/auth/tenants/other/oauth/token", "/api/v1/auth/tenants/nobody/oauth/token", PLATFORM] {
        let refused = at(elsewhere).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["error"]), (401, &json!("invalid_client")), "{elsewhere}");
    }
}

#[tokio::test]
async fn a_client_can_ask_for_less_and_not_for_more() {
    let harness = Harness::new().await;
    let client = client(&harness, None, Some("super_admin"), &["admin:read", "scim:read"]).await;

    let answer = ask(&harness, &format!("{}&scope=admin:read", credentials(&client))).await;

    let (_, claims) = opened(&answer);
    assert_eq!(claims["scope"], "admin:read");
    assert!(claims.get("role").is_none(), "a role would undo the narrowing");
    let jwt = answer.json()["access_token"].as_str().unwrap().to_owned();
    let write = harness.request("POST", "/api/v1/admin/tenants/").bearer(&jwt).json("{}").send().await;
    assert_eq!(write.refusal(), "403 Platform token requires admin:write scope");
    let more = ask(&harness, &format!("{}&scope=admin:write", credentials(&client))).await;
    assert_eq!((more.status.as_u16(), &more.json()["error"]), (400, &json!("invalid_scope")));
}

#[tokio::test]
async fn refusals_are_those_of_rfc_6749() {
    let harness = Harness::new().await;
    let client = client(&harness, None, None, &[]).await;
    let refused = async |form: String| {
        let answer = ask(&harness, &form).await;
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("content-type"), Some("application/json"));
        format!("{} {}", answer.status.as_str(), answer.json()["error"].as_str().unwrap())
    };
    let good = credentials(&client);

    assert_eq!(refused(good.replace("grant_type=client_credentials", "")).await, "400 invalid_request");
    assert_eq!(refused(good.replace("client_credentials", "password")).await, "400 unsupported_grant_type");
    assert_eq!(refused(format!("{good}&grant_type=client_credentials")).await, "400 invalid_request");
    assert_eq!(refused("grant_type=client_credentials".into()).await, "401 invalid_client");
    assert_eq!(refused(good.replace(&client.secret, "wrong")).await, "401 invalid_client");
    assert_eq!(refused(good.replace(&client.id, "nobody")).await, "401 invalid_client");
    assert_eq!(refused(format!("{good}&x=%ff")).await, "400 invalid_request");

    let both = harness.request("POST", PLATFORM).header("authorization", &basic(&client)).form(&good).send().await;
    assert_eq!((both.status.as_u16(), &both.json()["error"]), (400, &json!("invalid_request")));
    let plain = harness.request("POST", PLATFORM).without("authorization").json("{}").send().await;
    assert_eq!((plain.status.as_u16(), &plain.json()["error"]), (400, &json!("invalid_request")));
}

#[tokio::test]
async fn a_wrong_client_is_challenged_with_basic_and_all_wrong_clients_hear_the_same() {
    let harness = Harness::new().await;
    let client = client(&harness, None, None, &[]).await;

    let wrong_secret = ask(&harness, &credentials(&client).replace(&client.secret, "x")).await;
    let wrong_client = ask(&harness, "grant_type=client_credentials&client_id=x&client_secret=x").await;

    assert_eq!(wrong_secret.header("www-authenticate"), Some(r#"Basic realm="muster""#));
    assert_eq!(wrong_secret.body, wrong_client.body);
}

#[tokio::test]
async fn failures_are_slowed_down_by_address_and_good_credentials_are_not() {
    let harness = Harness::new().await;
    let client = client(&harness, None, None, &[]).await;
    let wrong = async |address: [u8; 4]| {
        let asking = harness.request("POST", PLATFORM).without("authorization").from(Peer(address.into()));
        asking.form("grant_type=client_credentials&client_id=x&client_secret=x").send().await
    };
    for _ in 0..10 {
        assert_eq!(wrong([192, 0, 2, 1]).await.status, 401);
    }

    let slowed = wrong([192, 0, 2, 1]).await;

    assert_eq!((slowed.status.as_u16(), slowed.header("retry-after")), (429, Some("6")));
    assert_eq!(slowed.json()["error"], "temporarily_unavailable");
    assert_eq!(wrong([192, 0, 2, 2]).await.status, 401);
    assert_eq!(ask(&harness, &credentials(&client)).await.status, 200);
    harness.app.settings().clock.advance(6000);
    assert_eq!(wrong([192, 0, 2, 1]).await.status, 401);
}

#[tokio::test]
async fn the_metadata_of_an_issuer_names_its_endpoints() {
    let harness = Harness::new().await;
    let get = async |path: &str| harness.request("GET", path).without("authorization").send().await.json();

    let platform = get("/api/v1/platform/oauth/.well-known/openid-configuration").await;
    let tenant = get("/api/v1/auth/tenants/acme/.well-known/openid-configuration").await;

    assert_eq!(platform["issuer"], "https://id.example/api/v1/platform/oauth");
    assert_eq!(platform["token_endpoint"], "https://id.example/api/v1/platform/oauth/token");
    assert_eq!(platform["jwks_uri"], "https://id.example/api/v1/platform/.well-known/jwks.json");
    assert_eq!(tenant["issuer"], "https://id.example/api/v1/auth/tenants/acme");
    assert_eq!(tenant["token_endpoint"], "https://id.example/api/v1/auth/tenants/acme/oauth/token");
    let nobody = get("/api/v1/auth/tenants/nobody/.well-known/openid-configuration").await;
    assert_eq!(nobody["issuer"], "https://id.example/api/v1/auth/tenants/nobody");
}

#[tokio::test]
async fn old_and_new_keys_are_shown_until_the_last_token_of_the_old_one_has_expired() {
    let harness = Harness::new().await;
    let client = client(&harness, None, Some("super_admin"), &[]).await;
    let kids = async || -> Vec<String> {
        let set = harness.request("GET", "/api/v1/platform/.well-known/jwks.json").send().await.json();
        set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    };
    let before = ask(&harness, &credentials(&client)).await;
    let (old, _) = opened(&before);
    let old = old["kid"].as_str().unwrap().to_owned();
    harness.app.settings().clock.advance(1000);

    let new = harness.app.rotate_signing_key(&harness.app.operator("test")).await.unwrap().kid;

    assert_eq!(kids().await, [new.clone(), old]);
    assert_eq!(opened(&ask(&harness, &credentials(&client)).await).0["kid"], new);
    let jwt = before.json()["access_token"].as_str().unwrap().to_owned();
    let used = async || harness.request("GET", "/api/v1/admin/tenants").bearer(&jwt).send().await.status.as_u16();
    assert_eq!(used().await, 200);
    harness.app.settings().clock.advance(3_599_000);
    assert_eq!(used().await, 401, "expired");
    harness.app.settings().clock.advance(600_000);
    assert_eq!(kids().await, [new]);
}
