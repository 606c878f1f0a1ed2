//! How much a body may hold, at each limit and beyond it.

use scim::ScimError;
use scim::json::Json;
use scim::resource::{KEY_BYTES_MAX, MEMBERS_MAX, Notes, Resource, STRING_BYTES_MAX, VALUES_MAX};
use serde_json::json;

use super::{id, notes, refusal, resource_type, user};

#[test]
fn notes_are_bounded_in_number_and_length() {
    let many: Vec<String> = (0..1000).map(|n| format!(r#""unknown{n}{}":1"#, "x".repeat(500))).collect();

    let notes = notes(&many.join(","));

    assert_eq!(notes.ignored.len(), Notes::IGNORED_MAX);
    assert!(notes.ignored.iter().all(|name| name.len() == 200));
}

#[test]
fn a_string_has_a_limit() {
    let title = |length: usize| format!(r#""title":"{}""#, "x".repeat(length));
    assert!(user(&title(STRING_BYTES_MAX)).len() > STRING_BYTES_MAX);
    insta::assert_snapshot!(refusal(&title(STRING_BYTES_MAX + 1)), @"title: a string of at most 65536 bytes is accepted, got 65537");
}

#[test]
fn a_string_that_is_looked_up_has_a_lower_limit() {
    let external_id = |text: String| format!(r#""externalId":"{text}""#);
    assert!(user(&external_id("x".repeat(KEY_BYTES_MAX))).len() > KEY_BYTES_MAX);
    insta::assert_snapshot!(refusal(&external_id("x".repeat(KEY_BYTES_MAX + 1))), @"externalId: a string of at most 1024 bytes is accepted, got 1025");

    let email = |text: String| format!(r#""emails":[{{"value":"{text}"}}]"#);
    assert!(user(&email("x".repeat(KEY_BYTES_MAX))).len() > KEY_BYTES_MAX);
    assert!(refusal(&email("x".repeat(KEY_BYTES_MAX + 1))).starts_with("emails.value: "));
    // One character that folds to eighteen.
    assert!(refusal(&email("\u{fdfa}".repeat(100))).starts_with("emails.value: "));
}

#[test]
fn a_multi_valued_attribute_has_a_limit() {
    let emails = |count: usize| {
        let values: Vec<String> = (0..count).map(|n| format!(r#"{{"value":"{n}@b"}}"#)).collect();
        format!(r#""emails":[{}]"#, values.join(","))
    };
    assert!(user(&emails(VALUES_MAX)).contains("999@b"));
    insta::assert_snapshot!(refusal(&emails(VALUES_MAX + 1)), @"emails: at most 1000 values are accepted, got 1001");
}

#[test]
fn a_request_names_only_so_many_members() {
    let group = |count: usize| {
        let members: Vec<Json> = (0..count).map(|n| json!({"value": id(*b"usr", n as u128).to_string()})).collect();
        Resource::read(&resource_type("Group"), json!({"displayName": "Staff", "members": members}))
    };
    assert_eq!(group(MEMBERS_MAX).unwrap().members.len(), MEMBERS_MAX);
    assert!(matches!(group(MEMBERS_MAX + 1), Err(ScimError::TooLarge(_))));
}
