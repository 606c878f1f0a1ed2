//! The built-in types and schemas together with what a tenant has defined: its [`Registry`].

use std::sync::Arc;

use super::define::is_type_name;
use super::draft::{ExtensionDraft, Flaw, Flaws, ResourceTypeDraft, SchemaDraft};
use super::{Attribute, Extension, Registry, ResourceType, Schema, core};
use crate::fold::fold;

/// How many schemas a tenant may define, or change.
pub const SCHEMAS_MAX: usize = 100;
/// How many resource types a tenant may define, or change.
pub const RESOURCE_TYPES_MAX: usize = 50;
/// How many extensions a resource type may have.
pub const EXTENSIONS_MAX: usize = 20;
/// How many attributes of a tenant's choice may be indexed.
pub const INDEXES_MAX: usize = 100;

/// Numbers of a tenant's own indexes begin here; those before are of the built-in schemas.
pub const FIRST_INDEX: u32 = 1000;
/// Keys of a tenant's own resource types begin here.
pub const FIRST_TYPE: u16 = 100;
/// What ids of resources of a tenant's own types begin with.
pub const ID_PREFIX: [u8; 3] = *b"res";

/// Everything that a tenant has defined.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Custom {
    /// Its schemas, and what it has changed about the built-in ones.
    pub schemas: Vec<SchemaDraft>,
    /// Its resource types, and what it has changed about the built-in ones.
    pub types: Vec<CustomType>,
    /// The numbers that its indexed attributes have.
    pub indexes: Vec<Index>,
}

/// A resource type and the key that its rows carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomType {
    /// See [`ResourceType::key`].
    pub key: u16,
    /// What it is to be.
    pub draft: ResourceTypeDraft,
}

/// An attribute whose values are in the attribute index, or a schema of which it is noted there
/// which resources have values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// The number in the index.
    pub number: u32,
    /// The URN of the schema, folded.
    pub schema: String,
    /// `name.familyName`, folded; empty for "has any value of this schema".
    pub path: String,
    /// Whether the values of all resources are there. If not, those of all that were written since it
    /// is wanted.
    pub is_ready: bool,
}

impl Registry {
    /// The built-in registry with what a tenant has defined. `version` is a number that changes
    /// with what writers have to know of it.
    ///
    /// # Errors
    /// What is wrong with one of them; nothing that was accepted before.
    pub fn with(custom: &Custom, version: u64) -> Result<Arc<Self>, Vec<Flaw>> {
        let mut schemas = core::schemas().to_vec();
        for draft in &custom.schemas {
            match schemas.iter_mut().find(|schema| schema.id.eq_ignore_ascii_case(&draft.id)) {
                Some(built_in) => *built_in = Arc::new(built_in.tightened(draft)?),
                None => schemas.push(Arc::new(Schema::define(draft)?)),
            }
        }
        for schema in &mut schemas {
            number(schema, &custom.indexes);
        }
        let find = |urn: &str| schemas.iter().find(|schema| schema.id.eq_ignore_ascii_case(urn));
        let mut types = Vec::new();
        for built_in in core::registry().types() {
            let own = custom.types.iter().find(|own| own.key == built_in.key);
            let extensions = match own {
                Some(own) => extensions(&own.draft.schema_extensions, &find)?,
                None => built_in.extensions.iter().map(|extension| current(extension, &find)).collect(),
            };
            let schema = find(&built_in.schema.id).map_or_else(|| Arc::clone(&built_in.schema), Arc::clone);
            types.push(Arc::new(ResourceType { schema, extensions, ..(**built_in).clone() }));
        }
        for own in custom.types.iter().filter(|own| own.key >= FIRST_TYPE) {
            let CustomType { key, draft } = own;
            let Some(schema) = find(&draft.schema) else { return Err(unknown_schema()) };
            types.push(Arc::new(ResourceType {
                key: *key,
                id_prefix: ID_PREFIX,
                name: draft.name.clone(),
                endpoint: draft.endpoint.clone(),
                description: draft.description.clone().unwrap_or_default(),
                schema: Arc::clone(schema),
                extensions: extensions(&draft.schema_extensions, &find)?,
            }));
        }
        Ok(Arc::new(Self { types, version }))
    }
}

