//! What of a resource is shown: `attributes`, `excludedAttributes` and each attribute's `returned`
//! (RFC 7644 §3.9, RFC 7643 §2.2).

use crate::dialect::BOTH_SELECTIONS;
use crate::error::ScimError;
use crate::json::{Json, Object};
use crate::path::AttrPath;
use crate::resource::Notes;
use crate::schema::{Attribute, Relation, ResourceType, Returned, Schema, Target, core};

/// How many names `attributes` and `excludedAttributes` may hold each.
pub const NAMES_MAX: usize = 500;

/// Which attributes a client wants to see. The default shows what the schemas show by default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Projection {
    /// Only these, if there are any, and what is always shown.
    attributes: Option<Vec<AttrPath>>,
    /// Not these, unless they are always shown.
    excluded: Vec<AttrPath>,
    /// Both lists were given: the first counts.
    has_both: bool,
    /// What the client has just specified: shown though it is shown on request only.
    specified: Vec<AttrPath>,
}

impl Projection {
    /// Reads the query parameters of those names: lists separated by commas. Names that cannot be
    /// names of attributes are left out, like those that no schema knows.
    ///
    /// # Errors
    /// [`ScimError::Value`] for more than [`NAMES_MAX`] names.
    pub fn from_query(attributes: Option<&str>, excluded: Option<&str>) -> Result<Self, ScimError> {
        Self::new(attributes.unwrap_or("").split(','), excluded.unwrap_or("").split(','))
    }

    /// Reads the lists of a search request (RFC 7644 §3.4.3).
    ///
    /// # Errors
    /// [`ScimError::Value`] for more than [`NAMES_MAX`] names.
    pub fn from_lists(attributes: &[String], excluded: &[String]) -> Result<Self, ScimError> {
        Self::new(attributes.iter().map(String::as_str), excluded.iter().map(String::as_str))
    }

    fn new<'a>(
        attributes: impl Iterator<Item = &'a str>,
        excluded: impl Iterator<Item = &'a str>,
    ) -> Result<Self, ScimError> {
        let attributes = names("attributes", attributes)?;
        let excluded = names("excludedAttributes", excluded)?;
        let has_both = attributes.is_some() && excluded.is_some();
        // RFC 7644 §3.9: they exclude each other, and what `attributes` names MUST be shown.
        let excluded = excluded.filter(|_| !has_both).unwrap_or_default();
        Ok(Self { attributes, excluded, has_both, specified: Vec::new() })
    }

    /// Notes what had to be mended.
    pub fn note(&self, notes: &mut Notes) {
        if self.has_both {
            notes.mended(&BOTH_SELECTIONS);
        }
    }

    /// For the answer to a write: shows what the client has specified, too, if that is shown on
    /// request only (RFC 7643 §7, `returned`: "in response to any PUT, POST, or PATCH operations if
    /// the attribute was specified by the client"). An explicit list of attributes stays as it is.
    #[must_use]
    pub fn showing(&self, specified: Vec<AttrPath>) -> Self {
        Self { specified, ..self.clone() }
    }

    /// Whether the client asked for nothing special.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.attributes.is_none() && self.excluded.is_empty() && self.specified.is_empty()
    }

    /// Whether the values of a relation attribute are to be shown, and so to be read.
    #[must_use]
    pub fn wants(&self, resource_type: &ResourceType, relation: Relation) -> bool {
        !self.relation_parts(resource_type, relation).is_empty()
    }

    /// The sub-attributes of a relation attribute that are to be shown; none, if it is not.
    pub(crate) fn relation_parts<'a>(&self, resource_type: &'a ResourceType, relation: Relation) -> Vec<&'a str> {
        let attribute = resource_type.relation(relation);
        Chosen::of(self, resource_type).parts(Some(&*resource_type.schema), attribute)
    }

    /// The sub-attributes of `meta` that are to be shown; none, if it is not.
    pub(crate) fn meta_parts(&self, resource_type: &ResourceType) -> Vec<&'static str> {
        Chosen::of(self, resource_type).parts(None, core::common_attribute("meta"))
    }

    /// Leaves in `resource`, which is in canonical spelling, what is to be shown.
    pub(crate) fn apply(&self, resource_type: &ResourceType, resource: &mut Object) {
        let chosen = Chosen::of(self, resource_type);
        let extension = |name: &str| resource_type.extensions.iter().find(|e| e.schema.id == name);
        let whole = std::mem::take(resource);
        for (name, mut value) in whole {
            let is_shown = if let Some(extension) = extension(&name) {
                chosen.keep_extension(&extension.schema, &mut value)
            } else {
                chosen.keep_attribute(resource_type, &name, &mut value)
            };
            if is_shown {
                resource.insert(name, value);
            }
        }
    }
}

/// Whether the type has an attribute that is not shown unless asked for, or never, so that its
/// documents cannot be shown as they are stored.
pub fn hides_some(resource_type: &ResourceType) -> bool {
    // A secret is no part of a document.
    let hidden =
        |attribute: &Attribute| !attribute.secret && matches!(attribute.returned, Returned::Never | Returned::Request);
    let any = |attribute: &Attribute| hidden(attribute) || attribute.sub_attributes.iter().any(hidden);
    resource_type.schemas().any(|schema| schema.attributes.iter().any(any))
}

