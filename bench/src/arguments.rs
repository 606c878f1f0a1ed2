//! What can be written on the command line.

use std::path::PathBuf;

use clap::Parser;

use crate::engine::Engine;
use crate::sizes::Sizes;

/// Measures what the server costs, beside what the machine could do at best.
///
/// Without arguments: both engines, up to a million users, about 25 minutes; writes bench/results/, docs/performance.md
/// and docs/performance/. Nothing else should run on the machine. Needs PostgreSQL installed, and 8 GB of disk.
#[derive(Debug, Parser)]
#[command(name = "bench/run")]
pub(crate) struct Arguments {
    /// Only this engine; can be repeated [default: both]
    #[arg(long = "engine", value_enum)]
    pub(crate) engines: Vec<Engine>,
    /// Only the rows of the table whose name contains this, and no curves; can be repeated. Writes nothing
    #[arg(long = "workload", value_name = "NAME")]
    pub(crate) workloads: Vec<String>,
    /// Up to 10,000 users, in a minute or two. Writes nothing unless there is --output
    #[arg(long)]
    pub(crate) quick: bool,
    /// Hundreds of users and an instant for each: whether all of it works. Writes nothing unless there is --output
    #[arg(long, conflicts_with = "quick")]
    pub(crate) tiny: bool,
    /// The largest tenant has so many users at most
    #[arg(long, value_name = "USERS")]
    pub(crate) users: Option<usize>,
    /// How long each row of the table is measured; points of curves in proportion [default: 4]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) seconds: Option<f64>,
    /// Numbers of clients, with commas; one of them is 16 [default: 1,16,64]
    #[arg(long, value_delimiter = ',')]
    pub(crate) clients: Vec<usize>,
    /// The server to measure [default: muster beside this program]
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) server: Option<PathBuf>,
    /// Where to write bench/results/ and docs/ [default: here]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) output: Option<PathBuf>,
    /// Measure nothing: write the pages anew from bench/results/ and bench/notes.md
    #[arg(long)]
    pub(crate) report: bool,
    /// What was measured, for the page: a commit [default: that of the folder]
    #[arg(long)]
    pub(crate) commit: Option<String>,
}

impl Arguments {
    pub(crate) fn engines(&self) -> Vec<Engine> {
        if self.engines.is_empty() { Engine::ALL.to_vec() } else { self.engines.clone() }
    }

    /// Where to write, if anything is to be written.
    pub(crate) fn output(&self) -> Option<PathBuf> {
        let is_whole = self.workloads.is_empty() && !self.quick && !self.tiny;
        self.output.clone().or_else(|| (is_whole || self.report).then(|| PathBuf::from(".")))
    }

    pub(crate) fn server(&self) -> PathBuf {
        self.server.clone().unwrap_or_else(|| std::env::current_exe().unwrap().with_file_name("muster"))
    }

    pub(crate) fn sizes(&self) -> Sizes {
        let mut sizes = match (self.quick, self.tiny) {
            (true, _) => Sizes::quick(),
            (_, true) => Sizes::tiny(),
            _ => Sizes::full(),
        };
        if let Some(users) = self.users {
            sizes.cut(users);
        }
        if let Some(seconds) = self.seconds {
            sizes.point_seconds *= seconds / sizes.seconds;
            sizes.seconds = seconds;
        }
        if !self.clients.is_empty() {
            sizes.clients.clone_from(&self.clients);
        }
        sizes
    }

    /// Whether a row of that name is wanted.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.workloads.is_empty() || self.workloads.iter().any(|part| name.contains(part.as_str()))
    }

    /// Whether everything is wanted, and not only some rows.
    pub(crate) fn wants_all(&self) -> bool {
        self.workloads.is_empty()
    }
}
