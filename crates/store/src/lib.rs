//! Rows in, rows out: everything that Muster keeps, on SQLite or PostgreSQL.
//!
//! [`Store::read`] and [`Store::write`] hand a [`Tx`] to repository functions, which live in a
//! file per noun: [`tenants`], `scim_tokens`, `applications`, `keys`, `resources`, … Each takes
//! the tenant first, and its one statement stands under it. A write has been committed and is
//! on disk when [`Store::write`] returns `Ok`; when it returns an error, nothing has changed.

pub mod applications;
mod attributes;
pub mod audit;
pub mod catalogue;
mod changes;
mod engine;
pub mod error;
pub mod events;
pub mod idempotency;
pub mod keys;
pub mod members;
mod migrate;
mod options;
pub mod page;
pub mod request_log;
pub mod resources;
pub mod schemas;
pub mod scim_tokens;
pub mod shares;
pub mod sql;
mod stats;
mod store;
pub mod tenants;
pub mod transfer;
mod turn;
pub mod tx;
pub mod upkeep;
pub mod usage;

pub use changes::Change;
pub use error::StoreError;
pub use options::{Options, PostgresOptions};
pub use stats::{Stats, WRITES_PER_COMMIT_BUCKETS};
pub use store::{Lane, Store, backup, check};
pub use tenants::TenantKey;
pub use turn::Turn;
pub use tx::{DeploymentLock, Lock, Param, Row, Tx, TxFuture};
