//! Schemas and resource types of a tenant's own, through the admin API.

use serde_json::{Value, json};

use super::Admin;
use crate::harness::Harness;

const DEVICE: &str = "urn:example:2.0:Device";
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const SCHEMAS: &str = "/tenants/acme/schemas";
const TYPES: &str = "/tenants/acme/resource-types";

#[expect(clippy::needless_pass_by_value, reason = "what json! makes")]
fn device(attributes: Value) -> Value {
    json!({ "id": DEVICE, "name": "Device", "description": "Things", "attributes": attributes })
}

fn devices() -> Value {
    json!({ "name": "Device", "endpoint": "/Devices", "schema": DEVICE })
}

fn one(of: &str, name: &str) -> String {
    format!("{of}/{name}")
}

impl Admin<'_> {
    pub(crate) async fn put(&self, path: &str, body: Value) -> crate::harness::Answered {
        self.ask(http::Method::PUT, path, Some(body)).await
    }

    async fn define_devices(&self, attributes: Value) {
        self.create(SCHEMAS, device(attributes)).await;
        self.create(TYPES, devices()).await;
    }
}

#[tokio::test]
async fn a_schema_is_defined_shown_changed_and_deleted() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;

    let created = admin.post(SCHEMAS, device(json!([{ "name": "serial", "indexed": true }]))).await;

    let location = "https://id.example/api/v1/admin/tenants/acme/schemas/urn:example:2.0:Device";
    assert_eq!((created.status.as_u16(), created.header("location")), (201, Some(location)));
    insta::with_settings!({ prepend_module_to_snapshot => false }, {
        insta::assert_json_snapshot!("a_schema_that_was_defined", created.json());
    });
    assert_eq!(admin.get(&one(SCHEMAS, DEVICE)).await.json(), created.json());
    assert_eq!(admin.get(&one(SCHEMAS, "urn%3AEXAMPLE%3A2.0%3ADevice")).await.json(), created.json());

    let mut sent_back = created.json();
    sent_back["attributes"].as_array_mut().unwrap().push(json!({ "name": "size", "type": "integer" }));
    let changed = admin.put(&one(SCHEMAS, DEVICE), sent_back).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_eq!(changed.json()["attributes"][1]["name"], "size");
    assert_eq!(changed.json()["attributes"][0]["indexed"], true);

    assert_eq!(admin.delete(&one(SCHEMAS, DEVICE)).await.status, 204);
    assert_eq!(admin.get(&one(SCHEMAS, DEVICE)).await.refusal(), "404 The tenant has no such schema");
}

#[tokio::test]
async fn a_resource_type_is_defined_shown_changed_and_deleted() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    admin.create(SCHEMAS, device(json!([{ "name": "serial" }]))).await;

    let created = admin.post(TYPES, devices()).await;

    let location = "https://id.example/api/v1/admin/tenants/acme/resource-types/Device";
    assert_eq!((created.status.as_u16(), created.header("location")), (201, Some(location)));
    insta::with_settings!({ prepend_module_to_snapshot => false }, {
        insta::assert_json_snapshot!("a_resource_type_that_was_defined", created.json());
    });
    assert_eq!(admin.get(&one(TYPES, "Device")).await.json(), created.json());
    assert_eq!(admin.get(&one(SCHEMAS, DEVICE)).await.json()["used_by"], json!(["Device"]));
    assert_eq!(harness.get("/Devices").await.json()["totalResults"], 0);

    let mut moved = created.json();
    moved["endpoint"] = json!("/Things");
    assert_eq!(admin.put(&one(TYPES, "Device"), moved).await.json()["endpoint"], "/Things");
    assert_eq!(harness.get("/Devices").await.status, 404);
    assert_eq!(harness.get("/Things").await.status, 200);

    let in_use = admin.delete(&one(SCHEMAS, DEVICE)).await.refusal();
    assert_eq!(in_use, "409 The schema belongs to the resource types Device");
    assert_eq!(admin.delete(&one(TYPES, "Device")).await.status, 204);
    assert_eq!(harness.get("/Things").await.status, 404);
    assert_eq!(admin.get(&one(TYPES, "Device")).await.refusal(), "404 The tenant has no such resource type");
}

#[tokio::test]
async fn lists_name_what_is_built_in_too() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    admin.define_devices(json!([{ "name": "serial" }])).await;

    let names = |page: &Value, name: &str| -> Vec<String> {
        let line = |item: &Value| format!("{} {}", item[name].as_str().unwrap(), item["origin"].as_str().unwrap());
        page["items"].as_array().unwrap().iter().map(line).collect()
    };
    let (schemas, types) = (admin.get(SCHEMAS).await.json(), admin.get(TYPES).await.json());
    assert_eq!(
        names(&schemas, "name"),
        ["User built-in", "EnterpriseUser built-in", "Group built-in", "Device tenant"]
    );
    assert_eq!(names(&types, "name"), ["User built-in", "Group built-in", "Device tenant"]);
    let second = admin.get(&format!("{SCHEMAS}?page=2&per_page=3")).await.json();
    assert_eq!((names(&second, "name"), &second["total"]), (vec!["Device tenant".to_owned()], &json!(4)));
}

