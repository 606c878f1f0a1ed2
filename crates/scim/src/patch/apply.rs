//! [`PatchPlan`] × document = [`Patched`].

use crate::dialect::REPLACE_CREATES;
use crate::error::ScimError;
use crate::filter::Filter;
use crate::json::{Json, Object};
use crate::resource::{Document, Notes, finish};
use crate::schema::{Mutability, ResourceType, Schema, Target, core};

use super::document::{Change, DocumentChange, Otherwise, Parts, ValueChange};
use super::{PatchPlan, Patched};

/// How many bytes of values one PATCH may look at, once for each value that it adds and each term
/// of its filters: what bounds its time, to about a second.
pub const EFFORT_BYTES_MAX: usize = 500_000_000;

/// How large a document may grow by PATCH, in bytes, more or less; a large one may still shrink.
pub const DOCUMENT_BYTES_MAX: usize = 1024 * 1024;

impl PatchPlan {
    /// Carries out the changes to the document, all of them or none.
    ///
    /// # Errors
    /// [`ScimError::NoTarget`], [`ScimError::Mutability`] or [`ScimError::Value`], depending on
    /// what is in the document; [`ScimError::TooLarge`] beyond [`EFFORT_BYTES_MAX`]
    /// and [`DOCUMENT_BYTES_MAX`].
    pub fn apply(&self, resource_type: &ResourceType, document: &Document) -> Result<Patched, ScimError> {
        let mut work = Work { resource_type, effort: 0, notes: Notes::default() };
        let mut attributes = document.0.clone();
        for change in &self.document {
            work.change(change, &mut attributes)?;
        }
        let patched = finish(resource_type, attributes)?;
        let (before, after) = (size_of_all(document.0.values()), size_of_all(patched.0.values()));
        if after > before.max(DOCUMENT_BYTES_MAX) {
            let text = format!("A resource can grow to {DOCUMENT_BYTES_MAX} bytes, members aside");
            return Err(ScimError::TooLarge(text));
        }
        let changed = document.changed(&patched);
        Ok(Patched { document: patched, changed, notes: work.notes })
    }
}

struct Work<'a> {
    resource_type: &'a ResourceType,
    effort: usize,
    notes: Notes,
}

impl<'a> Work<'a> {
    fn change(&mut self, change: &DocumentChange, attributes: &mut Object) -> Result<(), ScimError> {
        let target = self.target(change).ok_or_else(|| ScimError::path(&change.attribute, "is no longer known"))?;
        let place = match &change.extension {
            None => attributes,
            Some(urn) => {
                let part = attributes.entry(urn.clone()).or_insert_with(|| Json::Object(Object::new()));
                let Json::Object(part) = part else { return Err(ScimError::value(urn, "is not an object")) };
                part
            }
        };
        let before = place.remove(&change.attribute);
        let kept =
            before.clone().filter(|_| target.leaf().is_some_and(|leaf| leaf.mutability == Mutability::Immutable));
        let after = self.changed(&target, before, &change.change)?;
        // RFC 7644 §3.5.2: a client may add a value to an immutable attribute that had none.
        if kept.is_some() && kept != after {
            return Err(immutable(&target));
        }
        if let Some(after) = after {
            place.insert(change.attribute.clone(), after);
        }
        Ok(())
    }

