//! A request becomes a row, with what its tenant wants kept.

use std::borrow::Cow;

use scim::redact::{self, Body};
use scim::schema::{Registry, ResourceType};
use serde_json::value::RawValue;
use store::request_log::{Entry, Operation};
use store::resources::apply::Change;
use store::{TenantKey, events};

use super::detail::{Detail, MEMBERS_MAX, Members, Operations};
use super::shown::{Shown, plain, without_secrets};
use super::words::{self, Aim};
use super::{Asked, AskedOperation, Told, Who};
use crate::authenticate::Why;

/// How large an image of attributes is kept.
const IMAGE_BYTES_MAX: usize = 16 * 1024;
/// How long the name of a client's program is kept.
const USER_AGENT_CHARS_MAX: usize = 200;

/// Makes rows for one tenant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) tenant: TenantKey,
    pub(super) shown: Shown<'a>,
}

impl<'a> Rows<'a> {
    pub(super) fn of(tenant: TenantKey, registry: &'a Registry, values: bool) -> Self {
        Self { tenant, shown: Shown { registry, values } }
    }

    /// The rows of a request by somebody whose credential was good.
    pub(super) fn answered(&self, asked: &Asked) -> (Entry, Vec<Operation>) {
        let work = &asked.work;
        let path = self.shown.path(below_base(&asked.path));
        let mut detail = Detail {
            address: asked.address.map(|address| address.to_string()),
            user_agent: asked.user_agent.as_ref().map(|text| plain(text, USER_AGENT_CHARS_MAX)),
            query: self.shown.query(&work.query),
            repairs: work.notes.repairs.iter().copied().map(Cow::Borrowed).collect(),
            ignored: self.shown.ignored(&work.notes.ignored),
            found: work.found,
            operations: work.counts.map(|counts| Operations {
                total: counts.total,
                failed: counts.failed,
                kept: work.operations.len(),
            }),
            ..Detail::default()
        };
        let filter = detail.query.iter().find(|(name, _)| name.eq_ignore_ascii_case("filter"));
        let aim = Aim {
            method: &asked.method,
            path: &path,
            resource_type: work.resource_type.as_deref(),
            resource: work.resource,
            filter: filter.map(|(_, text)| text.as_str()),
        };
        let summary = match (&asked.told, &work.change, work.counts) {
            (Some(told), ..) => self.refusal(&aim, told, is_sensitive(asked)),
            (None, Some(change), _) => self.change(change, &aim),
            (None, None, Some(counts)) => words::of_bulk(counts.total, counts.failed),
            (None, None, None) => aim.done(work.found),
        };
        if let Some(told) = &asked.told {
            detail.error = Some(self.shown.error(told, is_sensitive(asked)));
            detail.attribute = self.shown.attribute(told);
            detail.body = self.body(asked);
        }
        self.add_change(&mut detail, work.change.as_deref(), work.resource_type.as_deref());
        let operations = work.operations.iter().map(|operation| self.operation(asked, operation)).collect();
        let (actor, product) = match &asked.who {
            Who::Caller(caller) => (Some(caller.actor.to_string()), Some(caller.identity_provider.name())),
            Who::Refused { .. } => (None, None),
        };
        let entry = self.entry(asked, (actor, product), (path, summary, &detail));
        (entry, operations)
    }

    /// The row of a request whose credential opened nothing. `is_own`: the credential is of this
    /// tenant, which may know whose it is.
    pub(super) fn refused(&self, asked: &Asked, segment: &str, why: &Why, is_own: bool) -> Entry {
        let reason = &why.reason;
        let holder = why.holder.as_ref().filter(|_| is_own);
        let is_elsewhere = holder.is_some_and(|holder| {
            holder.tenant.as_ref().is_some_and(|tenant| tenant.key == self.tenant && !tenant.is_named(segment))
        });
        let detail = Detail {
            address: asked.address.map(|address| address.to_string()),
            user_agent: asked.user_agent.as_ref().map(|text| plain(text, USER_AGENT_CHARS_MAX)),
            refused: Some(Cow::Borrowed(reason.code())),
            refused_since: Some(reason.to_string()),
            asked_tenant: is_elsewhere.then(|| self.shown.tenant(segment)),
            ..Detail::default()
        };
        let who = (holder.map(|holder| holder.actor.to_string()), holder.map(|holder| holder.identity_provider.name()));
        let path = self.shown.path(below_base(&asked.path));
        self.entry(asked, who, (path, format!("refused a credential: {reason}"), &detail))
    }

