//! PATCH (RFC 7644 §3.5.2), in two halves: a [`PatchPlan`] says what a request touches before
//! anything is read, so that a change of members needs no document; [`apply`] does the rest.
//!
//! [`message`] reads the PatchOp body, [`mod@plan`] sorts its operations by where they happen,
//! [`document`] says what each does to an attribute, [`members`] what it does to a membership,
//! [`described`] how a value looks that a filter describes.

mod apply;
mod described;
mod document;
mod members;
mod message;
mod plan;

use crate::error::ScimError;
use crate::filter::Filter;
use crate::id::ResourceId;
use crate::path::AttrPath;
use crate::resource::{Document, Notes, Secret, add_names};
use crate::schema::ResourceType;

pub use apply::{DOCUMENT_BYTES_MAX, EFFORT_BYTES_MAX};
pub use message::OPERATIONS_MAX;
pub use plan::plan;

use document::DocumentChange;

/// What a PATCH request does, sorted by where it happens. All or nothing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PatchPlan {
    /// Changes to the document, in order. When there are none, no document needs to be read.
    document: Vec<DocumentChange>,
    /// Changes to the values of the relation attribute, in order.
    pub members: Vec<MembersChange>,
    /// What becomes of the secret: set (`Some(Some)`), removed (`Some(None)`), left alone (`None`).
    pub secret: Option<Option<Secret>>,
    /// What was ignored or mended.
    pub notes: Notes,
    /// The `id` that a value without path repeats (Okta, authentik): it must be that of the resource.
    pub(crate) repeated_id: Option<String>,
}

/// A change of the values of the relation attribute. Adding a member who is there, or removing
/// one who is not, changes nothing and is no error (RFC 7644 §3.5.2.1).
#[derive(Debug, Clone, PartialEq)]
pub enum MembersChange {
    /// These belong to it from now on.
    Add(Vec<ResourceId>),
    /// These belong to it no longer.
    Remove(Vec<ResourceId>),
    /// Nobody belongs to it any longer.
    RemoveAll,
    /// Exactly these belong to it.
    Replace(Vec<ResourceId>),
    /// Those for whom the filter holds belong to it no longer: one over `value`, `type` and the
    /// like that is not just a list of ids; [`Filter::resolve_for_values`] says what it means.
    RemoveWhere(Filter),
}

/// What a plan has made of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Patched {
    /// The document as it is from now on.
    pub document: Document,
    /// Canonical names of the attributes that changed; none, if nothing did: then version and
    /// `meta.lastModified` stay as they are (RFC 7644 §3.5.2.1).
    pub changed: Vec<String>,
    /// What was mended that could not be foreseen.
    pub notes: Notes,
}

impl PatchPlan {
    /// Whether the document must be read to carry the plan out.
    #[must_use]
    pub fn needs_document(&self) -> bool {
        !self.document.is_empty()
    }

    /// The attributes that it names and the sub-attributes that it has values for.
    #[must_use]
    pub fn names(&self, resource_type: &ResourceType) -> Vec<AttrPath> {
        let mut names = Vec::new();
        for change in &self.document {
            let urn = change.extension.as_ref().unwrap_or(&resource_type.schema.id);
            add_names(urn, &change.attribute, change.parts(), &mut names);
        }
        names
    }

    /// Refuses a request that would change the `id`, which is readOnly: RFC 7644 §3.5.2 lets the one
    /// that the resource has be repeated.
    ///
    /// # Errors
    /// [`ScimError::Mutability`].
    pub fn check_id(&self, id: ResourceId) -> Result<(), ScimError> {
        match &self.repeated_id {
            Some(repeated) if *repeated != id.to_string() => {
                Err(ScimError::mutability("id", format!("is readOnly, and that of this resource is {id}")))
            }
            _ => Ok(()),
        }
    }
}
