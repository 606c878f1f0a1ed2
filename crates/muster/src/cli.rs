//! The command line: what can be written, and nothing about what it does.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::command;
use crate::config::Overrides;

/// Multi-tenant SCIM 2.0 server.
#[derive(Debug, Parser)]
#[command(name = "muster", version, propagate_version = false, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server
    Serve(command::serve::Serve),
    /// Work on tenants, without the server
    Tenant(command::tenant::TenantCommand),
    /// Work on SCIM tokens, without the server
    Token(command::token::TokenCommand),
    /// Work on OAuth clients of the admin API, without the server
    Application(command::application::ApplicationCommand),
    /// Work on the keys that sign access tokens, without the server
    Key(command::key::KeyCommand),
    /// Write a tenant to a file, also while the server runs
    Export(command::export::Export),
    /// Read a tenant from a file that `export` wrote
    Import(command::import::Import),
    /// Copy all of an SQLite database to PostgreSQL; no server may run on either
    MigrateTo(command::migrate_to::MigrateTo),
    /// Copy the database, also while the server runs
    Backup(command::backup::Backup),
    /// Look for damage in the database, also while the server runs
    Check(command::check::Check),
    /// Do what an identity provider does, against any SCIM server, and say where it would be stuck
    Simulate(command::simulate::Simulate),
    /// Ask any SCIM server for what the RFCs demand, and say what to mend
    SelfTest(command::self_test::SelfTest),
    /// Check the configuration, and print the one that would be in force
    CheckConfig(command::check_config::CheckConfig),
    /// Print the description of the API (OpenAPI 3.1)
    Openapi(command::openapi::OpenApi),
    /// Write the endpoint reference as Markdown, a page per group
    ApiReference(command::api_reference::ApiReference),
    /// Print the reference of all settings as Markdown
    ConfigReference,
    /// Print completions for a shell
    Completions(command::completions::Completions),
}

/// Flags of every command that needs the configuration.
#[derive(Debug, Args)]
pub(crate) struct ConfigFlags {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder of the SQLite file and the key file
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
    /// postgres://user@host/database, or the path of an SQLite file [default: muster.db in the data
    /// folder]
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Any setting, as in --set limits.page_size_max=500
    #[arg(long = "set", value_name = "KEY=VALUE")]
    assignments: Vec<String>,
}

impl ConfigFlags {
    /// What these flags say about the configuration.
    pub(crate) fn overrides(self) -> Overrides {
        let flags = [("data_dir", self.data_dir, "--data-dir"), ("database_url", self.database, "--database")];
        Overrides { file: self.config, flags: given(flags), assignments: self.assignments }
    }
}

/// Flags of `serve`, and of `check-config`, which tells what `serve` would do.
#[derive(Debug, Args)]
pub(crate) struct ServeFlags {
    #[command(flatten)]
    common: ConfigFlags,
    /// Address and port of the API [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// The URL under which clients reach the server
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Address and port for Prometheus, or "off" [default: 127.0.0.1:9464]
    #[arg(long, value_name = "ADDRESS")]
    metrics_listen: Option<String>,
    /// human or json [default: human]
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
}

impl ServeFlags {
    /// What these flags say about the configuration.
    pub(crate) fn overrides(self) -> Overrides {
        let mut overrides = self.common.overrides();
        overrides.flags.extend(given([
            ("listen", self.listen, "--listen"),
            ("public_url", self.public_url, "--public-url"),
            ("metrics_listen", self.metrics_listen, "--metrics-listen"),
            ("log.format", self.log_format, "--log-format"),
        ]));
        overrides
    }
}

fn given<const N: usize>(
    flags: [(&'static str, Option<String>, &'static str); N],
) -> Vec<(&'static str, String, &'static str)> {
    flags.into_iter().filter_map(|(key, text, flag)| Some((key, text?, flag))).collect()
}
