//! Schemas and resource types of a tenant's own: define, change, remove (RFC 7643 §6, §7).
//!
//! Built-in ones are listed with the others: their schemas can be made narrower, and their types get
//! extensions. A change is checked whole before anything is written: by itself, together with
//! everything else that the tenant has defined, and against the resources that are there.

mod indexing;
mod registries;
mod requests;

use std::sync::Arc;

use scim::fold::fold;
use scim::message::Loc as DraftLoc;
use scim::schema::{
    Attribute, CustomType, FIRST_TYPE, Flaw, INDEXES_MAX, RESOURCE_TYPES_MAX, Registry, ResourceType,
    ResourceTypeDraft, SCHEMAS_MAX, Schema, SchemaDraft, core,
};
use store::audit;
use store::page::Listed;
use store::schemas::change::{self, Obstacle};
use store::schemas::{self, Definitions, IndexState, Stored, StoredIndex};
use store::tenants::TenantStatus;
use store::{StoreError, TenantKey, Tx};

use crate::App;
use crate::caller::{AdminCaller, AdminWriter};
use crate::error::{FieldError, Loc, ServiceError};
use crate::page::PageOf;
use crate::tenants::Tenant;

pub(crate) use registries::Registries;
pub use requests::{KINDS, ListDefinitions, MUTABILITIES, RETURNED, UNIQUENESS, WantedResourceType, WantedSchema};

/// A schema that a tenant has, and what there is to say about it.
#[derive(Debug, Clone, PartialEq)]
pub struct DefinedSchema {
    /// What holds.
    pub schema: Arc<Schema>,
    /// Whether it is built in, changed or not.
    pub is_built_in: bool,
    /// Names of the resource types that have it.
    pub used_by: Vec<String>,
    /// What has become of the indexes that it wants: folded path, state, reason if it failed.
    pub indexes: Vec<(String, IndexState, Option<String>)>,
    /// When it was defined; `None` for a built-in one that is as it was.
    pub created_at: Option<i64>,
    /// When it was last changed.
    pub updated_at: Option<i64>,
}

/// A resource type that a tenant has, and what there is to say about it.
#[derive(Debug, Clone, PartialEq)]
pub struct DefinedResourceType {
    /// What holds.
    pub resource_type: Arc<ResourceType>,
    /// When it was defined; `None` for a built-in one that is as it was.
    pub created_at: Option<i64>,
    /// When it was last changed.
    pub updated_at: Option<i64>,
}

impl DefinedResourceType {
    /// Whether it is built in, changed or not.
    #[must_use]
    pub fn is_built_in(&self) -> bool {
        self.resource_type.key < FIRST_TYPE
    }
}

impl DefinedSchema {
    /// What of the index of an attribute is there: `None` when none is wanted. `path` is
    /// `name.familyName`, in any spelling.
    #[must_use]
    pub fn index(&self, path: &str, attribute: &Attribute) -> Option<(IndexState, Option<&str>)> {
        let path = fold(path);
        let own = self.indexes.iter().find(|(known, ..)| *known == path);
        let own = own.map(|(_, state, reason)| (*state, reason.as_deref()));
        own.or_else(|| attribute.indexed.map(|_| (IndexState::Ready, None)))
    }
}

/// What an administrator wants to be different.
#[derive(Debug, Clone)]
enum Edit {
    CreateSchema(SchemaDraft),
    ReplaceSchema(SchemaDraft),
    DeleteSchema(String),
    CreateType(ResourceTypeDraft),
    ReplaceType(u16, ResourceTypeDraft),
    DeleteType(u16),
}

/// Why it cannot be.
#[derive(Debug)]
enum Refusal {
    Flawed(Vec<Flaw>),
    NotFound(&'static str),
    Conflict(String),
}

const NO_SCHEMA: &str = "The tenant has no such schema";
const NO_TYPE: &str = "The tenant has no such resource type";

impl App {
    /// The schemas that a tenant has, built-in ones first.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn list_schemas(
        &self,
        caller: &AdminCaller,
        tenant: &str,
        request: ListDefinitions,
    ) -> Result<PageOf<DefinedSchema>, ServiceError> {
        let definitions = self.definitions(caller, tenant).await?;
        let registry = definitions.registry()?;
        Ok(paged(request, all_schemas(&definitions, &registry)?))
    }

