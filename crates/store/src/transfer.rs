//! Moving what is kept: one tenant to a file and from it ([`export`], [`import`]).
//!
//! Both go by [`tables`], the list of all tables and their columns.

pub mod export;
pub mod file;
pub mod import;
mod statements;
pub mod tables;
mod values;
