//! Operations on attributes of the document: what each will do, its value read and judged.

use crate::dialect::{Dialect, EMPTY_CLEARS, MANY_AS_ONE, REMOVE_LISTED, REPLACE_CREATES};
use crate::error::ScimError;
use crate::filter::Filter;
use crate::json::{Json, Object};
use crate::resource::{Notes, parts_of, read_element, read_value};
use crate::schema::{Attribute, Kind, Mutability, Target};

use super::described::{assigned, created};
use super::message::Verb;
use super::plan::Edit;

/// A change to a document; made by planning, used by applying.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DocumentChange {
    /// The URN of the extension that the attribute belongs to; `None` for what lies at the top.
    pub(super) extension: Option<String>,
    /// The attribute, in canonical spelling.
    pub(super) attribute: String,
    /// What happens to it.
    pub(super) change: Change,
}

impl DocumentChange {
    /// The names of the parts of the attribute for which it brings values.
    pub(super) fn parts(&self) -> Vec<&String> {
        match &self.change {
            Change::Set(value) => value.iter().flat_map(parts_of).collect(),
            Change::Append(values) => values.iter().flat_map(parts_of).collect(),
            Change::Merge(parts) | Change::Values { change: ValueChange::Merge(parts), .. } => {
                parts.values.keys().collect()
            }
            Change::Values { change: ValueChange::Replace(value), .. } => parts_of(value).collect(),
            Change::RemoveListed(_) | Change::Values { change: ValueChange::Remove, .. } => Vec::new(),
        }
    }
}

/// What happens to an attribute. Values are in canonical form.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Change {
    /// This is its value from now on, or all its values.
    Set(Option<Json>),
    /// Parts of its one complex value.
    Merge(Parts),
    /// Values join those it has.
    Append(Vec<Json>),
    /// Values that have all these parts go.
    RemoveListed(Vec<Json>),
    /// Some of its values change.
    Values {
        /// Which; `None`: all of them.
        filter: Option<Filter>,
        /// How.
        change: ValueChange,
        /// What if there is no such value.
        otherwise: Otherwise,
    },
}

/// What happens to one value of a multi-valued attribute.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ValueChange {
    Merge(Parts),
    Replace(Json),
    Remove,
}

/// Parts of a complex value that change; the others stay (RFC 7644 §3.5.2.3).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Parts {
    /// Part by part; `null` unassigns.
    pub(super) values: Object,
    /// Whether values of multi-valued parts join those that are there.
    pub(super) append: bool,
}

/// What happens when a path selects no value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Otherwise {
    /// Nothing: what was to be removed is not there.
    Nothing,
    /// This value is created.
    Create {
        /// The new value.
        value: Json,
        /// Whether only [`REPLACE_CREATES`] allows it.
        mended: bool,
    },
    /// The request is refused; the path is named.
    Refuse(String),
}

/// What an operation does to the document; `None` when it does nothing.
pub(super) fn change(edit: Edit<'_>, dialect: Dialect, notes: &mut Notes) -> Result<Option<DocumentChange>, ScimError> {
    let target = edit.target;
    let Some(attribute) = target.attribute else { return Ok(None) };
    let mut reader = Reader { dialect, notes };
    let change = match (edit.verb, attribute.multi_valued) {
        (_, true) if edit.filter.is_some() || target.sub_attribute.is_some() => reader
            .values(edit, attribute)?
            .map(|(filter, change, otherwise)| Change::Values { filter, change, otherwise }),
        (Verb::Add, true) => match reader.value(&target, edit.value)? {
            Some(Json::Array(values)) => Some(Change::Append(values)),
            _ => None,
        },
        (Verb::Remove, true) if !matches!(edit.value, None | Some(Json::Null)) => Some(reader.listed(edit, attribute)?),
        (Verb::Add | Verb::Replace, false) if attribute.kind == Kind::Complex => reader.one(edit)?,
        (Verb::Remove, false) if target.sub_attribute.is_some() => reader.one(edit)?,
        (Verb::Remove, _) if attribute.required => {
            // RFC 7644 §3.5.2.2 wants `mutability` for it.
            return Err(ScimError::mutability(target.canonical(), "is required and cannot be removed"));
        }
        (Verb::Remove, _) => Some(Change::Set(None)),
        (Verb::Add | Verb::Replace, _) => Some(Change::Set(reader.value(&target, edit.value)?)),
    };
    if let Some(Change::Set(value)) = &change
        && attribute.required
        && value.as_ref().is_none_or(|value| value.as_str().is_some_and(|text| text.trim().is_empty()))
    {
        return Err(ScimError::value(target.canonical(), "is required and must not be empty"));
    }
    let extension = target.schema.filter(|_| target.in_extension).map(|schema| schema.id.clone());
    Ok(change.map(|change| DocumentChange { extension, attribute: attribute.name.clone(), change }))
}

/// Reads the values of operations into canonical form.
struct Reader<'n> {
    dialect: Dialect,
    notes: &'n mut Notes,
}

