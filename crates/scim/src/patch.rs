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

use crate::filter::Filter;
use crate::id::ResourceId;
use crate::resource::{Document, Notes, Secret};

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
}
