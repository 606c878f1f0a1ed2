//! SCIM tokens: found by their hash within the tenant that the path names.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use scim::schema::Registry;
use store::TenantKey;
use store::scim_tokens::{ScimToken, Secret, TokenStatus};

use super::{Holder, Presented, Reason, Refused};
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
    registry: Arc<Registry>,
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
    ) -> Result<ScimCaller, Refused> {
        let moment = self.moment();
        let now = moment.now;
        let known = self.known_token(segment, text, moment).await?;
        if !known.tenant.is_named(segment) {
            return Err(Refused::credential(Reason::OtherTenant, Some(known.holder())));
        }
        known.check(now)?;
        known.admit(presented.address)?;
        self.end_overlap_after_use(&known, now).await?;
        let token = &known.token;
        self.usage().count_token(token.tenant, token.pk, presented.address, presented.user_agent, now);
        Ok(ScimCaller {
            tenant: Arc::clone(&known.tenant),
            registry: Arc::clone(&known.registry),
            actor: Actor::ScimToken(token.id),
            scopes: Scopes::from_bits(token.scopes),
            identity_provider: known.provider,
            request_id: presented.request_id.to_owned(),
        })
    }

    async fn known_token(&self, segment: &str, text: &str, moment: Moment) -> Result<Arc<KnownToken>, Refused> {
        let cache = &self.caches().tokens;
        let hash = secret::hash(text);
        if let Some(known) = cache.get(&hash, moment) {
            return Ok(known);
        }
        if !secret::well_formed(SCIM_TOKEN, text) {
            return Err(Refused::credential(Reason::Typo, None));
        }
        let begun = cache.begin(moment);
        let named = segment.to_owned();
        let registries = self.registries();
        let found = self
            .store()
            .read(move |tx| {
                Box::pin(async move {
                    let Some(tenant) = store::tenants::named(tx, &named).await? else { return Ok(None) };
                    let token = store::scim_tokens::by_hash(tx, tenant.key, &hash).await?;
                    let Some((token, secret)) = token else { return Ok(None) };
                    let registry = registries.of(tx, tenant.key).await?;
                    Ok(Some((tenant, registry, token, secret)))
                })
            })
            .await?;
        let (tenant, registry, token, secret) = found.ok_or_else(|| Refused::unknown(hash))?;
        let known = Arc::new(KnownToken {
            tenant: Arc::new(self.tenant(tenant)),
            registry,
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
    fn check(&self, now: i64) -> Result<(), Refused> {
        let token = &self.token;
        let is_over = match self.secret {
            Secret::Current => false,
            Secret::Previous => token.previous_until.is_none_or(|until| until <= now),
        };
        let reason = match token.status(now) {
            TokenStatus::Active if is_over => Reason::Rotated { until: token.previous_until },
            TokenStatus::Active => return Ok(()),
            TokenStatus::Disabled => Reason::SwitchedOff,
            TokenStatus::Expired => Reason::Expired { at: token.expires_at.unwrap_or_default() },
            TokenStatus::Revoked => Reason::Revoked {
                at: token.revoked_at.unwrap_or_default(),
                by: token.revoked_by.clone().unwrap_or_default(),
            },
        };
        Err(Refused::credential(reason, Some(self.holder())))
    }

    /// Refuses addresses that are not on the token's list, if it has one.
    fn admit(&self, address: Option<IpAddr>) -> Result<(), Refused> {
        // An IPv4 client of a dual-stack listener is still an IPv4 client.
        let address = address.map(|address| address.to_canonical());
        let is_on_list = |address: IpAddr| self.networks.iter().any(|network| network.contains(&address));
        if self.token.allowed_ips.is_empty() || address.is_some_and(is_on_list) {
            return Ok(());
        }
        let told = match address {
            Some(address) => format!("The token may not be used from {address}"),
            None => "The token may not be used from an unknown address".into(),
        };
        Err(Refused::with(ServiceError::Forbidden(told), Reason::Address(address), Some(self.holder())))
    }

    fn holder(&self) -> Holder {
        Holder {
            tenant: Some(Arc::clone(&self.tenant)),
            actor: Actor::ScimToken(self.token.id),
            identity_provider: self.provider,
        }
    }
}
