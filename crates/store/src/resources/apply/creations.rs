//! Resources that are created by one statement for all of them, with their keys, counts and events: on an
//! engine to which each statement is a trip. Those that more is to be said of (members, values that
//! must be unique other than the userName) are created one by one.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use scim::batch::{Action, Operation, Unit};
use scim::id::{ResourceId, Version};
use scim::resource::{Document, Notes};
use scim::schema::ResourceType;

use super::operation::{changed, hash, name_of, shown};
use super::{Change, Context, WriteError, Written};
use crate::attributes::{Keys, USER_NAME};
use crate::error::StoreError;
use crate::events::{Kind, MembersDelta, json_text};
use crate::resources::rows::Columns;
use crate::resources::{ResourceKey, read_id};
use crate::sql;
use crate::sql::Stmt;
use crate::tenants::TenantKey;
use crate::tx::{List, Param, Tx};

/// A resource that is to be created, and all that its rows are made from.
#[derive(Debug)]
pub(crate) struct Creation {
    /// Its place in the request.
    pub(super) index: usize,
    resource_type: Arc<ResourceType>,
    id: ResourceId,
    now: i64,
    actor: String,
    request_id: String,
    /// What it was planned by: see [`Tx::expect_schemas`].
    pub(crate) fence: u64,
    columns: Columns,
    secret: Option<String>,
    indexed: Vec<(u32, String)>,
    change: Change,
    /// The change has another image than the body.
    is_shown_otherwise: bool,
}

impl Creation {
    /// `None` when a unit is more than a creation of this kind.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when a secret was not hashed.
    pub(crate) fn of(context: &Context, unit: &Unit) -> Result<Option<Self>, StoreError> {
        let [step] = &*unit.steps else { return Ok(None) };
        let Ok(operation) = &step.work else { return Ok(None) };
        let Operation { resource_type, target, action: Action::Create(resource), .. } = operation else {
            return Ok(None);
        };
        if !step.needs.is_empty() || !resource.members.is_empty() {
            return Ok(None);
        }
        let keys = Keys::of(&resource.document, resource_type, context);
        if !keys.unique.is_empty() {
            return Ok(None);
        }
        let columns = Columns::of(&resource.document, resource_type, *target);
        let shown = shown(&resource.document, operation);
        Ok(Some(Self {
            index: step.index,
            resource_type: Arc::clone(resource_type),
            id: *target,
            now: context.now,
            actor: context.actor.clone(),
            request_id: context.request_id.clone(),
            fence: context.registry.version(),
            secret: resource.secret.as_ref().map(hash).transpose()?.map(str::to_owned),
            indexed: keys.indexed,
            is_shown_otherwise: shown.is_some(),
            change: Change {
                kind: Kind::Create,
                name: name_of(&resource.document),
                attributes: changed(operation, &Document::default(), &resource.document, resource.secret.is_some()),
                members: MembersDelta::default(),
                before: None,
                after: Some(shown.unwrap_or_else(|| columns.body.clone())),
            },
            columns,
        }))
    }

    /// About how many bytes it sends.
    pub(crate) fn size(&self) -> usize {
        self.columns.body.len()
    }

    /// What became of it: its key, or none where its userName or id is taken.
    pub(crate) fn outcome(&self, key: Option<ResourceKey>) -> Result<Written, WriteError> {
        let Some(key) = key else {
            let attribute = if self.columns.indexed.user_name.is_some() { USER_NAME } else { "id" };
            return Err(WriteError::NotUnique { attribute: attribute.into() });
        };
        Ok(Written {
            key,
            id: self.id,
            resource_type: Arc::clone(&self.resource_type),
            version: Version::FIRST,
            created: self.now,
            modified: self.now,
            body: Some(self.columns.body.clone()),
            changed: true,
            document_touched: true,
            notes: Notes::default(),
            change: Some(Box::new(self.change.clone())),
        })
    }
}

/// Writes them, until so many as `failures_max` are refused. Gives the key of each that was tried; `None`
/// where the userName is taken, or the id.
pub(crate) async fn write(
    tx: &mut Tx,
    tenant: TenantKey,
    creations: &[Creation],
    failures_max: Option<usize>,
) -> Result<Vec<Option<ResourceKey>>, StoreError> {
    let (mut taken, mut end) = (BTreeSet::new(), creations.len());
    loop {
        let live: Vec<&Creation> =
            (0..end).filter(|place| !taken.contains(place)).map(|place| &creations[place]).collect();
        let mut keys = HashMap::new();
        if !live.is_empty() {
            let before = tx.savepoint().await?;
            keys = insert(tx, tenant, &live).await?;
            if keys.len() < live.len() {
                // The other rows of those that were refused have been written, so all goes back.
                tx.roll_back(before).await?;
                taken.extend((0..end).filter(|place| !keys.contains_key(&creations[*place].id)));
                let last = failures_max.and_then(|most| taken.iter().nth(most.saturating_sub(1)));
                end = last.map_or(end, |last| last + 1);
                continue;
            }
            tx.release(before).await?;
            tx.has_events(tenant);
        }
        return Ok(creations[..end].iter().map(|creation| keys.get(&creation.id).copied()).collect());
    }
}

