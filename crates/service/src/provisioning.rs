//! Provisioning: create, get, replace, patch, delete, list, search and bulk, for any resource
//! type alike.
//!
//! A write is a batch, of one operation or of many; the store runs it. What goes back is enough
//! to answer with, so nothing is read that was just written, except who belongs to whom: names of
//! members live in their own rows.

mod bulk;
pub(crate) mod idempotency;
mod list;
mod passwords;
mod shown;
#[cfg(test)]
mod tests;
mod tries;

use std::sync::Arc;

use scim::batch::{Action, Batch, Operation};
use scim::dialect;
use scim::id::{Precondition, ResourceId, Version};
use scim::patch;
use scim::path::AttrPath;
use scim::projection::{Projection, hides_some};
use scim::resource::{Notes, Representation, Resource};
use scim::schema::{Registry, Relation, ResourceType, Uniqueness};
use scim::{ScimError, json};
use store::resources::apply::{Change, Context, Progress, UniqueAttribute, Written};
use store::resources::{self, apply};
use store::tenants::TenantSettings;
use store::{Lane, StoreError, Turn};

pub use bulk::{BulkOutcome, BulkRun};
pub use idempotency::{IdempotencyKey, NotAKey};
pub use list::Found;
pub(crate) use passwords::Passwords;
use tries::Tries;

use crate::App;
use crate::caller::ScimCaller;
use crate::error::ServiceError;

/// What became of a resource that was created, replaced or patched.
#[derive(Debug)]
pub struct Stored {
    /// The version it has now.
    pub version: Version,
    /// The resource, if the client is to see it: not when only its members changed and the client
    /// did not ask for attributes, since a big group is never echoed.
    pub shown: Option<Representation>,
    /// What of it is to be shown.
    pub projection: Projection,
    /// What was mended or ignored in the request.
    pub notes: Notes,
    /// The resource.
    pub id: ResourceId,
    /// What was changed, if anything was.
    pub change: Option<Box<Change>>,
}

/// A whole resource that a client sends.
struct Put<'b> {
    target: ResourceId,
    precondition: Precondition,
    body: &'b [u8],
    /// What is done with it.
    becomes: fn(Resource) -> Action,
}

impl App {
    /// Creates a resource (RFC 7644 §3.3) from the JSON text of a request.
    ///
    /// # Errors
    /// [`ServiceError::Scim`] for what is wrong with the text, [`ServiceError::Write`] for what
    /// contradicts the tenant's other resources.
    pub async fn create(
        &self,
        caller: &ScimCaller,
        resource_type: &Arc<ResourceType>,
        body: &[u8],
        projection: &Projection,
    ) -> Result<Stored, ServiceError> {
        let target = self.new_id(resource_type.id_prefix);
        let mut tries = Tries::of(caller, resource_type);
        loop {
            let (caller, resource_type) = tries.current();
            let put = Put { target, precondition: Precondition::Any, body, becomes: Action::Create };
            let done = self.put(caller, resource_type, put, projection).await;
            if !self.tries_again(&mut tries, &done).await? {
                return done;
            }
        }
    }

    /// Replaces a resource (RFC 7644 §3.5.1).
    ///
    /// # Errors
    /// As [`Self::create`]; also [`store::resources::apply::WriteError::NotFound`] and
    /// [`store::resources::apply::WriteError::VersionMismatch`].
    pub async fn replace(
        &self,
        caller: &ScimCaller,
        resource_type: &Arc<ResourceType>,
        id: ResourceId,
        precondition: Precondition,
        body: &[u8],
        projection: &Projection,
    ) -> Result<Stored, ServiceError> {
        let mut tries = Tries::of(caller, resource_type);
        loop {
            let (caller, resource_type) = tries.current();
            let put = Put { target: id, precondition: precondition.clone(), body, becomes: Action::Replace };
            let done = self.put(caller, resource_type, put, projection).await;
            if !self.tries_again(&mut tries, &done).await? {
                return done;
            }
        }
    }

    async fn put(
        &self,
        caller: &ScimCaller,
        resource_type: &Arc<ResourceType>,
        put: Put<'_>,
        projection: &Projection,
    ) -> Result<Stored, ServiceError> {
        refuse_both_selections_if_strict(caller, projection)?;
        let resource = Resource::read(resource_type, json::parse(put.body)?)?;
        refuse_repairs_if_strict(caller, &resource.notes, ScimError::Syntax)?;
        let projection = showing(projection, resource_type, || resource.document.names(resource_type));
        let notes = resource.notes.clone();
        let action = (put.becomes)(resource);
        let written =
            self.write_one(caller, (resource_type, put.target), put.precondition, action, &projection).await?;
        self.stored(caller, written, notes, projection, true).await
    }

