//! How tokens are used, counted in memory and written to the database once a minute, so that no
//! request waits for it. A crash loses that minute's counts, nothing else. Each process counts what
//! it has answered, and shows it at once; what others have counted it sees when they have written it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use store::TenantKey;
use store::scim_tokens::ScimToken;
use store::usage::{HOUR_MS, HourUse, TokenUse};

use crate::App;
use crate::caller::ScimCaller;
use crate::error::ServiceError;

/// A user agent is kept to this length.
const USER_AGENT_CHARS_MAX: usize = 200;

/// What was counted since the last time it was written.
#[derive(Debug, Default)]
pub(crate) struct Usage(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    tokens: HashMap<i64, TokenUse>,
    /// Where each was used last: an address is made a text only when it is another one.
    addresses: HashMap<i64, Option<IpAddr>>,
    hours: HashMap<(TenantKey, i64), HourUse>,
}

impl Counts {
    /// Takes back what could not be written.
    fn add(&mut self, earlier: Self) {
        for (pk, earlier) in earlier.tokens {
            let requests = earlier.requests;
            self.tokens.entry(pk).and_modify(|used| used.requests += requests).or_insert(earlier);
        }
        for (key, earlier) in earlier.hours {
            let (requests, errors) = (earlier.requests, earlier.errors);
            let add = |hour: &mut HourUse| {
                hour.requests += requests;
                hour.errors += errors;
            };
            self.hours.entry(key).and_modify(add).or_insert(earlier);
        }
    }
}

impl Usage {
    /// Counts a request that a token opened.
    pub(crate) fn count_token(
        &self,
        tenant: TenantKey,
        token: i64,
        ip: Option<IpAddr>,
        user_agent: Option<&str>,
        now: i64,
    ) {
        let counts = &mut *self.lock();
        let used = counts.tokens.entry(token).or_insert_with(|| TokenUse::none(tenant, token));
        used.at = now;
        if counts.addresses.insert(token, ip) != Some(ip) {
            used.ip = ip.map(|ip| ip.to_string());
        }
        if used.user_agent.as_deref() != user_agent {
            used.user_agent = user_agent.map(|text| text.chars().take(USER_AGENT_CHARS_MAX).collect());
        }
        used.requests += 1;
    }

    fn count_hour(&self, tenant: TenantKey, failed: bool, now: i64) {
        let mut counts = self.lock();
        let key = (tenant, now.div_euclid(HOUR_MS));
        let hour = counts.hours.entry(key).or_insert_with(|| HourUse::none(tenant, now));
        hour.requests += 1;
        hour.errors += i64::from(failed);
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        // Counts are whole after each statement; what panicked elsewhere does not touch them.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl App {
    /// Counts how a SCIM request was answered, for the health that endpoint-info shows.
    pub fn count_scim_answer(&self, caller: &ScimCaller, failed: bool) {
        self.usage().count_hour(caller.tenant.key, failed, self.now());
    }

    /// Writes down what was counted.
    ///
    /// # Errors
    /// [`ServiceError::Store`]; the counts are kept then, for the next time.
    pub async fn flush_usage(&self) -> Result<(), ServiceError> {
        let counts = std::mem::take(&mut *self.usage().lock());
        if counts.tokens.is_empty() && counts.hours.is_empty() {
            return Ok(());
        }
        let tokens: Arc<[TokenUse]> = counts.tokens.values().cloned().collect();
        let hours: Arc<[HourUse]> = counts.hours.values().copied().collect();
        let written = self.store().write(move |tx| {
            let (tokens, hours) = (Arc::clone(&tokens), Arc::clone(&hours));
            Box::pin(async move { store::usage::record(tx, &tokens, &hours).await })
        });
        if let Err(error) = written.await {
            self.usage().lock().add(counts);
            return Err(error.into());
        }
        Ok(())
    }

    /// A token as the database has it, with what this process has counted since.
    pub(crate) fn with_latest_use(&self, mut token: ScimToken) -> ScimToken {
        if let Some(used) = self.usage().lock().tokens.get(&token.pk) {
            token.request_count += used.requests;
            // Another process may have written down a later use.
            if token.last_used_at.is_none_or(|at| at <= used.at) {
                token.last_used_at = Some(used.at);
                token.last_used_ip.clone_from(&used.ip);
                token.last_used_user_agent.clone_from(&used.user_agent);
            }
        }
        token
    }
}
