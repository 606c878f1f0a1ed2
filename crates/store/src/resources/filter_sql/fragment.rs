//! Pieces of a statement with the values that belong to them.

use crate::sql::Stmt;
use crate::tenants::TenantKey;
use crate::tx::Param;

/// A piece of SQL in the common dialect. `?` stands for the next of its values; `$1` is the tenant
/// and `$2` the resource type, in every statement that is built here.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Fragment {
    text: String,
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
        Self { text: text.to_owned(), values: values.into() }
    }

    /// Adds a text without values.
    pub(crate) fn and_text(mut self, text: &str) -> Self {
        self.text.push_str(text);
        self
    }

    /// Adds another fragment.
    pub(crate) fn and(mut self, next: &Self) -> Self {
        self.text.push_str(&next.text);
        self.values.extend_from_slice(&next.values);
        self
    }

    /// This fragment between two texts.
    pub(crate) fn within(self, before: &str, after: &str) -> Self {
        Self { text: format!("{before}{}{after}", self.text), values: self.values }
    }

    /// The whole statement.
    pub(crate) fn statement(&self) -> Stmt {
        let mut text = String::with_capacity(self.text.len() + 2 * self.values.len());
        let mut number = 2;
        for c in self.text.chars() {
            if c == '?' {
                number += 1;
                text.push('$');
                text.push_str(&number.to_string());
            } else {
                text.push(c);
            }
        }
        Stmt::built(text)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_numbered_in_the_order_of_the_text() {
        let one = Fragment::new("a = ? AND b = $1", [Value::Int(7)]);
        let both = one.and_text(" AND ").and(&Fragment::new("c > ?", [Value::Text("x".into())])).within("(", ")");

        assert_eq!(both.statement().postgres(), "(a = $3 AND b = $1 AND c > $4)");
        assert_eq!(
            both.params(TenantKey(5), 2),
            [Param::Tenant(TenantKey(5)), Param::Int(2), Param::Int(7), Param::Text("x")]
        );
    }
}
