//! Clients that ask one request after the other, each on a connection of its own (with HTTP/2 on one for all), and what
//! that takes.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};

use crate::connection::Connection;
use crate::http2::Shared;
use crate::watch::Watched;
use crate::workload::Asker;

/// Longer than anything takes.
const NEVER: Duration = Duration::from_hours(24);

/// How far into a body we look for what it must hold.
const LOOKED_AT: usize = 400;

/// How long is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Window {
    /// So long, after a quarter of it to warm up. For requests of which there are many in that time.
    Time(Duration),
    /// Until each client has had so many answers. For long requests: those that run when a time begins or ends
    /// would be too large a part of all.
    Rounds(usize),
}

impl Window {
    pub(crate) fn of_seconds(seconds: f64) -> Self {
        Self::Time(Duration::from_secs_f64(seconds))
    }
}

/// What was measured.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Measured {
    /// Clients at a time.
    pub(crate) clients: usize,
    /// Requests that were answered; all as they had to be, or the run would have ended.
    pub(crate) requests: usize,
    /// Resources per second: for bulk a thousand times the requests, else the requests.
    pub(crate) per_second: f64,
    /// Of a request, in milliseconds.
    pub(crate) p50_ms: f64,
    pub(crate) p95_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) max_ms: f64,
    /// Processor time of the server, with PostgreSQL, in seconds per 1,000 resources.
    pub(crate) cpu: f64,
}

/// Lets `askers` ask for as long as `window` says; each is a client.
///
/// # Panics
/// At the first answer that is not what it must be.
pub(crate) async fn run(askers: Vec<Asker>, window: Window, watched: &Watched) -> Measured {
    run_beside(askers, window, watched, Vec::new()).await
}

/// [`run`], while `others` ask too, whom nobody measures.
pub(crate) async fn run_beside(askers: Vec<Asker>, window: Window, watched: &Watched, others: Vec<Asker>) -> Measured {
    let (clients, resources) = (askers.len(), askers[0].workload().resources());
    let (mut measured, mut beside) = (Vec::new(), Vec::new());
    let shared = match &askers[0] {
        asker if asker.workload().is_http2() => Some(Shared::open(asker.address()).await),
        _ => None,
    };
    for asker in askers {
        let connection = match &shared {
            Some(shared) => Connection::on(shared),
            None => Connection::open(asker.address()).await,
        };
        measured.push((connection, asker));
    }
    for asker in others {
        beside.push((Connection::open(asker.address()).await, asker));
    }
    let now = Instant::now();
    let (begin, end, rounds) = match window {
        Window::Time(length) => (now + length / 4, now + length / 4 + length, usize::MAX),
        Window::Rounds(rounds) => (now, now + NEVER, rounds),
    };
    let start = |(connection, asker)| tokio::spawn(ask(connection, asker, begin, end, rounds));
    let beside: Vec<_> = beside.into_iter().map(start).collect();
    let mut measured = join_all(measured.into_iter().map(start));

    tokio::time::sleep_until(begin.into()).await;
    let (used_before, from) = (watched.used_ns(), Instant::now());
    // Those who run out of things to ask end early.
    let ended = tokio::select! {
        ended = &mut measured => Some(ended),
        () = tokio::time::sleep_until(end.into()) => None,
    };
    let (used, lasted) = (watched.used_ns() - used_before, from.elapsed());
    let ended = match ended {
        Some(ended) => ended,
        None => measured.await,
    };
    for other in beside {
        other.await.unwrap();
    }
    let mut times: Vec<Duration> = ended.into_iter().flat_map(Result::unwrap).collect();
    times.sort_unstable();
    assert!(!times.is_empty(), "nothing was answered in {lasted:?}");
    Measured::of(clients, resources, &times, used, lasted)
}

impl Measured {
    fn of(clients: usize, resources: usize, sorted: &[Duration], used_ns: u64, lasted: Duration) -> Self {
        let total = (sorted.len() * resources) as f64;
        let percentile = |part: f64| {
            let place = (sorted.len() as f64 * part).ceil() as usize;
            sorted[place.clamp(1, sorted.len()) - 1].as_secs_f64() * 1e3
        };
        Self {
            clients,
            requests: sorted.len(),
            per_second: total / lasted.as_secs_f64(),
            p50_ms: percentile(0.50),
            p95_ms: percentile(0.95),
            p99_ms: percentile(0.99),
            max_ms: percentile(1.0),
            cpu: used_ns as f64 / 1e9 / total * 1e3,
        }
    }
}

/// Asks until the end; gives how long each request took that was answered after the beginning.
async fn ask(
    mut connection: Connection,
    mut asker: Asker,
    begin: Instant,
    end: Instant,
    rounds: usize,
) -> Vec<Duration> {
    let mut times = Vec::new();
    while times.len() < rounds {
        let (sent, workload) = (Instant::now(), asker.workload().clone());
        let Some((request, expected)) = asker.next() else { break };
        let answer = connection.ask(request).await;
        let near = &answer.body[..answer.body.len().min(LOOKED_AT)];
        let is_right = answer.status == expected.status
            && contains(near, expected.contains)
            && (expected.lacks.is_empty() || !contains(answer.body, expected.lacks));
        assert!(is_right, "{workload:?}: {} {:.2000}", answer.status, answer.text());
        let answered = Instant::now();
        // One at least, however slow, where all is so short that only the answers matter.
        if answered > begin && (answered <= end || times.is_empty()) {
            times.push(answered - sent);
        }
        if answered >= end {
            break;
        }
    }
    times
}

fn contains(bytes: &[u8], text: &str) -> bool {
    text.is_empty() || String::from_utf8_lossy(bytes).contains(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_requests_and_rates_of_the_resources() {
        let times: Vec<Duration> = (1..=100).map(Duration::from_millis).collect();

        let measured = Measured::of(16, 1000, &times, 4_000_000_000, Duration::from_secs(2));

        assert_eq!((measured.p50_ms, measured.p95_ms, measured.p99_ms, measured.max_ms), (50.0, 95.0, 99.0, 100.0));
        assert_eq!((measured.requests, measured.per_second, measured.cpu), (100, 50_000.0, 0.04));
    }
}
