//! Filter + schema = condition: which attribute a path means, and what it is compared with.

use std::borrow::Cow;

use crate::dialect::{BARE_REFERENCE, BOOLEAN_AS_TEXT, UNQUOTED_OPERAND};
use crate::error::ScimError;
use crate::fold::fold;
use crate::path::AttrPath;
use crate::resource::{Notes, boolean};
use crate::schema::{Attribute, Kind, Mutability, ResourceType, Returned, Target};
use crate::time;

use super::{Filter, Operand, Operator};

/// A [`Filter`] that makes sense for a resource type.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition<'a> {
    /// Both hold.
    And(Box<Condition<'a>>, Box<Condition<'a>>),
    /// At least one holds.
    Or(Box<Condition<'a>>, Box<Condition<'a>>),
    /// It does not hold.
    Not(Box<Condition<'a>>),
    /// The attribute (or extension) has a value.
    Present(Target<'a>),
    /// Some value of the attribute compares so; for [`Operator::Ne`] having none is enough.
    Compare(Comparison<'a>),
    /// There is a value of the attribute for which the inner condition holds. Targets inside name
    /// the attribute, too: `type` in `emails[type eq "work"]` has the target `emails.type`.
    Values(Target<'a>, Box<Condition<'a>>),
}

/// An attribute compared with a value of its own type.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison<'a> {
    /// What is compared. Never complex: `emails` alone has become `emails.value`.
    pub target: Target<'a>,
    /// How.
    pub operator: Operator,
    /// With what.
    pub operand: Value,
}

/// An operand in the form in which values of that attribute are compared.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// For boolean attributes; with `eq` and `ne` only.
    Bool(bool),
    /// For integer and decimal attributes.
    Number(serde_json::Number),
    /// For strings, references and binaries: folded unless the attribute is caseExact.
    Text(String),
    /// For dateTime attributes: milliseconds since 1970 UTC. Never with `co`, `sw`, `ew`.
    Instant(i64),
}

impl Filter {
    /// What the filter means for resources of that type.
    ///
    /// # Errors
    /// [`ScimError::Filter`] when a path names nothing, or nothing that can be filtered by, or
    /// when operator or operand do not fit the attribute.
    pub fn resolve<'a>(&self, resource_type: &'a ResourceType) -> Result<Condition<'a>, ScimError> {
        self.resolve_in(Scope::Resource(resource_type), &mut Notes::default())
    }

    /// What the filter in brackets after an attribute means for values of that attribute.
    ///
    /// # Errors
    /// As [`Self::resolve`].
    pub fn resolve_for_values<'a>(&self, attribute: Target<'a>) -> Result<Condition<'a>, ScimError> {
        self.resolve_in(Scope::Values(attribute), &mut Notes::default())
    }

    /// Whether [`Self::resolve`] will succeed; notes what is mended then.
    pub(crate) fn check_noting(&self, resource_type: &ResourceType, notes: &mut Notes) -> Result<(), ScimError> {
        let mut mended = Notes::default();
        self.resolve_in(Scope::Resource(resource_type), &mut mended)?;
        notes.join(&mended);
        Ok(())
    }

    /// Whether [`Self::resolve_for_values`] will succeed; notes what is mended then.
    pub(crate) fn check_values_noting(&self, attribute: Target<'_>, notes: &mut Notes) -> Result<(), ScimError> {
        self.resolve_in(Scope::Values(attribute), notes).map(drop)
    }

    fn resolve_in<'a>(&self, scope: Scope<'a>, notes: &mut Notes) -> Result<Condition<'a>, ScimError> {
        let mut resolve = |filter: &Self| filter.resolve_in(scope, notes).map(Box::new);
        Ok(match self {
            Self::And(left, right) => Condition::And(resolve(left)?, resolve(right)?),
            Self::Or(left, right) => Condition::Or(resolve(left)?, resolve(right)?),
            Self::Not(inner) => Condition::Not(resolve(inner)?),
            Self::Present(path) => Condition::Present(scope.find(path, notes)?),
            Self::Compare(path, operator, operand) => compare(scope.find(path, notes)?, *operator, operand, notes)?,
            Self::ValuePath(path, inner) => {
                let target = scope.find(path, notes)?;
                let filterable = target.leaf().is_some_and(|leaf| leaf.kind == Kind::Complex || leaf.multi_valued);
                if !filterable || target.sub_attribute.is_some() {
                    return Err(ScimError::Filter(format!(
                        "{} has no sub-attributes to filter by in brackets",
                        target.canonical()
                    )));
                }
                Condition::Values(target, Box::new(inner.resolve_in(Scope::Values(target), notes)?))
            }
        })
    }
}

/// What the paths of a filter are relative to.
#[derive(Clone, Copy)]
enum Scope<'a> {
    Resource(&'a ResourceType),
    Values(Target<'a>),
}

impl<'a> Scope<'a> {
    fn find(self, path: &AttrPath, notes: &mut Notes) -> Result<Target<'a>, ScimError> {
        let found = match self {
            Self::Resource(resource_type) => resource_type.resolve_mending(path, notes),
            Self::Values(target) => part_of(target, path),
        };
        let Some(target) = found else {
            return Err(ScimError::Filter(match self {
                Self::Resource(resource_type) => format!("{} has no attribute '{path}'", resource_type.name),
                Self::Values(target) => format!("{} has no sub-attribute '{path}'", target.canonical()),
            }));
        };
        let hidden = |attribute: &Attribute| {
            attribute.secret || attribute.returned == Returned::Never || attribute.mutability == Mutability::WriteOnly
        };
        if [target.attribute, target.sub_attribute].into_iter().flatten().any(hidden) {
            return Err(ScimError::Filter(format!("{} cannot be filtered by", target.canonical())));
        }
        Ok(target)
    }
}

