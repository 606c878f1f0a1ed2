//! The statements that read and prune the request log.
//!
//! A list looks at a bounded number of rows that an index gives, newest first, and shows those of
//! them that fit.

use crate::sql;
use crate::sql::Stmt;

/// What the rows of a list are, besides the tenant.
macro_rules! columns {
    ($of:literal) => {
        concat!(
            $of,
            "pk, ",
            $of,
            "request_id, ",
            $of,
            "actor, ",
            $of,
            "product, ",
            $of,
            "method, ",
            $of,
            "path, ",
            $of,
            "status, ",
            $of,
            "scim_type, ",
            $of,
            "took_us, ",
            $of,
            "resource, ",
            $of,
            "summary, ",
            $of,
            "detail"
        )
    };
}

/// The rows of the tenant between two keys that fulfil one more condition.
macro_rules! between {
    ($and:literal) => {
        concat!("pk >= $2 AND pk < $3 ", $and)
    };
}

/// The keys of the rows of what changed a resource, or was to, between two keys, alone or in a bulk request.
macro_rules! about {
    ($resource:literal) => {
        concat!(
            "(SELECT pk FROM (SELECT pk FROM request_log WHERE tenant = $1 AND resource = ",
            $resource,
            "   AND method <> 'GET' AND pk >= $2 AND pk < $3 ORDER BY pk DESC LIMIT $4) AS alone
              UNION
              SELECT log FROM (SELECT log FROM request_log_operations WHERE tenant = $1 AND resource = ",
            $resource,
            "   AND log >= $2 AND log < $3 ORDER BY log DESC LIMIT $4) AS in_bulk
              ORDER BY pk DESC LIMIT $4)"
        )
    };
}

/// What a page looks at.
macro_rules! window {
    ($columns:literal, $which:expr) => {
        concat!(
            "(SELECT ",
            $columns,
            " FROM request_log WHERE tenant = $1 AND ",
            $which,
            " ORDER BY pk DESC LIMIT $4) AS looked_at"
        )
    };
}

macro_rules! list {
    ($which:expr) => {
        sql!(concat!(
            "SELECT ",
            columns!(""),
            " FROM ",
            window!("*", $which),
            " WHERE ($5 IS NULL OR method = $5) AND status BETWEEN $6 AND $7 AND ($8 IS NULL OR actor = $8)
                AND ($9 IS NULL OR request_id = $9)
                AND ($10 IS NULL OR lower(summary) LIKE $10 ESCAPE '\\' OR lower(path) LIKE $10 ESCAPE '\\'
                     OR lower(detail) LIKE $10 ESCAPE '\\')
              ORDER BY pk DESC LIMIT $11"
        ))
    };
}

macro_rules! span {
    ($which:expr) => {
        sql!(concat!("SELECT count(*), min(pk) FROM ", window!("pk", $which)))
    };
}

pub(crate) static LIST: Stmt = list!(between!(""));
pub(crate) static LIST_FAILED: Stmt = list!(between!("AND status >= 400"));
pub(crate) static LIST_OF_ACTOR: Stmt = list!(between!("AND actor = $12"));
pub(crate) static LIST_OF_RESOURCE: Stmt = list!(concat!("pk IN ", about!("$12")));

pub(crate) static SPAN: Stmt = span!(between!(""));
pub(crate) static SPAN_FAILED: Stmt = span!(between!("AND status >= 400"));
pub(crate) static SPAN_OF_ACTOR: Stmt = span!(between!("AND actor = $5"));
pub(crate) static SPAN_OF_RESOURCE: Stmt =
    sql!(concat!("SELECT count(*), min(pk) FROM ", about!("$5"), " AS looked_at"));

pub(crate) static GET: Stmt = sql!(concat!(
    "SELECT ",
    columns!("l."),
    ", l.tenant, t.id FROM request_log AS l JOIN tenants AS t ON t.key = l.tenant
     WHERE ($1 IS NULL OR l.tenant = $1) AND l.pk = $2"
));

pub(crate) static OPERATIONS: Stmt = sql!(
    "SELECT place, method, bulk_id, path, status, scim_type, resource, summary, detail FROM request_log_operations
     WHERE tenant = $1 AND log = $2 ORDER BY place"
);

/// The n-th newest.
pub(crate) static NTH: Stmt = sql!("SELECT pk FROM request_log WHERE tenant = $1 ORDER BY pk DESC LIMIT 1 OFFSET $2");

pub(crate) static DELETE_OPERATIONS: Stmt = sql!(
    "DELETE FROM request_log_operations
     WHERE (tenant, log) IN (SELECT tenant, pk FROM request_log WHERE pk < $1 ORDER BY pk LIMIT $2)"
)
.beyond_one_tenant();
pub(crate) static DELETE_REQUESTS: Stmt = sql! {
    sqlite:   "DELETE FROM request_log WHERE pk IN (SELECT pk FROM request_log WHERE pk < $1 ORDER BY pk LIMIT $2)",
    postgres: "DELETE FROM request_log
               WHERE (tenant, pk) IN (SELECT tenant, pk FROM request_log WHERE pk < $1 ORDER BY pk LIMIT $2)",
}
.beyond_one_tenant();
pub(crate) static DELETE_OPERATIONS_OF: Stmt = sql!(
    "DELETE FROM request_log_operations
     WHERE tenant = $1 AND log IN (SELECT pk FROM request_log WHERE tenant = $1 AND pk < $2 ORDER BY pk LIMIT $3)"
);
pub(crate) static DELETE_REQUESTS_OF: Stmt = sql!(
    "DELETE FROM request_log
     WHERE tenant = $1 AND pk IN (SELECT pk FROM request_log WHERE tenant = $1 AND pk < $2 ORDER BY pk LIMIT $3)"
);
