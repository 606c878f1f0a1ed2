//! `muster check-config`: is the configuration right, and what is in force?

use clap::Args;

use crate::cli::ServeFlags;
use crate::config::Config;
use crate::failure::Failure;
use crate::{open, terminal};

/// Takes the flags of `serve`, so that what is checked is what would run.
#[derive(Debug, Args)]
pub(crate) struct CheckConfig {
    #[command(flatten)]
    flags: ServeFlags,
}

impl CheckConfig {
    /// Prints the effective configuration as a file, secrets masked.
    ///
    /// # Errors
    /// Every problem that reading the configuration found.
    pub(crate) fn run(self) -> Result<(), Failure> {
        let config = Config::load(self.flags.overrides())?;
        open::expect_addresses(&config)?;
        terminal::print(&config.to_toml_masked())
    }
}