impl Reader<'_> {
    /// What the target will hold; `None`: it becomes unassigned.
    fn value(&mut self, target: &Target<'_>, value: Option<Json>) -> Result<Option<Json>, ScimError> {
        let value = value.unwrap_or_default();
        if self.clears(target, &value) {
            return Ok(None);
        }
        read_value(target, value, self.notes)
    }

    /// Entra ID sends `""` where it means `null` (transcript `clear-attributes-with-empty-string`).
    fn clears(&mut self, target: &Target<'_>, value: &Json) -> bool {
        let optional = target.leaf().is_some_and(|leaf| !leaf.required);
        let clears = self.dialect.makes(&EMPTY_CLEARS) && optional && value.as_str() == Some("");
        if clears {
            self.notes.mended(&EMPTY_CLEARS);
        }
        clears
    }

    /// The parts of a complex value; `None`: the value becomes unassigned.
    fn parts(&mut self, target: &Target<'_>, value: Json) -> Result<Option<Object>, ScimError> {
        let whole = Target { sub_attribute: None, ..*target };
        let Some(attribute) = whole.attribute else { return Ok(None) };
        let values = match self.only(value) {
            Json::Object(values) => values,
            other => {
                let read = read_element(&whole, other, self.notes)?;
                return Ok(read.and_then(|value| match value {
                    Json::Object(parts) => Some(parts),
                    _ => None,
                }));
            }
        };
        let mut parts = Object::new();
        for (name, value) in values {
            let Some(sub) = attribute.sub_attribute(&name) else {
                self.notes.ignored(format!("{}.{name}", whole.canonical()));
                continue;
            };
            let place = Target { sub_attribute: Some(sub), ..whole };
            if sub.mutability == Mutability::ReadOnly {
                self.notes.ignored(place.canonical());
                continue;
            }
            let value = self.value(&place, Some(value))?.unwrap_or_default();
            if parts.insert(sub.name.clone(), value).is_some() {
                return Err(ScimError::value(place.canonical(), "is given more than once, in different spellings"));
            }
        }
        Ok(Some(parts))
    }

    /// The one element of a list of one, or the value itself.
    fn only(&mut self, value: Json) -> Json {
        match value {
            Json::Array(mut elements) if elements.len() == 1 => {
                self.notes.mended(&MANY_AS_ONE);
                elements.pop().unwrap_or_default()
            }
            value => value,
        }
    }

    /// A change to an attribute with one complex value, or to a part of it.
    fn one(&mut self, edit: Edit<'_>) -> Result<Option<Change>, ScimError> {
        let Some(values) = self.changed_parts(&edit.target, edit.verb, edit.value)? else {
            return Ok(Some(Change::Set(None)));
        };
        Ok(Some(Change::Merge(Parts { values, append: edit.verb == Verb::Add })))
    }

    /// The parts that an operation on a complex value or a part of it changes.
    fn changed_parts(
        &mut self,
        target: &Target<'_>,
        verb: Verb,
        value: Option<Json>,
    ) -> Result<Option<Object>, ScimError> {
        let Some(sub) = target.sub_attribute else { return self.parts(target, value.unwrap_or_default()) };
        let value = if verb == Verb::Remove { None } else { self.value(target, value)? };
        Ok(Some(Object::from_iter([(sub.name.clone(), value.unwrap_or_default())])))
    }

    /// `remove` with a list of values: only those go. RFC 7644 §3.5.2.2 knows no such list and
    /// would remove all; Entra ID, JumpCloud and authentik mean the listed ones.
    fn listed(&mut self, edit: Edit<'_>, attribute: &Attribute) -> Result<Change, ScimError> {
        self.notes.mended(&REMOVE_LISTED);
        let elements = match edit.value.unwrap_or_default() {
            Json::Array(elements) => elements,
            one => vec![one],
        };
        let mut values = Vec::with_capacity(elements.len());
        for element in elements {
            match read_element(&edit.target, element, self.notes)? {
                Some(value) => values.push(value),
                None => return Err(ScimError::value(&attribute.name, "a value to remove names no value")),
            }
        }
        Ok(Change::RemoveListed(values))
    }

    /// A change to some values of a multi-valued attribute, chosen by a filter or by having them.
    fn values(
        &mut self,
        edit: Edit<'_>,
        attribute: &Attribute,
    ) -> Result<Option<(Option<Filter>, ValueChange, Otherwise)>, ScimError> {
        let Edit { verb, path, target, filter, value } = edit;
        let whole = target.sub_attribute.is_none();
        if verb == Verb::Remove && whole {
            return Ok(Some((filter, ValueChange::Remove, Otherwise::Nothing)));
        }
        let (change, created) = if attribute.kind == Kind::Complex {
            let Some(values) = self.changed_parts(&target, verb, value)? else {
                let nothing = verb == Verb::Add;
                return Ok(if nothing { None } else { Some((filter, ValueChange::Remove, Otherwise::Nothing)) });
            };
            let created = created(&target, filter.as_ref(), &values, self.notes);
            match (verb, whole) {
                // "all matching record values SHALL be replaced"; what the filter says of them stays.
                (Verb::Replace, true) => match created.clone() {
                    Some(value) => (ValueChange::Replace(value), created),
                    None => (ValueChange::Replace(assigned(values)), None),
                },
                _ => (ValueChange::Merge(Parts { values, append: verb == Verb::Add }), created),
            }
        } else {
            match read_element(&target, value.unwrap_or_default(), self.notes)? {
                Some(value) => (ValueChange::Replace(value.clone()), Some(value)),
                None => return Ok(Some((filter, ValueChange::Remove, Otherwise::Nothing))),
            }
        };
        let clears = match &change {
            ValueChange::Merge(parts) => parts.values.values().all(is_empty),
            ValueChange::Replace(_) | ValueChange::Remove => false,
        };
        // Without a filter an attribute that has no value is named: "the service provider SHALL
        // treat the operation as an add" (RFC 7644 §3.5.2.3).
        let may_create = verb == Verb::Add || filter.is_none();
        let otherwise = match created {
            _ if clears => Otherwise::Nothing,
            Some(value) if may_create || self.dialect.makes(&REPLACE_CREATES) => {
                Otherwise::Create { value, mended: !may_create }
            }
            _ => Otherwise::Refuse(path.to_owned()),
        };
        Ok(Some((filter, change, otherwise)))
    }
}

fn is_empty(value: &Json) -> bool {
    value.is_null() || value.as_str() == Some("")
}
