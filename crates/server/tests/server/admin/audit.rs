//! Who did what, asked through the API alone.

use serde_json::{Value, json};
use server::{Access, ROUTES, Route};

use super::{Admin, token};
use crate::harness::{Answered, Harness};

async fn items(admin: &Admin<'_>, query: &str) -> Vec<Value> {
    let page = admin.get(&format!("/audit/?{query}")).await;
    assert_eq!(page.status, 200, "{}", page.body);
    page.json()["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn who_did_what_to_which_when_and_from_where() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    let issued = token(&admin).await;
    let id = issued["id"].as_str().unwrap();
    harness.app.settings().clock.advance(60_000);
    let path = format!("/api/v1/admin/scim-tokens/{id}");
    let change = harness.request("PATCH", &path).bearer(&admin.jwt).header("content-type", "application/json");
    let change = change.header("user-agent", "curl/8").header("x-request-id", "mine").raw(r#"{"name":"Other"}"#);
    let peer = server::Peer("192.0.2.7".parse().unwrap());
    assert_eq!(change.from(peer).send().await.status, 200);

    let deeds = items(&admin, &format!("resource={id}&tenant_id=acme")).await;

    assert_eq!(deeds.len(), 2);
    assert_eq!((&deeds[0]["action"], &deeds[1]["action"]), (&json!("scim_token.update"), &json!("scim_token.create")));
    let told = |name: &str| deeds[0][name].as_str().unwrap_or_default();
    assert_eq!((told("time"), told("result")), ("2023-11-14T22:14:20.000Z", "done"));
    assert_eq!((told("address"), told("user_agent"), told("request_id")), ("192.0.2.7", "curl/8", "mine"));
    assert_eq!((told("tenant_id"), told("resource")), (harness.tenant.id.to_string().as_str(), id));
    assert_eq!(deeds[0]["changed"], json!(["name"]));
    assert!(told("id").starts_with("aud_") && !told("actor").is_empty());
    assert_eq!(items(&admin, "request_id=mine").await, [deeds[0].clone()]);
    let by_actor = items(&admin, &format!("actor={}", told("actor"))).await;
    assert_eq!(by_actor, deeds);
    assert_eq!(items(&admin, "action=scim_token.update").await, [deeds[0].clone()]);
    assert_eq!(items(&admin, "since=2023-11-14T22:14:20Z").await, [deeds[0].clone()]);
    assert!(!items(&admin, "until=2023-11-14T22:14:20Z").await.contains(&deeds[0]));
}

#[tokio::test]
async fn what_was_denied_is_there_too() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    let reader = Admin::with(&harness, Some("acme"), None, &["admin:read"]).await;
    let nobody = Admin::with(&harness, Some("acme"), None, &["scim:read"]).await;
    let bound = Admin::bound(&harness).await;
    assert_eq!(reader.delete("/scim-tokens/sct_1").await.status, 403);
    assert_eq!(nobody.post("/scim-tokens/", json!({})).await.status, 403);
    assert_eq!(bound.patch("/tenants/acme", json!({"slug": "x"})).await.status, 403);
    assert_eq!(nobody.get("/tenants/").await.status, 403, "changes nothing, so it is not written down");

    let denied = items(&admin, "result=denied&tenant_id=acme").await;

    let told: Vec<String> = denied
        .iter()
        .map(|deed| format!("{} {}", deed["action"].as_str().unwrap(), deed["resource"].as_str().unwrap()))
        .collect();
    assert_eq!(told, ["tenant.update acme", "scim_token.create ", "scim_token.revoke sct_1"]);
    assert!(denied.iter().all(|deed| !deed["actor"].as_str().unwrap().is_empty()));
    for _ in 0..100 {
        reader.delete("/scim-tokens/sct_1").await;
    }
    let page = admin.get("/audit/?result=denied&per_page=1").await.json();
    let each = u64::from(harness.app.settings().request_log.refusals_per_minute_max);
    assert_eq!(page["total"], each + 2, "one who tries again and again does not fill it");
}

#[tokio::test]
async fn a_tenant_sees_what_was_done_to_its_own_data() {
    let harness = Harness::new().await;
    harness.stranger().await;
    let (platform, bound) = (Admin::platform(&harness).await, Admin::bound(&harness).await);

    let own = items(&bound, "").await;
    let all = items(&platform, "").await;

    let acme = harness.tenant.id.to_string();
    assert!(!own.is_empty() && own.iter().all(|deed| deed["tenant_id"] == acme.as_str()));
    assert!(all.len() > own.len() && all.iter().any(|deed| deed["tenant_id"].is_null()));
    assert_eq!(bound.get("/audit/?tenant_id=other").await.refusal(), "404 Tenant not found");
    let theirs = items(&platform, "tenant_id=other").await;
    assert!(!theirs.is_empty() && theirs.iter().all(|deed| deed["tenant_id"] != acme.as_str()));
}

#[tokio::test]
async fn pages_are_those_of_the_other_lists() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    for _ in 0..5 {
        token(&admin).await;
    }

    let page = admin.get("/audit/?action=scim_token.create&tenant_id=acme&page=2&per_page=4").await.json();

    let numbers = (&page["total"], &page["page"], &page["per_page"], &page["pages"]);
    assert_eq!(numbers, (&json!(6), &json!(2), &json!(4), &json!(2)));
    assert_eq!(page["items"].as_array().unwrap().len(), 2);
    assert_eq!(page["next_cursor"], Value::Null);
    assert_eq!(
        admin.get("/audit/?page=0&result=maybe&since=now&cursor=x").await.refusal(),
        "422 query.page greater_than_equal, query.cursor value_error, query.result literal_error, query.since datetime_parsing"
    );
}

