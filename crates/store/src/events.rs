//! Change events: a row for each change of a resource, written in the transaction of the change
//! and read in order. What is sent to others, and the history of a resource, is made from them.

use serde::{Deserialize, Serialize};

use scim::id::{ResourceId, Version};

use crate::error::StoreError;
use crate::resources::apply::{Change, Context};
use crate::resources::{ResourceKey, read_id, read_type_key, read_version};
use crate::sql;
use crate::sql::Stmt;
use crate::tenants::TenantKey;
use crate::tx::{Row, Tx};

/// What happened to a resource. Whether it was activated or deactivated shows in
/// [`Event::before`] and [`Event::after`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// POST.
    Create,
    /// PUT.
    Replace,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
    /// Nobody asked to change it, but one of its members was deleted.
    LostMember,
}

/// Who came to belong to a resource, and who no longer does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MembersDelta {
    /// Those who were added.
    pub added: Vec<ResourceId>,
    /// Those who were removed.
    pub removed: Vec<ResourceId>,
}

/// A change of a resource, as it was written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its number within the tenant, from 1 without gaps, ascending in the order of commits.
    pub seq: i64,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Who: the id of a token or client.
    pub actor: String,
    /// The id of the request.
    pub request_id: String,
    /// The key of the type of the resource.
    pub resource_type: u16,
    /// The resource.
    pub resource: ResourceId,
    /// Its version after the change; for a deletion the last it had.
    pub version: Version,
    /// What happened.
    pub kind: Kind,
    /// Canonical names of the attributes that changed, members aside.
    pub changed: Vec<String>,
    /// How its members changed.
    pub members: MembersDelta,
    /// JSON of the attributes that changed, as they were, without those that were not there; for
    /// a deletion the whole body. Never holds a secret.
    pub before: Option<String>,
    /// The same as they are now; for a creation the whole body.
    pub after: Option<String>,
}

impl Kind {
    const ALL: [Self; 5] = [Self::Create, Self::Replace, Self::Patch, Self::Delete, Self::LostMember];

    fn number(self) -> i64 {
        match self {
            Self::Create => 1,
            Self::Replace => 2,
            Self::Patch => 3,
            Self::Delete => 4,
            Self::LostMember => 5,
        }
    }
}

impl MembersDelta {
    /// Whether nobody came or went.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }

    fn to_json(&self) -> Option<String> {
        let texts = |ids: &[ResourceId]| ids.iter().map(ToString::to_string).collect();
        let stored = StoredDelta { added: texts(&self.added), removed: texts(&self.removed) };
        if self.is_empty() { None } else { Some(json_text(&stored)) }
    }

    fn from_json(text: &str) -> Option<Self> {
        let stored: StoredDelta = serde_json::from_str(text).ok()?;
        let ids = |texts: Vec<String>| texts.iter().map(|text| text.parse().ok()).collect::<Option<Vec<_>>>();
        Some(Self { added: ids(stored.added)?, removed: ids(stored.removed)? })
    }
}

#[derive(Serialize, Deserialize)]
struct StoredDelta {
    added: Vec<String>,
    removed: Vec<String>,
}

pub(crate) fn json_text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("texts and lists of texts are always JSON")
}

/// Writes a change down. One statement.
pub(crate) async fn append(
    tx: &mut Tx,
    tenant: TenantKey,
    context: &Context,
    (resource_type, id, version): (u16, ResourceId, Version),
    change: &Change,
) -> Result<(), StoreError> {
    let (id, changed, members) = (id.to_bytes(), json_text(&change.attributes), change.members.to_json());
    let params = [
        tenant.into(),
        context.now.into(),
        (&context.actor).into(),
        (&context.request_id).into(),
        u32::from(resource_type).into(),
        (&id).into(),
        version.0.cast_signed().into(),
        change.kind.number().into(),
        (&changed).into(),
        members.as_ref().into(),
        change.before.as_ref().into(),
        change.after.as_ref().into(),
    ];
    tx.send(&APPEND, &params).await?;
    tx.has_events(tenant);
    Ok(())
}