    /// A schema that a tenant has, by URN in any spelling.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn get_schema(
        &self,
        caller: &AdminCaller,
        tenant: &str,
        urn: &str,
    ) -> Result<DefinedSchema, ServiceError> {
        let definitions = self.definitions(caller, tenant).await?;
        schema_named(&definitions, urn)
    }

    /// Defines a schema.
    ///
    /// # Errors
    /// [`ServiceError::Validation`] with all that is wrong, [`ServiceError::Conflict`] when the
    /// tenant has a schema of this URN, or too many of them.
    pub async fn create_schema(
        &self,
        caller: &AdminWriter,
        tenant: &str,
        WantedSchema(draft): WantedSchema,
    ) -> Result<DefinedSchema, ServiceError> {
        let urn = draft.id.clone();
        let definitions = self.define(caller, tenant, "schema.create", &urn, Edit::CreateSchema(draft)).await?;
        schema_named(&definitions, &urn)
    }

    /// Makes a schema anew. Of one that resources have values of nothing is lost: attributes can be
    /// added, and what is asked for can be changed as far as all of them go with it. A built-in one can
    /// be made narrower.
    ///
    /// # Errors
    /// As [`Self::create_schema`]; [`ServiceError::NotFound`]; [`ServiceError::Conflict`] when
    /// resources that are there do not go with it.
    pub async fn replace_schema(
        &self,
        caller: &AdminWriter,
        tenant: &str,
        urn: &str,
        WantedSchema(draft): WantedSchema,
    ) -> Result<DefinedSchema, ServiceError> {
        if !draft.id.eq_ignore_ascii_case(urn) {
            return Err(stays("id"));
        }
        let definitions = self.define(caller, tenant, "schema.replace", urn, Edit::ReplaceSchema(draft)).await?;
        schema_named(&definitions, urn)
    }

    /// Removes a schema that no resource type has. A built-in one becomes again what it was.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; [`ServiceError::Conflict`] when it is in use, or built in and as it
    /// was.
    pub async fn delete_schema(&self, caller: &AdminWriter, tenant: &str, urn: &str) -> Result<(), ServiceError> {
        self.define(caller, tenant, "schema.delete", urn, Edit::DeleteSchema(urn.to_owned())).await.map(drop)
    }

    /// The resource types that a tenant has, built-in ones first.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn list_resource_types(
        &self,
        caller: &AdminCaller,
        tenant: &str,
        request: ListDefinitions,
    ) -> Result<PageOf<DefinedResourceType>, ServiceError> {
        let definitions = self.definitions(caller, tenant).await?;
        let registry = definitions.registry()?;
        let types = registry.types().iter().map(|resource_type| described(&definitions, resource_type));
        Ok(paged(request, types.collect()))
    }

    /// A resource type that a tenant has, by its name.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn get_resource_type(
        &self,
        caller: &AdminCaller,
        tenant: &str,
        name: &str,
    ) -> Result<DefinedResourceType, ServiceError> {
        let definitions = self.definitions(caller, tenant).await?;
        type_named(&definitions, name)
    }

    /// Defines a resource type.
    ///
    /// # Errors
    /// [`ServiceError::Validation`] with all that is wrong, [`ServiceError::Conflict`] when the
    /// tenant has a type of this name or endpoint, or too many of them.
    pub async fn create_resource_type(
        &self,
        caller: &AdminWriter,
        tenant: &str,
        WantedResourceType(draft): WantedResourceType,
    ) -> Result<DefinedResourceType, ServiceError> {
        let name = draft.name.clone();
        let definitions = self.define(caller, tenant, "resource_type.create", &name, Edit::CreateType(draft)).await?;
        type_named(&definitions, &name)
    }

    /// Makes a resource type anew: its endpoint, its description, its extensions.
    ///
    /// # Errors
    /// As [`Self::create_resource_type`]; [`ServiceError::NotFound`]; [`ServiceError::Conflict`] when
    /// resources that are there do not go with it.
    pub async fn replace_resource_type(
        &self,
        caller: &AdminWriter,
        tenant: &str,
        name: &str,
        WantedResourceType(draft): WantedResourceType,
    ) -> Result<DefinedResourceType, ServiceError> {
        let before = self.get_resource_type(caller, tenant, name).await?;
        if draft.name != name {
            return Err(stays("name"));
        }
        let edit = Edit::ReplaceType(before.resource_type.key, draft);
        let definitions = self.define(caller, tenant, "resource_type.replace", name, edit).await?;
        type_named(&definitions, name)
    }

    /// Removes a resource type of which there are no resources. A built-in one becomes again what it
    /// was.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; [`ServiceError::Conflict`] when there are resources, or it is built
    /// in and as it was.
    pub async fn delete_resource_type(
        &self,
        caller: &AdminWriter,
        tenant: &str,
        name: &str,
    ) -> Result<(), ServiceError> {
        let before = self.get_resource_type(caller, tenant, name).await?;
        let edit = Edit::DeleteType(before.resource_type.key);
        self.define(caller, tenant, "resource_type.delete", name, edit).await.map(drop)
    }

    async fn definitions(&self, caller: &AdminCaller, tenant: &str) -> Result<Definitions, ServiceError> {
        let tenant = self.get_tenant(caller, tenant).await?;
        let key = tenant.key;
        Ok(self.store().read(move |tx| Box::pin(schemas::load(tx, key))).await?)
    }

    /// Carries out an edit in one transaction, or nothing of it; gives what is defined then.
    async fn define(
        &self,
        caller: &AdminWriter,
        tenant: &str,
        action: &'static str,
        subject: &str,
        edit: Edit,
    ) -> Result<Definitions, ServiceError> {
        let Tenant { key, status, .. } = self.get_tenant(caller, tenant).await?;
        if status == TenantStatus::Deleted {
            return Err(ServiceError::Conflict("The tenant is deleted and cannot be changed".into()));
        }
        let now = self.now();
        let entry = caller.entry(now, action, Some(key), subject, &[]);
        let edited = self.store().write(move |tx| {
            let (edit, entry) = (edit.clone(), entry.clone());
            Box::pin(async move {
                let savepoint = tx.savepoint().await?;
                let edited = carry_out(tx, key, &edit, now).await?;
                match &edited {
                    Ok(_) => {
                        audit::insert(tx, &entry).await?;
                        tx.release(savepoint).await?;
                    }
                    Err(_) => tx.roll_back(savepoint).await?,
                }
                Ok(edited)
            })
        });
        let definitions = edited.await?.map_err(refused)?;
        let has_work = |index: &StoredIndex| matches!(index.state, IndexState::Building | IndexState::Dropping);
        if definitions.indexes.iter().any(has_work) {
            self.start_indexing(key);
        }
        Ok(definitions)
    }
}

