//! Pieces of a statement with the values that belong to them.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::ptr;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use crate::sql::Stmt;
use crate::tenants::TenantKey;
use crate::tx::Param;

/// A part of SQL, with a text for each engine. `?` stands for the next of its values; `$1` is the tenant
/// and `$2` the resource type, in every statement that is built here.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Fragment {
    pieces: Vec<Piece>,
    values: Vec<Value>,
}

/// A text of ours for each engine: what a fragment is put together from. That which pieces they are, and in which
/// order, tells the statement, makes statements cheap to find again.
#[derive(Debug, Clone, Copy)]
struct Piece {
    sqlite: &'static str,
    postgres: &'static str,
}

/// A value from a query, on its way into a statement.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Fragment {
    /// `text` holds a `?` for each of `values`.
    pub(crate) fn new<const N: usize>(text: &'static str, values: [Value; N]) -> Self {
        Self::forked(text, text, values)
    }

    /// [`Self::new`] with a text for each engine.
    pub(crate) fn forked<const N: usize>(sqlite: &'static str, postgres: &'static str, values: [Value; N]) -> Self {
        Self { pieces: vec![Piece { sqlite, postgres }], values: values.into() }
    }

    /// [`Self::new`] with a text in several pieces.
    pub(crate) fn joined<const N: usize>(texts: &[&'static str], values: [Value; N]) -> Self {
        let pieces = texts.iter().map(|text| Piece { sqlite: text, postgres: text });
        Self { pieces: pieces.collect(), values: values.into() }
    }

    /// Adds a text without values.
    pub(crate) fn and_text(self, text: &'static str) -> Self {
        self.and_texts(text, text)
    }

    /// Adds a text without values, one for each engine.
    pub(crate) fn and_texts(mut self, sqlite: &'static str, postgres: &'static str) -> Self {
        self.pieces.push(Piece { sqlite, postgres });
        self
    }

    /// Adds another fragment.
    pub(crate) fn and(mut self, next: &Self) -> Self {
        self.pieces.extend_from_slice(&next.pieces);
        self.values.extend_from_slice(&next.values);
        self
    }

    /// This fragment between two texts.
    pub(crate) fn within(self, before: &'static str, after: &'static str) -> Self {
        Self::new(before, []).and(&self).and_text(after)
    }

    /// The whole statement: the one that was made the last time that the same pieces were asked for.
    pub(crate) fn statement(&self) -> Arc<Stmt> {
        let known = STATEMENTS.read().unwrap_or_else(PoisonError::into_inner).get(self.pieces.as_slice()).cloned();
        known.unwrap_or_else(|| {
            let text = |of: fn(&Piece) -> &'static str| numbered(&self.pieces.iter().map(of).collect::<String>());
            let built = Arc::new(Stmt::built(text(|piece| piece.sqlite), text(|piece| piece.postgres)));
            let mut statements = STATEMENTS.write().unwrap_or_else(PoisonError::into_inner);
            if statements.len() >= STATEMENTS_MAX {
                statements.clear();
            }
            statements.insert(self.pieces.as_slice().into(), Arc::clone(&built));
            built
        })
    }

    /// The parameters of the whole statement.
    pub(crate) fn params(&self, tenant: TenantKey, resource_type: u16) -> Vec<Param<'_>> {
        let mut params = vec![tenant.into(), u32::from(resource_type).into()];
        params.extend(self.values.iter().map(|value| match value {
            Value::Int(value) => Param::Int(*value),
            Value::Text(value) => Param::Text(value),
            Value::Bytes(value) => Param::Bytes(value),
        }));
        params
    }
}

/// How many statements are remembered; when there would be more, all are forgotten. Filters have no end of
/// shapes, but those that clients use are few.
const STATEMENTS_MAX: usize = 1_000;

/// Statements by the pieces that they were built from. They name no tenant and hold no value.
static STATEMENTS: LazyLock<RwLock<Statements>> = LazyLock::new(RwLock::default);

type Statements = HashMap<Box<[Piece]>, Arc<Stmt>, BuildHasherDefault<OfAddresses>>;

// By address and not by text: texts are long, and ours are always the same ones.
impl PartialEq for Piece {
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self.sqlite, other.sqlite) && ptr::eq(self.postgres, other.postgres)
    }
}

impl Eq for Piece {}

impl Hash for Piece {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for text in [self.sqlite, self.postgres] {
            state.write_usize(text.as_ptr().addr());
            state.write_usize(text.len());
        }
    }
}

/// A hash of numbers that nobody outside chooses.
#[derive(Default)]
struct OfAddresses(u64);

impl Hasher for OfAddresses {
    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_usize(usize::from(*byte));
        }
    }

    fn write_usize(&mut self, number: usize) {
        self.0 = (self.0.rotate_left(5) ^ number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

/// Numbers the values by their order.
fn numbered(text: &str) -> String {
    let mut numbered = String::with_capacity(text.len() + 8);
    let mut number = 2;
    for c in text.chars() {
        if c == '?' {
            number += 1;
            numbered.push('$');
            numbered.push_str(&number.to_string());
        } else {
            numbered.push(c);
        }
    }
    numbered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_numbered_in_the_order_of_the_text() {
        let one = Fragment::new("a = ? AND b = $1", [Value::Int(7)]);
        let both = one.and_texts(" AND ", " OR ").and(&Fragment::new("c > ?", [Value::Text("x".into())]));
        let both = both.within("(", ")");

        assert_eq!(both.statement().sqlite(), "(a = ?3 AND b = ?1 AND c > ?4)");
        assert_eq!(both.statement().postgres(), "(a = $3 AND b = $1 OR c > $4)");
        assert_eq!(
            both.params(TenantKey(5), 2),
            [Param::Tenant(TenantKey(5)), Param::Int(2), Param::Int(7), Param::Text("x")]
        );
    }

    #[test]
    fn a_statement_is_made_once_for_each_shape() {
        let by =
            |sign: &'static str, value: i64| Fragment::joined(&["a ", sign, " ?"], [Value::Int(value)]).statement();

        assert!(Arc::ptr_eq(&by("=", 1), &by("=", 2)));
        assert_eq!((by("=", 1).sqlite(), by("<", 1).sqlite()), ("a = ?3", "a < ?3"));
    }
}
