//! The examples of RFC 7644 §3.7.

use serde_json::json;

use super::{order, plan, plan_body, told, user};

#[test]
fn groups_that_hold_each_other_become_one_unit() {
    // §3.7.1
    let planned = plan(&json!([
        {
            "method": "POST",
            "path": "/Groups",
            "bulkId": "qwerty",
            "data": {
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
                "displayName": "Group A",
                "members": [{ "type": "Group", "value": "bulkId:ytrewq" }],
            },
        },
        {
            "method": "POST",
            "path": "/Groups",
            "bulkId": "ytrewq",
            "data": {
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
                "displayName": "Group B",
                "members": [{ "type": "Group", "value": "bulkId:qwerty" }],
            },
        },
    ]));

    insta::assert_snapshot!(told(&planned), @r#"
    0 POST /Groups/grp_00000000000000000000000001: {"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"id":"grp_00000000000000000000000001","displayName":"Group A"} members [grp_00000000000000000000000002], needs [1]
    1 POST /Groups/grp_00000000000000000000000002: {"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"id":"grp_00000000000000000000000002","displayName":"Group B"} members [grp_00000000000000000000000001], needs [0]
    "#);
}

#[test]
fn a_user_is_created_before_the_group_it_belongs_to() {
    // §3.7.2
    let planned = plan(&json!([
        {
            "method": "POST",
            "path": "/Users",
            "bulkId": "qwerty",
            "data": { "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "Alice" },
        },
        {
            "method": "POST",
            "path": "/Groups",
            "bulkId": "ytrewq",
            "data": {
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
                "displayName": "Tour Guides",
                "members": [{ "type": "User", "value": "bulkId:qwerty" }],
            },
        },
    ]));

    insta::assert_snapshot!(told(&planned), @r#"
    0 POST /Users/usr_00000000000000000000000001: {"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"usr_00000000000000000000000001","userName":"Alice"} members []

    1 POST /Groups/grp_00000000000000000000000002: {"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"id":"grp_00000000000000000000000002","displayName":"Tour Guides"} members [usr_00000000000000000000000001], needs [0]
    "#);
}

#[test]
fn the_manager_of_an_extension_may_be_new() {
    // §3.7.2
    let planned = plan(&json!([
        {
            "method": "POST",
            "path": "/Users",
            "bulkId": "qwerty",
            "data": { "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "Alice" },
        },
        {
            "method": "POST",
            "path": "/Users",
            "bulkId": "ytrewq",
            "data": {
                "schemas": [
                    "urn:ietf:params:scim:schemas:core:2.0:User",
                    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
                ],
                "userName": "Bob",
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
                    "employeeNumber": "11250",
                    "manager": { "value": "bulkId:qwerty" },
                },
            },
        },
    ]));

    insta::assert_snapshot!(told(&planned), @r#"
    0 POST /Users/usr_00000000000000000000000001: {"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"usr_00000000000000000000000001","userName":"Alice"} members []

    1 POST /Users/usr_00000000000000000000000002: {"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],"id":"usr_00000000000000000000000002","userName":"Bob","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"11250","manager":{"value":"usr_00000000000000000000000001"}}} members [], needs [0]
    "#);
}

/// The patch of the RFC's example is no JSON (`{[`); ours is what it should have been.
#[test]
fn one_request_adds_updates_and_removes() {
    // §3.7.3
    let (bob, dave, gone) = (user(101), user(102), user(103));
    let planned = plan_body(
        &json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
            "failOnErrors": 1,
            "Operations": [
                {
                    "method": "POST",
                    "path": "/Users",
                    "bulkId": "qwerty",
                    "data": { "schemas": ["urn:ietf:params:scim:api:messages:2.0:User"], "userName": "Alice" },
                },
                {
                    "method": "PUT",
                    "path": format!("/Users/{bob}"),
                    "version": "W/\"3\"",
                    "data": {
                        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
                        "id": bob,
                        "userName": "Bob",
                    },
                },
                {
                    "method": "PATCH",
                    "path": format!("/Users/{dave}"),
                    "version": "W/\"edac3253e2c0ef2\"",
                    "data": {
                        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                        "Operations": [
                            { "op": "remove", "path": "nickName" },
                            { "op": "add", "path": "userName", "value": "Dave" },
                        ],
                    },
                },
                { "method": "DELETE", "path": format!("/Users/{gone}"), "version": "W/\"0ee8add0a938e1a\"" },
            ],
        })
        .to_string(),
    );

    assert_eq!(planned.fail_on_errors, Some(1));
    assert_eq!(order(&planned), [[0], [1], [2], [3]]);
    insta::assert_snapshot!(told(&planned), @r#"
    0 POST /Users/usr_00000000000000000000000001: {"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"usr_00000000000000000000000001","userName":"Alice"} members []

    1 PUT /Users/usr_00000000000000000000000035: {"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"usr_00000000000000000000000035","userName":"Bob"} members [], if OneOf([Version(3)])

    2 PATCH /Users/usr_00000000000000000000000036: members [], if OneOf([])

    3 DELETE /Users/usr_00000000000000000000000037: gone, if OneOf([])
    "#);
}
