//! Resources as they are sent.

use scim::projection::Projection;
use scim::resource::{Member, render};

use super::{BASE_URL, id, read, representation};

fn group(number: u128, display: Option<&str>, direct: bool) -> Member {
    Member {
        id: id(*b"grp", number),
        type_name: "Group".into(),
        endpoint: "/Groups".into(),
        display: display.map(Into::into),
        direct,
    }
}

#[test]
fn a_user_is_shown_with_the_groups_it_belongs_to() {
    let user = read("User", r#"{"userName":"ana","emails":[{"value":"a@b"}]}"#).unwrap();
    let mut user = representation("User", &user);
    user.member_of = Some(vec![group(1, Some("Staff"), true), group(2, None, false)]);

    let text = render(&user, BASE_URL, &Projection::default()).unwrap();

    insta::assert_snapshot!(text, @r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"usr_01J8ZNWZ2AFC8STFHA9C000001","userName":"ana","emails":[{"value":"a@b"}],"groups":[{"value":"grp_01J8ZNWZ2AFC8STFHA9C000001","$ref":"https://example.com/v2/Groups/grp_01J8ZNWZ2AFC8STFHA9C000001","display":"Staff","type":"direct"},{"value":"grp_01J8ZNWZ2AFC8STFHA9C000002","$ref":"https://example.com/v2/Groups/grp_01J8ZNWZ2AFC8STFHA9C000002","type":"indirect"}],"meta":{"resourceType":"User","created":"2010-01-23T04:56:22.000Z","lastModified":"2011-05-13T04:42:34.000Z","location":"https://example.com/v2/Users/usr_01J8ZNWZ2AFC8STFHA9C000001","version":"W/\"7\""}}"#);
}

#[test]
fn relations_without_values_are_absent() {
    let staff = read("Group", r#"{"displayName":"Staff"}"#).unwrap();
    let mut staff = representation("Group", &staff);
    staff.member_of = Some(vec![]);

    let text = render(&staff, BASE_URL, &Projection::default()).unwrap();

    assert!(!text.contains("members") && !text.contains("groups"), "{text}");
}

#[test]
fn only_the_parts_of_a_relation_that_are_asked_for_are_written() {
    let user = read("User", r#"{"userName":"ana"}"#).unwrap();
    let mut user = representation("User", &user);
    user.member_of = Some(vec![group(1, Some("Staff"), true), group(2, None, false)]);
    let groups = |attributes: &str| {
        let projection = Projection::from_query(Some(attributes), None).unwrap();
        super::shown(&user, &projection).get("groups").map(ToString::to_string)
    };

    assert_eq!(groups("groups.display"), Some(r#"[{"display":"Staff"}]"#.into()));
    assert_eq!(groups("groups.TYPE"), Some(r#"[{"type":"direct"},{"type":"indirect"}]"#.into()));
    assert_eq!(groups("userName"), None);
}

#[test]
fn a_damaged_body_is_reported_when_it_is_parsed() {
    let user = read("User", r#"{"userName":"ana"}"#).unwrap();
    let mut user = representation("User", &user);
    user.body.truncate(10);
    let projection = Projection::from_query(Some("userName"), None).unwrap();

    assert!(render(&user, BASE_URL, &projection).is_err());
    assert!(user.to_json(BASE_URL).is_err());
}

#[test]
fn the_whole_resource_as_json_holds_what_filters_may_name() {
    let user = read("User", r#"{"userName":"ana"}"#).unwrap();

    let json = representation("User", &user).to_json(BASE_URL).unwrap();

    assert_eq!(json["meta"]["lastModified"], "2011-05-13T04:42:34.000Z");
    assert_eq!(json["id"], id(*b"usr", 1).to_string());
}
