//! One operation, in two halves: [`stage`] writes the resource, [`finish`] who belongs to it and
//! the event. Between the two, the other operations of a circle are staged.

use scim::ScimError;
use scim::batch::{Action, Operation};
use scim::dialect;
use scim::id::{Precondition, ResourceId, Version};
use scim::patch::{PatchPlan, Patched};
use scim::resource::{Document, Notes, Resource, Secret};
use scim::schema::Relation;

use super::{Change, Context, Fault, WriteError, Written};
use crate::attributes::{self, Keys, USER_NAME};
use crate::error::StoreError;
use crate::events::{self, Kind, MembersDelta};
use crate::members::change::{self, Group};
use crate::members::rows as member_rows;
use crate::members::work::MembersWork;
use crate::resources::rows::{self, Columns, Indexed, SecretChange};
use crate::resources::{ResourceKey, StoredResource};
use crate::tenants::TenantKey;
use crate::tx::Tx;

/// An operation whose document has been written.
pub(super) struct Staged<'a> {
    operation: &'a Operation,
    kind: Kind,
    /// The row; `None` when it has not been looked for, since only its members are to change.
    row: Option<Row>,
    /// The document as it is stored now, where it was read.
    body: Option<String>,
    /// What people call it, where it was read.
    name: Option<String>,
    /// What was mended in applying the operation.
    notes: Notes,
    /// Canonical names of the attributes that changed.
    changed: Vec<String>,
    /// The row was written, so version and time have moved.
    moved: bool,
    before: Option<String>,
    after: Option<String>,
    /// What is still to be done.
    members: MembersWork,
    /// What has been done.
    delta: MembersDelta,
}

/// What an answer and the membership rows need to know of a row.
#[derive(Debug, Clone, Copy)]
struct Row {
    key: ResourceKey,
    version: Version,
    created: i64,
    modified: i64,
}

impl Row {
    fn of(stored: &StoredResource) -> Self {
        Self { key: stored.key, version: stored.version, created: stored.created, modified: stored.modified }
    }
}

/// Writes the resource of an operation.
pub(super) async fn stage<'a>(
    tx: &mut Tx,
    tenant: TenantKey,
    context: &Context,
    operation: &'a Operation,
) -> Result<Staged<'a>, Fault> {
    match &operation.action {
        Action::Create(resource) => create(tx, tenant, context, operation, resource).await,
        Action::Replace(resource) => replace(tx, tenant, context, operation, resource).await,
        Action::Patch(plan) if !plan.needs_document() && plan.secret.is_none() && !plan.members.is_empty() => {
            Ok(Staged { members: MembersWork::of_changes(&plan.members), ..Staged::unread(operation, Kind::Patch) })
        }
        Action::Patch(plan) => patch(tx, tenant, context, operation, plan).await,
        Action::Delete => delete(tx, tenant, context, operation).await,
    }
}

impl<'a> Staged<'a> {
    fn unread(operation: &'a Operation, kind: Kind) -> Self {
        Self {
            operation,
            kind,
            row: None,
            body: None,
            name: None,
            notes: Notes::default(),
            changed: Vec::new(),
            moved: false,
            before: None,
            after: None,
            members: MembersWork::default(),
            delta: MembersDelta::default(),
        }
    }
}

async fn create<'a>(
    tx: &mut Tx,
    tenant: TenantKey,
    context: &Context,
    operation: &'a Operation,
    resource: &'a Resource,
) -> Result<Staged<'a>, Fault> {
    let Operation { resource_type, target, .. } = operation;
    let columns = Columns::of(&resource.document, resource_type, *target);
    let keys = Keys::of(&resource.document, resource_type, context);
    let secret = resource.secret.as_ref().map(hash).transpose()?;
    let inserted = rows::insert(tx, tenant, (resource_type, *target), context.now, &columns, secret).await?;
    let Some(key) = inserted else {
        let attribute = if columns.indexed.user_name.is_some() { USER_NAME } else { "id" };
        return Err(WriteError::NotUnique { attribute: attribute.into() }.into());
    };
    attributes::insert(tx, tenant, resource_type, key, &keys).await?;
    rows::count_in(tx, tenant, resource_type, key).await?;
    Ok(Staged {
        row: Some(Row { key, version: Version::FIRST, created: context.now, modified: context.now }),
        changed: changed(operation, &Document::default(), &resource.document, resource.secret.is_some()),
        moved: true,
        after: Some(shown(&resource.document, operation).unwrap_or_else(|| columns.body.clone())),
        body: Some(columns.body),
        name: name_of(&resource.document),
        members: MembersWork::create(&resource.members),
        ..Staged::unread(operation, Kind::Create)
    })
}

