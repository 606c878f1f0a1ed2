//! What can go wrong with a database.

/// Why a read or a write did not happen. Nothing has changed then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A unique constraint or unique key is taken. The text names the constraint, as in
    /// `tenants.slug` or `resources.user_name`.
    #[error("not unique: {0}")]
    NotUnique(String),
    /// A referenced row does not exist, or a row is still referred to. The text names the table
    /// written to, as in `scim_tokens`; SQLite does not say which of its foreign keys it was.
    #[error("no such row to refer to: {0}")]
    NoSuchReference(String),
    /// The database or its queue is too busy, or gone. Worth trying again.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// A scan went past its bound of rows or time.
    #[error("the query would read too much: {0}")]
    TooExpensive(String),
    /// What the tenant has defined is not what the work was planned by. Worth planning anew.
    #[error("the schemas of the tenant have changed meanwhile")]
    Outdated,
    /// It will not do as it is, however often it is tried: the schema is newer than this program or was
    /// not made by it, the server is too old, its role or address is wrong.
    #[error("the database cannot be used: {0}")]
    Incompatible(String),
    /// What we read cannot be what we wrote, or a statement is wrong. A bug, or a broken disk.
    #[error("the database holds what it should not: {0}")]
    Corrupt(String),
}