/// Carries out an edit. What it has written when it refuses is to be rolled back.
async fn carry_out(
    tx: &mut Tx,
    tenant: TenantKey,
    edit: &Edit,
    now: i64,
) -> Result<Result<Definitions, Refusal>, StoreError> {
    let before = schemas::lock(tx, tenant).await?;
    let registry_before = before.registry()?;
    if let Err(refusal) = check(edit, &before, &registry_before) {
        return Ok(Err(refusal));
    }
    schemas::count_change(tx, tenant, true).await?;
    match edit {
        Edit::CreateSchema(draft) | Edit::ReplaceSchema(draft) => {
            schemas::put_schema(tx, tenant, draft, now).await?;
        }
        Edit::DeleteSchema(urn) => schemas::delete_schema(tx, tenant, urn).await?,
        Edit::CreateType(draft) => {
            let key = schemas::new_type_key(tx, tenant).await?;
            schemas::put_type(tx, tenant, &CustomType { key, draft: draft.clone() }, now).await?;
        }
        Edit::ReplaceType(key, draft) => {
            schemas::put_type(tx, tenant, &CustomType { key: *key, draft: draft.clone() }, now).await?;
        }
        Edit::DeleteType(key) => schemas::delete_type(tx, tenant, *key).await?,
    }
    let mut after = schemas::load(tx, tenant).await?;
    change::list_indexes(tx, tenant, &mut after).await?;
    let indexes = after.indexes.iter().filter(|index| !index.path.is_empty() && index.state != IndexState::Dropping);
    if indexes.count() > INDEXES_MAX {
        return Ok(Err(Refusal::Conflict(format!("At most {INDEXES_MAX} attributes can be indexed"))));
    }
    let registry_after = match after.to_be() {
        Ok(registry) => registry,
        Err(flaws) => return Ok(Err(Refusal::Flawed(flaws))),
    };
    let carried = change::carry_out(tx, tenant, (&registry_before, &registry_after), &mut after).await?;
    Ok(carried.map(|()| after).map_err(|obstacle: Obstacle| Refusal::Conflict(sentence(&obstacle))))
}

