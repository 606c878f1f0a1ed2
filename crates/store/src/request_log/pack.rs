//! Packs: requests of one tenant that are written and read together, as one row.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Entry, LogKey, Operation};
use crate::error::StoreError;
use crate::tenants::TenantKey;

/// How many requests a pack holds at most.
const REQUESTS_MAX: usize = 256;
/// From which status on a request has failed.
const FAILED: u16 = 400;
/// After how many bytes of them it is closed.
const BYTES_MAX: usize = 128 * 1024;
/// How far apart its oldest and its newest request are at most: who looks for one request has to open
/// whatever could hold it.
pub(super) const SPAN: i64 = 10_000 * LogKey::PER_MILLISECOND;

/// Requests of one tenant, all of which failed or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    pub(super) tenant: TenantKey,
    pub(super) newest: LogKey,
    pub(super) oldest: LogKey,
    pub(super) requests: u32,
    pub(super) is_of_failed: bool,
    /// The requests, oldest first.
    pub(super) body: String,
    /// The operations of bulk requests.
    pub(super) operations: Option<String>,
    /// The ids of the resources that they changed, or were to, with a space around each.
    pub(super) resources: String,
}

impl Pack {
    /// About how many bytes its row has.
    pub fn size(&self) -> usize {
        100 + self.resources.len() + self.body.len() + self.operations.as_ref().map_or(0, String::len)
    }
}

/// Puts requests into packs, with the operations of those that are bulk requests. The same requests make the
/// same packs.
///
/// Cost: about a microsecond a request.
pub fn pack(mut entries: Vec<Entry>, mut operations: Vec<Operation>) -> Vec<Pack> {
    entries.sort_unstable_by_key(|entry| (group(entry), entry.key));
    operations.sort_unstable_by_key(|operation| (operation.tenant.0, operation.log, operation.place));
    let mut packs = Vec::new();
    for mut rest in entries.chunk_by(|one, next| group(one) == group(next)) {
        while !rest.is_empty() {
            let (some, others) = rest.split_at(fitting(rest));
            packs.push(pack_of(some, &operations));
            rest = others;
        }
    }
    packs
}

/// What the requests of a pack have in common.
fn group(entry: &Entry) -> (i64, bool) {
    (entry.tenant.0, entry.status >= FAILED)
}

/// How many of the first requests go into one pack: at least one.
fn fitting(entries: &[Entry]) -> usize {
    let first = entries.first().map_or(0, |entry| entry.key.0);
    let mut bytes = 0;
    let fits = entries.iter().take(REQUESTS_MAX).take_while(|entry| {
        let has_room = bytes < BYTES_MAX && entry.key.0 - first < SPAN;
        bytes += entry.path.len() + entry.summary.len() + entry.detail.len();
        has_room
    });
    fits.count()
}

fn pack_of(entries: &[Entry], operations: &[Operation]) -> Pack {
    let (oldest, newest) = (entries.first(), entries.last());
    let tenant = oldest.map_or(TenantKey(0), |entry| entry.tenant);
    let of_bulk: Vec<&Operation> = entries.iter().flat_map(|entry| operations_of(entry, operations)).collect();
    Pack {
        tenant,
        newest: newest.map_or(LogKey(0), |entry| entry.key),
        oldest: oldest.map_or(LogKey(0), |entry| entry.key),
        requests: u32::try_from(entries.len()).unwrap_or(u32::MAX),
        is_of_failed: oldest.is_some_and(|entry| entry.status >= FAILED),
        body: json(&entries.iter().map(PackedEntry::of).collect::<Vec<_>>()),
        operations: (!of_bulk.is_empty())
            .then(|| json(&of_bulk.iter().copied().map(PackedOperation::of).collect::<Vec<_>>())),
        resources: listed(changes(entries, of_bulk).iter().map(|(resource, _)| *resource)),
    }
}

/// Which of the requests, alone or by an operation, changed which resources, or were to; in order of
/// resources.
pub(super) fn changes<'r>(
    entries: &'r [Entry],
    operations: impl IntoIterator<Item = &'r Operation>,
) -> Vec<(&'r str, LogKey)> {
    let alone = entries.iter().filter(|entry| entry.method != "GET").map(|entry| (&entry.resource, entry.key));
    let in_bulk = operations.into_iter().map(|operation| (&operation.resource, operation.log));
    let changed = alone.chain(in_bulk).filter_map(|(resource, key)| Some((resource.as_deref()?, key)));
    let mut changed: Vec<_> = changed.collect();
    changed.sort_unstable();
    changed
}

