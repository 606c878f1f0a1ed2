//! Values that a filter describes: `emails[type eq "work"].value` is about a value of the type
//! `work`, and Entra ID relies on it being made when there is none (transcript
//! `entra/add-filter-path-creates-one-element`).

use crate::filter::{Filter, Operand, Operator};
use crate::json::{Json, Object};
use crate::resource::{Notes, read_value};
use crate::schema::{Kind, Mutability, Target};

/// A complex value of these parts, without those that are `null`.
pub(super) fn assigned(parts: Object) -> Json {
    Json::Object(parts.into_iter().filter(|(_, value)| !value.is_null()).collect())
}

/// The value that is made when a filter selects none: what its `eq` terms say, and the parts
/// given. `None` when the filter does not say how a value must look.
pub(super) fn created(target: &Target<'_>, filter: Option<&Filter>, parts: &Object, notes: &mut Notes) -> Option<Json> {
    let whole = Target { sub_attribute: None, ..*target };
    let mut value = Object::new();
    if let Some(filter) = filter {
        terms(&whole, filter, &mut value, notes)?;
        // Terms that contradict each other describe nothing.
        let condition = filter.resolve_for_values(whole).ok()?;
        if !condition.holds_for_value(&Json::Object(value.clone())) {
            return None;
        }
    }
    value.extend(parts.clone());
    Some(assigned(value))
}

/// Reads a filter of `eq` terms joined by `and` as a value.
fn terms(whole: &Target<'_>, filter: &Filter, value: &mut Object, notes: &mut Notes) -> Option<()> {
    match filter {
        Filter::And(left, right) => {
            terms(whole, left, value, notes)?;
            terms(whole, right, value, notes)
        }
        Filter::Compare(path, Operator::Eq, operand) => {
            let sub = whole.attribute?.sub_attribute(path.attribute.as_str())?;
            let place = Target { sub_attribute: Some(sub), ..*whole };
            let operand = match operand {
                Operand::Null => return Some(()),
                Operand::Bool(value) => Json::Bool(*value),
                Operand::Number(value) if sub.kind == Kind::String => Json::String(value.to_string()),
                Operand::Number(value) => Json::Number(value.clone()),
                Operand::Text(text) => Json::String(text.clone()),
            };
            if sub.mutability == Mutability::ReadOnly {
                return None;
            }
            let read = read_value(&place, operand, notes).ok()??;
            value.insert(sub.name.clone(), read);
            Some(())
        }
        _ => None,
    }
}
