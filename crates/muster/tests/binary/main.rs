//! The binary as its users meet it: as a process, over real HTTP, on a real disk.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod big_bulk;
mod client;
mod commands;
mod crash;
mod docs;
mod expected;
mod failover;
mod hot_group;
mod load;
mod mixed_bulk;
mod moving;
mod outage;
mod postgres;
mod process;
mod replicas;
mod secrets;
mod stopping;
