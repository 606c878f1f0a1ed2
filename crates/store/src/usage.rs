//! How SCIM tokens are used. It is counted in memory and written here from time to time, many
//! tokens in one statement, so that no request waits for it.

use serde::Serialize;

use crate::error::StoreError;
use crate::sql;
use crate::sql::Stmt;
use crate::tenants::{TenantKey, to_json};
use crate::tx::{DeploymentLock, Param, Row, Tx};

/// Milliseconds of the hours in which requests are counted.
pub const HOUR_MS: i64 = 3_600_000;

/// What was done with one token since it was last written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenUse {
    tenant: i64,
    pk: i64,
    /// When it was last used.
    pub at: i64,
    /// From where.
    pub ip: Option<String>,
    /// By which program.
    pub user_agent: Option<String>,
    /// How many requests.
    pub requests: i64,
}

impl TokenUse {
    /// No use of that token so far.
    #[must_use]
    pub fn none(tenant: TenantKey, pk: i64) -> Self {
        Self { tenant: tenant.0, pk, at: 0, ip: None, user_agent: None, requests: 0 }
    }
}

/// What happened on a tenant's SCIM routes in one hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct HourUse {
    tenant: i64,
    hour: i64,
    /// How many requests.
    pub requests: i64,
    /// How many of them were answered with an error.
    pub errors: i64,
}

impl HourUse {
    /// Nothing so far in the hour of `now`.
    #[must_use]
    pub fn none(tenant: TenantKey, now: i64) -> Self {
        Self { tenant: tenant.0, hour: now.div_euclid(HOUR_MS), requests: 0, errors: 0 }
    }
}

/// Adds what was counted. Processes that do so at the same time wait for each other.
///
/// # Errors
/// [`StoreError`] when the database is not available; nothing has been added then.
pub async fn record(tx: &mut Tx, tokens: &[TokenUse], hours: &[HourUse]) -> Result<(), StoreError> {
    // They have the same rows to change, in any order.
    tx.lock_deployment(DeploymentLock::Usage);
    tx.send(&RECORD_TOKENS, &[Param::from(&to_json(&tokens)?)]).await?;
    tx.send(&RECORD_HOURS, &[Param::from(&to_json(&hours)?)]).await?;
    Ok(())
}

/// What is set, where a process with an older use may come after one with a newer.
macro_rules! recorded {
    () => {
        "UPDATE scim_tokens SET request_count = request_count + used.requests,
           last_used_at = CASE WHEN last_used_at > used.at THEN last_used_at ELSE used.at END,
           last_used_ip = CASE WHEN last_used_at > used.at THEN last_used_ip ELSE used.ip END,
           last_used_user_agent = CASE WHEN last_used_at > used.at THEN last_used_user_agent ELSE used.user_agent END "
    };
}
pub(crate) static RECORD_TOKENS: Stmt = sql! {
    sqlite: concat!(recorded!(), "FROM (SELECT value ->> 'tenant' AS tenant, value ->> 'pk' AS pk, value ->> 'at' AS at, value ->> 'ip' AS ip,
                     value ->> 'user_agent' AS user_agent, value ->> 'requests' AS requests FROM json_each($1)) AS used
             WHERE scim_tokens.tenant = used.tenant AND scim_tokens.pk = used.pk"),
    postgres: concat!(recorded!(), "FROM jsonb_to_recordset($1::text::jsonb)
                 AS used (tenant bigint, pk bigint, at bigint, ip text, user_agent text, requests bigint)
               WHERE scim_tokens.tenant = used.tenant AND scim_tokens.pk = used.pk"),
}
.beyond_one_tenant();
pub(crate) static RECORD_HOURS: Stmt = sql! {
    sqlite: "INSERT INTO scim_usage (tenant, hour, requests, errors)
             SELECT value ->> 'tenant', value ->> 'hour', value ->> 'requests', value ->> 'errors' FROM json_each($1)
             WHERE true
             ON CONFLICT (tenant, hour) DO UPDATE SET requests = requests + excluded.requests, errors = errors + excluded.errors",
    postgres: "INSERT INTO scim_usage (tenant, hour, requests, errors)
               SELECT tenant, hour, requests, errors FROM jsonb_to_recordset($1::text::jsonb)
                 AS used (tenant bigint, hour bigint, requests bigint, errors bigint)
               ON CONFLICT (tenant, hour) DO UPDATE
               SET requests = scim_usage.requests + excluded.requests, errors = scim_usage.errors + excluded.errors",
}
.beyond_one_tenant();

/// How many requests were made to a tenant's SCIM routes since the hour of `since`, how many of
/// them were answered with an error, and when the last one was.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn since(tx: &mut Tx, tenant: TenantKey, since: i64) -> Result<Health, StoreError> {
    let read = |row: &Row<'_>| Ok(Health { requests: row.int(0)?, errors: row.int(1)?, last_used_at: row.opt_int(2)? });
    let params = [Param::from(tenant), Param::from(since.div_euclid(HOUR_MS))];
    Ok(tx.query_one(&SINCE, &params, read).await?.unwrap_or_default())
}

/// How a tenant's provisioning is doing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Health {
    /// How many requests.
    pub requests: i64,
    /// How many of them were answered with an error.
    pub errors: i64,
    /// When any token was last used.
    pub last_used_at: Option<i64>,
}

pub(crate) static SINCE: Stmt = sql!(
    "SELECT cast(coalesce(sum(requests), 0) AS bigint), cast(coalesce(sum(errors), 0) AS bigint),
       (SELECT max(last_used_at) FROM scim_tokens WHERE tenant = $1)
     FROM scim_usage WHERE tenant = $1 AND hour >= $2"
);
