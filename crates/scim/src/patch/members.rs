//! Operations on the relation attribute: changes of a membership, planned without reading it.

use std::collections::HashSet;

use crate::dialect::REMOVE_LISTED;
use crate::error::ScimError;
use crate::filter::{Filter, Operand, Operator};
use crate::id::ResourceId;
use crate::json::Json;
use crate::resource::{MEMBERS_MAX, Notes, read_members};
use crate::schema::Attribute;

use super::MembersChange;
use super::message::Verb;
use super::plan::Edit;

/// What an operation does to the members; `None` when it does nothing.
pub(super) fn change(edit: Edit<'_>, notes: &mut Notes) -> Result<Option<MembersChange>, ScimError> {
    let Some(attribute) = edit.target.attribute else { return Ok(None) };
    let name = &attribute.name;
    if edit.target.sub_attribute.is_some() || (edit.filter.is_some() && edit.verb != Verb::Remove) {
        let reason =
            format!("a member cannot be changed; remove it by '{name}[value eq \"…\"]', add others to '{name}'");
        return Err(ScimError::path(edit.path, reason));
    }
    let change = match (edit.verb, edit.filter, edit.value) {
        (Verb::Remove, Some(filter), _) => match listed(&filter) {
            Some(ids) => MembersChange::Remove(ids.into_iter().filter_map(|id| known(id, attribute, notes)).collect()),
            None => MembersChange::RemoveWhere(filter),
        },
        (Verb::Remove, None, None | Some(Json::Null)) => MembersChange::RemoveAll,
        (Verb::Remove, None, Some(value)) => {
            notes.mended(&REMOVE_LISTED);
            MembersChange::Remove(read_removed(attribute, value, notes)?)
        }
        (Verb::Add, _, value) => MembersChange::Add(read_members(attribute, value.unwrap_or_default(), notes)?),
        (Verb::Replace, _, value) => {
            let ids = read_members(attribute, value.unwrap_or_default(), notes)?;
            if ids.is_empty() { MembersChange::RemoveAll } else { MembersChange::Replace(ids) }
        }
    };
    Ok(Some(change).filter(|change| match change {
        MembersChange::Add(ids) | MembersChange::Remove(ids) => !ids.is_empty(),
        MembersChange::RemoveAll | MembersChange::Replace(_) | MembersChange::RemoveWhere(_) => true,
    }))
}

/// The ids of a filter that only lists ids: `value eq "a" or value eq "b"`.
fn listed(filter: &Filter) -> Option<Vec<&str>> {
    match filter {
        Filter::Compare(path, Operator::Eq, Operand::Text(id)) if path.attribute.is("value") => Some(vec![id]),
        Filter::Or(left, right) => {
            let mut ids = listed(left)?;
            ids.extend(listed(right)?);
            Some(ids)
        }
        _ => None,
    }
}

/// Reads who is to be removed. What cannot be an id is nobody's, so it is gone already; what
/// names nobody is refused, lest it be read as "all".
fn read_removed(attribute: &Attribute, value: Json, notes: &mut Notes) -> Result<Vec<ResourceId>, ScimError> {
    let elements = match value {
        Json::Array(elements) => elements,
        one => vec![one],
    };
    let mut ids = Vec::with_capacity(elements.len());
    for element in elements {
        let id = match &element {
            Json::String(id) => Some(id),
            Json::Object(parts) => match parts.iter().find(|(name, _)| name.eq_ignore_ascii_case("value")) {
                Some((_, Json::String(id))) => Some(id),
                _ => None,
            },
            _ => None,
        };
        match id {
            Some(id) => ids.extend(known(id, attribute, notes)),
            None => ids.extend(read_members(attribute, Json::Array(vec![element]), notes)?),
        }
    }
    Ok(ids)
}

fn known(id: &str, attribute: &Attribute, notes: &mut Notes) -> Option<ResourceId> {
    let known = id.parse().ok();
    if known.is_none() {
        notes.ignored(format!("{}[value eq {}]", attribute.name, Json::from(id)));
    }
    known
}

/// Joins neighbours of the same kind, as clients send one operation for each member, and names
/// each member once in each.
///
/// # Errors
/// [`ScimError::TooLarge`] when the request names more than [`MEMBERS_MAX`] members.
pub(super) fn join(changes: &mut Vec<MembersChange>) -> Result<(), ScimError> {
    let mut joined: Vec<MembersChange> = Vec::with_capacity(changes.len().min(16));
    let mut named = 0;
    for change in changes.drain(..) {
        named += ids_of(&change).len();
        match (joined.last_mut(), change) {
            (Some(MembersChange::Add(ids)), MembersChange::Add(more))
            | (Some(MembersChange::Remove(ids)), MembersChange::Remove(more)) => ids.extend(more),
            (_, change) => joined.push(change),
        }
    }
    if named > MEMBERS_MAX {
        return Err(ScimError::TooLarge(format!(
            "A PATCH names at most {MEMBERS_MAX} members, this one names {named}"
        )));
    }
    for change in &mut joined {
        if let MembersChange::Add(ids) | MembersChange::Remove(ids) = change {
            let mut seen = HashSet::with_capacity(ids.len());
            ids.retain(|id| seen.insert(*id));
        }
    }
    *changes = joined;
    Ok(())
}

fn ids_of(change: &MembersChange) -> &[ResourceId] {
    match change {
        MembersChange::Add(ids) | MembersChange::Remove(ids) | MembersChange::Replace(ids) => ids,
        MembersChange::RemoveAll | MembersChange::RemoveWhere(_) => &[],
    }
}
