//! The data folder and the files in it that only their owner may read.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::config::{Basics, Config};
use crate::failure::Failure;

/// Where Muster keeps its data.
#[derive(Debug)]
pub(crate) struct DataDir(PathBuf);

impl DataDir {
    /// The folder that the configuration names, made when it is not there yet.
    ///
    /// # Errors
    /// When it cannot be made, or is no folder.
    pub(crate) fn open(config: &Config) -> Result<Self, Failure> {
        let path = &config.basics.data_dir;
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| {
            Failure::new(format!(
                "cannot make the data folder {}: {error}; name another with --data-dir",
                path.display()
            ))
        })?;
        Ok(Self(path.clone()))
    }

    /// This folder, whatever is in it.
    #[cfg(test)]
    pub(crate) fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// The folder that the configuration names, for a command that only reads what is there.
    ///
    /// # Errors
    /// When there is no database in it.
    pub(crate) fn existing(config: &Config) -> Result<Self, Failure> {
        let data_dir = Self(config.basics.data_dir.clone());
        let database = data_dir.database(&config.basics);
        if database.is_file() {
            return Ok(data_dir);
        }
        Err(Failure::new(format!("there is no database {}; name the data folder with --data-dir", database.display())))
    }

    /// The SQLite file.
    pub(crate) fn database(&self, basics: &Basics) -> PathBuf {
        basics.database.as_ref().map_or_else(|| self.0.join("muster.db"), |file| file.0.clone())
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
