//! Looking through the request log of a tenant, newest first.

use std::ops::RangeInclusive;

use super::statements::{
    LIST, LIST_FAILED, LIST_OF_ACTOR, LIST_OF_RESOURCE, SPAN, SPAN_FAILED, SPAN_OF_ACTOR, SPAN_OF_RESOURCE,
};
use super::{Entry, LogKey, entry};
use crate::error::StoreError;
use crate::page::containing;
use crate::sql::Stmt;
use crate::tenants::TenantKey;
use crate::tx::{Param, Tx};

/// How many entries one page looks at: those of the tenant, or of the resource, of the actor or the
/// failed ones where the filter says so, newest first. The page ends there, with whatever it has
/// found, and the next one goes on.
pub const LOOKED_AT_MAX: u32 = 5000;

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

/// A page of at most `take` entries, newest first. All of it is read through an index that begins with
/// the tenant, and no more than [`LOOKED_AT_MAX`] entries.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn list(tx: &mut Tx, filter: &Filter, take: u32) -> Result<Listed, StoreError> {
    let way = Way::of(filter);
    let pattern = filter.text.as_deref().map(containing);
    let window = [filter.tenant.into(), filter.from.0.into(), filter.before.0.into(), LOOKED_AT_MAX.into()];
    let mut params = window.to_vec();
    params.extend::<[Param<'_>; 7]>([
        filter.method.as_ref().into(),
        u32::from(*filter.status.start()).into(),
        u32::from(*filter.status.end()).into(),
        filter.actor.as_ref().into(),
        filter.request_id.as_ref().into(),
        pattern.as_ref().into(),
        take.into(),
    ]);
    params.extend(way.which);
    let entries = tx.query(way.list, &params, |row| entry(filter.tenant, row)).await?;
    let next = match entries.last() {
        Some(last) if entries.len() >= take as usize => Some(last.key),
        Some(_) | None => end_of_window(tx, &way, &window).await?,
    };
    Ok(Listed { entries, next })
}

/// The last entry that was looked at, if others may follow.
async fn end_of_window(tx: &mut Tx, way: &Way<'_>, window: &[Param<'_>]) -> Result<Option<LogKey>, StoreError> {
    let params: Vec<Param<'_>> = window.iter().copied().chain(way.which).collect();
    let span = tx.query_one(way.span, &params, |row| Ok((row.int(0)?, row.opt_int(1)?))).await?;
    Ok(match span {
        Some((count, Some(last))) if count >= i64::from(LOOKED_AT_MAX) => Some(LogKey(last)),
        Some(_) | None => None,
    })
}

/// By which index to look.
struct Way<'f> {
    list: &'static Stmt,
    span: &'static Stmt,
    /// What the index is asked for, besides the tenant.
    which: Option<Param<'f>>,
}

impl<'f> Way<'f> {
    /// By the condition that leaves the least.
    fn of(filter: &'f Filter) -> Self {
        if let Some(resource) = &filter.resource {
            Self { list: &LIST_OF_RESOURCE, span: &SPAN_OF_RESOURCE, which: Some(resource.into()) }
        } else if *filter.status.start() >= 400 {
            Self { list: &LIST_FAILED, span: &SPAN_FAILED, which: None }
        } else if let Some(actor) = &filter.actor {
            Self { list: &LIST_OF_ACTOR, span: &SPAN_OF_ACTOR, which: Some(actor.into()) }
        } else {
            Self { list: &LIST, span: &SPAN, which: None }
        }
    }
}
