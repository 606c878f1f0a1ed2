//! PatchOp body + schema = [`PatchPlan`]: which attribute each operation is about.

use crate::dialect::{DOTTED_KEY, Dialect, UNCHANGED_ID, UNKNOWN_EXTENSION};
use crate::error::ScimError;
use crate::filter::Filter;
use crate::json::{Json, Object};
use crate::path::{AttrName, AttrPath, PatchPath};
use crate::resource::{Notes, Secret, read_value};
use crate::schema::{Mutability, Relation, ResourceType, Schema, Target, core};

use super::message::{self, Operation, Verb};
use super::{PatchPlan, document, members};

/// Plans a PATCH request: all that can be wrong with it without looking at the resource is found
/// here. `body` is the PatchOp message; `dialect` that of the token, which the request can change
/// by the way it writes.
///
/// # Errors
/// [`ScimError`] of any kind that a PATCH can have; see RFC 7644 §3.5.2, §3.12.
pub fn plan(resource_type: &ResourceType, body: Json, dialect: Dialect) -> Result<PatchPlan, ScimError> {
    let mut plan = PatchPlan::default();
    let (operations, dialect) = message::read(body, dialect, &mut plan.notes)?;
    let mut planner = Planner { resource_type, dialect, plan };
    for operation in operations {
        planner.operation(operation)?;
    }
    members::join(&mut planner.plan.members)?;
    Ok(planner.plan)
}

/// A plan in the making.
pub(super) struct Planner<'a> {
    pub(super) resource_type: &'a ResourceType,
    pub(super) dialect: Dialect,
    pub(super) plan: PatchPlan,
}

/// One operation on one attribute.
pub(super) struct Edit<'a> {
    pub(super) verb: Verb,
    /// The path as the client sent it, for refusals.
    pub(super) path: &'a str,
    pub(super) target: Target<'a>,
    /// Which values of a multi-valued attribute, if the path says it.
    pub(super) filter: Option<Filter>,
    pub(super) value: Option<Json>,
}

impl<'a> Planner<'a> {
    fn operation(&mut self, operation: Operation) -> Result<(), ScimError> {
        let Operation { verb, path, value } = operation;
        if let Some(path) = path {
            return self.at_path(verb, &path, value);
        }
        match value {
            _ if verb == Verb::Remove => {
                Err(ScimError::NoTarget("a remove operation needs a path that says what to remove".into()))
            }
            Some(Json::Object(attributes)) => self.attributes(verb, None, attributes),
            _ => Err(ScimError::value("value", "without a path, an object of attributes is needed")),
        }
    }

    /// The members of an operation's `value` without path: RFC 7644 asks for a set of attributes.
    /// Keys are names, dotted names, `URN:attribute`, or the URN of a schema over an object.
    fn attributes(&mut self, verb: Verb, schema: Option<&Schema>, values: Object) -> Result<(), ScimError> {
        for (key, value) in values {
            if let Some(schema) = schema {
                self.attribute(verb, &format!("{}:{key}", schema.id), value)?;
            } else if let Some(schema) = self.resource_type.schema_of(&key) {
                self.schema(verb, schema, Some(value))?;
            } else {
                if key.contains(['.', ':']) {
                    self.plan.notes.mended(&DOTTED_KEY);
                }
                self.attribute(verb, &key, value)?;
            }
        }
        Ok(())
    }

    fn attribute(&mut self, verb: Verb, key: &str, value: Json) -> Result<(), ScimError> {
        let resource_type = self.resource_type;
        let path = PatchPath::parse(key, &mut self.plan.notes).ok();
        let target = path.as_ref().and_then(|path| resource_type.resolve(attribute_of(path)));
        let (Some(path), Some(target)) = (path, target) else {
            self.plan.notes.ignored(key);
            return Ok(());
        };
        resource_type.note_dot(attribute_of(&path), &target, &mut self.plan.notes);
        if is_kept_by_the_server(&target) {
            self.plan.notes.mended(&UNCHANGED_ID);
            self.plan.notes.ignored(key);
            if key.eq_ignore_ascii_case("id")
                && let Json::String(id) = value
            {
                self.plan.repeated_id = Some(id);
            }
            return Ok(());
        }
        self.resolved(verb, key, path, target, Some(value))
    }

    fn at_path(&mut self, verb: Verb, text: &str, value: Option<Json>) -> Result<(), ScimError> {
        let path = PatchPath::parse(text, &mut self.plan.notes)?;
        let named = attribute_of(&path);
        let Some(target) = self.resource_type.resolve_mending(named, &mut self.plan.notes) else {
            if self.dialect.makes(&UNKNOWN_EXTENSION) && self.is_in_unknown_schema(named) {
                self.plan.notes.mended(&UNKNOWN_EXTENSION);
                self.plan.notes.ignored(text);
                return Ok(());
            }
            return Err(ScimError::path(text, format!("{} has no attribute '{named}'", self.resource_type.name)));
        };
        self.resolved(verb, text, path, target, value)
    }

