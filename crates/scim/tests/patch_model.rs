//! PATCH agrees with a slow, obvious model, on random users and operations.
//!
//! The model keeps a user as plain maps and knows what each operation means from how it was made;
//! paths, filters, schemas and canonical forms are seen by the real thing only.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use scim::dialect::Dialect;
use scim::json::Json;
use scim::patch::plan;
use scim::resource::{Document, Resource};
use scim::schema::core;
use scim::{ResourceId, ScimError};
use serde_json::json;

/// One value of a multi-valued attribute, part by part.
type Value = BTreeMap<String, Json>;

/// Attributes with one value by their path, and those with many.
#[derive(Debug, Clone, Default, PartialEq)]
struct Model {
    single: BTreeMap<String, Json>,
    many: BTreeMap<String, Vec<Value>>,
}

const DEPARTMENT: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";
const SINGLE: [&str; 6] = ["title", "displayName", "externalId", "name.givenName", "name.familyName", DEPARTMENT];
const MANY: [&str; 2] = ["emails", "addresses"];

/// Which values an operation is about.
#[derive(Debug, Clone)]
enum Which {
    Is { part: String, text: String },
    IsNot { part: String, text: String },
    Has { part: String },
    Both(Box<Which>, Box<Which>),
    Either(Box<Which>, Box<Which>),
}

impl Which {
    fn selects(&self, value: &Value) -> bool {
        let is = |part: &str, text: &str| match value.get(part) {
            Some(Json::String(there)) => there.eq_ignore_ascii_case(text),
            Some(Json::Bool(there)) => there.to_string().eq_ignore_ascii_case(text),
            _ => false,
        };
        match self {
            Self::Is { part, text } => is(part, text),
            Self::IsNot { part, text } => !is(part, text),
            Self::Has { part } => value.get(part).is_some_and(|there| there != ""),
            Self::Both(one, other) => one.selects(value) && other.selects(value),
            Self::Either(one, other) => one.selects(value) || other.selects(value),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Is { part, text } => format!("{part} eq \"{text}\""),
            Self::IsNot { part, text } => format!("not ({part} eq \"{text}\")"),
            Self::Has { part } => format!("{part} pr"),
            Self::Both(one, other) => format!("({}) and ({})", one.text(), other.text()),
            Self::Either(one, other) => format!("{} or {}", one.text(), other.text()),
        }
    }

    /// The value that this describes, if it describes one.
    fn described(&self) -> Option<Value> {
        let value = self.terms()?;
        self.selects(&value).then_some(value)
    }

    fn terms(&self) -> Option<Value> {
        match self {
            Self::Is { part, text } if part == "primary" => {
                Some(Value::from([(part.clone(), Json::Bool(text.eq_ignore_ascii_case("true")))]))
            }
            Self::Is { part, text } => Some(Value::from([(part.clone(), Json::from(text.as_str()))])),
            Self::Both(one, other) => {
                let mut value = one.terms()?;
                value.extend(other.terms()?);
                Some(value)
            }
            Self::IsNot { .. } | Self::Has { .. } | Self::Either(..) => None,
        }
    }
}

