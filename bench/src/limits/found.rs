//! Where the rows are that the server wrote.

use scim::id::Id;

use super::Measuring;
use crate::raw::{Kind, Raw, Sample, Value};
use crate::workload::Target;

/// Where the rows are.
pub(super) struct Found {
    pub(super) tenant: i64,
    pub(super) user: Id,
    pub(super) user_type: i64,
    /// The rows of the sample user.
    pub(super) rows: Vec<Sample>,
    pub(super) created: Vec<Sample>,
    pub(super) patched: Vec<Sample>,
    /// The number of the index of e-mail addresses.
    pub(super) email: i64,
    pub(super) group_tenant: i64,
    pub(super) group: Sample,
    pub(super) group_changed: Vec<Sample>,
    /// Who can come and go.
    pub(super) members: Vec<i64>,
    /// From here on numbers of rows are free.
    pub(super) free: i64,
    /// The last row before the deepest page.
    pub(super) deep: i64,
}

impl Found {
    pub(super) async fn find(raw: &mut impl Raw, measuring: &Measuring<'_>) -> Self {
        let (samples, prepared) = (measuring.samples, measuring.prepared);
        let tenant = key(raw, &prepared.main).await;
        let group_tenant = key(raw, &prepared.grouped).await;
        let mut rows = raw.samples("resources", tenant, "id", by_id(samples.user)).await;
        let (user_type, pk) = (rows[0].int("type"), rows[0].int("pk"));
        let indexed = raw.samples("attribute_values", tenant, "pk", Value::Int(pk)).await;
        let email = indexed.first().map_or(0, |row| row.int("attribute"));
        rows.extend(indexed);
        rows.extend(raw.samples("unique_keys", tenant, "pk", Value::Int(pk)).await);
        let events = events(raw, tenant, samples.user).await;
        let group_events = self::events(raw, group_tenant, samples.group).await;
        let group = raw.samples("resources", group_tenant, "id", by_id(samples.group)).await.remove(0);

        let free = raw.number("SELECT max(pk) FROM resources", Vec::new()).await + 1_000_000_000;
        let numbers = |numbers: [i64; 4]| numbers.map(Value::Int).to_vec();
        let page = "SELECT pk FROM resources WHERE tenant = $1 AND type = $2 ORDER BY pk LIMIT $4 OFFSET $3";
        let largest = prepared.groups.last().expect("there is a group").0 as i64;
        let half = measuring.suite.sizes.raw_rounds as i64 / 2;
        let members = raw.numbers(page, numbers([group_tenant, user_type, largest, half])).await;
        let depth = prepared.cursors.last().expect("there is one").0 as i64;
        let deep = raw.number(page, numbers([tenant, user_type, depth, 1])).await;
        Self {
            tenant,
            user: samples.user,
            user_type,
            rows,
            created: with_queue(events.first().expect("it was created")),
            patched: with_queue(events.last().expect("it was patched")),
            email,
            group_tenant,
            group,
            group_changed: with_queue(group_events.last().expect("it was created")),
            members,
            free,
            deep,
        }
    }
}

async fn key(raw: &mut impl Raw, target: &Target) -> i64 {
    raw.number("SELECT key FROM tenants WHERE slug = $1", vec![Value::Text(target.tenant.slug())]).await
}

fn by_id(id: Id) -> Value {
    Value::Bytes(id.to_bytes().to_vec())
}

/// What happened to a resource, in order. PostgreSQL has a table of its own for it, since events get their number later.
async fn events(raw: &mut impl Raw, tenant: i64, id: Id) -> Vec<Sample> {
    let mut events = raw.samples("event_rows", tenant, "resource", by_id(id)).await;
    if events.is_empty() {
        events = raw.samples("events", tenant, "resource", by_id(id)).await;
    }
    events.sort_by_key(|event| event.int("version"));
    events
}

/// An event, and what is written with it so that it gets its number.
fn with_queue(event: &Sample) -> Vec<Sample> {
    let queue = Sample {
        table: "event_queue",
        columns: vec![("tenant".into(), Kind::Int), ("draft".into(), Kind::Int)],
        values: vec![event.value("tenant").clone(), Value::Int(0)],
    };
    let is_queued = event.columns.iter().any(|(name, _)| name == "draft");
    std::iter::once(event.clone()).chain(is_queued.then_some(queue)).collect()
}
