//! OAuth clients. An application without a tenant is GLOBAL, so here the tenant is an `Option`
//!.

use scim::id::Id;

use crate::changes::Change;
use crate::error::StoreError;
use crate::page::{Listed, Page, containing};
use crate::sql;
use crate::sql::Stmt;
use crate::tenants::{TenantKey, id, no_row};
use crate::tx::{Param, Row, Tx};

/// What [`read`] reads, in its order.
macro_rules! columns {
    () => {
        "tenant, (SELECT t.id FROM tenants t WHERE t.key = tenant), id, client_id, name, description, scopes, role,
         hash, last_four, previous_hash, previous_until, is_active, created_at, created_by, updated_at,
         deleted_at, deleted_by"
    };
}

/// An OAuth client as it is stored and listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// Its tenant and that tenant's id; `None` for a GLOBAL client.
    pub tenant: Option<(TenantKey, Id)>,
    /// `app_…`.
    pub id: Id,
    /// How it names itself at the token endpoint.
    pub client_id: String,
    /// A name for people.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Scopes that it may ask for, separated by spaces.
    pub scopes: String,
    /// The role that its tokens carry.
    pub role: Option<String>,
    /// SHA-256 of its secret.
    pub hash: [u8; 32],
    /// The last four characters of its secret.
    pub last_four: String,
    /// SHA-256 of the secret before the last rotation.
    pub previous_hash: Option<[u8; 32]>,
    /// Until when that one is good.
    pub previous_until: Option<i64>,
    /// Whether it is switched on.
    pub is_active: bool,
    /// When it was made.
    pub created_at: i64,
    /// Who made it.
    pub created_by: String,
    /// When it was last changed.
    pub updated_at: i64,
    /// When it was deleted.
    pub deleted_at: Option<i64>,
    /// Who deleted it.
    pub deleted_by: Option<String>,
}

/// What a new application begins with.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "as in Application")]
pub struct NewApplication {
    pub tenant: Option<TenantKey>,
    pub id: Id,
    pub client_id: String,
    pub name: String,
    pub description: Option<String>,
    pub scopes: String,
    pub role: Option<String>,
    pub hash: [u8; 32],
    pub last_four: String,
    pub created_by: String,
}

/// What to change about an application; `None` leaves it as it is, `Some(None)` clears it.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "as in Application")]
pub struct ApplicationChange {
    pub name: Option<String>,
    pub description: Option<Option<String>>,
    pub scopes: Option<String>,
    pub role: Option<Option<String>>,
    pub is_active: Option<bool>,
}

/// Which applications to list. Deleted ones are not listed.
#[derive(Debug, Clone, Default)]
pub struct ApplicationFilter {
    /// Only those of this tenant.
    pub tenant: Option<TenantKey>,
    /// Only those without a tenant (`true`), or with one.
    pub global: Option<bool>,
    /// Those with this in name, description or `client_id`.
    pub search: Option<String>,
}

/// Keeps a new application.
///
/// # Errors
/// [`StoreError::NotUnique`] with `applications.client_id`.
pub async fn insert(tx: &mut Tx, new: &NewApplication, now: i64) -> Result<Application, StoreError> {
    tx.query_one(
        &INSERT,
        &[
            Param::from(new.tenant),
            Param::from(&new.id.to_bytes()),
            Param::from(&new.client_id),
            Param::from(&new.name),
            Param::from(new.description.as_ref()),
            Param::from(&new.scopes),
            Param::from(new.role.as_ref()),
            Param::from(&new.hash),
            Param::from(&new.last_four),
            Param::from(now),
            Param::from(&new.created_by),
        ],
        read,
    )
    .await?
    .ok_or_else(no_row)
}

pub(crate) static INSERT: Stmt = sql!(concat!(
    "INSERT INTO applications (tenant, id, client_id, name, description, scopes, role, hash, last_four, is_active,
       created_at, created_by, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, $10, $11, $10) RETURNING ",
    columns!()
));

/// The application of that `client_id`, whatever its state.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn by_client_id(tx: &mut Tx, client_id: &str) -> Result<Option<Application>, StoreError> {
    tx.query_one(&BY_CLIENT_ID, &[Param::from(client_id)], read).await
}

pub(crate) static BY_CLIENT_ID: Stmt =
    sql!(concat!("SELECT ", columns!(), " FROM applications WHERE client_id = $1")).beyond_one_tenant();

/// The application of that id, if it belongs to `tenant`; `None` there is any, and none. Deleted
/// ones are found too.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn by_id(tx: &mut Tx, tenant: Option<TenantKey>, id: Id) -> Result<Option<Application>, StoreError> {
    tx.query_one(&BY_ID, &[Param::from(tenant), Param::from(&id.to_bytes())], read).await
}

pub(crate) static BY_ID: Stmt =
    sql!(concat!("SELECT ", columns!(), " FROM applications WHERE ($1 IS NULL OR tenant = $1) AND id = $2"));

/// A page of applications, newest first.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn list(tx: &mut Tx, filter: &ApplicationFilter, page: Page) -> Result<Listed<Application>, StoreError> {
    let pattern = filter.search.as_deref().map(containing);
    let params = [Param::from(filter.tenant), Param::from(filter.global), Param::from(pattern.as_ref())];
    let (count, list) = if filter.tenant.is_some() { (&COUNT, &LIST) } else { (&COUNT_ALL, &LIST_ALL) };
    page.read(tx, count, list, params, read).await
}

