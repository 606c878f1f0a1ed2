//! Changing who belongs to a resource: who is meant, whether that can be, and what came of it.

use std::collections::{BTreeSet, HashMap};

use scim::ScimError;
use scim::filter::Filter;
use scim::id::{ResourceId, Version};
use scim::schema::{Relation, ResourceType, Target};

use super::work::{Delta, MembersWork, Named};
use super::{key_list, of_one, rows};
use crate::events::MembersDelta;
use crate::resources::apply::{Context, Fault, WriteError};
use crate::resources::{ResourceKey, read_id, read_type_key, read_version};
use crate::sql;
use crate::sql::Stmt;
use crate::tenants::TenantKey;
use crate::tx::{Lock, Tx};

/// The resource whose members change.
pub(crate) struct Group<'a> {
    pub(crate) resource_type: &'a ResourceType,
    pub(crate) id: ResourceId,
    /// `None` when its row is still to be looked up.
    pub(crate) key: Option<ResourceKey>,
    /// Whether it may come to contain itself.
    pub(crate) circles_allowed: bool,
}

/// A resource that was named and exists.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    pub(crate) key: ResourceKey,
    pub(crate) resource_type: u16,
    pub(crate) version: Version,
    pub(crate) created: i64,
    pub(crate) modified: i64,
}

/// What looking up found.
#[derive(Debug, Default)]
pub(crate) struct LookedUp {
    /// The resource whose members change, when it was looked up.
    pub(crate) target: Option<Known>,
    named: HashMap<ResourceId, Known>,
}

/// Which of the resources that an operation names exist: the group, if its row is not known yet, and
/// all members named. At most one statement.
pub(crate) async fn look_up(
    tx: &mut Tx,
    tenant: TenantKey,
    group: &Group<'_>,
    work: &MembersWork,
) -> Result<LookedUp, Fault> {
    let target = if group.key.is_none() { Some(group.id) } else { None };
    // Whoever has read the row of the group has locked it. Who has not waits here for others who
    // change its members, instead of losing races with them (measured: 6,350 changes of one group a
    // second, and 660 with races).
    if let Some(group) = target {
        tx.lock(tenant, Lock::MembersOf(group));
    }
    let ids: BTreeSet<ResourceId> = work.all_named().map(|(id, _)| id).chain(target).collect();
    let mut found = LookedUp::default();
    if ids.is_empty() {
        return Ok(found);
    }
    let rows = tx
        .query(&EXISTING, &[tenant.into(), (&id_list(&ids)).into()], |row| {
            let known = Known {
                key: ResourceKey(row.int(0)?),
                resource_type: read_type_key(row, 2)?,
                version: read_version(row, 3)?,
                created: row.int(4)?,
                modified: row.int(5)?,
            };
            Ok((read_id(row, 1)?, known))
        })
        .await?;
    for (id, known) in rows {
        found.named.insert(id, known);
        if target == Some(id) {
            found.target = Some(known);
        }
    }
    Ok(found)
}

// On PostgreSQL the rows are kept from being deleted until the members are written.
pub(crate) static EXISTING: Stmt = sql! {
    sqlite: "SELECT r.pk, r.id, r.type, r.version, r.created, r.modified
             FROM json_each($2) AS given JOIN resources AS r ON r.tenant = $1 AND r.id = unhex(given.value)",
    postgres: "SELECT r.pk, r.id, r.type, r.version, r.created, r.modified
               FROM (SELECT decode(value, 'hex') AS id
                     FROM unnest(cast(translate($2, '[]', '{}') AS text[])) AS hex (value) OFFSET 0) AS given
               CROSS JOIN LATERAL (SELECT pk, id, type, version, created, modified FROM resources
                                   WHERE tenant = $1 AND id = given.id FOR KEY SHARE) AS r",
};

/// Does the work; gives who really came and went.
///
/// # Errors
/// [`WriteError::UnknownMembers`], and [`ScimError::Value`] when the group would come to contain
/// itself where that is not allowed.
pub(crate) async fn write(
    tx: &mut Tx,
    tenant: TenantKey,
    context: &Context,
    group: &Group<'_>,
    key: ResourceKey,
    work: &MembersWork,
    found: &LookedUp,
) -> Result<MembersDelta, Fault> {
    let unknown: Vec<ResourceId> =
        work.all_named().filter(|(id, wanted)| *wanted && !found.named.contains_key(id)).map(|(id, _)| id).collect();
    if !unknown.is_empty() {
        return Err(WriteError::UnknownMembers(unknown).into());
    }
    if !group.circles_allowed {
        refuse_circles(tx, tenant, context, group, key, work, found).await?;
    }
    let mut delta = Delta::default();
    for part in &work.parts {
        write_named(tx, tenant, key, &part.named, found, &mut delta).await?;
        if let Some(filter) = &part.then_remove_where {
            let matching = matching(tx, tenant, context, group, key, filter).await?;
            let keys: Vec<ResourceKey> = matching.iter().map(|(key, _)| *key).collect();
            rows::remove(tx, tenant, key, &keys).await?;
            delta.removed(matching.into_iter().map(|(_, id)| id));
        }
    }
    Ok(delta.into())
}