    fn target(&self, change: &DocumentChange) -> Option<Target<'a>> {
        let DocumentChange { extension, attribute, .. } = change;
        let schema: &Schema = match extension {
            Some(urn) => self.resource_type.schema_of(urn)?,
            None => &self.resource_type.schema,
        };
        let common = core::common_attribute(attribute).filter(|_| extension.is_none());
        let attribute = Some(common.or_else(|| schema.attribute(attribute))?);
        let schema = Some(schema).filter(|_| common.is_none());
        Some(Target { schema, in_extension: extension.is_some(), attribute, sub_attribute: None })
    }

    /// What an attribute holds after a change.
    fn changed(
        &mut self,
        target: &Target<'_>,
        before: Option<Json>,
        change: &Change,
    ) -> Result<Option<Json>, ScimError> {
        match change {
            Change::Set(value) => return Ok(value.clone()),
            Change::Merge(parts) => {
                let mut value = match before {
                    Some(Json::Object(value)) => value,
                    _ => Object::new(),
                };
                merge(target, &mut value, parts)?;
                return Ok(Some(Json::Object(value)));
            }
            Change::Append(_) | Change::RemoveListed(_) | Change::Values { .. } => {}
        }
        let mut values = match before {
            Some(Json::Array(values)) => values,
            Some(one) => vec![one],
            None => Vec::new(),
        };
        match change {
            Change::Append(new) => self.append(target, &mut values, new)?,
            Change::RemoveListed(listed) => {
                self.spend(size_of_all(values.iter()) * listed.len())?;
                values.retain(|value| !listed.iter().any(|parts| has_parts(value, parts)));
            }
            Change::Values { filter, change, otherwise } => {
                self.values(target, &mut values, filter.as_ref(), change, otherwise)?;
            }
            Change::Set(_) | Change::Merge(_) => {}
        }
        Ok(Some(Json::Array(values)))
    }

    /// Adds values that are not there yet. A value of the same `value` and `type` is the same:
    /// "Service providers SHOULD NOT return the same (type, value) combination more than once"
    /// (RFC 7643 §2.4); its other parts are taken over.
    fn append(&mut self, target: &Target<'_>, values: &mut Vec<Json>, new: &[Json]) -> Result<(), ScimError> {
        let mut size = size_of_all(values.iter());
        for value in new {
            size += size_of(value);
            self.spend(size)?;
            let place = values.iter().position(|there| is_same(there, value));
            match (place.map(|place| &mut values[place]), value) {
                (Some(Json::Object(there)), Json::Object(parts)) => {
                    merge(target, there, &Parts { values: parts.clone(), append: true })?;
                }
                (Some(_), _) => {}
                (None, _) => values.push(value.clone()),
            }
            let place = place.unwrap_or(values.len() - 1);
            only_primary(values, |other| other == place, is_primary(value));
        }
        Ok(())
    }

    fn values(
        &mut self,
        target: &Target<'_>,
        values: &mut Vec<Json>,
        filter: Option<&Filter>,
        change: &ValueChange,
        otherwise: &Otherwise,
    ) -> Result<(), ScimError> {
        self.spend(size_of_all(values.iter()) * filter.map_or(1, Filter::nodes))?;
        let condition = filter.map(|filter| filter.resolve_for_values(*target)).transpose()?;
        let selected: Vec<bool> = values
            .iter()
            .map(|value| condition.as_ref().is_none_or(|condition| condition.holds_for_value(value)))
            .collect();
        if !selected.contains(&true) {
            return self.otherwise(values, otherwise);
        }
        if *change == ValueChange::Remove {
            let mut selected = selected.into_iter();
            values.retain(|_| !selected.next().unwrap_or(false));
            return Ok(());
        }
        let mut primary = false;
        for (value, _) in values.iter_mut().zip(&selected).filter(|(_, selected)| **selected) {
            match (change, &mut *value) {
                (ValueChange::Merge(parts), Json::Object(there)) => {
                    primary |= parts.values.get("primary") == Some(&Json::Bool(true));
                    merge(target, there, parts)?;
                }
                (ValueChange::Replace(new), there) => {
                    primary |= is_primary(new);
                    *there = new.clone();
                }
                (ValueChange::Merge(_) | ValueChange::Remove, _) => {}
            }
        }
        only_primary(values, |place| selected[place], primary);
        Ok(())
    }

    fn otherwise(&mut self, values: &mut Vec<Json>, otherwise: &Otherwise) -> Result<(), ScimError> {
        match otherwise {
            Otherwise::Nothing => Ok(()),
            Otherwise::Refuse(path) => {
                let path: String = path.chars().take(200).collect();
                Err(ScimError::NoTarget(format!("path '{path}' selects no value of this resource")))
            }
            Otherwise::Create { value, mended } => {
                if *mended {
                    self.notes.mended(&REPLACE_CREATES);
                }
                values.push(value.clone());
                let created = values.len() - 1;
                only_primary(values, |place| place == created, is_primary(value));
                Ok(())
            }
        }
    }

    fn spend(&mut self, effort: usize) -> Result<(), ScimError> {
        self.effort = self.effort.saturating_add(effort);
        if self.effort <= EFFORT_BYTES_MAX {
            return Ok(());
        }
        Err(ScimError::TooLarge("This PATCH compares too many values; send it in several requests".into()))
    }
}

/// The bytes of a value, more or less; looking at a small one is work, too.
fn size_of(value: &Json) -> usize {
    const EACH: usize = 16;
    match value {
        Json::Null | Json::Bool(_) | Json::Number(_) => EACH,
        Json::String(text) => EACH + text.len(),
        Json::Array(elements) => EACH + size_of_all(elements.iter()),
        Json::Object(parts) => EACH + size_of_all(parts.values()),
    }
}

fn size_of_all<'j>(values: impl Iterator<Item = &'j Json>) -> usize {
    values.map(size_of).sum()
}

/// Changes parts of a complex value.
fn merge(target: &Target<'_>, value: &mut Object, parts: &Parts) -> Result<(), ScimError> {
    let refers_elsewhere = parts.values.get("value").is_some_and(|new| value.get("value") != Some(new));
    if refers_elsewhere && !parts.values.contains_key("$ref") {
        // It would still point to what `value` named before.
        value.remove("$ref");
    }
    for (name, new) in &parts.values {
        let Some(sub) = target.attribute.and_then(|attribute| attribute.sub_attribute(name)) else { continue };
        let before = value.remove(name);
        let after = match (&before, new) {
            (_, Json::Null) => None,
            (Some(Json::Array(there)), Json::Array(new)) if parts.append => {
                let more = new.iter().filter(|new| !there.contains(new));
                Some(Json::Array(there.iter().chain(more).cloned().collect()))
            }
            (_, new) => Some(new.clone()),
        };
        if sub.mutability == Mutability::Immutable && before.is_some() && before != after {
            return Err(immutable(&Target { sub_attribute: Some(sub), ..*target }));
        }
        if let Some(after) = after {
            value.insert(name.clone(), after);
        }
    }
    Ok(())
}

/// RFC 7644 §3.5.2: setting `primary` of a value to true sets it to false for all others.
fn only_primary(values: &mut [Json], is_new: impl Fn(usize) -> bool, needed: bool) {
    if !needed {
        return;
    }
    for (place, value) in values.iter_mut().enumerate() {
        if !is_new(place) && is_primary(value) {
            value["primary"] = Json::Bool(false);
        }
    }
}

fn is_primary(value: &Json) -> bool {
    value.get("primary") == Some(&Json::Bool(true))
}

/// Whether two values of a multi-valued attribute are one.
fn is_same(one: &Json, other: &Json) -> bool {
    match (one.get("value"), other.get("value")) {
        (Some(value), Some(other_value)) => value == other_value && one.get("type") == other.get("type"),
        _ => one == other,
    }
}

fn has_parts(value: &Json, parts: &Json) -> bool {
    match (value, parts) {
        (Json::Object(value), Json::Object(parts)) => parts.iter().all(|(name, part)| value.get(name) == Some(part)),
        _ => value == parts,
    }
}

fn immutable(target: &Target<'_>) -> ScimError {
    ScimError::mutability(target.canonical(), "is immutable, it cannot be changed once it has a value")
}
