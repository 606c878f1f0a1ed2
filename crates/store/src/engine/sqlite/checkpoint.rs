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
/// restart itself has little to move while it keeps the writer out.
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
    /// A writer or a reader did not make way in time.
    was_refused: bool,
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
                return self.run("RESTART").is_some_and(|progress| !progress.was_refused);
            }
            let Some(further) = self.run("PASSIVE") else { return false };
            progress = further;
        }
        // A reader that began long ago needs what is in the log; it will end.
        false
    }

    fn run(&self, mode: &str) -> Option<Progress> {
        let read = |row: &rusqlite::Row<'_>| {
            let count = |column| row.get::<_, i64>(column).map(|count| u64::try_from(count).unwrap_or(0));
            Ok(Progress { was_refused: count(0)? != 0, frames: count(1)?, moved: count(2)? })
        };
        self.connection
            .query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], read)
            .inspect_err(|error| tracing::warn!(error = error as &dyn std::error::Error, mode, "a checkpoint failed"))
            .ok()
    }
}

#[cfg(test)]
mod tests {
    use crossbeam_channel::bounded;

    use super::super::file;
    use super::*;
    use crate::options::Options;

    #[test]
    fn a_log_above_its_bound_is_started_anew_once_no_reader_needs_it() {
        let directory = tempfile::tempdir().unwrap();
        let options = Options { wal_bytes_max: 40 * PAGE_BYTES, ..Options::new(directory.path().join("muster.db")) };
        let writer = file::open_for_writing(&options).unwrap().connection;
        writer.execute_batch("CREATE TABLE pages (bytes BLOB)").unwrap();
        let write_pages = |count: u64| {
            for _ in 0..count {
                writer.execute("INSERT INTO pages VALUES (zeroblob(7000))", []).unwrap();
            }
        };
        let (_running, stopped) = bounded(0);
        let connection = file::connect_checkpointer(&options).unwrap();
        let checkpointer = Checkpointer::new(connection, Arc::default(), stopped, options.wal_bytes_max);
        let reader = file::connect_reader(&options).unwrap().connection;

        reader.execute_batch("BEGIN; SELECT count(*) FROM pages").unwrap();
        write_pages(50);
        assert!(!checkpointer.keep_short());
        write_pages(1);
        let Progress { frames, .. } = checkpointer.run("PASSIVE").unwrap();
        assert!(frames > 50, "{frames} frames");

        reader.execute_batch("COMMIT").unwrap();
        assert!(checkpointer.keep_short());
        write_pages(1);
        let Progress { frames, moved, .. } = checkpointer.run("PASSIVE").unwrap();
        assert!(frames < 10, "{frames} frames");
        assert_eq!(moved, frames);
    }
}