    fn is_in_unknown_schema(&self, path: &AttrPath) -> bool {
        path.schema.as_ref().is_some_and(|urn| self.resource_type.schema_of(&urn.0).is_none())
    }

    fn resolved(
        &mut self,
        verb: Verb,
        text: &str,
        path: PatchPath,
        target: Target<'a>,
        value: Option<Json>,
    ) -> Result<(), ScimError> {
        match (path, target.schema) {
            (PatchPath::Attribute(_), Some(schema)) if target.attribute.is_none() => self.schema(verb, schema, value),
            (PatchPath::Attribute(_), _) => self.edit(Edit { verb, path: text, target, filter: None, value }),
            (PatchPath::Value { filter, sub_attribute, .. }, _) => {
                let target = values_of(text, target, &filter, sub_attribute.as_ref(), &mut self.plan.notes)?;
                self.edit(Edit { verb, path: text, target, filter: Some(filter), value })
            }
        }
    }

    /// An operation on a whole schema: on each attribute of it that is named, or on all.
    fn schema(&mut self, verb: Verb, schema: &'a Schema, value: Option<Json>) -> Result<(), ScimError> {
        match value {
            Some(Json::Object(attributes)) if verb != Verb::Remove => self.attributes(verb, Some(schema), attributes),
            None | Some(Json::Null) if verb == Verb::Remove || value.is_some() => {
                let writable =
                    schema.attributes.iter().filter(|attribute| attribute.mutability != Mutability::ReadOnly);
                for attribute in writable {
                    self.at_path(Verb::Remove, &format!("{}:{}", schema.id, attribute.name), None)?;
                }
                Ok(())
            }
            _ => Err(ScimError::value(&schema.id, "an object of attributes is needed")),
        }
    }

    /// An operation on one attribute: by where its values are kept.
    fn edit(&mut self, edit: Edit<'_>) -> Result<(), ScimError> {
        let Some(attribute) = edit.target.attribute else { return Ok(()) };
        let name = edit.target.canonical();
        if edit.target.leaf().is_some_and(|leaf| leaf.mutability == Mutability::ReadOnly)
            || attribute.mutability == Mutability::ReadOnly
        {
            return Err(ScimError::mutability(name, "is readOnly, it is kept by the server"));
        }
        if is_kept_by_the_server(&edit.target) {
            if edit.verb == Verb::Remove {
                return Err(ScimError::mutability(name, "follows from the attributes that the resource has"));
            }
            self.plan.notes.ignored(name);
            return Ok(());
        }
        if edit.verb != Verb::Remove && edit.value.is_none() {
            return Err(ScimError::value(name, "an add or replace operation needs a value"));
        }
        if attribute.relation == Some(Relation::Members) {
            let change = members::change(edit, &mut self.plan.notes)?;
            self.plan.members.extend(change);
            return Ok(());
        }
        if attribute.secret {
            return self.secret(edit);
        }
        let change = document::change(edit, self.dialect, &mut self.plan.notes)?;
        self.plan.document.extend(change);
        Ok(())
    }

    fn secret(&mut self, edit: Edit<'_>) -> Result<(), ScimError> {
        let value = match edit.value {
            Some(value) if edit.verb != Verb::Remove => read_value(&edit.target, value, &mut self.plan.notes)?,
            _ => None,
        };
        self.plan.secret = Some(match value {
            Some(Json::String(text)) if !text.is_empty() => Some(Secret::Plain(text)),
            _ => None,
        });
        Ok(())
    }
}

fn attribute_of(path: &PatchPath) -> &AttrPath {
    match path {
        PatchPath::Attribute(attribute) | PatchPath::Value { attribute, .. } => attribute,
    }
}

/// The part of the values that a path with a filter names.
fn values_of<'a>(
    text: &str,
    target: Target<'a>,
    filter: &Filter,
    sub_attribute: Option<&AttrName>,
    notes: &mut Notes,
) -> Result<Target<'a>, ScimError> {
    let Some(attribute) = target.attribute.filter(|_| target.sub_attribute.is_none()) else {
        return Err(ScimError::path(text, "a filter in brackets comes after an attribute"));
    };
    if !attribute.multi_valued {
        return Err(ScimError::path(text, format!("{} has one value, there is nothing to filter", target.canonical())));
    }
    filter.check_values_noting(target, notes).map_err(|error| match error {
        ScimError::Filter(reason) => ScimError::path(text, reason),
        other => other,
    })?;
    let Some(name) = sub_attribute else { return Ok(target) };
    match attribute.sub_attribute(name.as_str()) {
        Some(sub) => Ok(Target { sub_attribute: Some(sub), ..target }),
        None => Err(ScimError::path(text, format!("{} has no sub-attribute '{name}'", target.canonical()))),
    }
}

/// `id`, `meta` and `schemas`: Okta and authentik send them along, unchanged, with what they
/// change (transcript `okta/group-rename-patch`).
fn is_kept_by_the_server(target: &Target<'_>) -> bool {
    let common = target.attribute.and_then(|attribute| core::common_attribute(&attribute.name));
    !target.in_extension && common.is_some_and(|common| common.name != "externalId")
}
