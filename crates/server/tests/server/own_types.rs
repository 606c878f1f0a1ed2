//! Resources of types and with extensions that a tenant has defined: the examples of the
//! documentation, from their definition to their use, without a restart.

use scim::json::Json;
use serde_json::{Value, json};
use service::Scopes;

use super::admin::Admin;
use crate::harness::Harness;

const BADGE: &str = "urn:example:params:scim:schemas:extension:badge:2.0:User";
const BLE: &str = "urn:ietf:params:scim:schemas:extension:ble:2.0:Device";

/// An example of the documentation.
macro_rules! example {
    ($name:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!("../../../../docs/schemas/", $name))).unwrap()
    };
}

pub(crate) async fn define_the_examples(harness: &Harness) {
    let admin = Admin::platform(harness).await;
    for schema in [example!("device.json"), example!("device-ble.json"), example!("agent.json"), example!("badge.json")]
    {
        admin.create("/tenants/acme/schemas/", schema).await;
    }
    for resource_type in [example!("device-type.json"), example!("agent-type.json")] {
        admin.create("/tenants/acme/resource-types/", resource_type).await;
    }
    let extended = admin.put("/tenants/acme/resource-types/User", example!("user-type.json")).await;
    assert_eq!(extended.status, 200, "{}", extended.body);
}

