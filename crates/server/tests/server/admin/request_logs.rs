//! The request log, asked through its API alone.

use std::net::IpAddr;

use serde_json::{Value, json};
use server::Peer;
use service::{IdentityProvider, Scopes};

use super::{Admin, token};
use crate::harness::{Harness, token as token_for};

/// What is listed, newest first, once everything has been written down.
async fn logged(admin: &Admin<'_>, query: &str) -> Vec<Value> {
    admin.harness.app.flush_request_log().await.unwrap();
    let page = admin.get(&format!("/request-logs/?tenant_id=acme{query}")).await;
    assert_eq!(page.status, 200, "{}", page.body);
    page.json()["items"].as_array().unwrap().clone()
}

async fn summaries(admin: &Admin<'_>, query: &str) -> Vec<String> {
    logged(admin, query).await.iter().map(|item| item["summary"].as_str().unwrap().to_owned()).collect()
}

async fn keep(admin: &Admin<'_>, what: &str) {
    let changed = admin.patch("/tenants/acme", json!({"settings": {"request_log": what}})).await;
    assert_eq!(changed.json()["settings"]["request_log"], what);
}

/// A token of the tenant for Entra ID, and its id.
async fn entra(admin: &Admin<'_>) -> (String, String) {
    let body = json!({"name": "Entra", "tenant_id": "acme", "identity_provider": "entra"});
    let issued = admin.create("/scim-tokens/", body).await;
    (issued["token"].as_str().unwrap().to_owned(), issued["id"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn which_attribute_made_a_patch_of_entra_fail() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    let (secret, token_id) = entra(&admin).await;
    let id = harness.create("/Users", r#"{"userName":"ana"}"#).await;
    let patch = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[
        {"op":"Replace","path":"displayName","value":"Ana"},{"op":"Add","path":"emails[type eq \"work\"].valeu","value":"a@x"}]}"#;
    let refused = harness.request("PATCH", &Harness::scim(&format!("/Users/{id}"))).bearer(&secret).json(patch);
    assert_eq!(refused.send().await.scim_error(), "400 invalidPath");

    let failed = logged(&admin, "&status=failed").await;

    assert_eq!(failed.len(), 1);
    let told = |name: &str| failed[0][name].as_str().unwrap_or_default().to_owned();
    assert_eq!(told("attribute"), r#"emails[type eq "…"].valeu"#);
    assert_eq!(
        (told("identity_provider"), told("token_id"), told("resource_id")),
        ("entra".into(), token_id, id.clone())
    );
    assert_eq!((told("method"), told("path")), ("PATCH".into(), format!("/Users/{id}")));
    assert_eq!((&failed[0]["status"], told("scim_type")), (&json!(400), "invalidPath".into()));
    let summary = format!("refused to change user {id}: path '…'");
    assert_eq!(told("summary"), summary, "what was sent is a value");
    keep(&admin, "values").await;
    let again = harness.request("PATCH", &Harness::scim(&format!("/Users/{id}"))).bearer(&secret).json(patch);
    again.send().await;
    let with_values = &logged(&admin, "&status=failed").await[0];
    assert!(with_values["error"].as_str().unwrap().contains("emails has no sub-attribute 'valeu'"), "{with_values}");
    assert_eq!(with_values["attribute"], r#"emails[type eq "work"].valeu"#);
    assert_eq!(with_values["body"]["Operations"][0]["value"], "Ana");
}

#[tokio::test]
async fn why_a_token_is_refused_is_told_to_the_operator_and_not_to_the_caller() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    let (other, foreign) = harness.stranger().await;
    let clock = &harness.app.settings().clock;
    let issue = async |body: Value| admin.create("/scim-tokens/", body).await;
    let path_of = |token: &Value| format!("/scim-tokens/{}", token["id"].as_str().unwrap());
    let revoked = token(&admin).await;
    admin.delete(&path_of(&revoked)).await;
    let disabled = token(&admin).await;
    admin.patch(&path_of(&disabled), json!({"is_active": false})).await;
    let rotated = token(&admin).await;
    admin.post(&format!("{}/rotate", path_of(&rotated)), json!({"overlap_seconds": 0})).await;
    let expired = issue(json!({"name": "a", "tenant_id": "acme", "expires_in_days": 1})).await;
    let elsewhere = issue(json!({"name": "a", "tenant_id": "acme", "allowed_ips": ["192.0.2.0/24"]})).await;
    clock.advance(86_400_000);
    let admin = Admin::platform(&harness).await;
    let secret = |token: &Value| token["token"].as_str().unwrap().to_owned();
    let mut typo = harness.token.clone();
    typo.replace_range(10..11, if typo.as_bytes()[10] == b'x' { "y" } else { "x" });
    let nobodys = service::secret::TokenSecret::new("scim_", &[9; 32]).reveal().to_owned();
    let credentials = [
        (secret(&revoked), 401, "revoked", Some(&revoked)),
        (secret(&disabled), 401, "switched_off", Some(&disabled)),
        (secret(&rotated), 401, "rotated", Some(&rotated)),
        (secret(&expired), 401, "expired", Some(&expired)),
        (secret(&elsewhere), 403, "address_not_allowed", Some(&elsewhere)),
        (typo, 401, "checksum_wrong", None),
        (nobodys, 401, "unknown", None),
        (foreign.clone(), 401, "wrong_tenant", None),
        ("eyJ.x.y".to_owned(), 401, "jwt_invalid", None),
    ];

    let mut told = Vec::new();
    for (credential, status, reason, token) in &credentials {
        let asking = harness.request("GET", &Harness::scim("/Users")).bearer(credential);
        let answer = asking.header("x-request-id", "same").header("user-agent", "curl").send().await;

        assert_eq!(answer.status, *status, "{reason}");
        if *status == 401 {
            told.push((format!("{:?}", answer.headers), answer.body));
        }
        let entry = &logged(&admin, "").await[0];
        assert_eq!(entry["refused"]["reason"], *reason, "{entry}");
        assert_eq!(entry["token_id"], token.map_or(Value::Null, |token| token["id"].clone()), "{reason}");
        assert_eq!((&entry["status"], &entry["user_agent"]), (&json!(status), &json!("curl")));
    }
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "{told:#?}");

    let of_revoked = logged(&admin, &format!("&token_id={}", revoked["id"].as_str().unwrap())).await;
    let text = of_revoked[0]["refused"]["text"].as_str().unwrap();
    let by = admin.get(&path_of(&revoked)).await.json()["revoked_by"].as_str().unwrap().to_owned();
    assert_eq!(text, format!("the SCIM token was revoked at 2023-11-14T22:13:20.000Z by {by}"));
    // Who owns the token that was shown to another tenant finds that in its own log, too.
    let theirs = admin.get(&format!("/request-logs/?tenant_id={}", other.id)).await.json();
    assert_eq!(
        (&theirs["items"][0]["refused"]["reason"], &theirs["items"][0]["refused"]["tenant"]),
        (&json!("wrong_tenant"), &json!("acme"))
    );
    assert!(theirs["items"][0]["token_id"].as_str().unwrap().starts_with("sct_"));
}

#[tokio::test]
async fn a_suspended_tenant_is_told_why_its_clients_are_refused() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    admin.patch("/tenants/acme", json!({"status": "suspended"})).await;

    assert_eq!(harness.get("/Users").await.status, 403);

    assert_eq!(logged(&admin, "").await[0]["refused"]["reason"], "tenant_suspended");
}

#[tokio::test]
async fn who_deactivated_this_user_when_and_through_which_product() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    keep(&admin, "values").await;
    let (secret, token_id) = entra(&admin).await;
    let id = harness.create("/Users", r#"{"userName":"alice@example.com","active":true}"#).await;
    harness.app.settings().clock.advance(60_000);
    let patch = r#"{"Operations":[{"op":"Replace","path":"active","value":"False"}]}"#;
    let asking = harness.request("PATCH", &Harness::scim(&format!("/Users/{id}"))).bearer(&secret).json(patch);
    assert_eq!(asking.header("x-request-id", "theirs").send().await.status, 200);
    harness.get(&format!("/Users/{id}")).await;

    let about = logged(&admin, &format!("&resource_id={id}&method=PATCH")).await;

    assert_eq!(about.len(), 1);
    assert_eq!(about[0]["summary"], "deactivated user alice@example.com");
    assert_eq!(about[0]["time"], "2023-11-14T22:14:20.000Z");
    assert_eq!((&about[0]["identity_provider"], &about[0]["token_id"]), (&json!("entra"), &json!(token_id)));
    assert_eq!((&about[0]["before"], &about[0]["after"]), (&json!({"active": true}), &json!({"active": false})));
    assert_eq!(about[0]["changed"], json!(["active"]));
    assert!(about[0]["repairs"].as_array().unwrap().contains(&json!("boolean-as-text")), "{}", about[0]);
    assert_eq!(about[0]["request_id"], "theirs");
    assert_eq!(summaries(&admin, "&search=DEACTIVATED").await, ["deactivated user alice@example.com"]);
    assert_eq!(logged(&admin, "&request_id=theirs").await, about);
    assert_eq!(logged(&admin, "&until=2023-11-14T22:14:20Z").await.len(), 1);
    assert_eq!(logged(&admin, "&since=2023-11-14T22:14:20Z").await.len(), 2);
}

#[tokio::test]
async fn without_values_nothing_personal_is_kept() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    let user = r#"{"userName":"alice@example.com","name":{"givenName":"Alice"},"active":"x-alice","shoeSize":"alice"}"#;
    harness.post("/Users", user).await;
    let id = harness.create("/Users", &user.replace("x-alice", "true")).await;
    harness.post("/Users", &user.replace("x-alice", "true")).await;
    let filter = "filter=userName%20eq%20%22alice%40example.com%22";
    harness.get(&format!("/Users?{filter}&count=1")).await;
    harness.get("/Users?filter=alice%20alice").await;
    harness.get("/Users/alice@example.com").await;
    let patch = r#"{"Operations":[{"op":"replace","path":"emails[value eq \"alice\"].value","value":"alice"}]}"#;
    harness.request("PATCH", &Harness::scim(&format!("/Users/{id}"))).json(patch).send().await;
    harness.request("DELETE", &Harness::scim(&format!("/Users/{id}"))).send().await;

    let all = logged(&admin, "").await;

    assert_eq!(all.len(), 8);
    assert!(!Value::from(all.clone()).to_string().to_lowercase().contains("alice"), "{all:#?}");
    let told: Vec<String> = all.iter().rev().map(|item| item["summary"].as_str().unwrap().replace(&id, "ID")).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    refused to create a user: active: expected true or false, got the string '…'
    created user ID
    refused to create a user: userName: another resource has this value already
    looked for Users with userName eq "…": 1 found
    refused to look for Users with …: filter: at character 7: expected one of the operators eq, ne, co, sw, ew, pr, gt, ge, lt, le, found '…'
    refused to read /Users/…: User '…' not found
    refused to change user ID: path '…' selects no value of this resource
    deleted user ID
    "#);
    assert_eq!(all[6]["ignored"], json!(["shoeSize"]));
}

