//! What a whole document owes its schema: required attributes, one primary value, order.
//!
//! The last step of reading a body and of a PATCH. That each value by itself is in order has been
//! seen to by [`super::value`].

use std::collections::HashSet;

use crate::error::ScimError;
use crate::json::{Json, Object};
use crate::schema::{Attribute, Mutability, ResourceType, Schema, Target};

use super::value::too_many;
use super::{Document, VALUES_MAX};

/// Makes a document of attributes in canonical spelling, as reading and patching leave them: in
/// schema order, without what is unassigned, with `schemas` as they follow from the content. What
/// no schema knows is left out.
///
/// # Errors
/// [`ScimError::Value`] when a required attribute is missing or blank, when a multi-valued
/// attribute has two primary values or more than [`VALUES_MAX`] values.
pub(crate) fn finish(resource_type: &ResourceType, mut found: Object) -> Result<Document, ScimError> {
    let core = Part { schema: &resource_type.schema, in_extension: false };
    let mut urns = vec![Json::from(core.schema.id.as_str())];
    let mut document = Object::new();
    // In its place; its value is known at the end.
    document.insert("schemas".into(), Json::Null);
    // An empty string identifies nothing, and would be the same for all that have it.
    let names_it = |value: &Json| value.as_str().is_some_and(|text| !text.is_empty());
    if let Some(external_id) = found.get_mut("externalId").map(Json::take).filter(names_it) {
        document.insert("externalId".into(), external_id);
    }
    core.finish(&mut found, &mut document)?;
    for extension in &resource_type.extensions {
        let part = Part { schema: &extension.schema, in_extension: true };
        let urn = &part.schema.id;
        let mut from = found.get_mut(urn).and_then(Json::as_object_mut).map(std::mem::take).unwrap_or_default();
        if from.values().all(is_unassigned) {
            if extension.required {
                return Err(ScimError::value(urn, "is required: a value of this extension is missing"));
            }
            continue;
        }
        let mut values = Object::new();
        part.finish(&mut from, &mut values)?;
        if !values.is_empty() {
            urns.push(Json::from(urn.as_str()));
            document.insert(urn.clone(), Json::Object(values));
        }
    }
    document.insert("schemas".into(), Json::Array(urns));
    Ok(Document(document))
}

/// The attributes of one schema in a document.
struct Part<'a> {
    schema: &'a Schema,
    in_extension: bool,
}

impl Part<'_> {
    /// Moves the values from one object to the other, in schema order.
    fn finish(&self, from: &mut Object, to: &mut Object) -> Result<(), ScimError> {
        // Relations and secrets are kept apart from the document.
        let kept_here = |attribute: &&Attribute| attribute.relation.is_none() && !attribute.secret;
        for attribute in self.schema.attributes.iter().filter(kept_here) {
            let target = Target {
                schema: Some(self.schema),
                in_extension: self.in_extension,
                attribute: Some(attribute),
                sub_attribute: None,
            };
            let value = from.get_mut(&attribute.name).map(Json::take);
            if let Some(value) = finish_value(&target, attribute, value)? {
                to.insert(attribute.name.clone(), value);
            }
        }
        Ok(())
    }
}

/// Whether a value is equal to none: RFC 7643 §2.5, and an object without members.
fn is_unassigned(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Array(elements) => elements.is_empty(),
        Json::Object(parts) => parts.is_empty(),
        Json::Bool(_) | Json::Number(_) | Json::String(_) => false,
    }
}

fn finish_value(target: &Target<'_>, attribute: &Attribute, value: Option<Json>) -> Result<Option<Json>, ScimError> {
    let value = match value {
        Some(Json::Array(elements)) => finish_elements(target, attribute, elements)?,
        Some(value) => finish_element(target, attribute, value)?,
        None => None,
    };
    let is_blank = |value: &Json| value.as_str().is_some_and(|text| text.trim().is_empty());
    let is_missing = value.as_ref().is_none_or(is_blank);
    if is_missing && attribute.required && attribute.mutability != Mutability::ReadOnly {
        return Err(ScimError::value(target.canonical(), "is required and must not be empty"));
    }
    Ok(value)
}

fn finish_elements(target: &Target<'_>, attribute: &Attribute, elements: Vec<Json>) -> Result<Option<Json>, ScimError> {
    let mut values = Vec::with_capacity(elements.len());
    for element in elements {
        values.extend(finish_element(target, attribute, element)?);
    }
    if values.len() > VALUES_MAX {
        return Err(too_many(target, values.len()));
    }
    let values = each_once(values);
    check_primary(target, &values)?;
    Ok(if values.is_empty() { None } else { Some(Json::Array(values)) })
}

fn finish_element(target: &Target<'_>, attribute: &Attribute, value: Json) -> Result<Option<Json>, ScimError> {
    let Json::Object(mut parts) = value else { return Ok(Some(value).filter(|value| !is_unassigned(value))) };
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

/// So many values are compared with each other rather than by what they hash to.
const FEW: usize = 8;

/// Leaves the first of equal values. Clients that merge lists send the same value twice.
fn each_once(mut values: Vec<Json>) -> Vec<Json> {
    if values.len() <= FEW {
        let is_new = |place: usize| !values[..place].contains(&values[place]);
        if (1..values.len()).all(is_new) {
            return values;
        }
    }
    let is_new: Vec<bool> = {
        let mut seen = HashSet::with_capacity(values.len());
        values.iter().map(|value| seen.insert(value)).collect()
    };
    let mut is_new = is_new.into_iter();
    values.retain(|_| is_new.next().unwrap_or(false));
    values
}