// PostgreSQL numbers what has been committed, from a queue: see the migration.
pub(crate) static APPEND: Stmt = sql! {
    sqlite: "INSERT INTO events (tenant, at, actor, request_id, type, resource, version, kind, changed, members, \
                                 before, after, seq)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
                     coalesce((SELECT seq FROM events WHERE tenant = $1 ORDER BY seq DESC LIMIT 1), 0) + 1)",
    postgres: "WITH written AS (
                   INSERT INTO event_rows (tenant, at, actor, request_id, type, resource, version, kind, changed, \
                                           members, before, after)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING tenant, draft)
               INSERT INTO event_queue (tenant, draft) SELECT tenant, draft FROM written",
};

/// Writes down that `member`, which is being deleted, no longer belongs to any of its groups.
/// One statement, however many groups there are. The groups' versions have moved already.
pub(crate) async fn append_lost_member(
    tx: &mut Tx,
    tenant: TenantKey,
    context: &Context,
    member: (ResourceKey, ResourceId),
) -> Result<(), StoreError> {
    let delta = MembersDelta { added: Vec::new(), removed: vec![member.1] }.to_json();
    let params = [
        tenant.into(),
        member.0.0.into(),
        context.now.into(),
        (&context.actor).into(),
        (&context.request_id).into(),
        Kind::LostMember.number().into(),
        delta.as_ref().into(),
    ];
    tx.send(&APPEND_LOST_MEMBER, &params).await?;
    tx.has_events(tenant);
    Ok(())
}

pub(crate) static APPEND_LOST_MEMBER: Stmt = sql! {
    sqlite: "INSERT INTO events (tenant, at, actor, request_id, type, resource, version, kind, changed, members, seq)
             SELECT $1, $3, $4, $5, g.type, g.id, g.version, $6, '[]', $7,
                    coalesce((SELECT seq FROM events WHERE tenant = $1 ORDER BY seq DESC LIMIT 1), 0)
                    + row_number() OVER (ORDER BY m.group_pk)
             FROM members AS m JOIN resources AS g ON g.tenant = m.tenant AND g.pk = m.group_pk
             WHERE m.tenant = $1 AND m.member_pk = $2 AND m.group_pk <> $2",
    postgres: "WITH written AS (
                   INSERT INTO event_rows (tenant, at, actor, request_id, type, resource, version, kind, changed, \
                                           members)
                   SELECT $1, $3, $4, $5, g.type, g.id, g.version, $6, '[]', $7
                   FROM members AS m
                   CROSS JOIN LATERAL (SELECT type, id, version FROM resources
                                       WHERE tenant = $1 AND pk = m.group_pk OFFSET 0) AS g
                   WHERE m.tenant = $1 AND m.member_pk = $2 AND m.group_pk <> $2 ORDER BY m.group_pk
                   RETURNING tenant, draft)
               INSERT INTO event_queue (tenant, draft) SELECT tenant, draft FROM written",
};

/// The events after number `seq`, at most `limit`, in order. On PostgreSQL an event has its number, and
/// so comes to be seen, a moment after the change was answered; none comes before one that was seen.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn after(tx: &mut Tx, tenant: TenantKey, seq: i64, limit: u32) -> Result<Vec<Event>, StoreError> {
    tx.query(&AFTER, &[tenant.into(), seq.into(), limit.into()], Event::read).await
}

pub(crate) static AFTER: Stmt = sql!(
    "SELECT seq, at, actor, request_id, type, resource, version, kind, changed, members, before, after
     FROM events WHERE tenant = $1 AND seq > $2 ORDER BY seq LIMIT $3"
);

impl Event {
    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        let broken = |column: &str| StoreError::Corrupt(format!("events.{column} cannot be read"));
        let kind = row.int(7)?;
        let members = row.opt_text_ref(9)?.map(|text| MembersDelta::from_json(text).ok_or_else(|| broken("members")));
        Ok(Self {
            seq: row.int(0)?,
            at: row.int(1)?,
            actor: row.text(2)?,
            request_id: row.text(3)?,
            resource_type: read_type_key(row, 4)?,
            resource: read_id(row, 5)?,
            version: read_version(row, 6)?,
            kind: Kind::ALL.into_iter().find(|known| known.number() == kind).ok_or_else(|| broken("kind"))?,
            changed: serde_json::from_str(row.text_ref(8)?).map_err(|_| broken("changed"))?,
            members: members.transpose()?.unwrap_or_default(),
            before: row.opt_text(10)?,
            after: row.opt_text(11)?,
        })
    }
}