/// The part of a value that `path` names; `value` is all of a value that has no parts.
fn part_of<'a>(target: Target<'a>, path: &AttrPath) -> Option<Target<'a>> {
    if path.schema.is_some() || path.sub_attribute.is_some() {
        return None;
    }
    let attribute = target.attribute?;
    if attribute.kind != Kind::Complex && path.attribute.is("value") {
        return Some(target);
    }
    Some(Target { sub_attribute: Some(attribute.sub_attribute(path.attribute.as_str())?), ..target })
}

fn compare<'a>(
    target: Target<'a>,
    operator: Operator,
    operand: &Operand,
    notes: &mut Notes,
) -> Result<Condition<'a>, ScimError> {
    if *operand == Operand::Null {
        let present = Condition::Present(target);
        return match operator {
            Operator::Eq => Ok(Condition::Not(Box::new(present))),
            Operator::Ne => Ok(present),
            _ => Err(unfit(&target, operator, "null can be compared with eq and ne only")),
        };
    }
    let (target, attribute) = simple(target, notes)?;
    let by_order = matches!(operator, Operator::Gt | Operator::Ge | Operator::Lt | Operator::Le);
    let by_text = matches!(operator, Operator::Co | Operator::Sw | Operator::Ew);
    let (fits, accepted) = match attribute.kind {
        Kind::Boolean => (!by_order && !by_text, "a boolean can be compared with eq and ne only"),
        Kind::Binary => (!by_order, "a binary has no order"),
        Kind::Integer | Kind::Decimal => (!by_text, "a number has no text to search in"),
        Kind::DateTime => (!by_text, "a time has no text to search in"),
        Kind::String | Kind::Reference | Kind::Complex => (true, ""),
    };
    if !fits {
        return Err(unfit(&target, operator, accepted));
    }
    let Some(operand) = normalised(attribute, operand, notes) else {
        return Err(unfit(&target, operator, &format!("expected {}, found {operand}", expected(attribute.kind))));
    };
    Ok(Condition::Compare(Comparison { target, operator, operand }))
}

/// The attribute that is compared when `target` is named: of a complex one its `value`. RFC 7644
/// §3.4.2.2 has it for multi-valued ones (`emails co "example.com"`; Ping sends `emails eq`); Entra ID
/// sends `manager eq` too.
fn simple<'a>(target: Target<'a>, notes: &mut Notes) -> Result<(Target<'a>, &'a Attribute), ScimError> {
    let name = target.canonical();
    let Some(attribute) = target.leaf() else {
        return Err(ScimError::Filter(format!("{name} is a schema, which can only be tested with pr")));
    };
    if attribute.kind != Kind::Complex {
        return Ok((target, attribute));
    }
    if let Some(value) = attribute.sub_attribute("value") {
        if !attribute.multi_valued {
            notes.mended(&BARE_REFERENCE);
        }
        return Ok((Target { sub_attribute: Some(value), ..target }, value));
    }
    let example = attribute.sub_attributes.first().map_or("…", |sub| sub.name.as_str());
    Err(ScimError::Filter(format!("{name} is complex: compare a sub-attribute, such as {name}.{example}")))
}

/// The operand as a value of that attribute.
fn normalised(attribute: &Attribute, operand: &Operand, notes: &mut Notes) -> Option<Value> {
    Some(match (attribute.kind, operand) {
        (Kind::Boolean, Operand::Bool(value)) => Value::Bool(*value),
        // Transcript entra/add-role-by-primary-string-filter.
        (Kind::Boolean, Operand::Text(text)) => {
            let value = boolean(text)?;
            notes.mended(&BOOLEAN_AS_TEXT);
            Value::Bool(value)
        }
        (Kind::Integer | Kind::Decimal, Operand::Number(number)) => Value::Number(number.clone()),
        (Kind::DateTime, Operand::Text(text)) => Value::Instant(time::parse(text).ok()?),
        (Kind::String | Kind::Reference | Kind::Binary, Operand::Text(text)) => {
            Value::Text(comparable(attribute, text).into_owned())
        }
        // Clients that leave the quotes out do so with a userName of digits, too. Whole numbers
        // print as they were written; others may not, and would equal nothing.
        (Kind::String, Operand::Number(number)) if !number.is_f64() => {
            notes.mended(&UNQUOTED_OPERAND);
            Value::Text(number.to_string())
        }
        (Kind::String, Operand::Bool(value)) => {
            notes.mended(&UNQUOTED_OPERAND);
            Value::Text(value.to_string())
        }
        _ => return None,
    })
}

/// The form in which a text of that attribute is compared.
pub(super) fn comparable<'t>(attribute: &Attribute, text: &'t str) -> Cow<'t, str> {
    if attribute.case_exact || attribute.kind == Kind::Binary { text.into() } else { fold(text).into() }
}

fn expected(kind: Kind) -> &'static str {
    match kind {
        Kind::String | Kind::Reference => "a string in double quotes",
        Kind::Binary => "a string in double quotes, in base64",
        Kind::Boolean => "true or false",
        Kind::Integer | Kind::Decimal => "a number",
        Kind::DateTime => "a time in double quotes, such as \"2026-01-31T12:30:00Z\"",
        Kind::Complex => "a sub-attribute",
    }
}

fn unfit(target: &Target<'_>, operator: Operator, reason: &str) -> ScimError {
    ScimError::Filter(format!("{} {}: {reason}", target.canonical(), operator.as_str()))
}
