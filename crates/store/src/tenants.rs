//! Tenants.

use scim::id::Id;
use serde::{Deserialize, Serialize};

use crate::changes::Change;
use crate::error::StoreError;
use crate::page::{Listed, Page, containing};
use crate::sql;
use crate::sql::Stmt;
use crate::tx::{Param, Row, Tx};

/// A tenant as rows name it: the first column of every key. Only this crate makes one, from the
/// row of a tenant that exists, so whoever holds one has looked the tenant up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TenantKey(pub(crate) i64);

/// A customer: everything provisioned belongs to exactly one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// How rows name it.
    pub key: TenantKey,
    /// How clients name it, `tnt_…`. Never changes.
    pub id: Id,
    /// The readable name in URLs, unique for ever: that of a deleted tenant is not given again,
    /// since forgotten clients may still send to it.
    pub slug: String,
    /// A name for people.
    pub name: String,
    /// Whether its routes answer.
    pub status: TenantStatus,
    /// Its own bounds; what is not set follows the deployment's.
    pub limits: LimitOverrides,
    /// How its directory behaves.
    pub settings: TenantSettings,
    /// When it was created.
    pub created_at: i64,
    /// When it was last changed.
    pub updated_at: i64,
}

/// Whether a tenant's routes answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TenantStatus {
    /// They do.
    Active,
    /// They refuse for now; nothing is lost.
    Suspended,
    /// They do not exist any more; the rows are still there.
    Deleted,
}

/// What one tenant may do that differs from the deployment's defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LimitOverrides {
    /// Operations in one bulk request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bulk_operations_max: Option<u32>,
    /// Bytes of the body of a bulk request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bulk_payload_bytes_max: Option<u32>,
    /// Bytes of the body of any other request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload_bytes_max: Option<u32>,
    /// Resources on a page when the client names no `count`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_size_default: Option<u32>,
    /// Resources on a page, whatever the client asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_size_max: Option<u32>,
    /// SCIM requests in a second, with bursts of the same number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_per_second_max: Option<u32>,
}

/// How a tenant's directory behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TenantSettings {
    /// Whether two groups may not have the same `displayName`, compared without case. Entra and
    /// Okta match groups by it.
    pub group_display_name_unique: bool,
    /// Whether two resources of a type may not have the same `externalId` (RFC 7643 §3.1 leaves
    /// that to the client).
    pub external_id_unique: bool,
    /// Whether requests that do not keep to the RFCs are refused where we would mend them.
    pub strict: bool,
    /// What is kept of the requests to its SCIM routes.
    pub request_log: RequestLogging,
}

/// What is kept of requests. Never a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestLogging {
    /// Nothing.
    Off,
    /// All but the values of attributes, which are personal data: who asked for what, what came of it,
    /// and which attributes were wrong or changed.
    #[default]
    Metadata,
    /// Values too: names of people in summaries, attributes before and after, what was searched for,
    /// and bodies of requests that failed.
    Values,
}

impl RequestLogging {
    /// All of them, and their names in the API.
    pub const NAMES: [(&'static str, Self); 3] =
        [("off", Self::Off), ("metadata", Self::Metadata), ("values", Self::Values)];

    /// Its name in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Metadata => "metadata",
            Self::Values => "values",
        }
    }
}

impl Default for TenantSettings {
    fn default() -> Self {
        Self {
            group_display_name_unique: true,
            external_id_unique: false,
            strict: false,
            request_log: RequestLogging::default(),
        }
    }
}

/// What a new tenant begins with.
#[derive(Debug, Clone)]
pub struct NewTenant {
    /// `tnt_…`.
    pub id: Id,
    /// The readable name in URLs.
    pub slug: String,
    /// A name for people.
    pub name: String,
    /// Its own bounds.
    pub limits: LimitOverrides,
    /// How its directory behaves.
    pub settings: TenantSettings,
}

/// What to change about a tenant; `None` leaves it as it is.
#[derive(Debug, Clone, Default)]
pub struct TenantChange {
    /// The readable name in URLs.
    pub slug: Option<String>,
    /// A name for people.
    pub name: Option<String>,
    /// Whether its routes answer.
    pub status: Option<TenantStatus>,
    /// All of its own bounds.
    pub limits: Option<LimitOverrides>,
    /// All of how its directory behaves.
    pub settings: Option<TenantSettings>,
}

/// Which tenants to list. Deleted ones are listed only when asked for by status.
#[derive(Debug, Clone, Default)]
pub struct TenantFilter {
    /// Only this one.
    pub key: Option<TenantKey>,
    /// Only those.
    pub status: Option<TenantStatus>,
    /// Those with this in name or slug.
    pub search: Option<String>,
}

/// Creates a tenant.
///
/// # Errors
/// [`StoreError::NotUnique`] with `tenants.slug`.
pub async fn insert(tx: &mut Tx, new: &NewTenant, now: i64) -> Result<Tenant, StoreError> {
    let (limits, settings) = (to_json(&new.limits)?, to_json(&new.settings)?);
    tx.query_one(
        &INSERT,
        &[
            Param::from(&new.id.to_bytes()),
            Param::from(&new.slug),
            Param::from(&new.name),
            Param::from(&limits),
            Param::from(&settings),
            Param::from(now),
        ],
        read,
    )
    .await?
    .ok_or_else(no_row)
}

pub(crate) static INSERT: Stmt = sql!(
    "INSERT INTO tenants (id, slug, name, status, limits, settings, created_at, updated_at)
     VALUES ($1, $2, $3, 'active', $4, $5, $6, $6)
     RETURNING key, id, slug, name, status, limits, settings, created_at, updated_at"
);

