//! The suite of `server/` on PostgreSQL.

#[path = "server/main.rs"]
mod suite;

use suite::{harness, transcript};
