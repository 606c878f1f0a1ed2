//! Values that are looked up are in indexes, and PostgreSQL's take some 2,700 bytes, or more of what
//! can be compressed. So they have a limit of their own, the same on both engines: beyond it
//! a request is refused, and never fails.

use scim::resource::KEY_BYTES_MAX;
use serde_json::{Value, json};

use super::admin::Admin;
use crate::harness::{Answered, Harness};

const THING: &str = "urn:example:2.0:Thing";
const LABEL: &str = "urn:example:2.0:Label";
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const BULK: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// Where a value is looked up: endpoint, and the path of the attribute.
const LOOKED_UP: [(&str, &str); 11] = [
    ("/Users", "userName"),
    ("/Users", "externalId"),
    ("/Users", "displayName"),
    ("/Users", "emails.value"),
    ("/Users", "urn:example:2.0:Label:code"),
    ("/Groups", "displayName"),
    ("/Groups", "externalId"),
    ("/Things", "serial"),
    ("/Things", "home"),
    ("/Things", "tags"),
    ("/Things", "parts.number"),
];

/// Text of that length, different for each seed, that does not compress.
fn noise(length: usize, seed: usize) -> String {
    const DIGITS: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
    let mut state = 0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed as u64 + 1);
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(DIGITS[(state >> 58) as usize])
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// A resource of that endpoint with a value at a path.
fn with(endpoint: &str, path: &str, value: &str) -> Value {
    let mut body = match endpoint {
        "/Users" => json!({ "userName": value[..20] }),
        "/Groups" => json!({ "displayName": "Staff" }),
        _ => json!({}),
    };
    match path {
        "emails.value" => body["emails"] = json!([{ "value": value }]),
        "urn:example:2.0:Label:code" => body[LABEL] = json!({ "code": value }),
        "tags" => body["tags"] = json!(["short", value]),
        "parts.number" => body["parts"] = json!([{ "number": value }]),
        _ => body[path] = json!(value),
    }
    body
}

async fn define(harness: &Harness) -> Admin<'_> {
    let admin = Admin::platform(harness).await;
    let thing = json!({ "id": THING, "name": "Thing", "attributes": [
        { "name": "serial", "uniqueness": "server", "caseExact": true },
        { "name": "home", "type": "reference", "referenceTypes": ["external"], "indexed": true },
        { "name": "tags", "multiValued": true, "indexed": true },
        { "name": "parts", "type": "complex", "multiValued": true,
          "subAttributes": [{ "name": "number", "indexed": true }] },
        { "name": "note" }] });
    let label = json!({ "id": LABEL, "name": "Label", "attributes": [{ "name": "code", "uniqueness": "server" }] });
    let user = json!({ "name": "User", "endpoint": "/Users", "schema": USER, "schemaExtensions": [
        { "schema": ENTERPRISE, "required": false }, { "schema": LABEL, "required": false }] });
    admin.create("/tenants/acme/schemas/", thing).await;
    admin.create("/tenants/acme/schemas/", label).await;
    let things = json!({ "name": "Thing", "endpoint": "/Things", "schema": THING });
    admin.create("/tenants/acme/resource-types/", things).await;
    assert_eq!(admin.put("/tenants/acme/resource-types/User", user).await.status, 200);
    admin
}

async fn send(harness: &Harness, method: &str, path: &str, body: &Value) -> Answered {
    harness.request(method, &Harness::scim(path)).json(&body.to_string()).send().await
}

#[tokio::test]
async fn a_value_that_is_looked_up_is_stored_and_found_up_to_the_limit() {
    let harness = Harness::new().await;
    define(&harness).await;

    for (seed, (endpoint, path)) in LOOKED_UP.into_iter().enumerate() {
        let value = noise(KEY_BYTES_MAX, seed);
        let id = harness.create(endpoint, &with(endpoint, path, &value).to_string()).await;

        for (filter, expected) in [
            (format!("{path} eq \"{value}\""), json!([id])),
            (format!("{path} sw \"{}\"", &value[..KEY_BYTES_MAX - 1]), json!([id])),
            (format!("{path} eq \"{}\"", noise(16_000, seed)), json!([])),
        ] {
            let search = json!({ "schemas": [SEARCH], "filter": filter });
            let found = send(&harness, "POST", &format!("{endpoint}/.search"), &search).await;
            assert_eq!(found.status, 200, "{path}: {}", found.body);
            let found = found.json();
            let ids = found["Resources"].as_array().into_iter().flatten().map(|one| one["id"].clone());
            assert_eq!(ids.collect::<Value>(), expected, "{path}");
        }
    }
}

#[tokio::test]
async fn a_value_that_is_looked_up_is_refused_beyond_the_limit_however_it_comes() {
    let harness = Harness::new().await;
    define(&harness).await;

    for (seed, (endpoint, path)) in LOOKED_UP.into_iter().enumerate() {
        let short = with(endpoint, path, &noise(30, seed));
        let id = harness.create(endpoint, &short.to_string()).await;
        let one = format!("{endpoint}/{id}");
        for length in [KEY_BYTES_MAX + 1, 2_600, 2_704, 2_800, 8_200, 60_000] {
            let body = with(endpoint, path, &noise(length, seed));
            let mut whole = body.clone();
            whole.as_object_mut().unwrap().remove("userName").filter(|_| path != "userName");
            let patch = json!({ "schemas": [PATCH], "Operations": [{ "op": "replace", "value": whole }] });
            let bulk = json!({ "schemas": [BULK], "Operations": [
                { "method": "POST", "path": endpoint, "bulkId": "a", "data": body },
                { "method": "PUT", "path": one, "data": body }] });

            if path != "userName" {
                assert_eq!(send(&harness, "PATCH", &one, &patch).await.scim_error(), "400 invalidValue", "{path}");
            }
            for (method, target) in [("POST", endpoint), ("PUT", &*one)] {
                let answer = send(&harness, method, target, &body).await;
                assert_eq!(answer.scim_error(), "400 invalidValue", "{method} {path} of {length}: {}", answer.body);
                assert!(answer.body.contains("at most 1024 bytes"), "{}", answer.body);
            }
            for operation in send(&harness, "POST", "/Bulk", &bulk).await.json()["Operations"].as_array().unwrap() {
                assert_eq!(operation["status"], "400", "{path} of {length}: {operation}");
            }
        }
        assert_eq!(harness.get(&one).await.json()["meta"]["version"], "W/\"1\"", "{path}");
    }
}

#[tokio::test]
async fn what_is_not_looked_up_may_be_long_and_is_then_not_indexed() {
    let harness = Harness::new().await;
    let admin = define(&harness).await;
    harness.create("/Things", &json!({ "note": noise(60_000, 1) }).to_string()).await;

    let schema = "/tenants/acme/schemas/urn:example:2.0:Thing";
    let mut wanted = admin.get(schema).await.json();
    wanted["attributes"][4]["indexed"] = json!(true);
    let indexed = admin.put(schema, wanted.clone()).await;
    wanted["attributes"][4]["indexed"] = json!(false);
    wanted["attributes"][4]["uniqueness"] = json!("server");
    let unique = admin.put(schema, wanted).await;

    for refused in [indexed, unique] {
        assert_eq!(refused.status, 409, "{}", refused.body);
        assert!(refused.body.contains("at most 1024 bytes"), "{}", refused.body);
    }
    harness.create("/Things", &json!({ "note": noise(60_000, 2) }).to_string()).await;
}
