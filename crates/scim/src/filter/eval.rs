//! Condition × resource = bool: the meaning of filters; SQL made from them must agree.

use std::cmp::Ordering;

use serde_json::Number;

use crate::json::Json;
use crate::schema::Target;
use crate::time;

use super::resolve::comparable;
use super::{Comparison, Condition, Operator, Value};

impl Condition<'_> {
    /// Whether it holds for `resource`: the whole JSON in canonical spelling, see
    /// [`super::Filter::holds`].
    #[must_use]
    pub fn holds(&self, resource: &Json) -> bool {
        self.holds_in(Scope::Resource(resource))
    }

    /// Whether it holds for one value of the attribute that it was resolved for.
    pub(crate) fn holds_for_value(&self, value: &Json) -> bool {
        self.holds_in(Scope::Value(value))
    }

    fn holds_in(&self, scope: Scope<'_>) -> bool {
        match self {
            Self::And(left, right) => left.holds_in(scope) && right.holds_in(scope),
            Self::Or(left, right) => left.holds_in(scope) || right.holds_in(scope),
            Self::Not(inner) => !inner.holds_in(scope),
            Self::Present(target) => scope.any(target, &mut is_present),
            Self::Values(target, inner) => scope.any(target, &mut |value| inner.holds_for_value(value)),
            Self::Compare(comparison) => {
                let mut assigned = false;
                let found = scope.any(&comparison.target, &mut |value| {
                    assigned = true;
                    comparison.matches(value)
                });
                found || (!assigned && comparison.operator == Operator::Ne)
            }
        }
    }
}

impl Comparison<'_> {
    /// Whether one value of the target compares so.
    #[must_use]
    pub fn matches(&self, value: &Json) -> bool {
        let Some(attribute) = self.target.leaf() else { return false };
        match (&self.operand, value) {
            (Value::Text(operand), Json::String(text)) => self.text_matches(&comparable(attribute, text), operand),
            _ => self.order_matches(order(value, &self.operand)),
        }
    }

    fn text_matches(&self, text: &str, operand: &str) -> bool {
        match self.operator {
            Operator::Co => text.contains(operand),
            Operator::Sw => text.starts_with(operand),
            Operator::Ew => text.ends_with(operand),
            _ => self.order_matches(Some(text.cmp(operand))),
        }
    }

    fn order_matches(&self, order: Option<Ordering>) -> bool {
        match self.operator {
            Operator::Eq => order == Some(Ordering::Equal),
            Operator::Ne => order != Some(Ordering::Equal),
            Operator::Gt => order == Some(Ordering::Greater),
            Operator::Ge => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
            Operator::Lt => order == Some(Ordering::Less),
            Operator::Le => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Operator::Co | Operator::Sw | Operator::Ew => false,
        }
    }
}

/// How a value stands to an operand; `None` when they cannot be compared, which happens only if
/// the schema has changed since the value was stored.
fn order(value: &Json, operand: &Value) -> Option<Ordering> {
    match (value, operand) {
        (Json::Bool(value), Value::Bool(operand)) => Some(value.cmp(operand)),
        (Json::Number(value), Value::Number(operand)) => order_of_numbers(value, operand),
        (Json::String(value), Value::Instant(operand)) => Some(time::parse(value).ok()?.cmp(operand)),
        _ => None,
    }
}

fn order_of_numbers(value: &Number, operand: &Number) -> Option<Ordering> {
    match (value.as_i128(), operand.as_i128()) {
        (Some(value), Some(operand)) => Some(value.cmp(&operand)),
        _ => value.as_f64()?.partial_cmp(&operand.as_f64()?),
    }
}

/// What the targets of a condition are looked up in.
#[derive(Clone, Copy)]
enum Scope<'j> {
    Resource(&'j Json),
    /// One value of a multi-valued attribute.
    Value(&'j Json),
}

impl<'j> Scope<'j> {
    /// Whether `test` says yes to some value of `target`.
    fn any(self, target: &Target<'_>, test: &mut dyn FnMut(&'j Json) -> bool) -> bool {
        let attribute = match self {
            Self::Resource(resource) => {
                let place = match target.schema {
                    Some(schema) if target.in_extension => resource.get(&schema.id),
                    _ => Some(resource),
                };
                match target.attribute {
                    Some(attribute) => place.and_then(|place| place.get(&attribute.name)),
                    None => place,
                }
            }
            Self::Value(value) => Some(value),
        };
        elements(attribute).iter().any(|value| match target.sub_attribute {
            Some(sub) => elements(value.get(&sub.name)).iter().any(&mut *test),
            None => test(value),
        })
    }
}

/// The values of an attribute, of which a single-valued one has one.
fn elements(value: Option<&Json>) -> &[Json] {
    match value {
        Some(Json::Array(elements)) => elements,
        Some(value) => std::slice::from_ref(value),
        None => &[],
    }
}

/// RFC 7644 §3.4.2.2: a non-empty or non-null value, or a non-empty node of a complex attribute.
fn is_present(value: &Json) -> bool {
    match value {
        Json::Null => false,
        Json::String(text) => !text.is_empty(),
        Json::Array(elements) => !elements.is_empty(),
        Json::Object(parts) => parts.values().any(is_present),
        Json::Bool(_) | Json::Number(_) => true,
    }
}
