//! What was written, shown without reading it back.

use std::sync::Arc;

use scim::projection::Projection;
use scim::resource::Representation;
use scim::schema::Relation;
use store::resources::apply::Written;

/// What was written, if it can be shown without reading anything: its document is at hand, and
/// the projection wants no relation, or there cannot be any yet.
pub(super) fn without_any(written: &Written, projection: &Projection) -> Option<Representation> {
    let body = written.body.clone()?;
    let wants = |relation| projection.wants(&written.resource_type, relation);
    // Nothing refers to what was created by a request of its own.
    let is_new = written.version == scim::Version::FIRST && written.created == written.modified;
    if wants(Relation::Members) || (wants(Relation::MemberOf) && !is_new) {
        return None;
    }
    Some(Representation {
        resource_type: Arc::clone(&written.resource_type),
        id: written.id,
        version: written.version,
        created: written.created,
        modified: written.modified,
        body,
        members: None,
        member_of: None,
    })
}
