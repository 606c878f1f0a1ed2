//! Attribute paths: how a client names a part of a resource.
//!
//! `name.familyName`, `urn:…:User:department`. Grammar: RFC 7644 §3.10 and the ABNF of §3.4.2.2.
//! Names compare without case (RFC 7643 §2.1), so [`AttrName`] does too, and nothing else
//! in the workspace lowercases names. Which attribute a path means is a question to
//! [`crate::schema::ResourceType::resolve`].

use std::fmt;
use std::str::FromStr;

use crate::error::ScimError;
use crate::filter::Filter;

/// The name of an attribute or sub-attribute, equal to its other spellings.
#[derive(Clone)]
pub struct AttrName(String);

impl AttrName {
    /// The spelling it was made from.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `other` is a spelling of this name.
    #[must_use]
    pub fn is(&self, other: &str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }
}

impl PartialEq for AttrName {
    fn eq(&self, other: &Self) -> bool {
        self.is(&other.0)
    }
}

impl Eq for AttrName {}

impl fmt::Debug for AttrName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for AttrName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for AttrName {
    type Err = ScimError;

    fn from_str(text: &str) -> Result<Self, ScimError> {
        // `$ref` is the one attribute of the RFCs that does not begin with a letter.
        let start = text.strip_prefix('$').unwrap_or(text);
        let fits = start.starts_with(|c: char| c.is_ascii_alphabetic())
            && start.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '$'));
        if fits { Ok(Self(text.to_owned())) } else { Err(ScimError::path(text, "not the name of an attribute")) }
    }
}

/// `[urn:]attribute[.subAttribute]`. A third level does not exist in SCIM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttrPath {
    /// What stands before the last colon. For a path that is only a schema URN, the part after
    /// that colon reads as an attribute; [`crate::schema::ResourceType::resolve`] knows better.
    pub schema: Option<SchemaUrn>,
    /// The attribute.
    pub attribute: AttrName,
    /// The part of a complex attribute.
    pub sub_attribute: Option<AttrName>,
}

/// The URN of a schema, equal to its other spellings (RFC 7643 §10.2, RFC 8141 §3).
#[derive(Debug, Clone)]
pub struct SchemaUrn(pub String);

impl PartialEq for SchemaUrn {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for SchemaUrn {}

/// How long a path may be, in bytes.
pub const PATH_BYTES_MAX: usize = 1024;

impl FromStr for AttrPath {
    type Err = ScimError;

    fn from_str(text: &str) -> Result<Self, ScimError> {
        if text.len() > PATH_BYTES_MAX {
            return Err(ScimError::path(text, format!("longer than {PATH_BYTES_MAX} bytes")));
        }
        let (schema, names) = match text.rsplit_once(':') {
            Some((urn, names)) => (Some(urn), names),
            None => (None, text),
        };
        if let Some(urn) = schema {
            let fits = urn.len() > 4
                && urn.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:"))
                && urn.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'[' | b']' | b'(' | b')'));
            if !fits {
                return Err(ScimError::path(text, "what stands before ':' is not a schema URN"));
            }
        }
        let (attribute, sub_attribute) = match names.split_once('.') {
            Some((attribute, sub)) => (attribute, Some(sub.parse()?)),
            None => (names, None),
        };
        Ok(Self { schema: schema.map(|urn| SchemaUrn(urn.to_owned())), attribute: attribute.parse()?, sub_attribute })
    }
}

/// The `path` of a PATCH operation (RFC 7644 §3.5.2, figure 7).
#[derive(Debug, Clone, PartialEq)]
pub enum PatchPath {
    /// An attribute or a part of one.
    Attribute(AttrPath),
    /// `emails[type eq "work"].value`: the values for which the filter holds, or a part of them.
    Value {
        /// The multi-valued attribute.
        attribute: AttrPath,
        /// Which of its values.
        filter: Filter,
        /// Which part of these.
        sub_attribute: Option<AttrName>,
    },
}

impl fmt::Display for PatchPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attribute(path) => write!(f, "{path}"),
            Self::Value { attribute, filter, sub_attribute: None } => write!(f, "{attribute}[{filter}]"),
            Self::Value { attribute, filter, sub_attribute: Some(sub) } => write!(f, "{attribute}[{filter}].{sub}"),
        }
    }
}

impl fmt::Display for AttrPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(SchemaUrn(urn)) = &self.schema {
            write!(f, "{urn}:")?;
        }
        write!(f, "{}", self.attribute)?;
        match &self.sub_attribute {
            Some(sub) => write!(f, ".{sub}"),
            None => Ok(()),
        }
    }
}
