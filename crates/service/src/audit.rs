//! The audit: who did what through the admin API or at the command line, and who was not let.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use scim::id::Id;
use serde::Deserialize;
use store::audit::{self, Entry, Filter, Recorded};

use crate::App;
use crate::caller::{Actor, AdminCaller};
use crate::error::ServiceError;
use crate::form::{self, Form, FromForm};
use crate::page::{PageOf, PageRequest};
use crate::request_log::plain;
use crate::tenants::Tenant;

pub use store::audit::Outcome;

/// What ids of deeds begin with.
pub const PREFIX: [u8; 3] = *b"aud";

/// How long the name of a program is kept.
const USER_AGENT_CHARS_MAX: usize = 200;
/// How long the name of what was to be changed is kept, which may be anything when it was denied.
const SUBJECT_CHARS_MAX: usize = 100;

/// Which deeds to list.
#[derive(Debug, Clone)]
pub struct ListAudit {
    /// Which page; with a cursor, only how many entries it has.
    pub page: PageRequest,
    /// Only those before the deed with this number.
    pub cursor: Option<i64>,
    /// Only those about data of this tenant, by id or slug.
    pub tenant: Option<String>,
    /// The rest, as the store has it.
    pub filter: Filter,
}

/// A deed, as it was written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// `aud_…`.
    pub id: Id,
    /// Whose data it was about; `None` for the platform's own.
    pub tenant_id: Option<Id>,
    /// Who did what to which, when, from where, and what came of it.
    pub entry: Entry,
    /// Which fields changed.
    pub changed: Vec<String>,
}

/// A page of deeds.
#[derive(Debug)]
pub struct AuditPage {
    /// What is on it, newest first.
    pub items: Vec<Deed>,
    /// How many it holds at most.
    pub per_page: u32,
    /// Where it stands among all pages; not when it was asked for by a cursor.
    pub counted: Option<Counted>,
    /// The `cursor` of the next page, if there may be one.
    pub next_cursor: Option<Id>,
}

/// Where a page stands among all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// How many deeds there are on all pages.
    pub total: u64,
    /// Which page it is, from 1.
    pub page: u32,
    /// How many pages there are.
    pub pages: u64,
}

/// A deed that somebody was not let do.
#[derive(Debug, Clone)]
pub struct Denied {
    /// To whose data; `None` for the platform's own.
    pub tenant: Option<Arc<Tenant>>,
    /// Who.
    pub actor: Actor,
    /// What it would have been: `tenant.update`.
    pub action: String,
    /// To which.
    pub subject: String,
    /// In which request.
    pub request_id: String,
    /// From which address.
    pub address: Option<IpAddr>,
    /// With which program.
    pub user_agent: Option<String>,
}

#[derive(Deserialize)]
struct Changed {
    #[serde(default)]
    changed: Vec<String>,
}

impl App {
    /// A page of the deeds that the caller can see, newest first.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] for a tenant that the caller cannot see; [`ServiceError::Store`] also when there
    /// are too many deeds to look through.
    pub async fn list_audit(&self, caller: &AdminCaller, request: ListAudit) -> Result<AuditPage, ServiceError> {
        let tenant = match &request.tenant {
            Some(named) => Some(self.get_tenant(caller, named).await?.key),
            None => caller.bound_to(),
        };
        let filter = Filter { tenant, ..request.filter };
        let (page, per_page) = (request.page, request.page.per_page);
        // What fits may be anywhere among all deeds; and without a cursor they are counted.
        let (items, counted): (Vec<Deed>, _) = if let Some(pk) = request.cursor {
            let listed = self
                .store()
                .scan(move |tx| Box::pin(async move { audit::list_before(tx, &filter, pk, per_page).await }));
            (listed.await?.into_iter().map(Deed::from).collect(), None)
        } else {
            let listed =
                self.store().scan(move |tx| Box::pin(async move { audit::list(tx, &filter, page.rows()).await }));
            let PageOf { items, total, page, pages, .. } = page.of(listed.await?, Deed::from);
            (items, Some(Counted { total, page, pages }))
        };
        let next_cursor = items.last().filter(|_| items.len() >= per_page as usize).map(|deed| deed.id);
        Ok(AuditPage { items, per_page, counted, next_cursor })
    }

    /// Writes down what somebody was not let do, unless the same one has tried too often lately.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub async fn record_denied(&self, denied: Denied) -> Result<(), ServiceError> {
        let actor = denied.actor.to_string();
        if !self.rates().admits_refusal_from(&actor) {
            return Ok(());
        }
        let entry = Entry {
            tenant: denied.tenant.map(|tenant| tenant.key),
            at: self.now(),
            actor,
            action: Cow::Owned(denied.action),
            subject: plain(&denied.subject, SUBJECT_CHARS_MAX),
            outcome: Outcome::Denied,
            request_id: denied.request_id,
            address: denied.address.map(|address| address.to_string()),
            user_agent: denied.user_agent.as_deref().map(program),
            detail: "{}".into(),
        };
        let written = self.store().write(move |tx| {
            let entry = entry.clone();
            Box::pin(async move { audit::insert(tx, &entry).await })
        });
        Ok(written.await?)
    }
}

/// The name of a program, as it is kept.
pub(crate) fn program(user_agent: &str) -> String {
    plain(user_agent, USER_AGENT_CHARS_MAX)
}

fn number_of(id: &str) -> Option<i64> {
    let id: Id = id.parse().ok()?;
    i64::try_from(id.bits()).ok().filter(|_| id.prefix() == PREFIX)
}

impl From<Recorded> for Deed {
    fn from(recorded: Recorded) -> Self {
        Self {
            id: Id::new(PREFIX, u128::from(recorded.pk.cast_unsigned())),
            tenant_id: recorded.tenant_id,
            changed: serde_json::from_str(&recorded.entry.detail).map_or_else(|_| Vec::new(), |it: Changed| it.changed),
            entry: recorded.entry,
        }
    }
}

impl FromForm for ListAudit {
    fn from_form(form: &mut Form) -> Option<Self> {
        let page = PageRequest::read(form);
        let cursor = form.optional("cursor", form::parsed(64, number_of, "a next_cursor"));
        let tenant = form.optional("tenant_id", form::text(0, 255));
        let filter = Filter {
            tenant: None,
            actor: form.optional("actor", form::text(0, 255)),
            action: form.optional("action", form::text(0, 100)),
            subject: form.optional("resource", form::text(0, 255)),
            outcome: form.optional("result", form::one_of(&Outcome::NAMES)),
            request_id: form.optional("request_id", form::text(0, 128)),
            since: form.optional("since", form::time),
            until: form.optional("until", form::time),
        };
        Some(Self { page, cursor, tenant, filter })
    }
}