async fn replace<'a>(
    tx: &mut Tx,
    tenant: TenantKey,
    context: &Context,
    operation: &'a Operation,
    resource: &'a Resource,
) -> Result<Staged<'a>, Fault> {
    let (stored, indexed) = load(tx, tenant, operation).await?;
    let before = read(&stored)?;
    let replaced = before.replaced_by(&operation.resource_type, &resource.document)?;
    let after: &Document = &replaced;
    let has_members = operation.resource_type.relation(Relation::Members).is_some();
    let members = if has_members { MembersWork::exactly(&resource.members) } else { MembersWork::default() };
    // A client that reads a resource and sends it back cannot send the secret, as it is never shown.
    let secret = match &resource.secret {
        None => SecretChange::Keep,
        Some(secret) => SecretChange::Set(hash(secret)?),
    };
    let staged = Staged { members, ..Staged::unread(operation, Kind::Replace) };
    write(tx, tenant, context, staged, (stored, indexed), (&before, after), secret).await
}

async fn patch<'a>(
    tx: &mut Tx,
    tenant: TenantKey,
    context: &Context,
    operation: &'a Operation,
    plan: &'a PatchPlan,
) -> Result<Staged<'a>, Fault> {
    let (stored, indexed) = load(tx, tenant, operation).await?;
    let before = read(&stored)?;
    let Patched { document: after, notes, .. } = plan.apply(&operation.resource_type, &before)?;
    if context.strict
        && let Some(refusal) = dialect::refusal(&notes)
    {
        // Without its repair, what shows only now selects nothing.
        return Err(ScimError::NoTarget(refusal).into());
    }
    let secret = match &plan.secret {
        None => SecretChange::Keep,
        Some(None) => SecretChange::Remove,
        Some(Some(secret)) => SecretChange::Set(hash(secret)?),
    };
    let members = MembersWork::of_changes(&plan.members);
    let staged = Staged { notes, members, ..Staged::unread(operation, Kind::Patch) };
    write(tx, tenant, context, staged, (stored, indexed), (&before, &after), secret).await
}

/// Writes what became of a stored document, if it changed. A secret that was sent counts as
/// changed: nobody can tell from its hash.
async fn write<'a>(
    tx: &mut Tx,
    tenant: TenantKey,
    context: &Context,
    staged: Staged<'a>,
    (stored, indexed): (StoredResource, Indexed),
    (before, after): (&Document, &Document),
    secret: SecretChange<'_>,
) -> Result<Staged<'a>, Fault> {
    let operation = staged.operation;
    let resource_type = &*operation.resource_type;
    let row = Row::of(&stored);
    if before == after && secret == SecretChange::Keep {
        return Ok(Staged { row: Some(row), body: Some(stored.body), ..staged });
    }
    let columns = Columns::of(after, resource_type, stored.id);
    let written = (&indexed, &columns);
    let updated = rows::update(tx, tenant, (row.key, row.version), context.now, written, secret).await;
    let version = updated.map_err(taken)?.ok_or(WriteError::VersionMismatch { current: row.version })?;
    let changed = changed(operation, before, after, secret != SecretChange::Keep);
    if attributes::can_differ(resource_type, context, &changed) {
        let keys = (&Keys::of(before, resource_type, context), &Keys::of(after, resource_type, context));
        attributes::replace(tx, tenant, resource_type, row.key, keys).await?;
    }
    let hidden = (before.without_hidden(resource_type), after.without_hidden(resource_type));
    let (image_before, image_after) = hidden.0.as_ref().unwrap_or(before).images(hidden.1.as_ref().unwrap_or(after));
    Ok(Staged {
        row: Some(Row { version, modified: context.now, ..row }),
        changed,
        moved: true,
        before: Some(image_before),
        after: Some(image_after),
        body: Some(columns.body),
        name: name_of(after),
        ..staged
    })
}

async fn delete<'a>(
    tx: &mut Tx,
    tenant: TenantKey,
    context: &Context,
    operation: &'a Operation,
) -> Result<Staged<'a>, Fault> {
    let (stored, _) = load(tx, tenant, operation).await?;
    let document = read(&stored)?;
    let keys = Keys::of(&document, &operation.resource_type, context);
    let key = stored.key;
    rows::touch_groups_of(tx, tenant, key, context.now).await?;
    events::append_lost_member(tx, tenant, context, (key, stored.id)).await?;
    member_rows::leave_all(tx, tenant, key).await?;
    let has_members = operation.resource_type.relation(Relation::Members).is_some();
    let removed = if has_members { member_rows::remove_all(tx, tenant, key).await? } else { Vec::new() };
    attributes::delete(tx, tenant, key, &keys).await?;
    if !rows::delete(tx, tenant, key, stored.version).await? {
        return Err(WriteError::VersionMismatch { current: stored.version }.into());
    }
    rows::count_out(tx, tenant, &operation.resource_type, key).await?;
    Ok(Staged {
        row: Some(Row::of(&stored)),
        moved: true,
        name: name_of(&document),
        before: Some(shown(&document, operation).unwrap_or(stored.body)),
        delta: MembersDelta { added: Vec::new(), removed },
        ..Staged::unread(operation, Kind::Delete)
    })
}

