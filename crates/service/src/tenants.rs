//! Tenants: create, configure, suspend, delete.

use std::sync::Arc;

use scim::id::Id;
use store::audit;
use store::resources::apply::UniqueAttribute;
use store::resources::uniqueness;
use store::tenants::{LimitOverrides, NewTenant, TenantChange, TenantFilter};
use store::{StoreError, TenantKey, Tx};

use crate::App;
use crate::caller::{AdminCaller, AdminWriter};
use crate::error::{FieldError, ServiceError};
use crate::form::{self, Form, FromForm};
use crate::page::{PageOf, PageRequest};
use crate::provisioning::unique_attributes;

pub use store::tenants::{TenantSettings, TenantStatus};

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

/// Bounds of what a tenant's clients may send and get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Operations in one bulk request.
    pub bulk_operations_max: u32,
    /// Bytes of the body of a bulk request.
    pub bulk_payload_bytes_max: u32,
    /// Bytes of the body of any other request.
    pub payload_bytes_max: u32,
    /// Resources on a page when the client names no `count`.
    pub page_size_default: u32,
    /// Resources on a page, whatever the client asks for.
    pub page_size_max: u32,
    /// SCIM requests in a second; 0 is no limit.
    pub requests_per_second_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bulk_operations_max: 10_000,
            bulk_payload_bytes_max: 16 * 1024 * 1024,
            payload_bytes_max: 16 * 1024 * 1024,
            page_size_default: 100,
            page_size_max: 1000,
            requests_per_second_max: 0,
        }
    }
}

impl Limits {
    /// These limits where the tenant has none of its own.
    #[must_use]
    pub fn with(self, own: LimitOverrides) -> Self {
        let page_size_max = own.page_size_max.unwrap_or(self.page_size_max);
        Self {
            bulk_operations_max: own.bulk_operations_max.unwrap_or(self.bulk_operations_max),
            bulk_payload_bytes_max: own.bulk_payload_bytes_max.unwrap_or(self.bulk_payload_bytes_max),
            payload_bytes_max: own.payload_bytes_max.unwrap_or(self.payload_bytes_max),
            page_size_default: own.page_size_default.unwrap_or(self.page_size_default).min(page_size_max),
            page_size_max,
            requests_per_second_max: own.requests_per_second_max.unwrap_or(self.requests_per_second_max),
        }
    }
}

/// A request for a new tenant.
#[derive(Debug, Clone)]
pub struct CreateTenant {
    /// A name for people.
    pub name: String,
    /// The readable name in URLs; made of the name when absent.
    pub slug: Option<String>,
    /// Limits of its own.
    pub limits: LimitChange,
    /// Settings that differ from the defaults.
    pub settings: SettingChange,
}

/// A request to change a tenant; `None` leaves things as they are.
#[derive(Debug, Clone, Default)]
pub struct UpdateTenant {
    /// A name for people.
    pub name: Option<String>,
    /// The readable name in URLs.
    pub slug: Option<String>,
    /// Whether its routes answer.
    pub status: Option<TenantStatus>,
    /// Limits of its own.
    pub limits: LimitChange,
    /// How its directory behaves.
    pub settings: SettingChange,
}

/// Changes of limits: `Some(None)` goes back to the deployment's.
#[derive(Debug, Clone, Copy, Default)]
#[expect(missing_docs, reason = "as in Limits")]
pub struct LimitChange {
    pub bulk_operations_max: Option<Option<u32>>,
    pub bulk_payload_bytes_max: Option<Option<u32>>,
    pub payload_bytes_max: Option<Option<u32>>,
    pub page_size_default: Option<Option<u32>>,
    pub page_size_max: Option<Option<u32>>,
    pub requests_per_second_max: Option<Option<u32>>,
}

/// Changes of settings.
#[derive(Debug, Clone, Copy, Default)]
#[expect(missing_docs, reason = "as in TenantSettings")]
pub struct SettingChange {
    pub group_display_name_unique: Option<bool>,
    pub external_id_unique: Option<bool>,
    pub strict: Option<bool>,
}

