//! `muster token …`: SCIM tokens, without the server.

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use service::scim_tokens::{IssuedToken, ListScimTokens, ScimToken};
use service::{App, Scopes};

use super::database::{OnDatabase, Shown, all, list, request, table, time, time_text};
use crate::failure::Failure;

/// Work on SCIM tokens.
#[derive(Debug, Args)]
pub(crate) struct TokenCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a token; its secret is shown this once
    Create {
        #[command(flatten)]
        on: OnDatabase,
        #[command(flatten)]
        new: NewToken,
    },
    /// List tokens
    List {
        #[command(flatten)]
        on: OnDatabase,
        /// Only those of this tenant, by id or slug
        #[arg(long)]
        tenant: Option<String>,
        /// Revoked ones too
        #[arg(long)]
        include_revoked: bool,
    },
    /// Revoke a token for good
    Revoke {
        #[command(flatten)]
        on: OnDatabase,
        /// Its id, sct_…
        token: String,
    },
    /// Give a token another secret; it is shown this once
    Rotate {
        #[command(flatten)]
        on: OnDatabase,
        /// Its id, sct_…
        token: String,
        /// How long the old secret stays good [default: 86400]
        #[arg(long, value_name = "SECONDS")]
        overlap_seconds: Option<u32>,
    },
}

#[derive(Debug, Args)]
struct NewToken {
    /// The tenant it opens, by id or slug
    #[arg(long)]
    tenant: String,
    /// A name for people
    #[arg(long)]
    name: String,
    /// What it is for
    #[arg(long)]
    description: Option<String>,
    /// The product that will use it: okta, entra, onelogin, jumpcloud, google, ping, sailpoint, generic
    #[arg(long)]
    identity_provider: Option<String>,
    /// What it may do; can be repeated [default: all of them]
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// An address or network that may use it; can be repeated [default: any]
    #[arg(long = "allowed-ip", value_name = "CIDR")]
    allowed_ips: Vec<String>,
    /// When it ends [default: never]
    #[arg(long, value_name = "DAYS")]
    expires_in_days: Option<u32>,
}

impl TokenCommand {
    /// # Errors
    /// When there is no such token or tenant, or the request does not fit.
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self.action {
            Action::Create { on, new } => on.run(async |app, operator| {
                let issued = app.issue_scim_token(operator, new.request()?).await?;
                Ok(show_issued(app, &issued))
            }),
            Action::List { on, tenant, include_revoked } => on.run(async |app, operator| {
                let tokens = all(async |page| {
                    let request =
                        ListScimTokens { page, tenant: tenant.clone(), status: None, search: None, include_revoked };
                    Ok(app.list_scim_tokens(operator, request).await?)
                })
                .await?;
                Ok(show_list(app, &tokens))
            }),
            Action::Revoke { on, token } => on.run(async |app, operator| {
                app.revoke_scim_token(operator, &token).await?;
                Ok(Shown { json: json!({"revoked": token}), text: format!("{token} is revoked") })
            }),
            Action::Rotate { on, token, overlap_seconds } => on.run(async |app, operator| {
                let request = request([("overlap_seconds", overlap_seconds.map(Value::from))])?;
                let issued = app.rotate_scim_token(operator, &token, request).await?;
                Ok(show_issued(app, &issued))
            }),
        }
    }
}

impl NewToken {
    fn request(self) -> Result<service::scim_tokens::CreateScimToken, Failure> {
        request([
            ("tenant_id", Some(self.tenant.into())),
            ("name", Some(self.name.into())),
            ("description", self.description.map(Value::from)),
            ("identity_provider", self.identity_provider.map(Value::from)),
            ("scopes", list(self.scopes)),
            ("allowed_ips", list(self.allowed_ips)),
            ("expires_in_days", self.expires_in_days.map(Value::from)),
        ])
    }
}

fn show_issued(app: &App, issued: &IssuedToken) -> Shown {
    let mut json = to_json(app, &issued.token);
    json["token"] = issued.secret.reveal().into();
    let text = format!("{}\n  token  {}\n\nThe token is not shown again.\n", issued.token.id, issued.secret.reveal());
    Shown { json, text }
}

fn show_list(app: &App, tokens: &[ScimToken]) -> Shown {
    let rows: Vec<_> = tokens
        .iter()
        .map(|token| {
            [
                token.id.to_string(),
                token.tenant_id.to_string(),
                token.status(app.now()).as_str().to_owned(),
                time_text(token.expires_at),
                time_text(token.last_used_at),
                token.name.clone(),
            ]
        })
        .collect();
    Shown {
        json: tokens.iter().map(|token| to_json(app, token)).collect(),
        text: table(["ID", "TENANT", "STATUS", "EXPIRES", "LAST USED", "NAME"], &rows),
    }
}

fn to_json(app: &App, token: &ScimToken) -> Value {
    json!({
        "id": token.id.to_string(),
        "tenant_id": token.tenant_id.to_string(),
        "name": token.name,
        "description": token.description,
        "token_prefix": token.prefix,
        "token_last_four": token.last_four,
        "scopes": Scopes::from_bits(token.scopes).names().collect::<Vec<_>>(),
        "allowed_ips": token.allowed_ips,
        "identity_provider": token.identity_provider,
        "status": token.status(app.now()).as_str(),
        "expires_at": time(token.expires_at),
        "created_at": time(Some(token.created_at)),
        "last_used_at": time(token.last_used_at),
        "revoked_at": time(token.revoked_at),
    })
}