/// Writes who belongs to the resource, and the event.
pub(super) async fn finish(
    tx: &mut Tx,
    tenant: TenantKey,
    context: &Context,
    mut staged: Staged<'_>,
    in_circle: bool,
) -> Result<Written, Fault> {
    let operation = staged.operation;
    let mut row = staged.row;
    if !staged.members.is_empty() || row.is_none() {
        let group = Group {
            resource_type: &operation.resource_type,
            id: operation.target,
            key: row.map(|row| row.key),
            // Nobody contains what is being created, other than in a circle of bulk operations.
            circles_allowed: in_circle || staged.kind == Kind::Create,
        };
        let known = change::look_up(tx, tenant, &group, &staged.members).await?;
        let target = match row {
            Some(row) => row,
            None => unread_target(operation, known.target)?,
        };
        staged.delta = change::write(tx, tenant, context, &group, target.key, &staged.members, &known).await?;
        row = Some(target);
    }
    let Some(mut row) = row else { return Err(WriteError::NotFound.into()) };
    if !staged.moved && !staged.delta.is_empty() {
        let only_at = if operation.precondition == Precondition::Any { None } else { Some(row.version) };
        let touched = rows::touch(tx, tenant, row.key, context.now, only_at).await?;
        row.version = touched.ok_or(WriteError::VersionMismatch { current: row.version })?;
        row.modified = context.now;
        staged.moved = true;
    }
    let change = Change {
        kind: staged.kind,
        name: staged.name,
        attributes: staged.changed,
        members: staged.delta,
        before: staged.before,
        after: staged.after,
    };
    if staged.moved {
        let (key, id) = (operation.resource_type.key, operation.target);
        events::append(tx, tenant, context, (key, id, row.version), &change).await?;
    }
    Ok(Written {
        key: row.key,
        id: operation.target,
        resource_type: operation.resource_type.clone(),
        version: row.version,
        created: row.created,
        modified: row.modified,
        document_touched: staged.body.is_some() || staged.kind == Kind::Delete,
        body: staged.body,
        changed: staged.moved,
        notes: staged.notes,
        change: staged.moved.then(|| Box::new(change)),
    })
}

/// The row of a resource of which only the members are to change, once it has been looked for.
fn unread_target(operation: &Operation, found: Option<change::Known>) -> Result<Row, WriteError> {
    let found = found.filter(|found| found.resource_type == operation.resource_type.key);
    let found = found.ok_or(WriteError::NotFound)?;
    allow(operation, found.version)?;
    Ok(Row { key: found.key, version: found.version, created: found.created, modified: found.modified })
}

async fn load(tx: &mut Tx, tenant: TenantKey, operation: &Operation) -> Result<(StoredResource, Indexed), Fault> {
    let loaded = rows::load(tx, tenant, &operation.resource_type, operation.target).await?;
    let (stored, indexed) = loaded.ok_or(WriteError::NotFound)?;
    allow(operation, stored.version)?;
    Ok((stored, indexed))
}

fn allow(operation: &Operation, current: Version) -> Result<(), WriteError> {
    if operation.precondition.allows(current) { Ok(()) } else { Err(WriteError::VersionMismatch { current }) }
}

/// What the event says of a document that has attributes which are never returned.
pub(super) fn shown(document: &Document, operation: &Operation) -> Option<String> {
    Some(document.without_hidden(&operation.resource_type)?.to_body(operation.target))
}

/// What people call a resource.
pub(super) fn name_of(document: &Document) -> Option<String> {
    document.text(USER_NAME).or_else(|| document.text("displayName")).map(str::to_owned)
}

fn read(stored: &StoredResource) -> Result<Document, StoreError> {
    Document::from_body(&stored.body).map_err(|error| corrupt(stored.id, &error))
}

fn corrupt(id: ResourceId, error: &impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt(format!("resource {id}: {error}"))
}

pub(super) fn changed(operation: &Operation, before: &Document, after: &Document, with_secret: bool) -> Vec<String> {
    let mut names = before.changed(after);
    let secret = operation.resource_type.schema.attributes.iter().find(|attribute| attribute.secret);
    names.extend(secret.filter(|_| with_secret).map(|attribute| attribute.name.clone()));
    names
}

pub(super) fn hash(secret: &Secret) -> Result<&str, StoreError> {
    match secret {
        Secret::Hashed(hash) => Ok(hash),
        Secret::Plain(_) => Err(StoreError::Corrupt("a secret must be hashed before it is stored".into())),
    }
}

/// The unique columns tell by a constraint that they are taken.
fn taken(error: StoreError) -> Fault {
    match error {
        StoreError::NotUnique(constraint) if constraint == "resources.user_name" => {
            WriteError::NotUnique { attribute: USER_NAME.into() }.into()
        }
        error => error.into(),
    }
}