/// Which tenants to list.
#[derive(Debug, Clone)]
pub struct ListTenants {
    /// Which page.
    pub page: PageRequest,
    /// Only those of this status; without it all that are not deleted.
    pub status: Option<TenantStatus>,
    /// Those with this in name or slug.
    pub search: Option<String>,
}

impl App {
    /// Creates a tenant.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`] for callers bound to a tenant, [`ServiceError::Conflict`] when
    /// the slug is or was taken.
    pub async fn create_tenant(&self, caller: &AdminWriter, request: CreateTenant) -> Result<Tenant, ServiceError> {
        caller.require_platform()?;
        let Some(slug) = request.slug.clone().or_else(|| slug_of(&request.name)) else {
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
        self.forget();
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
        let registry = self.registry(&tenant);
        let written = self.store().write(move |tx| {
            let (request, writer, registry) = (request.clone(), writer.clone(), Arc::clone(&registry));
            Box::pin(async move {
                let Some(before) = store::tenants::lock(tx, key).await? else { return Ok(None) };
                let change = TenantChange {
                    slug: request.slug.clone(),
                    name: request.name.clone(),
                    status: request.status,
                    limits: Some(request.limits.on(before.limits)),
                    settings: Some(request.settings.on(before.settings)),
                };
                let Some(tenant) = store::tenants::update(tx, key, &change, now).await? else { return Ok(None) };
                let unique = |settings| unique_attributes(settings, &registry);
                enforce(tx, key, &unique(&before.settings), &unique(&tenant.settings)).await?;
                let changed = request.changed();
                audit::insert(tx, &writer.entry(now, "tenant.update", Some(key), id, &changed)).await?;
                Ok(Some(tenant))
            })
        });
        let tenant = written.await.map_err(not_unique)?;
        self.forget();
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
        self.forget();
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

/// What a slug looks like: a DNS label (RFC 1035 §2.3.1), which may begin with a digit.
fn check_slug(slug: &str) -> Result<(), &'static str> {
    let plain = slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if plain && slug.len() <= 63 && !slug.starts_with('-') && !slug.ends_with('-') {
        Ok(())
    } else {
        Err("a slug is 1 to 63 lower-case letters, digits and hyphens, and neither begins nor ends with a hyphen")
    }
}

/// A slug made of a name, if there is a letter or digit in it.
fn slug_of(name: &str) -> Option<String> {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let slug: String = words.collect::<Vec<_>>().join("-").to_ascii_lowercase().chars().take(63).collect();
    let slug = slug.trim_end_matches('-');
    (!slug.is_empty()).then(|| slug.to_owned())
}

impl FromForm for CreateTenant {
    fn from_form(form: &mut Form) -> Option<Self> {
        let name = form.required("name", form::name(255));
        let slug = form.optional("slug", form::checked(63, check_slug));
        let limits = LimitChange::read(form);
        let settings = SettingChange::read(form);
        Some(Self { name: name?, slug, limits, settings })
    }
}

impl FromForm for UpdateTenant {
    fn from_form(form: &mut Form) -> Option<Self> {
        const STATUS: &[(&str, TenantStatus)] =
            &[("active", TenantStatus::Active), ("suspended", TenantStatus::Suspended)];
        Some(Self {
            name: form.settable("name", form::name(255)),
            slug: form.settable("slug", form::checked(63, check_slug)),
            status: form.settable("status", form::one_of(STATUS)),
            limits: LimitChange::read(form),
            settings: SettingChange::read(form),
        })
    }
}

impl FromForm for ListTenants {
    fn from_form(form: &mut Form) -> Option<Self> {
        const STATUS: &[(&str, TenantStatus)] = &[
            ("active", TenantStatus::Active),
            ("suspended", TenantStatus::Suspended),
            ("deleted", TenantStatus::Deleted),
        ];
        let page = PageRequest::read(form);
        let status = form.optional("status", form::one_of(STATUS));
        let search = form.optional("search", form::text(0, 255));
        Some(Self { page, status, search })
    }
}

impl UpdateTenant {
    /// The names of what it changes, for the audit.
    fn changed(&self) -> Vec<&'static str> {
        [
            ("name", self.name.is_some()),
            ("slug", self.slug.is_some()),
            ("status", self.status.is_some()),
            ("limits", self.limits.changes_something()),
            ("settings", self.settings.changes_something()),
        ]
        .into_iter()
        .filter_map(|(name, changes)| changes.then_some(name))
        .collect()
    }
}

impl LimitChange {
    fn read(form: &mut Form) -> Self {
        const MIB: u32 = 1024 * 1024;
        let mut change = Self::default();
        form.nested("limits", |form| {
            change = Self {
                bulk_operations_max: form.clearable("bulk_operations_max", form::integer(1, 100_000)),
                bulk_payload_bytes_max: form.clearable("bulk_payload_bytes_max", form::integer(1024, 256 * MIB)),
                payload_bytes_max: form.clearable("payload_bytes_max", form::integer(1024, 256 * MIB)),
                page_size_default: form.clearable("page_size_default", form::integer(1, 10_000)),
                page_size_max: form.clearable("page_size_max", form::integer(1, 10_000)),
                requests_per_second_max: form.clearable("requests_per_second_max", form::integer(0, 1_000_000)),
            };
        });
        change
    }

