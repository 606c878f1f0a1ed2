//! What holds for any body.

use proptest::prelude::*;
use scim::json::Json;
use scim::resource::{Document, Resource};
use serde_json::json;

use super::id;

/// JSON with names and values that the schemas know, so that reading gets deep.
fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        "[ -~é]{0,12}".prop_map(Json::from),
        Just(json!("True")),
        Just(json!("2026-01-31T12:30:00Z")),
        Just(json!("usr_06EKJ3T9X8R4M1V5W7Y0ZABCDE")),
    ];
    let name = prop_oneof![
        3 => "(userName|USERNAME|name|givenName|emails|value|type|primary|display|addresses|active|profileUrl|roles)",
        1 => "(x509Certificates|groups|members|displayName|externalId|schemas|id|meta|password|manager|\\$ref|title)",
        1 => "urn:ietf:params:scim:schemas:(extension:enterprise|core):2.0:User(:(manager|department|userName))?",
        1 => "[ -~é]{0,20}",
    ];
    leaf.prop_recursive(4, 48, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::vec((name.clone(), inner), 0..8).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

/// JSON that has the required attributes, so that it is often accepted.
fn any_body() -> impl Strategy<Value = Json> {
    any_json().prop_map(|mut json| {
        if let Some(members) = json.as_object_mut() {
            members.insert("userName".into(), json!("ana"));
            members.insert("displayName".into(), json!("Ana"));
        }
        json
    })
}

proptest! {
    #[test]
    fn no_body_panics_and_what_is_accepted_survives_being_stored(body in any_body()) {
        for resource_type in scim::schema::core::registry().types() {
            let Ok(resource) = Resource::read(resource_type, body.clone()) else { continue };
            let text = resource.document.to_body(id(*b"usr", 1));

            let stored = Document::from_body(&text).unwrap();

            prop_assert_eq!(stored.to_body(id(*b"usr", 1)), text);
            prop_assert_eq!(stored, resource.document);
        }
    }

    #[test]
    fn what_was_stored_is_read_as_the_same_document(body in any_body()) {
        for resource_type in scim::schema::core::registry().types() {
            let Ok(resource) = Resource::read(resource_type, body.clone()) else { continue };
            let text = resource.document.to_body(id(*b"usr", 1));

            let again = Resource::read(resource_type, scim::json::parse(text.as_bytes()).unwrap()).unwrap();

            prop_assert_eq!(again.document.to_body(id(*b"usr", 1)), text);
            prop_assert!(again.notes.repairs.is_empty());
        }
    }
}