/// The tenant of that id, deleted or not.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn by_id(tx: &mut Tx, id: Id) -> Result<Option<Tenant>, StoreError> {
    tx.query_one(&BY_ID, &[Param::from(&id.to_bytes())], read).await
}

pub(crate) static BY_ID: Stmt = sql!(
    "SELECT key, id, slug, name, status, limits, settings, created_at, updated_at
     FROM tenants WHERE id = $1"
);

/// The tenant of that slug, deleted or not.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn by_slug(tx: &mut Tx, slug: &str) -> Result<Option<Tenant>, StoreError> {
    tx.query_one(&BY_SLUG, &[Param::from(slug)], read).await
}

pub(crate) static BY_SLUG: Stmt = sql!(
    "SELECT key, id, slug, name, status, limits, settings, created_at, updated_at
     FROM tenants WHERE slug = $1"
);

/// The tenant that a path segment names, by id or slug, deleted or not.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn named(tx: &mut Tx, id_or_slug: &str) -> Result<Option<Tenant>, StoreError> {
    match id_or_slug.parse() {
        Ok(id) => by_id(tx, id).await,
        Err(_) => by_slug(tx, id_or_slug).await,
    }
}

/// The tenant, deleted or not, for a change that depends on what it is now: nobody else changes
/// it before this transaction ends.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn lock(tx: &mut Tx, key: TenantKey) -> Result<Option<Tenant>, StoreError> {
    tx.query_one(&LOCK, &[Param::from(key)], read).await
}

pub(crate) static LOCK: Stmt = sql! {
    sqlite:   "SELECT key, id, slug, name, status, limits, settings, created_at, updated_at
               FROM tenants WHERE key = $1",
    postgres: "SELECT key, id, slug, name, status, limits, settings, created_at, updated_at
               FROM tenants WHERE key = $1 FOR UPDATE",
};

/// A page of tenants, newest first.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn list(tx: &mut Tx, filter: &TenantFilter, page: Page) -> Result<Listed<Tenant>, StoreError> {
    let pattern = filter.search.as_deref().map(containing);
    let params =
        [Param::from(filter.key), Param::from(filter.status.map(TenantStatus::as_str)), Param::from(pattern.as_ref())];
    page.read(tx, &COUNT, &LIST, params, read).await
}

pub(crate) static COUNT: Stmt = sql!(
    "SELECT count(*) FROM tenants
     WHERE ($1 IS NULL OR key = $1) AND ($2 IS NULL AND status <> 'deleted' OR status = $2)
       AND ($3 IS NULL OR lower(name) LIKE $3 ESCAPE '\\' OR slug LIKE $3 ESCAPE '\\')"
);
pub(crate) static LIST: Stmt = sql!(
    "SELECT key, id, slug, name, status, limits, settings, created_at, updated_at FROM tenants
     WHERE ($1 IS NULL OR key = $1) AND ($2 IS NULL AND status <> 'deleted' OR status = $2)
       AND ($3 IS NULL OR lower(name) LIKE $3 ESCAPE '\\' OR slug LIKE $3 ESCAPE '\\')
     ORDER BY key DESC LIMIT $4 OFFSET $5"
);

/// Changes a tenant that is not deleted. `None` when it is, or is not there.
///
/// # Errors
/// [`StoreError::NotUnique`] with `tenants.slug`.
pub async fn update(
    tx: &mut Tx,
    key: TenantKey,
    change: &TenantChange,
    now: i64,
) -> Result<Option<Tenant>, StoreError> {
    let limits = change.limits.as_ref().map(to_json).transpose()?;
    let settings = change.settings.as_ref().map(to_json).transpose()?;
    let params = [
        Param::from(key),
        Param::from(change.slug.as_ref()),
        Param::from(change.name.as_ref()),
        Param::from(change.status.map(TenantStatus::as_str)),
        Param::from(limits.as_ref()),
        Param::from(settings.as_ref()),
        Param::from(now),
    ];
    let updated = tx.query_one(&UPDATE, &params, read).await?;
    if updated.is_some() {
        tx.announce(Change::Tenant(key));
    }
    Ok(updated)
}

pub(crate) static UPDATE: Stmt = sql!(
    "UPDATE tenants SET slug = coalesce($2, slug), name = coalesce($3, name), status = coalesce($4, status),
       limits = coalesce($5, limits), settings = coalesce($6, settings), updated_at = $7
     WHERE key = $1 AND status <> 'deleted'
     RETURNING key, id, slug, name, status, limits, settings, created_at, updated_at"
);

impl TenantStatus {
    /// Its name in rows and in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Deleted => "deleted",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Active, Self::Suspended, Self::Deleted].into_iter().find(|status| status.as_str() == name)
    }
}

pub(crate) fn read(row: &Row<'_>) -> Result<Tenant, StoreError> {
    Ok(Tenant {
        key: TenantKey(row.int(0)?),
        id: id(row.bytes_ref(1)?)?,
        slug: row.text(2)?,
        name: row.text(3)?,
        status: TenantStatus::from_name(row.text_ref(4)?)
            .ok_or_else(|| StoreError::Corrupt("tenants.status".into()))?,
        limits: from_json(row.text_ref(5)?)?,
        settings: from_json(row.text_ref(6)?)?,
        created_at: row.int(7)?,
        updated_at: row.int(8)?,
    })
}

/// Reads a stored id.
pub(crate) fn id(bytes: &[u8]) -> Result<Id, StoreError> {
    Id::from_bytes(bytes).map_err(|_| StoreError::Corrupt("an id of the wrong form".into()))
}

pub(crate) fn to_json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::Corrupt(e.to_string()))
}

pub(crate) fn from_json<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|e| StoreError::Corrupt(e.to_string()))
}

pub(crate) fn no_row() -> StoreError {
    StoreError::Corrupt("a row that was just written cannot be read".into())
}
