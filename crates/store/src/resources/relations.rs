//! Puts together what is kept apart: a resource, who belongs to it, what it belongs to.

use std::collections::HashMap;
use std::sync::Arc;

use scim::id::ResourceId;
use scim::resource::{Member, Representation};
use scim::schema::{Registry, Relation, ResourceType};

use super::{ResourceKey, StoredResource};
use crate::error::StoreError;
use crate::members::{self, Membership};
use crate::tenants::TenantKey;
use crate::tx::Tx;

/// Adds to each resource the relation attributes that `wants` asks for: a statement for each
/// relation that occurs, however many the resources are.
///
/// # Errors
/// [`StoreError`] of the reading.
pub async fn complete(
    tx: &mut Tx,
    tenant: TenantKey,
    registry: &Registry,
    wants: impl Fn(&ResourceType, Relation) -> bool,
    stored: Vec<StoredResource>,
) -> Result<Vec<Representation>, StoreError> {
    let wants = once_for_each_type(&stored, wants);
    let keys = |is_meant: &dyn Fn(&StoredResource) -> bool| -> Vec<ResourceKey> {
        stored.iter().filter(|resource| is_meant(resource)).map(|resource| resource.key).collect()
    };
    let with_members = keys(&|resource| wants(&resource.resource_type, Relation::Members));
    let with_groups = keys(&|resource| resource.groups.is_none() && wants(&resource.resource_type, Relation::MemberOf));
    let mut members =
        if with_members.is_empty() { HashMap::new() } else { members::of(tx, tenant, &with_members).await? };
    let mut groups = groups_of(tx, tenant, &with_groups).await?;
    let representations = stored.into_iter().map(|resource| {
        let members = wants(&resource.resource_type, Relation::Members)
            .then(|| named(registry, members.remove(&resource.key).unwrap_or_default()));
        let read = resource.groups;
        let member_of = wants(&resource.resource_type, Relation::MemberOf)
            .then(|| named(registry, read.or_else(|| groups.remove(&resource.key)).unwrap_or_default()));
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

/// A resource by its id, with the relation attributes that `wants` asks for: one statement, and another one for
/// its members, or where what it belongs to belongs to something else.
///
/// # Errors
/// [`StoreError`] of the reading.
pub async fn show(
    tx: &mut Tx,
    tenant: TenantKey,
    registry: &Registry,
    (resource_type, id): (&Arc<ResourceType>, ResourceId),
    wants: impl Fn(&ResourceType, Relation) -> bool,
) -> Result<Option<Representation>, StoreError> {
    let stored = if wants(resource_type, Relation::MemberOf) {
        super::get_with_groups(tx, tenant, resource_type, id).await?
    } else {
        super::get(tx, tenant, resource_type, id).await?
    };
    let Some(stored) = stored else { return Ok(None) };
    Ok(complete(tx, tenant, registry, wants, vec![stored]).await?.pop())
}

/// What resources belong to.
async fn groups_of(
    tx: &mut Tx,
    tenant: TenantKey,
    keys: &[ResourceKey],
) -> Result<HashMap<ResourceKey, Vec<Membership>>, StoreError> {
    match keys {
        [] => Ok(HashMap::new()),
        [only] => match members::direct::of_range(tx, tenant, (*only, *only), DIRECT_MAX).await? {
            Some(groups) => Ok(groups),
            None => members::groups_of(tx, tenant, keys).await,
        },
        _ => members::groups_of(tx, tenant, keys).await,
    }
}

/// How many groups of one resource are read before it is certain that there is nothing above them.
const DIRECT_MAX: u32 = 1_000;

/// The answers of `wants` for the types that occur: asked for each of many resources, it would cost more than
/// reading them.
fn once_for_each_type<W: Fn(&ResourceType, Relation) -> bool>(
    stored: &[StoredResource],
    wants: W,
) -> impl Fn(&ResourceType, Relation) -> bool + use<W> {
    let mut answers: Vec<(u16, bool, bool)> = Vec::new();
    for resource in stored {
        let of = &resource.resource_type;
        if answers.iter().all(|(key, ..)| *key != of.key) {
            answers.push((of.key, wants(of, Relation::Members), wants(of, Relation::MemberOf)));
        }
    }
    move |of, relation| {
        answers.iter().any(|(key, members, member_of)| {
            *key == of.key
                && match relation {
                    Relation::Members => *members,
                    Relation::MemberOf => *member_of,
                }
        })
    }
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
