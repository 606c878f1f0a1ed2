//! A check: what it asks for, where that is written, and how it is found out.

use std::pin::Pin;

use super::features::Feature;
use super::test::Test;
use crate::answer::Exchange;

/// How strongly the RFC asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// SHOULD, RECOMMENDED.
    Should,
    /// MUST, SHALL, REQUIRED, or a plain statement of how it is.
    Must,
}

impl Level {
    /// The RFC's word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Should => "SHOULD",
            Self::Must => "MUST",
        }
    }
}

/// One thing that a server is asked for.
pub(crate) struct Check {
    /// A name that stays, such as `create.location`.
    pub(crate) id: &'static str,
    pub(crate) level: Level,
    /// Where it is written, such as `RFC 7644 §3.3`.
    pub(crate) section: &'static str,
    /// What must be announced or defined for it to apply.
    pub(crate) needs: &'static [Feature],
    /// What the server is to do: at the same time, what to mend.
    pub(crate) demand: &'static str,
    /// The words of the RFC, or the part of them that counts.
    pub(crate) quote: &'static str,
    pub(crate) run: for<'t> fn(&'t Test<'t>) -> Running<'t>,
}

/// A check at work.
pub(crate) type Running<'t> = Pin<Box<dyn Future<Output = Verdict> + 't>>;

/// How a check ends.
pub(crate) type Verdict = Result<(), Problem>;

/// Why a check did not pass.
#[derive(Debug)]
pub(crate) enum Problem {
    /// The server does otherwise. Sometimes that is less bad than the check's own level.
    Failed { saw: String, exchanges: Vec<Exchange>, at_most: Level },
    /// What was needed before the check could not be had; another check says why.
    Blocked(String),
    /// The server says that it does not do this, as it may.
    NotSupported(String),
    /// We were told to stop.
    Stopped,
}

impl Problem {
    /// The same, when the RFC only recommends this part.
    pub(crate) fn at_most_should(self) -> Self {
        match self {
            Self::Failed { saw, exchanges, .. } => Self::Failed { saw, exchanges, at_most: Level::Should },
            other => other,
        }
    }

    /// The same, in a step that only prepares.
    pub(crate) fn blocked(self, preparing: &str) -> Self {
        match self {
            Self::Failed { saw, .. } => Self::Blocked(format!("{preparing}: {saw}")),
            other => other,
        }
    }
}

/// A table of checks. Each line: function, id, level, section, what it needs, demand, quote.
macro_rules! checks {
    ($($run:ident $id:literal $level:ident $section:literal [$($needs:expr),*] $demand:literal $quote:literal)*) => {
        pub(crate) static CHECKS: &[$crate::self_test::check::Check] = &[$(
            $crate::self_test::check::Check {
                id: $id,
                level: $crate::self_test::check::Level::$level,
                section: $section,
                needs: &[$($needs),*],
                demand: $demand,
                quote: $quote,
                run: |test| Box::pin($run(test)),
            }
        ),*];
    };
}
pub(crate) use checks;
