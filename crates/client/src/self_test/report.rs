//! What a self-test says at its end: for people, for programs, and as a page.

use std::fmt::Write;

use serde_json::{Value, json};

use super::Options;
use super::check::{Check, Level};
use crate::connection::Connection;
use crate::made::Cleanup;
use crate::report::{Shown, markdown_table};

/// How one check ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The server does as demanded.
    Passed,
    /// It does not.
    Failed {
        /// How strongly the RFC asks for it.
        level: Level,
        /// What was seen instead.
        saw: String,
        /// The requests and answers that show it; the last is the one that was judged.
        exchanges: Vec<Shown>,
    },
    /// It does not apply, for this reason.
    Skipped(String),
    /// It could not be found out, for this reason.
    Blocked(String),
}

/// A check and its outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Result {
    /// Its name.
    pub id: &'static str,
    /// How strongly the RFC asks for it.
    pub level: Level,
    /// Where it is written.
    pub section: &'static str,
    /// What the server is to do.
    pub demand: &'static str,
    /// The RFC's words.
    pub quote: &'static str,
    /// How it ended.
    pub outcome: Outcome,
}

/// All of them.
#[derive(Debug, Clone)]
pub struct Report {
    url: String,
    seed: u64,
    results: Vec<Result>,
    cleanup: Cleanup,
    stopped: bool,
}

impl Result {
    pub(crate) fn new(check: &'static Check, outcome: Outcome) -> Self {
        let Check { id, level, section, demand, quote, .. } = check;
        Self { id, level: *level, section, demand, quote, outcome }
    }

    fn to_json(&self) -> Value {
        let mut json = json!({
            "id": self.id,
            "level": self.level.name(),
            "section": self.section,
            "demand": self.demand,
            "rfc": self.quote,
            "outcome": self.outcome.name(),
        });
        match &self.outcome {
            Outcome::Passed => {}
            Outcome::Failed { level, saw, exchanges } => {
                json["level"] = level.name().into();
                json["saw"] = saw.as_str().into();
                json["exchanges"] = exchanges.iter().map(Shown::to_json).collect();
            }
            Outcome::Skipped(reason) | Outcome::Blocked(reason) => json["reason"] = reason.as_str().into(),
        }
        json
    }
}

impl Outcome {
    fn name(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed { .. } => "failed",
            Self::Skipped(_) => "skipped",
            Self::Blocked(_) => "blocked",
        }
    }
}

impl Report {
    pub(crate) fn new(connection: &Connection, results: Vec<Result>, cleanup: Cleanup, options: &Options) -> Self {
        let url = connection.target().base_url.to_string();
        Self { url, seed: options.seed, results, cleanup, stopped: connection.is_stopped() }
    }

    /// Each check and how it ended.
    #[must_use]
    pub fn results(&self) -> &[Result] {
        &self.results
    }

