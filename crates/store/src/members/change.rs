//! Changing who belongs to a resource: statements whose number and cost depend on what the client
//! sent, never on how many members there are.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use scim::ScimError;
use scim::filter::Filter;
use scim::id::{ResourceId, Version};
use scim::patch::MembersChange;
use scim::schema::{Relation, ResourceType, Target};

use super::{key_list, of_one};
use crate::error::StoreError;
use crate::events::MembersDelta;
use crate::resources::apply::{Context, Fault, WriteError};
use crate::resources::{ResourceKey, read_id, read_type_key, read_version};
use crate::sql;
use crate::sql::Stmt;
use crate::tenants::TenantKey;
use crate::tx::Tx;

/// What is to become of the members: the changes of an operation, folded into as few as they need.
#[derive(Debug, Default)]
pub(crate) struct MembersWork {
    parts: Vec<Part>,
}

/// Changes that name who is meant, and one after them that does not.
#[derive(Debug, Default)]
struct Part {
    named: Named,
    then_remove_where: Option<Filter>,
}

/// Changes that name who is meant; a later one about the same member has the last word.
#[derive(Debug, Default)]
struct Named {
    /// Nobody stays but those named.
    only: bool,
    /// Whether each is to be a member.
    members: BTreeMap<ResourceId, bool>,
}

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
    named: HashMap<ResourceId, ResourceKey>,
}

impl MembersWork {
    /// Those with whom a new resource begins.
    pub(crate) fn create(members: &[ResourceId]) -> Self {
        if members.is_empty() { Self::default() } else { Self::of_changes(&[MembersChange::Add(members.to_vec())]) }
    }

    /// Exactly these.
    pub(crate) fn exactly(members: &[ResourceId]) -> Self {
        Self::of_changes(&[MembersChange::Replace(members.to_vec())])
    }

    /// The changes of a PATCH, in order.
    pub(crate) fn of_changes(changes: &[MembersChange]) -> Self {
        let mut work = Self::default();
        for change in changes {
            match change {
                MembersChange::Add(ids) => work.open().named.set(ids, true),
                MembersChange::Remove(ids) => work.open().named.set(ids, false),
                MembersChange::RemoveAll => work.open().named.start_over(),
                MembersChange::Replace(ids) => {
                    work.open().named.start_over();
                    work.open().named.set(ids, true);
                }
                MembersChange::RemoveWhere(filter) => work.open().then_remove_where = Some(filter.clone()),
            }
        }
        work
    }

    /// Whether nothing is to be done.
    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The part that changes go to which name members: the last one, unless it is complete.
    fn open(&mut self) -> &mut Part {
        if self.parts.last().is_none_or(|part| part.then_remove_where.is_some()) {
            self.parts.push(Part::default());
        }
        let last = self.parts.len() - 1;
        &mut self.parts[last]
    }

    fn all_named(&self) -> impl Iterator<Item = (ResourceId, bool)> {
        self.parts.iter().flat_map(|part| part.named.members.iter().map(|(id, wanted)| (*id, *wanted)))
    }
}

impl Named {
    fn set(&mut self, ids: &[ResourceId], wanted: bool) {
        self.members.extend(ids.iter().map(|id| (*id, wanted)));
    }

