//! The behaviour suite of the store, run on each engine that this machine has: one file per noun.
//! (`tests/engines/main.rs` and not `tests/engines.rs`, so that those files are modules and not
//! programs of their own.)
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod backups;
mod changes;
mod copies;
mod creations;
mod directory;
mod durability;
mod failover;
mod filters;
mod harness;
mod invariants;
mod lost_commits;
mod memberships;
mod near;
mod notes;
mod pooled;
mod postgres;
mod queries;
mod reads;
mod request_log;
mod resources;
mod schemas;
mod sqlite_batches;
mod sqlite_files;
mod tables;
mod tenant_files;
mod units;
mod upkeep;
mod writes;
