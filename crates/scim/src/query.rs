//! Queries for lists (RFC 7644 §3.4.2, §3.4.3) and where their pages begin: by index, or by
//! cursor (RFC 9865).

mod cursor;
mod order;
mod page;
mod sort;

use std::sync::Arc;

use crate::error::ScimError;
use crate::filter::Filter;
use crate::message::SearchRequest;
use crate::projection::Projection;
use crate::resource::Notes;
use crate::schema::ResourceType;

pub use cursor::{Cursor, Fingerprint, Position};
pub use order::{Sort, SortOrder};
pub use page::{Page, PageLimits};
pub use sort::SortKey;

/// A query that is known to make sense for the resource types it goes to.
#[derive(Debug, Clone, PartialEq)]
pub struct ListQuery {
    /// Which resources; `None` is all.
    pub filter: Option<Filter>,
    /// In which order; `None` is that of creation.
    pub sort: Option<Sort>,
    /// Which of them.
    pub page: Page,
    /// What of each is shown.
    pub projection: Projection,
    /// What ties a cursor to this query.
    pub fingerprint: Fingerprint,
    /// What was mended.
    pub notes: Notes,
}

impl Default for ListQuery {
    /// The first page of everything.
    fn default() -> Self {
        Self {
            filter: None,
            sort: None,
            page: Page::Index { start: 1, count: PageLimits::default().default },
            projection: Projection::default(),
            fingerprint: Fingerprint::default(),
            notes: Notes::default(),
        }
    }
}

impl ListQuery {
    /// Judges a query from a query string ([`SearchRequest::from_pairs`]) or a body
    /// ([`SearchRequest::read`]). `types` are those of the endpoint: one, or all at the root,
    /// where what some type knows is known (RFC 7644 §3.4.2.1).
    ///
    /// # Errors
    /// [`ScimError::Filter`], [`ScimError::Value`], [`ScimError::Cursor`], [`ScimError::Count`].
    /// Nothing is left out because it was not understood.
    pub fn new(request: &SearchRequest, types: &[Arc<ResourceType>], limits: PageLimits) -> Result<Self, ScimError> {
        let mut notes = Notes::default();
        let filter = match &request.filter {
            Some(text) => Some(read_filter(text, types, &mut notes)?),
            None => None,
        };
        let sort = Sort::read(request, types)?;
        // Only cursors are tied to a query by it.
        let fingerprint = match &request.cursor {
            Some(_) => fingerprint(request, sort.as_ref(), types),
            None => Fingerprint::default(),
        };
        let page = Page::read(request, sort.as_ref(), fingerprint, limits)?;
        let projection = Projection::from_lists(&request.attributes, &request.excluded_attributes)?;
        Ok(Self { filter, sort, page, projection, fingerprint, notes })
    }

    /// The `nextCursor` with which this query goes on after `position`, when it finds `total`
    /// resources on all pages (RFC 9865 §2).
    #[must_use]
    pub fn cursor_after(&self, position: Position, total: u64) -> String {
        Cursor { position, total }.to_text(self.fingerprint)
    }
}

fn read_filter(text: &str, types: &[Arc<ResourceType>], notes: &mut Notes) -> Result<Filter, ScimError> {
    let filter = Filter::parse(text, notes)?;
    let mut mended = Notes::default();
    known_to_one(types, |resource_type| filter.check_noting(resource_type, &mut mended))?;
    notes.join(&mended);
    Ok(filter)
}

/// Whether `check` passes for at least one type; if not, what the first says.
fn known_to_one(
    types: &[Arc<ResourceType>],
    mut check: impl FnMut(&ResourceType) -> Result<(), ScimError>,
) -> Result<(), ScimError> {
    let mut first_refusal = None;
    for resource_type in types {
        match check(resource_type) {
            Ok(()) => return Ok(()),
            Err(refusal) => first_refusal = first_refusal.or(Some(refusal)),
        }
    }
    first_refusal.map_or(Ok(()), Err)
}

/// "the client MUST query the same service provider endpoint with all query parameters and values
/// being identical" (RFC 9865 §2): those on which the place of a resource in the list depends.
fn fingerprint(request: &SearchRequest, sort: Option<&Sort>, types: &[Arc<ResourceType>]) -> Fingerprint {
    let names: Vec<&str> = types.iter().map(|resource_type| resource_type.name.as_str()).collect();
    let (by, order) = match sort {
        Some(sort) => (sort.by.to_string().to_ascii_lowercase(), sort.order.as_str()),
        None => (String::new(), ""),
    };
    Fingerprint::of([names.join(" ").as_str(), request.filter.as_deref().unwrap_or(""), &by, order])
}

/// A parameter that says something: `sortBy=` is as good as none. Not for filters, where an
/// empty one is a mistake that would find everything.
fn given(value: Option<&String>) -> Option<&str> {
    value.map(|text| text.trim()).filter(|text| !text.is_empty())
}
