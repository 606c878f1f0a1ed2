//! The commands, one file each. A command takes its parsed arguments and says how it ended.

pub(crate) mod api_reference;
pub(crate) mod application;
pub(crate) mod backup;
pub(crate) mod check;
pub(crate) mod check_config;
pub(crate) mod completions;
mod database;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod key;
pub(crate) mod migrate_to;
pub(crate) mod openapi;
pub(crate) mod self_test;
pub(crate) mod serve;
pub(crate) mod simulate;
mod target;
pub(crate) mod tenant;
pub(crate) mod token;
