//! What has to be done from time to time, by one of all processes on the database.

use crate::error::StoreError;
use crate::sql;
use crate::sql::Stmt;
use crate::tx::{Param, Tx};

/// Something that has to be done from time to time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Removing what nobody will ask for any more: [`prune`].
    Prune,
    /// Forgetting old entries of the request log: [`crate::request_log::prune`].
    PruneRequestLog,
}

impl Task {
    const fn name(self) -> &'static str {
        match self {
            Self::Prune => "prune",
            Self::PruneRequestLog => "prune_request_log",
        }
    }
}

/// Takes `task` if it is due; it is not due again before `again_at`. Whoever takes it does it in this
/// transaction: if that fails, it is still due. Others who ask meanwhile wait for its end.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn take(tx: &mut Tx, task: Task, now: i64, again_at: i64) -> Result<bool, StoreError> {
    let params = [Param::from(task.name()), Param::from(now), Param::from(again_at)];
    Ok(tx.execute(&TAKE, &params).await? > 0)
}

// Due later than anybody would say now: the clock was wrong of who said so.
pub(crate) static TAKE: Stmt = sql!(
    "INSERT INTO upkeep (task, due_at) VALUES ($1, $3)
     ON CONFLICT (task) DO UPDATE SET due_at = $3 WHERE upkeep.due_at <= $2 OR upkeep.due_at > $3"
);

/// From when on things are kept. All in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// Answers to requests with an `Idempotency-Key`, by the beginning of the request.
    pub answers_since: i64,
    /// Counts of requests, by the hour.
    pub usage_since: i64,
    /// Keys that no longer sign, by the moment until which they are shown.
    pub keys_since: i64,
}

/// Removes what is older, at most `rows_max` of each kind. Gives whether there may be more.
///
/// Cost: a probe of two indexes per tenant, and the rows that are removed.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn prune(tx: &mut Tx, kept: &Kept, rows_max: u32) -> Result<bool, StoreError> {
    let mut more = false;
    for (statement, since) in [
        (&PRUNE_ANSWERS, kept.answers_since),
        (&PRUNE_USAGE, kept.usage_since.div_euclid(crate::usage::HOUR_MS)),
        (&PRUNE_KEYS, kept.keys_since),
    ] {
        more |= tx.execute(statement, &[Param::from(since), Param::from(rows_max)]).await? >= u64::from(rows_max);
    }
    Ok(more)
}

// From tenant to tenant, since every index begins with the tenant (`CROSS JOIN` tells SQLite so).
pub(crate) static PRUNE_ANSWERS: Stmt = sql!(
    "DELETE FROM idempotency WHERE (tenant, key) IN
       (SELECT i.tenant, i.key FROM tenants AS t CROSS JOIN idempotency AS i
        WHERE i.tenant = t.key AND i.started < $1 LIMIT $2)"
)
.beyond_one_tenant();
pub(crate) static PRUNE_USAGE: Stmt = sql!(
    "DELETE FROM scim_usage WHERE (tenant, hour) IN
       (SELECT u.tenant, u.hour FROM tenants AS t CROSS JOIN scim_usage AS u
        WHERE u.tenant = t.key AND u.hour < $1 LIMIT $2)"
)
.beyond_one_tenant();
pub(crate) static PRUNE_KEYS: Stmt =
    sql!("DELETE FROM signing_keys WHERE kid IN (SELECT kid FROM signing_keys WHERE shown_until < $1 LIMIT $2)");
