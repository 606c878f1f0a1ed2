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
    /// Reads the whole database, also while a server runs, and prints what is wrong with it.
    ///
    /// # Errors
    /// When there is no database, or something is wrong with it.
    pub(crate) fn run(self) -> Result<(), Failure> {
        let config = Config::load(self.config.overrides())?;
        let options = open::store_options(&config, &DataDir::existing(&config)?);
        let damage = runtime()?.block_on(store::check(&options))?;
        if damage.is_empty() {
            terminal::print(&format!("{} is sound", options.path.display()))
        } else {
            Err(Failure::new(format!(
                "{} is damaged; restore a backup (docs/backup.md):\n{}",
                options.path.display(),
                damage.join("\n")
            )))
        }
    }
}