    fn on(self, own: LimitOverrides) -> LimitOverrides {
        LimitOverrides {
            bulk_operations_max: self.bulk_operations_max.unwrap_or(own.bulk_operations_max),
            bulk_payload_bytes_max: self.bulk_payload_bytes_max.unwrap_or(own.bulk_payload_bytes_max),
            payload_bytes_max: self.payload_bytes_max.unwrap_or(own.payload_bytes_max),
            page_size_default: self.page_size_default.unwrap_or(own.page_size_default),
            page_size_max: self.page_size_max.unwrap_or(own.page_size_max),
            requests_per_second_max: self.requests_per_second_max.unwrap_or(own.requests_per_second_max),
        }
    }

    fn changes_something(self) -> bool {
        self.bulk_operations_max.is_some()
            || self.bulk_payload_bytes_max.is_some()
            || self.payload_bytes_max.is_some()
            || self.page_size_default.is_some()
            || self.page_size_max.is_some()
            || self.requests_per_second_max.is_some()
    }
}

impl SettingChange {
    fn read(form: &mut Form) -> Self {
        let mut change = Self::default();
        form.nested("settings", |form| {
            change = Self {
                group_display_name_unique: form.settable("group_display_name_unique", form::boolean),
                external_id_unique: form.settable("external_id_unique", form::boolean),
                strict: form.settable("strict", form::boolean),
            };
        });
        change
    }

    fn on(self, own: TenantSettings) -> TenantSettings {
        TenantSettings {
            group_display_name_unique: self.group_display_name_unique.unwrap_or(own.group_display_name_unique),
            external_id_unique: self.external_id_unique.unwrap_or(own.external_id_unique),
            strict: self.strict.unwrap_or(own.strict),
        }
    }

    fn changes_something(self) -> bool {
        self.group_display_name_unique.is_some() || self.external_id_unique.is_some() || self.strict.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_a_dns_label() {
        for good in ["a", "acme", "acme-2", "0x", &"a".repeat(63)] {
            assert_eq!(check_slug(good), Ok(()), "{good}");
        }
        for bad in ["Acme", "acme_2", "-a", "a-", "a.b", "ä", "a b", "../x", &"a".repeat(64)] {
            assert!(check_slug(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_slug_made_of_a_name_is_a_good_one() {
        assert_eq!(slug_of("Acme Corp. (EU)"), Some("acme-corp-eu".into()));
        assert_eq!(slug_of("日本"), None);
        let long = slug_of(&"ab ".repeat(100)).unwrap();
        assert_eq!(check_slug(&long), Ok(()));
    }

    #[test]
    fn a_limit_that_is_cleared_follows_the_deployment_again() {
        let own = LimitOverrides { page_size_max: Some(5), ..LimitOverrides::default() };
        assert_eq!(Limits::default().with(own).page_size_default, 5);

        let cleared = LimitChange { page_size_max: Some(None), ..LimitChange::default() }.on(own);

        assert_eq!(Limits::default().with(cleared), Limits::default());
    }
}
