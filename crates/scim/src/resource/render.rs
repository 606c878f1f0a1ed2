//! A resource for the wire (RFC 7643 §8): its stored text with what is kept elsewhere put in.

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
/// # Errors
/// As [`Renderer::push`].
pub fn render(resource: &Representation, base_url: &str, projection: &Projection) -> Result<String, CorruptBody> {
    let mut text = String::with_capacity(Renderer::room_for(resource));
    Renderer::new(base_url, projection).push(&mut text, resource)?;
    Ok(text)
}

/// Writes the JSON texts of resources, with locations below `base_url` (without `/` at its end). What is the
/// same for all of a type is found out once.
#[derive(Debug)]
pub struct Renderer<'a> {
    base_url: &'a str,
    projection: &'a Projection,
    /// Of the types that were met.
    types: Vec<OfType<'a>>,
}

/// What resources of a type show.
#[derive(Debug)]
struct OfType<'a> {
    resource_type: &'a ResourceType,
    /// The stored text is shown as it is.
    is_whole: bool,
    /// Sub-attributes of the relations.
    members: Vec<&'a str>,
    member_of: Vec<&'a str>,
    /// Sub-attributes of `meta`.
    meta: Vec<&'static str>,
    /// The name of the type, as a JSON string.
    name: String,
    /// The base URL, as in a JSON string.
    base_url: String,
    /// What stands before the id in a location, as in a JSON string.
    location: String,
}

impl<'a> OfType<'a> {
    fn of(resource_type: &'a ResourceType, base_url: &str, projection: &Projection) -> Self {
        let escaped = |value: &str| {
            let mut text = String::with_capacity(value.len() + 64);
            push_escaped(&mut text, value);
            text
        };
        Self {
            resource_type,
            is_whole: projection.is_default() && !projection::hides_some(resource_type),
            members: projection.relation_parts(resource_type, Relation::Members),
            member_of: projection.relation_parts(resource_type, Relation::MemberOf),
            meta: projection.meta_parts(resource_type),
            name: format!("\"{}\"", escaped(&resource_type.name)),
            location: escaped(&format!("{base_url}{}/", resource_type.endpoint)),
            base_url: escaped(base_url),
        }
    }
}

impl<'a> Renderer<'a> {
    /// A renderer for one answer.
    #[must_use]
    pub fn new(base_url: &'a str, projection: &'a Projection) -> Self {
        Self { base_url, projection, types: Vec::new() }
    }

    /// How many bytes a resource takes, about.
    #[must_use]
    pub fn room_for(resource: &Representation) -> usize {
        let ends = |ends: &Option<Vec<Member>>| ends.as_ref().map_or(0, Vec::len) * 192;
        resource.body.len() + 384 + ends(&resource.members) + ends(&resource.member_of)
    }

    /// Writes a resource to the end of `text`.
    ///
    /// When nothing has to be left out the stored text is used as it is, without parsing it. The
    /// values of a relation are always written straight to the text, however many there are.
    ///
    /// # Errors
    /// [`CorruptBody`] when the stored text is not the text of a document.
    pub fn push(&mut self, text: &mut String, resource: &'a Representation) -> Result<(), CorruptBody> {
        let resource_type = &*resource.resource_type;
        let known = self.types.iter().position(|known| std::ptr::eq(known.resource_type, resource_type));
        let place = known.unwrap_or_else(|| {
            self.types.push(OfType::of(resource_type, self.base_url, self.projection));
            self.types.len() - 1
        });
        let of_type = &self.types[place];
        if of_type.is_whole {
            push_spliced(text, &resource.body, resource, of_type);
            return Ok(());
        }
        let mut document: Object = serde_json::from_str(&resource.body).map_err(CorruptBody)?;
        self.projection.apply(resource_type, &mut document);
        push_spliced(text, &Json::Object(document).to_string(), resource, of_type);
        Ok(())
    }
}

impl Representation {
    /// The whole resource as JSON: what a filter is held against.
    ///
    /// # Errors
    /// [`CorruptBody`] when the stored text is not the text of a document.
    pub fn to_json(&self, base_url: &str) -> Result<Json, CorruptBody> {
        let mut whole = String::with_capacity(Renderer::room_for(self));
        let of_type = OfType::of(&self.resource_type, base_url, &Projection::default());
        push_spliced(&mut whole, &self.body, self, &of_type);
        serde_json::from_str(&whole).map_err(CorruptBody)
    }
}

