//! Documents: the attributes of a resource in canonical form, and their stored text.

use crate::error::ScimError;
use crate::fold::fold;
use crate::id::ResourceId;
use crate::json::{self, Json, Object};
use crate::path::AttrPath;
use crate::schema::{Attribute, Kind, ResourceType, Returned, Schema, Uniqueness};
use crate::time;

use super::Resource;

/// The attributes of a resource in canonical spelling and order: `schemas`, `externalId`, the
/// core attributes, then each extension under its URN. Nothing unassigned is in it (no `null`, no
/// empty array: RFC 7643 §2.5), and none of `id`, `meta`, the relation attributes and the secret.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Document(pub(crate) Object);

/// The room that the text of a document is given to begin with: few need more.
const BODY_BYTES: usize = 2048;

/// A stored body is not the text of a document: the database is damaged.
#[derive(Debug, thiserror::Error)]
#[error("a stored body is not the JSON text of a resource")]
pub struct CorruptBody(#[source] pub(super) serde_json::Error);

impl Document {
    /// The text that is stored, and sent when nothing is left out: the document with `id` after
    /// `schemas`, on one line.
    #[must_use]
    pub fn to_body(&self, id: ResourceId) -> String {
        let mut body = Vec::with_capacity(BODY_BYTES);
        body.push(b'{');
        if let Some(schemas) = self.0.get("schemas") {
            json::write_member(&mut body, "schemas", schemas);
        }
        let mut text = String::with_capacity(32);
        id.push_to(&mut text);
        json::write_name(&mut body, "id");
        body.push(b'"');
        body.extend_from_slice(text.as_bytes());
        body.push(b'"');
        for (name, value) in self.0.iter().filter(|(name, _)| *name != "schemas") {
            json::write_member(&mut body, name, value);
        }
        body.push(b'}');
        json::text_of(body)
    }

    /// The inverse of [`Self::to_body`].
    ///
    /// # Errors
    /// [`CorruptBody`] when the text is not a JSON object.
    pub fn from_body(body: &str) -> Result<Self, CorruptBody> {
        let mut attributes: Object = serde_json::from_str(body).map_err(CorruptBody)?;
        attributes.shift_remove("id");
        Ok(Self(attributes))
    }

    /// The attributes that it has values of and their sub-attributes, in full notation
    /// (RFC 7644 §3.10).
    #[must_use]
    pub fn names(&self, resource_type: &ResourceType) -> Vec<AttrPath> {
        let mut names = Vec::new();
        for (schema, values, _) in self.parts(resource_type) {
            for attribute in &schema.attributes {
                if let Some(value) = values.get(&attribute.name) {
                    add_names(&schema.id, &attribute.name, parts_of(value), &mut names);
                }
            }
        }
        names
    }

    /// The client's own identifier (RFC 7643 §3.1).
    #[must_use]
    pub fn external_id(&self) -> Option<&str> {
        self.text("externalId")
    }

    /// The value of a core attribute, named exactly, if it is a string.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// The value of `active`, if it has one (RFC 7643 §4.1.1).
    #[must_use]
    pub fn active(&self) -> Option<bool> {
        self.0.get("active")?.as_bool()
    }

    /// The rows of the attribute index: number of the attribute (`Attribute.indexed`) and value,
    /// each pair once. Strings are folded unless caseExact; times are written in UTC.
    #[must_use]
    pub fn indexed_values(&self, resource_type: &ResourceType) -> Vec<(u32, String)> {
        let mut rows = Vec::new();
        for (schema, values, in_extension) in self.parts(resource_type) {
            rows.extend(schema.presence.filter(|_| in_extension).map(|number| (number, String::new())));
            for attribute in &schema.attributes {
                if let Some(value) = values.get(&attribute.name) {
                    index(attribute, value, &mut rows);
                }
            }
        }
        rows.sort_unstable();
        rows.dedup();
        rows
    }

    /// The values by which a resource is told from others of its type: canonical name of each attribute
    /// that its schema wants unique, and the value as in [`Self::indexed_values`].
    #[must_use]
    pub fn unique_values(&self, resource_type: &ResourceType) -> Vec<(String, String)> {
        let mut unique = Vec::new();
        for (schema, values, in_extension) in self.parts(resource_type) {
            for attribute in schema.attributes.iter().filter(|attribute| attribute.uniqueness != Uniqueness::None) {
                let value = values.get(&attribute.name).and_then(|value| index_text(attribute, value));
                let name =
                    || if in_extension { format!("{}:{}", schema.id, attribute.name) } else { attribute.name.clone() };
                unique.extend(value.map(|value| (name(), value)));
            }
        }
        unique
    }

    /// Looks whether this could be sent as it is: for a document that was stored when its schemas asked
    /// for less.
    ///
    /// # Errors
    /// As [`Resource::read`].
    pub fn check(&self, resource_type: &ResourceType) -> Result<(), ScimError> {
        Resource::read(resource_type, Json::Object(self.0.clone())).map(drop)
    }

    /// The document without attributes that are never returned; `None` when it has none. Whoever
    /// reads what has changed is not to see them either.
    #[must_use]
    pub fn without_hidden(&self, resource_type: &ResourceType) -> Option<Self> {
        if !resource_type.schemas().any(|schema| schema.attributes.iter().any(has_hidden)) {
            return None;
        }
        let mut shown = self.0.clone();
        hide(&resource_type.schema.attributes, &mut shown);
        for extension in &resource_type.extensions {
            if let Some(part) = shown.get_mut(&extension.schema.id).and_then(Json::as_object_mut) {
                hide(&extension.schema.attributes, part);
            }
        }
        Some(Self(shown))
    }

    /// Which attributes differ in `after`, in canonical spelling: `emails`,
    /// `urn:…:User:department`. `schemas` follows from the others and is not named.
    #[must_use]
    pub fn changed(&self, after: &Self) -> Vec<String> {
        let mut names = Vec::new();
        let empty = Object::new();
        differing(&self.0, &after.0, |name, one, other| {
            let is_extension = name.contains(':');
            if !is_extension {
                if name != "schemas" {
                    names.push(name.to_owned());
                }
                return;
            }
            let [one, other] = [one, other].map(|value| value.and_then(Json::as_object).unwrap_or(&empty));
            differing(one, other, |attribute, _, _| names.push(format!("{name}:{attribute}")));
        });
        names
    }

    /// The schemas that this document has values of, each with those values, and whether it is an extension.
    fn parts<'a>(&'a self, resource_type: &'a ResourceType) -> impl Iterator<Item = (&'a Schema, &'a Object, bool)> {
        let core = std::iter::once((&*resource_type.schema, &self.0, false));
        let extensions = resource_type.extensions.iter().filter_map(|extension| {
            let values = self.0.get(&extension.schema.id)?.as_object()?;
            Some((&*extension.schema, values, true))
        });
        core.chain(extensions)
    }
}