#[tokio::test]
async fn a_cursor_leads_through_all_of_it_once_whatever_is_done_meanwhile() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    for _ in 0..6 {
        token(&admin).await;
    }
    let all = items(&admin, "action=scim_token.create").await;

    let mut seen = Vec::new();
    let mut query = "action=scim_token.create&per_page=3".to_owned();
    loop {
        let page = admin.get(&format!("/audit/?{query}")).await.json();
        seen.extend(page["items"].as_array().unwrap().iter().map(|deed| deed["id"].clone()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        assert_eq!(page["total"].is_null(), query.contains("cursor"), "counted only by number: {page}");
        query = format!("action=scim_token.create&per_page=3&cursor={cursor}");
        token(&admin).await;
    }

    let ids: Vec<Value> = all.iter().map(|deed| deed["id"].clone()).collect();
    assert_eq!(seen, ids);
}

fn schema(number: usize) -> Value {
    let attributes = json!([{ "name": "serial" }]);
    json!({ "id": format!("urn:example:2.0:D{number}"), "name": "D", "description": "Things", "attributes": attributes })
}

fn resource_type(number: usize) -> Value {
    let (name, endpoint) = (format!("D{number}"), format!("/D{number}"));
    json!({ "name": name, "endpoint": endpoint, "schema": format!("urn:example:2.0:D{number}") })
}

/// A request that changes something, and what the audit says of it.
struct Write {
    path: String,
    body: Value,
    action: &'static str,
}

impl Write {
    fn new(path: impl Into<String>, body: Value, action: &'static str) -> Self {
        Self { path: path.into(), body, action }
    }

    /// One for the route, on something that is made for it.
    async fn at(route: &Route, admin: &Admin<'_>, number: usize) -> Self {
        let id = |made: &Value| made["id"].as_str().unwrap().to_owned();
        let token = async || format!("/scim-tokens/{}", id(&token(admin).await));
        let application =
            async || format!("/applications/{}", id(&admin.create("/applications/", json!({"name": "a"})).await));
        let tenant = async || {
            format!("/tenants/{}", id(&admin.create("/tenants/", json!({"name": format!("Tenant {number}")})).await))
        };
        let schema_of = async |number| {
            let made = admin.create("/tenants/acme/schemas", schema(number)).await;
            format!("/tenants/acme/schemas/{}", id(&made))
        };
        let type_of = async |number| {
            schema_of(number).await;
            let made = admin.create("/tenants/acme/resource-types", resource_type(number)).await;
            format!("/tenants/acme/resource-types/{}", made["name"].as_str().unwrap())
        };
        match (route.method, route.path.strip_prefix("/api/v1/admin").unwrap()) {
            ("POST", path @ "/scim-tokens") => {
                Self::new(path, json!({"name": "t", "tenant_id": "acme"}), "scim_token.create")
            }
            ("PATCH", "/scim-tokens/{token_id}") => {
                Self::new(token().await, json!({"name": "other"}), "scim_token.update")
            }
            ("DELETE", "/scim-tokens/{token_id}") => Self::new(token().await, Value::Null, "scim_token.revoke"),
            ("POST", "/scim-tokens/{token_id}/rotate") => {
                Self::new(token().await + "/rotate", json!({}), "scim_token.rotate")
            }
            ("POST", path @ "/tenants") => Self::new(path, json!({"name": "New"}), "tenant.create"),
            ("PATCH", "/tenants/{tenant_id}") => Self::new(tenant().await, json!({"name": "B"}), "tenant.update"),
            ("DELETE", "/tenants/{tenant_id}") => Self::new(tenant().await, Value::Null, "tenant.delete"),
            ("POST", path @ "/applications") => Self::new(path, json!({"name": "a"}), "application.create"),
            ("PATCH", "/applications/{application_id}") => {
                Self::new(application().await, json!({"name": "b"}), "application.update")
            }
            ("DELETE", "/applications/{application_id}") => {
                Self::new(application().await, Value::Null, "application.delete")
            }
            ("POST", "/applications/{application_id}/rotate") => {
                Self::new(application().await + "/rotate", json!({}), "application.rotate")
            }
            ("POST", "/tenants/{tenant_id}/schemas") => {
                Self::new("/tenants/acme/schemas", schema(number), "schema.create")
            }
            ("PUT", "/tenants/{tenant_id}/schemas/{urn}") => {
                Self::new(schema_of(number).await, schema(number), "schema.replace")
            }
            ("DELETE", "/tenants/{tenant_id}/schemas/{urn}") => {
                Self::new(schema_of(number).await, Value::Null, "schema.delete")
            }
            ("POST", "/tenants/{tenant_id}/resource-types") => {
                schema_of(number).await;
                Self::new("/tenants/acme/resource-types", resource_type(number), "resource_type.create")
            }
            ("PUT", "/tenants/{tenant_id}/resource-types/{name}") => {
                Self::new(type_of(number).await, resource_type(number), "resource_type.replace")
            }
            ("DELETE", "/tenants/{tenant_id}/resource-types/{name}") => {
                Self::new(type_of(number).await, Value::Null, "resource_type.delete")
            }
            ("POST", path @ "/signing-keys/rotate") => Self::new(path, Value::Null, "signing_key.rotate"),
            new => panic!("{new:?} changes something: say here what the audit says of it"),
        }
    }

    /// Has somebody ask for it; gives the answer, and what the audit says of that request.
    async fn by(&self, who: &Admin<'_>, method: &str, request_id: &str, seen_by: &Admin<'_>) -> (Answered, Vec<Value>) {
        let asking = who.harness.request(method, &format!("/api/v1/admin{}", self.path)).bearer(&who.jwt);
        let asking = asking.header("x-request-id", request_id);
        let asking = match &self.body {
            Value::Null => asking,
            body => asking.header("content-type", "application/json").raw(body.to_string()),
        };
        let answer = asking.send().await;
        (answer, items(seen_by, &format!("request_id={request_id}")).await)
    }
}

/// Every route that changes something, done and denied.
#[tokio::test]
async fn each_write_leaves_one_row_whether_it_is_done_or_denied() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    let reader = Admin::with(&harness, None, None, &["admin:read"]).await;

    for (number, route) in ROUTES.iter().filter(|route| route.access == Access::AdminWrite).enumerate() {
        let write = Write::at(route, &admin, number).await;
        let at = format!("{} {}", route.method, route.path);
        let (refused, denied) = write.by(&reader, route.method, &format!("denied-{number}"), &admin).await;
        let (answer, done) = write.by(&admin, route.method, &format!("done-{number}"), &admin).await;

        assert_eq!(refused.status, 403, "{at}");
        assert!(answer.status.is_success(), "{at}: {}", answer.body);
        for (rows, result) in [(&denied, "denied"), (&done, "done")] {
            assert_eq!(rows.len(), 1, "{at}: {rows:?}");
            assert_eq!((&rows[0]["action"], &rows[0]["result"]), (&json!(write.action), &json!(result)), "{at}");
        }
        // What is to be made has no name yet.
        if route.method != "POST" || route.path.ends_with("}/rotate") {
            assert_eq!(done[0]["resource"], denied[0]["resource"], "{at}");
        }
        assert!(!done[0]["resource"].as_str().unwrap().is_empty(), "{at}");
    }
}