    fn start_over(&mut self) {
        *self = Self { only: true, members: BTreeMap::new() };
    }
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
        found.named.insert(id, known.key);
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
               FROM jsonb_array_elements_text(cast($2 AS jsonb)) AS given (value)
               JOIN resources AS r ON r.tenant = $1 AND r.id = decode(given.value, 'hex') FOR KEY SHARE OF r",
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
        refuse_circles(tx, tenant, group, key, work, found).await?;
    }
    let mut delta = Delta::default();
    for part in &work.parts {
        write_named(tx, tenant, key, &part.named, found, &mut delta).await?;
        if let Some(filter) = &part.then_remove_where {
            let matching = matching(tx, tenant, context, group, key, filter).await?;
            let keys: Vec<ResourceKey> = matching.iter().map(|(key, _)| *key).collect();
            remove(tx, tenant, key, &keys).await?;
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
        let Some(key) = found.named.get(id) else { continue };
        ids.insert(*key, *id);
        if *wanted { added.push(*key) } else { removed.push(*key) }
    }
    let gone =
        if named.only { retain(tx, tenant, group, &added).await? } else { remove(tx, tenant, group, &removed).await? };
    delta.removed(ids_of(tx, tenant, &ids, &gone).await?);
    let come = add(tx, tenant, group, &added).await?;
    delta.added(come.iter().filter_map(|key| ids.get(key).copied()));
    Ok(())
}

/// A set of changes to the members, in which coming and going cancel out.
#[derive(Debug, Default)]
struct Delta {
    added: BTreeSet<ResourceId>,
    removed: BTreeSet<ResourceId>,
}

impl Delta {
    fn added(&mut self, ids: impl IntoIterator<Item = ResourceId>) {
        for id in ids {
            if !self.removed.remove(&id) {
                self.added.insert(id);
            }
        }
    }

    fn removed(&mut self, ids: impl IntoIterator<Item = ResourceId>) {
        for id in ids {
            if !self.added.remove(&id) {
                self.removed.insert(id);
            }
        }
    }
}

impl From<Delta> for MembersDelta {
    fn from(delta: Delta) -> Self {
        Self { added: delta.added.into_iter().collect(), removed: delta.removed.into_iter().collect() }
    }
}

/// Refuses members that contain the group already, or are it.
async fn refuse_circles(
    tx: &mut Tx,
    tenant: TenantKey,
    group: &Group<'_>,
    key: ResourceKey,
    work: &MembersWork,
    found: &LookedUp,
) -> Result<(), Fault> {
    let added: Vec<ResourceId> = work.all_named().filter(|(_, wanted)| *wanted).map(|(id, _)| id).collect();
    if added.is_empty() {
        return Ok(());
    }
    let keys: Vec<ResourceKey> = added.iter().filter_map(|id| found.named.get(id).copied()).collect();
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
                   SELECT m.group_pk FROM above JOIN members AS m ON m.tenant = $1 AND m.member_pk = above.pk
               )
               SELECT r.id FROM above JOIN resources AS r ON r.tenant = $1 AND r.pk = above.pk
               WHERE above.pk IN (SELECT cast(value AS bigint)
                                  FROM jsonb_array_elements_text(cast($3 AS jsonb)) AS given (value)) LIMIT 1",
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

/// Adds members. Those who are members already stay as they are. Gives those who were not.
async fn add(
    tx: &mut Tx,
    tenant: TenantKey,
    group: ResourceKey,
    members: &[ResourceKey],
) -> Result<Vec<ResourceKey>, StoreError> {
    change(tx, &ADD, tenant, group, members).await
}

pub(crate) static ADD: Stmt = sql! {
    sqlite: "INSERT INTO members (tenant, group_pk, member_pk) SELECT $1, $2, value FROM json_each($3) WHERE true
             ON CONFLICT DO NOTHING RETURNING member_pk",
    postgres: "INSERT INTO members (tenant, group_pk, member_pk)
               SELECT $1, $2, cast(value AS bigint) FROM jsonb_array_elements_text(cast($3 AS jsonb)) AS given (value)
               ON CONFLICT DO NOTHING RETURNING member_pk",
};

/// Removes members. Gives those who were members.
async fn remove(
    tx: &mut Tx,
    tenant: TenantKey,
    group: ResourceKey,
    members: &[ResourceKey],
) -> Result<Vec<ResourceKey>, StoreError> {
    change(tx, &REMOVE, tenant, group, members).await
}

