//! The one write path: runs the units of a [`Batch`], a savepoint each.
//!
//! A single request is a batch of one operation, `/Bulk` a batch of many (RFC 7644 §3.7); this is
//! the only place where a resource is created, replaced, patched or deleted. A unit of several
//! operations refers to itself in a circle: its resources are written first, then who belongs to
//! them, and it succeeds or fails as one.

pub(crate) mod creations;
mod operation;

use std::collections::BTreeSet;
use std::sync::Arc;

use scim::ScimError;
use scim::batch::{Batch, Unit};
use scim::id::{ResourceId, Version};
use scim::resource::Notes;
use scim::schema::{Registry, ResourceType};

use creations::Creation;

use super::ResourceKey;
use crate::error::StoreError;
use crate::events::{Kind, MembersDelta};
use crate::store::Store;
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
    /// Whether what could only be applied by mending it is refused.
    pub strict: bool,
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
        Self::stopping_after(batch.fail_on_errors)
    }

    /// The start of a batch that ends when so many of its operations have failed, if ever.
    pub fn stopping_after(fail_on_errors: Option<u32>) -> Self {
        Self { fail_on_errors, failed: BTreeSet::new() }
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
    /// What other rows call it, or called it.
    pub key: ResourceKey,
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
    /// What was mended in applying it, which could not be foreseen.
    pub notes: Notes,
    /// What the change was; `None` when nothing changed.
    pub change: Option<Box<Change>>,
}

/// A change of a resource, as its event says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What happened.
    pub kind: Kind,
    /// What people call the resource: its `userName`, or else its `displayName`. `None` when it has
    /// neither, or was not read since only its members changed.
    pub name: Option<String>,
    /// Canonical names of the attributes that changed, members aside.
    pub attributes: Vec<String>,
    /// Who came to belong to it, and who no longer does.
    pub members: MembersDelta,
    /// As [`crate::events::Event::before`].
    pub before: Option<String>,
    /// As [`crate::events::Event::after`].
    pub after: Option<String>,
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

/// Why an operation, or the whole transaction, goes no further.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The operation is refused.
    Refused(WriteError),
    /// The database is not available.
    Store(StoreError),
}

impl<E: Into<WriteError>> From<E> for Fault {
    fn from(error: E) -> Self {
        Self::Refused(error.into())
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Runs `units` in order, until `progress` says that too many operations have failed, or others wait for
/// their turn: then what is left is for another transaction. At least one is run, if any may be. Gives the
/// outcome of each operation that was tried, with its place in the request, in the order of trying.
///
/// # Errors
/// [`StoreError::Outdated`] when the tenant's definitions are no longer those of the registry;
/// [`StoreError`] when the database is not available. The whole transaction is void then.
pub async fn run(
    tx: &mut Tx,
    tenant: TenantKey,
    context: &Context,
    units: &[Unit],
    progress: &mut Progress,
) -> Result<Vec<Outcome>, StoreError> {
    tx.expect_schemas(tenant, context.registry.version()).await?;
    let mut outcomes = Vec::with_capacity(units.len());
    let mut rest = units;
    while let [unit, after @ ..] = rest
        && !progress.is_stopped()
    {
        let creations = if tx.travels() { creations(context, rest)? } else { Vec::new() };
        if !creations.is_empty() {
            let failures_max = progress.fail_on_errors.map(|most| most as usize - progress.failed.len());
            let keys = creations::write(tx, tenant, &creations, failures_max).await?;
            rest = &rest[keys.len()..];
            for (creation, key) in creations.iter().zip(keys) {
                progress.failed.extend(key.is_none().then_some(creation.index));
                outcomes.push((creation.index, creation.outcome(key)));
            }
            continue;
        }
        rest = after;
        match run_unit(tx, tenant, context, unit, progress).await? {
            Ok(written) => {
                outcomes.extend(unit.steps.iter().zip(written).map(|(step, written)| (step.index, Ok(written))));
            }
            Err((failed, error)) => {
                progress.failed.extend(unit.steps.iter().map(|step| step.index));
                outcomes.extend(refusals(unit, failed, error));
            }
        }
        if tx.should_give_way() {
            break;
        }
    }
    Ok(outcomes)
}

/// The units that come first, as far as they can be created together.
fn creations(context: &Context, units: &[Unit]) -> Result<Vec<Creation>, StoreError> {
    let creations = units.iter().map(|unit| Creation::of(context, unit));
    creations.map_while(Result::transpose).collect()
}

/// Creates a resource, in one transaction with others of the tenant that are created at the same time.
/// `None`: such a unit has to be [run], on this engine.
///
/// # Errors
/// As [`run`].
pub async fn create(
    store: &Store,
    tenant: TenantKey,
    context: &Context,
    unit: &Unit,
) -> Result<Option<Result<Written, WriteError>>, StoreError> {
    let Some(postgres) = store.postgres() else { return Ok(None) };
    let Some(creation) = Creation::of(context, unit)? else { return Ok(None) };
    postgres.create(tenant, creation).await.map(Some)
}

/// The place of an operation in the request, and what became of it.
pub type Outcome = (usize, Result<Written, WriteError>);

/// One unit, whole or not at all. A refusal comes with the place of the operation that is to blame.
async fn run_unit(
    tx: &mut Tx,
    tenant: TenantKey,
    context: &Context,
    unit: &Unit,
    progress: &Progress,
) -> Result<Result<Vec<Written>, (usize, WriteError)>, StoreError> {
    for step in &unit.steps {
        if let Some(index) = step.needs.iter().find(|index| progress.failed.contains(index)) {
            return Ok(Err((step.index, WriteError::NeedsFailed { index: *index })));
        }
        if let Err(error) = &step.work {
            return Ok(Err((step.index, error.clone().into())));
        }
    }
    let before = tx.savepoint().await?;
    match run_operations(tx, tenant, context, unit).await {
        Ok(written) => {
            tx.release(before).await?;
            Ok(Ok(written))
        }
        Err((failed, Fault::Refused(error))) => {
            tx.roll_back(before).await?;
            Ok(Err((failed, error)))
        }
        Err((_, Fault::Store(error))) => Err(error),
    }
}

/// First the resources, so that each exists, then who belongs to them.
async fn run_operations(
    tx: &mut Tx,
    tenant: TenantKey,
    context: &Context,
    unit: &Unit,
) -> Result<Vec<Written>, (usize, Fault)> {
    let in_circle = unit.steps.len() > 1;
    let mut staged = Vec::with_capacity(unit.steps.len());
    for step in &unit.steps {
        let operation = step.work.as_ref().map_err(|error| (step.index, error.clone().into()))?;
        let stage = operation::stage(tx, tenant, context, operation).await;
        staged.push(stage.map_err(|fault| (step.index, fault))?);
    }
    let mut written = Vec::with_capacity(staged.len());
    for (step, staged) in unit.steps.iter().zip(staged) {
        let finished = operation::finish(tx, tenant, context, staged, in_circle).await;
        written.push(finished.map_err(|fault| (step.index, fault))?);
    }
    Ok(written)
}

/// What the operations of a refused unit are told: one its own reason, the others that they need it.
fn refusals(unit: &Unit, failed: usize, error: WriteError) -> impl Iterator<Item = Outcome> {
    unit.steps.iter().map(move |step| {
        let own = step.index == failed;
        (step.index, Err(if own { error.clone() } else { WriteError::NeedsFailed { index: failed } }))
    })
}
