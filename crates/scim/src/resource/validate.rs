//! The body of a POST or PUT -> [`Resource`] (RFC 7643 §2, RFC 7644 §3.3, §3.5.1).
//!
//! Names and URNs in any spelling in, canonical out. What no schema knows and what is not the
//! client's to set is left out and noted, never refused; a wrong type is refused, never guessed at.

use crate::dialect;
use crate::error::ScimError;
use crate::id::ResourceId;
use crate::json::{Json, Object};
use crate::path::AttrPath;
use crate::schema::{Attribute, Mutability, Relation, ResourceType, Schema, Target};

use super::value::{kind_of, twice};
use super::{Notes, Resource, Secret, finish, read_members, read_value};

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
        if !reader.names_schemas {
            reader.notes.mended(&dialect::MISSING_SCHEMAS);
        }
        let document = finish(resource_type, reader.found)?;
        Ok(Self { document, members: reader.members.unwrap_or_default(), secret: reader.secret, notes: reader.notes })
    }
}

/// What has been read so far of a body.
struct Reader<'a> {
    resource_type: &'a ResourceType,
    /// As in a [`Document`](super::Document), in the order of the body.
    found: Object,
    members: Option<Vec<ResourceId>>,
    secret: Option<Secret>,
    /// Whether there is a `schemas` with something in it.
    names_schemas: bool,
    notes: Notes,
}

impl<'a> Reader<'a> {
    fn new(resource_type: &'a ResourceType) -> Self {
        Self {
            resource_type,
            found: Object::new(),
            members: None,
            secret: None,
            names_schemas: false,
            notes: Notes::default(),
        }
    }

    /// Reads one member of the body.
    fn member(&mut self, name: &str, json: Json) -> Result<(), ScimError> {
        if name.eq_ignore_ascii_case("schemas") {
            return self.schemas(json);
        }
        let target = if name.contains([':', '.']) {
            name.parse::<AttrPath>().ok().and_then(|path| self.resource_type.resolve(&path))
        } else {
            self.resource_type.attribute_named(name)
        };
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
            self.names_schemas = true;
            if self.resource_type.schema_of(&urn).is_none() {
                self.notes.mended(&dialect::UNKNOWN_SCHEMA);
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
                self.notes.ignored(format!("{}:{name}", schema.id));
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
            self.notes.ignored(target.canonical());
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
