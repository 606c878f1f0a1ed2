//! What method and path of an operation come to, before its body is looked at.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::OperationHead;
use super::path::{self, Place};
use super::references::{self, BulkIds, Created, References};
use crate::error::ScimError;
use crate::id::ResourceId;
use crate::message::BulkOperation;
use crate::schema::{Registry, ResourceType};

/// An operation without its body.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) head: OperationHead,
    pub(super) intent: Result<Intent, ScimError>,
}

/// A method where it makes sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Intent {
    Create,
    /// With the last segment of the path.
    Change(Change, String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Replace,
    Patch,
    Delete,
}

const METHODS: [&str; 4] = ["POST", "PUT", "PATCH", "DELETE"];

impl Draft {
    pub(super) fn read(sent: &BulkOperation, registry: &Registry, bases: &[&str]) -> Self {
        let path = path::below_base(&sent.path, bases);
        let place = path::locate(path, registry);
        let resource_type = place.as_ref().ok().map(|place| Arc::clone(&place.resource_type));
        // Methods have case (RFC 9110 §9.1), but it is clear what 'post' means.
        let method = METHODS.into_iter().find(|method| method.eq_ignore_ascii_case(&sent.method));
        let head = OperationHead {
            method: method.unwrap_or(&sent.method).to_owned(),
            bulk_id: sent.bulk_id.clone(),
            resource_type,
            target: None,
            location: path.filter(|_| method != Some("POST")).map(|path| format!("/{path}")),
        };
        let intent = match method {
            Some(method) => place.and_then(|place| Intent::new(method, place)),
            None => Err(not_for_bulk(&sent.method)),
        };
        Self { head, intent }
    }

    /// Finds the resource that the path ends with: an id of ours, or what a POST of this request
    /// creates.
    ///
    /// # Errors
    /// [`ScimError::NotFound`] for what cannot be; [`ScimError::Value`] for an unknown bulkId.
    pub(super) fn aim_at(&mut self, resource: &str, references: &mut References<'_>) -> Result<(), ScimError> {
        let Some(resource_type) = self.head.resource_type.clone() else { return Ok(()) };
        let found = match references::bulk_id(resource) {
            Some(bulk_id) => {
                let created = references.resolve("path", bulk_id)?;
                let fits = created.resource_type.as_ref().is_none_or(|other| other.key == resource_type.key);
                fits.then_some(created.id)
            }
            None => resource.parse().ok().filter(|id: &ResourceId| id.prefix() == resource_type.id_prefix),
        };
        let id = found.ok_or_else(|| {
            let shown: String = resource.chars().take(100).collect();
            ScimError::NotFound(format!("There is no {} '{shown}'", resource_type.name))
        })?;
        self.aim(&resource_type, id);
        Ok(())
    }

    fn aim(&mut self, resource_type: &Arc<ResourceType>, id: ResourceId) {
        self.head.location = Some(format!("{}/{id}", resource_type.endpoint));
        self.head.target = Some((Arc::clone(resource_type), id));
    }
}

/// Why a method is not one of [`METHODS`].
fn not_for_bulk(method: &str) -> ScimError {
    let shown: String = method.chars().take(20).collect();
    let text = format!("Method '{shown}' cannot be used inside a bulk request; use POST, PUT, PATCH or DELETE");
    let exists = ["GET", "HEAD", "OPTIONS"].iter().any(|other| other.eq_ignore_ascii_case(method));
    if exists { ScimError::Method(text) } else { ScimError::Syntax(text) }
}

impl Intent {
    fn new(method: &str, place: Place) -> Result<Self, ScimError> {
        let endpoint = &place.resource_type.endpoint;
        let change = match method {
            "PUT" => Change::Replace,
            "PATCH" => Change::Patch,
            "DELETE" => Change::Delete,
            _ if place.resource.is_none() => return Ok(Self::Create),
            _ => return Err(ScimError::Method(format!("POST goes to '{endpoint}'; the server chooses the id"))),
        };
        match place.resource {
            Some(resource) => Ok(Self::Change(change, resource)),
            None => Err(ScimError::Method(format!("{method} needs the path of one resource, as in '{endpoint}/<id>'"))),
        }
    }
}

/// Gives each POST its id, and refuses those that have no bulkId or that of another.
///
/// Those that are refused for another reason keep their bulkId: who refers to them is told that
/// they failed, rather than that they are not there.
pub(super) fn give_ids<'r>(
    operations: &'r [BulkOperation],
    drafts: &mut [Draft],
    new_id: &mut dyn FnMut([u8; 3]) -> ResourceId,
) -> BulkIds<'r> {
    let mut bulk_ids = BulkIds::new();
    for (index, (sent, draft)) in operations.iter().zip(drafts).enumerate() {
        if draft.head.method != "POST" {
            continue;
        }
        let resource_type = draft.head.resource_type.clone().filter(|_| draft.intent.is_ok());
        let id = new_id(resource_type.as_ref().map_or(*b"res", |resource_type| resource_type.id_prefix));
        if let Some(resource_type) = &resource_type {
            draft.aim(resource_type, id);
        }
        let reason = match sent.bulk_id.as_deref().filter(|bulk_id| !bulk_id.is_empty()) {
            None => "required for POST",
            Some(bulk_id) => match bulk_ids.entry(bulk_id) {
                Entry::Occupied(_) => "already the bulkId of an operation before this one",
                Entry::Vacant(entry) => {
                    entry.insert(Created { index, id, resource_type });
                    continue;
                }
            },
        };
        if draft.intent.is_ok() {
            draft.intent = Err(ScimError::value("bulkId", reason));
        }
    }
    bulk_ids
}

/// Where each resource that the request deletes is deleted first.
pub(super) fn first_deletes(drafts: &[Draft], bulk_ids: &BulkIds<'_>) -> HashMap<ResourceId, usize> {
    let mut deletes = HashMap::new();
    for (index, draft) in drafts.iter().enumerate() {
        let Ok(Intent::Change(Change::Delete, resource)) = &draft.intent else { continue };
        let id = match references::bulk_id(resource) {
            Some(bulk_id) => bulk_ids.get(bulk_id).map(|created| created.id),
            None => resource.parse().ok(),
        };
        if let Some(id) = id {
            deletes.entry(id).or_insert(index);
        }
    }
    deletes
}
