//! `/api/v1/admin/tenants/{tenant_id}/resource-types`: the JSON of RFC 7643 §6.

use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use service::schemas::DefinedResourceType;
use service::{App, form};
use utoipa::ToSchema;

use super::schemas::origin;
use super::{PageView, json, time};
use crate::http::exchange::Exchange;
use crate::http::extract::{AdminBody, AdminCaller, AdminWriter, BelowTenant, InTenant, Query};
use crate::http::problem::Problem;
use crate::http::respond::Answer;

/// A resource type that a tenant has (RFC 7643 §6).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DefinedResourceType)]
pub(crate) struct ResourceTypeView {
    /// Its name.
    id: String,
    /// Its name.
    name: String,
    /// Its path below the SCIM base.
    endpoint: String,
    /// What it is for.
    description: String,
    /// The URN of its core schema.
    schema: String,
    /// Schemas that add to it.
    #[serde(rename = "schemaExtensions")]
    schema_extensions: Vec<ExtensionView>,
    /// `tenant`, or `built-in`, changed or not.
    origin: &'static str,
    /// When it was defined; null for a built-in one that is as it was.
    created_at: Option<String>,
    /// When it was last changed.
    updated_at: Option<String>,
}

/// A schema that adds to a resource type.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SchemaExtension)]
pub(crate) struct ExtensionView {
    /// The URN.
    schema: String,
    /// Whether every resource must have values of it.
    required: bool,
}

impl ResourceTypeView {
    fn new(defined: &DefinedResourceType) -> Self {
        let resource_type = &defined.resource_type;
        let extensions = resource_type.extensions.iter();
        let extensions = extensions
            .map(|extension| ExtensionView { schema: extension.schema.id.clone(), required: extension.required });
        Self {
            id: resource_type.name.clone(),
            name: resource_type.name.clone(),
            endpoint: resource_type.endpoint.clone(),
            description: resource_type.description.clone(),
            schema: resource_type.schema.id.clone(),
            schema_extensions: extensions.collect(),
            origin: origin(defined.is_built_in()),
            created_at: time(defined.created_at),
            updated_at: time(defined.updated_at),
        }
    }
}

/// `GET …/resource-types`.
pub(crate) async fn list(
    State(app): State<App>,
    AdminCaller(caller): AdminCaller,
    InTenant(tenant): InTenant,
    Query(query): Query,
) -> Result<Answer, Problem> {
    let page = app.list_resource_types(&caller, &tenant, form::query(&query)?).await?;
    Ok(json(StatusCode::OK, &PageView::of(page, |defined| ResourceTypeView::new(&defined))))
}

/// `POST …/resource-types`.
pub(crate) async fn create(
    State(app): State<App>,
    AdminWriter(caller): AdminWriter,
    exchange: Exchange,
    InTenant(tenant): InTenant,
    AdminBody(body): AdminBody,
) -> Result<Answer, Problem> {
    let view = ResourceTypeView::new(&app.create_resource_type(&caller, &tenant, form::body(&body)?).await?);
    let location = format!("{}/api/v1/admin/tenants/{tenant}/resource-types/{}", exchange.base(), view.name);
    Ok(json(StatusCode::CREATED, &view).location(&location))
}

/// `GET …/resource-types/{name}`.
pub(crate) async fn read(
    State(app): State<App>,
    AdminCaller(caller): AdminCaller,
    BelowTenant { tenant, name }: BelowTenant,
) -> Result<Answer, Problem> {
    let defined = app.get_resource_type(&caller, &tenant, &name).await?;
    Ok(json(StatusCode::OK, &ResourceTypeView::new(&defined)))
}

/// `PUT …/resource-types/{name}`.
pub(crate) async fn replace(
    State(app): State<App>,
    AdminWriter(caller): AdminWriter,
    BelowTenant { tenant, name }: BelowTenant,
    AdminBody(body): AdminBody,
) -> Result<Answer, Problem> {
    let defined = app.replace_resource_type(&caller, &tenant, &name, form::body(&body)?).await?;
    Ok(json(StatusCode::OK, &ResourceTypeView::new(&defined)))
}

/// `DELETE …/resource-types/{name}`.
pub(crate) async fn delete(
    State(app): State<App>,
    AdminWriter(caller): AdminWriter,
    BelowTenant { tenant, name }: BelowTenant,
) -> Result<Answer, Problem> {
    app.delete_resource_type(&caller, &tenant, &name).await?;
    Ok(Answer::no_content())
}
