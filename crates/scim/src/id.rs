//! Identifiers and versions: what names a resource, and which state of it.
//!
//! `id` (RFC 7643 §3.1), bulkId (RFC 7644 §3.7.2), ETags and preconditions (RFC 7644 §3.14).

use std::fmt;
use std::str::FromStr;

/// An identifier on the wire: a three-letter prefix that tells what it names, `_`, and 26
/// characters of Crockford base32 of a UUIDv7, as in `usr_06EKJ3T9X8R4M1V5W7Y0ZABCDE`.
///
/// Ids are time-ordered, so that rows and index entries of resources made together lie together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    prefix: [u8; 3],
    bits: u128,
}

/// The `id` of a resource of any type.
pub type ResourceId = Id;

/// Text that cannot be an [`Id`] of ours; nothing has that id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier of this service")]
pub struct NotAnId;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const DIGITS: usize = 26;

impl Id {
    /// How many bytes [`Self::to_bytes`] gives: prefix and UUID.
    pub const BYTES: usize = 19;

    /// Joins a prefix (three lower-case ASCII letters, see [`crate::schema::ResourceType`]) and
    /// the bits of a UUIDv7.
    #[must_use]
    pub const fn new(prefix: [u8; 3], uuid: u128) -> Self {
        Self { prefix, bits: uuid }
    }

    /// The three letters that tell what is named.
    #[must_use]
    pub const fn prefix(&self) -> [u8; 3] {
        self.prefix
    }

    /// What follows the prefix.
    #[must_use]
    pub const fn bits(&self) -> u128 {
        self.bits
    }

    /// The form in which ids are stored: it sorts as the id does.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..3].copy_from_slice(&self.prefix);
        bytes[3..].copy_from_slice(&self.bits.to_be_bytes());
        bytes
    }

    /// The inverse of [`Self::to_bytes`].
    ///
    /// # Errors
    /// [`NotAnId`] when the length or the prefix is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NotAnId> {
        let bytes: &[u8; Self::BYTES] = bytes.try_into().map_err(|_| NotAnId)?;
        let (prefix, bits) = bytes.split_at(3);
        let prefix: [u8; 3] = prefix.try_into().map_err(|_| NotAnId)?;
        let bits: [u8; 16] = bits.try_into().map_err(|_| NotAnId)?;
        if !prefix.iter().all(u8::is_ascii_lowercase) {
            return Err(NotAnId);
        }
        Ok(Self { prefix, bits: u128::from_be_bytes(bits) })
    }
}

impl Id {
    /// Writes what [`fmt::Display`] writes to the end of `text`, without its machinery: a list shows hundreds
    /// of ids.
    pub fn push_to(&self, text: &mut String) {
        text.push_str(std::str::from_utf8(&self.written()).unwrap_or_default());
    }

    fn written(&self) -> [u8; 4 + DIGITS] {
        let mut text = [b'_'; 4 + DIGITS];
        text[..3].copy_from_slice(&self.prefix);
        let mut rest = self.bits;
        for place in text[4..].iter_mut().rev() {
            *place = ALPHABET[(rest & 31) as usize];
            rest >>= 5;
        }
        text
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.written()).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Id {
    type Err = NotAnId;

    /// Exact: the one spelling that [`fmt::Display`] writes, since ids are `caseExact`
    /// (RFC 7643 §3.1).
    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let bytes = text.as_bytes();
        if bytes.len() != 4 + DIGITS || bytes[3] != b'_' || !bytes[..3].iter().all(u8::is_ascii_lowercase) {
            return Err(NotAnId);
        }
        let mut bits: u128 = 0;
        for (place, byte) in bytes[4..].iter().enumerate() {
            let digit = ALPHABET.iter().position(|known| known == byte).ok_or(NotAnId)? as u128;
            // 26 digits of 5 bits are 130 bits: the first digit holds only three.
            if place == 0 && digit > 7 {
                return Err(NotAnId);
            }
            bits = bits << 5 | digit;
        }
        Ok(Self { prefix: [bytes[0], bytes[1], bytes[2]], bits })
    }
}

/// How many times a resource has been written. On the wire it is the weak ETag `W/"7"`
/// (RFC 7644 §3.14).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u64);

impl Version {
    /// What a new resource has.
    pub const FIRST: Self = Self(1);

    /// The version after one more change.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "W/\"{}\"", self.0)
    }
}

/// Which states of a resource the client allows us to act on: `If-Match` and a bulk operation's
/// `version` (RFC 7644 §3.7, §3.14; RFC 9110 §13.1.1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Precondition {
    /// No header, or `*`: whatever is there.
    #[default]
    Any,
    /// One of these versions. Tags that we never gave out match nothing, so the list can be empty.
    OneOf(Vec<Version>),
}

impl Precondition {
    /// Whether a resource at `version` may be acted on.
    #[must_use]
    pub fn allows(&self, version: Version) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(versions) => versions.contains(&version),
        }
    }
}

impl FromStr for Precondition {
    type Err = std::convert::Infallible;

    /// Reads `*` or a comma-separated list of entity tags, weak or strong, since weak comparison
    /// is what SCIM uses; a bare number is taken too, as some clients strip the quotes.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text == "*" {
            return Ok(Self::Any);
        }
        let version = |tag: &str| {
            let tag = tag.trim();
            let tag = tag.strip_prefix("W/").or_else(|| tag.strip_prefix("w/")).unwrap_or(tag);
            let tag = tag.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(tag);
            let plain = !tag.is_empty() && tag.bytes().all(|b| b.is_ascii_digit()) && !tag.starts_with('0');
            if plain { tag.parse().ok().map(Version) } else { None }
        };
        Ok(Self::OneOf(text.split(',').filter_map(version).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_printing_and_parsing() {
        for bits in [0, 1, u128::MAX, 0x0192_3f5e_7c4a_7b11_9d3e_2a4b_5c6d_7e8f] {
            let id = Id::new(*b"usr", bits);
            assert_eq!(id.to_string().parse(), Ok(id));
            assert_eq!(Id::from_bytes(&id.to_bytes()), Ok(id));
        }
    }

    #[test]
    fn only_the_canonical_spelling_is_an_id() {
        let id = Id::new(*b"usr", 0x0192_3f5e_7c4a_7b11_9d3e_2a4b_5c6d_7e8f).to_string();
        for wrong in
            [&id.to_lowercase(), &id.replace('_', "-"), &id[..29], "", "../../etc", "usr_ZZZZZZZZZZZZZZZZZZZZZZZZZZ"]
        {
            assert_eq!(wrong.parse::<Id>(), Err(NotAnId), "{wrong}");
        }
    }

    #[test]
    fn a_precondition_reads_lists_of_tags() {
        let read = |text: &str| text.parse::<Precondition>().unwrap();
        assert_eq!(read("*"), Precondition::Any);
        assert_eq!(read("W/\"3\""), Precondition::OneOf(vec![Version(3)]));
        assert_eq!(read("\"3\", W/\"5\", \"abc\""), Precondition::OneOf(vec![Version(3), Version(5)]));
        assert!(!read("\"nonsense\"").allows(Version::FIRST));
    }
}
