//! What `--dev` finds or makes: an administrator, a tenant and a SCIM token whose secrets can be
//! shown again at each start, since they follow from the master key. Only hashes are stored.

use aws_lc_rs::hmac;
use store::StoreError;
use store::applications::NewApplication;
use store::audit;
use store::scim_tokens::{NewToken, SecretMark, TokenStatus};
use store::tenants::{NewTenant, TenantStatus};

use crate::App;
use crate::applications::{self, SUPER_ADMIN};
use crate::caller::{AdminWriter, IdentityProvider, Scopes};
use crate::error::ServiceError;
use crate::scim_tokens;
use crate::secret::{CLIENT_SECRET, SCIM_TOKEN, TokenSecret};
use crate::tenants::{self, Tenant};

/// How the development tenant is named in URLs.
pub const DEV_TENANT: &str = "dev";
/// How the development administrator names itself at the token endpoint.
pub const DEV_CLIENT: &str = "muster-dev";

/// How often what was deleted or revoked by hand is made anew under another number.
const TRIES_MAX: u32 = 1000;

/// Credentials to try the server with.
#[derive(Debug)]
pub struct DevCredentials {
    /// The `client_id` of a GLOBAL client that may do everything.
    pub client_id: String,
    /// Its secret.
    pub client_secret: TokenSecret,
    /// A tenant.
    pub tenant: Tenant,
    /// A SCIM token of that tenant.
    pub scim_token: TokenSecret,
}

impl App {
    /// Finds or makes what is needed to try the server. The same at each start on the same data,
    /// unless something of it was deleted or revoked: then there is a new one.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub async fn bootstrap_dev(&self) -> Result<DevCredentials, ServiceError> {
        let caller = self.operator("dev");
        for _ in 0..TRIES_MAX {
            match self.find_or_make(&caller).await {
                // Another process makes the same just now, so it is there to be found.
                Err(ServiceError::Store(StoreError::NotUnique(_))) => {}
                found => return found,
            }
        }
        Err(exhausted())
    }

    async fn find_or_make(&self, caller: &AdminWriter) -> Result<DevCredentials, ServiceError> {
        let tenant = self.dev_tenant(caller).await?;
        let (client_id, client_secret) = self.dev_client(caller).await?;
        let scim_token = self.dev_scim_token(caller, &tenant).await?;
        Ok(DevCredentials { client_id, client_secret, tenant, scim_token })
    }

    async fn dev_tenant(&self, caller: &AdminWriter) -> Result<Tenant, ServiceError> {
        for number in 0..TRIES_MAX {
            let slug = numbered(DEV_TENANT, number);
            match self.get_tenant(caller, &slug).await {
                Ok(tenant) if tenant.status == TenantStatus::Deleted => {}
                Ok(tenant) => return Ok(tenant),
                Err(ServiceError::NotFound(_)) => {
                    let now = self.now();
                    let new = NewTenant {
                        id: self.new_id(tenants::PREFIX),
                        slug,
                        name: "Development".into(),
                        limits: store::tenants::LimitOverrides::default(),
                        settings: store::tenants::TenantSettings::default(),
                    };
                    let writer = caller.clone();
                    let written = self.store().write(move |tx| {
                        let (new, writer) = (new.clone(), writer.clone());
                        Box::pin(async move {
                            let row = store::tenants::insert(tx, &new, now).await?;
                            audit::insert(tx, &writer.entry(now, "tenant.create", Some(row.key), row.id, &[])).await?;
                            Ok(row)
                        })
                    });
                    return Ok(self.tenant(written.await?));
                }
                Err(other) => return Err(other),
            }
        }
        Err(exhausted())
    }

    async fn dev_client(&self, caller: &AdminWriter) -> Result<(String, TokenSecret), ServiceError> {
        for number in 0..TRIES_MAX {
            let client_id = numbered(DEV_CLIENT, number);
            let secret = self.derived(CLIENT_SECRET, &client_id);
            let wanted = client_id.clone();
            let found = self
                .store()
                .read(move |tx| Box::pin(async move { store::applications::by_client_id(tx, &wanted).await }))
                .await?;
            if let Some(known) = found {
                if known.is_active && known.deleted_at.is_none() && known.hash == secret.hash() {
                    return Ok((client_id, secret));
                }
                continue;
            }
            let new = NewApplication {
                tenant: None,
                id: self.new_id(applications::PREFIX),
                client_id: client_id.clone(),
                name: "Development administrator".into(),
                description: None,
                scopes: applications::SCOPES.map(|(name, _)| name).join(" "),
                role: Some(SUPER_ADMIN.into()),
                hash: secret.hash(),
                last_four: secret.last_four(),
                created_by: caller.actor.to_string(),
            };
            self.insert_application(caller, new).await?;
            return Ok((client_id, secret));
        }
        Err(exhausted())
    }

    async fn dev_scim_token(&self, caller: &AdminWriter, tenant: &Tenant) -> Result<TokenSecret, ServiceError> {
        let (key, now) = (tenant.key, self.now());
        for number in 0..TRIES_MAX {
            let secret = self.derived(SCIM_TOKEN, &numbered(&tenant.id.to_string(), number));
            let hash = secret.hash();
            let found = self
                .store()
                .read(move |tx| Box::pin(async move { store::scim_tokens::by_hash(tx, key, &hash).await }))
                .await?;
            match found {
                Some((token, store::scim_tokens::Secret::Current)) if token.status(now) == TokenStatus::Active => {
                    return Ok(secret);
                }
                Some(_) => {}
                None => {
                    let new = NewToken {
                        id: self.new_id(scim_tokens::PREFIX),
                        name: "Development".into(),
                        description: None,
                        secret: SecretMark { hash, prefix: secret.prefix(SCIM_TOKEN), last_four: secret.last_four() },
                        scopes: Scopes::ALL.bits(),
                        allowed_ips: Vec::new(),
                        identity_provider: IdentityProvider::Generic.name().into(),
                        expires_at: None,
                        created_by: caller.actor.to_string(),
                    };
                    let entry = caller.entry(now, "scim_token.create", Some(key), new.id, &[]);
                    self.store()
                        .write(move |tx| {
                            let (new, entry) = (new.clone(), entry.clone());
                            Box::pin(async move {
                                store::scim_tokens::insert(tx, key, &new, now).await?;
                                audit::insert(tx, &entry).await
                            })
                        })
                        .await?;
                    return Ok(secret);
                }
            }
        }
        Err(exhausted())
    }

    /// A secret that follows from the master key and a label: HMAC as a key derivation.
    fn derived(&self, prefix: &str, label: &str) -> TokenSecret {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.settings().master_key.bytes());
        let tag = hmac::sign(&key, format!("muster dev {prefix} {label}").as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(tag.as_ref());
        TokenSecret::new(prefix, &bytes)
    }
}

fn numbered(name: &str, number: u32) -> String {
    if number == 0 { name.to_owned() } else { format!("{name}-{}", number + 1) }
}

fn exhausted() -> ServiceError {
    ServiceError::Conflict("Too much of what --dev makes was deleted: start with a fresh data directory".into())
}
