//! The behaviour suite of the store, run on each engine that this machine has: one file per noun.
//! (`tests/engines/main.rs` and not `tests/engines.rs`, so that those files are modules and not
//! programs of their own.)

mod harness;
mod reads;
mod writes;
