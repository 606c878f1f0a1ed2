//! No secret that anybody sends or is given is in the database, its write-ahead log or the log: passwords, tokens, client
//! secrets, credentials in headers; in requests that are accepted and in requests that are refused.

use std::path::Path;

use http::header::{AUTHORIZATION, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Value, json};
use testkit::Client;

use crate::process::{Home, Muster, each_engine};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const BULK: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

/// What every secret that the test makes up has in it.
const SEED: &str = "Xq7Seeded";

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_on_disk_or_in_the_log_in_plain_text() {
    each_engine(async |home| {
        let log = home.path("server.log");
        let server = home.start_logging_to(&log);
        let jwt = admin_jwt(&server).await;
        let admin = admin(&server, &jwt);
        let kept = json!({"settings": {"request_log": "values"}});
        admin.patch("/tenants/dev", &kept).await.assert_status(200);
        let issued =
            admin.post("/scim-tokens/", &json!({"name": "t", "tenant_id": "dev"})).await.assert_status(201).json();

        let scim = server.scim();
        send_accepted(&scim).await;
        send_refused(&scim).await;
        show_bad_credentials(&server, &scim).await;
        send_denied(&server, &admin).await;
        wait_for_entries(&admin).await;

        // `kill -9`: nothing is tidied up, and the write-ahead log stays as it is.
        let credentials = server.credentials().clone();
        server.kill();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let secrets = [
            SEED.to_owned(),
            text(&credentials["admin"]["client_secret"]),
            text(&credentials["scim"]["token"]),
            text(&issued["token"]),
            jwt.rsplit('.').next().unwrap().to_owned(),
        ];
        let everything = everything_written(home, &log);
        for secret in &secrets {
            for (place, bytes) in &everything {
                assert!(!holds(bytes, secret), "{place} holds the secret {secret}");
            }
        }
        let found = |word: &str| everything.iter().filter(|(_, bytes)| holds(bytes, word)).count();
        assert!(found("visible-user") > 0 && found("refused-user") > 0, "we look where requests are written down");
    })
    .await;
}

async fn send_accepted(scim: &Client) {
    let user = json!({"schemas": [USER], "userName": "visible-user", "password": format!("{SEED}-create")});
    let id = scim.post("/Users", &user).await.assert_status(201).json()["id"].as_str().unwrap().to_owned();
    let replaced = json!({"schemas": [USER], "userName": "visible-user", "PassWord": format!("{SEED}-put")});
    scim.put(&format!("/Users/{id}"), &replaced).await.assert_status(200);
    for operation in [
        json!({"op": "replace", "path": "password", "value": format!("{SEED}-patch")}),
        json!({"op": "add", "value": {"password": format!("{SEED}-patch-without-path")}}),
        json!({"op": "replace", "path": format!("{USER}:password"), "value": format!("{SEED}-patch-urn")}),
    ] {
        let patch = json!({"schemas": [PATCH], "Operations": [operation]});
        scim.patch(&format!("/Users/{id}"), &patch).await.assert_status(200);
    }
    let data = json!({"schemas": [USER], "userName": "bulk", "password": format!("{SEED}-bulk"), "secret": format!("{SEED}-x")});
    let operation = json!({"method": "POST", "path": "/Users", "bulkId": "a", "data": data});
    scim.post("/Bulk", &json!({"schemas": [BULK], "Operations": [operation]})).await.assert_status(200);
}

async fn send_refused(scim: &Client) {
    let typed =
        |password: Value| json!({"schemas": [USER], "userName": "refused-user", "active": 7, "password": password});
    for password in [json!(format!("{SEED}-1")), json!([format!("{SEED}-2")]), json!({"value": format!("{SEED}-3")})] {
        scim.post("/Users", &typed(password)).await.assert_status(400);
    }
    let unknown = json!({"schemas": [USER], "userName": 5, "passwort": format!("{SEED}-4"), "name": {"pin": format!("{SEED}-5")}});
    scim.post("/Users", &unknown).await.assert_status(400);
    let broken = format!("{{\"userName\":\"refused-user\",\"password\":\"{SEED}-6\"");
    scim.post_text("/Users", "application/scim+json", &broken).await.assert_status(400);
    let twice = format!("{{\"userName\":\"a\",\"password\":\"{SEED}-7\",\"password\":\"{SEED}-8\"}}");
    scim.post_text("/Users", "application/scim+json", &twice).await.assert_status(400);
    for operation in [
        json!({"op": "replace", "path": format!("password eq \"{SEED}-9\""), "value": format!("{SEED}-10")}),
        json!({"op": "replace", "path": format!("password[value eq \"{SEED}-11\"]"), "value": format!("{SEED}-12")}),
        json!({"op": "replace", "path": "password", "value": {"a": format!("{SEED}-13")}}),
        json!({"op": "replace", "pth": "password", "value": format!("{SEED}-14")}),
    ] {
        let patch = json!({"schemas": [PATCH], "Operations": [operation]});
        let answer = scim.patch("/Users/usr_00000000000000000000000000", &patch).await;
        assert!(answer.status.is_client_error(), "{patch}: {}", answer.text());
    }
    let data = json!({"schemas": [USER], "userName": "VISIBLE-USER", "password": format!("{SEED}-15")});
    let operation = json!({"method": "POST", "path": "/Users", "bulkId": "a", "data": data});
    scim.post("/Bulk", &json!({"schemas": [BULK], "Operations": [operation]})).await.assert_status(200);
    let filter = |text: &str| format!("/Users?filter=password%20eq%20%22{text}%22&access_token={SEED}-16");
    scim.get(&filter(&format!("{SEED}-17"))).await.assert_status(400);
    scim.get(&format!("/Users?filter=password%20eq%20%22{SEED}-18")).await.assert_status(400);
    let search = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": format!("password sw \"{SEED}-19\"")});
    scim.post("/Users/.search", &search).await.assert_status(400);
    scim.get(&format!("/Users/scim_{SEED}")).await.assert_status(404);
}

