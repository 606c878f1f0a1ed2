//! Draft -> schema: defaults, and everything that is refused.

use scim::json::Json;
use scim::schema::{ATTRIBUTES_MAX, NAME_BYTES_MAX, Schema};
use serde_json::json;

use crate::{draft, told};

fn with(attributes: Json) -> Json {
    json!({ "id": "urn:example:2.0:Badge", "name": "Badge", "attributes": attributes })
}

fn refusals(schema: Json) -> String {
    told(&Schema::define(&draft(schema)).unwrap_err())
}

#[test]
fn what_is_left_out_is_as_the_rfc_has_it() {
    let schema = Schema::define(&draft(with(json!([
        { "name": "number" },
        { "name": "photo", "type": "binary" },
        { "name": "pin", "mutability": "writeOnly" },
        { "name": "stays", "type": "complex", "multiValued": true, "subAttributes": [
            { "name": "value", "canonicalValues": ["short", "long"] },
            { "name": "$ref", "type": "reference", "referenceTypes": ["User"] },
        ] },
    ]))))
    .unwrap();

    insta::assert_json_snapshot!(schema.attributes);
    let restricted = &schema.attributes[3].sub_attributes[0];
    assert!(restricted.restricted && !schema.attributes[0].restricted);
}

#[test]
fn everything_that_is_wrong_with_a_schema_is_told_at_once() {
    insta::assert_snapshot!(refusals(json!({ "id": "badge", "attributes": [] })));
    insta::assert_snapshot!(refusals(with(json!([
        { "name": "externalId" },
        { "name": "2nd" },
        { "name": "$ref" },
        { "name": "twice" },
        { "name": "Twice" },
        { "name": "x".repeat(NAME_BYTES_MAX + 1) },
        { "name": "plain", "subAttributes": [{ "name": "value" }] },
        { "name": "empty", "type": "complex" },
        { "name": "deep", "type": "complex", "subAttributes": [
            { "name": "deeper", "type": "complex", "subAttributes": [{ "name": "deepest" }] },
            { "name": "a", "uniqueness": "server" },
            { "name": "A" },
        ] },
        { "name": "reference", "type": "reference" },
        { "name": "text", "referenceTypes": ["User"] },
        { "name": "strange", "type": "reference", "referenceTypes": ["a b"] },
        { "name": "number", "type": "integer", "canonicalValues": ["1"] },
        { "name": "again", "canonicalValues": ["a", "A"] },
        { "name": "blank", "canonicalValues": [" "] },
        { "name": "shown", "mutability": "writeOnly", "returned": "default" },
        { "name": "global", "uniqueness": "global" },
        { "name": "many", "multiValued": true, "uniqueness": "server" },
        { "name": "flag", "type": "boolean", "uniqueness": "server", "indexed": true },
        { "name": "secret", "returned": "never", "indexed": true },
    ]))));
}

#[test]
fn a_urn_is_one_that_a_path_can_hold_and_that_nobody_has() {
    let accepts = |urn: &str| {
        let schema = json!({ "id": urn, "name": "x", "attributes": [{ "name": "a" }] });
        Schema::define(&draft(schema)).is_ok()
    };

    for good in ["urn:example:Badge", "URN:example:2.0:Badge_1", "urn:ietf:params:scim:schemas:core:2.0:Device"] {
        assert!(accepts(good), "{good}");
    }
    let taken = ["urn:ietf:params:scim:schemas:core:2.0:user", "urn:ietf:params:scim:api:messages:2.0:Other"];
    let long = format!("urn:example:{}", "a".repeat(255));
    let wrong =
        ["", "urn:", "urn:x", "urn:example:", "urn::x", "http://x", "urn:example:1.0", "urn:e:a b", "urn:e:a/b"];
    for bad in taken.into_iter().chain(wrong).chain([long.as_str()]) {
        assert!(!accepts(bad), "{bad}");
    }
}

#[test]
fn attributes_are_counted_with_their_parts() {
    let parts = |count: usize| -> Json { (0..count).map(|n| json!({ "name": format!("a{n}") })).collect() };
    let schema = |count| with(json!([{ "name": "c", "type": "complex", "subAttributes": parts(count) }]));

    assert!(Schema::define(&draft(schema(ATTRIBUTES_MAX - 1))).is_ok());
    assert_eq!(
        refusals(schema(ATTRIBUTES_MAX)),
        "attributes: Value error, a schema has at most 500 attributes, not 501"
    );
}