fn current<'s>(extension: &Extension, find: &impl Fn(&str) -> Option<&'s Arc<Schema>>) -> Extension {
    match find(&extension.schema.id) {
        Some(schema) => Extension { schema: Arc::clone(schema), required: extension.required },
        None => extension.clone(),
    }
}

fn extensions<'s>(
    drafts: &[ExtensionDraft],
    find: &impl Fn(&str) -> Option<&'s Arc<Schema>>,
) -> Result<Vec<Extension>, Vec<Flaw>> {
    let extension = |draft: &ExtensionDraft| {
        let schema = find(&draft.schema).ok_or_else(unknown_schema)?;
        Ok(Extension { schema: Arc::clone(schema), required: draft.required })
    };
    drafts.iter().map(extension).collect()
}

fn unknown_schema() -> Vec<Flaw> {
    let mut flaws = Flaws::default();
    flaws.wrong("schema", UNKNOWN_SCHEMA);
    flaws.none_or(()).err().unwrap_or_default()
}

const UNKNOWN_SCHEMA: &str = "there is no schema of this URN";

/// Gives indexed attributes of a schema their numbers.
fn number(schema: &mut Arc<Schema>, indexes: &[Index]) {
    let urn = fold(&schema.id);
    let of_schema: Vec<&Index> = indexes.iter().filter(|index| index.schema == urn).collect();
    if of_schema.is_empty() {
        return;
    }
    let schema = Arc::make_mut(schema);
    schema.presence = of_schema.iter().find(|index| index.path.is_empty()).map(|index| index.number);
    for attribute in &mut schema.attributes {
        let path = fold(&attribute.name);
        mark(attribute, &path, &of_schema);
        for sub in &mut attribute.sub_attributes {
            let path = format!("{path}.{}", fold(&sub.name));
            mark(sub, &path, &of_schema);
        }
    }
}

fn mark(attribute: &mut Attribute, path: &str, indexes: &[&Index]) {
    if let Some(index) = indexes.iter().find(|index| index.path == path) {
        attribute.indexed = Some(index.number);
        attribute.index_in_making = !index.is_ready;
    }
}

impl SchemaDraft {
    /// The attributes that it wants indexed: the folded path of each, `name.familyname`.
    #[must_use]
    pub fn indexed(&self) -> Vec<String> {
        let mut paths = Vec::new();
        for attribute in &self.attributes {
            let path = fold(&attribute.name);
            let subs = attribute.sub_attributes.iter().filter(|sub| sub.indexed == Some(true));
            paths.extend(subs.map(|sub| format!("{path}.{}", fold(&sub.name))));
            if attribute.indexed == Some(true) {
                paths.push(path);
            }
        }
        paths
    }
}

