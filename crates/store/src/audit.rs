//! Who did what through the admin API or at the command line. A row is written in the transaction
//! of the change itself: no change without its row, no row without its change.

use crate::error::StoreError;
use crate::sql;
use crate::sql::Stmt;
use crate::tenants::TenantKey;
use crate::tx::{Param, Tx};

/// One deed.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Whose data it was about; `None` for the platform's own.
    pub tenant: Option<TenantKey>,
    /// When.
    pub at: i64,
    /// Who.
    pub actor: String,
    /// What: `scim_token.create`, `tenant.update`, …
    pub action: &'static str,
    /// To which: an id.
    pub subject: String,
    /// In which request.
    pub request_id: String,
    /// More about it, as a JSON object without secrets: which fields changed.
    pub detail: String,
}

/// Writes down a deed.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn insert(tx: &mut Tx, entry: &Entry) -> Result<(), StoreError> {
    let params = [
        Param::from(entry.tenant),
        Param::from(entry.at),
        Param::from(&entry.actor),
        Param::from(entry.action),
        Param::from(&entry.subject),
        Param::from(&entry.request_id),
        Param::from(&entry.detail),
    ];
    tx.send(&INSERT, &params).await.map(drop)
}

pub(crate) static INSERT: Stmt = sql!(
    "INSERT INTO audit (tenant, at, actor, action, subject, request_id, detail)
     VALUES ($1, $2, $3, $4, $5, $6, $7)"
);

/// The deeds of a tenant, or of the platform, newest first.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn latest(
    tx: &mut Tx,
    tenant: Option<TenantKey>,
    take: u32,
) -> Result<Vec<(String, String, String)>, StoreError> {
    let read = |row: &crate::Row<'_>| Ok((row.text(0)?, row.text(1)?, row.text(2)?));
    tx.query(&LATEST, &[Param::from(tenant), Param::from(take)], read).await
}

pub(crate) static LATEST: Stmt = sql! {
    sqlite:   "SELECT actor, action, subject FROM audit WHERE tenant IS $1 ORDER BY pk DESC LIMIT $2",
    postgres: "SELECT actor, action, subject FROM (
                   (SELECT pk, actor, action, subject FROM audit WHERE tenant = $1 ORDER BY pk DESC LIMIT $2)
                   UNION ALL
                   (SELECT pk, actor, action, subject FROM audit WHERE tenant IS NULL AND $1 IS NULL
                    ORDER BY tenant DESC, pk DESC LIMIT $2)) AS either
               ORDER BY pk DESC",
};