#[tokio::test]
async fn everything_that_is_wrong_is_told_at_once() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;

    let outline = json!({ "id": 7, "colour": 1, "attributes": [
        { "name": "a", "type": "text", "subAttributes": [{ "nam": "b" }] }, "c", { "required": "yes" }] });
    let meaning = json!({ "id": "urn:x", "attributes": [
        { "name": "2nd" }, { "name": "a", "type": "complex", "subAttributes": [{ "name": "b", "type": "complex" }] }] });

    assert_eq!(
        admin.post(SCHEMAS, outline).await.refusal(),
        "422 body.id string_type, body.attributes.0.type literal_error, \
         body.attributes.0.subAttributes.0.name missing, body.attributes.0.subAttributes.0.nam extra_forbidden, \
         body.attributes.1 dict_type, body.attributes.2.name missing, body.attributes.2.required bool_type, \
         body.colour extra_forbidden"
    );
    assert_eq!(
        admin.post(SCHEMAS, meaning).await.refusal(),
        "422 body.id value_error, body.name missing, body.attributes.0.name value_error, \
         body.attributes.1.subAttributes.0.type value_error"
    );
    assert_eq!(
        admin.post(TYPES, json!({ "name": "a b", "endpoint": "x", "schema": "urn:x:y" })).await.refusal(),
        "422 body.name value_error, body.endpoint value_error, body.schema value_error"
    );
    assert_eq!(admin.get(SCHEMAS).await.json()["total"], 3, "nothing was written");
}

#[tokio::test]
async fn what_the_tenant_or_the_protocol_has_is_not_given_again() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    admin.define_devices(json!([{ "name": "serial" }])).await;
    let with = |key: &str, value: &str| {
        let mut other = devices();
        other["name"] = json!("Other");
        other["endpoint"] = json!("/Others");
        other[key] = json!(value);
        other
    };

    let again = device(json!([{ "name": "serial" }]));
    assert_eq!(admin.post(SCHEMAS, again).await.refusal(), "409 The tenant has a schema of this URN already");
    let built_in = json!({ "id": USER, "name": "User", "attributes": [{ "name": "a" }] });
    assert_eq!(admin.post(SCHEMAS, built_in).await.refusal(), "422 body.id value_error");
    for name in ["device", "USER", "Group"] {
        let refusal = admin.post(TYPES, with("name", name)).await.refusal();
        assert_eq!(refusal, "409 The tenant has a resource type of this name already", "{name}");
    }
    for endpoint in ["/devices", "/Users"] {
        let refusal = admin.post(TYPES, with("endpoint", endpoint)).await.refusal();
        assert_eq!(refusal, "409 The tenant has a resource type at this endpoint already", "{endpoint}");
    }
    for endpoint in ["/Bulk", "/me", "/Schemas"] {
        assert_eq!(admin.post(TYPES, with("endpoint", endpoint)).await.refusal(), "422 body.endpoint value_error");
    }
    assert_eq!(admin.post(TYPES, with("name", "Other")).await.status, 201, "two types of one schema");
}

#[tokio::test]
async fn the_name_in_the_path_is_the_one_in_the_body() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    admin.define_devices(json!([{ "name": "serial" }])).await;

    let mut other = devices();
    other["name"] = json!("Other");

    assert_eq!(admin.put(&one(TYPES, "Device"), other).await.refusal(), "422 body.name value_error");
    let other = admin.put(&one(SCHEMAS, "urn:example:2.0:Other"), device(json!([{ "name": "serial" }]))).await;
    assert_eq!(other.refusal(), "422 body.id value_error");
    let unknown = json!({ "id": "urn:example:2.0:Other", "name": "x", "attributes": [{ "name": "a" }] });
    let unknown = admin.put(&one(SCHEMAS, "urn:example:2.0:Other"), unknown).await.refusal();
    assert_eq!(unknown, "404 The tenant has no such schema");
}

