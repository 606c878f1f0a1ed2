//! The one write path: runs the units of a [`Batch`](scim::batch::Batch), a savepoint each.
//!
//! A single request is a batch of one operation, `/Bulk` a batch of many (RFC 7644 §3.7); this is
//! the only place where a resource is created, replaced, patched or deleted. A unit of several
//! operations refers to itself in a circle: its resources are written first, then who belongs to
//! them, and it succeeds or fails as one.

use std::collections::BTreeSet;
use std::sync::Arc;

use scim::ScimError;
use scim::batch::{Batch, Unit};
use scim::id::{ResourceId, Version};
use scim::schema::{Registry, ResourceType};

use crate::error::StoreError;
use crate::tenants::TenantKey;
use crate::tx::Tx;

/// What is the same for all changes of a request.
#[derive(Debug, Clone)]
pub struct Context {
    /// The time of the request, in milliseconds since 1970.
    pub now: i64,
    /// Who asked: the id of a token or client.
    pub actor: String,
    /// The id of the request.
    pub request_id: String,
    /// What the tenant knows.
    pub registry: Arc<Registry>,
    /// Attributes that the tenant's settings make unique, besides those whose schema says so.
    pub unique: Vec<UniqueAttribute>,
}

/// A single-valued attribute that no two resources of a type may share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UniqueAttribute {
    /// The key of the resource type.
    pub resource_type: u16,
    /// The canonical name of a common attribute or one of the core schema: `displayName`.
    pub attribute: String,
}

/// How far a batch has come; carried from one slice of it to the next.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// After this many failed operations nothing further is run.
    fail_on_errors: Option<u32>,
    /// The operations that failed, by their place in the request.
    failed: BTreeSet<usize>,
}

impl Progress {
    /// The start of `batch`.
    pub fn of(batch: &Batch) -> Self {
        Self { fail_on_errors: batch.fail_on_errors, failed: BTreeSet::new() }
    }

    /// Whether so many operations failed that nothing further is run (`failOnErrors`,
    /// RFC 7644 §3.7).
    pub fn is_stopped(&self) -> bool {
        self.fail_on_errors.is_some_and(|most| self.failed.len() >= most as usize)
    }
}

/// What became of a resource, enough to answer without reading it back.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// Its `id`.
    pub id: ResourceId,
    /// Its type.
    pub resource_type: Arc<ResourceType>,
    /// Its version now; for a deletion the last it had.
    pub version: Version,
    /// `meta.created`, in milliseconds since 1970.
    pub created: i64,
    /// `meta.lastModified`, in milliseconds since 1970.
    pub modified: i64,
    /// The document as it is stored now; `None` when it was not read, since only members changed,
    /// and after a deletion.
    pub body: Option<String>,
    /// Whether anything changed: if not, `version` and `modified` are what they were.
    pub changed: bool,
    /// Whether the request named more than members: then the answer shows the resource, while a
    /// group that only gained or lost members is not echoed.
    pub document_touched: bool,
}

/// Why an operation was not carried out. Nothing of its unit has changed then.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum WriteError {
    /// The request asks for what cannot be.
    #[error(transparent)]
    Scim(#[from] ScimError),
    /// The tenant has no such resource of that type.
    #[error("no such resource")]
    NotFound,
    /// Another resource of that type has the value already.
    #[error("{attribute}: another resource has this value already")]
    NotUnique {
        /// The canonical name of the attribute.
        attribute: String,
    },
    /// The resource is not at a version that the request allows to change.
    #[error("the resource has changed: it is at version {current}")]
    VersionMismatch {
        /// The version it is at.
        current: Version,
    },
    /// These are to be members, but the tenant has no such resources.
    #[error("members: no such resource: {}", list(.0))]
    UnknownMembers(Vec<ResourceId>),
    /// An operation that this one refers to failed.
    #[error("operation {} of the request, which this one refers to, failed", .index + 1)]
    NeedsFailed {
        /// Its place in the request, from 0.
        index: usize,
    },
}

/// How many ids an error text names.
const NAMED_MAX: usize = 10;

fn list(ids: &[ResourceId]) -> String {
    let named: Vec<String> = ids.iter().take(NAMED_MAX).map(ToString::to_string).collect();
    let more = ids.len().saturating_sub(NAMED_MAX);
    if more == 0 { named.join(", ") } else { format!("{} and {more} more", named.join(", ")) }
}

/// Runs `units` in order, until `progress` says that too many have failed. Gives the outcome of
/// each operation that was tried, with its place in the request, in the order of trying.
///
/// # Errors
/// [`StoreError`] when the database is not available; the whole transaction is void then.
pub async fn run(
    _tx: &mut Tx,
    _tenant: TenantKey,
    _context: &Context,
    _units: &[Unit],
    _progress: &mut Progress,
) -> Result<Vec<(usize, Result<Written, WriteError>)>, StoreError> {
    todo!("written next")
}
