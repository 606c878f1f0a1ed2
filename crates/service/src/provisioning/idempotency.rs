//! `Idempotency-Key`: a request that is sent again gets the answer of its first run, and is not
//! run again. Answers are kept for a day, in the database, so that a client whose connection broke
//! can ask again whatever happened to us meanwhile.

use std::fmt;
use std::future::Future;
use std::str::FromStr;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use store::Turn;
use store::idempotency::{self, Claim};

use crate::App;
use crate::caller::ScimCaller;
use crate::error::ServiceError;

/// How long an answer is kept.
pub(crate) const KEPT_MS: i64 = 24 * 60 * 60 * 1000;

/// What a client calls one run of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(Arc<str>);

/// Text that cannot be an [`IdempotencyKey`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAKey;

impl fmt::Display for NotAKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Idempotency-Key: send 1 to 255 visible ASCII characters")
    }
}

impl FromStr for IdempotencyKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let fits = (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if fits { Ok(Self(text.into())) } else { Err(NotAKey) }
    }
}

impl App {
    /// Runs `work` for a request with this key and body, or gives the answer that it got before.
    ///
    /// # Errors
    /// Those of `work`: then nothing was done, and the key is free again.
    /// [`ServiceError::Conflict`] when the key belongs to another body, or to a run that has not
    /// ended: it is still at work, or a crash cut it off.
    pub async fn once<W>(
        &self,
        caller: &ScimCaller,
        key: &IdempotencyKey,
        body: &[u8],
        work: W,
    ) -> Result<String, ServiceError>
    where
        W: Future<Output = Result<String, ServiceError>>,
    {
        let digest: [u8; 32] = Sha256::digest(body).into();
        match self.claim(caller, key, digest).await? {
            Claim::New => {}
            Claim::Taken { digest: other, .. } if other != digest => {
                return Err(ServiceError::Conflict(
                    "Idempotency-Key: this key was used for a request with another body; take a new one".into(),
                ));
            }
            Claim::Taken { answer: Some(answer), .. } => return Ok(answer),
            Claim::Taken { answer: None, .. } => {
                return Err(ServiceError::Conflict(
                    "Idempotency-Key: the first request with this key is still being worked on, or was cut off by a \
                     restart. Try again; if this does not end, look at what it did and take a new key"
                        .into(),
                ));
            }
        }
        let result = work.await;
        let tenant = caller.tenant.key;
        let (key, answer) = (Arc::clone(&key.0), result.as_ref().ok().map(|answer| Arc::<str>::from(answer.as_str())));
        let ended = self.store().write_in_turn(Turn::Request(tenant), move |tx| {
            let (key, answer) = (Arc::clone(&key), answer.clone());
            Box::pin(async move {
                match answer {
                    Some(answer) => idempotency::finish(tx, tenant, &key, &answer).await,
                    None => idempotency::release(tx, tenant, &key).await,
                }
            })
        });
        if let Err(error) = ended.await {
            // The client gets its answer all the same; only asking again will not give it.
            tracing::warn!(%error, "the answer to a keyed request could not be kept");
        }
        result
    }

    async fn claim(&self, caller: &ScimCaller, key: &IdempotencyKey, digest: [u8; 32]) -> Result<Claim, ServiceError> {
        let (tenant, now, key) = (caller.tenant.key, self.now(), Arc::clone(&key.0));
        let claim = self.store().write_in_turn(Turn::Request(tenant), move |tx| {
            let key = Arc::clone(&key);
            Box::pin(async move { idempotency::claim(tx, tenant, &key, &digest, now, now - KEPT_MS).await })
        });
        Ok(claim.await?)
    }
}
