//! Pieces of a statement with the values that belong to them.

use crate::sql::Stmt;
use crate::tenants::TenantKey;
use crate::tx::Param;

/// A piece of SQL, with a text for each engine. `?` stands for the next of its values; `$1` is the tenant
/// and `$2` the resource type, in every statement that is built here.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Fragment {
    sqlite: String,
    postgres: String,
    values: Vec<Value>,
}

/// A value from a query, on its way into a statement.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Fragment {
    /// `text` holds a `?` for each of `values`, and nothing that comes from outside.
    pub(crate) fn new<const N: usize>(text: &str, values: [Value; N]) -> Self {
        Self::forked(text, text, values)
    }

    /// [`Self::new`] with a text for each engine.
    pub(crate) fn forked<const N: usize>(sqlite: &str, postgres: &str, values: [Value; N]) -> Self {
        Self { sqlite: sqlite.to_owned(), postgres: postgres.to_owned(), values: values.into() }
    }

    /// Adds a text without values.
    pub(crate) fn and_text(self, text: &str) -> Self {
        self.and_texts(text, text)
    }

    /// Adds a text without values, one for each engine.
    pub(crate) fn and_texts(mut self, sqlite: &str, postgres: &str) -> Self {
        self.sqlite.push_str(sqlite);
        self.postgres.push_str(postgres);
        self
    }

    /// Adds another fragment.
    pub(crate) fn and(mut self, next: &Self) -> Self {
        self.sqlite.push_str(&next.sqlite);
        self.postgres.push_str(&next.postgres);
        self.values.extend_from_slice(&next.values);
        self
    }

    /// This fragment between two texts.
    pub(crate) fn within(self, before: &str, after: &str) -> Self {
        Self::new(before, []).and(&self).and_text(after)
    }

    /// The whole statement.
    pub(crate) fn statement(&self) -> Stmt {
        Stmt::built(numbered(&self.sqlite), numbered(&self.postgres))
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
}