#[tokio::test]
async fn a_built_in_schema_can_be_made_narrower_and_wide_again() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    let narrower = json!({ "id": USER, "attributes": [
        { "name": "title", "required": true, "canonicalValues": ["Dr", "Ms"] }, { "name": "nickName", "indexed": true }] });
    let wider = json!({ "id": USER, "attributes": [{ "name": "userName", "required": false }, { "name": "badge" }] });

    assert_eq!(
        admin.put(&one(SCHEMAS, USER), wider).await.refusal(),
        "422 body.attributes.0.required value_error, body.attributes.1.name value_error"
    );
    let changed = admin.put(&one(SCHEMAS, USER), narrower).await;
    assert_eq!((changed.status.as_u16(), &changed.json()["origin"]), (200, &json!("built-in")));

    let without = harness.post("/Users", r#"{"userName":"ana"}"#).await;
    assert_eq!(without.json()["detail"], "title: is required and must not be empty");
    let other = harness.post("/Users", r#"{"userName":"ana","title":"Prof"}"#).await;
    assert_eq!(other.json()["detail"], "title: one of these is expected: Dr, Ms; got the string 'Prof'");
    harness.create("/Users", r#"{"userName":"ana","title":"dr"}"#).await;
    let shown = harness.get("/Schemas/urn:ietf:params:scim:schemas:core:2.0:User").await.json();
    let title = shown["attributes"].as_array().unwrap().iter().find(|a| a["name"] == "title").unwrap();
    assert_eq!((&title["required"], &title["canonicalValues"]), (&json!(true), &json!(["Dr", "Ms"])));
    assert_eq!(harness.get("/Users?filter=title%20eq%20%22DR%22").await.json()["Resources"][0]["title"], "Dr");

    assert_eq!(admin.delete(&one(SCHEMAS, USER)).await.status, 204);
    harness.create("/Users", r#"{"userName":"bob"}"#).await;
    let nothing = "409 The schema is built in, and nothing is changed about it";
    assert_eq!(admin.delete(&one(SCHEMAS, USER)).await.refusal(), nothing);
}

#[tokio::test]
async fn a_built_in_type_gets_an_extension_and_loses_it_when_nobody_has_it() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    admin.create(SCHEMAS, device(json!([{ "name": "serial" }]))).await;
    let user = |extensions: Value| json!({ "name": "User", "endpoint": "/Users", "schema": USER, "schemaExtensions": extensions });
    let both = json!([{ "schema": ENTERPRISE }, { "schema": DEVICE, "required": false }]);

    let without = admin.put(&one(TYPES, "User"), user(json!([{ "schema": DEVICE }]))).await.refusal();
    assert_eq!(without, "422 body.schemaExtensions value_error");
    let extended = admin.put(&one(TYPES, "User"), user(both)).await;
    assert_eq!((extended.status.as_u16(), &extended.json()["origin"]), (200, &json!("built-in")));
    let id = harness.create("/Users", &json!({ "userName": "ana", DEVICE: { "serial": "7" } }).to_string()).await;
    assert_eq!(harness.get(&format!("/Users/{id}")).await.json()[DEVICE]["serial"], "7");

    assert_eq!(
        admin.delete(&one(TYPES, "User")).await.refusal(),
        "409 1 resources of the type User stand in the way of losing urn:example:2.0:Device"
    );
    let remove = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "remove", "path": DEVICE }] });
    let patched =
        harness.request("PATCH", &Harness::scim(&format!("/Users/{id}"))).json(&remove.to_string()).send().await;
    assert_eq!((patched.status.as_u16(), patched.json().get(DEVICE)), (200, None), "{}", patched.body);
    assert_eq!(admin.delete(&one(TYPES, "User")).await.status, 204);
    let nothing = "409 The resource type is built in, and nothing is changed about it";
    assert_eq!(admin.delete(&one(TYPES, "User")).await.refusal(), nothing);
    assert_eq!(admin.delete(&one(SCHEMAS, DEVICE)).await.status, 204);
}

#[tokio::test]
async fn what_does_not_go_with_resources_that_are_there_is_refused() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    admin.define_devices(json!([{ "name": "serial" }, { "name": "size", "type": "integer" }])).await;
    let id = harness.create("/Devices", r#"{"serial":"7"}"#).await;

    let put = async |attributes: Value| admin.put(&one(SCHEMAS, DEVICE), device(attributes)).await;
    let less = put(json!([{ "name": "serial" }])).await.refusal();
    let other =
        put(json!([{ "name": "serial", "type": "integer" }, { "name": "size", "type": "integer" }])).await.refusal();
    let more =
        put(json!([{ "name": "serial" }, { "name": "size", "type": "integer", "required": true }])).await.refusal();

    assert_eq!(less, "409 1 resources of the type Device stand in the way of losing size");
    assert_eq!(other, "409 1 resources of the type Device stand in the way of losing serial");
    assert_eq!(more, format!("409 The resource {id} would not fit: size: is required and must not be empty"));
    let gone = admin.delete(&one(TYPES, "Device")).await.refusal();
    assert_eq!(gone, "409 1 resources of the type Device stand in the way of losing the resource type");
    assert_eq!(harness.get(&format!("/Devices/{id}")).await.json()["serial"], "7");
}

