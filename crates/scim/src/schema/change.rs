//! What a change of schemas and resource types means for resources that are there already.

use std::sync::Arc;

use super::{Attribute, Custom, Mutability, Registry, ResourceType, Schema, Uniqueness, core};
use crate::fold::fold;

/// How a resource type changes.
#[derive(Debug, Clone, PartialEq)]
pub struct TypeChange {
    /// As it was.
    pub before: Arc<ResourceType>,
    /// As it will be; `None` when it goes.
    pub after: Option<Arc<ResourceType>>,
    /// Attributes of the core schema that go, or whose values would come to mean something else.
    pub lost: Vec<String>,
    /// The same for each extension that loses something, or goes.
    pub lost_of_extensions: Vec<LostOfExtension>,
    /// Whether a resource that was right can come to be wrong.
    pub is_narrower: bool,
    /// Attributes whose values no two resources may share from now on.
    pub newly_unique: Vec<String>,
    /// Attributes whose values resources may share again.
    pub no_longer_unique: Vec<String>,
}

/// What an extension loses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostOfExtension {
    /// Its URN.
    pub urn: String,
    /// See [`Schema::presence`]; `None` for the built-in one.
    pub presence: Option<u32>,
    /// Names of what goes.
    pub attributes: Vec<String>,
}

impl TypeChange {
    /// Whether it says anything about resources that are there.
    #[must_use]
    pub fn matters(&self) -> bool {
        self.after.is_none()
            || self.is_narrower
            || !(self.lost.is_empty()
                && self.lost_of_extensions.is_empty()
                && self.newly_unique.is_empty()
                && self.no_longer_unique.is_empty())
    }
}

impl Registry {
    /// How each type of this registry is changed in `after`. New types are not named: nothing is there
    /// of them.
    #[must_use]
    pub fn changes_to(&self, after: &Self) -> Vec<TypeChange> {
        let changes = self.types().iter().map(|before| change(before, after.type_keyed(before.key)));
        changes.filter(TypeChange::matters).collect()
    }
}

fn change(before: &Arc<ResourceType>, after: Option<&Arc<ResourceType>>) -> TypeChange {
    let mut difference = Difference::default();
    let mut lost_of_extensions = Vec::new();
    if let Some(after) = after {
        let is_same = after.schema.id.eq_ignore_ascii_case(&before.schema.id);
        if is_same {
            difference.between(&before.schema.attributes, &after.schema.attributes, "");
        } else {
            difference.lost.push(before.schema.id.clone());
        }
        let core_lost = std::mem::take(&mut difference.lost);
        for extension in &before.extensions {
            let Schema { id: urn, presence, attributes, .. } = &*extension.schema;
            match after.extensions.iter().find(|other| other.schema.id.eq_ignore_ascii_case(urn)) {
                Some(other) => {
                    difference.between(attributes, &other.schema.attributes, &format!("{urn}:"));
                    difference.is_narrower |= other.required && !extension.required;
                }
                None => difference.lost.push(urn.clone()),
            }
            if !difference.lost.is_empty() {
                let attributes = std::mem::take(&mut difference.lost);
                lost_of_extensions.push(LostOfExtension { urn: urn.clone(), presence: *presence, attributes });
            }
        }
        let is_new = |urn: &str| !before.extensions.iter().any(|other| other.schema.id.eq_ignore_ascii_case(urn));
        difference.is_narrower |=
            after.extensions.iter().any(|extension| extension.required && is_new(&extension.schema.id));
        difference.lost = core_lost;
    }
    TypeChange {
        before: Arc::clone(before),
        after: after.cloned(),
        lost: difference.lost,
        lost_of_extensions,
        is_narrower: difference.is_narrower,
        newly_unique: difference.newly_unique,
        no_longer_unique: difference.no_longer_unique,
    }
}

#[derive(Default)]
struct Difference {
    lost: Vec<String>,
    is_narrower: bool,
    newly_unique: Vec<String>,
    no_longer_unique: Vec<String>,
}

impl Difference {
    /// `prefix` is what stands before the names.
    fn between(&mut self, before: &[Attribute], after: &[Attribute], prefix: &str) {
        for old in before {
            let name = format!("{prefix}{}", old.name);
            match after.iter().find(|new| new.name == old.name) {
                Some(new) => self.of_attribute(old, new, name),
                None => self.lost.push(name),
            }
        }
        let is_known = |new: &Attribute| before.iter().any(|old| old.name == new.name);
        self.is_narrower |= after.iter().any(|new| is_required(new) && !is_known(new));
    }

    fn of_attribute(&mut self, old: &Attribute, new: &Attribute, name: String) {
        if (old.kind, old.multi_valued, old.case_exact) != (new.kind, new.multi_valued, new.case_exact) {
            self.lost.push(name);
            return;
        }
        let is_accepted = |value: &String| new.canonical_values.contains(value);
        self.is_narrower |= is_required(new) && !is_required(old)
            || new.restricted && !(old.restricted && old.canonical_values.iter().all(is_accepted));
        self.between(&old.sub_attributes, &new.sub_attributes, &format!("{name}."));
        match (old.uniqueness, new.uniqueness) {
            (Uniqueness::None, Uniqueness::Server | Uniqueness::Global) => self.newly_unique.push(name),
            (Uniqueness::Server | Uniqueness::Global, Uniqueness::None) => self.no_longer_unique.push(name),
            _ => {}
        }
    }
}

fn is_required(attribute: &Attribute) -> bool {
    attribute.required && attribute.mutability != Mutability::ReadOnly
}

impl Custom {
    /// The indexes that its schemas want: URN and path, folded; an empty path for "has any value of
    /// this schema", which every schema of a tenant's own wants.
    #[must_use]
    pub fn wanted_indexes(&self) -> Vec<(String, String)> {
        let mut wanted = Vec::new();
        for draft in &self.schemas {
            let urn = fold(&draft.id);
            let built_in = core::schemas().iter().find(|schema| schema.id.eq_ignore_ascii_case(&draft.id));
            let has_one = |path: &str| built_in.is_some_and(|schema| is_indexed(schema, path));
            if built_in.is_none() {
                wanted.push((urn.clone(), String::new()));
            }
            let paths = draft.indexed().into_iter().filter(|path| !has_one(path));
            wanted.extend(paths.map(|path| (urn.clone(), path)));
        }
        wanted
    }
}

fn is_indexed(schema: &Schema, path: &str) -> bool {
    let (name, sub) = path.split_once('.').map_or((path, None), |(name, sub)| (name, Some(sub)));
    let attribute = schema.attribute(name);
    let leaf = attribute.and_then(|attribute| sub.map_or(Some(attribute), |sub| attribute.sub_attribute(sub)));
    leaf.is_some_and(|leaf| leaf.indexed.is_some())
}