pub(crate) static REMOVE: Stmt = sql! {
    sqlite: "DELETE FROM members WHERE tenant = $1 AND group_pk = $2
               AND member_pk IN (SELECT value FROM json_each($3)) RETURNING member_pk",
    postgres: "DELETE FROM members WHERE tenant = $1 AND group_pk = $2
                 AND member_pk IN (SELECT cast(value AS bigint)
                                   FROM jsonb_array_elements_text(cast($3 AS jsonb)) AS given (value))
               RETURNING member_pk",
};

async fn change(
    tx: &mut Tx,
    statement: &Stmt,
    tenant: TenantKey,
    group: ResourceKey,
    members: &[ResourceKey],
) -> Result<Vec<ResourceKey>, StoreError> {
    if members.is_empty() {
        return Ok(Vec::new());
    }
    let members = key_list(members);
    let params = [tenant.into(), group.0.into(), (&members).into()];
    tx.query(statement, &params, |row| row.int(0).map(ResourceKey)).await
}

/// Removes all members but these. Gives those who were removed.
async fn retain(
    tx: &mut Tx,
    tenant: TenantKey,
    group: ResourceKey,
    members: &[ResourceKey],
) -> Result<Vec<ResourceKey>, StoreError> {
    let members = key_list(members);
    let params = [tenant.into(), group.0.into(), (&members).into()];
    tx.query(&RETAIN, &params, |row| row.int(0).map(ResourceKey)).await
}

pub(crate) static RETAIN: Stmt = sql! {
    sqlite: "DELETE FROM members WHERE tenant = $1 AND group_pk = $2
               AND member_pk NOT IN (SELECT value FROM json_each($3)) RETURNING member_pk",
    postgres: "DELETE FROM members WHERE tenant = $1 AND group_pk = $2
                 AND member_pk NOT IN (SELECT cast(value AS bigint)
                                       FROM jsonb_array_elements_text(cast($3 AS jsonb)) AS given (value))
               RETURNING member_pk",
};

/// Removes all members of a group that is deleted. Gives who they were.
pub(crate) async fn remove_all(
    tx: &mut Tx,
    tenant: TenantKey,
    group: ResourceKey,
) -> Result<Vec<ResourceId>, StoreError> {
    let gone = retain(tx, tenant, group, &[]).await?;
    ids_of(tx, tenant, &HashMap::new(), &gone).await
}

/// Removes a resource that is deleted from everything it belongs to.
pub(crate) async fn leave_all(tx: &mut Tx, tenant: TenantKey, member: ResourceKey) -> Result<(), StoreError> {
    tx.execute(&LEAVE_ALL, &[tenant.into(), member.0.into()]).await.map(drop)
}

pub(crate) static LEAVE_ALL: Stmt = sql!("DELETE FROM members WHERE tenant = $1 AND member_pk = $2");

/// The ids that belong to `keys`; `known` ones need no statement.
async fn ids_of(
    tx: &mut Tx,
    tenant: TenantKey,
    known: &HashMap<ResourceKey, ResourceId>,
    keys: &[ResourceKey],
) -> Result<Vec<ResourceId>, StoreError> {
    let unknown: Vec<ResourceKey> = keys.iter().filter(|key| !known.contains_key(key)).copied().collect();
    let mut ids: Vec<ResourceId> = keys.iter().filter_map(|key| known.get(key).copied()).collect();
    if !unknown.is_empty() {
        ids.extend(tx.query(&IDS, &[tenant.into(), (&key_list(&unknown)).into()], |row| read_id(row, 0)).await?);
    }
    Ok(ids)
}

pub(crate) static IDS: Stmt = sql! {
    sqlite: "SELECT id FROM resources WHERE tenant = $1 AND pk IN (SELECT value FROM json_each($2))",
    postgres: "SELECT id FROM resources WHERE tenant = $1
                 AND pk IN (SELECT cast(value AS bigint)
                            FROM jsonb_array_elements_text(cast($2 AS jsonb)) AS given (value))",
};

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
