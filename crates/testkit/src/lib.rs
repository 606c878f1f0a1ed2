//! For tests: a server in the process, and a client whose failures print what the server said.

pub mod client;

pub use client::{Answer, Client};
