//! What goes into a statement.

use crate::tenants::TenantKey;
use crate::tx::Value;

/// A value for a statement: `&[tenant.into(), name.into(), None::<i64>.into()]`.
///
/// A list goes in as one value, a JSON array that the statement opens with `json_each`; there is
/// one statement then, whatever the list's length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the storage classes that both engines have")]
pub enum Param<'a> {
    /// Nothing, of whatever kind the statement takes it for.
    Null,
    /// Nothing, where there could be a value of that kind. PostgreSQL wants to know the kind, so that
    /// a statement is prepared once and not again for each parameter that happens to be absent.
    Absent(Kind),
    Int(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
    /// The tenant whose rows a statement is about. On PostgreSQL it sees no others then, whatever
    /// its conditions say.
    Tenant(TenantKey),
    /// Several values, for a statement that only PostgreSQL knows, which opens them with `unnest`.
    List(&'a List<'a>),
}

/// Values of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "as in Param")]
pub enum List<'a> {
    Ints(Vec<Option<i64>>),
    Texts(Vec<Option<&'a str>>),
    Bytes(Vec<&'a [u8]>),
}

/// A kind of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "as in Param")]
pub enum Kind {
    Int,
    Text,
    Bytes,
    /// An absent one means all tenants: only what the platform's own administrators may ask for is
    /// given an `Option<TenantKey>`.
    Tenant,
}

/// What can be absent.
pub trait HasKind {
    /// What it is when it is there.
    const KIND: Kind;
}

macro_rules! kinds {
    ($($value:ty => $kind:ident),+ $(,)?) => {
        $(impl HasKind for $value {
            const KIND: Kind = Kind::$kind;
        })+
    };
}

kinds! {
    i64 => Int, i32 => Int, u32 => Int, bool => Int,
    &str => Text, &String => Text,
    &[u8] => Bytes, &Vec<u8> => Bytes,
    TenantKey => Tenant,
}

impl<const N: usize> HasKind for &[u8; N] {
    const KIND: Kind = Kind::Bytes;
}

impl From<i64> for Param<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<i32> for Param<'_> {
    fn from(value: i32) -> Self {
        Self::Int(value.into())
    }
}

impl From<u32> for Param<'_> {
    fn from(value: u32) -> Self {
        Self::Int(value.into())
    }
}

impl From<bool> for Param<'_> {
    fn from(value: bool) -> Self {
        Self::Int(value.into())
    }
}

impl From<TenantKey> for Param<'_> {
    fn from(tenant: TenantKey) -> Self {
        Self::Tenant(tenant)
    }
}

impl<'a> From<&'a str> for Param<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a String> for Param<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a [u8]> for Param<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Bytes(value)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Param<'a> {
    fn from(value: &'a [u8; N]) -> Self {
        Self::Bytes(value)
    }
}

impl<'a> From<&'a Vec<u8>> for Param<'a> {
    fn from(value: &'a Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}

impl<'a> From<&'a List<'a>> for Param<'a> {
    fn from(list: &'a List<'a>) -> Self {
        Self::List(list)
    }
}

impl<'a> From<Value<'a>> for Param<'a> {
    fn from(value: Value<'a>) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Int(value) => Self::Int(value),
            Value::Text(value) => Self::Text(value),
            Value::Bytes(value) => Self::Bytes(value),
        }
    }
}

impl<'a, T: HasKind + Into<Param<'a>>> From<Option<T>> for Param<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Absent(T::KIND), Into::into)
    }
}
