//! `muster`: a multi-tenant SCIM 2.0 server in one binary.
//!
//! Arguments, configuration, open, serve, drain. A failure is one line on standard error that says
//! what to do, with exit status 1; a wrong command line is status 2.

mod cli;
mod command;
mod config;
mod failure;
mod logging;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Serve(serve) => serve.run(),
        Command::CheckConfig(check) => check.run(),
        Command::ConfigReference => terminal::print(&config::reference()),
        Command::Completions(completions) => completions.run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            terminal::complain(&failure);
            ExitCode::FAILURE
        }
    }
}