#[tokio::test]
async fn what_failed_for_another_reason_was_neither_done_nor_denied() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    let before = admin.get("/audit/").await.json()["total"].clone();

    assert_eq!(admin.post("/scim-tokens/", json!({})).await.status, 422);
    assert_eq!(admin.post("/tenants/", json!({"name": "Acme", "slug": "acme"})).await.status, 409);
    assert_eq!(admin.delete("/scim-tokens/sct_00000000000000000000000000").await.status, 404);
    let nobody = harness.request("DELETE", "/api/v1/admin/tenants/acme").bearer("x").send().await;
    assert_eq!(nobody.status, 401);

    assert_eq!(admin.get("/audit/").await.json()["total"], before);
}

#[tokio::test]
async fn no_secret_is_in_it() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    let reader = Admin::with(&harness, None, None, &["admin:read"]).await;
    let issued = token(&admin).await;
    let client = admin.create("/applications/", json!({"name": "a"})).await;
    let rotated = admin.post(&format!("/scim-tokens/{}/rotate", issued["id"].as_str().unwrap()), json!({})).await;
    let secrets = [
        issued["token"].as_str().unwrap().to_owned(),
        rotated.json()["token"].as_str().unwrap().to_owned(),
        client["client_secret"].as_str().unwrap().to_owned(),
        admin.jwt.rsplit('.').next().unwrap().to_owned(),
    ];
    for secret in &secrets[..3] {
        let asking = harness.request("DELETE", &format!("/api/v1/admin/scim-tokens/{secret}")).bearer(&reader.jwt);
        assert_eq!(asking.header("user-agent", &format!("script {secret}")).send().await.status, 403);
    }

    let text = admin.get("/audit/?per_page=100").await.body;

    assert!(text.contains(r#""user_agent":"script scim_…""#), "{text}");
    assert!(secrets.iter().all(|secret| !text.contains(secret)), "{text}");
}
