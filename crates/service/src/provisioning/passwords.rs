//! Passwords become hashes here, before a batch reaches the store: argon2id with the parameters
//! that OWASP recommends (19 MiB, two passes), on threads of their own and a few at a time, since
//! each takes tens of milliseconds of a processor.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::PasswordHasher;
use argon2::password_hash::phc::PasswordHash;
use futures_util::future::try_join_all;
use scim::batch::{Action, Unit};
use scim::resource::Secret;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::clock::Secrets;
use crate::error::ServiceError;
use store::StoreError;

/// Hashes passwords, no more at a time than there are processors.
#[derive(Debug, Clone)]
pub(crate) struct Passwords {
    salts: Secrets,
    places: Arc<Semaphore>,
}

impl Passwords {
    /// Salts come from `salts`.
    pub(crate) fn new(salts: Secrets) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self { salts, places: Arc::new(Semaphore::new(processors)) }
    }

    /// Replaces each password in `units` by its hash.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the process is stopping.
    pub(super) async fn hash_all(&self, units: &mut [Unit]) -> Result<(), ServiceError> {
        let steps = units.iter_mut().flat_map(|unit| &mut unit.steps);
        let operations = steps.filter_map(|step| step.work.as_mut().ok());
        let plain = operations.filter_map(|operation| match &mut operation.action {
            Action::Create(resource) | Action::Replace(resource) => resource.secret.as_mut(),
            Action::Patch(plan) => plan.secret.as_mut().and_then(Option::as_mut),
            Action::Delete => None,
        });
        try_join_all(plain.map(|secret| self.hash(secret))).await?;
        Ok(())
    }

    async fn hash(&self, secret: &mut Secret) -> Result<(), ServiceError> {
        let Secret::Plain(password) = secret else { return Ok(()) };
        let password = std::mem::take(password);
        let salt = self.salts.bytes::<16>();
        let stopping = || ServiceError::from(StoreError::Unavailable("the process is stopping".into()));
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| stopping())?;
        let hashed = spawn_blocking(move || {
            let _place = place;
            let hash: Result<PasswordHash, _> = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt);
            hash.map(|hash| hash.to_string())
        });
        let hashed = hashed.await.map_err(|_| stopping())?;
        // Only lengths could be refused, and those are bounded: a string attribute's here, ours there.
        *secret = Secret::Hashed(hashed.map_err(|error| StoreError::Corrupt(error.to_string()))?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use argon2::PasswordVerifier;
    use scim::batch::{Batch, Operation};
    use scim::id::{Id, Precondition};
    use scim::resource::Resource;
    use scim::schema::core;

    use super::*;

    #[tokio::test]
    async fn a_password_is_replaced_by_its_argon2id_hash() {
        let user = Arc::clone(core::registry().type_named("User").unwrap());
        let body = scim::json::parse(br#"{"userName":"ana","password":"s3cret"}"#).unwrap();
        let operation = Operation {
            action: Action::Create(Resource::read(&user, body).unwrap()),
            resource_type: user,
            target: Id::new(*b"usr", 1),
            precondition: Precondition::Any,
        };
        let mut batch = Batch::single(operation);

        Passwords::new(Secrets::seeded(1)).hash_all(&mut batch.units).await.unwrap();

        let Ok(Operation { action: Action::Create(resource), .. }) = &batch.units[0].steps[0].work else { panic!() };
        let Some(Secret::Hashed(hash)) = &resource.secret else { panic!() };
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let hash = PasswordHash::new(hash).unwrap();
        assert!(Argon2::default().verify_password(b"s3cret", &hash).is_ok());
        assert!(Argon2::default().verify_password(b"other", &hash).is_err());
    }
}