/// Looks at an edit by itself, and beside what is defined.
fn check(edit: &Edit, before: &Definitions, registry: &Registry) -> Result<(), Refusal> {
    let is_known = |urn: &str| find_schema(before, registry, urn).is_some();
    match edit {
        Edit::CreateSchema(draft) => {
            Schema::define(draft).map_err(Refusal::Flawed)?;
            if before.schema(&draft.id).is_some() {
                return Err(Refusal::Conflict("The tenant has a schema of this URN already".into()));
            }
            at_most(before.schemas.len(), SCHEMAS_MAX, "schemas")
        }
        Edit::ReplaceSchema(draft) => match built_in(&draft.id) {
            Some(schema) => {
                schema.tightened(draft).map_err(Refusal::Flawed)?;
                let is_new = before.schema(&draft.id).is_none();
                at_most(before.schemas.len() - usize::from(!is_new), SCHEMAS_MAX, "schemas")
            }
            None if before.schema(&draft.id).is_none() => Err(Refusal::NotFound(NO_SCHEMA)),
            None => Schema::define(draft).map(drop).map_err(Refusal::Flawed),
        },
        Edit::DeleteSchema(urn) => {
            if before.schema(urn).is_none() {
                let is_built_in = built_in(urn).is_some();
                let conflict = || Refusal::Conflict("The schema is built in, and nothing is changed about it".into());
                return Err(if is_built_in { conflict() } else { Refusal::NotFound(NO_SCHEMA) });
            }
            let users = users(registry, urn);
            if built_in(urn).is_none() && !users.is_empty() {
                let users = users.join(", ");
                return Err(Refusal::Conflict(format!("The schema belongs to the resource types {users}")));
            }
            Ok(())
        }
        Edit::CreateType(draft) => {
            draft.check(is_known).map_err(Refusal::Flawed)?;
            unless_taken(draft, None, registry)?;
            at_most(before.types.len(), RESOURCE_TYPES_MAX, "resource types")
        }
        Edit::ReplaceType(key, draft) => {
            if let Some(built_in) = core::registry().type_keyed(*key) {
                return draft.check_built_in(built_in, is_known).map_err(Refusal::Flawed);
            }
            draft.check(is_known).map_err(Refusal::Flawed)?;
            unless_taken(draft, Some(*key), registry)
        }
        Edit::DeleteType(key) if before.types.iter().any(|own| own.draft.key == *key) => Ok(()),
        Edit::DeleteType(_) => {
            Err(Refusal::Conflict("The resource type is built in, and nothing is changed about it".into()))
        }
    }
}

fn at_most(are: usize, most: usize, what: &str) -> Result<(), Refusal> {
    if are < most { Ok(()) } else { Err(Refusal::Conflict(format!("A tenant can define at most {most} {what}"))) }
}

/// Names and endpoints are told apart without case, so that nobody mistakes one for the other.
fn unless_taken(draft: &ResourceTypeDraft, own: Option<u16>, registry: &Registry) -> Result<(), Refusal> {
    let others = || registry.types().iter().filter(|other| Some(other.key) != own);
    if others().any(|other| other.name.eq_ignore_ascii_case(&draft.name)) {
        return Err(Refusal::Conflict("The tenant has a resource type of this name already".into()));
    }
    if others().any(|other| other.endpoint.eq_ignore_ascii_case(&draft.endpoint)) {
        return Err(Refusal::Conflict("The tenant has a resource type at this endpoint already".into()));
    }
    Ok(())
}

fn built_in(urn: &str) -> Option<&'static Arc<Schema>> {
    let registry = core::registry();
    let is_own = registry.schemas().iter().any(|schema| schema.id.eq_ignore_ascii_case(urn));
    core::schemas().iter().find(|schema| is_own && schema.id.eq_ignore_ascii_case(urn))
}

