//! The binary as its users meet it: as a process, over real HTTP, on a real disk.

mod crash;
mod process;
