//! `muster self-test`: asks any SCIM server for what the RFCs demand.

use clap::Args;
use client::self_test::{self, Options};

use super::simulate::any_seed;
use super::target::{ReportFlags, TargetFlags, stop_on_signal};
use crate::failure::Failure;
use crate::{runtime, terminal};

/// Which server, and what to test.
#[derive(Debug, Args)]
pub(crate) struct SelfTest {
    #[command(flatten)]
    target: TargetFlags,
    /// Test although there are resources; only what the test makes is changed and removed
    #[arg(long)]
    force: bool,
    /// Only the check with this id, or those whose id begins so, as in --only filter; can be repeated
    #[arg(long, value_name = "PREFIX")]
    only: Vec<String>,
    /// Names follow from this number [default: another one each time]
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u32>,
    #[command(flatten)]
    report: ReportFlags,
}

impl SelfTest {
    /// # Errors
    /// When there are resources and `--force` was not given, when the server breaks a MUST, or when
    /// something that was made could not be removed.
    pub(crate) fn run(self) -> Result<(), Failure> {
        let seed = u64::from(self.seed.unwrap_or_else(any_seed));
        let options = Options { force: self.force, only: self.only, seed };
        let report = runtime()?.block_on(async {
            let connection = self.target.connect(stop_on_signal()?)?;
            let show = |id: &str, done: usize, of: usize| terminal::progress(&format!("{id} {done}/{of}"));
            let report = self_test::self_test(&connection, &options, show).await;
            terminal::progress_end();
            report.map_err(|refused| Failure::new(refused.to_string()))
        })?;
        self.report.tell(|| report.to_text(), || report.to_json(), || report.to_markdown())?;
        match (report.breaks_a_must(), report.left()) {
            (true, _) => Err(Failure::new("the server does not do what the RFCs demand")),
            (false, []) if report.is_stopped() => Err(Failure::new("stopped before its end")),
            (false, []) => Ok(()),
            (false, left) => Err(Failure::new(format!("{} resources could not be removed", left.len()))),
        }
    }
}
