//! The statements that read and prune the request log.
//!
//! What is read are packs, newest first, a bounded number of them through an index that begins with the
//! tenant; which of their requests fit is found out when they are opened.

use crate::sql;
use crate::sql::Stmt;

/// Packs with requests between two keys: those that begin before `$4`, with a newest one from `$2` on and
/// before `$3`.
macro_rules! list {
    ($columns:expr, $and:literal) => {
        concat!(
            "SELECT pk, ",
            $columns,
            " FROM request_log WHERE tenant = $1 AND pk >= $2 AND pk < $3 AND oldest < $4 ",
            $and,
            " ORDER BY pk DESC LIMIT $5"
        )
    };
}

/// What is read of those that changed a resource, or were to; nothing of others.
macro_rules! of_resource {
    ($place:literal) => {
        concat!(
            "CASE WHEN ",
            $place,
            "(resources, $6) > 0 THEN body END, CASE WHEN ",
            $place,
            "(resources, $6) > 0 THEN operations END"
        )
    };
}

pub(crate) static LIST: Stmt = sql!(list!("body, NULL", ""));
pub(crate) static LIST_FAILED: Stmt = sql!(list!("body, NULL", "AND failed = 1"));
pub(crate) static LIST_OF_RESOURCE: Stmt =
    sql! { sqlite: list!(of_resource!("instr"), ""), postgres: list!(of_resource!("strpos"), "") };

/// Packs that may hold one request.
pub(crate) static GET: Stmt = sql!(
    "SELECT p.tenant, t.id, p.body, p.operations FROM request_log AS p JOIN tenants AS t ON t.key = p.tenant
     WHERE ($1 IS NULL OR p.tenant = $1) AND p.pk >= $2 AND p.pk < $3 AND p.oldest <= $2"
);

/// The pack with the n-th newest request.
pub(crate) static NTH: Stmt = sql!(
    "SELECT pk FROM (SELECT pk, sum(requests) OVER (ORDER BY pk DESC) AS newer FROM request_log WHERE tenant = $1) AS packs
     WHERE newer >= $2 ORDER BY pk DESC LIMIT 1"
);

/// The oldest packs.
pub(crate) static OLDEST: Stmt =
    sql!("SELECT tenant, pk, requests FROM request_log WHERE pk < $1 ORDER BY pk LIMIT $2").beyond_one_tenant();
pub(crate) static OLDEST_OF: Stmt =
    sql!("SELECT tenant, pk, requests FROM request_log WHERE tenant = $1 AND pk < $2 ORDER BY pk LIMIT $3");

pub(crate) static DELETE: Stmt = sql!("DELETE FROM request_log WHERE tenant = $1 AND pk = $2");
