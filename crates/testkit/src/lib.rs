//! For tests: a client whose failures print what the server said.

#![expect(clippy::panic, reason = "a test ends at what it did not expect")]

pub mod client;

pub use client::{Answer, Client};
