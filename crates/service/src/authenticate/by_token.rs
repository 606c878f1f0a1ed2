//! SCIM tokens: found by their hash within the tenant that the path names.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use store::TenantKey;
use store::scim_tokens::{ScimToken, Secret, TokenStatus};

use super::{Presented, refused};
use crate::App;
use crate::cache::Moment;
use crate::caller::{Actor, IdentityProvider, ScimCaller, Scopes};
use crate::error::ServiceError;
use crate::scim_tokens::OVERLAP_AFTER_USE_MS;
use crate::secret::{self, SCIM_TOKEN};
use crate::tenants::Tenant;

/// A SCIM token that was looked up.
#[derive(Debug)]
pub(crate) struct KnownToken {
    tenant: Arc<Tenant>,
    token: ScimToken,
    /// Which of its secrets this is.
    secret: Secret,
    networks: Vec<IpNet>,
    provider: IdentityProvider,
}

impl App {
    pub(super) async fn by_scim_token(
        &self,
        segment: &str,
        text: &str,
        presented: &Presented<'_>,
    ) -> Result<ScimCaller, ServiceError> {
        let moment = self.moment();
        let now = moment.now;
        let known = self.known_token(segment, text, moment).await?;
        if !known.tenant.is_named(segment) {
            return Err(refused("the SCIM token belongs to another tenant"));
        }
        known.check(now)?;
        known.admit(presented.address)?;
        self.end_overlap_after_use(&known, now).await?;
        let token = &known.token;
        self.usage().count_token(token.tenant, token.pk, presented.address, presented.user_agent, now);
        Ok(ScimCaller {
            tenant: Arc::clone(&known.tenant),
            actor: Actor::ScimToken(token.id),
            scopes: Scopes::from_bits(token.scopes),
            identity_provider: known.provider,
            request_id: presented.request_id.to_owned(),
        })
    }

    async fn known_token(&self, segment: &str, text: &str, moment: Moment) -> Result<Arc<KnownToken>, ServiceError> {
        let cache = &self.caches().tokens;
        let hash = secret::hash(text);
        if let Some(known) = cache.get(&hash, moment) {
            return Ok(known);
        }
        if !secret::well_formed(SCIM_TOKEN, text) {
            return Err(refused("the SCIM token has a typing error"));
        }
        let begun = cache.begin(moment);
        let named = segment.to_owned();
        let found = self
            .store()
            .read(move |tx| {
                Box::pin(async move {
                    let Some(tenant) = store::tenants::named(tx, &named).await? else { return Ok(None) };
                    let token = store::scim_tokens::by_hash(tx, tenant.key, &hash).await?;
                    Ok(token.map(|(token, secret)| (tenant, token, secret)))
                })
            })
            .await?;
        let (tenant, token, secret) = found.ok_or_else(|| refused("the tenant has no such SCIM token"))?;
        let known = Arc::new(KnownToken {
            tenant: Arc::new(self.tenant(tenant)),
            secret,
            networks: token.allowed_ips.iter().filter_map(|network| network.parse().ok()).collect(),
            provider: IdentityProvider::from_name(&token.identity_provider).unwrap_or_default(),
            token,
        });
        cache.put(begun, hash, Arc::clone(&known));
        Ok(known)
    }

    /// The first use of a new secret shortens the life of the one before.
    async fn end_overlap_after_use(&self, known: &KnownToken, now: i64) -> Result<(), ServiceError> {
        let until = now + OVERLAP_AFTER_USE_MS;
        if known.secret != Secret::Current || known.token.previous_until.is_none_or(|end| end <= until) {
            return Ok(());
        }
        let (tenant, pk): (TenantKey, i64) = (known.token.tenant, known.token.pk);
        self.store()
            .write(move |tx| Box::pin(async move { store::scim_tokens::end_overlap(tx, tenant, pk, until).await }))
            .await?;
        Ok(())
    }
}

impl KnownToken {
    /// Refuses a token that is not active, or shown with a secret whose time is over.
    fn check(&self, now: i64) -> Result<(), ServiceError> {
        let is_over = match self.secret {
            Secret::Current => false,
            Secret::Previous => self.token.previous_until.is_none_or(|until| until <= now),
        };
        match self.token.status(now) {
            TokenStatus::Active if is_over => Err(refused("the secret was replaced by a rotation")),
            TokenStatus::Active => Ok(()),
            TokenStatus::Disabled => Err(refused("the SCIM token is switched off")),
            TokenStatus::Expired => Err(refused("the SCIM token is expired")),
            TokenStatus::Revoked => Err(refused("the SCIM token is revoked")),
        }
    }

    /// Refuses addresses that are not on the token's list, if it has one.
    fn admit(&self, address: Option<IpAddr>) -> Result<(), ServiceError> {
        if self.token.allowed_ips.is_empty() {
            return Ok(());
        }
        // An IPv4 client of a dual-stack listener is still an IPv4 client.
        let address = address.map(|address| address.to_canonical());
        match address {
            Some(address) if self.networks.iter().any(|network| network.contains(&address)) => Ok(()),
            Some(address) => Err(ServiceError::Forbidden(format!("The token may not be used from {address}"))),
            None => Err(ServiceError::Forbidden("The token may not be used from an unknown address".into())),
        }
    }
}
