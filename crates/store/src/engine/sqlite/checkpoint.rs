//! The checkpointer: moves what has been committed from the write-ahead log into the file, on a
//! thread and a connection of its own, so that the writer never does.
//!
//! A passive checkpoint disturbs nobody, but while writes go on the log never becomes free to be
//! started anew, and grows. Above a bound we therefore ask for a restart, which holds writers up
//! for the moment in which it moves the last frames.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};
use rusqlite::Connection;

use super::file::PAGE_BYTES;
use super::writer::Counters;

/// Between two checkpoints.
const PAUSE: Duration = Duration::from_millis(100);
/// Before a restart, passive checkpoints catch up until fewer frames than this remain, so that the
/// restart itself has little to move.
const FRAMES_LEFT_MAX: u64 = 3000;
const CATCH_UPS_MAX: usize = 10;

pub(super) struct Checkpointer {
    connection: Connection,
    counters: Arc<Counters>,
    /// Closed when the thread shall end.
    stopped: Receiver<()>,
    wal_bytes_max: u64,
}

/// How a checkpoint went, as SQLite reports it.
struct Progress {
    frames: u64,
    moved: u64,
}

impl Checkpointer {
    pub(super) fn new(
        connection: Connection,
        counters: Arc<Counters>,
        stopped: Receiver<()>,
        wal_bytes_max: u64,
    ) -> Self {
        Self { connection, counters, stopped, wal_bytes_max }
    }

    /// What the thread does until it is told to end; then it empties the log.
    pub(super) fn into_loop(self) -> impl FnOnce() {
        move || {
            let mut commits_moved = 0;
            while matches!(self.stopped.recv_timeout(PAUSE), Err(RecvTimeoutError::Timeout)) {
                let commits = self.counters.commits();
                if commits != commits_moved && self.keep_short() {
                    commits_moved = commits;
                }
            }
            self.run("TRUNCATE");
        }
    }

    /// Moves what can be moved without disturbing anyone, and restarts the log when it is too long.
    /// Tells whether everything has been moved.
    fn keep_short(&self) -> bool {
        let Some(mut progress) = self.run("PASSIVE") else { return false };
        if progress.frames * PAGE_BYTES < self.wal_bytes_max {
            return progress.moved == progress.frames;
        }
        for _ in 0..CATCH_UPS_MAX {
            if progress.frames - progress.moved < FRAMES_LEFT_MAX {
                break;
            }
            let Some(further) = self.run("PASSIVE") else { return false };
            progress = further;
        }
        self.run("RESTART").is_some_and(|progress| progress.moved == progress.frames)
    }

    fn run(&self, mode: &str) -> Option<Progress> {
        let read = |row: &rusqlite::Row<'_>| {
            let count = |column| row.get::<_, i64>(column).map(|count| u64::try_from(count).unwrap_or(0));
            Ok(Progress { frames: count(1)?, moved: count(2)? })
        };
        self.connection
            .query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], read)
            .inspect_err(|error| tracing::warn!(error = error as &dyn std::error::Error, mode, "a checkpoint failed"))
            .ok()
    }
}
