//! The admin API: tenants, SCIM tokens, applications, signing keys, the request log, the audit. What the service gives is
//! put into the JSON that clients see here; the shapes are those of the OpenAPI document.

pub(crate) mod applications;
pub(crate) mod audit;
pub(crate) mod endpoint_info;
pub(crate) mod keys;
pub(crate) mod request_logs;
pub(crate) mod resource_types;
pub(crate) mod schemas;
pub(crate) mod scim_tokens;
pub(crate) mod tenants;

use http::StatusCode;
use serde::Serialize;
use service::page::PageOf;

use super::respond::Answer;

/// A page of a list.
#[derive(Debug, Serialize)]
pub(crate) struct PageView<T> {
    /// What is on the page, newest first.
    items: Vec<T>,
    /// How many there are on all pages.
    total: u64,
    /// Which page this is, from 1.
    page: u32,
    /// How many a page holds.
    per_page: u32,
    /// How many pages there are.
    pages: u64,
}

impl<T> PageView<T> {
    fn of<U>(page: PageOf<U>, each: impl FnMut(U) -> T) -> Self {
        Self {
            items: page.items.into_iter().map(each).collect(),
            total: page.total,
            page: page.page,
            per_page: page.per_page,
            pages: page.pages,
        }
    }
}

/// JSON of something of ours.
fn json<T: Serialize>(status: StatusCode, view: &T) -> Answer {
    Answer::json(status, serde_json::to_vec(view).unwrap_or_default())
}

/// A time on the wire, if there is one.
fn time(milliseconds: Option<i64>) -> Option<String> {
    milliseconds.map(scim::time::format)
}
