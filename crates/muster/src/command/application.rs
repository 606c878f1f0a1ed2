//! `muster application …`: OAuth clients of the admin API, without the server.

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use service::applications::{Application, IssuedApplication, Kind, ListApplications};

use super::database::{OnDatabase, Shown, all, list, request, table, time};
use crate::failure::Failure;

/// Work on OAuth clients.
#[derive(Debug, Args)]
pub(crate) struct ApplicationCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a client; its secret is shown this once
    Create {
        #[command(flatten)]
        on: OnDatabase,
        #[command(flatten)]
        new: NewApplication,
    },
    /// List clients
    List {
        #[command(flatten)]
        on: OnDatabase,
        /// Only those of this tenant, by id or slug
        #[arg(long)]
        tenant: Option<String>,
    },
    /// Give a client another secret; it is shown this once
    RotateSecret {
        #[command(flatten)]
        on: OnDatabase,
        /// Its id, app_…
        application: String,
        /// How long the old secret stays good [default: 86400]
        #[arg(long, value_name = "SECONDS")]
        overlap_seconds: Option<u32>,
    },
    /// Delete a client; its access tokens are refused at once
    Delete {
        #[command(flatten)]
        on: OnDatabase,
        /// Its id, app_…
        application: String,
    },
}

#[derive(Debug, Args)]
struct NewApplication {
    /// A name for people
    #[arg(long)]
    name: String,
    /// What it is for
    #[arg(long)]
    description: Option<String>,
    /// The tenant it belongs to, by id or slug [default: none, it is a GLOBAL client of the platform]
    #[arg(long)]
    tenant: Option<String>,
    /// What it may ask for: admin:read, admin:write, scim:read, scim:write; can be repeated
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// The role that its access tokens carry: super_admin, partner_admin or tenant_admin
    #[arg(long)]
    role: Option<String>,
}

impl ApplicationCommand {
    /// # Errors
    /// When there is no such client or tenant, or the request does not fit.
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self.action {
            Action::Create { on, new } => on.run(async |app, operator| {
                let issued = app.create_application(operator, new.request()?).await?;
                Ok(show_issued(&issued))
            }),
            Action::List { on, tenant } => on.run(async |app, operator| {
                let applications = all(async |page| {
                    let request = ListApplications { page, tenant: tenant.clone(), kind: None, search: None };
                    Ok(app.list_applications(operator, request).await?)
                })
                .await?;
                Ok(show_list(&applications))
            }),
            Action::RotateSecret { on, application, overlap_seconds } => on.run(async |app, operator| {
                let request = request([("overlap_seconds", overlap_seconds.map(Value::from))])?;
                Ok(show_issued(&app.rotate_application(operator, &application, request).await?))
            }),
            Action::Delete { on, application } => on.run(async |app, operator| {
                app.delete_application(operator, &application).await?;
                Ok(Shown { json: json!({"deleted": application}), text: format!("{application} is deleted") })
            }),
        }
    }
}

impl NewApplication {
    fn request(self) -> Result<service::applications::CreateApplication, Failure> {
        request([
            ("name", Some(self.name.into())),
            ("description", self.description.map(Value::from)),
            ("tenant_id", self.tenant.map(Value::from)),
            ("scopes", list(self.scopes)),
            ("role", self.role.map(Value::from)),
        ])
    }
}

fn show_issued(issued: &IssuedApplication) -> Shown {
    let mut json = to_json(&issued.application);
    json["client_secret"] = issued.secret.reveal().into();
    let text = format!(
        "{}\n  client_id      {}\n  client_secret  {}\n\nThe secret is not shown again.\n",
        issued.application.id,
        issued.application.client_id,
        issued.secret.reveal(),
    );
    Shown { json, text }
}

fn show_list(applications: &[Application]) -> Shown {
    let rows: Vec<_> = applications
        .iter()
        .map(|application| {
            [
                application.id.to_string(),
                application.client_id.clone(),
                Kind::of(application).name().to_owned(),
                application.scopes.clone(),
                application.name.clone(),
            ]
        })
        .collect();
    Shown {
        json: applications.iter().map(to_json).collect(),
        text: table(["ID", "CLIENT ID", "KIND", "SCOPES", "NAME"], &rows),
    }
}

fn to_json(application: &Application) -> Value {
    json!({
        "id": application.id.to_string(),
        "client_id": application.client_id,
        "name": application.name,
        "description": application.description,
        "app_scope": Kind::of(application).name(),
        "tenant_id": application.tenant.map(|(_, id)| id.to_string()),
        "scopes": application.scopes.split_whitespace().collect::<Vec<_>>(),
        "role": application.role,
        "is_active": application.is_active,
        "created_at": time(Some(application.created_at)),
    })
}