/// Whether the attribute, or a part of it, is in documents but never shown.
fn has_hidden(attribute: &Attribute) -> bool {
    !attribute.secret && attribute.returned == Returned::Never || attribute.sub_attributes.iter().any(has_hidden)
}

fn hide(attributes: &[Attribute], values: &mut Object) {
    for attribute in attributes.iter().filter(|attribute| has_hidden(attribute)) {
        if attribute.returned == Returned::Never {
            values.shift_remove(&attribute.name);
            continue;
        }
        let elements = match values.get_mut(&attribute.name) {
            Some(Json::Array(elements)) => elements.as_mut_slice(),
            Some(one) => std::slice::from_mut(one),
            None => continue,
        };
        for parts in elements.iter_mut().filter_map(Json::as_object_mut) {
            hide(&attribute.sub_attributes, parts);
        }
    }
}

/// Adds the name of an attribute in full notation, and those of its parts.
pub(crate) fn add_names<'a>(
    schema: &str,
    attribute: &str,
    parts: impl IntoIterator<Item = &'a String>,
    names: &mut Vec<AttrPath>,
) {
    let name = format!("{schema}:{attribute}");
    names.extend(name.parse());
    names.extend(parts.into_iter().filter_map(|part| format!("{name}.{part}").parse().ok()));
}

/// The names of the parts that the values of an attribute have.
pub(crate) fn parts_of(value: &Json) -> impl Iterator<Item = &String> {
    let elements = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    elements.iter().filter_map(Json::as_object).flat_map(Object::keys)
}

/// Calls `found` with the name of each member that is not the same on both sides, and both values.
fn differing<'a>(
    before: &'a Object,
    after: &'a Object,
    mut found: impl FnMut(&str, Option<&'a Json>, Option<&'a Json>),
) {
    for (name, value) in before {
        if after.get(name) != Some(value) {
            found(name, Some(value), after.get(name));
        }
    }
    for (name, value) in after.iter().filter(|(name, _)| !before.contains_key(*name)) {
        found(name, None, Some(value));
    }
}

fn index(attribute: &Attribute, value: &Json, rows: &mut Vec<(u32, String)>) {
    match value {
        Json::Array(elements) => {
            for element in elements {
                index(attribute, element, rows);
            }
        }
        Json::Object(parts) => {
            for sub in &attribute.sub_attributes {
                if let Some(value) = parts.get(&sub.name) {
                    index(sub, value, rows);
                }
            }
        }
        _ => {
            if let (Some(number), Some(text)) = (attribute.indexed, index_text(attribute, value)) {
                rows.push((number, text));
            }
        }
    }
}

fn index_text(attribute: &Attribute, value: &Json) -> Option<String> {
    match value {
        Json::String(text) if attribute.kind == Kind::DateTime => time::parse(text).ok().map(time::format),
        Json::String(text) if attribute.case_exact => Some(text.clone()),
        Json::String(text) => Some(fold(text)),
        Json::Bool(_) | Json::Number(_) => Some(value.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}
