//! A resource for the wire (RFC 7643 §8): its stored text with what is kept elsewhere put in.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::id::{ResourceId, Version};
use crate::json::{Json, Object};
use crate::projection::{self, Projection};
use crate::schema::{Relation, ResourceType};
use crate::time;

use super::document::CorruptBody;

/// A stored resource and everything that is shown with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Representation {
    /// Its type.
    pub resource_type: Arc<ResourceType>,
    /// Its id.
    pub id: ResourceId,
    /// Its version.
    pub version: Version,
    /// When it was made, in milliseconds since 1970.
    pub created: i64,
    /// When it was changed last, in milliseconds since 1970.
    pub modified: i64,
    /// The text of its document, as [`super::Document::to_body`] made it.
    pub body: String,
    /// Who belongs to it; `None` when that is not to be shown.
    pub members: Option<Vec<Member>>,
    /// What it belongs to; `None` when that is not to be shown.
    pub member_of: Option<Vec<Member>>,
}

/// One end of a membership: a value of `members` or of `groups`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub id: ResourceId,
    /// The name of its type, `User`.
    pub type_name: String,
    /// The endpoint of its type, `/Users`.
    pub endpoint: String,
    /// Its name for people.
    pub display: Option<String>,
    /// Whether it belongs directly, or through a group between (`groups` only).
    pub direct: bool,
}

/// The JSON text of a resource, with locations below `base_url` (without `/` at its end).
///
/// When nothing has to be left out the stored text is used as it is, without parsing it.
///
/// # Errors
/// [`CorruptBody`] when the stored text is not the text of a document.
pub fn render(resource: &Representation, base_url: &str, projection: &Projection) -> Result<String, CorruptBody> {
    let whole = spliced(resource, base_url);
    if projection.is_default() && !projection::hides_some(&resource.resource_type) {
        return Ok(whole);
    }
    let mut object: Object = serde_json::from_str(&whole).map_err(CorruptBody)?;
    projection.apply(&resource.resource_type, &mut object);
    Ok(Json::Object(object).to_string())
}

impl Representation {
    /// The whole resource as JSON, with what is never shown too: what a filter is held against.
    ///
    /// # Errors
    /// [`CorruptBody`] when the stored text is not the text of a document.
    pub fn to_json(&self, base_url: &str) -> Result<Json, CorruptBody> {
        serde_json::from_str(&spliced(self, base_url)).map_err(CorruptBody)
    }
}

fn spliced(resource: &Representation, base_url: &str) -> String {
    let mut text = String::with_capacity(resource.body.len() + 256);
    text.push_str(resource.body.strip_suffix('}').unwrap_or(&resource.body));
    push_members(&mut text, resource, Relation::Members, base_url);
    push_members(&mut text, resource, Relation::MemberOf, base_url);
    push_meta(&mut text, resource, base_url);
    text.push('}');
    text
}

fn push_members(text: &mut String, resource: &Representation, relation: Relation, base_url: &str) {
    let values = match relation {
        Relation::Members => &resource.members,
        Relation::MemberOf => &resource.member_of,
    };
    let (Some(attribute), Some(values)) = (resource.resource_type.relation(relation), values) else { return };
    if values.is_empty() {
        return;
    }
    text.push(',');
    push_string(text, &attribute.name);
    text.push_str(":[");
    for (place, member) in values.iter().enumerate() {
        text.push_str(if place == 0 { "{" } else { ",{" });
        push_member(text, member, relation, base_url);
        text.push('}');
    }
    text.push(']');
}

fn push_member(text: &mut String, member: &Member, relation: Relation, base_url: &str) {
    let id = member.id;
    let _ = write!(text, "\"value\":\"{id}\",\"$ref\":");
    push_string(text, &format!("{base_url}{}/{id}", member.endpoint));
    if let Some(display) = &member.display {
        text.push_str(",\"display\":");
        push_string(text, display);
    }
    text.push_str(",\"type\":");
    match relation {
        Relation::Members => push_string(text, &member.type_name),
        Relation::MemberOf => text.push_str(if member.direct { "\"direct\"" } else { "\"indirect\"" }),
    }
}

/// `meta` (RFC 7643 §3.1). A version such as `W/"7"` has quotes of its own.
fn push_meta(text: &mut String, resource: &Representation, base_url: &str) {
    let Representation { resource_type, id, version, .. } = resource;
    text.push_str(",\"meta\":{\"resourceType\":");
    push_string(text, &resource_type.name);
    let (created, modified) = (time::format(resource.created), time::format(resource.modified));
    let _ = write!(text, ",\"created\":\"{created}\",\"lastModified\":\"{modified}\",\"location\":");
    push_string(text, &format!("{base_url}{}/{id}", resource_type.endpoint));
    text.push_str(",\"version\":");
    push_string(text, &version.to_string());
    text.push('}');
}

/// Writes `value` as a JSON string.
pub(super) fn push_string(text: &mut String, value: &str) {
    let plain = value.bytes().all(|b| b >= b' ' && b != b'"' && b != b'\\');
    if plain {
        text.push('"');
        text.push_str(value);
        text.push('"');
    } else {
        text.push_str(&Json::from(value).to_string());
    }
}
