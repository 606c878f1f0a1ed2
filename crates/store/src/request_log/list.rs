//! Looking through the request log of a tenant, newest first.

use std::ops::RangeInclusive;

use super::pack::{SPAN, changes, entries, operations};
use super::statements::{LIST, LIST_FAILED, LIST_OF_RESOURCE};
use super::{Entry, LogKey};
use crate::error::StoreError;
use crate::tenants::TenantKey;
use crate::tx::{Param, Row, Tx};

/// How many entries one page looks at: those of the tenant, or those about the resource or the failed ones
/// where the filter says so, newest first. The page ends there, with whatever it has found, and the next one
/// goes on.
pub const LOOKED_AT_MAX: u32 = 20_000;

/// How many packs are read at once.
const PACKS_AT_ONCE: u32 = 16;
/// How many at once of which only those count that changed some resource.
const PACKS_OF_RESOURCE_AT_ONCE: u32 = 1000;
/// How many packs one page looks at: they may be small.
const PACKS_MAX: u32 = 20_000;

/// Which entries to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Whose.
    pub tenant: TenantKey,
    /// From this one on.
    pub from: LogKey,
    /// Before this one.
    pub before: LogKey,
    /// Of this token or client.
    pub actor: Option<String>,
    /// That changed this resource or were to, in an operation of a bulk request too.
    pub resource: Option<String>,
    /// With such a status.
    pub status: RangeInclusive<u16>,
    /// With this method.
    pub method: Option<String>,
    /// Of the request with this id.
    pub request_id: Option<String>,
    /// With this in summary, path or detail, whatever the case of ASCII letters.
    pub text: Option<String>,
}

/// A page of entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Newest first.
    pub entries: Vec<Entry>,
    /// [`Filter::before`] of the next page, if there may be one.
    pub next: Option<LogKey>,
}

/// A page of at most `take` entries, newest first. No more than [`LOOKED_AT_MAX`] entries are looked at, in
/// packs that an index gives which begins with the tenant.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn list(tx: &mut Tx, filter: &Filter, take: u32) -> Result<Listed, StoreError> {
    let (statement, at_once) = if filter.resource.is_some() {
        (&LIST_OF_RESOURCE, PACKS_OF_RESOURCE_AT_ONCE)
    } else if *filter.status.start() >= 400 {
        (&LIST_FAILED, PACKS_AT_ONCE)
    } else {
        (&LIST, PACKS_AT_ONCE)
    };
    let listed_resource = filter.resource.as_ref().map(|id| format!(" {id} "));
    let mut page = Page::new(filter, take);
    let mut end = filter.before.0.saturating_add(SPAN);
    // Packs overlap in time: these wait for what the next pack may have between them.
    let mut waiting: Vec<Entry> = Vec::new();
    let mut packs_seen = 0;
    loop {
        let mut params =
            vec![filter.tenant.into(), filter.from.0.into(), end.into(), filter.before.0.into(), at_once.into()];
        params.extend(listed_resource.as_ref().map(Param::from));
        let mut last = end;
        let packs = tx.query(statement, &params, |row| {
            last = row.int(0)?;
            opened(filter, row)
        });
        let packs = packs.await?;
        let is_end = packs.len() < at_once as usize;
        packs_seen += at_once;
        waiting.extend(packs.into_iter().flatten().filter(|entry| page.is_in_time(entry)));
        waiting.sort_unstable_by_key(|entry| entry.key);
        // No pack to come has anything newer than the newest of the last one.
        let settled = LogKey(if is_end { i64::MIN } else { last });
        while let Some(entry) = waiting.pop_if(|entry| entry.key >= settled) {
            if let Some(next) = page.look_at(entry) {
                return Ok(page.end(Some(next)));
            }
        }
        if is_end || packs_seen >= PACKS_MAX {
            return Ok(page.end((!is_end).then_some(settled)));
        }
        end = last;
    }
}

/// What a pack holds, as far as it is about the resource that is looked for.
fn opened(filter: &Filter, row: &Row<'_>) -> Result<Vec<Entry>, StoreError> {
    let Some(body) = row.opt_text_ref(1)? else { return Ok(Vec::new()) };
    let mut opened = entries(filter.tenant, body)?;
    if let Some(resource) = &filter.resource {
        let operations = operations(filter.tenant, row.opt_text_ref(2)?)?;
        let about: Vec<LogKey> =
            changes(&opened, &operations).into_iter().filter(|(id, _)| id == resource).map(|(_, key)| key).collect();
        opened.retain(|entry| about.contains(&entry.key));
    }
    Ok(opened)
}

/// A page that is being filled.
struct Page<'f> {
    filter: &'f Filter,
    /// What the text must hold, in lower case.
    text: Option<String>,
    take: usize,
    looked_at: u32,
    entries: Vec<Entry>,
}

impl<'f> Page<'f> {
    fn new(filter: &'f Filter, take: u32) -> Self {
        let text = filter.text.as_ref().map(|text| text.to_ascii_lowercase());
        Self { filter, text, take: take as usize, looked_at: 0, entries: Vec::new() }
    }

    fn is_in_time(&self, entry: &Entry) -> bool {
        (self.filter.from..self.filter.before).contains(&entry.key)
    }

    /// Takes the next entry if it fits; gives where the next page begins if the page ends with it.
    fn look_at(&mut self, entry: Entry) -> Option<LogKey> {
        let key = entry.key;
        self.looked_at += 1;
        if self.fits(&entry) {
            self.entries.push(entry);
        }
        (self.entries.len() >= self.take || self.looked_at >= LOOKED_AT_MAX).then_some(key)
    }

    fn fits(&self, entry: &Entry) -> bool {
        let Filter { actor, status, method, request_id, .. } = self.filter;
        let has = |text: &str| self.text.as_ref().is_none_or(|part| text.to_ascii_lowercase().contains(part));
        status.contains(&entry.status)
            && method.as_ref().is_none_or(|method| *method == entry.method)
            && actor.as_ref().is_none_or(|actor| entry.actor.as_ref() == Some(actor))
            && request_id.as_ref().is_none_or(|id| *id == entry.request_id)
            && (has(&entry.summary) || has(&entry.path) || has(&entry.detail))
    }

    fn end(self, next: Option<LogKey>) -> Listed {
        Listed { entries: self.entries, next }
    }
}
