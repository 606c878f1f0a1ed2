//! Schemas and the characteristics of attributes (RFC 7643 §2.2, §7), and which resource types
//! a tenant knows.
//!
//! Everything about a resource type is data: no code names User or Group. What RFC 7643 has no
//! word for is marked in our own schema files and never shown: `relation` (the attribute lives in
//! the membership table), `indexed` (its values are in the attribute index), `secret` (it is
//! hashed, and kept apart from the document).

mod change;
pub mod core;
mod custom;
mod define;
mod draft;
mod tighten;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::dialect::{DOTTED_EXTENSION, UNQUALIFIED_NAME};
use crate::path::AttrPath;
use crate::resource::Notes;

pub use change::{LostOfExtension, TypeChange};
pub use custom::{
    Custom, CustomType, EXTENSIONS_MAX, FIRST_INDEX, FIRST_TYPE, ID_PREFIX, INDEXES_MAX, Index, RESOURCE_TYPES_MAX,
    SCHEMAS_MAX,
};
pub use define::{ATTRIBUTES_MAX, NAME_BYTES_MAX, NAMED_VALUES_MAX, URN_BYTES_MAX};
pub use draft::{AttributeDraft, ExtensionDraft, Flaw, ResourceTypeDraft, SchemaDraft};

/// A schema: a URN and its attributes (RFC 7643 §7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// The URN.
    pub id: String,
    /// A name for people.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// The attributes, in the order in which they are written.
    pub attributes: Vec<Attribute>,
    /// Ours: under this number the attribute index says which resources have values of this
    /// extension.
    #[serde(skip)]
    pub presence: Option<u32>,
}

/// An attribute or sub-attribute and its characteristics (RFC 7643 §7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attribute {
    /// The canonical spelling.
    pub name: String,
    /// The data type.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Whether it has any number of values.
    pub multi_valued: bool,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Whether a resource must have it.
    pub required: bool,
    /// Values that have a meaning; others are accepted too (RFC 7643 §7), unless [`Self::restricted`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub canonical_values: Vec<String>,
    /// Whether strings compare with case.
    #[serde(default)]
    pub case_exact: bool,
    /// Who may set it, and when.
    pub mutability: Mutability,
    /// When it is shown.
    pub returned: Returned,
    /// Whether two resources may have the same value.
    #[serde(default)]
    pub uniqueness: Uniqueness,
    /// What a reference may point to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reference_types: Vec<String>,
    /// The parts of a complex attribute.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sub_attributes: Vec<Attribute>,
    /// Ours: its values are rows of the membership table.
    #[serde(default, skip_serializing)]
    pub relation: Option<Relation>,
    /// Ours: its values are in the attribute index, under this number.
    #[serde(default, skip_serializing)]
    pub indexed: Option<u32>,
    /// Ours: not all of its values are in the index yet, so nothing can be looked up there.
    #[serde(skip)]
    pub index_in_making: bool,
    /// Ours: no other values than the canonical ones are accepted (RFC 7643 §2.3.1).
    #[serde(skip)]
    pub restricted: bool,
    /// Ours: hashed, kept apart from the document, never shown.
    #[serde(default, skip_serializing)]
    pub secret: bool,
}

/// The data type of an attribute (RFC 7643 §2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the words of RFC 7643 §2.3")]
pub enum Kind {
    String,
    Boolean,
    Decimal,
    Integer,
    DateTime,
    Reference,
    Binary,
    Complex,
}

/// Who may set an attribute, and when (RFC 7643 §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the words of RFC 7643 §7")]
pub enum Mutability {
    ReadOnly,
    ReadWrite,
    Immutable,
    WriteOnly,
}

/// When an attribute is shown (RFC 7643 §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the words of RFC 7643 §7")]
pub enum Returned {
    Always,
    Never,
    Default,
    Request,
}

/// Whether two resources may have the same value (RFC 7643 §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the words of RFC 7643 §7")]
pub enum Uniqueness {
    #[default]
    None,
    Server,
    Global,
}

/// How an attribute hangs on the membership table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Relation {
    /// The resource's own rows: who belongs to it (`Group.members`).
    Members,
    /// The same rows from the other end, computed: what it belongs to (`User.groups`).
    MemberOf,
}