async fn insert(
    tx: &mut Tx,
    tenant: TenantKey,
    creations: &[&Creation],
) -> Result<HashMap<ResourceId, ResourceKey>, StoreError> {
    let ints = |value: &dyn Fn(&Creation) -> Option<i64>| List::Ints(creations.iter().map(|c| value(c)).collect());
    let ids: Vec<_> = creations.iter().map(|creation| creation.id.to_bytes()).collect();
    let changed: Vec<String> = creations.iter().map(|creation| json_text(&creation.change.attributes)).collect();
    let (mut places, mut attributes, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for (place, creation) in (1..).zip(creations) {
        for (attribute, value) in &creation.indexed {
            places.push(Some(place));
            attributes.push(Some(i64::from(*attribute)));
            values.push(Some(value.as_str()));
        }
    }
    let lists = [
        ints(&|creation| Some(i64::from(creation.resource_type.key))),
        List::Bytes(ids.iter().map(<[u8; ResourceId::BYTES]>::as_slice).collect()),
        ints(&|creation| Some(creation.now)),
        ints(&|creation| creation.columns.indexed.active.map(i64::from)),
        texts(creations, |creation| creation.columns.indexed.user_name.as_deref()),
        texts(creations, |creation| creation.columns.display_name.as_deref()),
        texts(creations, |creation| creation.columns.indexed.external_id.as_deref()),
        texts(creations, |creation| creation.columns.display.as_deref()),
        texts(creations, |creation| creation.secret.as_deref()),
        texts(creations, |creation| Some(&creation.columns.body)),
        texts(creations, |creation| Some(&creation.actor)),
        texts(creations, |creation| Some(&creation.request_id)),
        List::Texts(changed.iter().map(|changed| Some(changed.as_str())).collect()),
        texts(creations, |creation| creation.change.after.as_deref().filter(|_| creation.is_shown_otherwise)),
        List::Ints(places),
        List::Ints(attributes),
        List::Texts(values),
    ];
    let mut params = vec![tenant.into()];
    params.extend(lists.iter().map(Param::from));
    let keys = tx.query(&CREATE, &params, |row| Ok((read_id(row, 1)?, ResourceKey(row.int(0)?)))).await?;
    Ok(keys.into_iter().collect())
}

fn texts<'a>(creations: &[&'a Creation], text: impl Fn(&'a Creation) -> Option<&'a str>) -> List<'a> {
    List::Texts(creations.iter().map(|creation| text(creation)).collect())
}

// The keys are given out before the rows are written, so that all else can be written beside them. Blocks and
// spans are counted as by `rows::COUNT_IN`.
pub(crate) static CREATE: Stmt = sql!(
    "WITH given AS (
         SELECT nextval('resources_pk_seq') AS pk, g.*
         FROM unnest(cast($2 AS bigint[]), cast($3 AS bytea[]), cast($4 AS bigint[]), cast($5 AS bigint[]),
                     cast($6 AS text[]), cast($7 AS text[]), cast($8 AS text[]), cast($9 AS text[]),
                     cast($10 AS text[]), cast($11 AS text[]), cast($12 AS text[]), cast($13 AS text[]),
                     cast($14 AS text[]), cast($15 AS text[])) WITH ORDINALITY
              AS g (type, id, at, active, user_name, display_name, external_id, display, secret, body, actor,
                    request_id, changed, after, place)),
     written AS (
         INSERT INTO resources (pk, tenant, type, id, version, created, modified, active, user_name, display_name,
                                external_id, display, secret, body)
         SELECT pk, $1, type, id, 1, at, at, active, user_name, display_name, external_id, display, secret, body
         FROM given ON CONFLICT DO NOTHING RETURNING pk, id),
     indexed AS (
         INSERT INTO attribute_values (tenant, attribute, value, pk)
         SELECT $1, k.attribute, k.value, (SELECT array_agg(pk ORDER BY place) FROM given)[k.place]
         FROM unnest(cast($16 AS bigint[]), cast($17 AS bigint[]), cast($18 AS text[])) AS k (place, attribute, value)),
     counted AS (
         INSERT INTO resource_blocks (tenant, type, block, shard, resources)
         SELECT $1, type, pk >> 10, pg_backend_pid() & 15, count(*) FROM given
         GROUP BY type, pk >> 10 ORDER BY type, pk >> 10
         ON CONFLICT (tenant, type, block, shard)
         DO UPDATE SET resources = resource_blocks.resources + excluded.resources),
     summed AS (
         INSERT INTO resource_spans (tenant, type, span, shard, resources)
         SELECT $1, type, pk >> 16, pg_backend_pid() & 15, count(*) FROM given
         GROUP BY type, pk >> 16 ORDER BY type, pk >> 16
         ON CONFLICT (tenant, type, span, shard)
         DO UPDATE SET resources = resource_spans.resources + excluded.resources),
     told AS (
         INSERT INTO event_rows (tenant, at, actor, request_id, type, resource, version, kind, changed, after)
         SELECT $1, at, actor, request_id, type, id, 1, 1, changed, coalesce(after, body) FROM given ORDER BY place
         RETURNING draft),
     queued AS (INSERT INTO event_queue (tenant, draft) SELECT $1, draft FROM told)
     SELECT pk, id FROM written"
);
