//! What a client can do wrong, as far as it shows without a database.
//!
//! A variant says what happened; which status and `scimType` (RFC 7644 §3.12) that becomes is
//! decided in the server crate, in one place. The text is for the person who configures the
//! identity provider: which attribute, what was wrong with it, what would be accepted.

/// A request that cannot be carried out as it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScimError {
    /// The body is not JSON, or not the message that belongs here (`invalidSyntax`).
    #[error("{0}")]
    Syntax(String),
    /// A value is missing, of the wrong type, or not allowed (`invalidValue`).
    #[error("{attribute}: {reason}")]
    Value {
        /// Which attribute, as a path in its canonical spelling.
        attribute: String,
        /// What is wrong and what would be accepted.
        reason: String,
    },
    /// A PATCH path cannot be parsed or names nothing that exists (`invalidPath`).
    #[error("path '{path}': {reason}")]
    Path {
        /// The path as the client sent it, cut to a readable length.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A filter cannot be parsed or compares what cannot be compared (`invalidFilter`).
    #[error("filter: {0}")]
    Filter(String),
    /// A PATCH operation has no target, or its path selects nothing (`noTarget`, RFC 7644 §3.5.2.2,
    /// §3.5.2.3).
    #[error("{0}")]
    NoTarget(String),
    /// A readOnly or immutable attribute would change (`mutability`).
    #[error("{attribute}: {reason}")]
    Mutability {
        /// Which attribute.
        attribute: String,
        /// Why it cannot be changed.
        reason: String,
    },
    /// A cursor is not one of ours or does not fit the query (`invalidCursor`, RFC 9865 §2).
    #[error("{0}")]
    Cursor(String),
    /// A `count` beyond what the server pages by cursor (`invalidCount`, RFC 9865 §2).
    #[error("{0}")]
    Count(String),
    /// More than the server is willing to read or do (status 413).
    #[error("{0}")]
    TooLarge(String),
    /// The method does not exist there (status 405), as for `GET` inside a bulk request.
    #[error("{0}")]
    Method(String),
    /// Not for this caller, or not at all (status 403), as a filter on a discovery endpoint is.
    #[error("{0}")]
    Forbidden(String),
    /// No such endpoint or resource (status 404).
    #[error("{0}")]
    NotFound(String),
}

impl ScimError {
    /// A [`Self::Value`] about `attribute`.
    pub fn value(attribute: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Value { attribute: attribute.into(), reason: reason.into() }
    }

    /// A [`Self::Mutability`] about `attribute`.
    pub fn mutability(attribute: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Mutability { attribute: attribute.into(), reason: reason.into() }
    }

    /// A [`Self::Path`] about `path`, which is cut to 200 characters.
    pub fn path(path: &str, reason: impl Into<String>) -> Self {
        Self::Path { path: path.chars().take(200).collect(), reason: reason.into() }
    }
}
