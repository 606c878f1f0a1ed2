//! One operation of a page.

use std::fmt::Write;

use serde_json::Value;

use super::schema::{cell, type_of};

/// An operation of the OpenAPI document.
#[derive(Debug)]
pub(super) struct Endpoint<'d> {
    pub(super) method: &'d str,
    pub(super) path: &'d str,
    pub(super) operation: &'d Value,
}

impl Endpoint<'_> {
    /// Heading, summary, description, then what it takes and gives.
    pub(super) fn write(&self, text: &mut String) {
        let _ = write!(text, "\n### {} {}\n", self.method.to_uppercase(), self.path);
        if let Some(summary) = self.operation["summary"].as_str() {
            let _ = write!(text, "\n**{summary}**\n");
        }
        if let Some(description) = self.operation["description"].as_str() {
            let _ = write!(text, "\n{}\n", description.trim());
        }
        self.write_parameters(text);
        self.write_request_body(text);
        self.write_responses(text);
    }

    fn write_parameters(&self, text: &mut String) {
        let Some(parameters) = self.operation["parameters"].as_array().filter(|list| !list.is_empty()) else { return };
        text.push_str("\n**Parameters:**\n\n| Name | In | Required | Type | Description |\n|---|---|---|---|---|\n");
        for parameter in parameters {
            let _ = writeln!(
                text,
                "| `{}` | {} | {} | {} | {} |",
                parameter["name"].as_str().unwrap_or_default(),
                parameter["in"].as_str().unwrap_or_default(),
                yes_or_no(parameter["required"] == true),
                cell(&type_of(&parameter["schema"])),
                cell(parameter["description"].as_str().unwrap_or_default()),
            );
        }
    }

    fn write_request_body(&self, text: &mut String) {
        let body = &self.operation["requestBody"];
        let Some(content) = body["content"].as_object() else { return };
        let required = if body["required"] == true { "Required." } else { "Optional." };
        let _ = write!(text, "\n**Request body:**\n\n{required}\n\n");
        for (media_type, media) in content {
            let _ = writeln!(text, "- `{media_type}` → {}", type_of(&media["schema"]));
        }
    }

    fn write_responses(&self, text: &mut String) {
        text.push_str("\n**Responses:**\n\n| Status | Body |\n|---|---|\n");
        for (status, response) in self.operation["responses"].as_object().into_iter().flatten() {
            let bodies: Vec<String> = response["content"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(media_type, media)| format!("`{media_type}` → {}", type_of(&media["schema"])))
                .collect();
            let body = if bodies.is_empty() {
                response["description"].as_str().unwrap_or_default().to_owned()
            } else {
                bodies.join(", ")
            };
            let _ = writeln!(text, "| `{status}` | {} |", cell(&body));
        }
    }
}

pub(super) fn yes_or_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}
