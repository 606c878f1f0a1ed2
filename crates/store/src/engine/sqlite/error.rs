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
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => return StoreError::NoSuchReference(statement.written_table().to_owned()),
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
}