    fn entry(
        &self,
        asked: &Asked,
        (actor, product): (Option<String>, Option<&'static str>),
        (path, summary, detail): (String, String, &Detail),
    ) -> Entry {
        Entry {
            tenant: self.tenant,
            key: asked.key,
            request_id: without_secrets(&asked.request_id).into_owned(),
            actor,
            product: product.map(Cow::Borrowed),
            method: asked.method.clone(),
            path,
            status: asked.status,
            scim_type: asked.told.as_ref().and_then(|told| told.scim_type).map(Cow::Borrowed),
            took_us: asked.took_us,
            resource: asked.work.resource.map(|id| id.to_string()),
            summary,
            detail: detail.to_text(),
        }
    }

    fn operation(&self, asked: &Asked, operation: &AskedOperation) -> Operation {
        let mut detail = Detail {
            repairs: operation.notes.repairs.iter().copied().map(Cow::Borrowed).collect(),
            ignored: self.shown.ignored(&operation.notes.ignored),
            ..Detail::default()
        };
        let resource_type = operation.resource_type.as_deref();
        let endpoint = resource_type.map_or("/", |resource_type| resource_type.endpoint.as_str());
        let path = match operation.resource {
            Some(id) if operation.method != "POST" => format!("{endpoint}/{id}"),
            _ => endpoint.to_owned(),
        };
        let method = self.shown.method(&operation.method);
        let resource = operation.resource.filter(|_| operation.told.is_none() || operation.method != "POST");
        let aim = Aim { method: &method, path: &path, resource_type, resource, filter: None };
        let summary = match (&operation.told, &operation.change) {
            (Some(told), _) => {
                detail.error = Some(self.shown.error(told, is_sensitive(asked)));
                detail.attribute = self.shown.attribute(told);
                self.refusal(&aim, told, is_sensitive(asked))
            }
            (None, Some(change)) => self.change(change, &aim),
            (None, None) => aim.done(None),
        };
        self.add_change(&mut detail, operation.change.as_deref(), resource_type);
        Operation {
            tenant: self.tenant,
            log: asked.key,
            place: u32::try_from(operation.place).unwrap_or(u32::MAX),
            bulk_id: operation.bulk_id.as_deref().map(|text| self.shown.bulk_id(text)),
            status: operation.status,
            scim_type: operation.told.as_ref().and_then(|told| told.scim_type).map(Cow::Borrowed),
            resource: resource.map(|id| id.to_string()),
            summary,
            detail: detail.to_text(),
            method: Cow::Owned(method),
            path,
        }
    }

    /// "refused to change user usr_…: emails.type: …".
    fn refusal(&self, aim: &Aim<'_>, told: &Told, is_sensitive: bool) -> String {
        let verb = if told.status >= 500 { "failed" } else { "refused" };
        format!("{verb} to {}: {}", aim.to_do(), self.shown.error(told, is_sensitive))
    }

    fn change(&self, change: &Change, aim: &Aim<'_>) -> String {
        let Some(resource_type) = aim.resource_type else { return aim.done(None) };
        let id = aim.resource.map(|id| id.to_string()).unwrap_or_default();
        let name = change.name.as_ref().filter(|_| self.shown.values).map(|name| plain(name, 200));
        words::of_change(change, resource_type, name.as_deref().unwrap_or(&id))
    }

    fn add_change(&self, detail: &mut Detail, change: Option<&Change>, resource_type: Option<&ResourceType>) {
        let (Some(change), Some(resource_type)) = (change, resource_type) else { return };
        detail.changed.clone_from(&change.attributes);
        detail.members = members(&change.members);
        if self.shown.values {
            detail.before = image(resource_type, change.before.as_deref());
            detail.after = image(resource_type, change.after.as_deref());
        }
    }

    /// The body of a request that failed.
    fn body(&self, asked: &Asked) -> Option<Box<RawValue>> {
        let work = &asked.work;
        let bytes = work.body.as_ref().filter(|_| self.shown.values)?;
        let kind = match (&*asked.method, work.resource_type.as_deref()) {
            _ if asked.path.ends_with("/.search") => Body::Search,
            _ if asked.path.ends_with("/Bulk") => Body::Bulk,
            ("PATCH", Some(resource_type)) => Body::Patch(resource_type),
            (_, Some(resource_type)) => Body::Resource(resource_type),
            (_, None) => return None,
        };
        let text = redact::body(kind, self.shown.registry, bytes)?;
        RawValue::from_string(without_secrets(&text).into_owned()).ok()
    }
}

/// Whether a request is about a secret somewhere, so that what an error quotes of it may be one.
fn is_sensitive(asked: &Asked) -> bool {
    let work = &asked.work;
    let in_query = work.query.iter().any(|(name, value)| redact::is_sensitive(name) || redact::is_sensitive(value));
    // A body that is not at hand may be about anything.
    let in_body = work.body.as_ref().map(|body| {
        let text = String::from_utf8_lossy(body);
        redact::is_sensitive(&text) || text.contains("\\u")
    });
    in_query || in_body.unwrap_or(!matches!(&*asked.method, "GET" | "HEAD" | "DELETE"))
}

fn members(delta: &events::MembersDelta) -> Option<Members> {
    if delta.is_empty() {
        return None;
    }
    let named = |ids: &[scim::id::ResourceId]| ids.iter().take(MEMBERS_MAX).map(ToString::to_string).collect();
    Some(Members {
        added_count: delta.added.len(),
        added: named(&delta.added),
        removed_count: delta.removed.len(),
        removed: named(&delta.removed),
    })
}

fn image(resource_type: &ResourceType, text: Option<&str>) -> Option<Box<RawValue>> {
    let text = text.filter(|text| text.len() <= IMAGE_BYTES_MAX)?;
    let shown = redact::image(resource_type, text);
    RawValue::from_string(without_secrets(&shown).into_owned()).ok()
}

/// The path below the SCIM base; all of it where there is no such base.
fn below_base(path: &str) -> &str {
    path.find("/scim/v2").map_or(path, |at| &path[at + "/scim/v2".len()..])
}
