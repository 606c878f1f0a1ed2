//! The request log as the admin API shows it.

use std::ops::RangeInclusive;

use scim::id::Id;
use store::request_log::{self, Filter, LogKey};

use super::detail::Detail;
use crate::App;
use crate::caller::{AdminCaller, Reach};
use crate::error::{FieldError, ServiceError};
use crate::form::{self, Form, FromForm};
use crate::page::{PER_PAGE_DEFAULT, PER_PAGE_MAX};

/// What ids of entries begin with.
pub const PREFIX: [u8; 3] = *b"log";

/// Which entries to list.
#[derive(Debug, Clone)]
pub struct ListRequests {
    /// Whose; by id or slug.
    pub tenant: Option<String>,
    /// Of this SCIM token or client, by id.
    pub token: Option<String>,
    /// That changed this resource, or were to.
    pub resource: Option<String>,
    /// With such a status.
    pub status: RangeInclusive<u16>,
    /// With this method.
    pub method: Option<String>,
    /// Of the request with this id.
    pub request_id: Option<String>,
    /// Since then, in milliseconds since 1970.
    pub since: Option<i64>,
    /// Before then.
    pub until: Option<i64>,
    /// With this in it.
    pub search: Option<String>,
    /// Older than this entry.
    pub cursor: Option<LogKey>,
    /// How many at most.
    pub per_page: u32,
}

/// A request, as it was written down.
#[derive(Debug)]
pub struct LoggedRequest {
    /// `log_…`.
    pub id: Id,
    /// Its tenant.
    pub tenant_id: Id,
    /// The columns of its row.
    pub entry: request_log::Entry,
    /// What the row says besides.
    pub detail: Detail,
}

/// An operation of a bulk request, as it was written down.
#[derive(Debug)]
pub struct LoggedOperation {
    /// The columns of its row.
    pub operation: request_log::Operation,
    /// What the row says besides.
    pub detail: Detail,
}

/// A page of the log.
#[derive(Debug)]
pub struct LogPage {
    /// Newest first.
    pub items: Vec<LoggedRequest>,
    /// How many a page holds at most.
    pub per_page: u32,
    /// The `cursor` of the next page, if there may be one.
    pub next_cursor: Option<Id>,
}

impl App {
    /// A page of the requests to a tenant's SCIM routes, newest first.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] for a tenant that the caller cannot see;
    /// [`ServiceError::Validation`] when a caller of the platform names none.
    pub async fn list_requests(&self, caller: &AdminCaller, request: ListRequests) -> Result<LogPage, ServiceError> {
        let tenant = match (&request.tenant, &caller.reach) {
            (Some(named), _) => self.get_tenant(caller, named).await?,
            (None, Reach::Tenant(own)) => crate::Tenant::clone(own),
            (None, Reach::All) => {
                let msg = "Field required: whose requests";
                return Err(ServiceError::Validation(vec![FieldError::query("tenant_id", "missing", msg)]));
            }
        };
        let filter = request.filter(tenant.key);
        let take = request.per_page;
        let listed =
            self.store().scan(move |tx| Box::pin(async move { request_log::list(tx, &filter, take).await })).await?;
        Ok(LogPage {
            items: listed.entries.into_iter().map(|entry| LoggedRequest::new(tenant.id, entry)).collect(),
            per_page: take,
            next_cursor: listed.next.map(id_of),
        })
    }

    /// One request, and its operations if it was a bulk request.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn get_request(
        &self,
        caller: &AdminCaller,
        id: &str,
    ) -> Result<(LoggedRequest, Vec<LoggedOperation>), ServiceError> {
        let not_found = || ServiceError::NotFound("Request not found".into());
        let key = key_of(id).ok_or_else(not_found)?;
        let bound = caller.bound_to();
        let found =
            self.store().read(move |tx| Box::pin(async move { request_log::get(tx, bound, key).await })).await?;
        let whole = found.ok_or_else(not_found)?;
        let operation = |operation: request_log::Operation| LoggedOperation {
            detail: Detail::from_text(&operation.detail),
            operation,
        };
        let operations = whole.operations.into_iter().map(operation).collect();
        Ok((LoggedRequest::new(whole.tenant_id, whole.entry), operations))
    }
}

