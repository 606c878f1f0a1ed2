//! Filters (RFC 7644 §3.4.2.2): the tree, its printing, its limits.

use crate::path::AttrPath;

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
