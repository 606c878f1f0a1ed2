//! Copying the file while it is in use, and looking for damage.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::file;
use crate::error::StoreError;

/// Copies the database at `from`, as it is at one moment, to the new file `to`.
///
/// The copy is made under another name beside `to`, flushed, and renamed, so that whatever bears
/// the name `to` is whole.
pub(crate) async fn backup(from: &Path, to: &Path) -> Result<(), StoreError> {
    let (from, to) = (from.to_owned(), to.to_owned());
    on_blocking_thread(move || {
        if to.exists() {
            return Err(StoreError::Unavailable(format!("{} exists already; nothing was overwritten", to.display())));
        }
        let part = to.with_added_extension("part");
        let copied = copy(&from, &part).and_then(|()| put_in_place(&part, &to).map_err(|error| failed(&to, &error)));
        if copied.is_err() && part.exists() {
            fs::remove_file(&part).map_err(|error| failed(&part, &error))?;
        }
        copied
    })
    .await
}

/// Reads the whole database and gives what is wrong with it.
pub(crate) async fn check(path: &Path) -> Result<Vec<String>, StoreError> {
    let path = path.to_owned();
    on_blocking_thread(move || {
        let connection = file::connect_foreign(&path)?;
        let mut problems = integrity(&connection).map_err(|error| failed(&path, &error))?;
        problems.extend(dangling(&connection).map_err(|error| failed(&path, &error))?);
        Ok(problems)
    })
    .await
}

/// All pages in one step: a single read transaction, which holds no writer up. The log cannot be
/// started anew meanwhile, so it grows by what is written during the copy.
fn copy(from: &Path, part: &Path) -> Result<(), StoreError> {
    let source = file::connect_foreign(from)?;
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(part).map_err(|error| failed(part, &error))?;
    let step = || -> rusqlite::Result<StepResult> {
        let mut target = Connection::open_with_flags(part, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        // Neither journal nor flushes while copying: a copy that is cut short is thrown away.
        target.pragma_update(None, "journal_mode", "OFF")?;
        target.pragma_update(None, "synchronous", "OFF")?;
        let step = Backup::new(&source, &mut target)?.step(-1)?;
        if step == StepResult::Done {
            // The copy says of itself that it has a write-ahead log. Whoever only reads it would make one and not
            // remove it; whoever opens it to write sets that anew.
            target.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
            target.pragma_update(None, "journal_mode", "DELETE")?;
        }
        Ok(step)
    };
    match step() {
        Ok(StepResult::Done) => Ok(()),
        Ok(_) => Err(StoreError::Unavailable(format!("{} is too busy to be copied", from.display()))),
        Err(error) => Err(failed(part, &error)),
    }
}

fn put_in_place(part: &Path, to: &Path) -> std::io::Result<()> {
    File::open(part)?.sync_all()?;
    fs::rename(part, to)?;
    let directory = to.parent().filter(|directory| !directory.as_os_str().is_empty()).map_or(Path::new("."), |it| it);
    File::open(directory)?.sync_all()
}

fn integrity(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare("PRAGMA integrity_check")?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
    lines.filter(|line| !matches!(line, Ok(line) if line == "ok")).collect()
}

fn dangling(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare("PRAGMA foreign_key_check")?;
    let lines = statement.query_map([], |row| {
        let (table, row, parent) = (row.get::<_, String>(0)?, row.get::<_, Option<i64>>(1)?, row.get::<_, String>(2)?);
        Ok(match row {
            Some(row) => format!("row {row} of {table} refers to a row of {parent} that does not exist"),
            None => format!("a row of {table} refers to a row of {parent} that does not exist"),
        })
    })?;
    lines.collect()
}

async fn on_blocking_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(StoreError::Unavailable(format!("the work was broken off: {error}"))))
}

fn failed(path: &Path, error: &dyn std::error::Error) -> StoreError {
    StoreError::Unavailable(format!("{}: {error}", path.display()))
}
