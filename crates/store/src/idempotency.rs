//! Requests that the client named with an `Idempotency-Key`, and what was answered to them.

use crate::error::StoreError;
use crate::sql;
use crate::sql::Stmt;
use crate::tenants::TenantKey;
use crate::tx::{Param, Tx};

/// How many of a tenant's answers are kept at most: those of a large bulk request have megabytes.
pub const ANSWERS_KEPT_MAX: i64 = 256;

/// How often a key is tried to be taken that somebody else has, and then nobody.
const CLAIMS_MAX: u32 = 8;

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Nothing was: it is now taken by this request.
    New,
    /// A request with this body has it. It has not ended yet if there is no answer, or never will.
    Taken {
        /// SHA-256 of the body.
        digest: Vec<u8>,
        /// What was answered.
        answer: Option<String>,
    },
}

/// Takes a key for a request that begins now, or says who has it. What began before
/// `forget_before` is forgotten, and all but the latest [`ANSWERS_KEPT_MAX`].
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn claim(
    tx: &mut Tx,
    tenant: TenantKey,
    key: &str,
    digest: &[u8],
    now: i64,
    forget_before: i64,
) -> Result<Claim, StoreError> {
    let params = [Param::from(tenant), Param::from(forget_before), Param::from(ANSWERS_KEPT_MAX)];
    tx.send(&FORGET, &params).await?;
    for _ in 0..CLAIMS_MAX {
        let params = [Param::from(tenant), Param::from(key), Param::from(digest), Param::from(now)];
        if tx.execute(&CLAIM, &params).await? > 0 {
            return Ok(Claim::New);
        }
        let read = |row: &crate::tx::Row<'_>| Ok(Claim::Taken { digest: row.bytes(0)?, answer: row.opt_text(1)? });
        let taken = tx.query_one(&FIND, &[Param::from(tenant), Param::from(key)], read).await?;
        // On PostgreSQL another process may have given it free between the two statements.
        if let Some(taken) = taken {
            return Ok(taken);
        }
    }
    Err(StoreError::Unavailable("a key is taken and given free too often".into()))
}

pub(crate) static FORGET: Stmt = sql!(
    "DELETE FROM idempotency WHERE tenant = $1 AND (started < $2 OR started <
       (SELECT started FROM idempotency WHERE tenant = $1 ORDER BY started DESC LIMIT 1 OFFSET $3))"
);
pub(crate) static CLAIM: Stmt =
    sql!("INSERT INTO idempotency (tenant, key, digest, started) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING");
pub(crate) static FIND: Stmt = sql!("SELECT digest, answer FROM idempotency WHERE tenant = $1 AND key = $2");

/// Keeps the answer to the request that claimed a key.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn finish(tx: &mut Tx, tenant: TenantKey, key: &str, answer: &str) -> Result<(), StoreError> {
    tx.send(&FINISH, &[Param::from(tenant), Param::from(key), Param::from(answer)]).await?;
    Ok(())
}

pub(crate) static FINISH: Stmt = sql!("UPDATE idempotency SET answer = $3 WHERE tenant = $1 AND key = $2");

/// Gives a key free again: the request that claimed it did nothing.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn release(tx: &mut Tx, tenant: TenantKey, key: &str) -> Result<(), StoreError> {
    tx.send(&RELEASE, &[Param::from(tenant), Param::from(key)]).await?;
    Ok(())
}

pub(crate) static RELEASE: Stmt = sql!("DELETE FROM idempotency WHERE tenant = $1 AND key = $2 AND answer IS NULL");