/// Values where no value belongs, and with quotes and numbers in them.
#[tokio::test]
async fn without_values_nothing_personal_is_kept_of_what_is_sent_amiss() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    let id = harness.create("/Users", r#"{"userName":"z@e.com"}"#).await;
    for body in [
        r#"{"userName":"z@e","active":"'z@e\" `z@e' \"z@e"}"#,
        r#"{"userName":41.7,"name":"z@e"}"#,
        r#"{"userName":"z@e","z@e.com":1,"emails":[{"z@e 2":1}],"urn:z@e.com:User":{"a":1}}"#,
        r#"{"userName":"z@e","meta":{"z@e":"x"},"groups":"z@e's","emails":"z@e"}"#,
        r#"{"userName":"z@e","schemas":["urn:z@e.com"]}"#,
        r#"{"userName":"z@e","schemas":"z@e"}"#,
        r#"{"userName":"z@e","z@e":1,"z@e":2}"#,
        r#"{"userName":"z@e""#,
        r#""z@e""#,
        "z@e",
    ] {
        harness.post("/Users", body).await;
        harness.request("PUT", &Harness::scim(&format!("/Users/{id}"))).json(body).send().await;
    }
    for operation in [
        r#"{"op":"z@e's","path":"userName","value":"z@e"}"#,
        r#"{"op":"replace","path":"z@e.com","value":"z@e"}"#,
        r#"{"op":"replace","path":"z@e","value":"z@e"}"#,
        r#"{"op":"replace","path":"emails[value eq z@e].value","value":"z@e"}"#,
        r#"{"op":"replace","path":"emails[type eq \"z@e's\" and value gt 417].z@e","value":"z@e"}"#,
        r#"{"op":"add","path":"groups","value":"z@e"}"#,
        r#"{"op":"add","path":"urn:z@e.com:x","value":"z@e"}"#,
        r#"{"op":"add","path":"urn:z@e.com:x[y eq 1]","value":"z@e"}"#,
        r#"{"op":"add","value":{"z@e.com":"z@e","name.z@e":"z@e"}}"#,
        r#"{"op":"remove","path":"z@e'\"["}"#,
    ] {
        let patch = format!(r#"{{"Operations":[{operation}]}}"#);
        harness.request("PATCH", &Harness::scim(&format!("/Users/{id}"))).json(&patch).send().await;
    }
    for query in [
        "filter=z@e",
        "filter=userName%20eq%20z@e%20z@e",
        "filter=userName%20eq%20%22z@e",
        "filter=active%20eq%20%22z@e's%22",
        "filter=userName%20eq%20417",
        "filter=z%40e.com%20pr",
        "filter=urn:z%40e.com:x%20pr",
        "filter=urn:z%40e.com:x%20eq%20true%20and%20userName%20pr",
        "sortBy=z%40e.com",
        "attributes=z%40e.com&count=z@e's",
        "startIndex=z@e+z@e&excludedAttributes=z@e+z@e",
        "cursor=z@e's",
        "z%40e.com=z@e",
    ] {
        harness.get(&format!("/Users?{query}")).await;
    }
    for path in ["/Users/z@e", "/z@e.com", "/Schemas/urn:z@e.com", "/ResourceTypes/z@e's", "/Users/a/z@e"] {
        harness.get(path).await;
    }
    let operations = r#"{"method":"POST","path":"/Users","bulkId":"z@e","data":{"userName":"z@e.com"}},
        {"method":"z@e","path":"/Users/z@e"},{"method":"PUT","path":"/z@e/z@e's","version":"z@e","data":{"userName":"z@e"}},
        {"method":"POST","path":"/Groups","bulkId":"z@e","data":{"displayName":"z@e","members":[{"value":"bulkId:z@e's"}]}},
        {"method":"PATCH","path":"/Users/bulkId:z@e","data":{"Operations":"z@e"}},
        {"method":"DELETE","path":"/Users/z@e.com"}"#;
    let bulk = format!(r#"{{"schemas":["urn:z@e.com"],"Operations":[{operations}],"failOnErrors":"z@e"}}"#);
    harness.post("/Bulk", &bulk).await;
    harness.post("/Bulk", &bulk.replace(r#","failOnErrors":"z@e""#, "").replace("urn:z@e.com", BULK)).await;
    let search = r#"{"filter":"userName eq \"z@e","sortBy":"z@e's","attributes":["z@e.com"],"count":"z@e"}"#;
    harness.post("/Users/.search", search).await;
    let odd = harness.request("POST", &Harness::scim("/Users")).header("content-type", "text/z@e").raw("z@e");
    odd.send().await;
    for header in ["if-match", "idempotency-key"] {
        let asking = harness.request("PUT", &Harness::scim(&format!("/Users/{id}"))).header(header, "\"z@e's\" z@e");
        asking.json(r#"{"userName":"z@e"}"#).send().await;
    }

    let all = logged(&admin, "&per_page=100").await;

    assert!(all.len() > 45, "{}", all.len());
    for item in all {
        let one = admin.get(&format!("/request-logs/{}", item["id"].as_str().unwrap())).await.body;
        assert!(["z@e", "z%40e", "417", "41.7"].iter().all(|value| !one.contains(value)), "{one}");
    }
}

const BULK: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

#[tokio::test]
async fn a_tenant_that_wants_no_log_has_none() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    keep(&admin, "off").await;

    harness.create("/Users", r#"{"userName":"ana"}"#).await;
    harness.request("GET", &Harness::scim("/Users")).bearer("scim_wrong").send().await;

    assert_eq!(logged(&admin, "").await, [] as [Value; 0]);
}

#[tokio::test]
async fn a_bulk_request_is_shown_with_its_operations() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    let bulk = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[
        {"method":"POST","path":"/Users","bulkId":"a","data":{"userName":"ana","active":"True"}},
        {"method":"POST","path":"/Users","bulkId":"b","data":{"userName":"ANA"}},
        {"method":"POST","path":"/Groups","bulkId":"g","data":{"displayName":"Staff","members":[{"value":"bulkId:a"}]}}]}"#;
    let answer = harness.post("/Bulk", bulk).await.json();
    let group = answer["Operations"][2]["location"].as_str().unwrap().rsplit('/').next().unwrap();

    let found = logged(&admin, &format!("&resource_id={group}")).await;

    assert_eq!(found.len(), 1, "by a resource of one of its operations");
    assert_eq!((&found[0]["summary"], &found[0]["status"]), (&json!("ran 3 operations, 1 failed"), &json!(200)));
    assert_eq!(found[0]["operations"], json!({"total": 3, "failed": 1, "kept": 3}));
    let one = admin.get(&format!("/request-logs/{}", found[0]["id"].as_str().unwrap())).await.json();
    let operations = one["bulk_operations"].as_array().unwrap();
    let line = |operation: &Value| {
        let text = |name: &str| operation[name].as_str().unwrap_or("-").to_owned();
        let id = text("resource_id");
        format!(
            "{} {} {} {}: {}",
            operation["index"],
            text("method"),
            operation["status"],
            text("scim_type"),
            text("summary").replace(&id, "ID")
        )
    };
    insta::assert_snapshot!(operations.iter().map(line).collect::<Vec<_>>().join("\n"), @r"
    0 POST 201 -: created user ID
    1 POST 409 uniqueness: refused to create a user: userName: another resource has this value already
    2 POST 201 -: created group ID with 1 member
    ");
    assert_eq!(
        (&operations[0]["repairs"], &operations[0]["bulk_id"]),
        (&json!(["boolean-as-text", "missing-schemas"]), &json!("…"))
    );
    assert_eq!(operations[1]["attribute"], "userName");
    assert_eq!(operations[2]["members"]["added"], json!([operations[0]["resource_id"]]));
}

#[tokio::test]
async fn a_tenant_sees_its_own_log_only() {
    let harness = Harness::new().await;
    let (other, foreign) = harness.stranger().await;
    let (platform, bound) = (Admin::platform(&harness).await, Admin::bound(&harness).await);
    harness.get("/Users").await;
    harness.request("GET", "/api/v1/tenants/other/scim/v2/Users").bearer(&foreign).send().await;
    harness.app.flush_request_log().await.unwrap();

    let own = bound.get("/request-logs/").await.json();
    let theirs = platform.get("/request-logs/?tenant_id=other").await.json();

    let their_id = theirs["items"][0]["id"].as_str().unwrap();
    assert_eq!((own["items"].as_array().unwrap().len(), theirs["items"].as_array().unwrap().len()), (1, 1));
    assert_eq!(own["items"][0]["tenant_id"], harness.tenant.id.to_string());
    assert_eq!(platform.get(&format!("/request-logs/{their_id}")).await.json()["tenant_id"], other.id.to_string());
    assert_eq!(bound.get(&format!("/request-logs/{their_id}")).await.refusal(), "404 Request not found");
    assert_eq!(bound.get("/request-logs/?tenant_id=other").await.refusal(), "404 Tenant not found");
    assert_eq!(platform.get("/request-logs/").await.refusal(), "422 query.tenant_id missing");
    for id in ["log_00000000000000000000000000", "usr_00000000000000000000000000", "x"] {
        assert_eq!(platform.get(&format!("/request-logs/{id}")).await.refusal(), "404 Request not found");
    }
}

#[tokio::test]
async fn pages_follow_each_other_by_cursor() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    for count in 0..5 {
        harness.get(&format!("/Users?count={count}")).await;
    }
    harness.app.flush_request_log().await.unwrap();
    let mut seen = Vec::new();

    let mut cursor = String::new();
    loop {
        let page = admin.get(&format!("/request-logs/?tenant_id=acme&per_page=2{cursor}")).await.json();
        let items = page["items"].as_array().unwrap();
        seen.extend(items.iter().map(|item| item["query"][0]["value"].as_str().unwrap().to_owned()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }

    assert_eq!(seen, ["4", "3", "2", "1", "0"]);
    let wrong = admin.get("/request-logs/?tenant_id=acme&cursor=x&status=9&method=BREW&since=now&per_page=101").await;
    assert_eq!(
        wrong.refusal(),
        "422 query.status value_error, query.method literal_error, query.since datetime_parsing, \
         query.cursor value_error, query.per_page less_than_equal"
    );
}

#[tokio::test]
async fn a_stranger_cannot_flood_the_log() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    let from = |address: &str| Peer(address.parse::<IpAddr>().unwrap());
    let knock = async |tenant: &str, address: &str| {
        let path = format!("/api/v1/tenants/{tenant}/scim/v2/Users");
        let knocking = harness.request("GET", &path).bearer("scim_wrong").from(from(address));
        assert_eq!(knocking.send().await.status, 401);
    };
    let each = harness.app.settings().request_log.refusals_per_minute_max as usize;

    for _ in 0..each + 10 {
        knock("acme", "192.0.2.1").await;
    }
    knock("acme", "192.0.2.2").await;
    knock("nobody", "192.0.2.3").await;

    let all = logged(&admin, "&per_page=100").await;
    assert_eq!(all.len(), each + 1);
    assert_eq!(all[0]["address"], "192.0.2.2");
    let stats = harness.app.request_log_stats();
    assert_eq!((stats.left_out_flood, stats.written, stats.waiting), (10, each as u64 + 1, 0));
    let metrics = harness.server.metrics().text().unwrap();
    assert!(metrics.contains(r#"muster_request_log_left_out_total{reason="flood"} 10"#), "{metrics}");
    harness.app.settings().clock.advance(60_000);
    knock("acme", "192.0.2.1").await;
    assert_eq!(logged(&admin, "").await[0]["address"], "192.0.2.1");
}

#[tokio::test]
async fn a_request_is_shown_as_a_command_line_without_secrets() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    keep(&admin, "values").await;
    let as_curl = async || {
        let id = logged(&admin, "").await[0]["id"].as_str().unwrap().to_owned();
        let one = admin.get(&format!("/request-logs/{id}")).await.json();
        one["as_curl"].as_str().unwrap().replace(&harness.tenant.id.to_string(), "TENANT")
    };

    harness.get("/Users?filter=userName%20eq%20%22o%27brien%22&count=1").await;
    insta::assert_snapshot!(as_curl().await, @r#"
    curl -G -X GET 'https://id.example/api/v1/tenants/TENANT/scim/v2/Users' \
      -H 'Authorization: Bearer <token>' \
      --data-urlencode 'filter=userName eq "o'\''brien"' \
      --data-urlencode 'count=1'
    "#);
    harness.post("/Users", r#"{"userName":5,"password":"hunter2","name":{"familyName":"O'Brien"}}"#).await;
    insta::assert_snapshot!(as_curl().await, @r#"
    curl -X POST 'https://id.example/api/v1/tenants/TENANT/scim/v2/Users' \
      -H 'Authorization: Bearer <token>' \
      -H 'Content-Type: application/scim+json' \
      --data-binary '{"userName":5,"password":"…","name":{"familyName":"O'\''Brien"}}'
    "#);
    harness.create("/Users", r#"{"userName":"ana"}"#).await;
    assert!(as_curl().await.ends_with("--data-binary '<body>'"));
}

#[tokio::test]
async fn what_is_asked_of_other_endpoints_is_logged_too() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    let readers = token_for(&harness.app, &harness.tenant, Scopes::READ, IdentityProvider::Okta).await;
    harness.get("/Schemas").await;
    harness.get("/Nothing").await;
    harness.request("POST", &Harness::scim("/Users")).bearer(&readers).json("{}").send().await;
    harness.post("/.search", r#"{"filter":"userName eq \"ana\""}"#).await;
    harness.request("DELETE", &Harness::scim("/Me")).send().await;

    let told: Vec<String> = logged(&admin, "")
        .await
        .iter()
        .rev()
        .map(|item| format!("{} {}", item["status"], item["summary"].as_str().unwrap()))
        .collect();

    insta::assert_snapshot!(told.join("\n"), @r"
    200 read /Schemas
    404 refused to read /…: There is nothing at this address
    403 refused to create a user: The token lacks the scope users:write
    200 looked for resources: 0 found
    501 failed to delete /Me: This credential is that of a client, not of a user, so '…' names nobody. Use /Users/{id}
    ");
}
