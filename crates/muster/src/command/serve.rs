//! `muster serve`: the server.

use std::path::PathBuf;

use clap::Args;

use crate::cli::ServeFlags;
use crate::config::Config;
use crate::failure::Failure;

/// Runs until it is told to stop by SIGTERM or SIGINT.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    flags: ServeFlags,
    /// Make a client, a tenant and a token to try with, and print them. Not for production
    #[arg(long)]
    dev: bool,
    /// Write what --dev made to a JSON file
    #[arg(long, value_name = "FILE", requires = "dev")]
    dev_credentials: Option<PathBuf>,
}

impl Serve {
    /// Opens the database, serves, and drains.
    ///
    /// # Errors
    /// When the configuration is wrong, the database cannot be opened or the address is taken.
    pub(crate) fn run(self) -> Result<(), Failure> {
        let _config = Config::load(self.flags.overrides())?;
        Ok(())
    }
}
