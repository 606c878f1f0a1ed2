//! What the store can say about itself, for metrics.

/// Upper bounds of the buckets of [`Stats::writes_per_commit`].
pub const WRITES_PER_COMMIT_BUCKETS: [u64; 9] = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/// Counters since the store was opened, and gauges of this moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Writes that wait for the writer.
    pub writes_waiting: usize,
    /// Short reads that wait for a reader.
    pub reads_waiting: usize,
    /// Scans that wait for the slow lane.
    pub scans_waiting: usize,
    /// Commits; each made one or more writes durable.
    pub commits: u64,
    /// Writes that were answered, whatever the answer.
    pub writes: u64,
    /// Statements that were run for reads, scans and writes, without those that begin and end them.
    pub statements: u64,
    /// How many times a read, scan or write waited for an answer of the database's server; on SQLite
    /// there is none.
    pub round_trips: u64,
    /// How many commits had so many writes; bucket `i` counts those up to
    /// [`WRITES_PER_COMMIT_BUCKETS`]`[i]` and above the bound before.
    pub writes_per_commit: [u64; WRITES_PER_COMMIT_BUCKETS.len()],
    /// Size of the write-ahead log on disk. Growth without end means a reader that never finishes.
    pub wal_bytes: u64,
}