/// The text of a document with relations and `meta` put in.
fn push_spliced(text: &mut String, document: &str, resource: &Representation, of_type: &OfType<'_>) {
    text.push_str(document.strip_suffix('}').unwrap_or(document));
    push_relation(text, resource, Relation::Members, of_type);
    push_relation(text, resource, Relation::MemberOf, of_type);
    push_meta(text, resource, of_type);
    text.push('}');
}

fn push_relation(text: &mut String, resource: &Representation, relation: Relation, of_type: &OfType<'_>) {
    let (values, parts) = match relation {
        Relation::Members => (&resource.members, &of_type.members),
        Relation::MemberOf => (&resource.member_of, &of_type.member_of),
    };
    let Some(values) = values.as_ref().filter(|values| !values.is_empty() && !parts.is_empty()) else { return };
    let Some(attribute) = of_type.resource_type.relation(relation) else { return };
    // A member without a name has nothing to show when only names are asked for.
    let says_something = |member: &&Member| member.display.is_some() || parts.iter().any(|part| *part != "display");
    let mut values = values.iter().filter(says_something).peekable();
    if values.peek().is_none() {
        return;
    }
    push_name(text, &attribute.name);
    for (place, member) in values.enumerate() {
        text.push_str(if place == 0 { "[{" } else { ",{" });
        push_member(text, member, relation, parts, &of_type.base_url);
        text.push('}');
    }
    text.push(']');
}

/// `base_url` is as in a JSON string.
fn push_member(text: &mut String, member: &Member, relation: Relation, parts: &[&str], base_url: &str) {
    for part in parts {
        match (*part, &member.display) {
            ("value", _) => {
                push_name(text, part);
                text.push('"');
                member.id.push_to(text);
                text.push('"');
            }
            ("$ref", _) => {
                push_name(text, part);
                text.push('"');
                text.push_str(base_url);
                push_escaped(text, &member.endpoint);
                text.push('/');
                member.id.push_to(text);
                text.push('"');
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
fn push_meta(text: &mut String, resource: &Representation, of_type: &OfType<'_>) {
    if of_type.meta.is_empty() {
        return;
    }
    push_name(text, "meta");
    text.push('{');
    for part in &of_type.meta {
        match *part {
            "resourceType" => {
                push_name(text, part);
                text.push_str(&of_type.name);
            }
            "created" => push_time(text, part, resource.created),
            "lastModified" => push_time(text, part, resource.modified),
            "location" => {
                push_name(text, part);
                text.push('"');
                text.push_str(&of_type.location);
                resource.id.push_to(text);
                text.push('"');
            }
            "version" => {
                push_name(text, part);
                push_version(text, resource.version);
            }
            _ => {}
        }
    }
    text.push('}');
}

/// Writes the text of a version, which is in quotes of its own, as a JSON string.
fn push_version(text: &mut String, version: Version) {
    let mut digits = [0; 20];
    let (mut rest, mut first) = (version.0, digits.len());
    loop {
        first -= 1;
        digits[first] = b'0' + u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    text.push_str(r#""W/\""#);
    text.push_str(std::str::from_utf8(&digits[first..]).unwrap_or_default());
    text.push_str(r#"\"""#);
}

fn push_time(text: &mut String, name: &str, milliseconds: i64) {
    push_name(text, name);
    text.push('"');
    time::push(text, milliseconds);
    text.push('"');
}

/// Begins the next member of the object at the end of `text`. Names of attributes have nothing in them that
/// would have to be escaped.
fn push_name(text: &mut String, name: &str) {
    text.push_str(if text.as_bytes().last() == Some(&b'{') { "\"" } else { ",\"" });
    text.push_str(name);
    text.push_str("\":");
}

/// Writes `value` as a JSON string.
fn push_string(text: &mut String, value: &str) {
    text.push('"');
    push_escaped(text, value);
    text.push('"');
}

/// Writes what stands between the quotes of a JSON string.
fn push_escaped(text: &mut String, value: &str) {
    let is_plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    if value.bytes().all(is_plain) {
        text.push_str(value);
    } else {
        let quoted = Json::from(value).to_string();
        text.push_str(&quoted[1..quoted.len() - 1]);
    }
}
