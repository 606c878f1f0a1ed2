//! For tests: PostgreSQL servers that are made for them and thrown away, and databases in these.
//!
//! One [`Cluster`] per test process is shared by its tests, with a [`Database`] for each; a test that
//! crashes or restarts its server starts one of its own. They listen on sockets in their own folder,
//! so they meet neither each other nor a server that runs already, and they are gone when the test
//! process is, however it ends: a shell watches it through a pipe.

mod cluster;
mod database;
mod pooler;

pub use cluster::Cluster;
pub use database::Database;
pub use pooler::Pooler;
