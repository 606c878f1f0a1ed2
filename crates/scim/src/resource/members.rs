//! The values of a relation attribute, such as `members` of a group: JSON -> ids.

use std::collections::HashSet;

use crate::dialect;
use crate::error::ScimError;
use crate::id::ResourceId;
use crate::json::Json;
use crate::schema::{Attribute, Target};

use super::Notes;
use super::value::{described, in_element, refuse_deletion, shortened};

/// How many members one request may name.
pub const MEMBERS_MAX: usize = 100_000;

/// Reads the values of a relation attribute: the ids of the members, each once, in order. Of a
/// member only `value` counts; what else clients send with it is derived anyway.
///
/// # Errors
/// [`ScimError::Value`] for a member without `value` or whose `value` is not an id of this service
/// (so that nobody can have it), [`ScimError::TooLarge`] beyond [`MEMBERS_MAX`].
pub(crate) fn read_members(attribute: &Attribute, json: Json, notes: &mut Notes) -> Result<Vec<ResourceId>, ScimError> {
    let elements = match json {
        Json::Array(elements) => elements,
        Json::Null => return Ok(Vec::new()),
        one => {
            notes.mended(&dialect::ONE_AS_MANY);
            vec![one]
        }
    };
    if elements.len() > MEMBERS_MAX {
        let got = elements.len();
        let text = format!("{}: at most {MEMBERS_MAX} members are accepted in one request, got {got}", attribute.name);
        return Err(ScimError::TooLarge(text));
    }
    let mut known = HashSet::with_capacity(elements.len());
    let mut members = Vec::with_capacity(elements.len());
    for (place, element) in elements.into_iter().enumerate() {
        let id = member_id(attribute, element, notes).map_err(|error| in_element(error, place))?;
        if known.insert(id) {
            members.push(id);
        }
    }
    Ok(members)
}

fn member_id(attribute: &Attribute, json: Json, notes: &mut Notes) -> Result<ResourceId, ScimError> {
    let value = match json {
        Json::Object(parts) => {
            let whole = Target { schema: None, in_extension: false, attribute: Some(attribute), sub_attribute: None };
            refuse_deletion(&whole, &parts)?;
            parts.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("value")).map(|(_, v)| v)
        }
        Json::String(id) => {
            notes.mended(&dialect::REFERENCE_AS_TEXT);
            Some(Json::String(id))
        }
        other => {
            let reason = format!("expected an object with the id of a member as 'value', got {}", described(&other));
            return Err(ScimError::value(&attribute.name, reason));
        }
    };
    let path = || format!("{}.value", attribute.name);
    match value {
        Some(Json::String(id)) => {
            id.parse().map_err(|_| ScimError::value(path(), format!("no resource has the id '{}'", shortened(&id))))
        }
        None | Some(Json::Null) => Err(ScimError::value(path(), "is required: the id of a user or group")),
        Some(other) => Err(ScimError::value(path(), format!("expected a string, got {}", described(&other)))),
    }
}