/// The names in a list; `None` when there is none at all.
fn names<'a>(list: &str, items: impl Iterator<Item = &'a str>) -> Result<Option<Vec<AttrPath>>, ScimError> {
    let items: Vec<&str> = items.map(str::trim).filter(|name| !name.is_empty()).take(NAMES_MAX + 1).collect();
    if items.len() > NAMES_MAX {
        return Err(ScimError::value(list, format!("at most {NAMES_MAX} names are accepted")));
    }
    let paths = items.iter().filter_map(|name| name.parse().ok()).collect();
    Ok(if items.is_empty() { None } else { Some(paths) })
}

/// A projection in terms of one resource type.
struct Chosen<'a> {
    attributes: Option<Vec<Target<'a>>>,
    excluded: Vec<Target<'a>>,
    specified: Vec<Target<'a>>,
}

impl<'a> Chosen<'a> {
    fn of(projection: &Projection, resource_type: &'a ResourceType) -> Self {
        let resolve = |paths: &Vec<AttrPath>| paths.iter().filter_map(|path| resource_type.resolve(path)).collect();
        Self {
            attributes: projection.attributes.as_ref().map(resolve),
            excluded: resolve(&projection.excluded),
            specified: resolve(&projection.specified),
        }
    }

    fn keep_attribute(&self, resource_type: &ResourceType, name: &str, value: &mut Json) -> bool {
        let common = core::common_attribute(name);
        let schema = if common.is_some() { None } else { Some(&*resource_type.schema) };
        let Some(attribute) = common.or_else(|| resource_type.schema.attribute(name)) else { return false };
        self.keep(schema, attribute, value)
    }

    fn keep_extension(&self, schema: &Schema, value: &mut Json) -> bool {
        let Some(values) = value.as_object_mut() else { return false };
        values.retain(|name, value| {
            schema.attribute(name).is_some_and(|attribute| self.keep(Some(schema), attribute, value))
        });
        !values.is_empty()
    }

    /// Takes the parts that are not shown out of `value`; gives whether something is left to show.
    fn keep(&self, schema: Option<&Schema>, attribute: &Attribute, value: &mut Json) -> bool {
        if !self.shows(schema, attribute) {
            return false;
        }
        let keep_parts = |value: &mut Json| match value.as_object_mut() {
            Some(parts) => {
                parts.retain(|name, _| {
                    attribute.sub_attribute(name).is_some_and(|sub| self.shows_part(schema, attribute, sub))
                });
                !parts.is_empty()
            }
            None => true,
        };
        match value {
            Json::Array(elements) => {
                elements.retain_mut(keep_parts);
                !elements.is_empty()
            }
            one => keep_parts(one),
        }
    }

    /// The sub-attributes that are shown of an attribute, if there is one and it is shown.
    fn parts<'b>(&self, schema: Option<&Schema>, attribute: Option<&'b Attribute>) -> Vec<&'b str> {
        let Some(attribute) = attribute.filter(|attribute| self.shows(schema, attribute)) else { return Vec::new() };
        let shown = attribute.sub_attributes.iter().filter(|sub| self.shows_part(schema, attribute, sub));
        shown.map(|sub| sub.name.as_str()).collect()
    }

    fn shows(&self, schema: Option<&Schema>, attribute: &Attribute) -> bool {
        match attribute.returned {
            Returned::Always => true,
            Returned::Never => false,
            Returned::Default | Returned::Request => {
                let is_excluded = self.excluded.iter().any(|named| covers(named, schema, attribute));
                !is_excluded && self.asks_for(schema, attribute)
            }
        }
    }

    /// Whether the attribute or a part of it is asked for.
    fn asks_for(&self, schema: Option<&Schema>, attribute: &Attribute) -> bool {
        match &self.attributes {
            Some(list) => list.iter().any(|named| covers(named, schema, attribute) || is(named, attribute)),
            None => attribute.returned == Returned::Default || self.specified.iter().any(|named| is(named, attribute)),
        }
    }

    fn shows_part(&self, schema: Option<&Schema>, attribute: &Attribute, sub: &Attribute) -> bool {
        let names_it = |named: &Target<'_>| named.sub_attribute.is_some_and(|other| std::ptr::eq(other, sub));
        match (sub.returned, &self.attributes) {
            (Returned::Always, _) => true,
            (Returned::Never, _) => false,
            _ if self.excluded.iter().any(names_it) => false,
            (_, Some(list)) if list.iter().any(names_it) => true,
            (Returned::Default, Some(list)) => list.iter().any(|named| covers(named, schema, attribute)),
            (returned, None) => returned == Returned::Default || self.specified.iter().any(names_it),
            (Returned::Request, Some(_)) => false,
        }
    }
}

/// Whether `named` is the whole attribute, or the whole schema that it is of.
fn covers(named: &Target<'_>, schema: Option<&Schema>, attribute: &Attribute) -> bool {
    match (named.attribute, named.schema, schema) {
        (Some(_), _, _) => named.sub_attribute.is_none() && is(named, attribute),
        (None, Some(one), Some(other)) => std::ptr::eq(one, other),
        (None, _, _) => false,
    }
}

/// Whether `named` is the attribute or a part of it.
fn is(named: &Target<'_>, attribute: &Attribute) -> bool {
    named.attribute.is_some_and(|other| std::ptr::eq(other, attribute))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_types_are_shown_as_they_are_stored() {
        for resource_type in core::registry().types() {
            assert!(!hides_some(resource_type), "{} would be parsed whenever it is shown", resource_type.name);
        }
    }
}