#[tokio::test]
async fn an_index_that_is_wanted_later_is_there_soon() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    admin.define_devices(json!([{ "name": "serial" }])).await;
    let id = harness.create("/Devices", r#"{"serial":"7"}"#).await;

    let wanted = admin.put(&one(SCHEMAS, DEVICE), device(json!([{ "name": "serial", "indexed": true }]))).await;

    assert_eq!(wanted.json()["attributes"][0]["index"], json!({ "state": "ready" }));
    assert_eq!(harness.get("/Devices?filter=serial%20eq%20%227%22").await.json()["Resources"][0]["id"], json!(id));
    let dropped = admin.put(&one(SCHEMAS, DEVICE), device(json!([{ "name": "serial" }]))).await;
    assert_eq!(
        (&dropped.json()["attributes"][0]["indexed"], dropped.json()["attributes"][0].get("index")),
        (&json!(false), None)
    );
    assert_eq!(harness.get("/Devices?filter=serial%20eq%20%227%22").await.json()["totalResults"], 1);
}

#[tokio::test]
async fn a_tenants_administrator_defines_for_that_tenant_only() {
    let harness = Harness::new().await;
    let (other, _) = harness.stranger().await;
    let admin = Admin::bound(&harness).await;

    admin.define_devices(json!([{ "name": "serial" }])).await;

    for path in ["schemas", "resource-types", "schemas/urn:example:2.0:Device", "resource-types/User"] {
        let foreign = admin.get(&format!("/tenants/{}/{path}", other.id)).await.refusal();
        assert_eq!(foreign, "404 Tenant not found", "{path}");
    }
    let foreign = "/tenants/other";
    let refusals = [
        admin.post(&format!("{foreign}/schemas"), device(json!([{ "name": "a" }]))).await,
        admin.put(&format!("{foreign}/schemas/{DEVICE}"), device(json!([{ "name": "a" }]))).await,
        admin.delete(&format!("{foreign}/schemas/{DEVICE}")).await,
        admin.post(&format!("{foreign}/resource-types"), devices()).await,
        admin.put(&format!("{foreign}/resource-types/Device"), devices()).await,
        admin.delete(&format!("{foreign}/resource-types/Device")).await,
    ];
    for refused in refusals {
        assert_eq!(refused.refusal(), "404 Tenant not found");
    }
    let platform = Admin::platform(&harness).await;
    assert_eq!(platform.get("/tenants/other/schemas").await.json()["total"], 3, "nothing of acme's");
}

/// RFC 7643 §7: `returned: request` is shown "in response to any PUT, POST, or PATCH operations if the attribute was
/// specified by the client", and else only when it is asked for.
#[tokio::test]
async fn what_is_returned_on_request_is_in_the_answer_to_the_write_that_set_it() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    admin.define_devices(json!([{ "name": "serial" }, { "name": "note", "returned": "request" }])).await;
    let body = |serial: &str, note: &str| {
        let note = if note.is_empty() { Value::Null } else { json!(note) };
        json!({ "schemas": [DEVICE], "serial": serial, "note": note }).to_string()
    };
    let note = |answer: &crate::harness::Answered| {
        assert!(answer.status.is_success(), "{}", answer.body);
        answer.json()["note"].as_str().map(str::to_owned)
    };
    let patch = |path: &str, value: &str| {
        let operation = json!({ "op": "replace", "path": path, "value": value });
        json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation] }).to_string()
    };

    let created = harness.post("/Devices", &body("1", "a")).await;
    assert_eq!(note(&created).as_deref(), Some("a"));
    let device = format!("/Devices/{}", created.json()["id"].as_str().unwrap());
    let send = async |method: &str, query: &str, body: &str| {
        harness.request(method, &Harness::scim(&format!("{device}{query}"))).json(body).send().await
    };

    assert_eq!(note(&send("PUT", "", &body("2", "b")).await).as_deref(), Some("b"));
    assert_eq!(note(&send("PATCH", "", &patch("note", "c")).await).as_deref(), Some("c"));
    assert_eq!(note(&send("PATCH", "", &patch(&format!("{DEVICE}:note"), "d")).await).as_deref(), Some("d"));
    assert_eq!(note(&send("PATCH", "", &patch("serial", "3")).await), None, "it was not specified");
    assert_eq!(note(&harness.get(&device).await), None);
    assert_eq!(note(&harness.get(&format!("{device}?attributes=note")).await).as_deref(), Some("d"));
    assert_eq!(note(&send("PATCH", "?attributes=serial", &patch("note", "e")).await), None, "others were asked for");
    assert_eq!(note(&send("PATCH", "?excludedAttributes=note", &patch("note", "f")).await), None);
    assert_eq!(note(&send("PUT", "", &body("4", "")).await), None);
    assert_eq!(note(&harness.post("/Devices", &body("5", "")).await), None);
    assert_eq!(harness.get("/Devices").await.json()["Resources"][0]["note"], Value::Null);
}
