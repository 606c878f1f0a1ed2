//! `muster check`: is the database sound?

use clap::Args;

use crate::cli::ConfigFlags;
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::{open, runtime, terminal};

/// Which database.
#[derive(Debug, Args)]
pub(crate) struct Check {
    #[command(flatten)]
    config: ConfigFlags,
}

impl Check {
    /// Reads the whole database, also while a server runs, and prints what is wrong with it. Of
    /// PostgreSQL, which looks after its files itself, only the schema is looked at.
    ///
    /// # Errors
    /// When there is no database, or something is wrong with it.
    pub(crate) fn run(self) -> Result<(), Failure> {
        let config = Config::load(self.config.overrides())?;
        let data_dir = DataDir::existing(&config)?;
        let place = open::place(&config, &data_dir);
        let damage = runtime()?
            .block_on(store::check(&open::store_options(&config, &data_dir)))
            .map_err(|error| Failure::new(format!("cannot check {place}: {error}")))?;
        if damage.is_empty() {
            terminal::print(&format!("{place} is sound"))
        } else {
            Err(Failure::new(format!(
                "{place} is not sound; docs/backup.md says how to restore a backup:\n{}",
                damage.join("\n")
            )))
        }
    }
}
