//! The binary as its users meet it: as a process, over real HTTP, on a real disk.

mod big_bulk;
mod commands;
mod crash;
mod docs;
mod hot_group;
mod mixed_bulk;
mod process;
mod stopping;
