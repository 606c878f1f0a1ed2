//! SQLite's errors in our words.

use rusqlite::Error;
use rusqlite::ffi::{self, ErrorCode};

use crate::error::StoreError;
use crate::sql::Stmt;

/// What an error of a statement means.
pub(super) fn explain(error: &Error, statement: &Stmt) -> StoreError {
    let (code, message) = match error {
        Error::SqliteFailure(code, message) => (code, message.clone()),
        Error::SqlInputError { error, msg, .. } => (error, Some(msg.clone())),
        _ => return StoreError::Corrupt(format!("{error}, in: {}", statement.sqlite())),
    };
    let message = message.unwrap_or_else(|| code.to_string());
    match code.extended_code {
        ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID => {
            return StoreError::NotUnique(unique_column(&message));
        }
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => return StoreError::NoSuchReference(written_table(statement.sqlite())),
        _ => {}
    }
    match code.code {
        ErrorCode::DatabaseBusy
        | ErrorCode::DatabaseLocked
        | ErrorCode::OutOfMemory
        | ErrorCode::ReadOnly
        | ErrorCode::SystemIoFailure
        | ErrorCode::DiskFull
        | ErrorCode::CannotOpen
        | ErrorCode::PermissionDenied
        | ErrorCode::FileLockingProtocolFailed => StoreError::Unavailable(message),
        ErrorCode::OperationInterrupted => StoreError::TooExpensive("it ran past its deadline".into()),
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StoreError::Corrupt(message),
        _ => StoreError::Corrupt(format!("{message}, in: {}", statement.sqlite())),
    }
}

/// `UNIQUE constraint failed: resources.tenant, resources.user_name` is about `resources.user_name`:
/// every key begins with the tenant, and its last column is the one that tells rows apart.
fn unique_column(message: &str) -> String {
    let columns = message.split_once(": ").map_or(message, |(_, columns)| columns);
    columns.rsplit(", ").next().unwrap_or(columns).to_owned()
}

/// The table that a statement writes to. SQLite does not say which of its foreign keys failed.
fn written_table(statement: &str) -> String {
    let mut words = statement.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty());
    words
        .find(|word| ["INTO", "UPDATE", "FROM"].iter().any(|verb| word.eq_ignore_ascii_case(verb)))
        .and_then(|_| words.next())
        .unwrap_or(statement)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unique_constraint_is_named_by_its_last_column() {
        assert_eq!(unique_column("UNIQUE constraint failed: tenants.slug"), "tenants.slug");
        assert_eq!(
            unique_column("UNIQUE constraint failed: resources.tenant, resources.type, resources.user_name"),
            "resources.user_name"
        );
    }

    #[test]
    fn a_failed_foreign_key_is_named_by_the_table_written_to() {
        assert_eq!(written_table("INSERT INTO scim_tokens (tenant) VALUES (?1)"), "scim_tokens");
        assert_eq!(written_table("INSERT OR IGNORE INTO members (a) SELECT 1 FROM resources"), "members");
        assert_eq!(written_table("DELETE FROM tenants WHERE pk = ?1"), "tenants");
    }
}
