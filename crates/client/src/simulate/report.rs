//! What a simulation says at its end: for people, for programs, and as a page.

use std::fmt::Write;
use std::time::Duration;

use serde_json::{Value, json};

use super::finding::{Finding, Severity};
use super::session::{Kept, Session};
use super::{Dialect, Options};
use crate::made::Cleanup;
use crate::report::{Times, markdown_table, milliseconds, text_table};

/// The outcome of a simulation.
#[derive(Debug, Clone)]
pub struct Report {
    options: Options,
    url: String,
    times: Vec<(&'static str, Times)>,
    findings: Vec<Finding>,
    pauses: (u64, Duration),
    cleanup: Cleanup,
    kept: usize,
    stopped: bool,
}

const HEAD: [&str; 5] = ["step", "count", "p50 ms", "p95 ms", "max ms"];

impl Report {
    pub(crate) fn new(session: Session<'_>, options: &Options, cleanup: Cleanup) -> Self {
        let connection = session.connection;
        let kept = session.made.count();
        let Kept { times, mut findings, .. } = session.into_kept();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        Self {
            options: options.clone(),
            url: connection.target().base_url.to_string(),
            times,
            findings,
            pauses: connection.pauses(),
            cleanup,
            kept,
            stopped: connection.is_stopped(),
        }
    }

    /// What was found, the worst first.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Whether the product would have been stuck somewhere.
    #[must_use]
    pub fn is_stuck(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Stuck)
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

    fn product(&self) -> &'static str {
        self.options.dialect.product().name()
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let row = |(kind, times): &(&'static str, Times)| {
            let mut row = vec![(*kind).to_owned(), times.count().to_string()];
            row.extend([50, 95, 100].map(|percent| format!("{:.1}", milliseconds(times.percentile(percent)))));
            row
        };
        self.times.iter().map(row).collect()
    }

    /// The verdict, what it was reached with, and what remains.
    fn summary(&self) -> Vec<String> {
        let stuck = self.findings.iter().filter(|finding| finding.severity == Severity::Stuck).count();
        let (product, noted) = (self.product(), self.findings.len() - stuck);
        let end = if self.stopped { " It was stopped before its end." } else { "" };
        let verdict = match (stuck, noted) {
            (0, 0) => format!("{product} has everything it needs: no findings.{end}"),
            (0, noted) => format!("{product} would not be stuck; {noted} to note.{end}"),
            (stuck, 0) => format!("{product} WOULD BE STUCK: {stuck} findings.{end}"),
            (stuck, noted) => format!("{product} WOULD BE STUCK: {stuck} findings, and {noted} to note.{end}"),
        };
        let mut lines = vec![verdict];
        if self.pauses.0 > 0 {
            let (times, paused) = self.pauses;
            lines.push(format!("The server asked for a pause {times} times; {} s in all.", paused.as_secs()));
        }
        match (self.options.keep, self.cleanup.left.as_slice()) {
            (true, _) => lines.push(format!("Kept, as asked for: {} resources.", self.kept)),
            (false, []) => lines.push(format!("Removed all {} resources that were made.", self.cleanup.removed)),
            (false, left) => {
                lines.push(format!("Could not be removed, look after them: {}", left.join(", ")));
            }
        }
        lines
    }

    fn settings(&self) -> String {
        let Options { users, groups, churn_percent, parallel, seed, .. } = &self.options;
        format!(
            "{}, {users} users, {groups} groups, churn {churn_percent} %, {parallel} at a time, seed {seed}",
            self.options.dialect.name()
        )
    }

    /// For a terminal.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("{} against {}\n{}\n\n", self.product(), self.url, self.settings());
        text.push_str(&text_table(&HEAD, &self.rows()));
        for finding in &self.findings {
            let Finding { id, step, saw, wanted, next, times, exchange, severity } = finding;
            let seen = if *times == 1 { "once".to_owned() } else { format!("{times} times") };
            write!(
                text,
                "\n{} {id}, at {step}, {seen}\n  saw     {saw}\n  wanted  {wanted}\n  next    {next}\n{}",
                severity.name().to_uppercase(),
                exchange.to_text("  ")
            )
            .expect("a String takes all that is written");
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
        let Options { users, groups, churn_percent, parallel, seed, keep, dialect } = &self.options;
        let steps = self.times.iter().map(|(kind, times)| {
            let [p50, p95, max] = [50, 95, 100].map(|percent| milliseconds(times.percentile(percent)));
            json!({"step": kind, "count": times.count(), "p50_ms": p50, "p95_ms": p95, "max_ms": max})
        });
        json!({
            "product": self.product(),
            "dialect": dialect.name(),
            "url": self.url,
            "users": users,
            "groups": groups,
            "churn_percent": churn_percent,
            "parallel": parallel,
            "seed": seed,
            "stuck": self.is_stuck(),
            "stopped": self.stopped,
            "steps": steps.collect::<Vec<_>>(),
            "findings": self.findings.iter().map(Finding::to_json).collect::<Vec<_>>(),
            "pauses": {"count": self.pauses.0, "seconds": self.pauses.1.as_secs()},
            "cleanup": {"kept": keep, "removed": self.cleanup.removed, "left": self.cleanup.left},
        })
    }

    /// As a page.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let mut text = format!("# {} against {}\n\n{}.\n\n", self.product(), self.url, self.settings());
        for line in self.summary() {
            text.push_str(&line);
            text.push_str("\n\n");
        }
        text.push_str("## Steps\n\n");
        text.push_str(&markdown_table(&HEAD, &self.rows()));
        if !self.findings.is_empty() {
            text.push_str("\n## Findings\n");
        }
        for finding in &self.findings {
            let Finding { id, step, saw, wanted, next, times, exchange, severity } = finding;
            write!(
                text,
                "\n### {id} ({}, seen {times}x, first at: {step})\n\n- saw: {saw}\n- wanted: {wanted}\n- next: {next}\n\n{}",
                severity.name(),
                exchange.to_markdown()
            )
            .expect("a String takes all that is written");
        }
        text
    }
}

impl Dialect {
    /// What distinguishes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OktaCatalogue => "application of the catalogue (OIN)",
            Self::OktaWizard => "application of the wizard (AIW)",
            Self::Entra => "without aadOptscim062020",
            Self::EntraFlagged => "with aadOptscim062020",
        }
    }
}
