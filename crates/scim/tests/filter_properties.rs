//! What holds of every filter and every text that could be one.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use proptest::prelude::*;
use scim::ScimError;
use scim::filter::{Filter, Operand, Operator};
use scim::path::{AttrPath, PatchPath};
use scim::schema::core;
use serde_json::json;

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z][a-zA-Z0-9_$-]{0,8}",
        Just("$ref".to_owned()),
        Just("not".to_owned()),
        Just("and".to_owned()),
        Just("pr".to_owned())
    ]
}

fn path() -> impl Strategy<Value = AttrPath> {
    let urn = prop_oneof![Just(String::new()), "urn:[a-z]{1,5}(:[a-z0-9.]{1,5}){0,3}:"];
    (urn, name(), proptest::option::of(name())).prop_map(|(urn, name, sub)| {
        let sub = sub.map(|sub| format!(".{sub}")).unwrap_or_default();
        format!("{urn}{name}{sub}").parse().unwrap()
    })
}

fn operand() -> impl Strategy<Value = Operand> {
    prop_oneof![
        Just(Operand::Null),
        any::<bool>().prop_map(Operand::Bool),
        any::<i64>().prop_map(|n| Operand::Number(n.into())),
        any::<f64>()
            .prop_filter_map("JSON has no such number", |n| serde_json::Number::from_f64(n).map(Operand::Number)),
        "[^\0]{0,12}".prop_map(Operand::Text),
    ]
}

fn leaf() -> impl Strategy<Value = Filter> {
    let operator = proptest::sample::select(&Operator::ALL[..]);
    prop_oneof![
        path().prop_map(Filter::Present),
        (path(), operator, operand()).prop_map(|(path, operator, operand)| Filter::Compare(path, operator, operand)),
    ]
}

fn tree(leaf: BoxedStrategy<Filter>) -> BoxedStrategy<Filter> {
    leaf.prop_recursive(6, 40, 2, |inner| {
        let pair = (inner.clone(), inner.clone()).prop_map(|(left, right)| (Box::new(left), Box::new(right)));
        prop_oneof![
            pair.clone().prop_map(|(left, right)| Filter::And(left, right)),
            pair.prop_map(|(left, right)| Filter::Or(left, right)),
            inner.prop_map(|inner| Filter::Not(Box::new(inner))),
        ]
    })
    .boxed()
}

fn filter() -> impl Strategy<Value = Filter> {
    let values = (path(), tree(leaf().boxed())).prop_map(|(path, inner)| Filter::ValuePath(path, Box::new(inner)));
    tree(prop_oneof![3 => leaf(), 1 => values].boxed())
}

/// Text that is nearly a filter.
fn soup() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        4 => proptest::sample::select(vec![
            "userName", "emails", "type", "value", "name.givenName", "meta.created", "active", "members", "schemas", "urn:a:b:c",
            "eq", "ne", "co", "pr", "gt", "and", "or", "not", "(", ")", "[", "]", ".", ".value", "\"x\"", "\"", "\"work\"", "\\",
            "true", "False", "null", "1", "-1.5e3", "\"2026-01-31T12:30:00Z\"", "jyoung", "'x'", ",",
        ]).prop_map(str::to_owned),
        1 => "\\PC{0,3}",
    ];
    (proptest::collection::vec(word, 0..14), proptest::bool::weighted(0.8))
        .prop_map(|(words, spaced)| words.join(if spaced { " " } else { "" }))
}

proptest! {
    #[test]
    fn a_filter_survives_printing_and_parsing(filter in filter()) {
        prop_assert_eq!(filter.to_string().parse::<Filter>(), Ok(filter));
    }

    #[test]
    fn a_patch_path_survives_printing_and_parsing(path in path(), filter in tree(leaf().boxed()), sub in proptest::option::of(name())) {
        let sub_attribute = sub.map(|sub| sub.parse().unwrap());
        let path = PatchPath::Value { attribute: path, filter, sub_attribute };

        prop_assert_eq!(path.to_string().parse::<PatchPath>(), Ok(path));
    }

    #[test]
    fn text_is_a_filter_that_means_something_or_a_refusal(text in prop_oneof![soup(), "\\PC*"]) {
        let user = json!({ "userName": "x", "emails": [{ "value": "x", "type": "work" }], "active": true });
        match text.parse::<Filter>() {
            Ok(filter) => {
                prop_assert_eq!(&filter.to_string().parse::<Filter>(), &Ok(filter.clone()));
                for resource_type in core::registry().types() {
                    let holds = filter.holds(resource_type, &user);
                    let negated = Filter::Not(Box::new(filter.clone())).holds(resource_type, &user);
                    prop_assert!(!matches!(holds, Err(ref error) if !matches!(error, ScimError::Filter(_))));
                    prop_assert_eq!(holds.map(|holds| !holds), negated);
                }
            }
            Err(error) => prop_assert!(matches!(error, ScimError::Filter(_))),
        }
        if let Err(error) = text.parse::<PatchPath>() {
            let is_about_the_path = matches!(error, ScimError::Path { .. });
            prop_assert!(is_about_the_path);
        }
    }
}
