//! How often: SCIM requests of a tenant with a limit, and failed token requests.
//!
//! Each process counts what comes to it, in memory: with three of them on a database three times as
//! much passes. Counting in the database would cost every request a write.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::state::{InMemoryState, NotKeyed};
use governor::{NotUntil, Quota, RateLimiter};
use store::TenantKey;

use crate::clock::Clock;
use crate::error::ServiceError;

type OfOne = RateLimiter<NotKeyed, InMemoryState, Clock, NoOpMiddleware<Nanos>>;
type OfMany = RateLimiter<String, DefaultKeyedStateStore<String>, Clock, NoOpMiddleware<Nanos>>;

/// Beyond this many clients that failed lately, those that failed longest ago are forgotten.
const REMEMBERED_MAX: usize = 10_000;

/// Counts requests against limits.
#[derive(Debug)]
pub(crate) struct Rates {
    clock: Clock,
    tenants: Mutex<HashMap<TenantKey, (NonZeroU32, Arc<OfOne>)>>,
    failures: OfMany,
    /// Bad credentials that are written down.
    refusals: Refusals,
}

/// Bad credentials that are written down: so many from one address, so many for one tenant, and so
/// many altogether, as each costs looking things up.
#[derive(Debug)]
struct Refusals {
    from: OfMany,
    of: OfMany,
    all: OfOne,
}

/// How many bad credentials of all addresses together are looked at in a second.
const REFUSALS_PER_SECOND_MAX: NonZeroU32 = NonZeroU32::new(100).unwrap();

impl governor::clock::Clock for Clock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(Duration::from_millis(Self::now(self).max(0).cast_unsigned()))
    }
}

impl Rates {
    pub(crate) fn new(clock: &Clock, failures_per_minute: NonZeroU32, refusals_per_minute: NonZeroU32) -> Self {
        let of_many = |per_minute| {
            RateLimiter::new(Quota::per_minute(per_minute), DefaultKeyedStateStore::default(), clock.clone())
        };
        let refusals_of_tenant = refusals_per_minute.saturating_mul(NonZeroU32::new(10).unwrap_or(NonZeroU32::MIN));
        Self {
            clock: clock.clone(),
            tenants: Mutex::default(),
            failures: of_many(failures_per_minute),
            refusals: Refusals {
                from: of_many(refusals_per_minute),
                of: of_many(refusals_of_tenant),
                all: RateLimiter::direct_with_clock(Quota::per_second(REFUSALS_PER_SECOND_MAX), clock.clone()),
            },
        }
    }

    /// Whether another bad credential from there is written down.
    pub(crate) fn admits_refusal_from(&self, stranger: &str) -> bool {
        admits(&self.refusals.from, stranger) && self.refusals.all.check().is_ok()
    }

    /// Whether another bad credential is written down for that tenant.
    pub(crate) fn admits_refusal_of(&self, tenant: TenantKey) -> bool {
        admits(&self.refusals.of, &format!("{tenant:?}"))
    }

    /// Counts a request of a tenant that may make `per_second` of them; 0 is any number.
    ///
    /// # Errors
    /// [`ServiceError::TooManyRequests`].
    pub(crate) fn count_request(&self, tenant: TenantKey, per_second: u32) -> Result<(), ServiceError> {
        let Some(limit) = NonZeroU32::new(per_second) else { return Ok(()) };
        let limiter = {
            let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
            let fresh =
                || (limit, Arc::new(RateLimiter::direct_with_clock(Quota::per_second(limit), self.clock.clone())));
            let entry = tenants.entry(tenant).or_insert_with(fresh);
            if entry.0 != limit {
                *entry = fresh();
            }
            Arc::clone(&entry.1)
        };
        limiter.check().map_err(|until| self.wait(&until))
    }

    /// Counts a failed token request of `who`.
    ///
    /// # Errors
    /// [`ServiceError::TooManyRequests`] when there were too many.
    pub(crate) fn count_failure(&self, who: &str) -> Result<(), ServiceError> {
        forget_some(&self.failures);
        self.failures.check_key(&who.to_owned()).map_err(|until| self.wait(&until))
    }

    fn wait(&self, until: &NotUntil<Nanos>) -> ServiceError {
        let wait = until.wait_time_from(governor::clock::Clock::now(&self.clock));
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        ServiceError::TooManyRequests { retry_after_s: u32::try_from(seconds.max(1)).unwrap_or(u32::MAX) }
    }
}

fn admits(limits: &OfMany, who: &str) -> bool {
    forget_some(limits);
    limits.check_key(&who.to_owned()).is_ok()
}

/// Keeps those that were remembered lately.
fn forget_some(limits: &OfMany) {
    if limits.len() >= REMEMBERED_MAX {
        limits.retain_recent();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(result: Result<(), ServiceError>) -> Option<u32> {
        match result {
            Ok(()) => None,
            Err(ServiceError::TooManyRequests { retry_after_s }) => Some(retry_after_s),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn failures_are_refused_above_the_limit_and_forgiven_with_time() {
        let clock = Clock::fixed(1_700_000_000_000);
        let rates = Rates::new(&clock, NonZeroU32::new(2).unwrap(), NonZeroU32::MIN);
        for _ in 0..2 {
            assert_eq!(refused(rates.count_failure("a")), None);
        }
        assert_eq!(refused(rates.count_failure("a")), Some(30));
        assert_eq!(refused(rates.count_failure("b")), None);

        clock.advance(30_000);

        assert_eq!(refused(rates.count_failure("a")), None);
    }
}
