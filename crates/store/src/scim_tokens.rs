//! SCIM tokens: what is kept of them. The secret itself never comes here, only its hash.

mod token;

use scim::id::Id;

use crate::changes::Change;
use crate::error::StoreError;
use crate::page::{Listed, Page, containing};
use crate::sql;
use crate::sql::Stmt;
use crate::tenants::{TenantKey, from_json, id, no_row, to_json};
use crate::tx::{Param, Row, Tx};

pub use token::{NewToken, ScimToken, Secret, SecretMark, TokenChange, TokenFilter, TokenStatus};

/// How many `columns!` there are.
const COLUMNS: usize = 23;

/// What [`read`] reads, in its order.
macro_rules! columns {
    () => {
        "tenant, (SELECT t.id FROM tenants t WHERE t.key = tenant), pk, id, name, description, prefix, last_four,
         previous_until, scopes, allowed_ips, identity_provider, is_active, expires_at, created_at, created_by,
         updated_at, revoked_at, revoked_by, last_used_at, last_used_ip, last_used_user_agent, request_count"
    };
}

/// Keeps a new token.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn insert(tx: &mut Tx, tenant: TenantKey, new: &NewToken, now: i64) -> Result<ScimToken, StoreError> {
    let allowed_ips = to_json(&new.allowed_ips)?;
    tx.query_one(
        &INSERT,
        &[
            Param::from(tenant),
            Param::from(&new.id.to_bytes()),
            Param::from(&new.name),
            Param::from(new.description.as_ref()),
            Param::from(&new.secret.hash),
            Param::from(&new.secret.prefix),
            Param::from(&new.secret.last_four),
            Param::from(new.scopes),
            Param::from(&allowed_ips),
            Param::from(&new.identity_provider),
            Param::from(new.expires_at),
            Param::from(now),
            Param::from(&new.created_by),
        ],
        read,
    )
    .await?
    .ok_or_else(no_row)
}

pub(crate) static INSERT: Stmt = sql!(concat!(
    "INSERT INTO scim_tokens (tenant, id, name, description, hash, prefix, last_four, scopes, allowed_ips,
       identity_provider, is_active, expires_at, created_at, created_by, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, $11, $12, $13, $12) RETURNING ",
    columns!()
));

/// The token with that secret, and whether it is the secret before the last rotation. What is
/// revoked, expired or switched off is found too.
///
/// Cost: two probes of an index, however many tokens there are.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn by_hash(
    tx: &mut Tx,
    tenant: TenantKey,
    hash: &[u8; 32],
) -> Result<Option<(ScimToken, Secret)>, StoreError> {
    let with_secret =
        |row: &Row<'_>| Ok((read(row)?, if row.bool(COLUMNS)? { Secret::Current } else { Secret::Previous }));
    tx.query_one(&BY_HASH, &[Param::from(tenant), Param::from(hash)], with_secret).await
}

pub(crate) static BY_HASH: Stmt = sql!(concat!(
    "SELECT ",
    columns!(),
    ", 1 FROM scim_tokens WHERE tenant = $1 AND hash = $2
     UNION ALL SELECT ",
    columns!(),
    ", 0 FROM scim_tokens WHERE tenant = $1 AND previous_hash = $2"
));

/// [`by_hash`] of whichever tenant, by the secret that it has now: to find out whose token was shown to
/// a tenant that has no such one.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn of_anyone(tx: &mut Tx, hash: &[u8; 32]) -> Result<Option<ScimToken>, StoreError> {
    tx.query_one(&OF_ANYONE, &[Param::from(&hash[..8]), Param::from(hash)], read).await
}

pub(crate) static OF_ANYONE: Stmt =
    sql!(concat!("SELECT ", columns!(), " FROM scim_tokens WHERE substr(hash, 1, 8) = $1 AND hash = $2"))
        .beyond_one_tenant();

/// The token of that id, if it belongs to `tenant`; `None` there is any tenant.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn by_id(tx: &mut Tx, tenant: Option<TenantKey>, id: Id) -> Result<Option<ScimToken>, StoreError> {
    tx.query_one(&BY_ID, &[Param::from(tenant), Param::from(&id.to_bytes())], read).await
}

