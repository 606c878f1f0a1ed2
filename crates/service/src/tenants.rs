//! Tenants: create, import, configure, suspend, delete.

mod import;
mod limits;
mod requests;

use std::sync::Arc;

use scim::id::Id;
use store::audit;
use store::resources::apply::UniqueAttribute;
use store::resources::uniqueness;
use store::tenants::{LimitOverrides, NewTenant, TenantChange, TenantFilter};
use store::{Lock, StoreError, TenantKey, Tx, schemas};

use crate::App;
use crate::caller::{AdminCaller, AdminWriter};
use crate::error::{FieldError, ServiceError};
use crate::page::PageOf;
use crate::provisioning::unique_attributes;

pub use import::{ImportError, Imported, Refusal};
pub use limits::Limits;
pub use requests::{CreateTenant, ImportTenant, LimitChange, ListTenants, SettingChange, UpdateTenant};
pub use store::tenants::{RequestLogging, TenantSettings, TenantStatus};

/// What ids of tenants begin with.
pub const PREFIX: [u8; 3] = *b"tnt";

/// A tenant, with the limits that hold for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// How rows name it.
    pub key: TenantKey,
    /// How clients name it, `tnt_…`.
    pub id: Id,
    /// The readable name in URLs.
    pub slug: String,
    /// A name for people.
    pub name: String,
    /// Whether its routes answer.
    pub status: TenantStatus,
    /// Its own limits, or the deployment's where it has none.
    pub limits: Limits,
    /// How its directory behaves.
    pub settings: TenantSettings,
    /// When it was created.
    pub created_at: i64,
    /// When it was last changed.
    pub updated_at: i64,
}

impl Tenant {
    /// Whether the segment of a path names this tenant.
    #[must_use]
    pub fn is_named(&self, id_or_slug: &str) -> bool {
        self.slug == id_or_slug || id_or_slug.parse() == Ok(self.id)
    }
}

impl App {
    /// Creates a tenant.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`] for callers bound to a tenant, [`ServiceError::Conflict`] when
    /// the slug is or was taken.
    pub async fn create_tenant(&self, caller: &AdminWriter, request: CreateTenant) -> Result<Tenant, ServiceError> {
        caller.require_platform()?;
        let Some(slug) = request.slug.clone().or_else(|| requests::slug_of(&request.name)) else {
            let msg = "Field required: no slug can be made of this name";
            return Err(ServiceError::Validation(vec![FieldError::body("slug", "missing", msg)]));
        };
        let now = self.now();
        let new = NewTenant {
            id: self.new_id(PREFIX),
            slug,
            name: request.name,
            limits: request.limits.on(LimitOverrides::default()),
            settings: request.settings.on(TenantSettings::default()),
        };
        let caller = caller.clone();
        let written = self.store().write(move |tx| {
            let (new, caller) = (new.clone(), caller.clone());
            Box::pin(async move {
                let tenant = store::tenants::insert(tx, &new, now).await?;
                let entry = caller.entry(now, "tenant.create", Some(tenant.key), tenant.id, &[]);
                audit::insert(tx, &entry).await?;
                Ok(tenant)
            })
        });
        let tenant = written.await.map_err(slug_taken)?;
        Ok(self.tenant(tenant))
    }

