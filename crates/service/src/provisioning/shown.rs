//! What was written, shown from the transaction that wrote it.

use std::sync::Arc;

use scim::projection::Projection;
use scim::resource::Representation;
use scim::schema::{Registry, Relation, ResourceType};
use store::resources::apply::Written;
use store::resources::{self, StoredResource};
use store::{StoreError, TenantKey, Tx};

/// What was written, with what it belongs to; its document is taken. `None` when it has to be read afterwards: its document is
/// not at hand, or its members are to be shown, of whom there may be so many that they would hold other
/// writes up.
pub(super) async fn at_hand(
    tx: &mut Tx,
    tenant: TenantKey,
    registry: &Registry,
    written: &mut Written,
    projection: &Projection,
) -> Result<Option<Representation>, StoreError> {
    // Nothing refers to what was created by a request of its own.
    if written.version == scim::Version::FIRST && written.created == written.modified {
        return Ok(new(written, projection));
    }
    if projection.wants(&written.resource_type, Relation::Members) {
        return Ok(None);
    }
    let Some(body) = written.body.take() else { return Ok(None) };
    let stored = StoredResource {
        key: written.key,
        id: written.id,
        resource_type: Arc::clone(&written.resource_type),
        version: written.version,
        created: written.created,
        modified: written.modified,
        body,
        groups: None,
    };
    let wants = |of: &ResourceType, relation| projection.wants(of, relation);
    let mut shown = resources::complete(tx, tenant, registry, wants, vec![stored]).await?;
    Ok(shown.pop())
}

/// What was created, to which nothing refers yet; its document is taken. `None` as above.
pub(super) fn new(written: &mut Written, projection: &Projection) -> Option<Representation> {
    if projection.wants(&written.resource_type, Relation::Members) {
        return None;
    }
    Some(Representation {
        resource_type: Arc::clone(&written.resource_type),
        id: written.id,
        version: written.version,
        created: written.created,
        modified: written.modified,
        body: written.body.take()?,
        members: None,
        member_of: None,
    })
}
