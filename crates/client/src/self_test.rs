//! Asking a server for what the RFCs demand, one thing at a time.
//!
//! Each [check](check::Check) sends its own requests, on resources of its own, so that one thing that is broken
//! fails one check. What ServiceProviderConfig announces and what the schemas define decides which
//! checks apply; a check whose preparations fail says so and judges nothing.

mod bulk;
mod check;
mod create;
mod cursor;
mod delete;
mod discovery;
mod errors;
mod etag;
mod features;
mod filter;
mod groups;
mod media;
mod paging;
mod patch;
mod people;
mod projection;
mod replace;
mod report;
mod search;
mod sort;
mod test;

use crate::connection::{Connection, Unreachable};
use crate::made::Cleanup;

pub use check::Level;
pub use report::{Outcome, Report, Result as CheckResult};

use check::Check;
use test::Test;

/// What to test, and how carefully.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Test although there are resources on the server.
    pub force: bool,
    /// Only the checks with these ids, or whose ids begin so; all when there are none.
    pub only: Vec<String>,
    /// Names follow from it.
    pub seed: u64,
}

/// Why nothing was tested.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is somebody's data.
    #[error(
        "there are {count} resources at {endpoint}; a self-test belongs on an empty scratch tenant. With --force it runs \
         all the same, and removes only what it made"
    )]
    HasResources {
        /// Where they are.
        endpoint: String,
        /// How many.
        count: u64,
    },
    /// Nothing like SCIM answers.
    #[error("{endpoint} cannot be listed, so nothing can be tested: {reason}")]
    NotUsable {
        /// What was asked for.
        endpoint: String,
        /// What came.
        reason: String,
    },
    /// Nobody answers.
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    /// `only` selects nothing.
    #[error("there is no check whose id begins with {0}")]
    NoSuchCheck(String),
}

/// All checks, in the order in which they run.
fn checks() -> impl Iterator<Item = &'static Check> {
    [
        discovery::CHECKS,
        media::CHECKS,
        errors::CHECKS,
        create::CHECKS,
        replace::CHECKS,
        patch::CHECKS,
        delete::CHECKS,
        projection::CHECKS,
        filter::CHECKS,
        sort::CHECKS,
        paging::CHECKS,
        cursor::CHECKS,
        search::CHECKS,
        etag::CHECKS,
        groups::CHECKS,
        bulk::CHECKS,
    ]
    .into_iter()
    .flatten()
}

/// The ids of all checks, with level and section: for documentation and for tests.
pub fn catalogue() -> impl Iterator<Item = (&'static str, Level, &'static str)> {
    checks().map(|check| (check.id, check.level, check.section))
}

/// Runs the checks, and removes what they made. `progress` is told the id of each check before it
/// runs, how many are done, and how many there are.
///
/// # Errors
/// [`Refused`] before anything is written.
pub async fn self_test(
    connection: &Connection,
    options: &Options,
    progress: impl Fn(&'static str, usize, usize),
) -> Result<Report, Refused> {
    if let Some(unknown) =
        options.only.iter().find(|prefix| !checks().any(|check| check.id.starts_with(prefix.as_str())))
    {
        return Err(Refused::NoSuchCheck(unknown.clone()));
    }
    let selected: Vec<&Check> = checks().filter(|check| is_selected(check, &options.only)).collect();
    let test = Test::new(connection, options.seed, options.force).await;
    test.may_be_used().await?;

    let (mut results, mut cleanup) = (Vec::new(), Cleanup::default());
    for (done, check) in selected.iter().enumerate() {
        if connection.is_stopped() {
            break;
        }
        progress(check.id, done, selected.len());
        results.push(test.run(check, &mut cleanup).await);
    }
    test.end(&mut cleanup).await;
    Ok(Report::new(connection, results, cleanup, options))
}

/// What is the id of a check stands for that check alone: `patch.add` not for `patch.add-twice`.
fn is_selected(check: &Check, only: &[String]) -> bool {
    let is_id = |text: &str| checks().any(|check| check.id == text);
    only.is_empty() || only.iter().any(|text| check.id == text || (check.id.starts_with(text.as_str()) && !is_id(text)))
}
