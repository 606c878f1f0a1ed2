//! The engines. One runs per process, chosen at start; nothing outside of this folder and the
//! seam, [`Tx`](crate::Tx), knows which.

pub(crate) mod sqlite;

use sqlite::Sqlite;

/// The engine that runs.
#[derive(Debug)]
pub(crate) enum Engine {
    Sqlite(Sqlite),
}
