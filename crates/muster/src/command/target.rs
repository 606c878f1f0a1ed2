//! Flags of the commands that talk to a SCIM server, ours or anybody's.

use std::io::Read;
use std::path::PathBuf;

use clap::Args;
use client::{BaseUrl, Connection, Stop, Target, Token};
use serde_json::Value;
use tokio::signal::unix::{SignalKind, signal};

use crate::config;
use crate::failure::Failure;
use crate::terminal;

/// Which server, with which credential.
#[derive(Debug, Args)]
pub(crate) struct TargetFlags {
    /// SCIM base URL: what an identity provider is given, without /Users
    #[arg(long, value_name = "URL")]
    url: BaseUrl,
    /// Bearer token. Others on this machine can see it here; SCIM_TOKEN or --token-file keep it to
    /// yourself [env: SCIM_TOKEN]
    #[arg(long, value_name = "TOKEN", conflicts_with = "token_file")]
    token: Option<String>,
    /// File that holds the bearer token; - is standard input
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Certificate to trust besides those of the public authorities, of an authority or of the server itself (PEM)
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

impl TargetFlags {
    /// As it was written.
    pub(crate) fn url(&self) -> &BaseUrl {
        &self.url
    }

    /// The way to the server, closed to new requests by `stop`.
    ///
    /// # Errors
    /// When the token or a certificate cannot be read.
    pub(crate) fn connect(self, stop: Stop) -> Result<Connection, Failure> {
        let token = match (self.token, &self.token_file) {
            (Some(token), _) => Some(token),
            (None, Some(file)) => Some(read_token(file)?),
            (None, None) => config::scim_token(),
        };
        let token = token.map(|token| token.parse::<Token>()).transpose();
        let authorities = self.ca_file.map(|file| {
            let text = std::fs::read(&file);
            let text = text.map_err(|error| Failure::io(&format!("cannot read {}", file.display()), &error))?;
            client::target::authorities(&text)
                .map_err(|error| Failure::new(format!("{} holds no certificates: {error}", file.display())))
        });
        let target = Target {
            base_url: self.url,
            token: token.map_err(|error| Failure::new(error.to_string()))?,
            authorities: authorities.transpose()?.unwrap_or_default(),
        };
        Connection::new(target, stop).map_err(|error| Failure::new(error.to_string()))
    }
}

fn read_token(file: &PathBuf) -> Result<String, Failure> {
    let mut text = String::new();
    let read = if file.as_os_str() == "-" {
        std::io::stdin().read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|mut opened| opened.read_to_string(&mut text))
    };
    read.map_err(|error| Failure::io(&format!("cannot read the token from {}", file.display()), &error))?;
    Ok(text)
}

/// How the outcome is told.
#[derive(Debug, Args)]
pub(crate) struct ReportFlags {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Write the report to a file too, as Markdown
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

impl ReportFlags {
    /// Tells it.
    ///
    /// # Errors
    /// When the file cannot be written, or standard output is closed.
    pub(crate) fn tell(
        &self,
        text: impl FnOnce() -> String,
        json: impl FnOnce() -> Value,
        markdown: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        if let Some(file) = &self.report {
            terminal::write(file, &markdown())?;
        }
        terminal::print(&if self.json { format!("{:#}", json()) } else { text() })
    }
}

/// Told by SIGINT or SIGTERM: no further request, but what was made is still removed. The second
/// signal leaves it, so that only the report is left to write; the third ends the process at once.
///
/// # Errors
/// When the system refuses the handlers.
pub(crate) fn stop_on_signal() -> Result<Stop, Failure> {
    let handler = |kind| signal(kind).map_err(|error| Failure::io("cannot listen to signals", &error));
    let mut terminate = handler(SignalKind::terminate())?;
    let mut interrupt = handler(SignalKind::interrupt())?;
    let stop = Stop::default();
    let told = stop.clone();
    tokio::spawn(async move {
        let mut next = async || {
            tokio::select! {
                _ = terminate.recv() => 143,
                _ = interrupt.recv() => 130,
            }
        };
        next().await;
        told.tell();
        terminal::tell("stopping: removing what was made; once more leaves it, and the report says what");
        next().await;
        told.give_up();
        std::process::exit(next().await);
    });
    Ok(stop)
}
