//! What was measured, as it is kept in `bench/results`.

use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::load::Measured;
use crate::watch::Memory;

/// One run on one engine.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Results {
    pub(crate) engine: Engine,
    /// What was measured.
    pub(crate) commit: String,
    pub(crate) machine: Machine,
    /// The name of the sizes.
    pub(crate) sizes: String,
    /// Users of the tenant of the table.
    pub(crate) users: usize,
    pub(crate) rows: Vec<Row>,
    pub(crate) limits: Vec<Limit>,
    pub(crate) curves: Vec<Curve>,
    pub(crate) token_check: Option<TokenCheck>,
    pub(crate) memory: Option<MemoryRun>,
    pub(crate) disk: Option<Disk>,
    pub(crate) fairness: Vec<Fairness>,
    #[serde(default)]
    pub(crate) log_costs: Vec<LogCost>,
}

/// Where it was measured.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) memory_gib: f64,
    pub(crate) system: String,
    pub(crate) database: String,
}

/// One row of the table: a workload with a number of clients.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) measured: Measured,
}

/// What a request costs at least, in seconds of processor time per 1,000: HTTP with bodies of the same size through a
/// plain route, and the same rows and reads without anything around them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Limit {
    pub(crate) name: String,
    pub(crate) http: f64,
    pub(crate) rows: f64,
    /// How often a second the plain route answers, with 16 clients.
    pub(crate) http_per_second: f64,
    /// How often a second the rows are read or written, by one who does nothing else.
    pub(crate) rows_per_second: f64,
}

impl Limit {
    pub(crate) fn cpu(&self) -> f64 {
        self.http + self.rows
    }
}

/// What a workload costs when something grows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Curve {
    /// What grows.
    pub(crate) against: String,
    pub(crate) name: String,
    pub(crate) points: Vec<Point>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Point {
    pub(crate) at: usize,
    pub(crate) measured: Measured,
}

/// What it takes to know who calls, in microseconds, without HTTP around it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TokenCheck {
    /// By the number of tokens that the tenant has.
    pub(crate) by_tokens: Vec<(usize, f64)>,
    /// SHA-256 of the token, and finding it in a map of as many.
    pub(crate) limit: f64,
}

/// Memory of the server.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct MemoryRun {
    /// Before the first request.
    pub(crate) idle: Memory,
    /// After all rows and curves.
    pub(crate) loaded: Memory,
    /// During 16 bulk requests of this size at a time.
    pub(crate) bulks: Memory,
    pub(crate) bulk_bytes: usize,
    /// How many were answered 200 in the end, and how many times one was told to come again (429 or 503 with
    /// Retry-After).
    pub(crate) bulks_done: usize,
    pub(crate) bulks_put_off: usize,
}

/// Bytes per user.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Disk {
    /// Of imported users: the resource and what finds it.
    pub(crate) imported: f64,
    /// Of users created by bulk requests: with their change events, and what the request log keeps.
    pub(crate) created: f64,
    /// Of the document.
    pub(crate) document: usize,
}

/// How long requests of one tenant take while another sends bulk requests.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Fairness {
    pub(crate) name: String,
    pub(crate) alone: Measured,
    pub(crate) beside: Measured,
}

/// What is left of the throughput with the request log.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LogCost {
    /// What was asked.
    pub(crate) name: String,
    /// Requests per second without.
    pub(crate) without: f64,
    /// With it, as a part of that: the median of turns.
    pub(crate) metadata: f64,
    /// The same where values are kept too.
    pub(crate) values: f64,
}

impl Results {
    pub(crate) fn row(&self, name: &str, clients: usize) -> Option<&Measured> {
        let row = self.rows.iter().find(|row| row.name == name && row.measured.clients == clients);
        row.map(|row| &row.measured)
    }

    pub(crate) fn limit(&self, name: &str) -> Option<&Limit> {
        self.limits.iter().find(|limit| limit.name == name)
    }
}
