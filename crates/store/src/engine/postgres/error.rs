//! PostgreSQL's errors in our words.

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, SqlState};

use crate::error::StoreError;
use crate::sql::Stmt;

/// What is said of a statement that ran past its deadline, in the lane where that is to be expected.
pub(super) const PAST_DEADLINE: &str = "it ran past its deadline";

/// What `muster_expect_schemas` raises: see `migrations/0007_schemas.postgres.sql`.
const OUTDATED: &str = "MU001";

/// What an error of a statement means.
pub(super) fn explain(error: &Error, statement: &Stmt) -> StoreError {
    let Some(db) = error.as_db_error() else { return lost(error) };
    let code = db.code();
    if *code == SqlState::UNIQUE_VIOLATION {
        return StoreError::NotUnique(unique_column(db));
    }
    if *code == SqlState::FOREIGN_KEY_VIOLATION {
        return StoreError::NoSuchReference(statement.written_table().to_owned());
    }
    if *code == SqlState::QUERY_CANCELED {
        return StoreError::TooExpensive(PAST_DEADLINE.into());
    }
    if code.code() == OUTDATED {
        return StoreError::Outdated;
    }
    if is_passing(code) || calls_for_retry(error) {
        return StoreError::Unavailable(db.message().to_owned());
    }
    StoreError::Corrupt(format!("{}, in: {}", db.message(), statement.postgres()))
}

/// What an error outside of statements means: of connecting, beginning, committing.
pub(super) fn explain_plain(error: &Error) -> StoreError {
    match error.as_db_error() {
        Some(db) if db.code().code() == OUTDATED => StoreError::Outdated,
        Some(db) => StoreError::Unavailable(db.message().to_owned()),
        None => lost(error),
    }
}

/// What it means that no connection to one of `hosts` can be made: [`StoreError::Unavailable`] unless
/// somebody has to do something about it.
pub(super) fn explain_connecting(error: &Error, hosts: &str) -> StoreError {
    let Some(db) = error.as_db_error() else {
        let StoreError::Unavailable(reason) = lost(error) else { return lost(error) };
        return StoreError::Unavailable(format!("{reason} ({hosts})"));
    };
    let advice = match db.code().code() {
        // Invalid authorisation: no such role, a wrong password, no line in pg_hba.conf.
        code if code.starts_with("28") => "check the user, its password and pg_hba.conf",
        "3D000" => "make it: CREATE DATABASE … OWNER …",
        "42501" => "the role must own the database: ALTER DATABASE … OWNER TO …",
        _ => return explain_plain(error),
    };
    StoreError::Incompatible(format!("{}; {advice}", db.message()))
}

/// Whether the same transaction may succeed when it is run again: others were in its way, or the
/// statement was prepared before the schema was brought forward.
pub(super) fn calls_for_retry(error: &Error) -> bool {
    error.as_db_error().is_some_and(|db| {
        *db.code() == SqlState::T_R_SERIALIZATION_FAILURE
            || *db.code() == SqlState::T_R_DEADLOCK_DETECTED
            || is_stale_plan(error)
    })
}

/// Whether a prepared statement no longer fits the schema. The connection forgets its statements
/// only by being given up.
pub(super) fn is_stale_plan(error: &Error) -> bool {
    error
        .as_db_error()
        .is_some_and(|db| *db.code() == SqlState::FEATURE_NOT_SUPPORTED && db.message().contains("cached plan"))
}

/// Whether the server will not take writes any more: it has been demoted, or was a standby all along.
pub(super) fn is_read_only(error: &Error) -> bool {
    error.code() == Some(&SqlState::READ_ONLY_SQL_TRANSACTION)
}

/// Conditions that pass: no connection (class 08), no resources (53), an operator at work (57),
/// a lock that is held (55), a system error (58), a transaction that the server ended or that may
/// not write (25).
fn is_passing(code: &SqlState) -> bool {
    let class = code.code().get(..2).unwrap_or_default();
    matches!(class, "08" | "53" | "55" | "57" | "58")
        || *code == SqlState::READ_ONLY_SQL_TRANSACTION
        || *code == SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT
}

fn lost(error: &Error) -> StoreError {
    use std::error::Error as _;
    match error.source() {
        Some(source) => StoreError::Unavailable(format!("{error}: {source}")),
        None => StoreError::Unavailable(error.to_string()),
    }
}

/// `resources_user_name` on the table `resources` is about `resources.user_name`: constraints and
/// unique indexes are named by their table and by the column that tells rows apart, the last.
/// PostgreSQL itself names `UNIQUE` in a column that way, with `_key` behind it.
fn unique_column(error: &DbError) -> String {
    let (table, constraint) = (error.table().unwrap_or_default(), error.constraint().unwrap_or_default());
    column_of(table, constraint)
}

fn column_of(table: &str, constraint: &str) -> String {
    let column = constraint.strip_prefix(table).and_then(|rest| rest.strip_prefix('_')).unwrap_or(constraint);
    format!("{table}.{}", column.strip_suffix("_key").unwrap_or(column))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unique_constraint_is_named_by_the_column_in_its_name() {
        assert_eq!(column_of("tenants", "tenants_slug_key"), "tenants.slug");
        assert_eq!(column_of("resources", "resources_user_name"), "resources.user_name");
        assert_eq!(column_of("scim_tokens", "scim_tokens_previous_hash"), "scim_tokens.previous_hash");
    }
}
