//! What was written, shown from the transaction that wrote it.

use std::sync::Arc;

use scim::projection::Projection;
use scim::resource::Representation;
use scim::schema::{Registry, Relation};
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
    // Nothing refers to what was created by a request of its own.
    let is_new = written.version == scim::Version::FIRST && written.created == written.modified;
    let mut shown = resources::complete(
        tx,
        tenant,
        registry,
        |of, relation| !is_new && projection.wants(of, relation),
        vec![stored],
    )
    .await?;
    Ok(shown.pop())
}