pub(crate) static BY_ID: Stmt =
    sql!(concat!("SELECT ", columns!(), " FROM scim_tokens WHERE ($1 IS NULL OR tenant = $1) AND id = $2"));

/// A page of tokens, newest first.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn list(tx: &mut Tx, filter: &TokenFilter, now: i64, page: Page) -> Result<Listed<ScimToken>, StoreError> {
    let pattern = filter.search.as_deref().map(containing);
    let params = [
        Param::from(filter.tenant),
        Param::from(filter.status.map(TokenStatus::as_str)),
        Param::from(filter.include_revoked),
        Param::from(pattern.as_ref()),
        Param::from(now),
    ];
    let (count, list) = if filter.tenant.is_some() { (&COUNT, &LIST) } else { (&COUNT_ALL, &LIST_ALL) };
    page.read(tx, count, list, params, read).await
}

/// The condition of a list. Its second part is [`ScimToken::status`] in SQL.
macro_rules! listed {
    ($whose:literal) => {
        concat!(
            " FROM scim_tokens WHERE ",
            $whose,
            " AND CASE WHEN $2 IS NULL THEN revoked_at IS NULL OR $3 <> 0
              ELSE $2 = CASE WHEN revoked_at IS NOT NULL THEN 'revoked' WHEN expires_at <= $5 THEN 'expired'
                             WHEN is_active = 0 THEN 'disabled' ELSE 'active' END END
            AND ($4 IS NULL OR lower(name) LIKE $4 ESCAPE '\\' OR lower(description) LIKE $4 ESCAPE '\\'
                 OR lower(prefix) LIKE $4 ESCAPE '\\' OR lower(last_four) LIKE $4 ESCAPE '\\')"
        )
    };
}
pub(crate) static COUNT: Stmt = sql!(concat!("SELECT count(*)", listed!("tenant = $1")));
pub(crate) static LIST: Stmt =
    sql!(concat!("SELECT ", columns!(), listed!("tenant = $1"), " ORDER BY pk DESC LIMIT $6 OFFSET $7"));
pub(crate) static COUNT_ALL: Stmt = sql!(concat!("SELECT count(*)", listed!("$1 IS NULL")));
pub(crate) static LIST_ALL: Stmt =
    sql!(concat!("SELECT ", columns!(), listed!("$1 IS NULL"), " ORDER BY pk DESC LIMIT $6 OFFSET $7"));

/// Changes a token that is not revoked. `None` when it is, or is not there.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn update(
    tx: &mut Tx,
    tenant: Option<TenantKey>,
    id: Id,
    change: &TokenChange,
    now: i64,
) -> Result<Option<ScimToken>, StoreError> {
    let allowed_ips = change.allowed_ips.as_ref().map(to_json).transpose()?;
    let updated = tx
        .query_one(
            &UPDATE,
            &[
                Param::from(tenant),
                Param::from(&id.to_bytes()),
                Param::from(change.name.as_ref()),
                Param::from(change.description.is_some()),
                Param::from(change.description.as_ref().and_then(Option::as_ref)),
                Param::from(change.expires_at.is_some()),
                Param::from(change.expires_at.flatten()),
                Param::from(change.scopes),
                Param::from(allowed_ips.as_ref()),
                Param::from(change.identity_provider.as_ref()),
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
    "UPDATE scim_tokens SET name = coalesce($3, name),
       description = CASE WHEN $4 <> 0 THEN $5 ELSE description END,
       expires_at = CASE WHEN $6 <> 0 THEN $7 ELSE expires_at END,
       scopes = coalesce($8, scopes), allowed_ips = coalesce($9, allowed_ips),
       identity_provider = coalesce($10, identity_provider), is_active = coalesce($11, is_active), updated_at = $12
     WHERE ($1 IS NULL OR tenant = $1) AND id = $2 AND revoked_at IS NULL RETURNING ",
    columns!()
));

/// Revokes a token for good. `None` when it was revoked before, or is not there.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn revoke(
    tx: &mut Tx,
    tenant: Option<TenantKey>,
    id: Id,
    by: &str,
    now: i64,
) -> Result<Option<ScimToken>, StoreError> {
    let id = id.to_bytes();
    let params = [Param::from(tenant), Param::from(&id), Param::from(now), Param::from(by)];
    let revoked = tx.query_one(&REVOKE, &params, read).await?;
    announce(tx, revoked.as_ref());
    Ok(revoked)
}