/// Ids with a space around each, once each; they are in order.
fn listed<'r>(ids: impl Iterator<Item = &'r str>) -> String {
    let (mut text, mut last) = (String::new(), None);
    for id in ids {
        if last.replace(id) != Some(id) {
            text.push_str(if text.is_empty() { " " } else { "" });
            text.push_str(id);
            text.push(' ');
        }
    }
    text
}

/// Those of one request; `operations` are in order.
fn operations_of<'o>(entry: &Entry, operations: &'o [Operation]) -> &'o [Operation] {
    let key = |operation: &Operation| (operation.tenant.0, operation.log);
    let begin = operations.partition_point(|operation| key(operation) < (entry.tenant.0, entry.key));
    let count = operations[begin..].partition_point(|operation| key(operation) == (entry.tenant.0, entry.key));
    &operations[begin..begin + count]
}

/// The requests of a pack, oldest first.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(super) fn entries(tenant: TenantKey, body: &str) -> Result<Vec<Entry>, StoreError> {
    let packed: Vec<PackedEntry<'_>> = serde_json::from_str(body).map_err(|_| corrupt("body"))?;
    Ok(packed.into_iter().map(|packed| packed.open(tenant)).collect())
}

/// The operations of the bulk requests of a pack, in the order of requests and, of each request, its own.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(super) fn operations(tenant: TenantKey, text: Option<&str>) -> Result<Vec<Operation>, StoreError> {
    let Some(text) = text else { return Ok(Vec::new()) };
    let packed: Vec<PackedOperation<'_>> = serde_json::from_str(text).map_err(|_| corrupt("operations"))?;
    Ok(packed.into_iter().map(|packed| packed.open(tenant)).collect())
}

fn corrupt(column: &str) -> StoreError {
    StoreError::Corrupt(format!("request_log.{column}"))
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("texts and numbers are always JSON")
}

/// A request in the row. What it does not say is left out.
#[derive(Debug, Serialize, Deserialize)]
struct PackedEntry<'a> {
    key: i64,
    #[serde(borrow)]
    request_id: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    actor: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    product: Option<Cow<'a, str>>,
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow)]
    path: Cow<'a, str>,
    status: u16,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    scim_type: Option<Cow<'a, str>>,
    took_us: i64,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    resource: Option<Cow<'a, str>>,
    #[serde(borrow)]
    summary: Cow<'a, str>,
    #[serde(borrow)]
    detail: &'a RawValue,
}

/// An operation in the row.
#[derive(Debug, Serialize, Deserialize)]
struct PackedOperation<'a> {
    log: i64,
    place: u32,
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    bulk_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    path: Cow<'a, str>,
    status: u16,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    scim_type: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    resource: Option<Cow<'a, str>>,
    #[serde(borrow)]
    summary: Cow<'a, str>,
    #[serde(borrow)]
    detail: &'a RawValue,
}

impl<'a> PackedEntry<'a> {
    fn of(entry: &'a Entry) -> Self {
        Self {
            key: entry.key.0,
            request_id: Cow::Borrowed(&entry.request_id),
            actor: entry.actor.as_deref().map(Cow::Borrowed),
            product: entry.product.as_deref().map(Cow::Borrowed),
            method: Cow::Borrowed(&entry.method),
            path: Cow::Borrowed(&entry.path),
            status: entry.status,
            scim_type: entry.scim_type.as_deref().map(Cow::Borrowed),
            took_us: entry.took_us,
            resource: entry.resource.as_deref().map(Cow::Borrowed),
            summary: Cow::Borrowed(&entry.summary),
            detail: raw(&entry.detail),
        }
    }

    fn open(self, tenant: TenantKey) -> Entry {
        let owned = |text: Cow<'a, str>| text.into_owned();
        Entry {
            tenant,
            key: LogKey(self.key),
            request_id: owned(self.request_id),
            actor: self.actor.map(owned),
            product: self.product.map(owned).map(Cow::Owned),
            method: Cow::Owned(owned(self.method)),
            path: owned(self.path),
            status: self.status,
            scim_type: self.scim_type.map(owned).map(Cow::Owned),
            took_us: self.took_us,
            resource: self.resource.map(owned),
            summary: owned(self.summary),
            detail: self.detail.get().to_owned(),
        }
    }
}

impl<'a> PackedOperation<'a> {
    fn of(operation: &'a Operation) -> Self {
        Self {
            log: operation.log.0,
            place: operation.place,
            method: Cow::Borrowed(&operation.method),
            bulk_id: operation.bulk_id.as_deref().map(Cow::Borrowed),
            path: Cow::Borrowed(&operation.path),
            status: operation.status,
            scim_type: operation.scim_type.as_deref().map(Cow::Borrowed),
            resource: operation.resource.as_deref().map(Cow::Borrowed),
            summary: Cow::Borrowed(&operation.summary),
            detail: raw(&operation.detail),
        }
    }