/// A kind of resource: an endpoint, a schema, and its extensions (RFC 7643 §6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceType {
    /// Which rows are of this type. Built in: 1 User, 2 Group; a tenant's own begin at 100.
    pub key: u16,
    /// The prefix of its ids.
    pub id_prefix: [u8; 3],
    /// Its name, `User`, which is also its `id` under `/ResourceTypes`.
    pub name: String,
    /// Its path below the SCIM base, `/Users`.
    pub endpoint: String,
    /// What it is for.
    pub description: String,
    /// The core schema.
    pub schema: Arc<Schema>,
    /// Schemas that add to it.
    pub extensions: Vec<Extension>,
}

/// A schema that adds attributes to a resource type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// The schema.
    pub schema: Arc<Schema>,
    /// Whether every resource must have it.
    pub required: bool,
}

/// Everything a tenant knows: resource types and their schemas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    types: Vec<Arc<ResourceType>>,
    version: u64,
}

/// What an [`AttrPath`] means for a resource type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target<'a> {
    /// The schema it belongs to; `None` for the common attributes (RFC 7643 §3.1).
    pub schema: Option<&'a Schema>,
    /// Whether that schema is an extension, whose attributes lie under its URN.
    pub in_extension: bool,
    /// The attribute; `None` when the path is the URN of an extension, or of the core schema.
    pub attribute: Option<&'a Attribute>,
    /// Its part.
    pub sub_attribute: Option<&'a Attribute>,
}

impl<'a> Target<'a> {
    /// The most exact attribute that is named: the part if there is one.
    #[must_use]
    pub fn leaf(&self) -> Option<&'a Attribute> {
        self.sub_attribute.or(self.attribute)
    }

    /// The canonical spelling, `emails.value` or `urn:…:User:department`.
    #[must_use]
    pub fn canonical(&self) -> String {
        let urn = if self.in_extension { self.schema.map(|s| s.id.as_str()) } else { None };
        let names = match (self.attribute, self.sub_attribute) {
            (Some(attribute), Some(sub)) => Some(format!("{}.{}", attribute.name, sub.name)),
            (Some(attribute), None) => Some(attribute.name.clone()),
            (None, _) => None,
        };
        match (urn, names) {
            (Some(urn), Some(names)) => format!("{urn}:{names}"),
            (Some(urn), None) => urn.to_owned(),
            (None, Some(names)) => names,
            (None, None) => self.schema.map(|s| s.id.clone()).unwrap_or_default(),
        }
    }
}

impl Attribute {
    /// Its part of that name, in any spelling.
    #[must_use]
    pub fn sub_attribute(&self, name: &str) -> Option<&Attribute> {
        self.sub_attributes.iter().find(|sub| sub.name.eq_ignore_ascii_case(name))
    }
}

impl Schema {
    /// Its attribute of that name, in any spelling.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
    }
}

impl ResourceType {
    /// Core schema first, then the extensions.
    pub fn schemas(&self) -> impl Iterator<Item = &Arc<Schema>> {
        std::iter::once(&self.schema).chain(self.extensions.iter().map(|extension| &extension.schema))
    }

    /// The schema with that URN, in any spelling.
    #[must_use]
    pub fn schema_of(&self, urn: &str) -> Option<&Arc<Schema>> {
        self.schemas().find(|schema| schema.id.eq_ignore_ascii_case(urn))
    }

    /// The attribute whose values are rows of the membership table, if this type has one.
    #[must_use]
    pub fn relation(&self, relation: Relation) -> Option<&Attribute> {
        self.schema.attributes.iter().find(|attribute| attribute.relation == Some(relation))
    }

