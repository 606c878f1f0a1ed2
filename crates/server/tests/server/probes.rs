//! A matching probe is never lied to: for every attribute of every built-in type, every operator and
//! operands of every kind, a filter finds what it describes, or it is refused with the reason. An empty
//! list for a filter that was not understood would make a client create the user again.

use scim::fold::fold;
use scim::schema::{Attribute, Kind, Mutability, Relation, ResourceType, Returned, core};
use serde_json::{Map, Value, json};

use crate::harness::Harness;
use crate::transcript::percent_encoded;

const OPERATORS: [&str; 9] = ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"];

/// What a filter can name: a path, what it means, and the values there of the resource that is looked for.
struct Place<'a> {
    path: String,
    /// The attribute that is compared; `None` for complex ones without a `value`.
    compared: Option<&'a Attribute>,
    is_hidden: bool,
    values: Vec<Value>,
    /// Whether there is anything at all.
    is_present: bool,
}

/// What must come of a filter.
#[derive(Debug, PartialEq)]
enum Outcome {
    Found(bool),
    Refused,
}

/// A value for every attribute that a client may set, made from the schema.
fn everything(attributes: &[Attribute]) -> Map<String, Value> {
    let settable = |attribute: &&Attribute| {
        attribute.mutability != Mutability::ReadOnly && attribute.relation.is_none() && attribute.name != "schemas"
    };
    let filled = attributes.iter().filter(settable).map(|attribute| (attribute.name.clone(), value_of(attribute)));
    filled.collect()
}

fn value_of(attribute: &Attribute) -> Value {
    let value = match attribute.kind {
        Kind::String => json!(format!("Some {}", attribute.name)),
        Kind::Boolean => json!(true),
        Kind::Decimal => json!(1.5),
        Kind::Integer => json!(7),
        Kind::DateTime => json!("2026-01-31T12:30:00Z"),
        Kind::Reference => json!(format!("https://x.example/Some-{}", attribute.name)),
        Kind::Binary => json!("QUJDRA=="),
        Kind::Complex => Value::Object(everything(&attribute.sub_attributes)),
    };
    if attribute.multi_valued { json!([value]) } else { value }
}

fn places<'a>(resource_type: &'a ResourceType, resource: &Value) -> Vec<Place<'a>> {
    let mut places = Vec::new();
    for name in ["schemas", "id", "externalId", "meta"] {
        add_places(core::common_attribute(name).unwrap(), name, &resource[name], &mut places);
    }
    for attribute in &resource_type.schema.attributes {
        add_places(attribute, &attribute.name, &resource[&attribute.name], &mut places);
    }
    for extension in &resource_type.extensions {
        let urn = &extension.schema.id;
        for attribute in &extension.schema.attributes {
            let values = &resource[urn][&attribute.name];
            add_places(attribute, &format!("{urn}:{}", attribute.name), values, &mut places);
            add_places(attribute, &attribute.name, values, &mut places);
        }
    }
    places
}

fn add_places<'a>(attribute: &'a Attribute, path: &str, value: &Value, places: &mut Vec<Place<'a>>) {
    let elements: Vec<Value> = match value {
        Value::Null => Vec::new(),
        Value::Array(elements) => elements.clone(),
        one => vec![one.clone()],
    };
    let parts = |name: &str| elements.iter().filter_map(|element| element.get(name).cloned()).collect::<Vec<_>>();
    let is_hidden = attribute.returned == Returned::Never;
    let is_complex = attribute.kind == Kind::Complex;
    places.push(Place {
        path: path.to_owned(),
        compared: if is_complex { attribute.sub_attribute("value") } else { Some(attribute) },
        is_hidden,
        values: if is_complex { parts("value") } else { elements.clone() },
        is_present: !elements.is_empty(),
    });
    for sub in &attribute.sub_attributes {
        let values = parts(&sub.name);
        let is_present = !values.is_empty();
        places.push(Place { path: format!("{path}.{}", sub.name), compared: Some(sub), is_hidden, values, is_present });
    }
}

