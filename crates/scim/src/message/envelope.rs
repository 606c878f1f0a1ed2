//! Why a message does not have the outline it must have.
//!
//! The names (`missing`, `string_type`, …) and the sentences are those of Pydantic 2, since the
//! contract for `/Bulk` promises its `HTTPValidationError` to clients that send
//! `application/json`.

use serde::Serialize;

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
                Loc::Index(index) if !place.is_empty() => place.push_str(&format!("[{index}]")),
                Loc::Index(_) => {}
                Loc::Key(key) if place.is_empty() => place.push_str(key),
                Loc::Key(key) => place.push_str(&format!(".{key}")),
            }
        }
        if place.is_empty() { self.msg.clone() } else { format!("{place}: {}", self.msg) }
    }
}
