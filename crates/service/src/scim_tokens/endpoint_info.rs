//! What an IT admin needs to use SCIM tokens.

use store::usage::Health;

use super::DAY_MS;
use crate::App;
use crate::caller::{AdminCaller, Reach};
use crate::error::ServiceError;
use crate::form::{self, Form, FromForm};
use crate::page::{PageOf, PageRequest};
use crate::tenants::{self, Tenant, TenantStatus};

/// What an IT admin needs to connect an identity provider to a tenant.
#[derive(Debug, Clone)]
pub struct EndpointInfo {
    /// The tenant.
    pub tenant: Tenant,
    /// How many of its tokens are active.
    pub active_tokens: u64,
    /// When the first of those ends.
    pub next_expiry: Option<i64>,
    /// How provisioning has been doing in the last 24 hours.
    pub health: Health,
}

/// [`EndpointInfo`] of one tenant, or of which tenants there is one.
#[derive(Debug, Clone)]
pub enum EndpointInfos {
    /// Of the tenant that was asked for.
    One(Box<EndpointInfo>),
    /// The tenants that are not deleted, newest first; at most [`ENDPOINTS_LISTED_MAX`].
    Any(PageOf<Tenant>),
}

/// How many tenants endpoint-info lists at most.
pub const ENDPOINTS_LISTED_MAX: u32 = 100;

impl App {
    /// What an IT admin needs to connect an identity provider to a tenant, which a bound caller
    /// need not name; a platform caller who names none gets the list of tenants.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] for a tenant that the caller cannot see, or that is deleted.
    pub async fn endpoint_info(
        &self,
        caller: &AdminCaller,
        tenant: Option<&str>,
    ) -> Result<EndpointInfos, ServiceError> {
        let tenant = match (tenant, &caller.reach) {
            (Some(named), _) => self.get_tenant(caller, named).await?,
            (None, Reach::Tenant(own)) => self.get_tenant(caller, &own.id.to_string()).await?,
            (None, Reach::All) => {
                let page = PageRequest { page: 1, per_page: ENDPOINTS_LISTED_MAX };
                let all = tenants::ListTenants { page, status: None, search: None };
                return Ok(EndpointInfos::Any(self.list_tenants(caller, all).await?));
            }
        };
        if tenant.status == TenantStatus::Deleted {
            return Err(tenants::not_found());
        }
        let (key, now) = (tenant.key, self.now());
        self.flush_usage().await?;
        let ((active_tokens, next_expiry), health) = self
            .store()
            .read(move |tx| {
                Box::pin(async move {
                    let summary = store::scim_tokens::summary(tx, key, now).await?;
                    Ok((summary, store::usage::since(tx, key, now - DAY_MS).await?))
                })
            })
            .await?;
        Ok(EndpointInfos::One(Box::new(EndpointInfo { tenant, active_tokens, next_expiry, health })))
    }
}

/// Which tenant endpoint-info is asked for.
#[derive(Debug, Clone)]
pub struct AskEndpointInfo {
    /// Id or slug.
    pub tenant: Option<String>,
}

impl FromForm for AskEndpointInfo {
    fn from_form(form: &mut Form) -> Option<Self> {
        Some(Self { tenant: form.optional("tenant_id", form::text(0, 255)) })
    }
}
