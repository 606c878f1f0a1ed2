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
#[derive(Debug)]
pub(super) struct Intent {
    pub(super) verb: Verb,
    pub(super) resource_type: Arc<ResourceType>,
    /// The last segment of the path; empty for POST.
    pub(super) segment: String,
    /// The resource: known for POST when its id is given, for others when their path is looked at.
    pub(super) target: Option<ResourceId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Create,
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

    /// Finds the resource that the path of a PUT, PATCH or DELETE ends with; refuses the operation
    /// when there can be none.
    pub(super) fn aim_at_path(&mut self, references: &mut References<'_>) {
        let Ok(intent) = &self.intent else { return };
        if intent.verb == Verb::Create {
            return;
        }
        match intent.find(references) {
            Ok(id) => self.aim(id),
            Err(refusal) => self.intent = Err(refusal),
        }
    }

    fn aim(&mut self, id: ResourceId) {
        let Ok(intent) = &mut self.intent else { return };
        intent.target = Some(id);
        self.head.location = Some(format!("{}/{id}", intent.resource_type.endpoint));
        self.head.target = Some((Arc::clone(&intent.resource_type), id));
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
        let Place { resource_type, segment } = place;
        let endpoint = &resource_type.endpoint;
        let verb = match method {
            "PUT" => Verb::Replace,
            "PATCH" => Verb::Patch,
            "DELETE" => Verb::Delete,
            _ => Verb::Create,
        };
        match (verb, segment) {
            (Verb::Create, Some(_)) => {
                Err(ScimError::Method(format!("POST goes to '{endpoint}'; the server chooses the id")))
            }
            (Verb::Create, None) => Ok(Self { verb, resource_type, segment: String::new(), target: None }),
            (Verb::Replace | Verb::Patch | Verb::Delete, Some(segment)) => {
                Ok(Self { verb, resource_type, segment, target: None })
            }
            (Verb::Replace | Verb::Patch | Verb::Delete, None) => {
                Err(ScimError::Method(format!("{method} needs the path of one resource, as in '{endpoint}/<id>'")))
            }
        }
    }

    /// An id of ours, or that of what a POST of this request creates.
    fn find(&self, references: &mut References<'_>) -> Result<ResourceId, ScimError> {
        let found = match references::bulk_id(&self.segment) {
            Some(bulk_id) => {
                let created = references.resolve("path", bulk_id)?;
                let fits = created.resource_type.as_ref().is_none_or(|other| other.key == self.resource_type.key);
                fits.then_some(created.id)
            }
            None => self.segment.parse().ok().filter(|id: &ResourceId| id.prefix() == self.resource_type.id_prefix),
        };
        found.ok_or_else(|| {
            let shown: String = self.segment.chars().take(100).collect();
            ScimError::NotFound(format!("There is no {} '{shown}'", self.resource_type.name))
        })
    }
}

/// Gives each POST its id, and refuses those that have no bulkId or that of another.
///
/// Those that are refused for another reason keep their bulkId: who refers to them is told that
/// they failed, rather than that they are not there.
pub(super) fn give_ids(
    operations: &[BulkOperation],
    drafts: &mut [Draft],
    new_id: &mut dyn FnMut([u8; 3]) -> ResourceId,
) -> BulkIds {
    let mut bulk_ids = BulkIds::new();
    for (index, (sent, draft)) in operations.iter().zip(drafts).enumerate() {
        if draft.head.method != "POST" {
            continue;
        }
        let resource_type = draft.intent.as_ref().ok().map(|intent| Arc::clone(&intent.resource_type));
        let id = new_id(resource_type.as_ref().map_or(*b"res", |resource_type| resource_type.id_prefix));
        draft.aim(id);
        let reason = match sent.bulk_id.as_ref().filter(|bulk_id| !bulk_id.is_empty()) {
            None => "required for POST",
            Some(bulk_id) => match bulk_ids.entry(bulk_id.clone()) {
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
pub(super) fn first_deletes(drafts: &[Draft], bulk_ids: &BulkIds) -> HashMap<ResourceId, usize> {
    let mut deletes = HashMap::new();
    for (index, draft) in drafts.iter().enumerate() {
        let Ok(Intent { verb: Verb::Delete, segment, .. }) = &draft.intent else { continue };
        let id = match references::bulk_id(segment) {
            Some(bulk_id) => bulk_ids.get(bulk_id).map(|created| created.id),
            None => segment.parse().ok(),
        };
        if let Some(id) = id {
            deletes.entry(id).or_insert(index);
        }
    }
    deletes
}
