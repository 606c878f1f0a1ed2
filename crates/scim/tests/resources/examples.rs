//! The examples of RFC 7643 §8.1–§8.4. The ids of the group's members are ids of this service.

use scim::json::Json;
use scim::projection::Projection;
use scim::resource::Secret;
use serde_json::json;

use super::{BASE_URL, read, representation, shown};

const EXAMPLES: [(&str, &str); 4] = [
    ("User", include_str!("rfc7643/8.1-minimal-user.json")),
    ("User", include_str!("rfc7643/8.2-full-user.json")),
    ("User", include_str!("rfc7643/8.3-enterprise-user.json")),
    ("Group", include_str!("rfc7643/8.4-group.json")),
];

/// What we are to show of an example: not the password, and nothing that the client cannot set.
fn expected(type_name: &str, example: &str) -> Json {
    let mut expected: Json = serde_json::from_str(example).unwrap();
    let ours = super::id(super::resource_type(type_name).id_prefix, 1);
    let attributes = expected.as_object_mut().unwrap();
    for name in ["password", "groups"] {
        attributes.remove(name);
    }
    attributes["id"] = json!(ours.to_string());
    attributes["meta"] = json!({
        "resourceType": type_name,
        "created": "2010-01-23T04:56:22.000Z",
        "lastModified": "2011-05-13T04:42:34.000Z",
        "location": format!("{BASE_URL}/{type_name}s/{ours}"),
        "version": "W/\"7\"",
    });
    if let Some(manager) = expected.pointer_mut("/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User/manager") {
        manager.as_object_mut().unwrap().remove("displayName");
    }
    for member in expected.get_mut("members").and_then(Json::as_array_mut).into_iter().flatten() {
        member["display"] = json!("Babs \"B\" Jensen");
        member["type"] = json!("User");
    }
    expected
}

#[test]
fn what_the_examples_of_the_rfc_hold_is_shown_again() {
    for (type_name, example) in EXAMPLES {
        let resource = read(type_name, example).unwrap();

        let shown = shown(&representation(type_name, &resource), &Projection::default());

        assert_eq!(shown, expected(type_name, example));
    }
}

#[test]
fn the_examples_need_no_repair_and_lose_only_what_is_read_only() {
    let ignored = EXAMPLES.map(|(type_name, example)| {
        let notes = read(type_name, example).unwrap().notes;
        assert!(notes.repairs.is_empty());
        notes.ignored.join(" ")
    });

    insta::assert_snapshot!(ignored.join("\n"), @r"
    id meta
    id groups meta
    id groups urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.displayName meta
    id meta
    ");
}

#[test]
fn the_password_of_an_example_is_kept_apart() {
    let user = read("User", EXAMPLES[1].1).unwrap();

    assert_eq!(user.secret, Some(Secret::Plain("t1meMa$heen".into())));
    assert!(!user.document.to_body(super::id(*b"usr", 1)).contains("t1meMa$heen"));
    assert_eq!(format!("{:?}", user.secret), "Some(Secret::Plain(…))");
}

#[test]
fn a_group_is_written_in_the_order_of_its_schema() {
    let group = read("Group", EXAMPLES[3].1).unwrap();

    let text = scim::resource::render(&representation("Group", &group), BASE_URL, &Projection::default()).unwrap();

    insta::assert_snapshot!(text, @r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"id":"grp_01J8ZNWZ2AFC8STFHA9C000001","displayName":"Tour Guides","members":[{"value":"usr_06EKJ3T9X8R4M1V5W7Y0ZABCDE","$ref":"https://example.com/v2/Users/usr_06EKJ3T9X8R4M1V5W7Y0ZABCDE","display":"Babs \"B\" Jensen","type":"User"},{"value":"usr_06EKJ3T9X8R4M1V5W7Y0ZABCDF","$ref":"https://example.com/v2/Users/usr_06EKJ3T9X8R4M1V5W7Y0ZABCDF","display":"Babs \"B\" Jensen","type":"User"}],"meta":{"resourceType":"Group","created":"2010-01-23T04:56:22.000Z","lastModified":"2011-05-13T04:42:34.000Z","location":"https://example.com/v2/Groups/grp_01J8ZNWZ2AFC8STFHA9C000001","version":"W/\"7\""}}"#);
}
