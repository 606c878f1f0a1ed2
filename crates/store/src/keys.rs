//! Keys that sign access tokens, sealed at rest. They belong to the whole deployment, so no tenant
//! is in the key here.

use crate::changes::Change;
use crate::error::StoreError;
use crate::sql;
use crate::sql::Stmt;
use crate::tx::{DeploymentLock, Param, Tx};

/// A key pair, its private part sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// How tokens name it (RFC 7515 §4.1.4).
    pub kid: String,
    /// `RS256`, `ES256` or `EdDSA`.
    pub algorithm: String,
    /// The public part (RFC 7517 §4).
    pub jwk: String,
    /// The private part, sealed with the master key; forgotten in keys that no longer sign.
    pub sealed: Option<Vec<u8>>,
    /// When it was made: the newest one that is not retired signs.
    pub created_at: i64,
    /// Until when it is shown after it has been retired; `None` while it signs.
    pub shown_until: Option<i64>,
}

/// Lets nobody else replace keys before this transaction ends. To be called before [`shown`], by
/// whoever replaces what it shows.
pub fn lock(tx: &mut Tx) {
    tx.lock_deployment(DeploymentLock::SigningKeys);
}

/// Keeps a new key.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn insert(tx: &mut Tx, key: &SigningKey) -> Result<(), StoreError> {
    let params = [
        Param::from(&key.kid),
        Param::from(&key.algorithm),
        Param::from(&key.jwk),
        Param::from(key.sealed.as_deref()),
        Param::from(key.created_at),
        Param::from(key.shown_until),
    ];
    tx.send(&INSERT, &params).await?;
    tx.announce(Change::Anything);
    Ok(())
}

pub(crate) static INSERT: Stmt = sql!(
    "INSERT INTO signing_keys (kid, algorithm, jwk, sealed, created_at, shown_until)
     VALUES ($1, $2, $3, $4, $5, $6)"
);

/// The keys that sign or are still shown, newest first.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn shown(tx: &mut Tx, now: i64) -> Result<Vec<SigningKey>, StoreError> {
    let read = |row: &crate::Row<'_>| {
        Ok(SigningKey {
            kid: row.text(0)?,
            algorithm: row.text(1)?,
            jwk: row.text(2)?,
            sealed: row.opt_bytes(3)?,
            created_at: row.int(4)?,
            shown_until: row.opt_int(5)?,
        })
    };
    tx.query(&SHOWN, &[Param::from(now)], read).await
}

pub(crate) static SHOWN: Stmt = sql!(
    "SELECT kid, algorithm, jwk, sealed, created_at, shown_until FROM signing_keys
     WHERE shown_until IS NULL OR shown_until > $1 ORDER BY created_at DESC, kid DESC"
);

/// Lets every signing key sign no more: their private parts are forgotten, the public parts are
/// shown until `shown_until`, when the last token they signed has expired.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn retire_all(tx: &mut Tx, shown_until: i64) -> Result<(), StoreError> {
    tx.send(&RETIRE_ALL, &[Param::from(shown_until)]).await?;
    tx.announce(Change::Anything);
    Ok(())
}

pub(crate) static RETIRE_ALL: Stmt =
    sql!("UPDATE signing_keys SET sealed = NULL, shown_until = $1 WHERE shown_until IS NULL");
