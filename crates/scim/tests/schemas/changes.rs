//! What a change of definitions means for resources that are there.

use std::sync::Arc;

use scim::json::Json;
use scim::schema::{Custom, CustomType, Index, Registry, TypeChange, core};
use serde_json::json;

use crate::draft;

const BADGE: &str = "urn:example:2.0:Badge";
const COLOR: &str = "urn:example:2.0:Color";

/// Badges with these attributes, extended by colors with those, if any.
fn registry(attributes: Json, color: Option<Json>, required: bool) -> Arc<Registry> {
    let mut schemas = vec![draft(json!({ "id": BADGE, "name": "Badge", "attributes": attributes }))];
    let mut extensions = Vec::new();
    if let Some(attributes) = color {
        schemas.push(draft(json!({ "id": COLOR, "name": "Color", "attributes": attributes })));
        extensions.push(json!({ "schema": COLOR, "required": required }));
    }
    let badge = json!({ "name": "Badge", "endpoint": "/Badges", "schema": BADGE, "schemaExtensions": extensions });
    let types = vec![CustomType { key: 100, draft: serde_json::from_value(badge).unwrap() }];
    let presence = Index { number: 1000, schema: COLOR.to_ascii_lowercase(), path: String::new(), is_ready: true };
    Registry::with(&Custom { schemas, types, indexes: vec![presence] }, 1).unwrap()
}

fn plain(attributes: Json) -> Arc<Registry> {
    registry(attributes, None, false)
}

fn change(before: &Registry, after: &Registry) -> Option<TypeChange> {
    let mut changes = before.changes_to(after);
    assert!(changes.len() < 2);
    changes.pop()
}

#[test]
fn what_adds_or_widens_does_not_matter_to_what_is_there() {
    let before = plain(json!([
        { "name": "number", "required": true, "canonicalValues": ["a", "b"], "mutability": "immutable" },
        { "name": "stays", "type": "complex", "subAttributes": [{ "name": "from", "required": true }] },
    ]));
    let after = plain(json!([
        { "name": "added", "type": "integer", "uniqueness": "server" },
        { "name": "kept", "mutability": "readOnly", "required": true },
        { "name": "stays", "type": "complex", "subAttributes": [{ "name": "from" }, { "name": "to" }] },
        { "name": "number", "description": "n", "canonicalValues": ["c", "b", "a"], "indexed": true },
    ]));

    assert_eq!(change(&before, &after), None);
    assert_eq!(change(&before, &before), None);
}

#[test]
fn what_goes_or_becomes_another_is_lost() {
    let before = plain(json!([
        { "name": "gone" }, { "name": "kind" }, { "name": "many" }, { "name": "exact" }, { "name": "spelling" },
        { "name": "stays", "type": "complex", "subAttributes": [{ "name": "from" }, { "name": "to" }] },
    ]));
    let after = plain(json!([
        { "name": "kind", "type": "integer" }, { "name": "many", "multiValued": true },
        { "name": "exact", "caseExact": true }, { "name": "Spelling" },
        { "name": "stays", "type": "complex", "subAttributes": [{ "name": "from" }] },
    ]));

    let change = change(&before, &after).unwrap();

    assert_eq!(change.lost, ["gone", "kind", "many", "exact", "spelling", "stays.to"]);
    assert!(change.lost_of_extensions.is_empty() && !change.is_narrower);
}

#[test]
fn what_asks_for_more_is_narrower() {
    let before = json!([{ "name": "a" }, { "name": "b", "canonicalValues": ["x", "y"] }]);
    let asks_for_more = [
        json!([{ "name": "a", "required": true }, { "name": "b", "canonicalValues": ["x", "y"] }]),
        json!([{ "name": "a", "canonicalValues": ["x"] }, { "name": "b", "canonicalValues": ["x", "y"] }]),
        json!([{ "name": "a" }, { "name": "b", "canonicalValues": ["x"] }]),
        json!([{ "name": "a" }, { "name": "b", "canonicalValues": ["x", "y"] }, { "name": "c", "required": true }]),
    ];

    for after in asks_for_more {
        assert!(change(&plain(before.clone()), &plain(after.clone())).unwrap().is_narrower, "{after}");
    }
}

#[test]
fn extensions_are_looked_at_one_by_one() {
    let number = || json!([{ "name": "number" }]);
    let color = || Some(json!([{ "name": "name" }, { "name": "shade" }]));
    let extended = registry(number(), color(), false);

    let gone = change(&extended, &plain(number())).unwrap();
    let less = change(&extended, &registry(number(), Some(json!([{ "name": "name" }])), false)).unwrap();

    let [gone] = &gone.lost_of_extensions[..] else { panic!() };
    assert_eq!((gone.urn.as_str(), gone.presence, &gone.attributes[..]), (COLOR, Some(1000), &[COLOR.to_owned()][..]));
    assert_eq!(less.lost_of_extensions[0].attributes, [format!("{COLOR}:shade")]);
    assert_eq!(change(&plain(number()), &extended), None);
    assert!(change(&extended, &registry(number(), color(), true)).unwrap().is_narrower);
    assert!(change(&plain(number()), &registry(number(), color(), true)).unwrap().is_narrower);
}

#[test]
fn what_becomes_unique_or_free_is_named() {
    let unique = |names: &[&str]| {
        let of = |name: &str| if names.contains(&name) { "server" } else { "none" };
        registry(
            json!([{ "name": "a", "uniqueness": of("a") }]),
            Some(json!([{ "name": "b", "uniqueness": of("b") }])),
            false,
        )
    };

    let change = change(&unique(&["a"]), &unique(&["b"])).unwrap();

    assert_eq!(change.newly_unique, [format!("{COLOR}:b")]);
    assert_eq!(change.no_longer_unique, ["a"]);
}

#[test]
fn a_type_that_goes_takes_everything_with_it() {
    let before = plain(json!([{ "name": "a" }]));
    let after = Registry::with(&Custom::default(), 2).unwrap();

    assert_eq!(change(&before, &after).unwrap().after, None);
}

#[test]
fn a_schema_wants_the_indexes_that_its_attributes_name() {
    let schema = |id: &str, attributes: Json| draft(json!({ "id": id, "name": "x", "attributes": attributes }));
    let own = schema(
        BADGE,
        json!([
            { "name": "Number", "indexed": true }, { "name": "plain", "indexed": false },
            { "name": "stays", "type": "complex", "subAttributes": [{ "name": "From", "indexed": true }] },
        ]),
    );
    let emails = json!({ "name": "emails", "subAttributes": [{ "name": "value", "indexed": true }] });
    let user = schema(core::USER, json!([emails, { "name": "title", "indexed": true }]));

    let wanted = Custom { schemas: vec![own, user], ..Custom::default() }.wanted_indexes();

    let wanted: Vec<(&str, &str)> =
        wanted.iter().map(|(urn, path)| (urn.rsplit(':').next().unwrap(), &**path)).collect();
    assert_eq!(wanted, [("badge", ""), ("badge", "number"), ("badge", "stays.from"), ("user", "title")]);
}
