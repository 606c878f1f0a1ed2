//! Filter + schema = condition: which attribute a path means, and what it is compared with.

use crate::error::ScimError;
use crate::schema::{ResourceType, Target};

use super::{Filter, Operator};

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
    pub fn resolve<'a>(&self, _resource_type: &'a ResourceType) -> Result<Condition<'a>, ScimError> {
        todo!()
    }
}