/// The schema of that URN, used by a type or not.
fn find_schema(definitions: &Definitions, registry: &Registry, urn: &str) -> Option<Arc<Schema>> {
    let used = registry.schemas().into_iter().find(|schema| schema.id.eq_ignore_ascii_case(urn)).cloned();
    used.or_else(|| definitions.schema(urn).and_then(|own| Schema::define(&own.draft).ok()).map(Arc::new))
}

fn users(registry: &Registry, urn: &str) -> Vec<String> {
    let types = registry.types().iter().filter(|resource_type| resource_type.schema_of(urn).is_some());
    types.map(|resource_type| resource_type.name.clone()).collect()
}

fn all_schemas(definitions: &Definitions, registry: &Registry) -> Result<Vec<DefinedSchema>, ServiceError> {
    let built_in = core::registry();
    let built_in = built_in.schemas().into_iter().map(|schema| schema.id.clone());
    let own = definitions.schemas.iter().map(|own| own.draft.id.clone());
    let mut urns: Vec<String> = built_in.collect();
    for urn in own {
        if !urns.iter().any(|other| other.eq_ignore_ascii_case(&urn)) {
            urns.push(urn);
        }
    }
    urns.iter().map(|urn| schema_of(definitions, registry, urn)).collect()
}

fn schema_named(definitions: &Definitions, urn: &str) -> Result<DefinedSchema, ServiceError> {
    schema_of(definitions, &*definitions.registry()?, urn)
}

fn schema_of(definitions: &Definitions, registry: &Registry, urn: &str) -> Result<DefinedSchema, ServiceError> {
    let schema = find_schema(definitions, registry, urn).ok_or_else(|| ServiceError::NotFound(NO_SCHEMA.into()))?;
    let own: Option<&Stored<SchemaDraft>> = definitions.schema(urn);
    let folded = fold(urn);
    let indexes = definitions
        .indexes
        .iter()
        .filter(|index| index.urn == folded && !index.path.is_empty() && index.state != IndexState::Dropping);
    Ok(DefinedSchema {
        is_built_in: built_in(urn).is_some(),
        used_by: users(registry, urn),
        indexes: indexes.map(|index| (index.path.clone(), index.state, index.reason.clone())).collect(),
        created_at: own.map(|own| own.created_at),
        updated_at: own.map(|own| own.updated_at),
        schema,
    })
}

fn type_named(definitions: &Definitions, name: &str) -> Result<DefinedResourceType, ServiceError> {
    let registry = definitions.registry()?;
    let found = registry.type_named(name).ok_or_else(|| ServiceError::NotFound(NO_TYPE.into()))?;
    Ok(described(definitions, found))
}

fn described(definitions: &Definitions, resource_type: &Arc<ResourceType>) -> DefinedResourceType {
    let own = definitions.types.iter().find(|own| own.draft.key == resource_type.key);
    DefinedResourceType {
        resource_type: Arc::clone(resource_type),
        created_at: own.map(|own| own.created_at),
        updated_at: own.map(|own| own.updated_at),
    }
}

fn paged<T>(request: ListDefinitions, all: Vec<T>) -> PageOf<T> {
    let rows = request.page.rows();
    let total = all.len() as u64;
    let items = all.into_iter().skip(rows.skip as usize).take(rows.take as usize).collect();
    request.page.of(Listed { items, total }, |item| item)
}

fn stays(name: &'static str) -> ServiceError {
    let msg = "Value error, this names what is changed, and stays as it is";
    ServiceError::Validation(vec![FieldError::body(name, "value_error", msg)])
}

fn refused(refusal: Refusal) -> ServiceError {
    match refusal {
        Refusal::Flawed(flaws) => ServiceError::Validation(flaws.into_iter().map(field).collect()),
        Refusal::NotFound(detail) => ServiceError::NotFound(detail.into()),
        Refusal::Conflict(detail) => ServiceError::Conflict(detail),
    }
}

fn field(flaw: Flaw) -> FieldError {
    let step = |step| match step {
        DraftLoc::Key(name) => Loc::from(name),
        DraftLoc::Index(place) => Loc::from(place),
    };
    let loc = std::iter::once(Loc::from("body")).chain(flaw.at.into_iter().map(step)).collect();
    FieldError { loc, msg: flaw.msg, kind: flaw.kind }
}

fn sentence(obstacle: &Obstacle) -> String {
    let text = obstacle.to_string();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
