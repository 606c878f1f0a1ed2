//! The data folder and the files in it that only their owner may read.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::config::{Basics, Config, Database};
use crate::failure::Failure;

/// Where Muster keeps what is not in PostgreSQL: the SQLite file, the key file.
#[derive(Debug)]
pub(crate) struct DataDir(PathBuf);

impl DataDir {
    /// The folder that the configuration names. With SQLite it is made when it is not there yet; with
    /// PostgreSQL only when there is something to keep in it ([`Self::make`]).
    ///
    /// # Errors
    /// When it cannot be made, or is no folder.
    pub(crate) fn open(config: &Config) -> Result<Self, Failure> {
        let data_dir = Self(config.basics.data_dir.clone());
        if data_dir.sqlite_file(&config.basics).is_some() {
            data_dir.make()?;
        }
        Ok(data_dir)
    }

    /// Makes the folder when it is not there yet.
    ///
    /// # Errors
    /// When it cannot be made, or is no folder.
    pub(crate) fn make(&self) -> Result<(), Failure> {
        let Self(path) = self;
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| {
            Failure::new(format!(
                "cannot make the data folder {}: {error}; name another with --data-dir",
                path.display()
            ))
        })
    }

    /// This folder, whatever is in it.
    #[cfg(test)]
    pub(crate) fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// The folder that the configuration names, for a command that only reads what is there.
    ///
    /// # Errors
    /// When the database would be an SQLite file that is not there.
    pub(crate) fn existing(config: &Config) -> Result<Self, Failure> {
        let data_dir = Self(config.basics.data_dir.clone());
        match data_dir.sqlite_file(&config.basics).filter(|file| !file.is_file()) {
            None => Ok(data_dir),
            Some(file) => Err(Failure::new(format!(
                "there is no database {}; name the data folder with --data-dir",
                file.display()
            ))),
        }
    }

    /// The SQLite file, unless the database is PostgreSQL.
    pub(crate) fn sqlite_file(&self, basics: &Basics) -> Option<PathBuf> {
        match &basics.database_url {
            None => Some(self.0.join("muster.db")),
            Some(Database::Sqlite(path)) => Some(path.clone()),
            Some(Database::Postgres(_)) => None,
        }
    }

    /// A file in the folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

/// Writes a file that only its owner may read, all of it or nothing: a reader never sees a part.
///
/// # Errors
/// Those of the file system.
pub(crate) fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(format!(".{}", std::process::id()));
    let unfinished = PathBuf::from(unfinished);
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&unfinished, path)?;
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
