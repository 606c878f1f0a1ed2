//! `/api/v1/admin/tenants/{tenant_id}/schemas`: the JSON of RFC 7643 §7, with what becomes of indexes.

use axum::extract::State;
use http::StatusCode;
use scim::schema::{Attribute, Kind, Mutability, Returned, Uniqueness};
use serde::Serialize;
use service::schemas::DefinedSchema;
use service::{App, form};
use utoipa::ToSchema;

use super::{PageView, json, time};
use crate::http::exchange::Exchange;
use crate::http::extract::{AdminBody, AdminCaller, AdminWriter, BelowTenant, InTenant, Query};
use crate::http::problem::Problem;
use crate::http::respond::Answer;

/// A schema that a tenant has (RFC 7643 §7).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DefinedSchema)]
pub(crate) struct SchemaView {
    /// The URN.
    id: String,
    /// A name for people.
    name: String,
    /// What it is for.
    description: String,
    /// The attributes, as they hold.
    attributes: Vec<AttributeView>,
    /// `tenant`, or `built-in`, changed or not.
    origin: &'static str,
    /// Names of the resource types that have it.
    used_by: Vec<String>,
    /// When it was defined; null for a built-in one that is as it was.
    created_at: Option<String>,
    /// When it was last changed.
    updated_at: Option<String>,
}

/// An attribute or sub-attribute (RFC 7643 §7).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DefinedAttribute)]
pub(crate) struct AttributeView {
    /// The canonical spelling.
    name: String,
    /// `string`, `boolean`, `decimal`, `integer`, `dateTime`, `reference`, `binary` or `complex`.
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    kind: Kind,
    /// Whether it has any number of values.
    multi_valued: bool,
    /// What it is for.
    description: String,
    /// Whether a resource must have it.
    required: bool,
    /// Values that have a meaning.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    canonical_values: Vec<String>,
    /// Whether strings compare with case.
    case_exact: bool,
    /// `readOnly`, `readWrite`, `immutable` or `writeOnly`.
    #[schema(value_type = String)]
    mutability: Mutability,
    /// `always`, `never`, `default` or `request`.
    #[schema(value_type = String)]
    returned: Returned,
    /// `none`, `server` or `global`.
    #[schema(value_type = String)]
    uniqueness: Uniqueness,
    /// What a reference may point to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reference_types: Vec<String>,
    /// Whether its values are to be looked up in an index.
    indexed: bool,
    /// What of the index is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<IndexView>,
    /// The parts of a complex attribute.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(no_recursion)]
    sub_attributes: Vec<AttributeView>,
}

/// What of an index is there.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AttributeIndex)]
pub(crate) struct IndexView {
    /// `ready`, `building` (filters look at resources one by one meanwhile) or `failed`.
    state: &'static str,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl SchemaView {
    fn new(defined: &DefinedSchema) -> Self {
        let schema = &defined.schema;
        Self {
            id: schema.id.clone(),
            name: schema.name.clone(),
            description: schema.description.clone(),
            attributes: AttributeView::all(defined, "", &schema.attributes),
            origin: origin(defined.is_built_in),
            used_by: defined.used_by.clone(),
            created_at: time(defined.created_at),
            updated_at: time(defined.updated_at),
        }
    }
}

/// Where a definition comes from.
pub(super) fn origin(is_built_in: bool) -> &'static str {
    if is_built_in { "built-in" } else { "tenant" }
}

impl AttributeView {
    /// `parent` is what stands before the names: empty, or the name of the complex attribute and a dot.
    fn all(defined: &DefinedSchema, parent: &str, attributes: &[Attribute]) -> Vec<Self> {
        attributes.iter().map(|attribute| Self::new(defined, parent, attribute)).collect()
    }

    fn new(defined: &DefinedSchema, parent: &str, attribute: &Attribute) -> Self {
        let index = defined.index(&format!("{parent}{}", attribute.name), attribute);
        Self {
            name: attribute.name.clone(),
            kind: attribute.kind,
            multi_valued: attribute.multi_valued,
            description: attribute.description.clone(),
            required: attribute.required,
            canonical_values: attribute.canonical_values.clone(),
            case_exact: attribute.case_exact,
            mutability: attribute.mutability,
            returned: attribute.returned,
            uniqueness: attribute.uniqueness,
            reference_types: attribute.reference_types.clone(),
            indexed: index.is_some(),
            index: index.map(|(state, reason)| IndexView { state: state.as_str(), reason: reason.map(str::to_owned) }),
            sub_attributes: Self::all(defined, &format!("{}.", attribute.name), &attribute.sub_attributes),
        }
    }
}

/// `GET …/schemas`.
pub(crate) async fn list(
    State(app): State<App>,
    AdminCaller(caller): AdminCaller,
    InTenant(tenant): InTenant,
    Query(query): Query,
) -> Result<Answer, Problem> {
    let page = app.list_schemas(&caller, &tenant, form::query(&query)?).await?;
    Ok(json(StatusCode::OK, &PageView::of(page, |defined| SchemaView::new(&defined))))
}

/// `POST …/schemas`.
pub(crate) async fn create(
    State(app): State<App>,
    AdminWriter(caller): AdminWriter,
    exchange: Exchange,
    InTenant(tenant): InTenant,
    AdminBody(body): AdminBody,
) -> Result<Answer, Problem> {
    let defined = app.create_schema(&caller, &tenant, form::body(&body)?).await?;
    let location = format!("{}/api/v1/admin/tenants/{tenant}/schemas/{}", exchange.base(), defined.schema.id);
    Ok(json(StatusCode::CREATED, &SchemaView::new(&defined)).location(&location))
}

/// `GET …/schemas/{urn}`.
pub(crate) async fn read(
    State(app): State<App>,
    AdminCaller(caller): AdminCaller,
    BelowTenant { tenant, name }: BelowTenant,
) -> Result<Answer, Problem> {
    let defined = app.get_schema(&caller, &tenant, &name).await?;
    Ok(json(StatusCode::OK, &SchemaView::new(&defined)))
}

/// `PUT …/schemas/{urn}`.
pub(crate) async fn replace(
    State(app): State<App>,
    AdminWriter(caller): AdminWriter,
    BelowTenant { tenant, name }: BelowTenant,
    AdminBody(body): AdminBody,
) -> Result<Answer, Problem> {
    let defined = app.replace_schema(&caller, &tenant, &name, form::body(&body)?).await?;
    Ok(json(StatusCode::OK, &SchemaView::new(&defined)))
}

/// `DELETE …/schemas/{urn}`.
pub(crate) async fn delete(
    State(app): State<App>,
    AdminWriter(caller): AdminWriter,
    BelowTenant { tenant, name }: BelowTenant,
) -> Result<Answer, Problem> {
    app.delete_schema(&caller, &tenant, &name).await?;
    Ok(Answer::no_content())
}
