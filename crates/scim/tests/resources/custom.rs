//! A resource type that a tenant might define: all data types and characteristics that the
//! built-in ones do not use.

use std::sync::Arc;

use scim::Version;
use scim::json::Json;
use scim::projection::Projection;
use scim::resource::{Representation, Resource, render};
use scim::schema::{Extension, ResourceType};
use serde_json::json;

use super::{BASE_URL, id};

fn attribute(name: &str, kind: &str, more: &Json) -> Json {
    let mut attribute = json!({"name": name, "type": kind, "multiValued": false, "required": false,
        "mutability": "readWrite", "returned": "default"});
    let (known, more) = (attribute.as_object_mut().unwrap(), more.as_object().unwrap());
    known.extend(more.clone());
    attribute
}

/// Badges: `number` is required, and so are the `from` of a `stays` and the extension `Color`.
fn badge() -> ResourceType {
    let stays = [
        attribute("from", "dateTime", &json!({"required": true, "indexed": 200})),
        attribute("doors", "integer", &json!({"multiValued": true})),
        attribute("note", "string", &json!({"returned": "request"})),
    ];
    let attributes = [
        attribute("number", "integer", &json!({"required": true, "returned": "always", "indexed": 201})),
        attribute("weight", "decimal", &json!({})),
        attribute("issued", "dateTime", &json!({})),
        attribute("photo", "binary", &json!({"returned": "request"})),
        attribute("pin", "string", &json!({"mutability": "writeOnly", "returned": "never"})),
        attribute("tags", "string", &json!({"multiValued": true, "caseExact": true, "indexed": 202})),
        attribute("stays", "complex", &json!({"multiValued": true, "subAttributes": stays})),
    ];
    let color = json!({"id": "urn:example:2.0:Color", "name": "Color",
        "attributes": [attribute("name", "string", &json!({}))]});
    let schema = json!({"id": "urn:example:2.0:Badge", "name": "Badge", "attributes": attributes});
    ResourceType {
        key: 100,
        id_prefix: *b"res",
        name: "Badge".into(),
        endpoint: "/Badges".into(),
        description: "Badges".into(),
        schema: Arc::new(serde_json::from_value(schema).unwrap()),
        extensions: vec![Extension { schema: Arc::new(serde_json::from_value(color).unwrap()), required: true }],
    }
}

fn read(attributes: &Json) -> Result<Resource, String> {
    let mut body = json!({"number": 7, "urn:example:2.0:Color": {"name": "red"}});
    body.as_object_mut().unwrap().extend(attributes.as_object().unwrap().clone());
    Resource::read(&badge(), body).map_err(|error| error.to_string())
}

fn shown(attributes: &Json, asked_for: Option<&str>) -> Json {
    let resource = read(attributes).unwrap();
    let representation = Representation {
        resource_type: Arc::new(badge()),
        id: id(*b"res", 1),
        version: Version::FIRST,
        created: 0,
        modified: 0,
        body: resource.document.to_body(id(*b"res", 1)),
        members: None,
        member_of: None,
    };
    let projection = Projection::from_query(asked_for, Some("meta")).unwrap();
    let mut shown: Json = serde_json::from_str(&render(&representation, BASE_URL, &projection).unwrap()).unwrap();
    for name in ["schemas", "id", "urn:example:2.0:Color"] {
        shown.as_object_mut().unwrap().remove(name);
    }
    shown
}

#[test]
fn values_of_each_data_type_come_back_as_sent() {
    let badge = json!({"number": -5, "weight": 1.5e300, "issued": "2026-01-31T14:00:00+01:30", "tags": ["a", "A"],
        "stays": [{"from": "2026-01-31T12:30:00Z", "doors": [1, 2]}]});

    assert_eq!(shown(&badge, None), badge);
}

#[test]
fn wrong_values_of_each_data_type_are_refused() {
    let refusals: Vec<String> = [
        json!({"number": 1.5}),
        json!({"number": "7"}),
        json!({"weight": "heavy"}),
        json!({"issued": 1_769_862_600}),
        json!({"issued": "2026-01-31"}),
        json!({"tags": ["a", 5]}),
        json!({"stays": [{"from": "2026-01-31T12:30:00Z"}, {"doors": [1]}]}),
        json!({"stays": [{"from": "2026-01-31T12:30:00Z", "doors": [1, "two"]}]}),
        json!({"number": null}),
        json!({"urn:example:2.0:Color": null}),
        json!({"urn:example:2.0:Color": {"name": null}}),
    ]
    .iter()
    .map(|body| read(body).unwrap_err())
    .collect();

    insta::assert_snapshot!(refusals.join("\n"), @r#"
    number: expected a whole number, got 1.5
    number: expected a whole number, got the string '7'
    weight: expected a number, got the string 'heavy'
    issued: expected a date and time such as "2026-01-31T12:30:00Z", got 1769862600
    issued: expected a date and time such as "2026-01-31T12:30:00Z", got the string '2026-01-31'
    tags: expected a string, got 5 (in value 2)
    stays.from: is required and must not be empty
    stays.doors: expected a whole number, got the string 'two' (in value 2) (in value 1)
    number: is required and must not be empty
    urn:example:2.0:Color: is required: a value of this extension is missing
    urn:example:2.0:Color: is required: a value of this extension is missing
    "#);
}

#[test]
fn an_attribute_is_shown_as_its_characteristic_returned_says() {
    let badge = json!({"photo": "QUJD", "pin": "1234", "tags": ["a"],
        "stays": [{"from": "2026-01-31T12:30:00Z", "note": "late"}]});

    let stays = json!([{"from": "2026-01-31T12:30:00Z"}]);
    assert_eq!(shown(&badge, None), json!({"number": 7, "tags": ["a"], "stays": stays}));
    assert_eq!(shown(&badge, Some("photo,pin")), json!({"number": 7, "photo": "QUJD"}));
    assert_eq!(shown(&badge, Some("stays")), json!({"number": 7, "stays": stays}));
    assert_eq!(shown(&badge, Some("stays.note")), json!({"number": 7, "stays": [{"note": "late"}]}));
}

#[test]
fn the_index_holds_times_in_utc_and_exact_text_as_it_is() {
    let badge = json!({"tags": ["B", "b"], "stays": [{"from": "2026-01-31T14:00:00+01:30"}]});

    let rows = read(&badge).unwrap().document.indexed_values(&self::badge());

    let rows: Vec<String> = rows.iter().map(|(number, value)| format!("{number} {value}")).collect();
    assert_eq!(rows, ["200 2026-01-31T12:30:00.000Z", "201 7", "202 B", "202 b"]);
}