    /// Changes a resource in part (RFC 7644 §3.5.2).
    ///
    /// # Errors
    /// As [`Self::replace`].
    pub async fn patch(
        &self,
        caller: &ScimCaller,
        resource_type: &Arc<ResourceType>,
        id: ResourceId,
        precondition: Precondition,
        body: &[u8],
        projection: &Projection,
    ) -> Result<Stored, ServiceError> {
        let mut tries = Tries::of(caller, resource_type);
        loop {
            let (caller, resource_type) = tries.current();
            let done = self.patch_once(caller, resource_type, (id, precondition.clone()), body, projection).await;
            if !self.tries_again(&mut tries, &done).await? {
                return done;
            }
        }
    }

    async fn patch_once(
        &self,
        caller: &ScimCaller,
        resource_type: &Arc<ResourceType>,
        (id, precondition): (ResourceId, Precondition),
        body: &[u8],
        projection: &Projection,
    ) -> Result<Stored, ServiceError> {
        refuse_both_selections_if_strict(caller, projection)?;
        let plan = patch::plan(resource_type, json::parse(body)?, caller.dialect())?;
        plan.check_id(id)?;
        refuse_repairs_if_strict(caller, &plan.notes, ScimError::Syntax)?;
        let shows_more = !projection.is_default();
        let projection = showing(projection, resource_type, || plan.names(resource_type));
        let mut notes = plan.notes.clone();
        let action = Action::Patch(plan);
        let written = self.write_one(caller, (resource_type, id), precondition, action, &projection).await?;
        notes.join(&written.0.notes);
        let shows = written.0.document_touched || shows_more;
        self.stored(caller, written, notes, projection, shows).await
    }

    /// Deletes a resource (RFC 7644 §3.6); it leaves all that it belonged to. Gives what was deleted.
    ///
    /// # Errors
    /// [`store::resources::apply::WriteError::NotFound`],
    /// [`store::resources::apply::WriteError::VersionMismatch`].
    pub async fn delete(
        &self,
        caller: &ScimCaller,
        resource_type: &Arc<ResourceType>,
        id: ResourceId,
        precondition: Precondition,
    ) -> Result<Option<Box<Change>>, ServiceError> {
        let mut tries = Tries::of(caller, resource_type);
        loop {
            let (caller, resource_type) = tries.current();
            let (target, nothing) = ((resource_type, id), Projection::default());
            let done = self.write_one(caller, target, precondition.clone(), Action::Delete, &nothing).await;
            if !self.tries_again(&mut tries, &done).await? {
                return done.map(|(written, _)| written.change);
            }
        }
    }

    /// A resource as it is (RFC 7644 §3.4.1).
    ///
    /// # Errors
    /// [`ScimError::NotFound`].
    pub async fn get(
        &self,
        caller: &ScimCaller,
        resource_type: &Arc<ResourceType>,
        id: ResourceId,
        projection: &Projection,
    ) -> Result<Representation, ServiceError> {
        refuse_both_selections_if_strict(caller, projection)?;
        let found = self.find(caller, resource_type, id, projection).await?;
        found.ok_or_else(|| not_found(resource_type, id).into())
    }

    async fn find(
        &self,
        caller: &ScimCaller,
        resource_type: &Arc<ResourceType>,
        id: ResourceId,
        projection: &Projection,
    ) -> Result<Option<Representation>, ServiceError> {
        let tenant = caller.tenant.key;
        let registry = Arc::clone(&caller.registry);
        let resource_type = Arc::clone(resource_type);
        let projection = projection.clone();
        let lane = if projection.wants(&resource_type, Relation::Members) { Lane::Fast } else { Lane::Near };
        let found = self.store().read_on(lane, move |tx| {
            Box::pin(async move {
                let wants = |of: &ResourceType, relation| projection.wants(of, relation);
                resources::show(tx, tenant, &registry, (&resource_type, id), wants).await
            })
        });
        Ok(found.await?)
    }

    /// Runs one operation; gives what became of the resource, and the resource as far as it is
    /// [at hand](shown::at_hand).
    async fn write_one(
        &self,
        caller: &ScimCaller,
        (resource_type, target): (&Arc<ResourceType>, ResourceId),
        precondition: Precondition,
        action: Action,
        projection: &Projection,
    ) -> Result<(Written, Option<Representation>), ServiceError> {
        let operation = Operation { resource_type: Arc::clone(resource_type), target, precondition, action };
        let mut batch = Batch::single(operation);
        self.passwords().hash_all(&mut batch.units).await?;
        let tenant = caller.tenant.key;
        let (batch, context, projection) =
            (Arc::new(batch), Arc::new(self.context(caller)), Arc::new(projection.clone()));
        if let Some(unit) = batch.units.first()
            && let Some(created) = apply::create(self.store(), tenant, &context, unit).await?
        {
            let mut written = created?;
            let shown = shown::new(&mut written, &projection);
            return Ok((written, shown));
        }
        let outcome = self.store().write_in_turn(Turn::Request(tenant), move |tx| {
            let (batch, context, projection) = (Arc::clone(&batch), Arc::clone(&context), Arc::clone(&projection));
            Box::pin(async move {
                let mut outcomes = apply::run(tx, tenant, &context, &batch.units, &mut Progress::of(&batch)).await?;
                Ok(match outcomes.pop() {
                    Some((_, Ok(mut written))) => {
                        let shown = shown::at_hand(tx, tenant, &context.registry, &mut written, &projection).await?;
                        Some(Ok((written, shown)))
                    }
                    Some((_, Err(error))) => Some(Err(error)),
                    None => None,
                })
            })
        });
        match outcome.await? {
            Some(Ok(written)) => Ok(written),
            Some(Err(apply::WriteError::NotFound)) => Err(not_found(resource_type, target).into()),
            Some(Err(error)) => Err(error.into()),
            // The store tries every operation unless told to stop before.
            None => Err(StoreError::Corrupt("an operation has no outcome".into()).into()),
        }
    }

