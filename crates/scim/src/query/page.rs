//! Which part of a list is shown: `startIndex` and `count` (RFC 7644 §3.4.2.4), or `cursor`
//! (RFC 9865 §2).

use super::cursor::{Cursor, Fingerprint};
use super::given;
use super::order::Sort;
use crate::error::ScimError;
use crate::message::SearchRequest;

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
        /// What the page before gave.
        after: Option<Cursor>,
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

impl Page {
    pub(super) fn read(
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
            text => Some(Cursor::from_text(text, fingerprint, sort.is_some())?),
        };
        Ok(Self::Cursor { after, count })
    }
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