/// Runs the example of a bulk request; gives the ids of what it made, in order.
async fn provision(harness: &Harness) -> Vec<String> {
    let answer = harness.post("/Bulk", &example!("bulk.json").to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let id = |operation: &Value| {
        assert_eq!(operation["status"], "201", "{operation}");
        operation["location"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
    };
    answer.json()["Operations"].as_array().unwrap().iter().map(id).collect()
}

async fn found(harness: &Harness, endpoint: &str, filter: &str) -> Vec<String> {
    let filter = filter.replace(' ', "%20").replace('"', "%22").replace('[', "%5B").replace(']', "%5D");
    let answer = harness.get(&format!("{endpoint}?filter={filter}")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let resources = answer.json()["Resources"].as_array().unwrap().clone();
    resources.iter().map(|resource| resource["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_is_defined_is_discovered() {
    let harness = Harness::new().await;
    define_the_examples(&harness).await;

    let types = harness.get("/ResourceTypes").await.json();
    let device = harness.get("/ResourceTypes/Device").await.json();
    let schemas = harness.get("/Schemas").await.json();

    let names: Vec<&Json> = types["Resources"].as_array().unwrap().iter().map(|t| &t["name"]).collect();
    assert_eq!(names, ["User", "Group", "Device", "Agent"]);
    assert_eq!(types["Resources"][0]["schemaExtensions"][1], json!({ "schema": BADGE, "required": false }));
    insta::with_settings!({ prepend_module_to_snapshot => false }, {
        insta::assert_json_snapshot!("the_resource_type_device", device);
    });
    let urns: Vec<&str> =
        schemas["Resources"].as_array().unwrap().iter().map(|schema| schema["id"].as_str().unwrap()).collect();
    for urn in [BADGE, BLE, "urn:ietf:params:scim:schemas:core:2.0:Agent"] {
        assert!(urns.contains(&urn), "{urn}");
        assert_eq!(harness.get(&format!("/Schemas/{urn}")).await.json()["id"], urn);
    }
}

#[tokio::test]
async fn bulk_makes_resources_that_refer_to_each_other_across_types() {
    let harness = Harness::new().await;
    define_the_examples(&harness).await;

    let ids = provision(&harness).await;

    let [lamp, mail, desk, ana] = &ids[..] else { panic!("{ids:?}") };
    let device = harness.get(&format!("/Devices/{lamp}")).await.json();
    assert_eq!(device["owner"]["value"], json!(ana));
    assert_eq!(device["meta"]["resourceType"], "Device");
    assert_eq!(device["meta"]["location"], format!("https://id.example/api/v1/tenants/acme/scim/v2/Devices/{lamp}"));
    assert_eq!(device[BLE], json!({ "deviceMacAddress": "2C:54:91:88:C9:E2", "versionSupport": ["5.2", "5.3"] }));
    let agent = harness.get(&format!("/Agents/{mail}")).await.json();
    assert_eq!((&agent["parent"]["value"], &agent["owners"][0]["value"]), (&json!(desk), &json!(ana)));
    assert_eq!(harness.get(&format!("/Users/{ana}")).await.json()[BADGE]["number"], 7);
}

#[tokio::test]
async fn filters_find_them_by_what_is_indexed_and_by_what_is_not() {
    let harness = Harness::new().await;
    define_the_examples(&harness).await;
    let ids = provision(&harness).await;
    let [lamp, mail, desk, ana] = &ids[..] else { panic!("{ids:?}") };

    let cases = [
        ("/Devices", "serialNumber eq \"LH-0001\"".to_owned(), vec![lamp]),
        ("/Devices", "serialNumber eq \"lh-0001\"".to_owned(), vec![]),
        ("/Devices", format!("{BLE}:deviceMacAddress eq \"2c:54:91:88:c9:e2\""), vec![lamp]),
        ("/Devices", "firstSeen ge \"2026-01-01T00:00:00Z\" and active eq true".to_owned(), vec![lamp]),
        ("/Devices", format!("owner eq \"{ana}\""), vec![lamp]),
        ("/Devices", "displayName co \"HALL\"".to_owned(), vec![lamp]),
        ("/Agents", format!("owners[value eq \"{ana}\" and type eq \"User\"]"), vec![desk, mail]),
        ("/Agents", format!("parent.value eq \"{desk}\""), vec![mail]),
        ("/Agents", "protocols.type eq \"mcp\"".to_owned(), vec![desk]),
        ("/Users", format!("{BADGE}:number eq 7"), vec![ana]),
        ("/Users", format!("{BADGE}:sites eq \"PORTO\""), vec![ana]),
        ("/Users", format!("{BADGE} pr"), vec![ana]),
    ];
    for (endpoint, filter, expected) in cases {
        assert_eq!(found(&harness, endpoint, &filter).await.iter().collect::<Vec<_>>(), expected, "{filter}");
    }
    let everywhere = found(&harness, "", "displayName sw \"Lamp\"").await;
    assert_eq!(everywhere, [lamp.as_str()]);
    let by_name = harness.get("/Agents?sortBy=displayName&attributes=displayName").await.json();
    let names: Vec<&Json> =
        by_name["Resources"].as_array().unwrap().iter().map(|agent| &agent["displayName"]).collect();
    assert_eq!(names, ["Help desk", "Mail sorter"]);
    let hidden = harness.get(&format!("/Devices?filter={BLE}:pairingPassKey%20eq%20123456")).await;
    assert_eq!(hidden.scim_error(), "400 invalidFilter");
}

#[tokio::test]
async fn they_are_patched_replaced_searched_and_deleted_as_any_other() {
    let harness = Harness::new().await;
    define_the_examples(&harness).await;
    let ids = provision(&harness).await;
    let device = format!("/Devices/{}", ids[0]);
    let patch = async |operations: Value| {
        let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations });
        harness.request("PATCH", &Harness::scim(&device)).json(&body.to_string()).send().await
    };

    let renamed = patch(json!([
        { "op": "replace", "path": "displayName", "value": "Lamp" },
        { "op": "add", "path": format!("{BLE}:versionSupport"), "value": ["5.1"] },
        { "op": "replace", "value": { BLE: { "isRandom": "True" } } },
    ]))
    .await;
    assert_eq!(renamed.json()["displayName"], "Lamp", "{}", renamed.body);
    assert_eq!(renamed.json()[BLE]["versionSupport"], json!(["5.2", "5.3", "5.1"]));
    assert_eq!(renamed.json()[BLE]["isRandom"], true);
    let immutable = patch(json!([{ "op": "replace", "path": "serialNumber", "value": "other" }])).await;
    assert_eq!(immutable.scim_error(), "400 mutability");
    let version = patch(json!([{ "op": "add", "path": format!("{BLE}:versionSupport"), "value": ["9"] }])).await;
    assert_eq!(version.scim_error(), "400 invalidValue");

    let same = json!({ "displayName": "Other", "active": true, "serialNumber": "LH-0001" });
    assert_eq!(harness.post("/Devices", &same.to_string()).await.scim_error(), "409 uniqueness");
    let search = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "filter": "displayName eq \"lamp\"", "attributes": ["active"] });
    let searched = harness.post("/Devices/.search", &search.to_string()).await.json();
    assert_eq!(
        (&searched["Resources"][0]["active"], searched["Resources"][0].get("displayName")),
        (&json!(true), None)
    );
    let deleted = harness.request("DELETE", &Harness::scim(&device)).send().await;
    assert_eq!(deleted.status, 204);
    assert_eq!(harness.get(&device).await.status, 404);
    assert_eq!(harness.post("/Devices", &same.to_string()).await.status, 201);
}

#[tokio::test]
async fn types_of_the_tenants_own_have_scopes_of_their_own() {
    let harness = Harness::new().await;
    define_the_examples(&harness).await;
    provision(&harness).await;
    let ask = async |scopes: Scopes, method: &str, path: &str| {
        let token = harness.token_with(scopes).await;
        let body = r#"{"displayName":"x","active":true}"#;
        harness.request(method, &Harness::scim(path)).bearer(&token).json(body).send().await.status.as_u16()
    };
    let users = Scopes::USERS_READ.union(Scopes::USERS_WRITE).union(Scopes::GROUPS_READ).union(Scopes::GROUPS_WRITE);

    assert_eq!(ask(users, "GET", "/Devices").await, 403);
    assert_eq!(ask(users, "POST", "/Devices").await, 403);
    assert_eq!(ask(Scopes::RESOURCES_READ, "GET", "/Devices").await, 200);
    assert_eq!(ask(Scopes::RESOURCES_READ, "POST", "/Devices").await, 403);
    assert_eq!(ask(Scopes::RESOURCES_WRITE, "POST", "/Devices").await, 201);
    assert_eq!(ask(Scopes::RESOURCES_WRITE, "GET", "/Users").await, 403);
    let bulk_of_devices = harness.token_with(Scopes::BULK.union(Scopes::RESOURCES_WRITE)).await;
    let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [
        { "method": "POST", "path": "/Devices", "bulkId": "a", "data": { "displayName": "x", "active": true } },
        { "method": "POST", "path": "/Users", "bulkId": "b", "data": { "userName": "x" } }] });
    let ran = harness.request("POST", &Harness::scim("/Bulk")).bearer(&bulk_of_devices).json(&body.to_string());
    let ran = ran.send().await.json();
    assert_eq!((&ran["Operations"][0]["status"], &ran["Operations"][1]["status"]), (&json!("201"), &json!("403")));
}

#[tokio::test]
async fn other_tenants_know_nothing_of_it() {
    let harness = Harness::new().await;
    define_the_examples(&harness).await;
    let (_, foreign) = harness.stranger().await;
    let ask = async |path: &str| {
        let path = format!("/api/v1/tenants/other/scim/v2{path}");
        harness.request("GET", &path).bearer(&foreign).send().await
    };

    assert_eq!(ask("/Devices").await.status, 404);
    assert_eq!(ask(&format!("/Schemas/{BADGE}")).await.status, 404);
    assert_eq!(ask("/ResourceTypes").await.json()["totalResults"], 2);
    assert_eq!(ask(&format!("/Users?filter={BADGE}:number%20eq%207")).await.scim_error(), "400 invalidFilter");
}
