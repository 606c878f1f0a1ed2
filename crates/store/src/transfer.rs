//! Moving what is kept: one tenant to a file and from it ([`mod@export`], [`mod@import`]), or all of a database to
//! another engine ([`mod@copy`]).
//!
//! All go by [`tables`], the list of all tables and their columns.

mod compare;
pub mod copy;
pub mod export;
pub mod file;
pub mod import;
mod statements;
pub mod tables;
mod values;

/// The statements by which each table is read in pages by a copy.
pub(crate) fn pages() -> Vec<(&'static str, crate::sql::Stmt)> {
    tables::TABLES.iter().map(|table| (table.name, statements::copied(table).page)).collect()
}

/// The statements by which an export reads tables.
pub(crate) fn exports() -> Vec<(String, crate::sql::Stmt)> {
    export::statements()
}
