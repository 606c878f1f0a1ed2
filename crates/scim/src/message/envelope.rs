//! Why a message does not have the outline it must have.
//!
//! The names (`missing`, `string_type`, …) and the sentences are those of Pydantic 2, since the
//! contract for `/Bulk` promises its `HTTPValidationError` to clients that send
//! `application/json`.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::error::ScimError;

/// A step on the way to the place of an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Loc {
    /// `body`, or a member of an object.
    Key(String),
    /// An element of a list, from 0.
    Index(usize),
}

/// One thing that is wrong with an envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EnvelopeError {
    /// Where, beginning with `body`.
    pub loc: Vec<Loc>,
    /// What, as a sentence.
    pub msg: String,
    /// What, as a keyword.
    #[serde(rename = "type")]
    pub kind: &'static str,
}

/// A message that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageError {
    /// It does not have the outline it must have; all that is wrong, in order.
    Misfit(Vec<EnvelopeError>),
    /// It goes beyond a limit.
    TooLarge(ScimError),
}

impl From<MessageError> for ScimError {
    /// The same in SCIM's own words: `invalidSyntax`, with every place named.
    fn from(error: MessageError) -> Self {
        match error {
            MessageError::TooLarge(error) => error,
            MessageError::Misfit(errors) => {
                let told: Vec<String> = errors.iter().take(TOLD_MAX).map(EnvelopeError::sentence).collect();
                let rest = errors.len().saturating_sub(TOLD_MAX);
                let rest = if rest == 0 { String::new() } else { format!("; and {rest} more") };
                Self::Syntax(format!("{}{rest}", told.join("; ")))
            }
        }
    }
}

/// How many errors one SCIM `detail` names.
const TOLD_MAX: usize = 10;

impl EnvelopeError {
    /// `Operations[3].path: Field required`
    fn sentence(&self) -> String {
        let mut place = String::new();
        for step in self.loc.iter().skip(1) {
            match step {
                // A place of its own is that of a character: it is in the sentence already.
                Loc::Index(_) if place.is_empty() => {}
                Loc::Index(index) => drop(write!(place, "[{index}]")),
                Loc::Key(key) if place.is_empty() => place.push_str(key),
                Loc::Key(key) => drop(write!(place, ".{key}")),
            }
        }
        if place.is_empty() { self.msg.clone() } else { format!("{place}: {}", self.msg) }
    }
}

/// Where a value is, below `body`.
#[derive(Debug, Clone, Copy)]
pub(super) enum At {
    /// The body itself.
    Body,
    /// A member of the body.
    Member(&'static str),
    /// An element of a member.
    Element(&'static str, usize),
    /// A member of an element.
    Part(&'static str, usize, &'static str),
}

impl At {
    fn loc(self) -> Vec<Loc> {
        let key = |name: &str| Loc::Key(name.to_owned());
        match self {
            Self::Body => vec![key("body")],
            Self::Member(name) => vec![key("body"), key(name)],
            Self::Element(name, index) => vec![key("body"), key(name), Loc::Index(index)],
            Self::Part(name, index, part) => vec![key("body"), key(name), Loc::Index(index), key(part)],
        }
    }
}

/// What is wrong with a value, in the words of Pydantic.
#[derive(Debug, Clone, Copy)]
pub(super) enum Misfit {
    Missing,
    NotText,
    NotInteger,
    NotIntegerText,
    Fraction,
    LessThanOne,
    NotList,
    NotDictionary,
    NotModel,
    Nul,
}

impl Misfit {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Missing => ("missing", "Field required"),
            Self::NotText => ("string_type", "Input should be a valid string"),
            Self::NotInteger => ("int_type", "Input should be a valid integer"),
            Self::NotIntegerText => {
                ("int_parsing", "Input should be a valid integer, unable to parse string as an integer")
            }
            Self::Fraction => {
                ("int_from_float", "Input should be a valid integer, got a number with a fractional part")
            }
            Self::LessThanOne => ("greater_than_equal", "Input should be greater than or equal to 1"),
            Self::NotList => ("list_type", "Input should be a valid list"),
            Self::NotDictionary => ("dict_type", "Input should be a valid dictionary"),
            Self::NotModel => {
                ("model_attributes_type", "Input should be a valid dictionary or object to extract fields from")
            }
            Self::Nul => ("value_error", "Value error, the character U+0000 is not allowed"),
        }
    }
}