macro_rules! listed {
    ($whose:literal) => {
        concat!(
            " FROM applications WHERE ",
            $whose,
            " AND deleted_at IS NULL AND ($2 IS NULL OR $2 = CASE WHEN tenant IS NULL THEN 1 ELSE 0 END)
            AND ($3 IS NULL OR lower(name) LIKE $3 ESCAPE '\\' OR lower(description) LIKE $3 ESCAPE '\\'
                 OR lower(client_id) LIKE $3 ESCAPE '\\')"
        )
    };
}
pub(crate) static COUNT: Stmt = sql!(concat!("SELECT count(*)", listed!("tenant = $1")));
pub(crate) static LIST: Stmt =
    sql!(concat!("SELECT ", columns!(), listed!("tenant = $1"), " ORDER BY pk DESC LIMIT $4 OFFSET $5"));
pub(crate) static COUNT_ALL: Stmt = sql!(concat!("SELECT count(*)", listed!("$1 IS NULL")));
pub(crate) static LIST_ALL: Stmt =
    sql!(concat!("SELECT ", columns!(), listed!("$1 IS NULL"), " ORDER BY pk DESC LIMIT $4 OFFSET $5"));

/// Changes an application that is not deleted. `None` when it is, or is not there.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn update(
    tx: &mut Tx,
    tenant: Option<TenantKey>,
    id: Id,
    change: &ApplicationChange,
    now: i64,
) -> Result<Option<Application>, StoreError> {
    let updated = tx
        .query_one(
            &UPDATE,
            &[
                Param::from(tenant),
                Param::from(&id.to_bytes()),
                Param::from(change.name.as_ref()),
                Param::from(change.description.is_some()),
                Param::from(change.description.as_ref().and_then(Option::as_ref)),
                Param::from(change.scopes.as_ref()),
                Param::from(change.role.is_some()),
                Param::from(change.role.as_ref().and_then(Option::as_ref)),
                Param::from(change.is_active),
                Param::from(now),
            ],
            read,
        )
        .await?;
    announce(tx, updated.as_ref());
    Ok(updated)
}

pub(crate) static UPDATE: Stmt = sql!(concat!(
    "UPDATE applications SET name = coalesce($3, name),
       description = CASE WHEN $4 <> 0 THEN $5 ELSE description END, scopes = coalesce($6, scopes),
       role = CASE WHEN $7 <> 0 THEN $8 ELSE role END, is_active = coalesce($9, is_active), updated_at = $10
     WHERE ($1 IS NULL OR tenant = $1) AND id = $2 AND deleted_at IS NULL RETURNING ",
    columns!()
));

/// Deletes an application; its row stays. `None` when it was deleted before, or is not there.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn delete(
    tx: &mut Tx,
    tenant: Option<TenantKey>,
    id: Id,
    by: &str,
    now: i64,
) -> Result<Option<Application>, StoreError> {
    let id = id.to_bytes();
    let params = [Param::from(tenant), Param::from(&id), Param::from(now), Param::from(by)];
    let deleted = tx.query_one(&DELETE, &params, read).await?;
    announce(tx, deleted.as_ref());
    Ok(deleted)
}

pub(crate) static DELETE: Stmt = sql!(concat!(
    "UPDATE applications SET deleted_at = $3, deleted_by = $4, updated_at = $3
     WHERE ($1 IS NULL OR tenant = $1) AND id = $2 AND deleted_at IS NULL RETURNING ",
    columns!()
));

/// Gives an application that is not deleted another secret; the one it had is good until
/// `previous_until`. `None` when it is deleted, or is not there.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn rotate(
    tx: &mut Tx,
    tenant: Option<TenantKey>,
    id: Id,
    (hash, last_four): (&[u8; 32], &str),
    previous_until: i64,
    now: i64,
) -> Result<Option<Application>, StoreError> {
    tx.query_one(
        &ROTATE,
        &[
            Param::from(tenant),
            Param::from(&id.to_bytes()),
            Param::from(hash),
            Param::from(last_four),
            Param::from(previous_until),
            Param::from(now),
        ],
        read,
    )
    .await
}

pub(crate) static ROTATE: Stmt = sql!(concat!(
    "UPDATE applications SET previous_hash = hash, previous_until = $5, hash = $3, last_four = $4, updated_at = $6
     WHERE ($1 IS NULL OR tenant = $1) AND id = $2 AND deleted_at IS NULL RETURNING ",
    columns!()
));

/// Tells all who remember whether the tokens of the application are good.
fn announce(tx: &mut Tx, changed: Option<&Application>) {
    if let Some(application) = changed {
        tx.announce(application.tenant.map_or(Change::Anything, |(tenant, _)| Change::Tenant(tenant)));
    }
}

fn read(row: &Row<'_>) -> Result<Application, StoreError> {
    let tenant = match (row.opt_int(0)?, row.opt_bytes_ref(1)?) {
        (Some(key), Some(bytes)) => Some((TenantKey(key), id(bytes)?)),
        (_, _) => None,
    };
    Ok(Application {
        tenant,
        id: id(row.bytes_ref(2)?)?,
        client_id: row.text(3)?,
        name: row.text(4)?,
        description: row.opt_text(5)?,
        scopes: row.text(6)?,
        role: row.opt_text(7)?,
        hash: hash(row.bytes_ref(8)?)?,
        last_four: row.text(9)?,
        previous_hash: row.opt_bytes_ref(10)?.map(hash).transpose()?,
        previous_until: row.opt_int(11)?,
        is_active: row.bool(12)?,
        created_at: row.int(13)?,
        created_by: row.text(14)?,
        updated_at: row.int(15)?,
        deleted_at: row.opt_int(16)?,
        deleted_by: row.opt_text(17)?,
    })
}

fn hash(bytes: &[u8]) -> Result<[u8; 32], StoreError> {
    bytes.try_into().map_err(|_| StoreError::Corrupt("a hash of the wrong length".into()))
}
