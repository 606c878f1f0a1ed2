//! Doing what an identity provider does, to see whether it would be stuck.
//!
//! The order of steps, the requests and what is wanted of the answers are those of Okta's and
//! Microsoft's documentation and of recorded conversations; `tests/transcripts` has them as data.

mod accounts;
mod entra;
mod expect;
mod finding;
mod groups;
mod imports;
mod okta;
mod people;
mod report;
mod session;

use serde_json::Value;

use crate::ask::Ask;
use crate::connection::{Connection, Unreachable};
use crate::made::Cleanup;

pub use finding::{Finding, Severity};
pub use report::Report;

use people::{Company, Person, Team};
use session::{Session, Step};

/// Whose habits are played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    /// Okta.
    Okta,
    /// Microsoft Entra ID.
    Entra,
}

/// Which of a product's dialects, where it has several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// An application of Okta's catalogue (OIN): PUT for profiles, PATCH for `active` and for groups.
    OktaCatalogue,
    /// An application made with Okta's wizard (AIW): PUT for everything.
    OktaWizard,
    /// Entra as it always was: an operation for each attribute, capitalised, Booleans as text.
    Entra,
    /// Entra with the flag `aadOptscim062020` in the tenant URL: PATCH as the RFC has it.
    EntraFlagged,
}

impl Dialect {
    /// Whose it is.
    #[must_use]
    pub fn product(self) -> Product {
        match self {
            Self::OktaCatalogue | Self::OktaWizard => Product::Okta,
            Self::Entra | Self::EntraFlagged => Product::Entra,
        }
    }
}

/// What to play.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whose habits.
    pub dialect: Dialect,
    /// How many people get an account.
    pub users: usize,
    /// How many groups are pushed.
    pub groups: usize,
    /// How many percent of the people change, leave, and come back.
    pub churn_percent: usize,
    /// How many requests are on the way at a time.
    pub parallel: usize,
    /// Names and values follow from it.
    pub seed: u64,
    /// Whether what was made stays.
    pub keep: bool,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What it is at.
    pub phase: &'static str,
    /// How many of it are done.
    pub done: usize,
    /// How many there are.
    pub of: usize,
}

/// Plays a product against a server, and removes what it made. Comes to an end after
/// [`Stop::tell`](crate::Stop::tell) too, with what it saw until then.
///
/// # Errors
/// [`Unreachable`] when nothing at all was answered.
pub async fn simulate(
    connection: &Connection,
    options: &Options,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Report, Unreachable> {
    let company = Company::new(options.seed, options.users, options.groups);
    let session = Session::new(connection, options.dialect.product(), options.parallel, progress);
    match options.dialect {
        Dialect::OktaCatalogue | Dialect::OktaWizard => okta::play(&session, &company, options).await,
        Dialect::Entra | Dialect::EntraFlagged => entra::play(&session, &company, options).await,
    }
    if let Some(unreachable) = session.unreachable() {
        return Err(unreachable);
    }
    let cleanup = if options.keep {
        Cleanup { removed: 0, left: Vec::new() }
    } else {
        session.made.remove(connection, |done, of| session.tell("clean up", done, of)).await
    };
    Ok(Report::new(session, options, cleanup))
}

impl Product {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Okta => "Okta",
            Self::Entra => "Microsoft Entra ID",
        }
    }

    /// A request as this product sends it.
    fn dress(self, ask: Ask) -> Ask {
        match self {
            Self::Okta => ask.header("User-Agent", "Okta SCIM Client 1.0.0"),
            Self::Entra if ask.body.is_some() => ask.header("Content-Type", "application/scim+json; charset=utf-8"),
            Self::Entra => ask,
        }
    }

    /// How it looks for the resource of an attribute that it matches by.
    fn probe(self, endpoint: &str, attribute: &str, wanted: &str) -> Ask {
        match self {
            Self::Okta => okta::probe(endpoint, attribute, wanted),
            Self::Entra => entra::probe(endpoint, attribute, wanted),
        }
    }

    /// A person as it creates them.
    fn profile(self, person: &Person) -> Value {
        match self {
            Self::Okta => okta::profile(person),
            Self::Entra => entra::profile(person),
        }
    }

    /// A group as it creates it, without members.
    fn empty_group(self, team: &Team) -> Value {
        match self {
            Self::Okta => okta::empty_group(team),
            Self::Entra => entra::empty_group(team),
        }
    }

    /// What it needs of whatever is answered.
    fn needs_of_each_answer(self, step: &Step<'_>) {
        match self {
            Self::Okta => {}
            Self::Entra => entra::needs_of_each_answer(step),
        }
    }
}
