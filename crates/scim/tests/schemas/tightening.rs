//! Built-in schemas can be made narrower, and nothing else.

use std::sync::Arc;

use scim::json::Json;
use scim::schema::{Custom, Registry, Schema, core};
use serde_json::json;

use crate::{draft, told};

fn built_in(urn: &str) -> Arc<Schema> {
    Arc::clone(core::schemas().iter().find(|schema| schema.id == urn).unwrap())
}

fn tighten(attributes: Json) -> Result<Schema, String> {
    let wanted = draft(json!({ "id": core::USER, "attributes": attributes }));
    built_in(core::USER).tightened(&wanted).map_err(|flaws| told(&flaws))
}

#[test]
fn what_is_narrower_is_accepted() {
    let schema = tighten(json!([
        { "name": "NICKNAME", "required": true, "mutability": "immutable", "returned": "request", "uniqueness": "server" },
        { "name": "userType", "canonicalValues": ["Employee", "Contractor"], "indexed": true },
        { "name": "emails", "required": true, "subAttributes": [
            { "name": "type", "canonicalValues": ["work"] }, { "name": "value", "indexed": true }] },
    ]))
    .unwrap();

    let changed: Vec<_> = schema.attributes.iter().filter(|a| !built_in(core::USER).attributes.contains(a)).collect();
    insta::assert_json_snapshot!(changed);
    assert!(changed.iter().any(|attribute| attribute.restricted));
}

#[test]
fn a_built_in_schema_can_be_sent_back_as_it_is() {
    for schema in core::schemas() {
        let sent = draft(serde_json::to_value(&**schema).unwrap());

        assert_eq!(schema.tightened(&sent).unwrap(), **schema, "{}", schema.id);
    }
}

#[test]
fn what_is_wider_or_different_is_refused_all_at_once() {
    let told = tighten(json!([
        { "name": "userName", "required": false, "uniqueness": "none", "caseExact": true },
        { "name": "nickName", "type": "integer", "multiValued": true, "description": "x", "mutability": "readOnly" },
        { "name": "title", "returned": "always", "uniqueness": "global" },
        { "name": "profileUrl", "referenceTypes": ["User"] },
        { "name": "emails", "uniqueness": "server", "subAttributes": [
            { "name": "type", "canonicalValues": ["work", "school"] },
            { "name": "value", "indexed": false, "uniqueness": "server" }, { "name": "kind" }] },
        { "name": "active", "canonicalValues": ["true"], "indexed": true },
        { "name": "password", "required": true },
        { "name": "groups", "required": true },
        { "name": "badge" },
        { "name": "title" },
    ]))
    .unwrap_err();

    insta::assert_snapshot!(told);
}

#[test]
fn a_registry_has_the_narrower_schema_in_its_type() {
    let user = draft(json!({ "id": core::USER.to_uppercase(), "attributes": [{ "name": "title", "required": true }] }));
    let department = json!({ "name": "department", "canonicalValues": ["R&D"] });
    let enterprise = draft(json!({ "id": core::ENTERPRISE_USER, "attributes": [department] }));

    let registry = Registry::with(&Custom { schemas: vec![user, enterprise], ..Custom::default() }, 7).unwrap();

    let user = registry.type_named("User").unwrap();
    assert!(user.schema.attribute("title").unwrap().required);
    assert_eq!(user.schema.id, core::USER);
    assert!(user.extensions[0].schema.attribute("department").unwrap().restricted);
    assert_eq!(registry.version(), 7);
    assert_eq!(registry.type_named("Group"), core::registry().type_named("Group"));
}
