//! The body of a POST or PUT -> [`Resource`] (RFC 7643 §2, RFC 7644 §3.3, §3.5.1).
//!
//! Names and URNs in any spelling in, canonical out. What no schema knows and what is not the
//! client's to set is left out and noted, never refused; a wrong type is refused, never guessed at.

use crate::dialect;
use crate::error::ScimError;
use crate::id::ResourceId;
use crate::json::{Json, Object};
use crate::path::AttrPath;
use crate::schema::{Attribute, Kind, Mutability, Relation, ResourceType, Schema, Target, core};

use super::value::{kind_of, too_many, twice};
use super::{Document, Notes, Resource, Secret, VALUES_MAX, read_members, read_value};

impl Resource {
    /// Reads what a client wants a resource of this type to be.
    ///
    /// # Errors
    /// [`ScimError::Syntax`] when it is no object; [`ScimError::Value`] naming the attribute when a
    /// value is missing, of the wrong type or over a limit; [`ScimError::TooLarge`] for too many
    /// members.
    pub fn read(resource_type: &ResourceType, json: Json) -> Result<Self, ScimError> {
        let Json::Object(body) = json else {
            let got = kind_of(&json);
            return Err(ScimError::Syntax(format!("A {} is a JSON object, got {got}", resource_type.name)));
        };
        let mut reader = Reader::new(resource_type);
        for (name, value) in body {
            reader.member(&name, value)?;
        }
        let document = finish(resource_type, reader.found)?;
        Ok(Self { document, members: reader.members.unwrap_or_default(), secret: reader.secret, notes: reader.notes })
    }
}

/// What has been read so far of a body.
struct Reader<'a> {
    resource_type: &'a ResourceType,
    /// As in a [`Document`], in the order of the body.
    found: Object,
    members: Option<Vec<ResourceId>>,
    secret: Option<Secret>,
    notes: Notes,
}

impl<'a> Reader<'a> {
    fn new(resource_type: &'a ResourceType) -> Self {
        Self { resource_type, found: Object::new(), members: None, secret: None, notes: Notes::default() }
    }

    /// Reads one member of the body.
    fn member(&mut self, name: &str, json: Json) -> Result<(), ScimError> {
        if name.eq_ignore_ascii_case("schemas") {
            return self.schemas(json);
        }
        let target = name.parse::<AttrPath>().ok().and_then(|path| self.resource_type.resolve(&path));
        match target {
            Some(Target { schema: Some(schema), in_extension: true, attribute: None, .. }) => {
                self.extension(schema, json)
            }
            Some(target @ Target { attribute: Some(attribute), sub_attribute: None, .. }) => {
                if target.in_extension {
                    self.notes.mended(&dialect::DOTTED_KEY);
                }
                self.attribute(&target, attribute, json)
            }
            _ => {
                self.notes.ignored(name);
                Ok(())
            }
        }
    }

    /// Looks at what the client says about schemas. The document's own list is made from what it
    /// holds, so that extensions without data and URNs unknown to us do no harm.
    fn schemas(&mut self, json: Json) -> Result<(), ScimError> {
        let refusal =
            |got: &Json| ScimError::value("schemas", format!("expected an array of schema URNs, got {}", kind_of(got)));
        let urns = match json {
            Json::Null => return Ok(()),
            Json::Array(urns) => urns,
            other => return Err(refusal(&other)),
        };
        for urn in urns {
            let Json::String(urn) = urn else { return Err(refusal(&urn)) };
            if self.resource_type.schema_of(&urn).is_none() {
                self.notes.ignored(&urn);
            }
        }
        Ok(())
    }

    fn extension(&mut self, schema: &'a Schema, json: Json) -> Result<(), ScimError> {
        let members = match json {
            Json::Object(members) => members,
            Json::Null => return Ok(()),
            Json::Array(elements) if elements.is_empty() => return Ok(()),
            other => {
                return Err(ScimError::value(&schema.id, format!("expected an object, got {}", kind_of(&other))));
            }
        };
        for (name, value) in members {
            let Some(attribute) = schema.attribute(&name) else {
                self.notes.ignored(&format!("{}:{name}", schema.id));
                continue;
            };
            let target =
                Target { schema: Some(schema), in_extension: true, attribute: Some(attribute), sub_attribute: None };
            self.attribute(&target, attribute, value)?;
        }
        Ok(())
    }

    fn attribute(&mut self, target: &Target<'a>, attribute: &Attribute, json: Json) -> Result<(), ScimError> {
        if attribute.mutability == Mutability::ReadOnly {
            self.notes.ignored(&target.canonical());
            return Ok(());
        }
        if attribute.relation == Some(Relation::Members) {
            let members = read_members(attribute, json, &mut self.notes)?;
            return if self.members.replace(members).is_some() { Err(twice(target)) } else { Ok(()) };
        }
        let Some(value) = read_value(target, json, &mut self.notes)? else { return Ok(()) };
        if attribute.secret {
            let secret = match value {
                Json::String(text) if !text.is_empty() => Secret::Plain(text),
                _ => return Ok(()),
            };
            return if self.secret.replace(secret).is_some() { Err(twice(target)) } else { Ok(()) };
        }
        let place = match target.schema {
            Some(schema) if target.in_extension => part_of(&mut self.found, &schema.id),
            _ => Some(&mut self.found),
        };
        match place.map(|place| place.insert(attribute.name.clone(), value)) {
            Some(None) => Ok(()),
            Some(Some(_)) | None => Err(twice(target)),
        }
    }
}

