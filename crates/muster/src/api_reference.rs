//! The endpoint reference in Markdown, a page per group, from the OpenAPI document.
//!
//! The document is read as open JSON, so that whatever the server describes can be shown.

mod endpoint;
mod schema;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde_json::{Map, Value};

use endpoint::Endpoint;

/// A file of the reference.
#[derive(Debug)]
pub(crate) struct Page {
    /// Its name, such as `scim-tokens.md`.
    pub(crate) file: String,
    /// Its Markdown.
    pub(crate) text: String,
}

/// A page for each tag of the document, and `README.md` that lists them.
pub(crate) fn pages(document: &Value) -> Vec<Page> {
    let groups = groups(document);
    let mut index = String::from("# API reference\n\n| Group | Endpoints |\n|---|---|\n");
    for (tag, endpoints) in &groups {
        let _ = writeln!(index, "| [{tag}]({}) | {} |", file_name(tag), endpoints.len());
    }
    let mut pages = vec![Page { file: "README.md".to_owned(), text: index }];
    pages.extend(
        groups.iter().map(|(tag, endpoints)| Page { file: file_name(tag), text: page(document, tag, endpoints) }),
    );
    pages
}

/// The operations of each tag, by path and method.
fn groups(document: &Value) -> BTreeMap<&str, Vec<Endpoint<'_>>> {
    let mut groups: BTreeMap<&str, Vec<Endpoint<'_>>> = BTreeMap::new();
    let paths: BTreeMap<&String, &Value> = document["paths"].as_object().into_iter().flatten().collect();
    for (path, methods) in paths {
        let methods: BTreeMap<&String, &Value> = methods.as_object().into_iter().flatten().collect();
        for (method, operation) in methods {
            let tag = operation["tags"][0].as_str().unwrap_or("Other");
            groups.entry(tag).or_default().push(Endpoint { method, path, operation });
        }
    }
    groups
}

fn page(document: &Value, tag: &str, endpoints: &[Endpoint<'_>]) -> String {
    let count = match endpoints.len() {
        1 => "1 endpoint".to_owned(),
        n => format!("{n} endpoints"),
    };
    let mut text = format!(
        "# {tag} API\n\n\
         Reference for the **{tag}** endpoint group — {count}.\n\n\
         > Generated from the OpenAPI document. Run `muster api-reference --out docs/api` after changes.\n\n\
         ## Authentication\n\n\
         All endpoints require a bearer token in the `Authorization` header unless noted otherwise: a JWT from one of \
         the OAuth token endpoints, or on SCIM routes a SCIM token of the tenant.\n\n\
         ## Endpoints\n",
    );
    for endpoint in endpoints {
        endpoint.write(&mut text);
    }
    write_schemas(&mut text, document, endpoints);
    text
}

fn write_schemas(text: &mut String, document: &Value, endpoints: &[Endpoint<'_>]) {
    let empty = Map::new();
    let known = document["components"]["schemas"].as_object().unwrap_or(&empty);
    let mut used = BTreeSet::new();
    for endpoint in endpoints {
        schema::collect(endpoint.operation, known, &mut used);
    }
    if used.is_empty() {
        return;
    }
    text.push_str("\n## Schemas\n\nDefinitions for every type referenced by the endpoints above.\n");
    for name in used {
        schema::write(text, name, &known[name]);
    }
}

fn file_name(tag: &str) -> String {
    let slug: String = tag.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
    format!("{slug}.md")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_has_the_form_of_the_reference_it_continues() {
        let document = json!({
            "paths": {"/api/things/{id}": {"patch": {
                "tags": ["Things"], "summary": "Update Thing", "description": "Update a thing.",
                "parameters": [
                    {"name": "id", "in": "path", "required": true, "schema": {"type": "string"}},
                    {"name": "page", "in": "query", "schema": {"type": ["integer", "null"]}, "description": "From 1"},
                ],
                "requestBody": {"required": true, "content": {"application/json": {"schema": {"type": "object"}}}},
                "responses": {
                    "200": {"description": "OK", "content": {"application/json": {"schema": {}}}},
                    "204": {"description": "Successful Response"},
                    "422": {"description": "x", "content": {"application/json": {
                        "schema": {"$ref": "#/components/schemas/HTTPValidationError"}}}},
                },
            }}},
            "components": {"schemas": {
                "HTTPValidationError": {"type": "object", "properties": {
                    "detail": {"type": "array", "items": {"$ref": "#/components/schemas/ValidationError"}}}},
                "Unused": {"type": "object"},
                "ValidationError": {"type": "object", "required": ["loc", "msg"], "properties": {
                    "loc": {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]}},
                    "msg": {"type": "string", "default": "wrong", "description": "What is wrong."}}},
            }},
        });

        let pages = pages(&document);

        assert_eq!(pages[1].file, "things.md");
        insta::assert_snapshot!(pages[1].text, @r##"
        # Things API

        Reference for the **Things** endpoint group — 1 endpoint.

        > Generated from the OpenAPI document. Run `muster api-reference --out docs/api` after changes.

        ## Authentication

        All endpoints require a bearer token in the `Authorization` header unless noted otherwise: a JWT from one of the OAuth token endpoints, or on SCIM routes a SCIM token of the tenant.

        ## Endpoints

        ### PATCH /api/things/{id}

        **Update Thing**

        Update a thing.

        **Parameters:**

        | Name | In | Required | Type | Description |
        |---|---|---|---|---|
        | `id` | path | yes | string |  |
        | `page` | query | no | integer \| null | From 1 |

        **Request body:**

        Required.

        - `application/json` → object

        **Responses:**

        | Status | Body |
        |---|---|
        | `200` | `application/json` → any |
        | `204` | Successful Response |
        | `422` | `application/json` → [`HTTPValidationError`](#httpvalidationerror) |

        ## Schemas

        Definitions for every type referenced by the endpoints above.

        ### HTTPValidationError

        | Field | Type | Required | Description |
        |---|---|---|---|
        | `detail` | array of [`ValidationError`](#validationerror) | no |  |

        ### ValidationError

        | Field | Type | Required | Description |
        |---|---|---|---|
        | `loc` | array of string \| integer | yes |  |
        | `msg` | string | yes | What is wrong. Default: `"wrong"` |
        "##);
    }
}