impl ResourceTypeDraft {
    /// Looks whether this can be a resource type of its own beside `others`, with the schemas
    /// that `is_known` knows.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn check(&self, is_known: impl Fn(&str) -> bool) -> Result<(), Vec<Flaw>> {
        let mut flaws = Flaws::default();
        if !is_type_name(&self.name) || ["Schema", "ResourceType", "ServiceProviderConfig"].contains(&&*self.name) {
            flaws.wrong("name", "a name of letters, digits, - and _ is expected that is not one of the protocol");
        }
        if let Err(reason) = check_endpoint(&self.endpoint) {
            flaws.wrong("endpoint", reason);
        }
        if core::schemas().iter().any(|schema| schema.id.eq_ignore_ascii_case(&self.schema)) {
            flaws.wrong("schema", "a built-in schema is that of a built-in resource type; define a schema of your own");
        } else if !is_known(&self.schema) {
            flaws.wrong("schema", UNKNOWN_SCHEMA);
        }
        self.check_extensions(&mut flaws, &is_known);
        flaws.none_or(())
    }

    /// Looks whether this can be what a tenant makes of `built_in`: everything stays, extensions
    /// can come, and be required.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn check_built_in(&self, built_in: &ResourceType, is_known: impl Fn(&str) -> bool) -> Result<(), Vec<Flaw>> {
        const STAYS: &str = "this stays as it is in a built-in resource type";
        let mut flaws = Flaws::default();
        if self.name != built_in.name {
            flaws.wrong("name", STAYS);
        }
        if self.endpoint != built_in.endpoint {
            flaws.wrong("endpoint", STAYS);
        }
        if self.description.as_ref().is_some_and(|description| *description != built_in.description) {
            flaws.wrong("description", STAYS);
        }
        if !self.schema.eq_ignore_ascii_case(&built_in.schema.id) {
            flaws.wrong("schema", STAYS);
        }
        for extension in &built_in.extensions {
            if !self.schema_extensions.iter().any(|own| own.schema.eq_ignore_ascii_case(&extension.schema.id)) {
                flaws.wrong("schemaExtensions", format!("{} stays an extension", extension.schema.id));
            }
        }
        self.check_extensions(&mut flaws, &is_known);
        flaws.none_or(())
    }

    fn check_extensions(&self, flaws: &mut Flaws, is_known: &impl Fn(&str) -> bool) {
        if self.schema_extensions.len() > EXTENSIONS_MAX {
            flaws.wrong("schemaExtensions", format!("a resource type has at most {EXTENSIONS_MAX} extensions"));
        }
        let mut before: Vec<&str> = vec![&self.schema];
        flaws.each("schemaExtensions", &self.schema_extensions, |flaws, extension| {
            let urn = extension.schema.as_str();
            if !is_known(urn) || is_of_discovery(urn) {
                flaws.wrong("schema", UNKNOWN_SCHEMA);
            } else if ["User", "Group"].iter().any(|name| is_core_of(name, urn)) {
                flaws.wrong("schema", "the schema of a built-in resource type cannot extend another one");
            } else if before.iter().any(|other| other.eq_ignore_ascii_case(urn)) {
                flaws.wrong("schema", "the resource type has this schema already");
            } else if let Some(other) = before.iter().find(|other| is_below(other, urn) || is_below(urn, other)) {
                flaws.wrong("schema", format!("an attribute of {other} could not be told from this schema"));
            }
            before.push(urn);
        });
    }
}

fn is_core_of(type_name: &str, urn: &str) -> bool {
    let registry = core::registry();
    registry.type_named(type_name).is_some_and(|resource_type| resource_type.schema.id.eq_ignore_ascii_case(urn))
}

/// Whether a URN is that of a schema whose resources only discovery has (RFC 7643 §8.7.2).
fn is_of_discovery(urn: &str) -> bool {
    let own = core::registry();
    let is_own = own.schemas().iter().any(|schema| schema.id.eq_ignore_ascii_case(urn));
    !is_own && core::schemas().iter().any(|schema| schema.id.eq_ignore_ascii_case(urn))
}

/// Whether `urn` is `other`, a colon and what could be the name of an attribute.
fn is_below(urn: &str, other: &str) -> bool {
    let rest = urn.get(..other.len()).filter(|start| start.eq_ignore_ascii_case(other)).map(|_| &urn[other.len()..]);
    rest.and_then(|rest| rest.strip_prefix(':')).is_some_and(|name| !name.contains(':'))
}

fn check_endpoint(endpoint: &str) -> Result<(), &'static str> {
    const TAKEN: [&str; 6] = ["Bulk", "Me", "Schemas", "ResourceTypes", "ServiceProviderConfig", "Jobs"];
    let Some(segment) = endpoint.strip_prefix('/').filter(|segment| is_type_name(segment)) else {
        return Err("a slash and a name of letters, digits, - and _ are expected, such as /Devices");
    };
    if TAKEN.iter().any(|taken| taken.eq_ignore_ascii_case(segment)) {
        return Err("this endpoint belongs to the protocol");
    }
    Ok(())
}
