//! Queries for lists (RFC 7644 §3.4.2, §3.4.3) and where their pages begin: by index, or by
//! cursor (RFC 9865).

mod cursor;
mod sort;

use std::sync::Arc;

use crate::error::ScimError;
use crate::filter::Filter;
use crate::message::SearchRequest;
use crate::path::AttrPath;
use crate::projection::Projection;
use crate::resource::Notes;
use crate::schema::{Attribute, Kind, ResourceType, Returned};

pub use cursor::{Fingerprint, Position};
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

/// An order (RFC 7644 §3.4.2.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// A path that names something with a plain value in at least one of the types. Of a
    /// multi-valued attribute the primary element is meant, or else the first.
    pub by: AttrPath,
    /// Which way round.
    pub order: SortOrder,
}

/// Which way round. Resources without a value are last when ascending, first when descending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the words of RFC 7644 §3.4.2.3")]
pub enum SortOrder {
    #[default]
    Ascending,
    Descending,
}

/// A part of what a query finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page {
    /// From the `start`th resource, counted from 1 (RFC 7644 §3.4.2.4).
    Index {
        /// At least 1.
        start: u64,
        /// At most so many; 0 asks for the total only.
        count: u32,
    },
    /// From the beginning, or after a position (RFC 9865 §2).
    Cursor {
        /// The last resource of the page before.
        after: Option<Position>,
        /// At most so many; 0 asks for the total only.
        count: u32,
    },
}

/// How many resources a page holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageLimits {
    /// When the client does not say.
    pub default: u32,
    /// At most. An index query that asks for more gets this many; one by cursor is refused.
    pub max: u32,
}

impl Default for PageLimits {
    fn default() -> Self {
        Self { default: 100, max: 1000 }
    }
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
        let fingerprint = fingerprint(request, sort.as_ref(), types);
        let page = Page::read(request, sort.as_ref(), fingerprint, limits)?;
        let projection = Projection::from_lists(&request.attributes, &request.excluded_attributes)?;
        Ok(Self { filter, sort, page, projection, fingerprint, notes })
    }

    /// The `nextCursor` with which this query goes on after `position` (RFC 9865 §2).
    #[must_use]
    pub fn cursor_after(&self, position: &Position) -> String {
        position.to_cursor(self.fingerprint)
    }
}

fn read_filter(text: &str, types: &[Arc<ResourceType>], notes: &mut Notes) -> Result<Filter, ScimError> {
    let filter = Filter::parse(text, notes)?;
    known_to_one(types, |resource_type| filter.check(resource_type))?;
    Ok(filter)
}

/// Whether `check` passes for at least one type; if not, what the first says.
fn known_to_one(
    types: &[Arc<ResourceType>],
    check: impl Fn(&ResourceType) -> Result<(), ScimError>,
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

impl SortOrder {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Ascending => "ascending",
            Self::Descending => "descending",
        }
    }
}

impl Sort {
    fn read(request: &SearchRequest, types: &[Arc<ResourceType>]) -> Result<Option<Self>, ScimError> {
        let order = match given(request.sort_order.as_ref()) {
            None => SortOrder::Ascending,
            Some(word) => [SortOrder::Ascending, SortOrder::Descending]
                .into_iter()
                .find(|order| order.as_str().eq_ignore_ascii_case(word))
                .ok_or_else(|| ScimError::value("sortOrder", "expected 'ascending' or 'descending'"))?,
        };
        let Some(text) = given(request.sort_by.as_ref()) else {
            return Ok(None);
        };
        let mut by: AttrPath =
            text.parse().map_err(|error: ScimError| ScimError::value("sortBy", error.to_string()))?;
        known_to_one(types, |resource_type| check_sortable(&by, resource_type))?;
        if types.iter().any(|resource_type| means_its_value(&by, resource_type)) {
            by.sub_attribute = Some("value".parse()?);
        }
        Ok(Some(Self { by, order }))
    }
}