/// Operands to try, as they stand in a filter: the values there, other values of that kind, and others.
fn operands(place: &Place<'_>) -> Vec<Value> {
    let swapped = |text: &str| -> String {
        text.chars().map(|c| if c.is_uppercase() { c.to_ascii_lowercase() } else { c.to_ascii_uppercase() }).collect()
    };
    let mut operands = vec![json!("nothing"), json!(true), json!(false), json!(12345), json!(1.5), Value::Null];
    operands.extend([json!("2000-01-01T00:00:00Z"), json!("True"), json!("")]);
    for value in place.values.iter().take(2) {
        operands.push(value.clone());
        if let Value::String(text) = value {
            let half = text.len() / 2;
            operands.extend([json!(swapped(text)), json!(text[..half]), json!(text[half..]), json!(text[1..=half])]);
        }
    }
    operands
}

/// What RFC 7644 §3.4.2.2 says of it, in the plainest of words.
fn expected(place: &Place<'_>, operator: &str, operand: &Value) -> Outcome {
    if place.is_hidden {
        return Outcome::Refused;
    }
    if operand.is_null() {
        return match operator {
            "eq" => Outcome::Found(!place.is_present),
            "ne" => Outcome::Found(place.is_present),
            _ => Outcome::Refused,
        };
    }
    let Some(attribute) = place.compared else { return Outcome::Refused };
    let by_order = matches!(operator, "gt" | "ge" | "lt" | "le");
    let by_text = matches!(operator, "co" | "sw" | "ew");
    let fits = match attribute.kind {
        Kind::Boolean => !by_order && !by_text,
        Kind::Binary => !by_order,
        Kind::DateTime | Kind::Integer | Kind::Decimal => !by_text,
        Kind::String | Kind::Reference | Kind::Complex => true,
    };
    let Some(operand) = comparable(attribute, operand).filter(|_| fits) else { return Outcome::Refused };
    let holds = |value: &Value| {
        let value = comparable(attribute, value).unwrap();
        match operator {
            "eq" => value == operand,
            "ne" => value != operand,
            "co" => value.contains(&operand),
            "sw" => value.starts_with(&operand),
            "ew" => value.ends_with(&operand),
            "gt" => value > operand,
            "ge" => value >= operand,
            "lt" => value < operand,
            _ => value <= operand,
        }
    };
    let none = place.values.is_empty() && operator == "ne";
    Outcome::Found(none || place.values.iter().any(holds))
}

/// A value as a text that is equal, or comes before another, as the values do; `None` when it is not of
/// the attribute's kind, nor taken for it.
fn comparable(attribute: &Attribute, value: &Value) -> Option<String> {
    match (attribute.kind, value) {
        (Kind::Boolean, Value::Bool(value)) => Some(value.to_string()),
        (Kind::Boolean, Value::String(text)) => {
            Some(text.to_ascii_lowercase()).filter(|text| text == "true" || text == "false")
        }
        (Kind::DateTime, Value::String(text)) => {
            scim::time::parse(text).ok().map(|instant| format!("{:020}", instant + 1_000_000_000_000_000))
        }
        (Kind::String, Value::Bool(_)) => comparable(attribute, &json!(value.to_string())),
        (Kind::String, Value::Number(number)) if !number.is_f64() => comparable(attribute, &json!(number.to_string())),
        (Kind::String | Kind::Reference, Value::String(text)) if !attribute.case_exact => Some(fold(text)),
        (Kind::String | Kind::Reference | Kind::Binary, Value::String(text)) => Some(text.clone()),
        _ => None,
    }
}

/// Asks for resources, and says whether the one with that id is among them.
async fn ask(harness: &Harness, endpoint: &str, filter: &str, id: &str) -> Outcome {
    let query = percent_encoded(filter, |_| false);
    let answer = harness.get(&format!("{endpoint}?attributes=id&count=1000&filter={query}")).await;
    if answer.status == 400 {
        assert_eq!(answer.scim_error(), "400 invalidFilter", "{filter}: {}", answer.body);
        return Outcome::Refused;
    }
    assert_eq!(answer.status, 200, "{filter}: {}", answer.body);
    let list = answer.json();
    let found = list["Resources"].as_array().unwrap();
    assert_eq!(list["totalResults"], found.len(), "{filter}");
    Outcome::Found(found.iter().any(|resource| resource["id"] == id))
}

