//! [`PatchPlan`] × document = [`Patched`].

use crate::error::ScimError;
use crate::resource::Document;
use crate::schema::ResourceType;

use super::{PatchPlan, Patched};

impl PatchPlan {
    /// Carries out the changes to the document, all of them or none.
    ///
    /// # Errors
    /// [`ScimError::NoTarget`], [`ScimError::Mutability`] or [`ScimError::Value`], depending on
    /// what is in the document.
    pub fn apply(&self, _resource_type: &ResourceType, _document: &Document) -> Result<Patched, ScimError> {
        todo!()
    }
}
