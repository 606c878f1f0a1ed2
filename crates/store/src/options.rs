//! Where the data is, and how much of the machine the store may take.

use std::path::PathBuf;
use std::time::Duration;

const MIB: u64 = 1024 * 1024;

/// How to open a [`Store`](crate::Store). The defaults are the measured ones for a server of its
/// own; tests and small machines may take less.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The SQLite file. It is made, readable by its owner only, when it does not exist.
    pub path: PathBuf,
    /// Threads for short reads: one per core.
    pub reader_threads: usize,
    /// Writes that may wait for the writer, and short reads that may wait for a reader. One more is
    /// [`StoreError::Unavailable`](crate::StoreError::Unavailable).
    pub queue_length_max: usize,
    /// Page cache of the writer. A quarter of it halves the writes per second at a million users.
    pub writer_cache_bytes: u64,
    /// Page cache of each reader. Small, since readers share the operating system's.
    pub reader_cache_bytes: u64,
    /// How much of the file readers map into memory; SQLite goes up to 2 GiB.
    pub reader_mmap_bytes: u64,
    /// How long a [`Store::scan`](crate::Store::scan) may run.
    pub scan_deadline: Duration,
    /// Above this the write-ahead log is started anew, which may hold writers up for a moment.
    pub wal_bytes_max: u64,
}

impl Options {
    /// The defaults, for the file at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            reader_threads: std::thread::available_parallelism().map_or(2, usize::from),
            queue_length_max: 4096,
            writer_cache_bytes: 256 * MIB,
            reader_cache_bytes: 8 * MIB,
            reader_mmap_bytes: 2048 * MIB,
            scan_deadline: Duration::from_secs(10),
            wal_bytes_max: 128 * MIB,
        }
    }
}