pub(crate) static REVOKE: Stmt = sql!(concat!(
    "UPDATE scim_tokens SET revoked_at = $3, revoked_by = $4, updated_at = $3,
       previous_hash = NULL, previous_until = NULL
     WHERE ($1 IS NULL OR tenant = $1) AND id = $2 AND revoked_at IS NULL RETURNING ",
    columns!()
));

/// Gives a token that is not revoked another secret; the one it had is good until `previous_until`.
/// `None` when it is revoked, or is not there.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn rotate(
    tx: &mut Tx,
    tenant: Option<TenantKey>,
    id: Id,
    secret: &SecretMark,
    previous_until: i64,
    now: i64,
) -> Result<Option<ScimToken>, StoreError> {
    let rotated = tx
        .query_one(
            &ROTATE,
            &[
                Param::from(tenant),
                Param::from(&id.to_bytes()),
                Param::from(&secret.hash),
                Param::from(&secret.prefix),
                Param::from(&secret.last_four),
                Param::from(previous_until),
                Param::from(now),
            ],
            read,
        )
        .await?;
    announce(tx, rotated.as_ref());
    Ok(rotated)
}

pub(crate) static ROTATE: Stmt = sql!(concat!(
    "UPDATE scim_tokens SET previous_hash = hash, previous_until = $6, hash = $3, prefix = $4, last_four = $5,
       updated_at = $7
     WHERE ($1 IS NULL OR tenant = $1) AND id = $2 AND revoked_at IS NULL RETURNING ",
    columns!()
));

/// Lets the secret before the last rotation end at `until`, if it would end later.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn end_overlap(tx: &mut Tx, tenant: TenantKey, pk: i64, until: i64) -> Result<(), StoreError> {
    if tx.execute(&END_OVERLAP, &[Param::from(tenant), Param::from(pk), Param::from(until)]).await? > 0 {
        tx.announce(Change::Tenant(tenant));
    }
    Ok(())
}

pub(crate) static END_OVERLAP: Stmt =
    sql!("UPDATE scim_tokens SET previous_until = $3 WHERE tenant = $1 AND pk = $2 AND previous_until > $3");

/// How many tokens of a tenant are active, and when the first of them ends.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn summary(tx: &mut Tx, tenant: TenantKey, now: i64) -> Result<(u64, Option<i64>), StoreError> {
    let read = |row: &Row<'_>| Ok((row.int(0)?.cast_unsigned(), row.opt_int(1)?));
    let found = tx.query_one(&SUMMARY, &[Param::from(tenant), Param::from(now)], read).await?;
    Ok(found.unwrap_or((0, None)))
}

pub(crate) static SUMMARY: Stmt = sql!(
    "SELECT count(*), min(expires_at) FROM scim_tokens
     WHERE tenant = $1 AND revoked_at IS NULL AND is_active <> 0 AND (expires_at IS NULL OR expires_at > $2)"
);

/// Tells all who remember the token what it was.
fn announce(tx: &mut Tx, changed: Option<&ScimToken>) {
    if let Some(token) = changed {
        tx.announce(Change::Tenant(token.tenant));
    }
}

fn read(row: &Row<'_>) -> Result<ScimToken, StoreError> {
    Ok(ScimToken {
        tenant: TenantKey(row.int(0)?),
        tenant_id: id(row.bytes_ref(1)?)?,
        pk: row.int(2)?,
        id: id(row.bytes_ref(3)?)?,
        name: row.text(4)?,
        description: row.opt_text(5)?,
        prefix: row.text(6)?,
        last_four: row.text(7)?,
        previous_until: row.opt_int(8)?,
        scopes: row.int(9)?,
        allowed_ips: from_json(row.text_ref(10)?)?,
        identity_provider: row.text(11)?,
        is_active: row.bool(12)?,
        expires_at: row.opt_int(13)?,
        created_at: row.int(14)?,
        created_by: row.text(15)?,
        updated_at: row.int(16)?,
        revoked_at: row.opt_int(17)?,
        revoked_by: row.opt_text(18)?,
        last_used_at: row.opt_int(19)?,
        last_used_ip: row.opt_text(20)?,
        last_used_user_agent: row.opt_text(21)?,
        request_count: row.int(22)?,
    })
}
