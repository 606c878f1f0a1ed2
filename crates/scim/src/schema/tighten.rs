//! A built-in schema as a tenant wants it: narrower than RFC 7643 has it, and never wider, so
//! that every client of the RFC goes on working with what it is given.

use super::define::{check_indexed, check_unique};
use super::draft::{AttributeDraft, Flaw, Flaws, SchemaDraft};
use super::{Attribute, Mutability, Returned, Schema, Uniqueness};

impl Schema {
    /// This built-in schema with what `draft` wants to be narrower. Attributes and
    /// characteristics that it leaves out stay; those that it repeats stay, too, so that a schema can be
    /// read, changed and sent back.
    ///
    /// May be narrowed: `required` to true, `canonicalValues` to fewer (which are then the only ones
    /// accepted), `mutability` to immutable, `returned` to request, `uniqueness` to server. Any
    /// attribute may be `indexed`, as that changes nothing but the time it takes.
    ///
    /// # Errors
    /// All that would be wider, or different.
    pub fn tightened(&self, draft: &SchemaDraft) -> Result<Self, Vec<Flaw>> {
        let mut flaws = Flaws::default();
        stays(&mut flaws, "name", draft.name.as_deref(), &self.name);
        stays(&mut flaws, "description", draft.description.as_deref(), &self.description);
        let mut tightened = self.clone();
        attributes(&mut flaws, "attributes", true, &mut tightened.attributes, &draft.attributes);
        flaws.none_or(tightened)
    }
}

fn attributes(flaws: &mut Flaws, place: &str, is_top: bool, all: &mut [Attribute], drafts: &[AttributeDraft]) {
    let mut seen: Vec<&str> = Vec::new();
    flaws.each(place, drafts, |flaws, draft| {
        let Some(attribute) = all.iter_mut().find(|attribute| attribute.name.eq_ignore_ascii_case(&draft.name)) else {
            flaws.wrong("name", "a built-in schema gets no further attributes; an extension can add them");
            return;
        };
        if seen.iter().any(|name| name.eq_ignore_ascii_case(&draft.name)) {
            flaws.wrong("name", "another attribute beside this one has the same name");
        }
        seen.push(&draft.name);
        tighten(flaws, is_top, attribute, draft);
    });
}

fn tighten(flaws: &mut Flaws, is_top: bool, attribute: &mut Attribute, draft: &AttributeDraft) {
    stays(flaws, "type", draft.kind.as_ref(), &attribute.kind);
    stays(flaws, "multiValued", draft.multi_valued.as_ref(), &attribute.multi_valued);
    stays(flaws, "description", draft.description.as_ref(), &attribute.description);
    stays(flaws, "caseExact", draft.case_exact.as_ref(), &attribute.case_exact);
    stays(flaws, "referenceTypes", draft.reference_types.as_ref(), &attribute.reference_types);
    let before = attribute.clone();
    narrow(flaws, "required", &mut attribute.required, draft.required, &[(false, true)]);
    let immutable = (Mutability::ReadWrite, Mutability::Immutable);
    narrow(flaws, "mutability", &mut attribute.mutability, draft.mutability, &[immutable]);
    let on_request = (Returned::Default, Returned::Request);
    narrow(flaws, "returned", &mut attribute.returned, draft.returned, &[on_request]);
    let unique = (Uniqueness::None, Uniqueness::Server);
    narrow(flaws, "uniqueness", &mut attribute.uniqueness, draft.uniqueness, &[unique]);
    values(flaws, attribute, draft.canonical_values.as_ref());
    if attribute.uniqueness != before.uniqueness
        && let Err(reason) = check_unique(attribute, is_top)
    {
        flaws.wrong("uniqueness", reason);
    }
    index(flaws, attribute, draft.indexed);
    attributes(flaws, "subAttributes", false, &mut attribute.sub_attributes, &draft.sub_attributes);
    let is_kept_apart = before.relation.is_some() || before.secret || before.mutability == Mutability::ReadOnly;
    if is_kept_apart && *attribute != before {
        flaws.wrong("name", "this attribute is kept by the server in a way that nothing about it can be changed");
    }
}

fn stays<T: PartialEq + ?Sized>(flaws: &mut Flaws, name: &str, wanted: Option<&T>, is: &T) {
    if wanted.is_some_and(|wanted| wanted != is) {
        flaws.wrong(name, "this stays as it is in a built-in schema");
    }
}

fn narrow<T: Copy + PartialEq>(flaws: &mut Flaws, name: &str, is: &mut T, wanted: Option<T>, ways: &[(T, T)]) {
    let Some(wanted) = wanted.filter(|wanted| wanted != is) else { return };
    if ways.contains(&(*is, wanted)) {
        *is = wanted;
    } else {
        flaws.wrong(name, "a built-in schema can be made narrower, and this would make it wider or another");
    }
}

fn values(flaws: &mut Flaws, attribute: &mut Attribute, wanted: Option<&Vec<String>>) {
    let Some(wanted) = wanted.filter(|wanted| **wanted != attribute.canonical_values) else { return };
    let known = &attribute.canonical_values;
    if attribute.kind != super::Kind::String {
        flaws.wrong("canonicalValues", "only a string attribute has canonical values");
    } else if wanted.is_empty() || !known.is_empty() && !wanted.iter().all(|value| known.contains(value)) {
        flaws.wrong("canonicalValues", format!("some of these are expected: {}", known.join(", ")));
    } else {
        attribute.canonical_values.clone_from(wanted);
        attribute.restricted = true;
    }
}

fn index(flaws: &mut Flaws, attribute: &Attribute, wanted: Option<bool>) {
    if attribute.indexed.is_some() {
        stays(flaws, "indexed", wanted.as_ref(), &true);
    } else if wanted == Some(true)
        && let Err(reason) = check_indexed(attribute)
    {
        flaws.wrong("indexed", reason);
    }
}
