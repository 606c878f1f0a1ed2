//! Applications: the OAuth clients that get access tokens. A GLOBAL one belongs to the platform, a
//! TENANT one to its tenant.

mod requests;

use std::sync::Arc;

use scim::id::Id;
use store::applications::{ApplicationChange, ApplicationFilter, NewApplication};
use store::audit;

use crate::App;
use crate::caller::{AdminCaller, AdminWriter, Reach};
use crate::error::{FieldError, ServiceError};
use crate::page::PageOf;
use crate::secret::{CLIENT_SECRET, RotateSecret, TokenSecret};

pub use requests::{CreateApplication, ListApplications, UpdateApplication};
pub use store::applications::Application;

/// What ids of applications begin with.
pub const PREFIX: [u8; 3] = *b"app";

/// May read through the admin API.
pub const ADMIN_READ: &str = "admin:read";
/// May read and change through the admin API.
pub const ADMIN_WRITE: &str = "admin:write";
/// May read through the SCIM routes.
pub const SCIM_READ: &str = "scim:read";
/// May read and change through the SCIM routes.
pub const SCIM_WRITE: &str = "scim:write";

/// The scopes of access tokens.
pub const SCOPES: [(&str, &str); 4] =
    [(ADMIN_READ, ADMIN_READ), (ADMIN_WRITE, ADMIN_WRITE), (SCIM_READ, SCIM_READ), (SCIM_WRITE, SCIM_WRITE)];

/// May do everything, everywhere.
pub const SUPER_ADMIN: &str = "super_admin";
/// Named in tokens for others to use; opens nothing here by itself.
pub const PARTNER_ADMIN: &str = "partner_admin";
/// May do everything in one tenant.
pub const TENANT_ADMIN: &str = "tenant_admin";

/// To whom an application belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// To the platform.
    Global,
    /// To a tenant.
    Tenant,
}

impl Kind {
    /// Both of them, and their names in the API and in access tokens.
    pub const NAMES: [(&str, Self); 2] = [("GLOBAL", Self::Global), ("TENANT", Self::Tenant)];

    /// Its name in the API and in access tokens.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Global => "GLOBAL",
            Self::Tenant => "TENANT",
        }
    }

    /// The kind of an application.
    #[must_use]
    pub const fn of(application: &Application) -> Self {
        if application.tenant.is_some() { Self::Tenant } else { Self::Global }
    }
}

/// An application, and the secret that goes with it.
#[derive(Debug)]
pub struct IssuedApplication {
    /// The application.
    pub application: Application,
    /// Shown once, in the response to the request that made it.
    pub secret: TokenSecret,
}

impl App {
    /// Creates an application.
    ///
    /// # Errors
    /// [`ServiceError::Validation`] for a tenant that is missing, not wanted, or unknown to this
    /// caller, and for a role that does not go with the kind; [`ServiceError::Forbidden`] for a
    /// bound caller who wants a GLOBAL one.
    pub async fn create_application(
        &self,
        caller: &AdminWriter,
        request: CreateApplication,
    ) -> Result<IssuedApplication, ServiceError> {
        let of_tenant = request.tenant.is_some() || matches!(caller.reach, Reach::Tenant(_));
        let kind = request.kind.unwrap_or(if of_tenant { Kind::Tenant } else { Kind::Global });
        let tenant = match kind {
            Kind::Tenant => Some(self.tenant_in_body(caller, request.tenant.as_deref()).await?.key),
            Kind::Global => {
                caller.require_platform()?;
                if request.tenant.is_some() {
                    let msg = "Value error, a GLOBAL application belongs to no tenant";
                    return Err(ServiceError::Validation(vec![FieldError::body("tenant_id", "value_error", msg)]));
                }
                None
            }
        };
        check_role(kind, request.role)?;
        let secret = self.new_secret(CLIENT_SECRET);
        let id = self.new_id(PREFIX);
        let new = NewApplication {
            tenant,
            id,
            client_id: id.to_string(),
            name: request.name,
            description: request.description,
            scopes: joined(&request.scopes),
            role: request.role.map(str::to_owned),
            hash: secret.hash(),
            last_four: secret.last_four(),
            created_by: caller.actor.to_string(),
        };
        let application = self.insert_application(caller, new).await?;
        Ok(IssuedApplication { application, secret })
    }

