//! The document as one HTML page.

use askama::Template;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::schema::{ArrayItems, Schema, SchemaType, Type};
use utoipa::openapi::{Content, OpenApi, RefOr, Required};

#[derive(Template)]
#[template(path = "openapi/page.html")]
struct Page {
    title: String,
    version: String,
    groups: Vec<Group>,
    shapes: Vec<Shape>,
}

struct Group {
    name: String,
    about: String,
    endpoints: Vec<Endpoint>,
}

struct Endpoint {
    method: &'static str,
    path: String,
    summary: String,
    about: String,
    parameters: Vec<Parameter>,
    body: Option<(String, String)>,
    answers: Vec<(String, String, Option<String>)>,
}

struct Parameter {
    name: String,
    place: &'static str,
    required: bool,
    about: String,
}

struct Shape {
    name: String,
    about: String,
    fields: Vec<Field>,
}

struct Field {
    name: String,
    kind: String,
    required: bool,
    about: String,
}

/// The page. Empty when the template cannot be filled, which a test excludes.
pub(crate) fn render(document: &OpenApi) -> String {
    let page = Page {
        title: document.info.title.clone(),
        version: document.info.version.clone(),
        groups: groups(document),
        shapes: shapes(document),
    };
    page.render().unwrap_or_default()
}

fn groups(document: &OpenApi) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for tag in document.tags.iter().flatten() {
        let about = tag.description.clone().unwrap_or_default();
        groups.push(Group { name: tag.name.clone(), about, endpoints: Vec::new() });
    }
    for (path, item) in &document.paths.paths {
        let methods = [
            ("GET", &item.get),
            ("POST", &item.post),
            ("PUT", &item.put),
            ("PATCH", &item.patch),
            ("DELETE", &item.delete),
        ];
        for (method, operation) in methods {
            let Some(operation) = operation else { continue };
            let name = operation.tags.iter().flatten().next().map_or("Other", String::as_str);
            let place = groups.iter().position(|group| group.name == name).unwrap_or_else(|| {
                groups.push(Group { name: name.to_owned(), about: String::new(), endpoints: Vec::new() });
                groups.len() - 1
            });
            groups[place].endpoints.push(endpoint(method, path, operation));
        }
    }
    groups.retain(|group| !group.endpoints.is_empty());
    groups
}

fn endpoint(method: &'static str, path: &str, operation: &Operation) -> Endpoint {
    let parameters = operation.parameters.iter().flatten().filter_map(|parameter| match parameter {
        RefOr::T(parameter) => Some(Parameter {
            name: parameter.name.clone(),
            place: match parameter.parameter_in {
                ParameterIn::Path => "path",
                ParameterIn::Header => "header",
                ParameterIn::Cookie => "cookie",
                _ => "query",
            },
            required: matches!(parameter.required, Required::True),
            about: parameter.description.clone().unwrap_or_default(),
        }),
        RefOr::Ref(_) => None,
    });
    let body = match &operation.request_body {
        Some(RefOr::T(body)) => shape_of(body.content.iter()),
        Some(RefOr::Ref(_)) | None => None,
    };
    let answers = operation.responses.responses.iter().map(|(status, response)| match response {
        RefOr::T(response) => {
            let shape = shape_of(response.content.iter()).map(|(_, shape)| shape);
            (status.clone(), response.description.clone(), shape)
        }
        RefOr::Ref(_) => (status.clone(), String::new(), None),
    });
    Endpoint {
        method,
        path: path.to_owned(),
        summary: operation.summary.clone().unwrap_or_default(),
        about: operation.description.clone().unwrap_or_default(),
        parameters: parameters.collect(),
        body,
        answers: answers.collect(),
    }
}

/// The first media type that has a shape, and the shape's name.
fn shape_of<'a>(content: impl Iterator<Item = (&'a String, &'a RefOr<Content>)>) -> Option<(String, String)> {
    let mut named = content.filter_map(|(media_type, content)| match content {
        RefOr::T(content) => Some((media_type.clone(), kind_of(content.schema.as_ref()?))),
        RefOr::Ref(_) => None,
    });
    named.next()
}

fn shapes(document: &OpenApi) -> Vec<Shape> {
    let schemas = document.components.iter().flat_map(|components| &components.schemas);
    let shape = |(name, schema): (&String, &RefOr<Schema>)| {
        let RefOr::T(Schema::Object(object)) = schema else {
            return Shape { name: name.clone(), about: kind_of(schema), fields: Vec::new() };
        };
        let field = |(name, schema): (&String, &RefOr<Schema>)| Field {
            name: name.clone(),
            kind: kind_of(schema),
            required: object.required.contains(name),
            about: about(schema),
        };
        Shape {
            name: name.clone(),
            about: object.description.clone().unwrap_or_default(),
            fields: object.properties.iter().map(field).collect(),
        }
    };
    schemas.map(shape).collect()
}

fn about(schema: &RefOr<Schema>) -> String {
    let text = match schema {
        RefOr::T(Schema::Object(object)) => object.description.clone(),
        RefOr::T(Schema::Array(array)) => match &array.items {
            ArrayItems::RefOrSchema(items) => Some(about(items)),
            ArrayItems::False => None,
        },
        RefOr::T(_) | RefOr::Ref(_) => None,
    };
    text.unwrap_or_default()
}

/// A type in a few words: `string`, `array of SCIMUser`, `string | null`.
fn kind_of(schema: &RefOr<Schema>) -> String {
    let any_of = |items: &[RefOr<Schema>]| items.iter().map(kind_of).collect::<Vec<_>>().join(" | ");
    match schema {
        RefOr::Ref(name) => name.ref_location.rsplit('/').next().unwrap_or_default().to_owned(),
        RefOr::T(Schema::Object(object)) => named(&object.schema_type),
        RefOr::T(Schema::Array(array)) => match &array.items {
            ArrayItems::RefOrSchema(items) => format!("array of {}", kind_of(items)),
            ArrayItems::False => "array".to_owned(),
        },
        RefOr::T(Schema::AnyOf(any)) => any_of(&any.items),
        RefOr::T(Schema::OneOf(one)) => any_of(&one.items),
        RefOr::T(Schema::AllOf(all)) => all.items.iter().map(kind_of).collect::<Vec<_>>().join(" & "),
        RefOr::T(_) => "any".to_owned(),
    }
}

fn named(kind: &SchemaType) -> String {
    let name = |kind: &Type| match kind {
        Type::Object => "object",
        Type::String => "string",
        Type::Integer => "integer",
        Type::Number => "number",
        Type::Boolean => "boolean",
        Type::Array => "array",
        Type::Null => "null",
    };
    match kind {
        SchemaType::Type(kind) => name(kind).to_owned(),
        SchemaType::Array(kinds) => kinds.iter().map(name).collect::<Vec<_>>().join(" | "),
        SchemaType::AnyValue => "any".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_shows_every_operation_and_loads_nothing() {
        let page = render(&crate::openapi::document());

        assert!(page.contains("/api/v1/tenants/{tenant_id}/scim/v2/Bulk"));
        assert!(page.contains(r#"id="SCIMBulkRequest""#));
        for outside in ["<script", "<link", "src=", "@import", "url("] {
            assert!(!page.contains(outside), "{outside}");
        }
    }
}
