//! Cursors (RFC 9865): a position in an ordered list, as text that means nothing to the client.
//!
//! A cursor holds no state of ours and does not expire. It is a keyset: the key of the last
//! resource that was shown, and its sort value if the query sorts, so a page costs the same at
//! any depth, and a resource that lives throughout a crawl is seen exactly once. It grants
//! nothing: the query is authorised and bound to its tenant afresh each time (RFC 9865 §5.2).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::ScimError;

/// After which resource a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Position {
    /// In order of creation: after this key.
    Key(i64),
    /// In the order of an attribute: after this value, as it is compared, and this key.
    Sorted {
        /// `None` when the resource has no value.
        value: Option<String>,
        /// Tells resources with the same value apart.
        key: i64,
    },
}

impl Position {
    /// The key of the resource.
    pub fn key(&self) -> i64 {
        match self {
            Self::Key(key) | Self::Sorted { key, .. } => *key,
        }
    }
}

/// Where a crawl goes on: what a cursor says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// After which resource.
    pub position: Position,
    /// How many resources there were on all pages when the first was read. Counting what a filter
    /// finds can cost more than the page itself, so it is done once a crawl, not once a page.
    pub total: u64,
}

/// What a cursor must have in common with the query it is used with: types, filter and order, in
/// 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// The fingerprint of a query that has these parts, in this order.
    #[must_use]
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut hash = Fnv::NEW;
        for part in parts {
            hash = hash.with(&(part.len() as u64).to_be_bytes()).with(part.as_bytes());
        }
        Self(hash.0)
    }
}

/// The first byte of a cursor; another one says that it is laid out in another way.
const LAYOUT: u8 = 2;
const KEY: u8 = 0;
const SORTED: u8 = 1;
const SORTED_NO_VALUE: u8 = 2;

impl Cursor {
    /// The text of this cursor in the query with that fingerprint. Only characters that need no
    /// escape in a URL (RFC 9865 §2).
    #[must_use]
    pub fn to_text(&self, query: Fingerprint) -> String {
        let (tag, key, value) = match &self.position {
            Position::Key(key) => (KEY, key, ""),
            Position::Sorted { value: None, key } => (SORTED_NO_VALUE, key, ""),
            Position::Sorted { value: Some(value), key } => (SORTED, key, value.as_str()),
        };
        let mut place = Vec::with_capacity(17 + value.len());
        place.push(tag);
        place.extend(self.total.to_be_bytes());
        place.extend(key.to_be_bytes());
        place.extend(value.as_bytes());

        let mut bytes = Vec::with_capacity(9 + place.len());
        bytes.push(LAYOUT);
        bytes.extend(checksum(query, &place).to_be_bytes());
        bytes.extend(place);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The inverse of [`Self::to_text`], for a query that is `sorted` or not.
    ///
    /// # Errors
    /// [`ScimError::Cursor`] for what we did not make, or made for another query.
    pub fn from_text(text: &str, query: Fingerprint, sorted: bool) -> Result<Self, ScimError> {
        let fits = |cursor: &Self| matches!(cursor.position, Position::Sorted { .. }) == sorted;
        Self::read(text, query).filter(fits).ok_or_else(|| {
            ScimError::Cursor(
                "cursor is not valid for this query; send it empty for the first page, then the nextCursor of the \
                 page before, with all other parameters unchanged"
                    .into(),
            )
        })
    }

    fn read(text: &str, query: Fingerprint) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (layout, rest) = bytes.split_first()?;
        let (sum, place) = rest.split_first_chunk::<8>()?;
        if *layout != LAYOUT || u64::from_be_bytes(*sum) != checksum(query, place) {
            return None;
        }
        let (tag, rest) = place.split_first()?;
        let (total, rest) = rest.split_first_chunk::<8>()?;
        let (key, value) = rest.split_first_chunk::<8>()?;
        let key = i64::from_be_bytes(*key);
        let position = match (*tag, value) {
            (KEY, []) => Position::Key(key),
            (SORTED_NO_VALUE, []) => Position::Sorted { value: None, key },
            (SORTED, value) => Position::Sorted { value: Some(String::from_utf8(value.to_vec()).ok()?), key },
            _ => return None,
        };
        Some(Self { position, total: u64::from_be_bytes(*total) })
    }
}

/// Tells a cursor that was altered, or that belongs to another query. It keeps nobody from making
/// one up, and need not: a position can only be one in the list that the caller may read anyway.
fn checksum(query: Fingerprint, place: &[u8]) -> u64 {
    Fnv::NEW.with(&query.0.to_be_bytes()).with(place).0
}

/// FNV-1a. Cursors outlive a process and wander between replicas, so the hash must never change,
/// which that of the standard library does not promise.
#[derive(Clone, Copy)]
struct Fnv(u64);

impl Fnv {
    const NEW: Self = Self(0xcbf2_9ce4_8422_2325);

    fn with(self, bytes: &[u8]) -> Self {
        Self(bytes.iter().fold(self.0, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cursor() -> impl Strategy<Value = Cursor> {
        let position = prop_oneof![
            any::<i64>().prop_map(Position::Key),
            (any::<Option<String>>(), any::<i64>()).prop_map(|(value, key)| Position::Sorted { value, key }),
        ];
        (position, any::<u64>()).prop_map(|(position, total)| Cursor { position, total })
    }

    proptest! {
        #[test]
        fn a_cursor_survives_its_text(cursor in cursor(), filter in ".*") {
            let query = Fingerprint::of(["User", &filter]);
            let text = cursor.to_text(query);

            prop_assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
            let sorted = matches!(cursor.position, Position::Sorted { .. });
            prop_assert!(Cursor::from_text(&text, query, !sorted).is_err());
            prop_assert_eq!(Cursor::from_text(&text, query, sorted), Ok(cursor));
        }

        #[test]
        fn no_text_makes_reading_a_cursor_panic(text in ".*", bytes in any::<Vec<u8>>()) {
            let query = Fingerprint::default();
            prop_assert!(Cursor::from_text(&text, query, false).is_err());
            let mut place = vec![LAYOUT];
            place.extend(checksum(query, &bytes).to_be_bytes());
            place.extend(bytes);
            for sorted in [true, false] {
                drop(Cursor::from_text(&URL_SAFE_NO_PAD.encode(&place), query, sorted));
            }
        }
    }

    #[test]
    fn a_cursor_belongs_to_its_query() {
        let cursor = Cursor { position: Position::Key(7), total: 9 }.to_text(Fingerprint::of(["User", "a"]));

        for other in [["Group", "a"], ["User", "b"], ["Use", "ra"]] {
            let refusal = Cursor::from_text(&cursor, Fingerprint::of(other), false);
            assert!(matches!(refusal, Err(ScimError::Cursor(_))), "{other:?}");
        }
    }

    #[test]
    fn cursors_look_the_same_in_every_release() {
        let query = Fingerprint::of(["User"]);
        let text = |position| Cursor { position, total: 3_000_000 }.to_text(query);
        insta::assert_snapshot!(text(Position::Key(1_000_000)), @"Aj2WdWoITuZVAAAAAAAALcbAAAAAAAAPQkA");
        insta::assert_snapshot!(text(Position::Sorted { value: Some("ana".into()), key: 7 }), @"AtMa2wFpCNLaAQAAAAAALcbAAAAAAAAAAAdhbmE");
    }
}
