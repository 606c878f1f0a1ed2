//! Types: how a schema is named in a table, and the table of its fields.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde_json::{Map, Value};

use super::endpoint::yes_or_no;

const REFERENCE: &str = "#/components/schemas/";

/// What a value of this schema is, in words: `string | null`, `array of ValidationError`.
pub(super) fn type_of(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|target| target.strip_prefix(REFERENCE)) {
        return format!("[`{name}`](#{})", name.to_lowercase());
    }
    for choice in ["anyOf", "oneOf"] {
        if let Some(choices) = schema[choice].as_array() {
            return choices.iter().map(type_of).collect::<Vec<_>>().join(" | ");
        }
    }
    if let Some(parts) = schema["allOf"].as_array() {
        return parts.iter().map(type_of).collect::<Vec<_>>().join(" and ");
    }
    if schema["properties"].is_null()
        && let Some(required) = schema["required"].as_array()
    {
        let names: Vec<String> = required.iter().filter_map(Value::as_str).map(|name| format!("`{name}`")).collect();
        return format!("required: {}", names.join(", "));
    }
    match &schema["type"] {
        Value::String(name) => named(name, schema),
        Value::Array(names) => {
            names.iter().filter_map(Value::as_str).map(|name| named(name, schema)).collect::<Vec<_>>().join(" | ")
        }
        _ => "any".to_owned(),
    }
}

fn named(name: &str, schema: &Value) -> String {
    match name {
        "array" => format!("array of {}", type_of(&schema["items"])),
        name => name.to_owned(),
    }
}

/// Text for a cell of a table.
pub(super) fn cell(text: &str) -> String {
    text.trim().replace('|', "\\|").replace('\n', " ")
}

/// Adds the names of all schemas that `part` refers to, directly or through others.
pub(super) fn collect<'d>(part: &'d Value, known: &'d Map<String, Value>, used: &mut BTreeSet<&'d str>) {
    match part {
        Value::Object(members) => {
            let target = members.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix(REFERENCE));
            if let Some((name, schema)) = target.and_then(|name| known.get_key_value(name))
                && used.insert(name)
            {
                collect(schema, known, used);
            }
            members.values().for_each(|member| collect(member, known, used));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, known, used)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Heading, description and fields of a schema.
pub(super) fn write(text: &mut String, name: &str, schema: &Value) {
    let _ = write!(text, "\n### {name}\n");
    if let Some(description) = schema["description"].as_str() {
        let _ = write!(text, "\n{}\n", description.trim());
    }
    let Some(properties) = schema["properties"].as_object().filter(|properties| !properties.is_empty()) else {
        let values: Vec<String> = schema["enum"].as_array().into_iter().flatten().map(|v| format!("`{v}`")).collect();
        let is = if values.is_empty() { type_of(schema) } else { format!("One of {}.", values.join(", ")) };
        let _ = write!(text, "\n{is}\n");
        return;
    };
    let required: BTreeSet<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    text.push_str("\n| Field | Type | Required | Description |\n|---|---|---|---|\n");
    for (field, property) in properties {
        let _ = writeln!(
            text,
            "| `{field}` | {} | {} | {} |",
            cell(&type_of(property)),
            yes_or_no(required.contains(field.as_str())),
            cell(&description(property)),
        );
    }
}

fn description(property: &Value) -> String {
    let mut text = property["description"].as_str().unwrap_or_default().trim().to_owned();
    if let Some(default) = property.get("default") {
        let _ = write!(text, "{}Default: `{default}`", if text.is_empty() { "" } else { " " });
    }
    text
}
