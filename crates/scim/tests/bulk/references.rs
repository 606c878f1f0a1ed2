//! `bulkId:…` wherever a resource can be named (RFC 7644 §3.7.2), and nowhere else.

use scim::batch::Action;
use scim::patch::MembersChange;
use scim::schema::core;
use serde_json::{Value, json};

use super::{document, group, members, order, plan, post_group, post_user, refusal, step, user};

fn patch(path: &str, operations: &Value) -> Value {
    json!({ "method": "PATCH", "path": path, "data": {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": operations,
    } })
}

/// The members that the PATCH of operation 1 changes, after a POST of the user `ana`.
fn patched_members(operation: &Value) -> Vec<MembersChange> {
    let planned = plan(&json!([post_user("ana"), patch(&format!("/Groups/{}", group(9)), &json!([operation]))]));
    let step = step(&planned, 1);
    assert_eq!(step.needs, [0], "{operation}");
    match &step.work.as_ref().unwrap().action {
        Action::Patch(plan) => plan.members.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn members_are_named_in_every_way_that_clients_know() {
    for member in [
        json!({ "value": "bulkId:ana" }),
        json!({ "VALUE": "bulkid:ana", "display": "Ana" }),
        json!({ "value": "bulkId:ana", "$ref": "../Users/bulkId:ana" }),
        json!({ "value": "bulkId:ana", "$ref": "https://example.com/t/acme/scim/v2/Users/bulkId:ana" }),
    ] {
        let team = json!({ "displayName": "team", "MEMBERS": [member] });
        let planned = plan(&json!([
            { "method": "POST", "path": "/Groups", "bulkId": "team", "data": team },
            post_user("ana"),
        ]));

        assert_eq!(members(&planned, 0), [user(2)], "{member}");
        assert_eq!(step(&planned, 0).needs, [1]);
        assert_eq!(order(&planned), [[1], [0]]);
    }
}

#[test]
fn a_manager_is_named_in_every_way_that_clients_know() {
    let urn = core::ENTERPRISE_USER;
    for extension in [
        json!({ urn: { "manager": { "value": "bulkId:ana" } } }),
        json!({ urn: { "Manager": { "$ref": "/Users/bulkId:ana", "value": "bulkId:ana" } } }),
        json!({ urn.to_uppercase(): { "manager": "bulkId:ana" } }),
        json!({ format!("{urn}:manager"): { "value": "bulkId:ana" } }),
    ] {
        let mut data = extension.clone();
        data["userName"] = json!("bob");
        let planned = plan(&json!([
            { "method": "POST", "path": "/Users", "bulkId": "bob", "data": data },
            post_user("ana"),
        ]));

        assert_eq!(document(&planned, 0)[urn]["manager"]["value"], json!(user(2)), "{extension}");
        assert_eq!(step(&planned, 0).needs, [1]);
    }
}

#[test]
fn a_resource_may_refer_to_itself() {
    let urn = core::ENTERPRISE_USER;
    let data = json!({ "userName": "ana", urn: { "manager": { "value": "bulkId:ana" } } });
    let planned = plan(&json!([{ "method": "POST", "path": "/Users", "bulkId": "ana", "data": data }]));

    assert_eq!(document(&planned, 0)[urn]["manager"]["value"], json!(user(1)));
    assert!(step(&planned, 0).needs.is_empty());
}

#[test]
fn paths_name_what_is_being_created() {
    let planned = plan(&json!([
        { "method": "PUT", "path": "/Users/bulkId:ana", "data": { "userName": "anna" } },
        { "method": "DELETE", "path": "/Users/bulkId%3Aana" },
        post_user("ana"),
    ]));

    assert_eq!(order(&planned), [[2], [0], [1]]);
    for index in [0, 1] {
        assert_eq!(planned.heads[index].location.as_deref(), Some(format!("/Users/{}", user(1)).as_str()));
        assert_eq!(step(&planned, index).work.as_ref().unwrap().target.to_string(), user(1));
        assert_eq!(step(&planned, index).needs, [2]);
    }
}

#[test]
fn a_path_names_a_resource_of_its_own_type() {
    let planned = plan(&json!([post_user("ana"), { "method": "DELETE", "path": "/Groups/bulkId:ana" }]));

    assert_eq!(refusal(&planned, 1), r#"NotFound("There is no Group 'bulkId:ana'")"#);
}

#[test]
fn values_of_a_patch_name_what_is_being_created() {
    let ana = user(1).parse().unwrap();
    for operation in [
        json!({ "op": "add", "path": "members", "value": [{ "value": "bulkId:ana" }] }),
        json!({ "op": "Add", "PATH": "members", "Value": { "value": "bulkId:ana" } }),
        json!({ "op": "add", "value": { "members": [{ "value": "bulkId:ana" }] } }),
    ] {
        assert_eq!(patched_members(&operation), [MembersChange::Add(vec![ana])], "{operation}");
    }
}

#[test]
fn filters_in_patch_paths_name_what_is_being_created() {
    let ana = user(1).parse().unwrap();
    for path in [
        "members[value eq \"bulkId:ana\"]",
        "members[ value eq \"bulkId:\\u0061na\" ]",
        "urn:ietf:params:scim:schemas:core:2.0:Group:members[value eq \"bulkId:ana\"]",
    ] {
        let changes = patched_members(&json!({ "op": "remove", "path": path }));
        assert_eq!(changes, [MembersChange::Remove(vec![ana])], "{path}");
    }
}

#[test]
fn a_patch_sets_a_manager_who_is_being_created() {
    let urn = core::ENTERPRISE_USER;
    for operation in [
        json!({ "op": "add", "path": format!("{urn}:manager"), "value": "bulkId:ana" }),
        json!({ "op": "add", "path": format!("{urn}:manager"), "value": { "value": "bulkId:ana" } }),
        json!({ "op": "add", "path": format!("{urn}:manager.value"), "value": "bulkId:ana" }),
        json!({ "op": "add", "path": urn, "value": { "manager": { "value": "bulkId:ana" } } }),
        json!({ "op": "add", "value": { urn: { "manager": { "value": "bulkId:ana" } } } }),
        json!({ "op": "add", "value": { format!("{urn}:manager.value"): "bulkId:ana" } }),
    ] {
        let planned = plan(&json!([post_user("ana"), patch(&format!("/Users/{}", user(9)), &json!([operation]))]));

        let step = step(&planned, 1);
        assert_eq!(step.needs, [0], "{operation}");
        let planned = format!("{:?}", step.work.as_ref().unwrap());
        assert!(planned.contains(&user(1)) && !planned.contains("bulkId"), "{operation}: {planned}");
    }
}

#[test]
fn what_names_no_resource_may_read_like_a_reference() {
    let planned = plan(&json!([
        post_user("ana"),
        { "method": "POST", "path": "/Users", "bulkId": "bob", "data": {
            "userName": "bulkId:ana",
            "displayName": "bulkId:nobody",
            "profileUrl": "bulkId:ana",
            "name": { "familyName": "bulkId:ana" },
            "emails": [{ "value": "bulkId:ana" }],
            "groups": [{ "value": "bulkId:nobody" }],
        } },
        { "method": "POST", "path": "/Groups", "bulkId": "team", "data": {
            "displayName": "bulkId:bob",
            "members": [{ "value": "bulkId:ana", "display": "bulkId:nobody" }],
        } },
    ]));

    let bob = document(&planned, 1);
    assert_eq!(bob["userName"], "bulkId:ana");
    assert_eq!(bob["displayName"], "bulkId:nobody");
    assert_eq!(bob["emails"][0]["value"], "bulkId:ana");
    assert!(step(&planned, 1).needs.is_empty());
    assert_eq!(document(&planned, 2)["displayName"], "bulkId:bob");
    assert_eq!(step(&planned, 2).needs, [0]);
}

#[test]
fn a_reference_to_nothing_is_refused_and_named() {
    let planned = plan(&json!([
        post_group("team", &["bulkId:nobody"]),
        { "method": "DELETE", "path": "/Users/bulkId:nobody" },
        patch(&format!("/Groups/{}", group(9)), &json!([{ "op": "remove", "path": "members[value eq \"bulkId:x\"]" }])),
        { "method": "PUT", "path": format!("/Users/{}", user(9)), "bulkId": "put", "data": { "userName": "a" } },
        post_group("others", &["bulkId:put"]),
    ]));

    for (index, attribute, bulk_id) in
        [(0, "members", "nobody"), (1, "path", "nobody"), (2, "members", "x"), (4, "members", "put")]
    {
        let expected = format!("{attribute}: no POST of this request has the bulkId '{bulk_id}'");
        assert_eq!(step(&planned, index).work.as_ref().unwrap_err().to_string(), expected);
    }
}

#[test]
fn what_needs_a_refused_operation_is_left_to_fail_with_it() {
    let planned = plan(&json!([
        { "method": "POST", "path": "/Users", "bulkId": "no name", "data": {} },
        { "method": "POST", "path": "/Robots", "bulkId": "no type", "data": {} },
        post_group("one", &["bulkId:no name"]),
        post_group("two", &["bulkId:no type"]),
        { "method": "DELETE", "path": "/Groups/bulkId:no type" },
    ]));

    for (index, need) in [(2, 0), (3, 1), (4, 1)] {
        assert!(step(&planned, index).work.is_ok());
        assert_eq!(step(&planned, index).needs, [need]);
        assert!(step(&planned, need).work.is_err());
    }
}

#[test]
fn bulk_ids_have_case_and_may_hold_anything() {
    let planned = plan(&json!([
        post_user("a"),
        post_user("A"),
        post_user("a/b:c d\"é"),
        post_user("bulkId:a"),
        post_group("team", &["bulkId:A", "bulkId:a/b:c d\"é", "bulkId:bulkId:a"]),
    ]));

    assert_eq!(members(&planned, 4), [user(2), user(3), user(4)]);
    assert_eq!(step(&planned, 4).needs, [1, 2, 3]);
}
