//! `muster simulate`: does what an identity provider does, against any SCIM server.

use clap::{Args, Subcommand};
use client::simulate::{Dialect, Options, Progress, simulate};

use super::target::{ReportFlags, TargetFlags, stop_on_signal};
use crate::failure::Failure;
use crate::{runtime, terminal};

/// Do what an identity provider does.
#[derive(Debug, Args)]
pub(crate) struct Simulate {
    #[command(subcommand)]
    product: Product,
}

#[derive(Debug, Subcommand)]
enum Product {
    /// Okta: PUT for profiles, PATCH for activation and groups, imports, and its SPEC test
    Okta {
        #[command(flatten)]
        play: Play,
        /// As an application of the wizard (AIW), which sends PUT for everything
        #[arg(long)]
        wizard: bool,
    },
    /// Microsoft Entra ID: PATCH for every change, managers, soft deletion, deletion and return
    Entra {
        #[command(flatten)]
        play: Play,
        /// As with this flag in the tenant URL, where --url may have it too: PATCH as the RFC has it
        #[arg(long = ENTRA_FLAG)]
        flagged: bool,
    },
}

/// The parameter that an administrator adds to the tenant URL.
const ENTRA_FLAG: &str = "aadOptscim062020";

#[derive(Debug, Args)]
struct Play {
    #[command(flatten)]
    target: TargetFlags,
    /// How many people get an account
    #[arg(long, value_name = "N", default_value_t = 10)]
    users: usize,
    /// How many groups are pushed
    #[arg(long, value_name = "N", default_value_t = 3)]
    groups: usize,
    /// How many percent of the people change, leave and come back
    #[arg(long, value_name = "PERCENT", default_value_t = 20, value_parser = clap::value_parser!(u8).range(0..=100))]
    churn: u8,
    /// How many requests are on the way at a time
    #[arg(long, value_name = "N", default_value_t = 1)]
    parallel: usize,
    /// Names and values follow from this number [default: another one each time]
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u32>,
    /// Leave what was made
    #[arg(long)]
    keep: bool,
    #[command(flatten)]
    report: ReportFlags,
}

impl Simulate {
    /// # Errors
    /// When the product would have been stuck, when it was stopped, or when something that was made could not be
    /// removed.
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self.product {
            Product::Okta { play, wizard: false } => play.run(Dialect::OktaCatalogue),
            Product::Okta { play, wizard: true } => play.run(Dialect::OktaWizard),
            Product::Entra { play, flagged } if flagged || play.target.url().has_parameter(ENTRA_FLAG) => {
                play.run(Dialect::EntraFlagged)
            }
            Product::Entra { play, .. } => play.run(Dialect::Entra),
        }
    }
}

impl Play {
    fn run(self, dialect: Dialect) -> Result<(), Failure> {
        let options = Options {
            dialect,
            users: self.users,
            groups: self.groups,
            churn_percent: usize::from(self.churn),
            parallel: self.parallel,
            seed: u64::from(self.seed.unwrap_or_else(any_seed)),
            keep: self.keep,
        };
        let report = runtime()?.block_on(async {
            let connection = self.target.connect(stop_on_signal()?)?;
            let report = simulate(&connection, &options, &show).await;
            terminal::progress_end();
            report.map_err(|unreachable| Failure::new(unreachable.to_string()))
        })?;
        self.report.tell(|| report.to_text(), || report.to_json(), || report.to_markdown())?;
        let product = dialect.product().name();
        match (report.is_stuck(), report.left()) {
            (true, _) => Err(Failure::new(format!("{product} would be stuck"))),
            (false, []) if report.is_stopped() => Err(Failure::new("stopped before its end")),
            (false, []) => Ok(()),
            (false, left) => Err(Failure::new(format!("{} resources could not be removed", left.len()))),
        }
    }
}

fn show(progress: Progress) {
    terminal::progress(&format!("{} {}/{}", progress.phase, progress.done, progress.of));
}

/// A seed that no run before had, as far as that matters.
pub(crate) fn any_seed() -> u32 {
    u32::from_be_bytes(service::Secrets::System.bytes())
}