    /// The ids of checks that failed.
    pub fn failed(&self) -> impl Iterator<Item = &'static str> {
        self.results.iter().filter(|result| matches!(result.outcome, Outcome::Failed { .. })).map(|result| result.id)
    }

    /// Whether something that the RFCs demand is not so.
    #[must_use]
    pub fn breaks_a_must(&self) -> bool {
        self.results.iter().any(|result| matches!(result.outcome, Outcome::Failed { level: Level::Must, .. }))
    }

    /// What was left behind, which should not have been.
    #[must_use]
    pub fn left(&self) -> &[String] {
        &self.cleanup.left
    }

    /// Whether it was told to stop before its end.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stopped
    }

    fn failures(&self, wanted: Level) -> impl Iterator<Item = (&Result, &str, &[Shown])> {
        self.results.iter().filter_map(move |result| match &result.outcome {
            Outcome::Failed { level, saw, exchanges } if *level == wanted => {
                Some((result, saw.as_str(), exchanges.as_slice()))
            }
            Outcome::Failed { .. } | Outcome::Passed | Outcome::Skipped(_) | Outcome::Blocked(_) => None,
        })
    }

    fn count(&self, name: &str) -> usize {
        self.results.iter().filter(|result| result.outcome.name() == name).count()
    }

    fn summary(&self) -> Vec<String> {
        let (musts, shoulds) = (self.failures(Level::Must).count(), self.failures(Level::Should).count());
        let mut lines = vec![format!(
            "{} checks: {} passed, {musts} break a MUST, {shoulds} a SHOULD, {} do not apply, {} could not be found out.",
            self.results.len(),
            self.count("passed"),
            self.count("skipped"),
            self.count("blocked"),
        )];
        if self.stopped {
            lines.push("It was stopped before its end.".to_owned());
        }
        lines.push(match self.cleanup.left.as_slice() {
            [] => format!("Removed all {} resources that were made.", self.cleanup.removed),
            left => format!("Could not be removed, look after them: {}", left.join(", ")),
        });
        lines
    }

    /// What did not pass, for a terminal.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("self-test of {}\n", self.url);
        for level in [Level::Must, Level::Should] {
            for (Result { id, section, demand, quote, .. }, saw, exchanges) in self.failures(level) {
                write!(
                    text,
                    "\n{} {id}, {section}\n  saw  {saw}\n  fix  {demand}\n  RFC  {quote}\n{}",
                    level.name(),
                    exchanges.iter().map(|exchange| exchange.to_text("  ")).collect::<String>()
                )
                .expect("a String takes all that is written");
            }
        }
        for (name, title) in [("skipped", "do not apply"), ("blocked", "could not be found out")] {
            if self.count(name) > 0 {
                writeln!(text, "\nThese {title}:").expect("a String takes all that is written");
            }
            for result in &self.results {
                if let (Outcome::Skipped(reason) | Outcome::Blocked(reason), true) =
                    (&result.outcome, result.outcome.name() == name)
                {
                    writeln!(text, "  {}: {reason}", result.id).expect("a String takes all that is written");
                }
            }
        }
        text.push('\n');
        for line in self.summary() {
            text.push_str(&line);
            text.push('\n');
        }
        text
    }

    /// For programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "url": self.url,
            "seed": self.seed,
            "stopped": self.stopped,
            "conforms": !self.breaks_a_must(),
            "counts": {
                "passed": self.count("passed"),
                "must": self.failures(Level::Must).count(),
                "should": self.failures(Level::Should).count(),
                "skipped": self.count("skipped"),
                "blocked": self.count("blocked"),
            },
            "checks": self.results.iter().map(Result::to_json).collect::<Vec<_>>(),
            "cleanup": {"removed": self.cleanup.removed, "left": self.cleanup.left},
        })
    }

    /// As a page.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let mut text = format!("# Self-test of {}\n\n", self.url);
        for line in self.summary() {
            text.push_str(&line);
            text.push_str("\n\n");
        }
        for (level, title) in [(Level::Must, "What breaks a MUST"), (Level::Should, "What breaks a SHOULD")] {
            if self.failures(level).next().is_some() {
                writeln!(text, "## {title}\n").expect("a String takes all that is written");
            }
            for (Result { id, section, demand, quote, .. }, saw, exchanges) in self.failures(level) {
                write!(
                    text,
                    "### {id}\n\n- saw: {saw}\n- fix: {demand}\n- {section}: {quote}\n\n{}\n",
                    exchanges.iter().map(Shown::to_markdown).collect::<String>()
                )
                .expect("a String takes all that is written");
            }
        }
        let row = |result: &Result| {
            let note = match &result.outcome {
                Outcome::Passed => String::new(),
                Outcome::Failed { saw, .. } => saw.clone(),
                Outcome::Skipped(reason) | Outcome::Blocked(reason) => reason.clone(),
            };
            vec![
                result.id.to_owned(),
                result.level.name().to_owned(),
                result.section.to_owned(),
                result.outcome.name().to_owned(),
                note,
            ]
        };
        let rows: Vec<Vec<String>> = self.results.iter().map(row).collect();
        text.push_str("## All checks\n\n");
        text.push_str(&markdown_table(&["check", "level", "section", "outcome", "note"], &rows));
        text
    }
}
