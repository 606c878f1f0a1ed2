//! Filters (RFC 7644 §3.4.2.2): the tree, its printing, its limits.
//!
//! Text becomes a [`Filter`] in [`parse`], knowing no schema. [`Filter::resolve`] looks every path
//! up in a schema and gives a [`Condition`], which holds or does not hold for a resource ([`eval`])
//! and from which the store makes SQL. What a comparison means is decided in [`resolve`] alone.

mod eval;
mod parse;
mod resolve;

use std::fmt;

use crate::error::ScimError;
use crate::json::Json;
use crate::path::AttrPath;
use crate::schema::ResourceType;

pub use resolve::{Comparison, Condition, Value};

/// How long the text of a filter may be.
pub const BYTES_MAX: usize = 16 * 1024;
/// How many comparisons, `and`, `or`, `not` and value paths a filter may have together.
pub const NODES_MAX: usize = 200;
/// How deep parentheses, brackets and `not` may nest.
pub const DEPTH_MAX: usize = 50;

/// A filter as a tree.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// Both hold.
    And(Box<Filter>, Box<Filter>),
    /// At least one holds.
    Or(Box<Filter>, Box<Filter>),
    /// It does not hold.
    Not(Box<Filter>),
    /// The attribute has a value (`pr`).
    Present(AttrPath),
    /// A comparison.
    Compare(AttrPath, Operator, Operand),
    /// `emails[type eq "work"]`: some value for which the inner filter holds; paths inside are
    /// relative to the attribute.
    ValuePath(AttrPath, Box<Filter>),
}

/// How values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the operators of RFC 7644 §3.4.2.2, table 3")]
pub enum Operator {
    Eq,
    Ne,
    Co,
    Sw,
    Ew,
    Gt,
    Ge,
    Lt,
    Le,
}

/// What an attribute is compared with.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "compValue of the ABNF of RFC 7644 §3.4.2.2")]
pub enum Operand {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(String),
}

impl Filter {
    /// Whether the filter makes sense for resources of that type: every path is known, every
    /// operand fits its attribute and operator. A filter that is not understood must be refused,
    /// never be taken as "no match": an identity provider would create the user again.
    ///
    /// # Errors
    /// [`ScimError::Filter`] says what is wrong where.
    pub fn check(&self, resource_type: &ResourceType) -> Result<(), ScimError> {
        self.resolve(resource_type).map(drop)
    }

    /// Whether the filter holds for `resource`: its whole JSON in canonical spelling, with `id`
    /// and `meta`, and with `members` and `groups` if the filter names them.
    ///
    /// For many resources call [`Self::resolve`] once and [`Condition::holds`] for each.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn holds(&self, resource_type: &ResourceType, resource: &Json) -> Result<bool, ScimError> {
        Ok(self.resolve(resource_type)?.holds(resource))
    }
}

impl Filter {
    /// How many comparisons, `and`, `or`, `not` and value paths it has.
    pub(crate) fn nodes(&self) -> usize {
        match self {
            Self::And(left, right) | Self::Or(left, right) => 1 + left.nodes() + right.nodes(),
            Self::Not(inner) | Self::ValuePath(_, inner) => 1 + inner.nodes(),
            Self::Present(_) | Self::Compare(..) => 1,
        }
    }
}

impl Operator {
    /// All of them, in the order of the RFC's table.
    pub const ALL: [Self; 9] =
        [Self::Eq, Self::Ne, Self::Co, Self::Sw, Self::Ew, Self::Gt, Self::Ge, Self::Lt, Self::Le];

    /// How it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Co => "co",
            Self::Sw => "sw",
            Self::Ew => "ew",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::Lt => "lt",
            Self::Le => "le",
        }
    }
}

/// Canonical text: parsing it gives the same tree.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Or(left, right) => {
                write!(f, "{left} or ")?;
                right.fmt_in_parentheses(f, matches!(**right, Self::Or(..)))
            }
            Self::And(left, right) => {
                left.fmt_in_parentheses(f, matches!(**left, Self::Or(..)))?;
                f.write_str(" and ")?;
                right.fmt_in_parentheses(f, matches!(**right, Self::Or(..) | Self::And(..)))
            }
            Self::Not(inner) => write!(f, "not ({inner})"),
            Self::Present(path) => write!(f, "{path} pr"),
            Self::Compare(path, operator, operand) => write!(f, "{path} {} {operand}", operator.as_str()),
            Self::ValuePath(path, inner) => write!(f, "{path}[{inner}]"),
        }
    }
}

impl Filter {
    fn fmt_in_parentheses(&self, f: &mut fmt::Formatter<'_>, needed: bool) -> fmt::Result {
        if needed { write!(f, "({self})") } else { write!(f, "{self}") }
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(value) => write!(f, "{value}"),
            Self::Text(value) => write!(f, "{}", Json::from(value.as_str())),
        }
    }
}