impl LoggedRequest {
    fn new(tenant_id: Id, entry: request_log::Entry) -> Self {
        Self { id: id_of(entry.key), tenant_id, detail: Detail::from_text(&entry.detail), entry }
    }
}

fn id_of(key: LogKey) -> Id {
    Id::new(PREFIX, u128::from(key.bits().cast_unsigned()))
}

fn key_of(id: &str) -> Option<LogKey> {
    let id: Id = id.parse().ok()?;
    let bits = i64::try_from(id.bits()).ok()?;
    (id.prefix() == PREFIX).then(|| LogKey::from_bits(bits))
}

impl ListRequests {
    fn filter(&self, tenant: store::TenantKey) -> Filter {
        let until = self.until.map_or(LogKey::MAX, LogKey::first_of);
        Filter {
            tenant,
            from: LogKey::first_of(self.since.unwrap_or(0)),
            before: self.cursor.map_or(until, |cursor| cursor.min(until)),
            actor: self.token.clone(),
            resource: self.resource.clone(),
            status: self.status.clone(),
            method: self.method.clone(),
            request_id: self.request_id.clone(),
            text: self.search.clone(),
        }
    }
}

impl FromForm for ListRequests {
    fn from_form(form: &mut Form) -> Option<Self> {
        Some(Self {
            tenant: form.optional("tenant_id", form::text(0, 255)),
            token: form.optional("token_id", form::text(0, 255)),
            resource: form.optional("resource_id", form::text(0, 255)),
            status: form.optional("status", form::parsed(10, status, STATUS)).unwrap_or(0..=999),
            method: form.optional("method", form::one_of(METHODS)).map(str::to_owned),
            request_id: form.optional("request_id", form::text(0, 128)),
            since: form.optional("since", form::time),
            until: form.optional("until", form::time),
            search: form.optional("search", form::text(0, 255)).filter(|text| !text.is_empty()),
            cursor: form.optional("cursor", form::parsed(64, key_of, "a next_cursor")),
            per_page: form.optional("per_page", form::integer_text(1, PER_PAGE_MAX)).unwrap_or(PER_PAGE_DEFAULT),
        })
    }
}

const STATUS: &str = "a status such as 404, a class of them such as 4xx, or failed";
const METHODS: &[(&str, &str)] =
    &[("GET", "GET"), ("POST", "POST"), ("PUT", "PUT"), ("PATCH", "PATCH"), ("DELETE", "DELETE")];

/// `404`, `4xx` or `failed`.
fn status(text: &str) -> Option<RangeInclusive<u16>> {
    let class = text.strip_suffix("xx").and_then(|class| class.parse::<u16>().ok());
    let class = class.filter(|class| (1..=5).contains(class)).map(|class| class * 100..=class * 100 + 99);
    let exact = || text.parse::<u16>().ok().filter(|status| (100..=599).contains(status)).map(|status| status..=status);
    let failed = || (text == "failed").then_some(400..=999);
    class.or_else(exact).or_else(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<ListRequests, ServiceError> {
        form::query(&pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>())
    }

    #[test]
    fn a_status_is_a_number_a_class_or_any_failure() {
        let status = |text: &str| read(&[("status", text)]).map(|list| list.status).ok();

        assert_eq!(status("404"), Some(404..=404));
        assert_eq!(status("4xx"), Some(400..=499));
        assert_eq!(status("failed"), Some(400..=999));
        for wrong in ["", "x", "6xx", "0xx", "99", "600", "4xxx"] {
            assert_eq!(status(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_cursor_is_the_id_of_an_entry() {
        let key = LogKey::first_of(1_700_000_000_000);
        let cursor = |text: &str| read(&[("cursor", text)]).ok().and_then(|list| list.cursor);

        assert_eq!(cursor(&id_of(key).to_string()), Some(key));
        assert_eq!(cursor(&Id::new(*b"usr", 5).to_string()), None);
        assert_eq!(cursor(&Id::new(PREFIX, u128::MAX).to_string()), None);
        assert_eq!(cursor("x"), None);
    }
}
