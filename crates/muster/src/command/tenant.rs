//! `muster tenant …`: customers, without the server.

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use service::tenants::ListTenants;
use service::{AdminWriter, App, Tenant};

use super::database::{OnDatabase, Shown, all, request, table, time};
use crate::failure::Failure;

/// Work on tenants.
#[derive(Debug, Args)]
pub(crate) struct TenantCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a tenant
    Create {
        #[command(flatten)]
        on: OnDatabase,
        /// A name for people
        name: String,
        /// The readable name in URLs [default: made of the name]
        #[arg(long)]
        slug: Option<String>,
    },
    /// List the tenants that are not deleted
    List {
        #[command(flatten)]
        on: OnDatabase,
    },
    /// Show a tenant
    Show(OneTenant),
    /// Close a tenant's SCIM routes for now; nothing is lost
    Suspend(OneTenant),
    /// Open them again
    Resume(OneTenant),
    /// Close a tenant for good; its slug is never given again
    Delete(OneTenant),
}

#[derive(Debug, Args)]
struct OneTenant {
    #[command(flatten)]
    on: OnDatabase,
    /// Its id or slug
    tenant: String,
}

impl TenantCommand {
    /// # Errors
    /// When there is no such tenant, or the request does not fit.
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self.action {
            Action::Create { on, name, slug } => on.run(async |app, operator| {
                let request = request([("name", Some(name.into())), ("slug", slug.map(Value::from))])?;
                Ok(show(&app.create_tenant(operator, request).await?))
            }),
            Action::List { on } => on.run(list),
            Action::Show(one) => {
                one.on.run(async |app, operator| Ok(show(&app.get_tenant(operator, &one.tenant).await?)))
            }
            Action::Suspend(one) => set_status(one, "suspended"),
            Action::Resume(one) => set_status(one, "active"),
            Action::Delete(one) => one.on.run(async |app, operator| {
                app.delete_tenant(operator, &one.tenant).await?;
                Ok(Shown { json: json!({"deleted": one.tenant}), text: format!("{} is deleted", one.tenant) })
            }),
        }
    }
}

fn set_status(one: OneTenant, status: &'static str) -> Result<(), Failure> {
    one.on.run(async |app, operator| {
        let request = request([("status", Some(status.into()))])?;
        Ok(show(&app.update_tenant(operator, &one.tenant, request).await?))
    })
}

async fn list(app: &App, operator: &AdminWriter) -> Result<Shown, Failure> {
    let tenants =
        all(async |page| Ok(app.list_tenants(operator, ListTenants { page, status: None, search: None }).await?))
            .await?;
    let rows: Vec<_> = tenants
        .iter()
        .map(|tenant| {
            [tenant.id.to_string(), tenant.slug.clone(), tenant.status.as_str().to_owned(), tenant.name.clone()]
        })
        .collect();
    Ok(Shown { json: tenants.iter().map(to_json).collect(), text: table(["ID", "SLUG", "STATUS", "NAME"], &rows) })
}

fn show(tenant: &Tenant) -> Shown {
    let text = format!(
        "{}\n  slug    {}\n  name    {}\n  status  {}\n",
        tenant.id,
        tenant.slug,
        tenant.name,
        tenant.status.as_str()
    );
    Shown { json: to_json(tenant), text }
}

fn to_json(tenant: &Tenant) -> Value {
    json!({
        "id": tenant.id.to_string(),
        "slug": tenant.slug,
        "name": tenant.name,
        "status": tenant.status.as_str(),
        "created_at": time(Some(tenant.created_at)),
        "updated_at": time(Some(tenant.updated_at)),
    })
}