async fn show_bad_credentials(server: &Muster, scim: &Client) {
    let headers = |value: String| HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_str(&value).unwrap())]);
    for value in [
        format!("Bearer scim_{SEED}"),
        format!("Bearer {SEED}"),
        format!("Bearer eyJhbGciOiJub25lIn0.{SEED}.x"),
        format!("Basic {SEED}"),
        SEED.to_owned(),
    ] {
        scim.send(Method::GET, "/Users", headers(value), None).await.unwrap().assert_status(401);
    }
    let form = format!("grant_type=client_credentials&client_id={}&client_secret=mcs_{SEED}", client_id(server));
    token_endpoint(server).post_text("", "application/x-www-form-urlencoded", &form).await.assert_status(401);
}

/// Secrets in the wrong place, from somebody who may not do it anyway: what the audit is told of.
async fn send_denied(server: &Muster, admin: &Client) {
    let reader = json!({"name": "reader", "scopes": ["admin:read"]});
    let client = admin.post("/applications/", &reader).await.assert_status(201).json();
    let text = |name: &str| client[name].as_str().unwrap();
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        text("client_id"),
        text("client_secret")
    );
    let answer = token_endpoint(server).post_text("", "application/x-www-form-urlencoded", &form).await.json();
    let bearer = HeaderValue::from_str(&format!("Bearer {}", answer["access_token"].as_str().unwrap())).unwrap();
    let program = HeaderValue::from_str(&format!("script scim_{SEED}")).unwrap();
    let headers = HeaderMap::from_iter([(AUTHORIZATION, bearer), (USER_AGENT, program)]);
    let path = format!("/scim-tokens/scim_{SEED}");
    admin.send(Method::DELETE, &path, headers, None).await.unwrap().assert_status(403);
    let denied = admin.get("/audit/?result=denied").await.assert_status(200).json();
    assert_eq!(denied["items"][0]["resource"], "scim_…");
}

/// Waits until requests that were sent have been written down.
async fn wait_for_entries(admin: &Client) {
    loop {
        let page = admin.get("/request-logs/?tenant_id=dev&per_page=100").await.assert_status(200).json();
        let items = page["items"].as_array().unwrap();
        if items.iter().filter(|item| item["refused"].is_object()).count() >= 5 {
            return;
        }
        tokio::task::yield_now().await;
    }
}

fn token_endpoint(server: &Muster) -> Client {
    Client::new(format!("{}/api/v1/platform/oauth/token", server.credentials()["base_url"].as_str().unwrap()))
}

fn client_id(server: &Muster) -> String {
    server.credentials()["admin"]["client_id"].as_str().unwrap().to_owned()
}

async fn admin_jwt(server: &Muster) -> String {
    let secret = server.credentials()["admin"]["client_secret"].as_str().unwrap();
    let form = format!("grant_type=client_credentials&client_id={}&client_secret={secret}", client_id(server));
    let answer = token_endpoint(server).post_text("", "application/x-www-form-urlencoded", &form).await;
    answer.assert_status(200).json()["access_token"].as_str().unwrap().to_owned()
}

fn admin(server: &Muster, jwt: &str) -> Client {
    let base_url = server.credentials()["base_url"].as_str().unwrap();
    Client::new(format!("{base_url}/api/v1/admin")).with_bearer(jwt)
}

/// The bytes of the log, and of the files of the database or the rows of its tables.
fn everything_written(home: &Home, log: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = vec![("the log".to_owned(), std::fs::read(log).unwrap())];
    for entry in std::fs::read_dir(home.path("data")).unwrap() {
        let path = entry.unwrap().path();
        all.push((path.display().to_string(), std::fs::read(&path).unwrap()));
    }
    if let Some(database) = home.database() {
        let tables =
            database.sql("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace");
        for table in tables.lines() {
            all.push((table.to_owned(), database.sql(&format!("SELECT t::text FROM {table} AS t")).into_bytes()));
        }
    }
    all
}

fn holds(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window == word.as_bytes())
}