/// How many errors are listed, so that the answer to a body of nonsense stays small.
pub(super) const ERRORS_MAX: usize = 1000;

/// Collects everything that is wrong.
#[derive(Debug, Default)]
pub(super) struct Errors(pub(super) Vec<EnvelopeError>);

impl Errors {
    pub(super) fn add(&mut self, at: At, misfit: Misfit) {
        let (kind, msg) = misfit.words();
        self.push(EnvelopeError { loc: at.loc(), msg: msg.into(), kind });
    }

    fn push(&mut self, error: EnvelopeError) {
        if self.0.len() < ERRORS_MAX {
            self.0.push(error);
        }
    }

    /// A string, as it must be there.
    pub(super) fn text(&mut self, at: At, value: Option<&RawValue>) -> Option<String> {
        if value.is_none() {
            self.add(at, Misfit::Missing);
        }
        self.read_text(at, value?.get())
    }

    /// A string, if it is there.
    pub(super) fn optional_text(&mut self, at: At, value: Option<&RawValue>) -> Option<String> {
        let text = value?.get();
        if text == "null" { None } else { self.read_text(at, text) }
    }

    fn read_text(&mut self, at: At, text: &str) -> Option<String> {
        if !text.starts_with('"') {
            self.add(at, Misfit::NotText);
            return None;
        }
        match serde_json::from_str::<String>(text) {
            Ok(text) if text.contains('\0') => self.add(at, Misfit::Nul),
            Ok(text) => return Some(text),
            // Only `\ud800` and the like come here: the outline was checked, surrogates were not.
            Err(error) => self.push(EnvelopeError { loc: at.loc(), msg: invalid_json(&error), kind: "json_invalid" }),
        }
        None
    }

    /// A positive integer, if it is there. As Pydantic does, takes `"5"` and `5.0` too. More than
    /// 32 bits is the same as 32 bits.
    pub(super) fn optional_positive(&mut self, at: At, value: Option<&RawValue>) -> Option<u32> {
        let text = value?.get();
        if text == "null" {
            return None;
        }
        let (digits, otherwise) = match text.as_bytes().first() {
            Some(b'"') => (text.trim_matches('"').trim(), Misfit::NotIntegerText),
            Some(b'-' | b'0'..=b'9') => (text, Misfit::Fraction),
            _ => ("", Misfit::NotInteger),
        };
        let digits = match digits.split_once('.') {
            Some((whole, fraction)) if fraction.bytes().all(|b| b == b'0') => whole,
            _ => digits,
        };
        let (negative, digits) = match digits.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, digits.strip_prefix('+').unwrap_or(digits)),
        };
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            self.add(at, otherwise);
            return None;
        }
        if negative || digits.bytes().all(|b| b == b'0') {
            self.add(at, Misfit::LessThanOne);
            return None;
        }
        Some(digits.parse().unwrap_or(u32::MAX))
    }

    /// An object, if it is there; nothing is said about what is in it.
    pub(super) fn optional_object(&mut self, at: At, value: Option<&RawValue>) -> Option<Box<RawValue>> {
        let value = value?;
        if value.get().starts_with('{') {
            return Some(value.to_owned());
        }
        if value.get() != "null" {
            self.add(at, Misfit::NotDictionary);
        }
        None
    }
}

/// The one error of a body that is not JSON, at the place of the character where that shows.
pub(super) fn not_json(body: &str, error: &serde_json::Error) -> EnvelopeError {
    let before_line: usize = body.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let place = before_line + error.column().saturating_sub(1);
    let loc = vec![Loc::Key("body".into()), Loc::Index(place)];
    EnvelopeError { loc, msg: invalid_json(error), kind: "json_invalid" }
}

/// The one error of a body that is not even text.
pub(super) fn not_utf8(error: std::str::Utf8Error) -> EnvelopeError {
    let loc = vec![Loc::Key("body".into()), Loc::Index(error.valid_up_to())];
    EnvelopeError { loc, msg: "Invalid JSON: not UTF-8".into(), kind: "json_invalid" }
}

fn invalid_json(error: &serde_json::Error) -> String {
    format!("Invalid JSON: {error}")
}
