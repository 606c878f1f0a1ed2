//! Operations that cannot be run: each is refused alone, and says why.

use scim::ScimError;
use scim::batch::Action;
use scim::id::{Precondition, Version};
use serde_json::{Value, json};

use super::{group, plan, post_user, refusal, step, user};

/// Why this operation is refused, and where it is said to be.
fn refused(operation: Value) -> String {
    let planned = plan(&Value::Array(vec![operation]));
    format!("{} @ {}", refusal(&planned, 0), planned.heads[0].location.as_deref().unwrap_or("nowhere"))
}

#[test]
fn methods_that_make_no_sense_are_refused() {
    let at = |method: &str| refused(json!({ "method": method, "path": "/Users", "data": {}, "bulkId": "a" }));

    insta::assert_snapshot!(at("GET"), @r#"Method("Method 'GET' cannot be used inside a bulk request; use POST, PUT, PATCH or DELETE") @ /Users"#);
    insta::assert_snapshot!(at("Options"), @r#"Method("Method 'Options' cannot be used inside a bulk request; use POST, PUT, PATCH or DELETE") @ /Users"#);
    insta::assert_snapshot!(at("FETCH"), @r#"Syntax("Method 'FETCH' cannot be used inside a bulk request; use POST, PUT, PATCH or DELETE") @ /Users"#);
    insta::assert_snapshot!(at(""), @r#"Syntax("Method '' cannot be used inside a bulk request; use POST, PUT, PATCH or DELETE") @ /Users"#);
    insta::assert_snapshot!(at("PUT"), @r#"Method("PUT needs the path of one resource, as in '/Users/<id>'") @ /Users"#);
    insta::assert_snapshot!(at("patch"), @r#"Method("PATCH needs the path of one resource, as in '/Users/<id>'") @ /Users"#);
    insta::assert_snapshot!(at("DELETE"), @r#"Method("DELETE needs the path of one resource, as in '/Users/<id>'") @ /Users"#);
    let post = refused(json!({ "method": "POST", "path": format!("/Users/{}", user(1)), "data": {}, "bulkId": "a" }));
    insta::assert_snapshot!(post, @r#"Method("POST goes to '/Users'; the server chooses the id") @ nowhere"#);
}

#[test]
fn paths_that_name_nothing_are_refused() {
    let at = |path: &str| refused(json!({ "method": "DELETE", "path": path }));

    insta::assert_snapshot!(at(""), @r#"NotFound("There is no endpoint '/'") @ /"#);
    insta::assert_snapshot!(at("/"), @r#"NotFound("There is no endpoint '/'") @ /"#);
    insta::assert_snapshot!(at("/Robots/1"), @r#"NotFound("There is no endpoint '/Robots/1'") @ /Robots/1"#);
    insta::assert_snapshot!(at("/users/1"), @r#"NotFound("There is no endpoint '/users/1'") @ /users/1"#);
    insta::assert_snapshot!(at("/Users/2819c223-7f76-453a-919d-413861904646"), @r#"NotFound("There is no User '2819c223-7f76-453a-919d-413861904646'") @ /Users/2819c223-7f76-453a-919d-413861904646"#);
    insta::assert_snapshot!(at(&format!("/Users/{}", group(1))), @r#"NotFound("There is no User 'grp_00000000000000000000000001'") @ /Users/grp_00000000000000000000000001"#);
    insta::assert_snapshot!(at(&format!("/Users/{}/name", user(1))), @r#"NotFound("There is no endpoint '/Users/usr_00000000000000000000000001/name'") @ /Users/usr_00000000000000000000000001/name"#);
    insta::assert_snapshot!(at("/Users/../Groups"), @r#"NotFound("There is no endpoint '/Users/../Groups'") @ /Users/../Groups"#);
    insta::assert_snapshot!(at("/Users/%zz"), @r#"NotFound("There is no endpoint '/Users/%zz'") @ /Users/%zz"#);
    insta::assert_snapshot!(at("/Users/%ff"), @r#"NotFound("There is no endpoint '/Users/%ff'") @ /Users/%ff"#);
    insta::assert_snapshot!(at("/Users/%2"), @r#"NotFound("There is no endpoint '/Users/%2'") @ /Users/%2"#);
    insta::assert_snapshot!(at("/Users/%+1"), @r#"NotFound("There is no endpoint '/Users/%+1'") @ /Users/%+1"#);
    insta::assert_snapshot!(at("https://elsewhere.example/t/acme/scim/v2/Users/1"), @r#"NotFound("The path is not below the SCIM base URL of this tenant") @ nowhere"#);
    insta::assert_snapshot!(at("https://example.com/t/acme/scim/v22/Users/1"), @r#"NotFound("The path is not below the SCIM base URL of this tenant") @ nowhere"#);
    insta::assert_snapshot!(at(&"/Users".repeat(1000)), @r#"NotFound("The path is not below the SCIM base URL of this tenant") @ nowhere"#);
}

#[test]
fn endpoints_that_a_bulk_request_cannot_use_are_refused() {
    let at = |path: &str| refused(json!({ "method": "POST", "bulkId": "a", "path": path, "data": {} }));

    insta::assert_snapshot!(at("/Bulk"), @r#"Method("/Bulk cannot be used inside a bulk request") @ nowhere"#);
    for path in ["/Me", "/Schemas", "/ResourceTypes/User", "/ServiceProviderConfig", "/.search", "/Users/.search"] {
        assert!(at(path).starts_with("Method("), "{path}");
    }
}

#[test]
fn a_post_has_a_bulk_id_of_its_own() {
    let data = json!({ "userName": "ana" });
    insta::assert_snapshot!(refused(json!({ "method": "POST", "path": "/Users", "data": data })), @r#"Value { attribute: "bulkId", reason: "required for POST" } @ /Users/usr_00000000000000000000000001"#);
    insta::assert_snapshot!(refused(json!({ "method": "POST", "path": "/Users", "bulkId": "", "data": data })), @r#"Value { attribute: "bulkId", reason: "required for POST" } @ /Users/usr_00000000000000000000000001"#);

    let planned = plan(&json!([post_user("ana"), post_user("ana"), post_user("bob")]));
    assert!(step(&planned, 0).work.is_ok() && step(&planned, 2).work.is_ok());
    insta::assert_snapshot!(refusal(&planned, 1), @r#"Value { attribute: "bulkId", reason: "already the bulkId of an operation before this one" }"#);
}

#[test]
fn only_posts_compete_for_bulk_ids() {
    let planned = plan(&json!([
        { "method": "DELETE", "path": format!("/Users/{}", user(9)), "bulkId": "ana" },
        { "method": "DELETE", "path": format!("/Users/{}", user(8)), "bulkId": "ana" },
        post_user("ana"),
    ]));

    assert!((0..3).all(|index| step(&planned, index).work.is_ok()));
    assert!(planned.heads.iter().all(|head| head.bulk_id.as_deref() == Some("ana")));
}

#[test]
fn a_body_is_there_when_it_is_needed() {
    let one = format!("/Users/{}", user(1));
    insta::assert_snapshot!(refused(json!({ "method": "POST", "path": "/Users", "bulkId": "a" })), @r#"Value { attribute: "data", reason: "required for POST" } @ /Users/usr_00000000000000000000000001"#);
    insta::assert_snapshot!(refused(json!({ "method": "PUT", "path": one })), @r#"Value { attribute: "data", reason: "required for PUT" } @ /Users/usr_00000000000000000000000001"#);
    insta::assert_snapshot!(refused(json!({ "method": "PATCH", "path": one, "data": null })), @r#"Value { attribute: "data", reason: "required for PATCH" } @ /Users/usr_00000000000000000000000001"#);

    let ignored = plan(&json!([{ "method": "DELETE", "path": one, "data": { "x": "\u{0}" } }]));
    assert!(matches!(step(&ignored, 0).work.as_ref().unwrap().action, Action::Delete));
}

#[test]
fn a_body_is_judged_as_that_of_a_single_request() {
    let data = |data: &str| {
        let body = format!(r#"{{"Operations":[{{"method":"POST","path":"/Users","bulkId":"a","data":{data}}}]}}"#);
        refusal(&super::plan_body(&body), 0)
    };

    insta::assert_snapshot!(data("{}"), @r#"Value { attribute: "userName", reason: "is required and must not be empty" }"#);
    insta::assert_snapshot!(data(r#"{"userName":1}"#), @r#"Value { attribute: "userName", reason: "expected a string, got 1" }"#);
    insta::assert_snapshot!(data(r#"{"userName":"a","userName":"b"}"#), @r#"Syntax("The request body is not acceptable JSON: the member 'userName' is there twice at line 1 column 31")"#);
    insta::assert_snapshot!(data(r#"{"userName":"a\u0000"}"#), @r#"Syntax("The request body is not acceptable JSON: a string holds the character U+0000 at line 1 column 21")"#);
    let deep = format!(r#"{{"userName":"a","x":{}{}}}"#, "[".repeat(5000), "]".repeat(5000));
    insta::assert_snapshot!(data(&deep), @r#"Syntax("The request body is not acceptable JSON: nested deeper than 32 levels at line 1 column 52")"#);
}

#[test]
fn what_is_clear_is_accepted() {
    let id = user(9);
    for path in [
        format!("/Users/{id}"),
        format!("Users/{id}"),
        format!("/Users/{id}/"),
        format!(" /Users/{id} "),
        format!("/t/acme/scim/v2/Users/{id}"),
        format!("https://example.com/t/acme/scim/v2/Users/{id}"),
        format!("/Users/{id}?attributes=userName#top"),
    ] {
        for method in ["DELETE", "delete"] {
            let planned = plan(&json!([{ "method": method, "path": path, "bulkId": "x" }]));

            assert_eq!(step(&planned, 0).work.as_ref().unwrap().target.to_string(), id, "{path}");
            let head = &planned.heads[0];
            assert_eq!(head.method, "DELETE");
            assert_eq!(head.location.as_deref(), Some(format!("/Users/{id}").as_str()));
            assert_eq!(head.resource_type.as_ref().unwrap().name, "User");
        }
    }
}

#[test]
fn a_version_is_a_precondition() {
    let precondition = |version: Value| {
        let planned = plan(&json!([{ "method": "DELETE", "path": format!("/Users/{}", user(9)), "version": version }]));
        step(&planned, 0).work.as_ref().unwrap().precondition.clone()
    };

    assert_eq!(precondition(json!("W/\"7\"")), Precondition::OneOf(vec![Version(7)]));
    assert_eq!(precondition(json!("W/\"3694e05e9dff591\"")), Precondition::OneOf(vec![]));
    for none in [json!(null), json!("*"), json!("")] {
        assert_eq!(precondition(none), Precondition::Any);
    }
}

#[test]
fn long_text_of_a_client_is_cut_when_it_is_told_back() {
    let long = "x".repeat(100_000);
    for operation in [
        json!({ "method": long, "path": "/Users" }),
        json!({ "method": "DELETE", "path": format!("/{long}") }),
        json!({ "method": "DELETE", "path": format!("/Users/{long}") }),
        json!({ "method": "DELETE", "path": format!("/Users/bulkId:{long}") }),
    ] {
        let planned = plan(&json!([operation]));
        let error: &ScimError = step(&planned, 0).work.as_ref().unwrap_err();
        assert!(error.to_string().len() < 500);
    }
}
