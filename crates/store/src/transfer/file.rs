//! The file of a tenant: JSON texts, a line each (`docs/moving.md` describes it for its users).
//!
//! A line is an object with one member, which says what it is: `muster_export` the first, `end` the
//! last; between them the name of a table, or `members`. What a table's columns are called in the
//! database they are called here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The number of the format. It grows when a program that knows only the format before would
/// read a file wrongly.
pub const FORMAT: u32 = 1;

/// How long a line may be, in bytes. A request may name members in 16 MiB, and a change is written down with the
/// members before and after it.
pub const LINE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// How many members a line names at most.
pub(super) const MEMBERS_PER_LINE: u32 = 500;

/// What the member of the first line is called.
pub(super) const HEADER: &str = "muster_export";
/// What the member of the last line is called.
pub(super) const END: &str = "end";
/// What the member of a line with members is called.
pub(super) const MEMBERS: &str = "members";

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// See [`FORMAT`].
    pub format: u32,
    /// The version of the program that wrote it.
    pub version: String,
    /// When, in milliseconds since 1970.
    pub exported_at: i64,
    /// Whether it holds what opens doors: hashes of passwords, tokens and client secrets.
    pub credentials: bool,
    /// Whether it holds all events, or only the last one, which tells how far they are numbered.
    pub history: bool,
}

/// The last line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// How many lines are before it.
    pub lines: u64,
    /// How many rows of which table, and how many members.
    pub rows: BTreeMap<String, u64>,
    /// SHA-256 of everything before it.
    pub sha256: String,
}

/// Members of a group.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Members {
    pub(super) group: String,
    pub(super) members: Vec<String>,
}