async fn write_named(
    tx: &mut Tx,
    tenant: TenantKey,
    group: ResourceKey,
    named: &Named,
    found: &LookedUp,
    delta: &mut Delta,
) -> Result<(), Fault> {
    let mut ids: HashMap<ResourceKey, ResourceId> = HashMap::new();
    let (mut added, mut removed) = (Vec::new(), Vec::new());
    for (id, wanted) in &named.members {
        // One who does not exist cannot be a member, so there is nothing to remove.
        let Some(Known { key, .. }) = found.named.get(id).copied() else { continue };
        ids.insert(key, *id);
        if *wanted { added.push(key) } else { removed.push(key) }
    }
    let gone = if named.only {
        rows::retain(tx, tenant, group, &added).await?
    } else {
        rows::remove(tx, tenant, group, &removed).await?
    };
    delta.removed(rows::ids_of(tx, tenant, &ids, &gone).await?);
    let come = rows::add(tx, tenant, group, &added).await?;
    delta.added(come.iter().filter_map(|key| ids.get(key).copied()));
    Ok(())
}

/// Refuses members that contain the group already, or are it.
async fn refuse_circles(
    tx: &mut Tx,
    tenant: TenantKey,
    context: &Context,
    group: &Group<'_>,
    key: ResourceKey,
    work: &MembersWork,
    found: &LookedUp,
) -> Result<(), Fault> {
    let has_members = |known: &Known| {
        let resource_type = context.registry.type_keyed(known.resource_type);
        resource_type.is_none_or(|found| found.relation(Relation::Members).is_some())
    };
    let added = work.all_named().filter(|(_, wanted)| *wanted).filter_map(|(id, _)| found.named.get(&id));
    let keys: Vec<ResourceKey> = added.filter(|known| has_members(known)).map(|known| known.key).collect();
    if keys.is_empty() {
        return Ok(());
    }
    // Two changes may be harmless each and close a circle together.
    tx.lock(tenant, Lock::Nesting);
    let keys = key_list(&keys);
    let params = [tenant.into(), key.0.into(), (&keys).into()];
    let Some(offender) = tx.query_one(&CONTAINED_IN, &params, |row| read_id(row, 0)).await? else { return Ok(()) };
    let reason = if offender == group.id {
        "a resource cannot be a member of itself".to_owned()
    } else {
        format!("{offender} cannot be a member, since it contains this resource already")
    };
    Err(WriteError::from(ScimError::value(relation_name(group), reason)).into())
}

// UNION leaves each group out that it has seen, so a circle that is there already ends the walk.
pub(crate) static CONTAINED_IN: Stmt = sql! {
    sqlite: "WITH RECURSIVE above (pk) AS (
                 SELECT $2
                 UNION
                 SELECT m.group_pk FROM above JOIN members AS m ON m.tenant = $1 AND m.member_pk = above.pk
             )
             SELECT r.id FROM above JOIN resources AS r ON r.tenant = $1 AND r.pk = above.pk
             WHERE above.pk IN (SELECT value FROM json_each($3)) LIMIT 1",
    postgres: "WITH RECURSIVE above (pk) AS (
                   SELECT cast($2 AS bigint)
                   UNION
                   SELECT m.group_pk
                   FROM above CROSS JOIN LATERAL (SELECT group_pk FROM members
                                                  WHERE tenant = $1 AND member_pk = above.pk OFFSET 0) AS m
               )
               SELECT r.id
               FROM (SELECT pk FROM above
                     WHERE pk = ANY (cast(translate($3, '[]', '{}') AS bigint[])) LIMIT 1) AS above
               CROSS JOIN LATERAL (SELECT id FROM resources WHERE tenant = $1 AND pk = above.pk OFFSET 0) AS r",
};

/// The members for whom a filter of a PATCH path holds: the one change that must look at each.
async fn matching(
    tx: &mut Tx,
    tenant: TenantKey,
    context: &Context,
    group: &Group<'_>,
    key: ResourceKey,
    filter: &Filter,
) -> Result<Vec<(ResourceKey, ResourceId)>, Fault> {
    let Some(attribute) = group.resource_type.relation(Relation::Members) else { return Ok(Vec::new()) };
    let schema = Some(&*group.resource_type.schema);
    let target = Target { schema, in_extension: false, attribute: Some(attribute), sub_attribute: None };
    let condition = filter.resolve_for_values(target).map_err(WriteError::from)?;
    let members = of_one(tx, tenant, key).await?;
    let holds = members.into_iter().filter(|(_, member)| {
        let type_name = context.registry.type_keyed(member.resource_type).map(|found| found.name.as_str());
        condition.holds_for_value(&super::value_json(member, type_name))
    });
    Ok(holds.map(|(key, member)| (key, member.id)).collect())
}

fn relation_name<'a>(group: &Group<'a>) -> &'a str {
    group.resource_type.relation(Relation::Members).map_or("members", |attribute| &attribute.name)
}

/// Ids as a JSON array of their bytes in hexadecimal.
fn id_list(ids: &BTreeSet<ResourceId>) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut list = String::with_capacity(2 + ids.len() * (2 * ResourceId::BYTES + 3));
    list.push('[');
    for id in ids {
        list.push_str(if list.len() == 1 { "\"" } else { ",\"" });
        for byte in id.to_bytes() {
            list.push(char::from(DIGITS[usize::from(byte >> 4)]));
            list.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        list.push('"');
    }
    list.push(']');
    list
}