    /// A page of the tenants that the caller can see, newest first.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub async fn list_tenants(
        &self,
        caller: &AdminCaller,
        request: ListTenants,
    ) -> Result<PageOf<Tenant>, ServiceError> {
        let filter = TenantFilter { key: caller.bound_to(), status: request.status, search: request.search };
        let page = request.page;
        let listed = self
            .store()
            .read(move |tx| Box::pin(async move { store::tenants::list(tx, &filter, page.rows()).await }))
            .await?;
        Ok(page.of(listed, |tenant| self.tenant(tenant)))
    }

    /// A tenant that the caller can see, deleted or not, by id or slug.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn get_tenant(&self, caller: &AdminCaller, id_or_slug: &str) -> Result<Tenant, ServiceError> {
        let wanted = id_or_slug.to_owned();
        let found =
            self.store().read(move |tx| Box::pin(async move { store::tenants::named(tx, &wanted).await })).await?;
        match found {
            Some(tenant) if caller.bound_to().is_none_or(|key| key == tenant.key) => Ok(self.tenant(tenant)),
            Some(_) | None => Err(not_found()),
        }
    }

    /// Changes a tenant. Takes effect at once.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; [`ServiceError::Conflict`] when the slug is or was taken, the tenant
    /// is deleted, or resources share a value that is to become unique; [`ServiceError::Forbidden`] for a bound caller who would change what only
    /// the platform decides: slug, status, limits.
    pub async fn update_tenant(
        &self,
        caller: &AdminWriter,
        id_or_slug: &str,
        request: UpdateTenant,
    ) -> Result<Tenant, ServiceError> {
        let tenant = self.get_tenant(caller, id_or_slug).await?;
        if request.slug.is_some() || request.status.is_some() || request.limits.changes_something() {
            caller.require_platform()?;
        }
        let now = self.now();
        let writer = caller.clone();
        let (key, id) = (tenant.key, tenant.id);
        let registries = self.registries();
        let written = self.store().write(move |tx| {
            let (request, writer, registries) = (request.clone(), writer.clone(), Arc::clone(&registries));
            Box::pin(async move {
                if request.settings.changes_something() {
                    // Nobody writes resources by the settings as they were, from here on.
                    tx.lock(key, Lock::Schemas);
                }
                let Some(before) = store::tenants::lock(tx, key).await? else { return Ok(None) };
                let change = TenantChange {
                    slug: request.slug.clone(),
                    name: request.name.clone(),
                    status: request.status,
                    limits: Some(request.limits.on(before.limits)),
                    settings: Some(request.settings.on(before.settings)),
                };
                let Some(tenant) = store::tenants::update(tx, key, &change, now).await? else { return Ok(None) };
                if before.settings != tenant.settings {
                    let registry = registries.of(tx, key).await?;
                    let unique = |settings| unique_attributes(settings, &registry);
                    schemas::count_change(tx, key, true).await?;
                    enforce(tx, key, &unique(before.settings), &unique(tenant.settings)).await?;
                }
                let changed = request.changed();
                audit::insert(tx, &writer.entry(now, "tenant.update", Some(key), id, &changed)).await?;
                Ok(Some(tenant))
            })
        });
        let tenant = written.await.map_err(not_unique)?;
        tenant
            .map(|tenant| self.tenant(tenant))
            .ok_or_else(|| ServiceError::Conflict("The tenant is deleted and cannot be changed".into()))
    }

    /// Deletes a tenant: its SCIM routes are closed, its rows stay. Deleting it again changes nothing.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`] for callers bound to a tenant, [`ServiceError::NotFound`].
    pub async fn delete_tenant(&self, caller: &AdminWriter, id_or_slug: &str) -> Result<(), ServiceError> {
        let tenant = self.get_tenant(caller, id_or_slug).await?;
        caller.require_platform()?;
        let now = self.now();
        let caller = caller.clone();
        let (key, id) = (tenant.key, tenant.id);
        let change = TenantChange { status: Some(TenantStatus::Deleted), ..TenantChange::default() };
        self.store()
            .write(move |tx| {
                let (change, caller) = (change.clone(), caller.clone());
                Box::pin(async move {
                    if store::tenants::update(tx, key, &change, now).await?.is_some() {
                        audit::insert(tx, &caller.entry(now, "tenant.delete", Some(key), id, &[])).await?;
                    }
                    Ok(())
                })
            })
            .await?;
        Ok(())
    }

    /// A row with the limits that hold for it.
    pub(crate) fn tenant(&self, row: store::tenants::Tenant) -> Tenant {
        Tenant {
            key: row.key,
            id: row.id,
            slug: row.slug,
            name: row.name,
            status: row.status,
            limits: self.settings().limits.with(row.limits),
            settings: row.settings,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

pub(crate) fn not_found() -> ServiceError {
    ServiceError::NotFound("Tenant not found".into())
}

/// Makes what is stored fit settings that have changed.
async fn enforce(
    tx: &mut Tx,
    tenant: TenantKey,
    before: &[UniqueAttribute],
    after: &[UniqueAttribute],
) -> Result<(), StoreError> {
    for gone in before.iter().filter(|attribute| !after.contains(attribute)) {
        uniqueness::release(tx, tenant, gone).await?;
    }
    for new in after.iter().filter(|attribute| !before.contains(attribute)) {
        uniqueness::enforce(tx, tenant, new).await?;
    }
    Ok(())
}

fn not_unique(error: StoreError) -> ServiceError {
    match error {
        StoreError::NotUnique(attribute) if !attribute.starts_with("tenants.") => {
            ServiceError::Conflict(format!("{attribute} cannot be made unique: some resources have the same value"))
        }
        other => slug_taken(other),
    }
}

fn slug_taken(error: StoreError) -> ServiceError {
    match error {
        StoreError::NotUnique(_) => ServiceError::Conflict("A tenant with this slug exists or existed".into()),
        other => ServiceError::Store(other),
    }
}
