//! What is done from time to time, beside the requests.
//!
//! Each process writes down what it has counted. What has to be done once for all of them is done by
//! one at a time, whichever comes first when it is due; another one takes it over when that one fails.

use std::time::Duration;

use store::upkeep::{self, Kept, Task};

use crate::App;
use crate::error::ServiceError;
use crate::provisioning::idempotency::KEPT_MS as ANSWERS_KEPT_MS;

/// How often [`App::keep_house`] does its round.
const ROUND: Duration = Duration::from_mins(1);

/// How often is looked for what nobody needs any more.
const PRUNE_INTERVAL_MS: i64 = 3_600_000;

/// How long the counts of an hour are kept: what endpoint-info shows, and one day more.
const USAGE_KEPT_MS: i64 = 48 * 3_600_000;

/// How many rows of a kind are removed in one transaction, so that nobody waits long for it.
const PRUNED_MAX: u32 = 500;

impl App {
    /// Does what is due from time to time, until it is dropped: writes down the use of tokens,
    /// replaces the signing key that is old, builds indexes that are wanted, removes what nobody needs any
    /// more. For a task of its
    /// own.
    pub async fn keep_house(&self) {
        let mut rounds = tokio::time::interval(ROUND);
        loop {
            rounds.tick().await;
            if let Err(error) = self.flush_usage().await {
                tracing::warn!(error = &error as &dyn std::error::Error, "the use of tokens could not be written");
            }
            if let Err(error) = self.rotate_old_signing_key().await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the signing keys could not be read or replaced"
                );
            }
            if let Err(error) = self.index_unfinished().await {
                tracing::warn!(error = &error as &dyn std::error::Error, "indexes could not be built");
            }
            if let Err(error) = self.prune().await {
                tracing::warn!(error = &error as &dyn std::error::Error, "what is old could not be removed");
            }
            if let Err(error) = self.prune_request_log().await {
                tracing::warn!(error = &error as &dyn std::error::Error, "old requests could not be forgotten");
            }
        }
    }

    /// Removes what nobody needs any more, if no process has done so for an hour. Gives whether it
    /// was due.
    pub(crate) async fn prune(&self) -> Result<bool, ServiceError> {
        let now = self.now();
        let kept = Kept { answers_since: now - ANSWERS_KEPT_MS, usage_since: now - USAGE_KEPT_MS, keys_since: now };
        let first = self.store().write(move |tx| {
            Box::pin(async move {
                if !upkeep::take(tx, Task::Prune, now, now + PRUNE_INTERVAL_MS).await? {
                    return Ok(None);
                }
                upkeep::prune(tx, &kept, PRUNED_MAX).await.map(Some)
            })
        });
        let Some(mut more) = first.await? else { return Ok(false) };
        while more {
            let next =
                self.store().write(move |tx| Box::pin(async move { upkeep::prune(tx, &kept, PRUNED_MAX).await }));
            more = next.await?;
        }
        Ok(true)
    }
}
