//! References to what other operations create: `bulkId:qwerty` in paths and bodies becomes the id
//! that the POST with that bulkId gets (RFC 7644 §3.7.2).
//!
//! Only what refers to resources by its schema is looked at, so that somebody may well be called
//! `bulkId:qwerty`: attributes with a `$ref` (`members`, `manager`), and references.

use std::collections::HashMap;
use std::sync::Arc;

use crate::error::ScimError;
use crate::id::ResourceId;
use crate::json::{Json, Object};
use crate::path::AttrPath;
use crate::schema::{Attribute, Kind, Mutability, ResourceType, Schema, Target};

const PREFIX: &str = "bulkId:";

/// A resource that a POST of the request creates.
#[derive(Debug, Clone)]
pub(super) struct Created {
    /// The place of the POST.
    pub(super) index: usize,
    /// The id it will have.
    pub(super) id: ResourceId,
    /// Its type; `None` when the POST does not name one, and so is refused.
    pub(super) resource_type: Option<Arc<ResourceType>>,
}

/// What the POSTs of a request create, by bulkId.
pub(super) type BulkIds = HashMap<String, Created>;

/// Replaces references, and notes down what it came across.
#[derive(Debug)]
pub(super) struct References<'b> {
    bulk_ids: &'b BulkIds,
    /// Where the request deletes resources, new or old.
    deletes: &'b HashMap<ResourceId, usize>,
    /// Places of the POSTs of what is referred to.
    pub(super) needs: Vec<usize>,
    /// Places of the DELETEs of what is referred to.
    pub(super) deletes_named: Vec<usize>,
}

/// The bulkId in `bulkId:qwerty`.
pub(super) fn bulk_id(text: &str) -> Option<&str> {
    let (prefix, name) = text.split_at_checked(PREFIX.len())?;
    prefix.eq_ignore_ascii_case(PREFIX).then_some(name)
}

impl<'b> References<'b> {
    /// None yet. `deletes` is where the request deletes resources first.
    pub(super) fn before(bulk_ids: &'b BulkIds, deletes: &'b HashMap<ResourceId, usize>) -> Self {
        Self { bulk_ids, deletes, needs: Vec::new(), deletes_named: Vec::new() }
    }

    /// Whether a body could refer to anything that matters, told by its bytes: so that a body that
    /// does not is read only once.
    pub(super) fn may_be_in(&self, data: &str) -> bool {
        let after_word = |(colon, _): (usize, &str)| {
            let word = colon.checked_sub(PREFIX.len() - 1).map(|start| &data.as_bytes()[start..=colon]);
            word.is_some_and(|word| word.eq_ignore_ascii_case(PREFIX.as_bytes()))
        };
        !self.deletes.is_empty() || data.match_indices(':').any(after_word) || data.contains("\\u")
    }