    pub(crate) async fn insert_application(
        &self,
        caller: &AdminWriter,
        new: NewApplication,
    ) -> Result<Application, ServiceError> {
        let now = self.now();
        let entry = caller.entry(now, "application.create", new.tenant, new.id, &[]);
        let new = Arc::new(new);
        let written = self.store().write(move |tx| {
            let (new, entry) = (Arc::clone(&new), entry.clone());
            Box::pin(async move {
                let application = store::applications::insert(tx, &new, now).await?;
                audit::insert(tx, &entry).await?;
                Ok(application)
            })
        });
        Ok(written.await?)
    }

    /// A page of the applications that the caller can see, newest first. Deleted ones are not listed.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when it filters by a tenant that the caller cannot see.
    pub async fn list_applications(
        &self,
        caller: &AdminCaller,
        request: ListApplications,
    ) -> Result<PageOf<Application>, ServiceError> {
        let tenant = match &request.tenant {
            Some(tenant) => Some(self.get_tenant(caller, tenant).await?.key),
            None => caller.bound_to(),
        };
        let global = request.kind.map(|kind| kind == Kind::Global);
        let filter = ApplicationFilter { tenant, global, search: request.search };
        let page = request.page;
        let listed = self
            .store()
            .read(move |tx| Box::pin(async move { store::applications::list(tx, &filter, page.rows()).await }))
            .await?;
        Ok(page.of(listed, |application| application))
    }

    /// An application that the caller can see, deleted or not.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn get_application(&self, caller: &AdminCaller, id: &str) -> Result<Application, ServiceError> {
        let id = application_id(id)?;
        let tenant = caller.bound_to();
        let found = self
            .store()
            .read(move |tx| Box::pin(async move { store::applications::by_id(tx, tenant, id).await }))
            .await?;
        found.ok_or_else(not_found)
    }

    /// Changes an application. Takes effect at once, on the tokens that it has as well.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; [`ServiceError::Conflict`] for a deleted one;
    /// [`ServiceError::Validation`] for a role that does not go with its kind.
    pub async fn update_application(
        &self,
        caller: &AdminWriter,
        id: &str,
        request: UpdateApplication,
    ) -> Result<Application, ServiceError> {
        let before = self.get_application(caller, id).await?;
        check_role(Kind::of(&before), request.role.flatten())?;
        let changed = request.changed();
        let change = ApplicationChange {
            name: request.name,
            description: request.description,
            scopes: request.scopes.as_deref().map(joined),
            role: request.role.map(|role| role.map(str::to_owned)),
            is_active: request.is_active,
        };
        let (id, tenant, now, writer) = (before.id, caller.bound_to(), self.now(), caller.clone());
        let updated = self
            .store()
            .write(move |tx| {
                let (change, changed, writer) = (change.clone(), changed.clone(), writer.clone());
                Box::pin(async move {
                    let updated = store::applications::update(tx, tenant, id, &change, now).await?;
                    if let Some(application) = &updated {
                        let owner = application.tenant.map(|(key, _)| key);
                        audit::insert(tx, &writer.entry(now, "application.update", owner, id, &changed)).await?;
                    }
                    Ok(updated)
                })
            })
            .await?;
        updated.ok_or_else(deleted)
    }

    /// Deletes an application: it gets no more tokens, and those it has are refused. Deleting it
    /// again changes nothing.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn delete_application(&self, caller: &AdminWriter, id: &str) -> Result<(), ServiceError> {
        let before = self.get_application(caller, id).await?;
        let (id, tenant, now, writer) = (before.id, caller.bound_to(), self.now(), caller.clone());
        self.store()
            .write(move |tx| {
                let writer = writer.clone();
                Box::pin(async move {
                    let by = writer.actor.to_string();
                    if let Some(application) = store::applications::delete(tx, tenant, id, &by, now).await? {
                        let owner = application.tenant.map(|(key, _)| key);
                        audit::insert(tx, &writer.entry(now, "application.delete", owner, id, &[])).await?;
                    }
                    Ok(())
                })
            })
            .await?;
        Ok(())
    }

    /// Gives an application another secret; the one it had is good for a while longer.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; [`ServiceError::Conflict`] for a deleted one.
    pub async fn rotate_application(
        &self,
        caller: &AdminWriter,
        id: &str,
        request: RotateSecret,
    ) -> Result<IssuedApplication, ServiceError> {
        let before = self.get_application(caller, id).await?;
        let secret = self.new_secret(CLIENT_SECRET);
        let (hash, last_four) = (secret.hash(), secret.last_four());
        let (id, tenant, now, writer) = (before.id, caller.bound_to(), self.now(), caller.clone());
        let previous_until = now + i64::from(request.overlap_s) * 1000;
        let rotated = self
            .store()
            .write(move |tx| {
                let (last_four, writer) = (last_four.clone(), writer.clone());
                Box::pin(async move {
                    let mark = (&hash, last_four.as_str());
                    let rotated = store::applications::rotate(tx, tenant, id, mark, previous_until, now).await?;
                    if let Some(application) = &rotated {
                        let owner = application.tenant.map(|(key, _)| key);
                        audit::insert(tx, &writer.entry(now, "application.rotate", owner, id, &[])).await?;
                    }
                    Ok(rotated)
                })
            })
            .await?;
        rotated.map(|application| IssuedApplication { application, secret }).ok_or_else(deleted)
    }
}

