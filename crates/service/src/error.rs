//! Why a use case did not happen: situations, which the server crate maps to statuses.

use std::borrow::Cow;

use scim::ScimError;
use store::StoreError;
use store::resources::apply::WriteError;

/// A request that was not carried out. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// A SCIM request is wrong in itself.
    #[error(transparent)]
    Scim(#[from] ScimError),
    /// A resource could not be written as asked.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// An admin request is wrong in itself: everything that is, at once.
    #[error("the request does not fit what is expected: {}", list(.0))]
    Validation(Vec<FieldError>),
    /// No credential that we accept. The same whatever is wrong with it, so that nothing is
    /// learnt about what exists (RFC 6750 §3).
    #[error("{}", .0.detail())]
    Unauthenticated(Credential),
    /// The caller is known and may not do this; the text says what would be needed.
    #[error("{0}")]
    Forbidden(String),
    /// Nothing has that name, or nothing that this caller can see.
    #[error("{0}")]
    NotFound(String),
    /// It contradicts what is there.
    #[error("{0}")]
    Conflict(String),
    /// Too often; the client should wait that long.
    #[error("Too many requests. Try again in {retry_after_s} seconds.")]
    TooManyRequests {
        /// Whole seconds, at least 1: what `Retry-After` says.
        retry_after_s: u32,
    },
    /// A part of the protocol that makes no sense here (status 501).
    #[error("{0}")]
    NotImplemented(String),
    /// A key could not be read, sealed or used: a wrong master key, or a broken one.
    #[error("a signing key cannot be used: {0}")]
    Key(String),
    /// A token cannot be judged, as the keys of its issuer could never be fetched. Not the
    /// token's fault, so its holder should try again and keep it.
    #[error("The keys of the token's issuer cannot be fetched. Try again in {retry_after_s} seconds.")]
    IssuerSilent {
        /// Whole seconds, at least 1: when they are fetched again.
        retry_after_s: u32,
    },
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ServiceError {
    /// The attribute of a resource, or the path, that is to blame.
    #[must_use]
    pub fn attribute(&self) -> Option<&str> {
        match self {
            Self::Scim(error) | Self::Write(WriteError::Scim(error)) => match error {
                ScimError::Value { attribute, .. } | ScimError::Mutability { attribute, .. } => Some(attribute),
                ScimError::Path { path, .. } => Some(path),
                _ => None,
            },
            Self::Write(WriteError::NotUnique { attribute }) => Some(attribute),
            Self::Write(WriteError::UnknownMembers(_)) => Some("members"),
            _ => None,
        }
    }
}

/// What came instead of an acceptable credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// None, or none of the scheme `Bearer`: the answer names no error code (RFC 6750 §3.1).
    Missing,
    /// One that is wrong, expired, revoked, disabled or not meant for this place (`invalid_token`).
    Refused,
}

impl Credential {
    /// What the client is told.
    #[must_use]
    pub const fn detail(self) -> &'static str {
        match self {
            Self::Missing => "Authentication is required: send the header 'Authorization: Bearer <token>'",
            Self::Refused => "The bearer token is invalid, expired, revoked or not meant for this resource",
        }
    }
}

/// One thing that is wrong with a request: an entry of `detail` in the shape that Pydantic gives
/// (`HTTPValidationError`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Where: `body`, `query` or `path`, then names and places.
    pub loc: Vec<Loc>,
    /// What is wrong and what would be accepted.
    pub msg: String,
    /// Pydantic's name of the error, `missing`, `string_type`, …
    pub kind: &'static str,
}

/// A step on the way to a wrong value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loc {
    /// The member of an object, or where in the request to begin.
    Name(Cow<'static, str>),
    /// The place in an array, from 0.
    Index(usize),
}

impl From<&'static str> for Loc {
    fn from(name: &'static str) -> Self {
        Self::Name(Cow::Borrowed(name))
    }
}

impl From<String> for Loc {
    fn from(name: String) -> Self {
        Self::Name(Cow::Owned(name))
    }
}

impl From<usize> for Loc {
    fn from(place: usize) -> Self {
        Self::Index(place)
    }
}

impl std::fmt::Display for Loc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Index(place) => write!(f, "{place}"),
        }
    }
}

impl FieldError {
    /// An error about the member `name` of the body.
    pub fn body(name: &'static str, kind: &'static str, msg: impl Into<String>) -> Self {
        Self { loc: vec!["body".into(), name.into()], msg: msg.into(), kind }
    }

    /// An error about the query parameter `name`.
    pub fn query(name: &'static str, kind: &'static str, msg: impl Into<String>) -> Self {
        Self { loc: vec!["query".into(), name.into()], msg: msg.into(), kind }
    }
}

fn list(errors: &[FieldError]) -> String {
    let path = |e: &FieldError| e.loc.iter().map(Loc::to_string).collect::<Vec<_>>().join(".");
    errors.iter().map(|e| format!("{}: {}", path(e), e.msg)).collect::<Vec<_>>().join("; ")
}
