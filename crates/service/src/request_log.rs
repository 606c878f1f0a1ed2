//! The request log: why a request was refused, who changed a user and through which product, and why
//! a token opens nothing, for who looks after a tenant.
//!
//! When a request has been answered, what is known of it ([`Asked`]) is put into a queue with room
//! for so many; one task makes rows of it and writes them by hundreds ([`mod@write`]). What a tenant wants kept
//! is its setting: nothing, all but values of attributes, or these too. Secrets are never kept
//! ([`shown`]). Old entries are forgotten ([`prune`]).

mod asked;
mod detail;
mod list;
mod outage;
mod prune;
mod queue;
mod row;
mod shown;
mod words;
mod write;

use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, Ordering};

pub use asked::{Asked, AskedOperation, BODY_BYTES_MAX, Counts, OPERATIONS_MAX, Told, Who, Work};
pub use detail::{Detail, MEMBERS_MAX, Members, Operations};
pub use list::{ListRequests, LogPage, LoggedOperation, LoggedRequest, PREFIX};
pub(crate) use prune::Growth;
pub(crate) use queue::Queue;
pub use queue::RequestLogStats;
pub(crate) use shown::plain;
pub use store::request_log::{LOOKED_AT_MAX, LogKey};
pub use store::tenants::RequestLogging;

use crate::App;

/// Gives each request a key of its own, in the order of time.
#[derive(Debug)]
pub(crate) struct LogKeys {
    last: AtomicI64,
    /// Tells processes on the same database apart.
    salt: i64,
}

impl LogKeys {
    pub(crate) fn new(salt: i64) -> Self {
        Self { last: AtomicI64::new(0), salt }
    }

    fn next(&self, now: i64) -> LogKey {
        // Half of a millisecond's numbers are left for those that follow in it. Another process
        // begins elsewhere, and elsewhere again in the next millisecond.
        let begin = (now.wrapping_mul(0x9e37_79b9) ^ self.salt).rem_euclid(LogKey::PER_MILLISECOND / 2);
        let earliest = LogKey::first_of(now).bits() + begin;
        let later = |last: i64| earliest.max(last + 1);
        let last = self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(later(last)));
        LogKey::from_bits(later(last.unwrap_or_else(|last| last)))
    }
}

impl App {
    /// What is going to name the entry of a request that begins now.
    #[must_use]
    pub fn log_key(&self) -> LogKey {
        self.log_keys().next(self.now())
    }

    /// Has a request written down, if its tenant wants that and there is room. Costs no waiting.
    pub fn log_request(&self, asked: Asked) {
        match &asked.who {
            Who::Caller(caller) if caller.tenant.settings.request_log == RequestLogging::Off => {}
            Who::Caller(_) => self.log_queue().push(asked),
            Who::Refused { .. } => {
                if self.rates().admits_refusal_from(&stranger(asked.address)) {
                    self.log_queue().push(asked);
                } else {
                    self.log_queue().left_out.flood.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }

    /// How the request log is doing.
    #[must_use]
    pub fn request_log_stats(&self) -> RequestLogStats {
        self.log_queue().stats()
    }
}

/// Who is behind an address: of IPv6 everybody has 2^64 of them.
fn stranger(address: Option<IpAddr>) -> String {
    match address.map(|address| address.to_canonical()) {
        None => "unknown".into(),
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_ascend_and_say_the_time() {
        let keys = LogKeys::new(7);
        let now = 1_700_000_000_000;
        let made: Vec<LogKey> = (0..1000).map(|_| keys.next(now)).collect();

        assert!(made.is_sorted_by(|a, b| a < b));
        assert!(made.iter().all(|key| key.at() == now));
        assert!(keys.next(now - 5) > made[999], "also when the clock is put back");
    }

    #[test]
    fn processes_on_one_database_use_other_keys() {
        let (one, other) = (LogKeys::new(7), LogKeys::new(8));

        assert_ne!(one.next(1_700_000_000_000), other.next(1_700_000_000_000));
    }

    #[test]
    fn a_network_of_somebodys_own_is_one_stranger() {
        let of = |text: &str| stranger(Some(text.parse().unwrap()));

        assert_eq!(of("2001:db8::1"), of("2001:db8::2"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), "192.0.2.1");
    }
}
