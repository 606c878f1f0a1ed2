//! Draft -> schema: what RFC 7643 §2 and §7 ask of a tenant's own schema, and the bounds that we
//! set. Everything that is wrong is told at once.

use super::draft::{AttributeDraft, Flaw, Flaws, SchemaDraft};
use super::{Attribute, Kind, Mutability, Returned, Schema, Uniqueness, core};
use crate::path::AttrName;

/// How many attributes a schema may have, sub-attributes counted too.
pub const ATTRIBUTES_MAX: usize = 500;
/// How long the name of an attribute, an endpoint or a resource type may be, in bytes.
pub const NAME_BYTES_MAX: usize = 64;
/// How long a URN may be, in bytes.
pub const URN_BYTES_MAX: usize = 255;
/// How many values `canonicalValues` and `referenceTypes` may name each.
pub const NAMED_VALUES_MAX: usize = 200;

impl Schema {
    /// The schema that a tenant asks for. Characteristics that are left out are those of
    /// RFC 7643 §2.2.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn define(draft: &SchemaDraft) -> Result<Self, Vec<Flaw>> {
        let mut flaws = Flaws::default();
        if let Err(reason) = check_urn(&draft.id) {
            flaws.wrong("id", reason);
        } else if is_taken(&draft.id) {
            flaws.wrong("id", "this URN belongs to a built-in schema or to the protocol");
        }
        if draft.name.is_none() {
            flaws.missing("name");
        }
        if draft.attributes.is_empty() {
            flaws.wrong("attributes", "a schema has at least one attribute");
        }
        let count = count(&draft.attributes);
        if count > ATTRIBUTES_MAX {
            flaws.wrong("attributes", format!("a schema has at most {ATTRIBUTES_MAX} attributes, not {count}"));
        }
        let attributes = attributes(&mut flaws, "attributes", None, &draft.attributes);
        flaws.none_or(Self {
            id: draft.id.clone(),
            name: draft.name.clone().unwrap_or_default(),
            description: draft.description.clone().unwrap_or_default(),
            attributes,
            presence: None,
        })
    }
}

fn count(attributes: &[AttributeDraft]) -> usize {
    attributes.iter().map(|attribute| 1 + count(&attribute.sub_attributes)).sum()
}

/// Whether a URN names something of the RFCs that is here already.
fn is_taken(urn: &str) -> bool {
    const MESSAGES: &str = "urn:ietf:params:scim:api:";
    core::schemas().iter().any(|schema| schema.id.eq_ignore_ascii_case(urn))
        || urn.get(..MESSAGES.len()).is_some_and(|start| start.eq_ignore_ascii_case(MESSAGES))
}

/// Whether paths, URLs and JSON can all hold the URN as it is.
fn check_urn(urn: &str) -> Result<(), String> {
    let segments: Vec<&str> = urn.split(':').collect();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '~');
    let is_urn = segments.len() >= 3
        && segments[0].eq_ignore_ascii_case("urn")
        && segments.iter().all(|segment| !segment.is_empty() && segment.chars().all(plain))
        // Or the URN alone could not be told from `URN:attribute`.
        && segments.last().is_some_and(|last| last.parse::<AttrName>().is_ok());
    if !is_urn {
        let example = "urn:example:params:scim:schemas:extension:acme:2.0:User";
        return Err(format!(
            "a URN of letters, digits and .-_~+ between colons is expected, whose last part is a name, such as {example}"
        ));
    }
    if urn.len() > URN_BYTES_MAX {
        return Err(format!("a URN has at most {URN_BYTES_MAX} characters"));
    }
    Ok(())
}

/// The attributes of a schema, or the sub-attributes of `parent`.
fn attributes(
    flaws: &mut Flaws,
    place: &str,
    parent: Option<&AttributeDraft>,
    drafts: &[AttributeDraft],
) -> Vec<Attribute> {
    let mut names: Vec<&str> = Vec::new();
    let mut defined = Vec::with_capacity(drafts.len());
    flaws.each(place, drafts, |flaws, draft| {
        check_name(flaws, parent, &draft.name);
        if names.iter().any(|name| name.eq_ignore_ascii_case(&draft.name)) {
            flaws.wrong("name", "another attribute beside this one has the same name");
        }
        names.push(&draft.name);
        defined.push(attribute(flaws, parent, draft));
    });
    defined
}

fn check_name(flaws: &mut Flaws, parent: Option<&AttributeDraft>, name: &str) {
    let is_reference = parent.is_some() && name.eq_ignore_ascii_case("$ref");
    let fits = name.parse::<AttrName>().is_ok() && (!name.starts_with('$') || is_reference);
    if !fits || name.len() > NAME_BYTES_MAX {
        let rule = "the name of an attribute begins with a letter and goes on with letters, digits, - and _";
        flaws.wrong("name", format!("{rule} (RFC 7643 section 2.1), at most {NAME_BYTES_MAX} of them"));
    } else if parent.is_none() && core::common_attribute(name).is_some() {
        flaws.wrong("name", "every resource has this attribute already (RFC 7643 section 3.1)");
    }
}

