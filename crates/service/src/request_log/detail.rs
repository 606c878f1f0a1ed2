//! What an entry says besides its columns: a JSON object in the row.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// All that is known, as far as the tenant wants it kept.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Detail {
    /// The client's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The client's program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The pairs of the query string.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub query: Vec<(String, String)>,
    /// Why a credential was refused: a code of [`crate::authenticate::Reason`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<Cow<'static, str>>,
    /// The same in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused_since: Option<String>,
    /// How the path named the tenant, where the credential is of another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked_tenant: Option<String>,
    /// What the error said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The attribute or path that was to blame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// Repairs made, by their names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub repairs: Vec<Cow<'static, str>>,
    /// Attributes that were ignored.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<String>,
    /// Attributes that changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<String>,
    /// What they were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Box<RawValue>>,
    /// What they became.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Box<RawValue>>,
    /// Who came to belong to it, and who no longer does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<Members>,
    /// How many resources were found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<u64>,
    /// The body of a request that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Box<RawValue>>,
    /// The operations of a bulk request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operations: Option<Operations>,
}

/// Changed memberships.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Members {
    /// How many were added.
    pub added_count: usize,
    /// Ids of those, at most [`MEMBERS_MAX`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub added: Vec<String>,
    /// How many were removed.
    pub removed_count: usize,
    /// Ids of those, at most [`MEMBERS_MAX`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<String>,
}

/// How many members are named.
pub const MEMBERS_MAX: usize = 100;

/// How many operations there were.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Operations {
    /// How many were run.
    pub total: usize,
    /// How many of them failed.
    pub failed: usize,
    /// How many are kept, each with what became of it.
    pub kept: usize,
}

impl Detail {
    /// The text for the row.
    pub(super) fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| "{}".into())
    }

    /// The inverse of [`Self::to_text`]. What cannot be read says nothing.
    pub(super) fn from_text(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }
}
