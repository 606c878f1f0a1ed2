//! What a tenant has defined, put together with what is built in.

use std::sync::Arc;

use scim::json::Json;
use scim::resource::Resource;
use scim::schema::{Custom, CustomType, Index, Registry, ResourceTypeDraft, core};
use serde_json::json;

use crate::{draft, told};

const BADGE: &str = "urn:example:2.0:Badge";
const COLOR: &str = "urn:example:2.0:Color";

fn resource_type(json: Json) -> ResourceTypeDraft {
    serde_json::from_value(json).unwrap()
}

fn badges() -> ResourceTypeDraft {
    resource_type(json!({ "name": "Badge", "endpoint": "/Badges", "schema": BADGE,
        "schemaExtensions": [{ "schema": COLOR, "required": false }] }))
}

fn users() -> ResourceTypeDraft {
    resource_type(json!({ "name": "User", "endpoint": "/Users", "schema": core::USER, "schemaExtensions": [
        { "schema": core::ENTERPRISE_USER, "required": false }, { "schema": COLOR, "required": false }] }))
}

fn custom() -> Custom {
    let badge = draft(json!({ "id": BADGE, "name": "Badge", "attributes": [
        { "name": "number", "type": "integer", "indexed": true, "uniqueness": "server" },
        { "name": "stays", "type": "complex", "multiValued": true, "subAttributes": [
            { "name": "from", "type": "dateTime", "indexed": true }] }] }));
    let color = draft(json!({ "id": COLOR, "name": "Color", "attributes": [
        { "name": "name", "uniqueness": "server", "caseExact": true }, { "name": "pin", "mutability": "writeOnly" }] }));
    let index = |number, schema: &str, path: &str, is_ready| Index {
        number,
        schema: schema.to_ascii_lowercase(),
        path: path.into(),
        is_ready,
    };
    Custom {
        schemas: vec![badge, color],
        types: vec![CustomType { key: 100, draft: badges() }, CustomType { key: 1, draft: users() }],
        indexes: vec![
            index(1000, BADGE, "number", true),
            index(1001, BADGE, "stays.from", false),
            index(1002, COLOR, "", true),
        ],
    }
}

fn registry() -> Arc<Registry> {
    Registry::with(&custom(), 1).unwrap()
}

#[test]
fn a_type_of_the_tenants_own_is_a_type_like_the_others() {
    let registry = registry();
    let badge = registry.type_at("Badges").unwrap();

    assert_eq!((badge.key, badge.id_prefix, badge.name.as_str()), (100, *b"res", "Badge"));
    assert_eq!(registry.type_keyed(100), Some(badge));
    assert_eq!(registry.type_named("User").unwrap().extensions.len(), 2);
    let urns: Vec<&str> = registry.schemas().iter().map(|schema| schema.id.as_str()).collect();
    assert_eq!(urns, [core::USER, core::ENTERPRISE_USER, COLOR, core::GROUP, BADGE]);
}

#[test]
fn indexed_attributes_have_the_numbers_that_they_were_given() {
    let registry = registry();
    let badge = registry.type_named("Badge").unwrap();
    let body = json!({ "number": 7, "stays": [{ "from": "2026-01-31T14:00:00+01:30" }], COLOR: { "name": "Red" } });

    let document = Resource::read(badge, body).unwrap().document;

    let rows = document.indexed_values(badge);
    let rows: Vec<String> = rows.iter().map(|(number, value)| format!("{number} {value}")).collect();
    assert_eq!(rows, ["1000 7", "1001 2026-01-31T12:30:00.000Z", "1002 "]);
    let stays = badge.schema.attribute("stays").unwrap();
    assert!(stays.sub_attributes[0].index_in_making && !badge.schema.attributes[0].index_in_making);
}

#[test]
fn unique_values_are_those_of_all_schemas() {
    let registry = registry();
    let badge = registry.type_named("Badge").unwrap();
    let document = Resource::read(badge, json!({ "number": 7, COLOR: { "name": "Red" } })).unwrap().document;

    let unique = document.unique_values(badge);

    assert_eq!(unique, [("number".into(), "7".into()), (format!("{COLOR}:name"), "Red".into())]);
}

#[test]
fn what_is_never_returned_is_hidden_from_whoever_reads_changes() {
    let registry = registry();
    let badge = registry.type_named("Badge").unwrap();
    let read = |body| Resource::read(badge, body).unwrap().document;
    let document = read(json!({ "number": 7, COLOR: { "name": "Red", "pin": "1234" } }));

    let shown = document.without_hidden(badge).unwrap();

    assert_eq!(shown, read(json!({ "number": 7, COLOR: { "name": "Red" } })));
    assert_eq!(document.without_hidden(core::registry().type_named("User").unwrap()), None);
}

#[test]
fn a_document_that_was_stored_before_can_be_held_against_a_narrower_schema() {
    let registry = registry();
    let badge = registry.type_named("Badge").unwrap();
    let document = Resource::read(badge, json!({ "number": 7 })).unwrap().document;
    let mut narrower = custom();
    narrower.schemas[0].attributes[1].required = Some(true);
    let narrower = Registry::with(&narrower, 2).unwrap();

    assert_eq!(document.check(badge), Ok(()));
    let refusal = document.check(narrower.type_named("Badge").unwrap()).unwrap_err();
    assert_eq!(refusal.to_string(), "stays: is required and must not be empty");
}

#[test]
fn everything_that_is_wrong_with_a_resource_type_is_told_at_once() {
    let is_known = |urn: &str| [BADGE, COLOR, core::USER, core::ENTERPRISE_USER].contains(&urn);
    let refusals = |json: Json| told(&resource_type(json).check(is_known).unwrap_err());

    assert_eq!(badges().check(is_known), Ok(()));
    insta::assert_snapshot!(refusals(json!({ "name": "a b", "endpoint": "Badges", "schema": "urn:example:2.0:Other",
        "schemaExtensions": [
            { "schema": "urn:example:2.0:Other2", "required": false }, { "schema": core::USER, "required": false },
            { "schema": COLOR, "required": false }, { "schema": COLOR, "required": true },
            { "schema": "urn:ietf:params:scim:schemas:core:2.0:Schema", "required": true }] })));
    insta::assert_snapshot!(refusals(json!({ "name": "Schema", "endpoint": "/bulk", "schema": core::USER })));
    insta::assert_snapshot!(refusals(json!({ "name": "A", "endpoint": "/A/B", "schema": BADGE })));
}

#[test]
fn an_extension_whose_urn_looks_like_an_attribute_of_another_schema_is_refused() {
    let wanted = resource_type(json!({ "name": "Badge", "endpoint": "/Badges", "schema": BADGE,
        "schemaExtensions": [{ "schema": format!("{BADGE}:color"), "required": false }] }));

    let flaws = wanted.check(|_| true).unwrap_err();

    assert_eq!(
        told(&flaws),
        "schemaExtensions.0.schema: Value error, an attribute of urn:example:2.0:Badge could not be told from this schema"
    );
}

#[test]
fn a_built_in_type_gets_extensions_and_nothing_else() {
    let registry = core::registry();
    let user = registry.type_named("User").unwrap();

    assert_eq!(users().check_built_in(user, |_| true), Ok(()));
    let other = resource_type(json!({ "name": "Person", "endpoint": "/People", "schema": BADGE, "description": "x" }));
    insta::assert_snapshot!(told(&other.check_built_in(user, |_| true).unwrap_err()));
}