/// A resource of that type with a value for everything, and its id.
async fn create_full(harness: &Harness, resource_type: &ResourceType) -> String {
    let mut body = everything(&resource_type.schema.attributes);
    body.insert("externalId".into(), json!("Ext-1"));
    for extension in &resource_type.extensions {
        body.insert(extension.schema.id.clone(), Value::Object(everything(&extension.schema.attributes)));
    }
    if resource_type.relation(Relation::Members).is_some() {
        let member = harness.create("/Users", r#"{"userName":"member","displayName":"Some Member"}"#).await;
        body.insert("members".into(), json!([{ "value": member }]));
    }
    let id = harness.create(&resource_type.endpoint, &Value::Object(body).to_string()).await;
    if resource_type.relation(Relation::MemberOf).is_some() {
        harness
            .create("/Groups", &json!({ "displayName": "Some Staff", "members": [{ "value": id }] }).to_string())
            .await;
    }
    id
}

#[tokio::test]
async fn every_attribute_and_operator_finds_what_it_describes_or_is_refused() {
    let harness = Harness::new().await;
    let mut asked = 0;
    for resource_type in core::registry().types() {
        let id = create_full(&harness, resource_type).await;
        let endpoint = &resource_type.endpoint;
        let resource = harness.get(&format!("{endpoint}/{id}")).await.json();
        for place in places(resource_type, &resource) {
            let path = &place.path;
            let present = if place.is_hidden { Outcome::Refused } else { Outcome::Found(place.is_present) };
            assert_eq!(ask(&harness, endpoint, &format!("{path} pr"), &id).await, present, "{path} pr");
            for unknown in
                [format!("{path}x eq \"x\""), format!("{path}.colour eq \"x\""), format!("{path} like \"x\"")]
            {
                assert_eq!(ask(&harness, endpoint, &unknown, &id).await, Outcome::Refused, "{unknown}");
            }
            for operator in OPERATORS {
                for operand in operands(&place) {
                    let filter = format!("{path} {operator} {operand}");
                    let expected = expected(&place, operator, &operand);
                    assert_eq!(ask(&harness, endpoint, &filter, &id).await, expected, "{filter}\n{resource:#}");
                    asked += 1;
                }
            }
        }
    }
    assert!(asked > 10_000, "{asked}");
}

#[tokio::test]
async fn every_attribute_together_with_the_id_is_a_probe_for_one_resource() {
    let harness = Harness::new().await;
    for resource_type in core::registry().types() {
        let id = create_full(&harness, resource_type).await;
        let endpoint = &resource_type.endpoint;
        let resource = harness.get(&format!("{endpoint}/{id}")).await.json();
        for place in places(resource_type, &resource).iter().filter(|place| !place.is_hidden) {
            for value in &place.values {
                let filter = format!("id eq \"{id}\" and {} eq {value}", place.path);
                assert_eq!(ask(&harness, endpoint, &filter, &id).await, Outcome::Found(true), "{filter}");
                let filter = format!("id eq \"{id}\" and not ({} eq {value})", place.path);
                assert_eq!(ask(&harness, endpoint, &filter, &id).await, Outcome::Found(false), "{filter}");
            }
        }
    }
}

#[tokio::test]
async fn a_refusal_says_what_is_wrong_with_the_filter() {
    let harness = Harness::new().await;
    for (endpoint, filter, words) in [
        ("/Users", "colour eq \"red\"", "User has no attribute 'colour'"),
        ("/Users", "password eq \"x\"", "password cannot be filtered by"),
        ("/Users", "active gt true", "a boolean can be compared with eq and ne only"),
        ("/Users", "name eq \"x\"", "name is complex: compare a sub-attribute, such as name.formatted"),
        ("/Users", "userName eq 1.5", "expected a string in double quotes, found 1.5"),
        ("/Users", "userName like \"x\"", "expected one of the operators eq, ne, co, sw, ew, pr, gt, ge, lt, le"),
        ("/Groups", "userName eq \"x\"", "Group has no attribute 'userName'"),
    ] {
        let answer = harness.get(&format!("{endpoint}?filter={}", percent_encoded(filter, |_| false))).await;
        assert_eq!(answer.scim_error(), "400 invalidFilter", "{filter}");
        assert!(answer.json()["detail"].as_str().unwrap().contains(words), "{filter}: {}", answer.body);
    }
}
