//! `muster backup FILE`: a consistent copy, also while a server runs.

use std::path::PathBuf;

use clap::Args;

use crate::cli::ConfigFlags;
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::{open, runtime, terminal};

/// Where from, where to.
#[derive(Debug, Args)]
pub(crate) struct Backup {
    #[command(flatten)]
    config: ConfigFlags,
    /// The file to write; it must not exist yet
    file: PathBuf,
}

impl Backup {
    /// Copies the database as it is at one moment, then checks the copy.
    ///
    /// # Errors
    /// When the database is PostgreSQL, there is none, the copy cannot be written, or it is damaged.
    pub(crate) fn run(self) -> Result<(), Failure> {
        let config = Config::load(self.config.overrides())?;
        let options = open::store_options(&config, &DataDir::existing(&config)?);
        if options.postgres.is_some() {
            return Err(Failure::new(
                "PostgreSQL is backed up with its own tools: pg_dump, or pg_basebackup and its log (docs/backup.md)",
            ));
        }
        let copy = store::Options::new(&self.file);
        let damage = runtime()?.block_on(async {
            store::backup(&options, &self.file).await?;
            store::check(&copy).await
        })?;
        if damage.is_empty() {
            terminal::print(&format!("{} is complete and sound", self.file.display()))
        } else {
            Err(Failure::new(format!("the copy is damaged, do not rely on it:\n{}", damage.join("\n"))))
        }
    }
}