    /// What `path` means here; `None` when no such attribute is known.
    ///
    /// A path without URN means a common attribute or one of the core schema (RFC 7644 §3.10).
    /// The URN of a schema alone means that schema; `URN.attribute`, with a dot, is taken too,
    /// as an old provisioning job of Entra ID sends it (transcript `extension-path-with-dot`).
    #[must_use]
    pub fn resolve(&self, path: &AttrPath) -> Option<Target<'_>> {
        let Some(urn) = &path.schema else {
            let Target { schema, attribute, .. } = self.attribute_named(path.attribute.as_str())?;
            return Self::target(
                schema,
                false,
                attribute?,
                path.sub_attribute.as_ref().map(crate::path::AttrName::as_str),
            );
        };
        if let Some(schema) = self.schema_of(&urn.0) {
            let in_extension = !Arc::ptr_eq(schema, &self.schema);
            let attribute = match core::common_attribute(path.attribute.as_str()) {
                Some(common) if !in_extension => common,
                _ => schema.attribute(path.attribute.as_str())?,
            };
            return Self::target(
                Some(schema),
                in_extension,
                attribute,
                path.sub_attribute.as_ref().map(crate::path::AttrName::as_str),
            );
        }
        let schema = self.schema_of(&format!("{}:{}", urn.0, path.attribute))?;
        let in_extension = !Arc::ptr_eq(schema, &self.schema);
        match &path.sub_attribute {
            None => Some(Target { schema: Some(schema), in_extension, attribute: None, sub_attribute: None }),
            Some(name) => Self::target(Some(schema), in_extension, schema.attribute(name.as_str())?, None),
        }
    }

    /// The common attribute of that name, or that of the core schema.
    pub(crate) fn attribute_named(&self, name: &str) -> Option<Target<'_>> {
        let common = core::common_attribute(name);
        let schema = if common.is_some() { None } else { Some(&*self.schema) };
        let attribute = common.or_else(|| self.schema.attribute(name))?;
        Some(Target { schema, in_extension: false, attribute: Some(attribute), sub_attribute: None })
    }

    /// As [`Self::resolve`], and the attribute of an extension by its bare name too, if no other has
    /// that name. Notes what needs a repair.
    pub(crate) fn resolve_mending(&self, path: &AttrPath, notes: &mut Notes) -> Option<Target<'_>> {
        match self.resolve(path) {
            Some(target) => {
                self.note_dot(path, &target, notes);
                Some(target)
            }
            None => self.unqualified(path).inspect(|_| notes.mended(&UNQUALIFIED_NAME)),
        }
    }

    /// Notes that `target`, which `path` means here, is named as `URN.attribute`.
    pub(crate) fn note_dot(&self, path: &AttrPath, target: &Target<'_>, notes: &mut Notes) {
        let names_schema = path.schema.as_ref().is_none_or(|urn| self.schema_of(&urn.0).is_some());
        if target.attribute.is_some() && !names_schema {
            notes.mended(&DOTTED_EXTENSION);
        }
    }

    fn unqualified(&self, path: &AttrPath) -> Option<Target<'_>> {
        if path.schema.is_some() {
            return None;
        }
        let name = path.attribute.as_str();
        let mut known = self.extensions.iter().filter_map(|e| Some((&*e.schema, e.schema.attribute(name)?)));
        let (schema, attribute) = known.next()?;
        let sub_attribute = path.sub_attribute.as_ref().map(crate::path::AttrName::as_str);
        if known.next().is_some() { None } else { Self::target(Some(schema), true, attribute, sub_attribute) }
    }

    fn target<'a>(
        schema: Option<&'a Schema>,
        in_extension: bool,
        attribute: &'a Attribute,
        sub: Option<&str>,
    ) -> Option<Target<'a>> {
        let sub_attribute = match sub {
            Some(name) => Some(attribute.sub_attribute(name)?),
            None => None,
        };
        Some(Target { schema, in_extension, attribute: Some(attribute), sub_attribute })
    }
}

impl Registry {
    /// A registry of these types.
    #[must_use]
    pub fn new(types: Vec<Arc<ResourceType>>) -> Self {
        Self { types, version: 0 }
    }

    /// Which state of the tenant's definitions this is: 0 for who has defined nothing. What was
    /// planned by one state is not to be written when there is another.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// All resource types.
    #[must_use]
    pub fn types(&self) -> &[Arc<ResourceType>] {
        &self.types
    }

    /// The type with that name, exactly.
    #[must_use]
    pub fn type_named(&self, name: &str) -> Option<&Arc<ResourceType>> {
        self.types.iter().find(|t| t.name == name)
    }

    /// The type whose endpoint is `/{segment}`, exactly (URIs have case).
    #[must_use]
    pub fn type_at(&self, segment: &str) -> Option<&Arc<ResourceType>> {
        self.types.iter().find(|t| t.endpoint.strip_prefix('/') == Some(segment))
    }

    /// The type whose rows carry that key.
    #[must_use]
    pub fn type_keyed(&self, key: u16) -> Option<&Arc<ResourceType>> {
        self.types.iter().find(|t| t.key == key)
    }

    /// The types whose ids have that prefix.
    pub fn types_prefixed(&self, prefix: [u8; 3]) -> impl Iterator<Item = &Arc<ResourceType>> {
        self.types.iter().filter(move |t| t.id_prefix == prefix)
    }

    /// Every schema that some type uses, each once.
    #[must_use]
    pub fn schemas(&self) -> Vec<&Arc<Schema>> {
        let mut known: Vec<&Arc<Schema>> = Vec::new();
        for schema in self.types.iter().flat_map(|t| t.schemas()) {
            if !known.iter().any(|other| other.id == schema.id) {
                known.push(schema);
            }
        }
        known
    }
}