    /// Runs units from the one with that number on in one transaction, until others wait; gives the outcomes, and
    /// how far the batch has come.
    async fn write_units(
        &self,
        caller: &ScimCaller,
        (units, first): (Arc<[scim::batch::Unit]>, usize),
        progress: Progress,
    ) -> Result<(Outcomes, Progress), StoreError> {
        let tenant = caller.tenant.key;
        let context = Arc::new(self.context(caller));
        self.store()
            .write_in_turn(Turn::Slice(tenant), move |tx| {
                let (units, context, mut progress) = (Arc::clone(&units), Arc::clone(&context), progress.clone());
                Box::pin(async move {
                    let outcomes = apply::run(tx, tenant, &context, &units[first..], &mut progress).await?;
                    Ok((outcomes, progress))
                })
            })
            .await
    }

    fn context(&self, caller: &ScimCaller) -> Context {
        Context {
            now: self.now(),
            actor: caller.actor.to_string(),
            request_id: caller.request_id.clone(),
            registry: Arc::clone(&caller.registry),
            unique: unique_attributes(caller.tenant.settings, &caller.registry),
            strict: caller.tenant.settings.strict,
        }
    }

    /// What to answer after a write.
    async fn stored(
        &self,
        caller: &ScimCaller,
        (mut written, at_hand): (Written, Option<Representation>),
        notes: Notes,
        projection: Projection,
        shows: bool,
    ) -> Result<Stored, ServiceError> {
        let (id, version, change) = (written.id, written.version, written.change.take());
        if !shows {
            return Ok(Stored { version, shown: None, projection, notes, id, change });
        }
        let resource_type = Arc::clone(&written.resource_type);
        let resource = match at_hand {
            Some(resource) => resource,
            // It was written a moment ago; gone already means that somebody deleted it since.
            None => self
                .find(caller, &resource_type, written.id, &projection)
                .await?
                .ok_or_else(|| ServiceError::from(not_found(&resource_type, written.id)))?,
        };
        Ok(Stored { version: resource.version, shown: Some(resource), projection, notes, id, change })
    }
}

/// What the settings of a tenant make unique, besides what its schemas say.
pub(crate) fn unique_attributes(settings: TenantSettings, registry: &Registry) -> Vec<UniqueAttribute> {
    let mut unique = Vec::new();
    for resource_type in registry.types() {
        let mut add = |attribute: &str| {
            unique.push(UniqueAttribute { resource_type: resource_type.key, attribute: attribute.to_owned() });
        };
        if settings.external_id_unique {
            add("externalId");
        }
        let by_schema = resource_type.schema.attribute("displayName").map(|attribute| attribute.uniqueness);
        let is_unique = by_schema.is_some_and(|uniqueness| uniqueness != Uniqueness::None);
        if settings.group_display_name_unique && resource_type.relation(Relation::Members).is_some() && !is_unique {
            add("displayName");
        }
    }
    unique
}

type Outcomes = Vec<(usize, Result<Written, apply::WriteError>)>;

/// A tenant that wants its clients to keep to the RFCs has what needed mending refused.
///
/// # Errors
/// What `refused` makes of a text that names the setting and each repair.
fn refuse_repairs_if_strict(
    caller: &ScimCaller,
    notes: &Notes,
    refused: impl Fn(String) -> ScimError,
) -> Result<(), ScimError> {
    if !caller.tenant.settings.strict {
        return Ok(());
    }
    dialect::refusal(notes).map_or(Ok(()), |refusal| Err(refused(refusal)))
}

/// The same for `attributes` together with `excludedAttributes`.
fn refuse_both_selections_if_strict(caller: &ScimCaller, projection: &Projection) -> Result<(), ScimError> {
    let mut notes = Notes::default();
    projection.note(&mut notes);
    refuse_repairs_if_strict(caller, &notes, |refusal| ScimError::value("excludedAttributes", refusal))
}

/// What an answer to a write shows: see [`Projection::showing`]. `names` are those of the request.
fn showing(projection: &Projection, resource_type: &ResourceType, names: impl FnOnce() -> Vec<AttrPath>) -> Projection {
    if hides_some(resource_type) { projection.showing(names()) } else { projection.clone() }
}

fn not_found(resource_type: &ResourceType, id: ResourceId) -> ScimError {
    ScimError::NotFound(format!("{} {id} not found", resource_type.name))
}
