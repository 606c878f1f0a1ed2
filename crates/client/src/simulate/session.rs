//! One run of a simulation: it sends, measures, and keeps what it found.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::stream::{self, StreamExt};
use serde_json::Value;

use super::finding::{Finding, Need};
use super::{Product, Progress};
use crate::answer::{Answer, Exchange, Silence};
use crate::ask::Ask;
use crate::connection::{Connection, Unreachable};
use crate::made::Made;
use crate::report::{Shown, Times};

/// What a phase of a simulation needs at hand.
pub(crate) struct Session<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) product: Product,
    pub(crate) parallel: usize,
    pub(crate) made: Made,
    progress: &'a (dyn Fn(Progress) + Sync),
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// By kind of step, in the order in which kinds came up.
    pub(crate) times: Vec<(&'static str, Times)>,
    pub(crate) findings: Vec<Finding>,
    /// Why the first request that was not answered was not.
    pub(crate) silence: Option<Silence>,
}

impl Kept {
    /// Why nothing at all was answered; none when something was, or when nothing was asked.
    fn only_silence(&self) -> Option<Silence> {
        self.silence.clone().filter(|_| self.times.is_empty())
    }
}

/// A step that was answered, or not.
pub(crate) struct Step<'s> {
    session: &'s Session<'s>,
    kind: &'static str,
    pub(crate) exchange: Exchange,
}

impl<'a> Session<'a> {
    pub(crate) fn new(
        connection: &'a Connection,
        product: Product,
        parallel: usize,
        progress: &'a (dyn Fn(Progress) + Sync),
    ) -> Self {
        Self { connection, product, parallel: parallel.max(1), made: Made::default(), progress, kept: Mutex::default() }
    }

    /// Sends what the product sends in a step of this kind; none when we were told to stop.
    pub(crate) async fn step(&self, kind: &'static str, ask: Ask) -> Option<Step<'_>> {
        let exchange = self.connection.send(self.product.dress(ask)).await;
        self.seen(kind, exchange)
    }

    /// The same for a step that creates something, which is removed at the end. `filter` finds it when there
    /// is no answer.
    pub(crate) async fn creation(
        &self,
        kind: &'static str,
        endpoint: &str,
        ask: Ask,
        filter: &str,
    ) -> Option<Step<'_>> {
        let exchange = self.connection.send(self.product.dress(ask)).await;
        self.made.record(endpoint, &exchange, filter);
        self.seen(kind, exchange)
    }

    fn seen(&self, kind: &'static str, exchange: Exchange) -> Option<Step<'_>> {
        match &exchange.answer {
            Err(Silence::Stopped | Silence::GivenUp) => return None,
            Ok(answer) => {
                let mut kept = self.kept();
                if !kept.times.iter().any(|(known, _)| *known == kind) {
                    kept.times.push((kind, Times::default()));
                }
                if let Some((_, times)) = kept.times.iter_mut().find(|(known, _)| *known == kind) {
                    times.add(answer.elapsed);
                }
            }
            Err(silence) => {
                self.kept().silence.get_or_insert_with(|| silence.clone());
            }
        }
        let step = Step { session: self, kind, exchange };
        if step.exchange.answer.is_ok() {
            self.product.needs_of_each_answer(&step);
        }
        Some(step)
    }

    /// How the product looks for a resource.
    pub(crate) fn probe(&self, endpoint: &str, attribute: &str, wanted: &str) -> Ask {
        self.product.probe(endpoint, attribute, wanted)
    }

    /// Does something for each of the items, several at a time, and tells how far it is.
    pub(crate) async fn each<T, F: Future<Output = ()>>(
        &self,
        phase: &'static str,
        items: impl ExactSizeIterator<Item = T>,
        work: impl Fn(T) -> F,
    ) {
        let of = items.len();
        let done = std::sync::atomic::AtomicUsize::new(0);
        self.tell(phase, 0, of);
        stream::iter(items)
            .for_each_concurrent(self.parallel, |item| {
                let work = (!self.connection.is_stopped()).then(|| work(item));
                async {
                    if let Some(work) = work {
                        work.await;
                        let done = done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
                        self.tell(phase, done, of);
                    }
                }
            })
            .await;
    }

    /// The same, and gives what came of those for which something came, in their order.
    pub(crate) async fn gather<T, R, F: Future<Output = Option<R>>>(
        &self,
        phase: &'static str,
        items: impl ExactSizeIterator<Item = T>,
        work: impl Fn(T) -> F,
    ) -> Vec<R> {
        let gathered = Mutex::new(BTreeMap::new());
        self.each(phase, items.enumerate(), async |(number, item)| {
            if let Some(result) = work(item).await {
                gathered.lock().unwrap_or_else(PoisonError::into_inner).insert(number, result);
            }
        })
        .await;
        gathered.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect()
    }

    /// So many percent of them, rounded up, spread evenly.
    pub(crate) fn sample<T>(items: &[T], percent: usize) -> Vec<&T> {
        let wanted = (items.len() * percent).div_ceil(100);
        (0..wanted).map(|number| &items[number * items.len() / wanted]).collect()
    }

    /// Tells how far a phase is.
    pub(crate) fn tell(&self, phase: &'static str, done: usize, of: usize) {
        (self.progress)(Progress { phase, done, of });
    }

    /// That nothing at all was answered, if that is so.
    pub(crate) fn unreachable(&self) -> Option<Unreachable> {
        let silence = self.kept().only_silence()?;
        Some(self.connection.unreachable(silence))
    }

    pub(crate) fn into_kept(self) -> Kept {
        self.kept.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, need: &'static Need, kind: &'static str, saw: String, exchange: &Exchange) {
        let mut kept = self.kept();
        if let Some(known) = kept.findings.iter_mut().find(|finding| finding.id == need.id) {
            known.times += 1;
            return;
        }
        kept.findings.push(Finding {
            id: need.id,
            step: kind,
            severity: need.otherwise.severity(self.product),
            saw,
            wanted: need.wanted,
            next: need.otherwise.next(self.product, &exchange.answer),
            times: 1,
            exchange: Shown::new(exchange, self.connection),
        });
    }
}

impl Step<'_> {
    /// The body as JSON; null when there is none.
    pub(crate) fn json(&self) -> &Value {
        self.exchange.answer.as_ref().map_or(&Value::Null, |answer| &answer.json)
    }

    /// Holds the answer against a need: `check` says what is wrong with it. Gives whether it was met.
    pub(crate) fn needs(&self, need: &'static Need, check: impl FnOnce(&Answer) -> Result<(), String>) -> bool {
        let outcome = match &self.exchange.answer {
            Ok(answer) => check(answer),
            Err(silence) => Err(silence.to_string()),
        };
        match outcome {
            Ok(()) => true,
            Err(saw) => {
                self.session.find(need, self.kind, saw, &self.exchange);
                false
            }
        }
    }
}
