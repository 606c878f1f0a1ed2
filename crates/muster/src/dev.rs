//! What `serve --dev` tells: credentials to try with, as text for a person and as a file for scripts.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};
use service::bootstrap::DevCredentials;

use crate::config::Config;
use crate::data_dir::write_private;
use crate::failure::Failure;

/// Credentials to try with, and where to use them.
#[derive(Debug)]
pub(crate) struct Trial {
    pub(crate) base_url: String,
    pub(crate) credentials: DevCredentials,
}

impl Trial {
    /// Writes the file of `--dev-credentials`.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Failure> {
        write_private(path, &format!("{:#}\n", self.json()))
            .map_err(|error| Failure::io(&format!("cannot write {}", path.display()), &error))
    }

    fn scim_base_url(&self) -> String {
        format!("{}/api/v1/tenants/{}/scim/v2", self.base_url, self.credentials.tenant.id)
    }

    fn json(&self) -> Value {
        let DevCredentials { client_id, client_secret, tenant, scim_token } = &self.credentials;
        json!({
            "base_url": self.base_url,
            "admin": {"client_id": client_id, "client_secret": client_secret.reveal()},
            "tenant": {"id": tenant.id.to_string(), "slug": tenant.slug},
            "scim": {"base_url": self.scim_base_url(), "token": scim_token.reveal()},
        })
    }

    /// What a person is told: the credentials, and three lines to try.
    pub(crate) fn tell(&self) -> String {
        let Self { base_url, credentials } = self;
        let DevCredentials { client_id, client_secret, tenant, scim_token } = credentials;
        let (client_secret, token, scim) = (client_secret.reveal(), scim_token.reveal(), self.scim_base_url());
        let user = r#"{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ana@example.com"}"#;
        format!(
            "Muster is ready at {base_url}, with credentials for development:

  admin client   {client_id}
  its secret     {client_secret}
  tenant         {slug} ({tenant_id})
  SCIM base URL  {scim}
  SCIM token     {token}

Three things to try:

  curl {scim}/Users -H 'Authorization: Bearer {token}' -H 'Content-Type: application/scim+json' -d '{user}'

  curl {scim}/Users -H 'Authorization: Bearer {token}'

  curl {base_url}/api/v1/platform/oauth/token -u {client_id}:{client_secret} -d grant_type=client_credentials
",
            slug = tenant.slug,
            tenant_id = tenant.id,
        )
    }
}

/// Where clients on this machine reach us: the public URL, or the address that we listen on.
pub(crate) fn base_url(config: &Config, listening: SocketAddr) -> String {
    match &config.basics.public_url {
        Some(url) => url.as_str().to_owned(),
        None if listening.ip().is_unspecified() => format!("http://127.0.0.1:{}", listening.port()),
        None => format!("http://{listening}"),
    }
}
