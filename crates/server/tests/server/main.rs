//! The server as its clients see it: every request goes through the router and its one layer, to a
//! real store in a folder of its own.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends at what it did not expect")]

mod admin;
mod authorisation;
mod bad_input;
mod bulk;
mod conditional;
mod discovery;
mod harness;
mod layer;
mod lists;
mod openapi;
mod resources;
mod socket;