    /// What the POST with that bulkId creates. `attribute` is where it is referred to.
    ///
    /// # Errors
    /// [`ScimError::Value`] when there is no such POST.
    pub(super) fn resolve(&mut self, attribute: &str, bulk_id: &str) -> Result<&'b Created, ScimError> {
        let created = self.bulk_ids.get(bulk_id).ok_or_else(|| {
            let shown: String = bulk_id.chars().take(100).collect();
            ScimError::value(attribute, format!("no POST of this request has the bulkId '{shown}'"))
        })?;
        self.needs.push(created.index);
        self.deletes_named.extend(self.deletes.get(&created.id));
        Ok(created)
    }

    /// Replaces references in the body of a POST or PUT.
    ///
    /// # Errors
    /// As [`Self::resolve`], here and below.
    pub(super) fn in_resource(&mut self, resource_type: &ResourceType, body: &mut Json) -> Result<(), ScimError> {
        match body {
            Json::Object(attributes) => self.in_attributes(resource_type, attributes),
            // Of the wrong shape: the reader of resources says so.
            _ => Ok(()),
        }
    }

    /// Replaces references in the body of a PATCH: in values and in the filters of paths.
    pub(super) fn in_patch(&mut self, resource_type: &ResourceType, body: &mut Json) -> Result<(), ScimError> {
        let Some(Json::Array(operations)) = member(body, "Operations") else {
            return Ok(());
        };
        for operation in operations {
            let target = match member(operation, "path") {
                Some(Json::String(path)) if !path.trim().is_empty() => Some(self.in_path(resource_type, path)?),
                _ => None,
            };
            let Some(value) = member(operation, "value") else { continue };
            match target {
                None => self.in_resource(resource_type, value)?,
                Some(Some(target)) => self.in_target(&target, resource_type, value)?,
                // The planner of PATCH says what is wrong with the path.
                Some(None) => {}
            }
        }
        Ok(())
    }

    /// Replaces references in `members[value eq "bulkId:qwerty"]`; gives what the path names.
    fn in_path<'t>(
        &mut self,
        resource_type: &'t ResourceType,
        path: &mut String,
    ) -> Result<Option<Target<'t>>, ScimError> {
        let names = path.split('[').next().unwrap_or_default().trim();
        let Some(target) = names.parse().ok().and_then(|path: AttrPath| resource_type.resolve(&path)) else {
            return Ok(None);
        };
        if let Some(attribute) = target.attribute.filter(|attribute| refers(attribute)) {
            *path = self.in_filter(attribute, path)?;
        }
        Ok(Some(target))
    }

    fn in_filter(&mut self, attribute: &Attribute, filter: &str) -> Result<String, ScimError> {
        let mut replaced = String::with_capacity(filter.len());
        let mut rest = filter;
        while let Some(start) = rest.find('"') {
            let (before, literal) = rest.split_at(start);
            let (literal, behind) = literal.split_at(literal_len(literal));
            replaced.push_str(before);
            match serde_json::from_str::<String>(literal) {
                Ok(mut text) => {
                    self.in_text(attribute, &mut text)?;
                    replaced.push_str(&Json::String(text).to_string());
                }
                Err(_) => replaced.push_str(literal),
            }
            rest = behind;
        }
        replaced.push_str(rest);
        Ok(replaced)
    }

    /// Each member of `attributes` is named as in a resource, or by a path, as in a PATCH value.
    fn in_attributes(&mut self, resource_type: &ResourceType, attributes: &mut Object) -> Result<(), ScimError> {
        for (name, value) in attributes {
            if let Some(attribute) = resource_type.schema.attribute(name) {
                self.in_attribute(attribute, value)?;
            } else if name.contains([':', '.'])
                && let Some(target) = name.parse().ok().and_then(|path: AttrPath| resource_type.resolve(&path))
            {
                self.in_target(&target, resource_type, value)?;
            }
        }
        Ok(())
    }

    fn in_target(
        &mut self,
        target: &Target<'_>,
        resource_type: &ResourceType,
        value: &mut Json,
    ) -> Result<(), ScimError> {
        match (target.attribute, target.schema) {
            (Some(attribute), _) => self.in_attribute(attribute, value),
            (None, Some(schema)) if target.in_extension => self.in_extension(schema, value),
            (None, _) => self.in_resource(resource_type, value),
        }
    }

    fn in_extension(&mut self, schema: &Schema, value: &mut Json) -> Result<(), ScimError> {
        let Json::Object(members) = value else { return Ok(()) };
        for (name, value) in members {
            let name = name.split('.').next().unwrap_or_default();
            if let Some(attribute) = schema.attribute(name) {
                self.in_attribute(attribute, value)?;
            }
        }
        Ok(())
    }

    fn in_attribute(&mut self, attribute: &Attribute, value: &mut Json) -> Result<(), ScimError> {
        if refers(attribute) { self.in_value(attribute, value) } else { Ok(()) }
    }

    /// `value` may be a bare id, a list, or hold the attribute once more under its name: all of
    /// that is sent. It nests no deeper than [`crate::json::DEPTH_MAX`].
    fn in_value(&mut self, attribute: &Attribute, value: &mut Json) -> Result<(), ScimError> {
        match value {
            Json::String(text) => self.in_text(attribute, text),
            Json::Array(elements) => elements.iter_mut().try_for_each(|element| self.in_value(attribute, element)),
            Json::Object(parts) => parts
                .iter_mut()
                .filter(|(name, _)| ["value", "$ref", &attribute.name].iter().any(|n| n.eq_ignore_ascii_case(name)))
                .try_for_each(|(_, part)| self.in_value(attribute, part)),
            Json::Null | Json::Bool(_) | Json::Number(_) => Ok(()),
        }
    }

    /// `bulkId:qwerty`, or a URL that ends with it.
    fn in_text(&mut self, attribute: &Attribute, text: &mut String) -> Result<(), ScimError> {
        let start = match text.rfind("/bulkId:") {
            Some(slash) if bulk_id(text).is_none() => slash + 1,
            _ => 0,
        };
        if let Some(name) = bulk_id(&text[start..]) {
            let id = self.resolve(&attribute.name, name)?.id;
            text.replace_range(start.., &id.to_string());
        } else if !self.deletes.is_empty()
            && let Ok(id) = text.rsplit('/').next().unwrap_or_default().parse()
        {
            self.deletes_named.extend(self.deletes.get(&id));
        }
        Ok(())
    }
}

/// Whether values of the attribute name resources, and clients set them.
fn refers(attribute: &Attribute) -> bool {
    let to_resources = |attribute: &Attribute| {
        let elsewhere = |kind: &String| kind == "external" || kind == "uri";
        attribute.kind == Kind::Reference && !attribute.reference_types.iter().all(elsewhere)
    };
    attribute.mutability != Mutability::ReadOnly
        && (attribute.relation.is_some()
            || to_resources(attribute)
            || attribute.sub_attributes.iter().any(to_resources))
}

/// A member of an object, named in any case.
fn member<'j>(json: &'j mut Json, name: &str) -> Option<&'j mut Json> {
    json.as_object_mut()?.iter_mut().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// How long the string literal at the start of `text` is, or all of `text` when it has no end.
fn literal_len(text: &str) -> usize {
    let mut escaped = false;
    for (place, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return place + 1,
            _ => {}
        }
    }
    text.len()
}