/// Whether `by` names a complex attribute whose `value` is meant by it (RFC 7643 §2.4).
fn means_its_value(by: &AttrPath, resource_type: &ResourceType) -> bool {
    let leaf = resource_type.resolve(by).and_then(|target| target.leaf());
    leaf.is_some_and(|leaf| leaf.kind == Kind::Complex && leaf.sub_attribute("value").is_some())
}

fn check_sortable(by: &AttrPath, resource_type: &ResourceType) -> Result<(), ScimError> {
    let refusal = |reason: String| Err(ScimError::value("sortBy", reason));
    let Some(target) = resource_type.resolve(by) else {
        return refusal(format!("'{by}' is not an attribute of {}", resource_type.name));
    };
    let (Some(attribute), Some(leaf)) = (target.attribute, target.leaf()) else {
        return refusal(format!("'{by}' is a schema; name one of its attributes"));
    };
    if attribute.relation.is_some() || attribute.secret || leaf.returned == Returned::Never {
        return refusal(format!("{} cannot be sorted by '{by}'", resource_type.endpoint));
    }
    if leaf.kind == Kind::Complex && leaf.sub_attribute("value").is_none() {
        return refusal(format!("'{by}' has parts; name one of them, as in '{by}.{}'", first_part(leaf)));
    }
    Ok(())
}

fn first_part(attribute: &Attribute) -> &str {
    attribute.sub_attributes.first().map_or("value", |part| &part.name)
}

impl Page {
    fn read(
        request: &SearchRequest,
        sort: Option<&Sort>,
        fingerprint: Fingerprint,
        limits: PageLimits,
    ) -> Result<Self, ScimError> {
        let start = given(request.start_index.as_ref());
        let count = given(request.count.as_ref());
        let Some(cursor) = &request.cursor else {
            let not_a_number = |name| ScimError::value(name, "expected an integer");
            let start = match start {
                // "A value less than 1 SHALL be interpreted as 1" (RFC 7644 §3.4.2.4).
                Some(text) => integer(text).ok_or_else(|| not_a_number("startIndex"))?.max(1).unsigned_abs(),
                None => 1,
            };
            let count = match count {
                Some(text) => at_most(limits.max, integer(text).ok_or_else(|| not_a_number("count"))?),
                None => limits.default,
            };
            return Ok(Self::Index { start, count });
        };

        if start.is_some() {
            return Err(ScimError::value(
                "startIndex",
                "excludes cursor: a query is paged by index or by cursor (RFC 9865 section 2.4)",
            ));
        }
        let count = match count {
            Some(text) => integer(text).filter(|count| *count <= i64::from(limits.max)).map(|n| at_most(limits.max, n)),
            None => Some(limits.default),
        };
        let count = count.ok_or_else(|| {
            ScimError::Count(format!("count: expected an integer from 0 to maxPageSize ({})", limits.max))
        })?;
        let after = match cursor.as_str() {
            "" => None,
            text => Some(Position::from_cursor(text, fingerprint, sort.is_some())?),
        };
        Ok(Self::Cursor { after, count })
    }
}

/// A parameter that says something: `sortBy=` is as good as none. Not for filters, where an
/// empty one is a mistake that would find everything.
fn given(value: Option<&String>) -> Option<&str> {
    value.map(|text| text.trim()).filter(|text| !text.is_empty())
}

/// An integer, cut to 64 bits. A whole number is one however it is written in JSON.
fn integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let whole = digits.strip_suffix(".0").unwrap_or(digits);
    if whole.is_empty() || !whole.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let size = whole.parse().unwrap_or(i64::MAX);
    Some(if text.starts_with('-') { -size } else { size })
}

/// "A negative value SHALL be interpreted as "0"" (RFC 7644 §3.4.2.4).
fn at_most(max: u32, count: i64) -> u32 {
    u32::try_from(count.max(0)).unwrap_or(u32::MAX).min(max)
}