fn attribute(flaws: &mut Flaws, parent: Option<&AttributeDraft>, draft: &AttributeDraft) -> Attribute {
    let kind = draft.kind.unwrap_or(Kind::String);
    let mutability = draft.mutability.unwrap_or(Mutability::ReadWrite);
    let is_write_only = mutability == Mutability::WriteOnly;
    let returned = draft.returned.unwrap_or(if is_write_only { Returned::Never } else { Returned::Default });
    if is_write_only && returned != Returned::Never {
        flaws.wrong("returned", "an attribute that is writeOnly is never returned (RFC 7643 section 7)");
    }
    let attribute = Attribute {
        name: draft.name.clone(),
        kind,
        multi_valued: draft.multi_valued.unwrap_or(false),
        description: draft.description.clone().unwrap_or_default(),
        required: draft.required.unwrap_or(false),
        canonical_values: draft.canonical_values.clone().unwrap_or_default(),
        // RFC 7643 §2.3.6, §2.3.7: binary data and references are case exact.
        case_exact: matches!(kind, Kind::Binary | Kind::Reference)
            || kind == Kind::String && draft.case_exact.unwrap_or(false),
        mutability,
        returned,
        uniqueness: draft.uniqueness.unwrap_or_default(),
        reference_types: draft.reference_types.clone().unwrap_or_default(),
        sub_attributes: attributes_of(flaws, parent, kind, draft),
        relation: None,
        indexed: None,
        index_in_making: false,
        restricted: draft.canonical_values.as_ref().is_some_and(|values| !values.is_empty()),
        secret: false,
    };
    check_values(flaws, &attribute);
    check_reference_types(flaws, &attribute);
    if let Err(reason) = check_unique(&attribute, parent.is_none()) {
        flaws.wrong("uniqueness", reason);
    }
    if draft.indexed == Some(true)
        && let Err(reason) = check_indexed(&attribute)
    {
        flaws.wrong("indexed", reason);
    }
    attribute
}

fn attributes_of(
    flaws: &mut Flaws,
    parent: Option<&AttributeDraft>,
    kind: Kind,
    draft: &AttributeDraft,
) -> Vec<Attribute> {
    let has_parts = !draft.sub_attributes.is_empty();
    match (kind, parent) {
        (Kind::Complex, Some(_)) => {
            flaws.wrong("type", "a sub-attribute cannot be complex itself (RFC 7643 section 2.3.8)");
        }
        (Kind::Complex, None) if has_parts => {
            return attributes(flaws, "subAttributes", Some(draft), &draft.sub_attributes);
        }
        (Kind::Complex, None) => flaws.missing("subAttributes"),
        _ if has_parts => flaws.wrong("subAttributes", "only a complex attribute has sub-attributes"),
        _ => {}
    }
    Vec::new()
}

fn check_values(flaws: &mut Flaws, attribute: &Attribute) {
    let values = &attribute.canonical_values;
    let same =
        |one: &str, other: &str| if attribute.case_exact { one == other } else { one.eq_ignore_ascii_case(other) };
    let repeated =
        values.iter().enumerate().any(|(place, value)| values[..place].iter().any(|other| same(value, other)));
    if !values.is_empty() && attribute.kind != Kind::String {
        flaws.wrong("canonicalValues", "only a string attribute has canonical values");
    } else if values.iter().any(|value| value.trim().is_empty() || value.len() > URN_BYTES_MAX) {
        flaws.wrong("canonicalValues", format!("a canonical value has 1 to {URN_BYTES_MAX} characters"));
    } else if repeated {
        flaws.wrong("canonicalValues", "a value is named twice");
    } else if values.len() > NAMED_VALUES_MAX {
        flaws.wrong("canonicalValues", format!("at most {NAMED_VALUES_MAX} values can be named"));
    }
}

fn check_reference_types(flaws: &mut Flaws, attribute: &Attribute) {
    let types = &attribute.reference_types;
    match attribute.kind {
        Kind::Reference if types.is_empty() => flaws.missing("referenceTypes"),
        Kind::Reference if !types.iter().all(|name| is_type_name(name)) || types.len() > NAMED_VALUES_MAX => {
            flaws.wrong("referenceTypes", "'external', 'uri' or names of resource types are expected");
        }
        Kind::Reference => {}
        _ if types.is_empty() => {}
        _ => flaws.wrong("referenceTypes", "only a reference has reference types"),
    }
}

/// Whether resource types can be called so.
pub(super) fn is_type_name(name: &str) -> bool {
    name.len() <= NAME_BYTES_MAX
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

/// Whether the uniqueness that an attribute asks for can be kept.
pub(super) fn check_unique(attribute: &Attribute, is_top: bool) -> Result<(), &'static str> {
    match attribute.uniqueness {
        Uniqueness::Global => Err("nobody can tell what other service providers hold: 'server' or 'none' is expected"),
        Uniqueness::Server if !is_top || attribute.multi_valued => {
            Err("only an attribute with a single value, which is no sub-attribute, can be unique")
        }
        Uniqueness::Server if !is_key(attribute.kind) => Err(KEYS),
        Uniqueness::Server if attribute.secret || attribute.relation.is_some() => {
            Err("this attribute cannot be unique")
        }
        Uniqueness::None | Uniqueness::Server => Ok(()),
    }
}

/// Whether values of an attribute can be found by an index.
pub(super) fn check_indexed(attribute: &Attribute) -> Result<(), &'static str> {
    let is_hidden = attribute.returned == Returned::Never || attribute.mutability == Mutability::WriteOnly;
    if !is_key(attribute.kind) {
        Err(KEYS)
    } else if is_hidden || attribute.secret || attribute.relation.is_some() {
        Err("this attribute cannot be filtered by, so an index would be of no use")
    } else {
        Ok(())
    }
}

const KEYS: &str = "only strings, references, whole numbers and times can be unique or indexed; of a complex attribute \
                    a sub-attribute can be indexed";

/// Whether values of that type can be keys.
pub(crate) fn is_key(kind: Kind) -> bool {
    matches!(kind, Kind::String | Kind::Reference | Kind::Integer | Kind::DateTime)
}
