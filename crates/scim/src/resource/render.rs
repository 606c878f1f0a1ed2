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
/// When nothing has to be left out the stored text is used as it is, without parsing it. The
/// values of a relation are always written straight to the text, however many there are.
///
/// # Errors
/// [`CorruptBody`] when the stored text is not the text of a document.
pub fn render(resource: &Representation, base_url: &str, projection: &Projection) -> Result<String, CorruptBody> {
    let resource_type = &resource.resource_type;
    if projection.is_default() && !projection::hides_some(resource_type) {
        return Ok(spliced(&resource.body, resource, base_url, projection));
    }
    let mut document: Object = serde_json::from_str(&resource.body).map_err(CorruptBody)?;
    projection.apply(resource_type, &mut document);
    Ok(spliced(&Json::Object(document).to_string(), resource, base_url, projection))
}

impl Representation {
    /// The whole resource as JSON: what a filter is held against.
    ///
    /// # Errors
    /// [`CorruptBody`] when the stored text is not the text of a document.
    pub fn to_json(&self, base_url: &str) -> Result<Json, CorruptBody> {
        let whole = spliced(&self.body, self, base_url, &Projection::default());
        serde_json::from_str(&whole).map_err(CorruptBody)
    }
}

/// The text of a document with relations and `meta` put in.
fn spliced(document: &str, resource: &Representation, base_url: &str, projection: &Projection) -> String {
    let mut text = String::with_capacity(document.len() + 512);
    text.push_str(document.strip_suffix('}').unwrap_or(document));
    push_relations(&mut text, resource, base_url, projection);
    push_meta(&mut text, resource, base_url, projection);
    text.push('}');
    text
}

fn push_relations(text: &mut String, resource: &Representation, base_url: &str, projection: &Projection) {
    for (relation, values) in [(Relation::Members, &resource.members), (Relation::MemberOf, &resource.member_of)] {
        let (Some(attribute), Some(values)) = (resource.resource_type.relation(relation), values) else { continue };
        if values.is_empty() {
            continue;
        }
        let parts = projection.relation_parts(&resource.resource_type, relation);
        // A member without a name has nothing to show when only names are asked for.
        let says_something = |member: &&Member| member.display.is_some() || parts.iter().any(|part| *part != "display");
        let mut values = values.iter().filter(says_something).peekable();
        if values.peek().is_none() || parts.is_empty() {
            continue;
        }
        push_name(text, &attribute.name);
        for (place, member) in values.enumerate() {
            text.push_str(if place == 0 { "[{" } else { ",{" });
            push_member(text, member, relation, &parts, base_url);
            text.push('}');
        }
        text.push(']');
    }
}

fn push_member(text: &mut String, member: &Member, relation: Relation, parts: &[&str], base_url: &str) {
    let Member { id, endpoint, .. } = member;
    for part in parts {
        match (*part, &member.display) {
            ("value", _) => {
                push_name(text, part);
                let _ = write!(text, "\"{id}\"");
            }
            ("$ref", _) => {
                push_name(text, part);
                push_string(text, &format!("{base_url}{endpoint}/{id}"));
            }
            ("display", Some(display)) => {
                push_name(text, part);
                push_string(text, display);
            }
            ("type", _) => {
                push_name(text, part);
                push_string(text, type_of(member, relation));
            }
            _ => {}
        }
    }
}

/// What the sub-attribute `type` says: of a member its resource type, of a group how one belongs
/// to it (RFC 7643 §4.1.2, §4.2).
fn type_of(member: &Member, relation: Relation) -> &str {
    match relation {
        Relation::Members => &member.type_name,
        Relation::MemberOf if member.direct => "direct",
        Relation::MemberOf => "indirect",
    }
}

/// `meta` (RFC 7643 §3.1).
fn push_meta(text: &mut String, resource: &Representation, base_url: &str, projection: &Projection) {
    let Representation { resource_type, id, version, .. } = resource;
    let parts = projection.meta_parts(resource_type);
    if parts.is_empty() {
        return;
    }
    push_name(text, "meta");
    text.push('{');
    for part in parts {
        let value = match part {
            "resourceType" => resource_type.name.clone(),
            "created" => time::format(resource.created),
            "lastModified" => time::format(resource.modified),
            "location" => format!("{base_url}{}/{id}", resource_type.endpoint),
            "version" => version.to_string(),
            _ => continue,
        };
        push_name(text, part);
        push_string(text, &value);
    }
    text.push('}');
}

/// Begins the next member of the object at the end of `text`.
fn push_name(text: &mut String, name: &str) {
    if !text.ends_with('{') {
        text.push(',');
    }
    push_string(text, name);
    text.push(':');
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
