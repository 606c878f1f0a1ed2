//! What the members of a bulk request are called.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Visitor};

/// The name of a member, in any case, read without allocating.
pub(super) struct Name<T>(pub(super) T);

/// What the members of some object are called.
pub(super) trait Named {
    fn named(name: &str) -> Self;
}

pub(super) enum EnvelopeMember {
    Schemas,
    FailOnErrors,
    Operations,
    Unknown,
}

impl Named for EnvelopeMember {
    fn named(name: &str) -> Self {
        match name {
            _ if name.eq_ignore_ascii_case("schemas") => Self::Schemas,
            _ if name.eq_ignore_ascii_case("failOnErrors") => Self::FailOnErrors,
            _ if name.eq_ignore_ascii_case("Operations") => Self::Operations,
            _ => Self::Unknown,
        }
    }
}

pub(super) enum OperationMember {
    Method,
    BulkId,
    Version,
    Path,
    Data,
    Unknown,
}

impl Named for OperationMember {
    fn named(name: &str) -> Self {
        match name {
            _ if name.eq_ignore_ascii_case("method") => Self::Method,
            _ if name.eq_ignore_ascii_case("bulkId") => Self::BulkId,
            _ if name.eq_ignore_ascii_case("version") => Self::Version,
            _ if name.eq_ignore_ascii_case("path") => Self::Path,
            _ if name.eq_ignore_ascii_case("data") => Self::Data,
            _ => Self::Unknown,
        }
    }
}

impl<'de, T: Named> Deserialize<'de> for Name<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(std::marker::PhantomData<T>);

        impl<T: Named> Visitor<'_> for Reader<T> {
            type Value = Name<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a member")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Name<T>, E> {
                Ok(Name(T::named(name)))
            }
        }

        deserializer.deserialize_identifier(Reader(std::marker::PhantomData))
    }
}
