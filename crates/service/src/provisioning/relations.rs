//! Puts together what the store keeps apart: a resource, who belongs to it, what it belongs to.

use std::collections::HashMap;
use std::sync::Arc;

use scim::projection::Projection;
use scim::resource::{Member, Representation};
use scim::schema::{Registry, Relation};
use store::members::{self, Membership};
use store::resources::apply::Written;
use store::resources::{ResourceKey, StoredResource};
use store::{StoreError, TenantKey, Tx};

/// Adds to each resource the relation attributes that the projection wants: a statement for each
/// relation that occurs, however many the resources are.
///
/// # Errors
/// [`StoreError`] of the reading.
pub(super) async fn complete(
    tx: &mut Tx,
    tenant: TenantKey,
    registry: &Registry,
    projection: &Projection,
    stored: Vec<StoredResource>,
) -> Result<Vec<Representation>, StoreError> {
    let keys = |relation| -> Vec<ResourceKey> {
        stored.iter().filter(|r| projection.wants(&r.resource_type, relation)).map(|r| r.key).collect()
    };
    let (with_members, with_groups) = (keys(Relation::Members), keys(Relation::MemberOf));
    let mut members =
        if with_members.is_empty() { HashMap::new() } else { members::of(tx, tenant, &with_members).await? };
    let mut groups =
        if with_groups.is_empty() { HashMap::new() } else { members::groups_of(tx, tenant, &with_groups).await? };
    let representations = stored.into_iter().map(|resource| {
        let members = projection
            .wants(&resource.resource_type, Relation::Members)
            .then(|| named(registry, members.remove(&resource.key).unwrap_or_default()));
        let member_of = projection
            .wants(&resource.resource_type, Relation::MemberOf)
            .then(|| named(registry, groups.remove(&resource.key).unwrap_or_default()));
        Representation {
            resource_type: resource.resource_type,
            id: resource.id,
            version: resource.version,
            created: resource.created,
            modified: resource.modified,
            body: resource.body,
            members,
            member_of,
        }
    });
    Ok(representations.collect())
}

/// Memberships with the names that their types have on the wire.
fn named(registry: &Registry, memberships: Vec<Membership>) -> Vec<Member> {
    let member = |membership: Membership| {
        // A type that the tenant no longer has leaves rows behind that nobody can reach.
        let resource_type = registry.type_keyed(membership.resource_type)?;
        Some(Member {
            id: membership.id,
            type_name: resource_type.name.clone(),
            endpoint: resource_type.endpoint.clone(),
            display: membership.display,
            direct: membership.direct,
        })
    };
    memberships.into_iter().filter_map(member).collect()
}

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