    fn open(self, tenant: TenantKey) -> Operation {
        let owned = |text: Cow<'a, str>| text.into_owned();
        Operation {
            tenant,
            log: LogKey(self.log),
            place: self.place,
            method: Cow::Owned(owned(self.method)),
            bulk_id: self.bulk_id.map(owned),
            path: owned(self.path),
            status: self.status,
            scim_type: self.scim_type.map(owned).map(Cow::Owned),
            resource: self.resource.map(owned),
            summary: owned(self.summary),
            detail: self.detail.get().to_owned(),
        }
    }
}

/// A text that is JSON, as it is; nothing in the place of one that is not.
fn raw(detail: &str) -> &RawValue {
    serde_json::from_str(detail).unwrap_or(RawValue::NULL)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(tenant: i64, ms: i64, status: u16) -> Entry {
        Entry {
            tenant: TenantKey(tenant),
            key: LogKey::first_of(ms),
            request_id: format!("req-{ms}"),
            actor: None,
            product: Some("okta".into()),
            method: "PATCH".into(),
            path: "/Users".into(),
            status,
            scim_type: None,
            took_us: 7,
            resource: Some("usr_1".into()),
            summary: "changed \"a\" user".into(),
            detail: r#"{"found":1}"#.into(),
        }
    }

    /// Tenant, oldest, newest, number of requests, whether they failed.
    fn shape(pack: &Pack) -> (i64, i64, i64, u32, bool) {
        (pack.tenant.0, pack.oldest.at(), pack.newest.at(), pack.requests, pack.is_of_failed)
    }

    #[test]
    fn requests_are_put_together_by_tenant_and_outcome() {
        let entries = vec![entry(2, 9, 200), entry(1, 3, 200), entry(1, 2, 404), entry(1, 1, 200)];

        let packs = pack(entries.clone(), Vec::new());

        let shapes: Vec<_> = packs.iter().map(shape).collect();
        assert_eq!(shapes, [(1, 1, 3, 2, false), (1, 2, 2, 1, true), (2, 9, 9, 1, false)]);
        assert_eq!(super::entries(TenantKey(1), &packs[0].body).unwrap(), [entries[3].clone(), entries[1].clone()]);
    }

    #[test]
    fn a_pack_is_bounded_in_number_bytes_and_time() {
        let of = |entries: Vec<Entry>| pack(entries, Vec::new()).iter().map(shape).collect::<Vec<_>>();
        let many = 1 + i64::try_from(REQUESTS_MAX).unwrap();
        let large = |ms| Entry { detail: format!("\"{}\"", "x".repeat(BYTES_MAX)), ..entry(1, ms, 200) };

        assert_eq!(
            of((1..=many).map(|ms| entry(1, ms, 200)).collect()),
            [(1, 1, many - 1, 256, false), (1, many, many, 1, false)]
        );
        assert_eq!(of(vec![large(1), large(2)]), [(1, 1, 1, 1, false), (1, 2, 2, 1, false)]);
        assert_eq!(
            of(vec![entry(1, 0, 200), entry(1, 9_999, 200), entry(1, 10_000, 200)]),
            [(1, 0, 9_999, 2, false), (1, 10_000, 10_000, 1, false)]
        );
    }

    #[test]
    fn operations_go_with_their_request() {
        let bulk = |ms| Entry { method: "POST".into(), resource: None, ..entry(1, ms, 200) };
        let operation = |ms, place, resource: &str| Operation {
            tenant: TenantKey(1),
            log: LogKey::first_of(ms),
            place,
            method: "POST".into(),
            bulk_id: Some("a".into()),
            path: "/Users".into(),
            status: 201,
            scim_type: None,
            resource: Some(resource.into()),
            summary: "created".into(),
            detail: "{}".into(),
        };
        let all = vec![operation(2, 0, "usr_3"), operation(1, 1, "usr_2"), operation(1, 0, "usr_2")];

        let packs = pack(vec![bulk(1), bulk(2)], all.clone());

        assert_eq!(packs[0].resources, " usr_2 usr_3 ");
        let read = operations(TenantKey(1), packs[0].operations.as_deref()).unwrap();
        assert_eq!(read, [all[2].clone(), all[1].clone(), all[0].clone()]);
        assert_eq!(pack(vec![bulk(3)], Vec::new())[0].operations, None);
    }

    #[test]
    fn what_is_no_json_says_nothing() {
        let packs = pack(vec![Entry { detail: "}".into(), ..entry(1, 1, 200) }], Vec::new());

        assert_eq!(entries(TenantKey(1), &packs[0].body).unwrap()[0].detail, "null");
        assert!(matches!(entries(TenantKey(1), "}"), Err(StoreError::Corrupt(_))));
    }
}