/// A role of the platform is not for tenants, nor the other way round.
fn check_role(kind: Kind, role: Option<&str>) -> Result<(), ServiceError> {
    let fits = match (kind, role) {
        (_, None) => true,
        (Kind::Global, Some(role)) => role != TENANT_ADMIN,
        (Kind::Tenant, Some(role)) => role == TENANT_ADMIN,
    };
    if fits {
        return Ok(());
    }
    let msg = format!("Value error, a {} application cannot have this role", kind.name());
    Err(ServiceError::Validation(vec![FieldError::body("role", "value_error", msg)]))
}

/// Scopes as they are stored and sent: each once, in one fixed order, separated by spaces.
fn joined(scopes: &[&str]) -> String {
    let known = SCOPES.into_iter().map(|(name, _)| name).filter(|name| scopes.contains(name));
    known.collect::<Vec<_>>().join(" ")
}

fn application_id(text: &str) -> Result<Id, ServiceError> {
    text.parse().map_err(|_| not_found())
}

fn not_found() -> ServiceError {
    ServiceError::NotFound("Application not found".into())
}

fn deleted() -> ServiceError {
    ServiceError::Conflict("The application is deleted and cannot be changed".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_of_the_platform_are_not_for_tenants() {
        assert!(check_role(Kind::Tenant, Some(SUPER_ADMIN)).is_err());
        assert!(check_role(Kind::Tenant, Some(PARTNER_ADMIN)).is_err());
        assert!(check_role(Kind::Global, Some(TENANT_ADMIN)).is_err());
        assert!(check_role(Kind::Global, Some(SUPER_ADMIN)).is_ok());
        assert!(check_role(Kind::Tenant, Some(TENANT_ADMIN)).is_ok());
        assert!(check_role(Kind::Tenant, None).is_ok());
    }

    #[test]
    fn scopes_are_kept_once_and_in_order() {
        assert_eq!(joined(&[SCIM_WRITE, ADMIN_READ, SCIM_WRITE]), "admin:read scim:write");
    }
}
