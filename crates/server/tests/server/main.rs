//! The server as its clients see it: every request goes through the router and its one layer, to a
//! real store of its own. On SQLite; `on_postgres.rs` runs the same on PostgreSQL.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends at what it did not expect")]

mod admin;
mod authorisation;
mod bad_input;
mod bulk;
mod compression;
mod conditional;
mod costs;
mod discovery;
mod habits;
pub(crate) mod harness;
mod http2;
mod layer;
mod lists;
mod long_values;
mod openapi;
mod own_types;
mod probes;
mod resources;
mod socket;
pub(crate) mod transcript;