#[derive(Debug, Clone)]
enum Operation {
    /// Path, text or `null`, whether by a key of a value without path.
    Set(&'static str, Option<String>, bool),
    Unset(&'static str),
    /// givenName and familyName: a text, `null`, or `false` for not named.
    MergeName([Json; 2]),
    Append(&'static str, Vec<Value>),
    ReplaceAll(&'static str, Vec<Value>),
    RemoveAll(&'static str),
    RemoveListed(&'static str, Vec<Value>),
    RemoveWhere(&'static str, Which),
    AddWhere(&'static str, Which, Value),
    ReplaceWhere(&'static str, Which, Value),
    SetPart(&'static str, Option<Which>, String, Json, bool),
    RemovePart(&'static str, Option<Which>, String),
}

impl Operation {
    fn json(&self) -> Json {
        match self {
            Self::Set(path, value, false) => json!({ "op": "replace", "path": path, "value": value }),
            Self::Set(path, value, true) => json!({ "op": "add", "value": { (*path): value } }),
            Self::Unset(path) | Self::RemoveAll(path) => json!({ "op": "remove", "path": path }),
            Self::MergeName(values) => {
                let parts = ["givenName", "familyName"].map(str::to_owned).into_iter().zip(values.clone());
                let name = Json::Object(parts.filter(|(_, value)| !value.is_boolean()).collect());
                json!({ "op": "replace", "path": "name", "value": name })
            }
            Self::Append(path, values) => json!({ "op": "add", "path": path, "value": values }),
            Self::ReplaceAll(path, values) => json!({ "op": "replace", "path": path, "value": values }),
            Self::RemoveListed(path, values) => json!({ "op": "remove", "path": path, "value": values }),
            Self::RemoveWhere(path, which) => json!({ "op": "remove", "path": format!("{path}[{}]", which.text()) }),
            Self::AddWhere(path, which, value) => {
                json!({ "op": "add", "path": format!("{path}[{}]", which.text()), "value": value })
            }
            Self::ReplaceWhere(path, which, value) => {
                json!({ "op": "replace", "path": format!("{path}[{}]", which.text()), "value": value })
            }
            Self::SetPart(path, which, part, value, add) => {
                let op = if *add { "add" } else { "replace" };
                json!({ "op": op, "path": part_path(path, which.as_ref(), part), "value": value })
            }
            Self::RemovePart(path, which, part) => {
                json!({ "op": "remove", "path": part_path(path, which.as_ref(), part) })
            }
        }
    }
}

fn part_path(path: &str, which: Option<&Which>, part: &str) -> String {
    match which {
        Some(which) => format!("{path}[{}].{part}", which.text()),
        None => format!("{path}.{part}"),
    }
}

/// The outcome that the model foresees of what goes wrong.
#[derive(Debug, PartialEq)]
enum Refusal {
    NoTarget,
    TwoPrimary,
}

impl Model {
    fn of(document: &Document) -> Self {
        let body: Json = serde_json::from_str(&document.to_body(ResourceId::new(*b"usr", 1))).unwrap();
        let mut model = Self::default();
        for path in SINGLE {
            let pointer = match path.rsplit_once(':') {
                Some((urn, name)) => format!("/{urn}/{name}"),
                None => format!("/{}", path.replace('.', "/")),
            };
            if let Some(value) = body.pointer(&pointer) {
                model.single.insert(path.into(), value.clone());
            }
        }
        for path in MANY {
            if let Some(values) = body.get(path) {
                model.many.insert(path.into(), serde_json::from_value(values.clone()).unwrap());
            }
        }
        model
    }

    fn set(&mut self, path: &str, value: Option<&String>) {
        match value {
            // An empty externalId names nothing.
            Some(text) if path != "externalId" || !text.is_empty() => self.single.insert(path.into(), json!(text)),
            _ => self.single.remove(path),
        };
    }

    fn run(&mut self, operation: &Operation) -> Result<(), Refusal> {
        match operation {
            Operation::Set(path, value, _) => self.set(path, value.as_ref()),
            Operation::Unset(path) => self.set(path, None),
            Operation::MergeName(values) => {
                for (path, value) in ["name.givenName", "name.familyName"].into_iter().zip(values) {
                    match value {
                        Json::String(text) => self.set(path, Some(text)),
                        Json::Null => self.set(path, None),
                        _ => {}
                    }
                }
            }
            Operation::Append(path, new) => new.iter().for_each(|value| self.append(path, value)),
            Operation::ReplaceAll(path, new) => {
                self.many.insert((*path).into(), each_once(new));
            }
            Operation::RemoveAll(path) => drop(self.many.remove(*path)),
            Operation::RemoveListed(path, listed) => {
                let goes =
                    |value: &Value| listed.iter().any(|parts| parts.iter().all(|(k, v)| value.get(k) == Some(v)));
                self.values(path).retain(|value| !goes(value));
            }
            Operation::RemoveWhere(path, which) => self.values(path).retain(|value| !which.selects(value)),
            Operation::AddWhere(path, which, new) => {
                let made = which.described().map(|mut value| {
                    value.extend(new.clone());
                    value
                });
                self.change(path, Some(which), made, new, false)?;
            }
            Operation::ReplaceWhere(path, which, new) => {
                let mut value = which.described().unwrap_or_default();
                value.extend(new.clone());
                self.change(path, Some(which), None, &value, true)?;
            }
            Operation::SetPart(path, which, part, new, add) => {
                let new = Value::from([(part.clone(), new.clone())]);
                let made = match which {
                    None => Some(new.clone()),
                    Some(which) => which.described().filter(|_| *add).map(|mut value| {
                        value.extend(new.clone());
                        value
                    }),
                };
                self.change(path, which.as_ref(), made, &new, false)?;
            }
            Operation::RemovePart(path, which, part) => {
                for value in self.values(path) {
                    if which.as_ref().is_none_or(|which| which.selects(value)) {
                        value.remove(part);
                    }
                }
            }
        }
        Ok(())
    }

    fn values(&mut self, path: &str) -> &mut Vec<Value> {
        self.many.entry(path.into()).or_default()
    }

    /// Appends one value, or completes the one that is it already.
    fn append(&mut self, path: &str, new: &Value) {
        let values = self.values(path);
        let same = |there: &Value| match (there.get("value"), new.get("value")) {
            (Some(one), Some(other)) => one == other && there.get("type") == new.get("type"),
            _ => there == new,
        };
        let place = values.iter().position(same).unwrap_or_else(|| {
            values.push(Value::new());
            values.len() - 1
        });
        values[place].extend(new.clone());
        self.only_primary(path, new, &[place]);
    }

    fn change(
        &mut self,
        path: &str,
        which: Option<&Which>,
        made: Option<Value>,
        new: &Value,
        replace: bool,
    ) -> Result<(), Refusal> {
        let values = self.values(path);
        let places: Vec<usize> =
            (0..values.len()).filter(|place| which.is_none_or(|which| which.selects(&values[*place]))).collect();
        if places.is_empty() {
            if new.values().all(|value| value == "") {
                return if replace { Err(Refusal::NoTarget) } else { Ok(()) };
            }
            let made = made.ok_or(Refusal::NoTarget)?;
            values.push(made.clone());
            let place = values.len() - 1;
            self.only_primary(path, &made, &[place]);
            return Ok(());
        }
        for place in &places {
            if replace {
                values[*place].clear();
            }
            values[*place].extend(new.clone());
        }
        self.only_primary(path, new, &places);
        Ok(())
    }

    fn only_primary(&mut self, path: &str, new: &Value, places: &[usize]) {
        if new.get("primary") != Some(&json!(true)) {
            return;
        }
        for (place, value) in self.values(path).iter_mut().enumerate() {
            if !places.contains(&place) && value.get("primary") == Some(&json!(true)) {
                value.insert("primary".into(), json!(false));
            }
        }
    }

    /// Leaves out what is unassigned or there twice; two primary values are refused.
    fn finish(mut self) -> Result<Self, Refusal> {
        for values in self.many.values_mut() {
            *values = each_once(values);
            values.retain(|value| !value.is_empty());
            if values.iter().filter(|value| value.get("primary") == Some(&json!(true))).count() > 1 {
                return Err(Refusal::TwoPrimary);
            }
        }
        self.many.retain(|_, values| !values.is_empty());
        Ok(self)
    }
}

fn each_once(values: &[Value]) -> Vec<Value> {
    let is_new = |(place, value): &(usize, &Value)| !values[..*place].contains(value);
    values.iter().enumerate().filter(is_new).map(|(_, value)| value.clone()).collect()
}

fn text() -> impl Strategy<Value = String> {
    proptest::sample::select(vec!["a", "A", "b", "work", ""]).prop_map(str::to_owned)
}

fn part(path: &'static str) -> BoxedStrategy<String> {
    let parts =
        if path == "emails" { vec!["value", "type", "display", "primary"] } else { vec!["country", "type", "region"] };
    proptest::sample::select(parts).prop_map(str::to_owned).boxed()
}

fn part_value(part: &str) -> BoxedStrategy<Json> {
    if part == "primary" { any::<bool>().prop_map(Json::Bool).boxed() } else { text().prop_map(Json::String).boxed() }
}

fn value(path: &'static str) -> impl Strategy<Value = Value> {
    let member = part(path).prop_flat_map(|part| (Just(part.clone()), part_value(&part)));
    proptest::collection::vec(member, 1..4).prop_map(|parts| parts.into_iter().collect())
}

fn values(path: &'static str) -> impl Strategy<Value = Vec<Value>> {
    proptest::collection::vec(value(path), 1..4)
}

fn which(path: &'static str) -> BoxedStrategy<Which> {
    let compared = part(path)
        .prop_flat_map(|part| {
            let text = if part == "primary" {
                proptest::sample::select(vec!["True", "false"]).prop_map(str::to_owned).boxed()
            } else {
                text().boxed()
            };
            (Just(part), text)
        })
        .boxed();
    let leaf = prop_oneof![
        4 => compared.clone().prop_map(|(part, text)| Which::Is { part, text }),
        1 => compared.prop_map(|(part, text)| Which::IsNot { part, text }),
        1 => part(path).prop_map(|part| Which::Has { part }),
    ];
    leaf.prop_recursive(2, 4, 2, |inner| {
        let pair = (inner.clone(), inner).prop_map(|(one, other)| (Box::new(one), Box::new(other)));
        prop_oneof![
            2 => pair.clone().prop_map(|(one, other)| Which::Both(one, other)),
            1 => pair.prop_map(|(one, other)| Which::Either(one, other)),
        ]
    })
    .boxed()
}

fn operation() -> impl Strategy<Value = Operation> {
    let single = proptest::sample::select(&SINGLE[..]);
    let name = || prop_oneof![Just(json!(false)), Just(Json::Null), text().prop_map(Json::from)];
    let on_many = proptest::sample::select(&MANY[..]).prop_flat_map(|path| {
        let at_part = (proptest::option::of(which(path)), part(path));
        let set_part = (at_part.clone(), any::<bool>())
            .prop_flat_map(|((which, part), add)| (Just(which), Just(part.clone()), part_value(&part), Just(add)));
        prop_oneof![
            values(path).prop_map(move |values| Operation::Append(path, values)),
            values(path).prop_map(move |values| Operation::ReplaceAll(path, values)),
            Just(Operation::RemoveAll(path)),
            values(path).prop_map(move |values| Operation::RemoveListed(path, values)),
            which(path).prop_map(move |which| Operation::RemoveWhere(path, which)),
            (which(path), value(path)).prop_map(move |(which, value)| Operation::AddWhere(path, which, value)),
            (which(path), value(path)).prop_map(move |(which, value)| Operation::ReplaceWhere(path, which, value)),
            set_part.prop_map(move |(which, part, value, add)| Operation::SetPart(path, which, part, value, add)),
            at_part.prop_map(move |(which, part)| Operation::RemovePart(path, which, part)),
        ]
    });
    prop_oneof![
        1 => (single.clone(), proptest::option::of(text()), any::<bool>())
            .prop_map(|(path, value, keyed)| Operation::Set(path, value, keyed)),
        1 => single.prop_map(Operation::Unset),
        1 => [name(), name()].prop_map(Operation::MergeName),
        6 => on_many,
    ]
}

proptest! {
    #[test]
    fn patch_agrees_with_the_model(
        emails in proptest::collection::vec(value("emails"), 0..4),
        addresses in proptest::collection::vec(value("addresses"), 0..4),
        title in proptest::option::of(text()),
        operations in proptest::collection::vec(operation(), 1..8),
    ) {
        let registry = core::registry();
        let user = registry.type_named("User").unwrap();
        let before = json!({ "userName": "u", "title": title, "emails": emails, "addresses": addresses });
        let Ok(before) = Resource::read(user, before) else { return Ok(()) };
        let mut model = Model::of(&before.document);
        let start = model.clone();
        let operations_json: Vec<Json> = operations.iter().map(Operation::json).collect();
        let body = json!({ "Operations": operations_json });

        let foreseen = operations.iter().try_for_each(|operation| model.run(operation)).and_then(|()| model.finish());
        let patched = plan(user, body, Dialect::Generic).and_then(|plan| plan.apply(user, &before.document));

        match (foreseen, patched) {
            (Ok(model), Ok(patched)) => {
                prop_assert_eq!(&Model::of(&patched.document), &model);
                prop_assert_eq!(patched.changed.is_empty(), start == model);
            }
            (Err(Refusal::NoTarget), Err(ScimError::NoTarget(_)))
            | (Err(Refusal::TwoPrimary), Err(ScimError::Value { .. })) => {}
            (foreseen, patched) => prop_assert!(false, "foreseen {foreseen:?}, came {patched:?}"),
        }
    }
}

/// Any JSON, with the words of PATCH strewn in.
fn any_json() -> impl Strategy<Value = Json> {
    let word = proptest::sample::select(vec![
        "op",
        "OP",
        "path",
        "value",
        "schemas",
        "Operations",
        "add",
        "Replace",
        "remove",
        "emails",
        "emails[type eq \"work\"]",
        "emails[type eq \"work\"].value",
        "name",
        "name.givenName",
        "userName",
        "active",
        "members",
        "members[value eq \"x\"]",
        "manager",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        DEPARTMENT,
        "urn:a:b:c",
        "id",
        "meta",
        "password",
        "groups",
        "",
        "x",
        "usr_06EKJ3T9X8R4M1V5W7Y0ZABCDE",
        "primary",
        "type",
        "$ref",
        "true",
        "urn:ietf:params:scim:api:messages:2.0:PatchOp",
    ])
    .prop_map(str::to_owned);
    let word = prop_oneof![9 => word, 1 => "\\PC{0,6}"];
    let leaf = prop_oneof![
        1 => Just(Json::Null),
        1 => any::<bool>().prop_map(Json::from),
        1 => any::<i32>().prop_map(Json::from),
        5 => word.clone().prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 32, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            proptest::collection::vec((word.clone(), inner), 0..4)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

fn any_operation() -> impl Strategy<Value = Json> {
    let op = proptest::sample::select(vec!["add", "Add", "replace", "Replace", "remove", "REMOVE"]);
    (op, any_json(), any_json())
        .prop_map(|(op, path, value)| json!({ "op": op, "path": path.as_str(), "value": value }))
}

proptest! {
    #[test]
    fn any_json_is_a_plan_that_works_or_a_refusal(
        body in prop_oneof![1 => any_json(), 4 => proptest::collection::vec(any_operation(), 1..4).prop_map(|o| json!({ "Operations": o }))],
        dialect in proptest::sample::select(vec![Dialect::Generic, Dialect::Entra]),
    ) {
        for resource_type in core::registry().types() {
            let body_before = json!({ "userName": "u", "displayName": "d", "emails": [{ "value": "x", "type": "work", "primary": true }] });
            let before = Resource::read(resource_type, body_before).unwrap().document;
            let Ok(plan) = plan(resource_type, body.clone(), dialect) else { continue };
            let Ok(patched) = plan.apply(resource_type, &before) else { continue };

            // What comes out is what reading it would give, and doing nothing to it changes nothing.
            let text = patched.document.to_body(ResourceId::new(*b"usr", 1));
            let again = Resource::read(resource_type, serde_json::from_str(&text).unwrap()).unwrap();
            prop_assert_eq!(again.document, patched.document);
        }
    }
}
