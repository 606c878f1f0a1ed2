//! What a tenant wants its schemas and resource types to be (RFC 7643 §6, §7), as it was sent:
//! nobody has looked yet whether that can be. What is left out has a default, or stays as it is.

use serde::{Deserialize, Serialize};

use super::{Kind, Mutability, Returned, Uniqueness};
use crate::message::Loc;

/// A schema (RFC 7643 §7), or what is to be different in a built-in one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SchemaDraft {
    /// The URN.
    pub id: String,
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The attributes.
    pub attributes: Vec<AttributeDraft>,
}

/// An attribute or sub-attribute (RFC 7643 §7).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "as in Attribute")]
pub struct AttributeDraft {
    pub name: String,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multi_valued: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canonical_values: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case_exact: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mutability: Option<Mutability>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub returned: Option<Returned>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uniqueness: Option<Uniqueness>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference_types: Option<Vec<String>>,
    /// Ours: whether its values are in the attribute index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub indexed: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sub_attributes: Vec<AttributeDraft>,
}

/// A resource type (RFC 7643 §6), or what is to be different in a built-in one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceTypeDraft {
    /// Its name, which is also its `id`.
    pub name: String,
    /// Its path below the SCIM base, `/Devices`.
    pub endpoint: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The URN of its core schema.
    pub schema: String,
    /// Schemas that add to it.
    #[serde(default)]
    pub schema_extensions: Vec<ExtensionDraft>,
}

/// An entry of `schemaExtensions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtensionDraft {
    /// The URN.
    pub schema: String,
    /// Whether every resource must have values of it.
    pub required: bool,
}

/// Something about a draft that cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// Where in the draft.
    pub at: Vec<Loc>,
    /// What is wrong, and what would be accepted.
    pub msg: String,
    /// A keyword, of those that Pydantic has: `missing`, `value_error`.
    pub kind: &'static str,
}

/// Collects all that is wrong.
#[derive(Debug, Default)]
pub(super) struct Flaws {
    at: Vec<Loc>,
    found: Vec<Flaw>,
}

impl Flaws {
    /// Something is wrong with the member `name` of what is being looked at.
    pub(super) fn wrong(&mut self, name: &str, msg: impl Into<String>) {
        self.push(name, "value_error", format!("Value error, {}", msg.into()));
    }

    /// The member `name` should be there.
    pub(super) fn missing(&mut self, name: &str) {
        self.push(name, "missing", "Field required".into());
    }

    fn push(&mut self, name: &str, kind: &'static str, msg: String) {
        let at = self.at.iter().cloned().chain([Loc::Key(name.into())]).collect();
        self.found.push(Flaw { at, msg, kind });
    }

    /// Looks at each element of the list `name`.
    pub(super) fn each<'l, T>(&mut self, name: &str, list: &'l [T], mut look: impl FnMut(&mut Self, &'l T)) {
        self.at.push(Loc::Key(name.into()));
        for (place, element) in list.iter().enumerate() {
            self.at.push(Loc::Index(place));
            look(self, element);
            self.at.pop();
        }
        self.at.pop();
    }

    /// `whole`, if nothing is wrong.
    pub(super) fn none_or<T>(self, whole: T) -> Result<T, Vec<Flaw>> {
        if self.found.is_empty() { Ok(whole) } else { Err(self.found) }
    }
}
