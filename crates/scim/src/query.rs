//! Queries for lists (RFC 7644 §3.4.2, §3.4.3) and where their pages begin: by index, or by
//! cursor (RFC 9865).

mod cursor;

use std::sync::Arc;

use crate::error::ScimError;
use crate::filter::Filter;
use crate::message::SearchRequest;
use crate::path::AttrPath;
use crate::schema::ResourceType;

pub use cursor::{Fingerprint, Position};

/// A query that is known to make sense for the resource types it goes to.
#[derive(Debug, Clone, PartialEq)]
pub struct ListQuery {
    /// Which resources; `None` is all.
    pub filter: Option<Filter>,
    /// In which order; `None` is that of creation.
    pub sort: Option<Sort>,
    /// Which of them.
    pub page: Page,
    /// What ties a cursor to this query.
    pub fingerprint: Fingerprint,
}

/// An order (RFC 7644 §3.4.2.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// A path that names something with a plain value: for a multi-valued attribute, its
    /// `value` is meant, of the primary element or else the first.
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
        let page = Page::Index { start: 1, count: PageLimits::default().default };
        Self { filter: None, sort: None, page, fingerprint: Fingerprint::default() }
    }
}

impl ListQuery {
    /// Reads a query string, given as decoded pairs. `types` are those of the endpoint: one, or
    /// all at the root. Unknown parameters are ignored; the case of names does not matter, as the
    /// inbound jobs of Entra ID send `startindex`.
    ///
    /// # Errors
    /// [`ScimError::Filter`], [`ScimError::Value`], [`ScimError::Cursor`], [`ScimError::Count`]:
    /// never is a parameter left out because it was not understood.
    pub fn from_pairs<'a>(
        _pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
        _types: &[Arc<ResourceType>],
        _limits: PageLimits,
    ) -> Result<Self, ScimError> {
        todo!()
    }

    /// The same for a query in a body (RFC 7644 §3.4.3).
    ///
    /// # Errors
    /// As [`Self::from_pairs`].
    pub fn from_search(
        _request: SearchRequest,
        _types: &[Arc<ResourceType>],
        _limits: PageLimits,
    ) -> Result<Self, ScimError> {
        todo!()
    }

    /// The `nextCursor` with which this query goes on after `position` (RFC 9865 §2).
    #[must_use]
    pub fn cursor_after(&self, position: &Position) -> String {
        position.to_cursor(self.fingerprint)
    }
}