/// The object under the URN of an extension, made when it is not there.
fn part_of<'a>(document: &'a mut Object, urn: &str) -> Option<&'a mut Object> {
    document.entry(urn).or_insert_with(|| Json::Object(Object::new())).as_object_mut()
}

/// Makes a document of attributes in canonical spelling, as reading and patching leave them: in
/// schema order, without what is unassigned, with `schemas` as they follow from the content.
///
/// # Errors
/// [`ScimError::Value`] when a required attribute is missing or blank, when a multi-valued
/// attribute has two primary values or more than [`VALUES_MAX`] values.
pub(crate) fn finish(resource_type: &ResourceType, mut found: Object) -> Result<Document, ScimError> {
    let mut document = Object::new();
    let mut urns = vec![Json::String(resource_type.schema.id.clone())];
    document.insert("schemas".into(), Json::Null);
    let common = core::common_attribute("externalId");
    let target = |schema| Target { schema, in_extension: false, attribute: None, sub_attribute: None };
    finish_attributes(&target(None), common, &mut found, &mut document)?;
    finish_attributes(
        &target(Some(&resource_type.schema)),
        &resource_type.schema.attributes,
        &mut found,
        &mut document,
    )?;
    for extension in &resource_type.extensions {
        let urn = &extension.schema.id;
        let part = found.get_mut(urn).and_then(Json::as_object_mut).map(std::mem::take);
        if part.is_none() && !extension.required {
            continue;
        }
        let target =
            Target { schema: Some(&extension.schema), in_extension: true, attribute: None, sub_attribute: None };
        let mut values = Object::new();
        let attributes = &extension.schema.attributes;
        let mut part = part.unwrap_or_default();
        if part.values().all(is_unassigned) {
            if extension.required {
                return Err(ScimError::value(urn, "is required: this extension must have a value"));
            }
            continue;
        }
        finish_attributes(&target, attributes, &mut part, &mut values)?;
        if !values.is_empty() {
            urns.push(Json::String(urn.clone()));
            document.insert(urn.clone(), Json::Object(values));
        }
    }
    document.insert("schemas".into(), Json::Array(urns));
    Ok(Document(document))
}

fn is_unassigned(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Array(elements) => elements.is_empty(),
        Json::Object(parts) => parts.is_empty(),
        Json::Bool(_) | Json::Number(_) | Json::String(_) => false,
    }
}

/// Moves the values of `attributes` in schema order.
fn finish_attributes<'a>(
    place: &Target<'a>,
    attributes: impl IntoIterator<Item = &'a Attribute>,
    from: &mut Object,
    to: &mut Object,
) -> Result<(), ScimError> {
    for attribute in attributes {
        if attribute.relation.is_some() || attribute.secret {
            continue;
        }
        let target = Target { attribute: Some(attribute), ..*place };
        let value = from.get_mut(&attribute.name).map(Json::take);
        if let Some(value) = finish_value(&target, attribute, value)? {
            to.insert(attribute.name.clone(), value);
        }
    }
    Ok(())
}

fn finish_value(target: &Target<'_>, attribute: &Attribute, value: Option<Json>) -> Result<Option<Json>, ScimError> {
    let value = match value {
        Some(Json::Array(elements)) => {
            let mut values = Vec::with_capacity(elements.len());
            for element in elements {
                values.extend(finish_element(target, attribute, element)?);
            }
            if values.len() > VALUES_MAX {
                return Err(too_many(target, values.len()));
            }
            check_primary(target, &values)?;
            Some(Json::Array(values))
        }
        Some(value) => finish_element(target, attribute, value)?,
        None => None,
    };
    let value = value.filter(|value| !is_unassigned(value));
    let is_blank = |value: &Json| value.as_str().is_some_and(|text| text.trim().is_empty());
    if attribute.required && attribute.mutability != Mutability::ReadOnly && value.as_ref().is_none_or(is_blank) {
        return Err(ScimError::value(target.canonical(), "is required and must not be empty"));
    }
    Ok(value)
}

fn finish_element(target: &Target<'_>, attribute: &Attribute, value: Json) -> Result<Option<Json>, ScimError> {
    let Json::Object(mut parts) = value else { return Ok(Some(value).filter(|value| !is_unassigned(value))) };
    if attribute.kind != Kind::Complex {
        return Ok(None);
    }
    if parts.values().all(is_unassigned) {
        return Ok(None);
    }
    let mut values = Object::new();
    for sub in &attribute.sub_attributes {
        let target = Target { sub_attribute: Some(sub), ..*target };
        let value = parts.get_mut(&sub.name).map(Json::take);
        if let Some(value) = finish_value(&target, sub, value)? {
            values.insert(sub.name.clone(), value);
        }
    }
    Ok(if values.is_empty() { None } else { Some(Json::Object(values)) })
}

/// RFC 7643 §2.4: "The primary attribute value "true" MUST appear no more than once."
fn check_primary(target: &Target<'_>, values: &[Json]) -> Result<(), ScimError> {
    let is_primary = |value: &&Json| value.get("primary") == Some(&Json::Bool(true));
    match values.iter().filter(is_primary).count() {
        0 | 1 => Ok(()),
        more => {
            let reason = format!("at most one value may be primary, got {more}");
            Err(ScimError::value(format!("{}.primary", target.canonical()), reason))
        }
    }
}
