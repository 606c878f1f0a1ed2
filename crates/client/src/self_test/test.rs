//! What checks have at hand: sending, judging, and resources to work on.

use std::cell::RefCell;

use serde_json::Value;

use super::Refused;
use super::check::{Check, Level, Problem};
use super::features::{Features, GROUP, USER};
use super::report::{Outcome, Result as CheckResult};
use crate::answer::{Answer, Exchange, Silence};
use crate::ask::Ask;
use crate::connection::Connection;
use crate::document::{at, list};
use crate::made::Made;
use crate::random::Random;
use crate::report::Shown;

/// A run of the self-test.
pub(crate) struct Test<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) features: Features,
    pub(crate) made: Made,
    random: RefCell<Random>,
}

/// A request that was answered.
pub(crate) struct Seen {
    pub(crate) ask: Ask,
    pub(crate) answer: Answer,
}

impl<'a> Test<'a> {
    /// Reads what the server announces.
    pub(crate) async fn new(connection: &'a Connection, seed: u64) -> Self {
        let read = async |path: &str| {
            let answer = connection.send(Ask::get(path)).await.answer.ok().filter(Answer::is_success);
            answer.map_or(Value::Null, |answer| answer.json)
        };
        let features = Features {
            config: read("/ServiceProviderConfig").await,
            resource_types: list(&read("/ResourceTypes").await, &["Resources"]).to_vec(),
            schemas: list(&read("/Schemas").await, &["Resources"]).to_vec(),
            has_token: connection.target().token.is_some(),
        };
        Self { connection, features, made: Made::default(), random: RefCell::new(Random::new(seed)) }
    }

    /// Whether this is a server that a test may write to.
    pub(crate) async fn may_be_used(&self, force: bool) -> Result<(), Refused> {
        for endpoint in [self.features.endpoint(USER, "/Users"), self.features.endpoint(GROUP, "/Groups")] {
            let answer = self.connection.send(Ask::get(format!("{endpoint}?count=1"))).await.answer;
            let not_usable = |reason: String| Refused::NotUsable { endpoint: endpoint.clone(), reason };
            let answer = answer.map_err(|silence| not_usable(silence.to_string()))?;
            if answer.status == 404 && endpoint != self.features.endpoint(USER, "/Users") {
                continue;
            }
            if !answer.is_success() {
                return Err(not_usable(format!("status {}", answer.status)));
            }
            let listed = list(&answer.json, &["Resources"]).len() as u64;
            let count = at(&answer.json, &["totalResults"]).as_u64().unwrap_or_default().max(listed);
            if count > 0 && !force {
                return Err(Refused::HasResources { endpoint, count });
            }
        }
        Ok(())
    }

    /// Runs one check.
    pub(crate) async fn run(&self, check: &'static Check) -> CheckResult {
        let outcome = match check.needs.iter().find(|feature| !self.features.has(**feature)) {
            Some(feature) => Outcome::Skipped(feature.absence()),
            None => match (check.run)(self).await {
                Ok(()) => Outcome::Passed,
                Err(Problem::Failed { saw, exchange, at_most }) => Outcome::Failed {
                    level: check.level.min(at_most),
                    saw,
                    exchange: Shown::new(&exchange, self.connection),
                },
                Err(Problem::Blocked(reason)) => Outcome::Blocked(reason),
                Err(Problem::NotSupported(reason)) => Outcome::Skipped(reason),
                Err(Problem::Stopped) => Outcome::Skipped("stopped".to_owned()),
            },
        };
        CheckResult::new(check, outcome)
    }

    /// Sends a request. No answer at all is a failure of the check.
    pub(crate) async fn ask(&self, ask: Ask) -> Result<Seen, Problem> {
        let exchange = self.connection.send(ask).await;
        match exchange.answer {
            Ok(answer) => Ok(Seen { ask: exchange.ask, answer }),
            Err(Silence::Stopped) => Err(Problem::Stopped),
            Err(ref silence) => {
                Err(Problem::Failed { saw: silence.to_string(), exchange: Box::new(exchange), at_most: Level::Must })
            }
        }
    }

    /// A word that no resource has in it yet.
    pub(crate) fn word(&self) -> String {
        format!("t{:010x}", self.random.borrow_mut().next() >> 24)
    }
}

impl Seen {
    /// The body; null when it is no JSON.
    pub(crate) fn json(&self) -> &Value {
        &self.answer.json
    }

    /// The check fails, since this was seen.
    pub(crate) fn fails(self, saw: impl Into<String>) -> Problem {
        let exchange = Exchange { ask: self.ask, answer: Ok(self.answer) };
        Problem::Failed { saw: saw.into(), exchange: Box::new(exchange), at_most: Level::Must }
    }

    /// Goes on if it is so; otherwise the check fails with what was seen.
    pub(crate) fn wants(self, is_so: bool, saw: impl FnOnce(&Answer) -> String) -> Result<Self, Problem> {
        if is_so {
            return Ok(self);
        }
        let saw = saw(&self.answer);
        Err(self.fails(saw))
    }

    /// Goes on if the status is one of these.
    pub(crate) fn status(self, wanted: &[u16]) -> Result<Self, Problem> {
        let is_so = wanted.contains(&self.answer.status);
        self.wants(is_so, |answer| format!("status {}", answer.status))
    }
}
