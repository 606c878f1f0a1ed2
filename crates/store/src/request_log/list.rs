//! Looking through the request log of a tenant, newest first.

use std::ops::RangeInclusive;

use super::pack::{SPAN, entries};
use super::statements::{LIST, LIST_FAILED, LIST_OF_RESOURCE};
use super::{Entry, LogKey};
use crate::error::StoreError;
use crate::tenants::TenantKey;
use crate::tx::Tx;

/// How many entries one page looks at: those of the tenant, or those about the resource or the failed ones
/// where the filter says so, newest first. The page ends there, with whatever it has found, and the next one
/// goes on.
pub const LOOKED_AT_MAX: u32 = 20_000;

/// How many packs are read at once.
const PACKS_AT_ONCE: u32 = 16;
/// How many requests about a resource are read at once.
const CHANGES_AT_ONCE: u32 = 64;

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
    let page = Page::new(filter, take);
    match &filter.resource {
        Some(resource) => about(tx, filter, resource, page).await,
        None => in_packs(tx, filter, page).await,
    }
}

/// Opens pack after pack.
async fn in_packs(tx: &mut Tx, filter: &Filter, mut page: Page<'_>) -> Result<Listed, StoreError> {
    let statement = if *filter.status.start() >= 400 { &LIST_FAILED } else { &LIST };
    let mut end = filter.before.0.saturating_add(SPAN);
    // Packs overlap in time: these wait for what the next pack may have between them.
    let mut waiting: Vec<Entry> = Vec::new();
    loop {
        let params =
            [filter.tenant.into(), filter.from.0.into(), end.into(), filter.before.0.into(), PACKS_AT_ONCE.into()];
        let mut last = None;
        let packs = tx.query(statement, &params, |row| {
            last = Some(row.int(0)?);
            entries(filter.tenant, row.text_ref(1)?)
        });
        let packs = packs.await?;
        let is_end = packs.len() < PACKS_AT_ONCE as usize;
        waiting.extend(packs.into_iter().flatten().filter(|entry| page.is_in_time(entry)));
        waiting.sort_unstable_by_key(|entry| entry.key);
        // No pack to come has anything newer than the newest of the last one.
        let settled = match last {
            Some(last) if !is_end => LogKey(last),
            Some(_) | None => LogKey(i64::MIN),
        };
        while let Some(entry) = waiting.pop_if(|entry| entry.key >= settled) {
            if let Some(next) = page.look_at(entry) {
                return Ok(page.end(Some(next)));
            }
        }
        if is_end {
            return Ok(page.end(None));
        }
        end = settled.0;
    }
}

/// Opens the packs of what changed a resource, or was to.
async fn about(tx: &mut Tx, filter: &Filter, resource: &String, mut page: Page<'_>) -> Result<Listed, StoreError> {
    let mut before = filter.before.0;
    loop {
        let params =
            [filter.tenant.into(), resource.into(), filter.from.0.into(), before.into(), CHANGES_AT_ONCE.into()];
        let mut opened: Option<(i64, Vec<Entry>)> = None;
        let found = tx.query(&LIST_OF_RESOURCE, &params, |row| {
            let (key, pack) = (LogKey(row.int(0)?), row.int(1)?);
            let is_open = opened.as_ref().is_some_and(|(opened, _)| *opened == pack);
            if !is_open {
                opened = Some((pack, entries(filter.tenant, row.text_ref(2)?)?));
            }
            let entries = opened.as_ref().map_or(&[][..], |(_, entries)| entries);
            Ok((key, entries.iter().find(|entry| entry.key == key).cloned()))
        });
        let found = found.await?;
        let last = found.last().map(|(key, _)| *key);
        for (_, entry) in found {
            if let Some(next) = entry.and_then(|entry| page.look_at(entry)) {
                return Ok(page.end(Some(next)));
            }
        }
        match last {
            Some(last) => before = last.0,
            None => return Ok(page.end(None)),
        }
    }
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
