//! SQLite: one file, one writer thread, a few reader threads.

mod error;
mod tx;

pub use tx::SqliteTx;
