//! Statements: one text for both engines, two where the dialects really differ.
//!
//! A list goes into a statement as JSON text. SQLite opens it with `json_each`. On PostgreSQL it is made an
//! array, or a subselect with `OFFSET 0`: what is compared with a column of a table with row-level
//! security must be a plain value there. A cast or function beside it, which could tell of rows that
//! are not ours by failing, is only called for those that are, and so finds none by an index.

use std::borrow::Cow;
use std::sync::OnceLock;

/// A statement: a `static` under the function that runs it, made by [`sql!`](crate::sql!), or
/// [built](Stmt::built) where a filter decides about its text. Parameters are `$1`, `$2`, … in both
/// dialects, in any order and as often as needed.
#[derive(Debug)]
pub struct Stmt {
    sqlite: Cow<'static, str>,
    postgres: Cow<'static, str>,
    /// The text for SQLite with its parameters numbered SQLite's way, made at the first use.
    numbered: OnceLock<Box<str>>,
    /// See [`Stmt::beyond_one_tenant`].
    is_beyond_one_tenant: bool,
}

impl Stmt {
    /// The two texts of a statement; [`sql!`](crate::sql!) calls this.
    pub const fn new(sqlite: &'static str, postgres: &'static str) -> Self {
        Self {
            sqlite: Cow::Borrowed(sqlite),
            postgres: Cow::Borrowed(postgres),
            numbered: OnceLock::new(),
            is_beyond_one_tenant: false,
        }
    }

    /// A statement whose texts depend on the shape of a request (a filter, a sort order). Values still
    /// go in as parameters, so that requests of one shape share one prepared statement, and nothing
    /// from outside is ever part of the text.
    pub fn built(sqlite: String, postgres: String) -> Self {
        Self {
            sqlite: Cow::Owned(sqlite),
            postgres: Cow::Owned(postgres),
            numbered: OnceLock::new(),
            is_beyond_one_tenant: false,
        }
    }

    /// Lets a statement that names no tenant see the rows of all. Each that needs this is explained
    /// in `tests/plans`; any other one that names no tenant sees no tenant's rows on PostgreSQL.
    #[must_use]
    pub const fn beyond_one_tenant(mut self) -> Self {
        self.is_beyond_one_tenant = true;
        self
    }

    /// Whether it may see the rows of all tenants.
    pub const fn is_beyond_one_tenant(&self) -> bool {
        self.is_beyond_one_tenant
    }

    /// The table that it writes to.
    pub(crate) fn written_table(&self) -> &str {
        let mut words =
            self.postgres.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty());
        words
            .find(|word| ["INTO", "UPDATE", "FROM"].iter().any(|verb| word.eq_ignore_ascii_case(verb)))
            .and_then(|_| words.next())
            .unwrap_or_default()
    }

    /// The text that SQLite prepares: `$1` has become `?1`, since SQLite takes `$1` as a name and
    /// numbers names by order of first use.
    pub fn sqlite(&self) -> &str {
        self.numbered.get_or_init(|| number_parameters(&self.sqlite).into())
    }

    /// The text that PostgreSQL prepares.
    pub fn postgres(&self) -> &str {
        &self.postgres
    }
}

/// Makes a [`Stmt`]: `sql!("…")`, or `sql! { sqlite: "…", postgres: "…" }`.
#[macro_export]
macro_rules! sql {
    (sqlite: $sqlite:expr, postgres: $postgres:expr $(,)?) => {
        $crate::sql::Stmt::new($sqlite, $postgres)
    };
    ($both:expr) => {
        $crate::sql::Stmt::new($both, $both)
    };
}

/// Puts `?` for each `$` that stands before a digit, outside of quotes.
fn number_parameters(text: &str) -> String {
    let mut numbered = String::with_capacity(text.len());
    let mut quote = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match quote {
            Some(open) if c == open => quote = None,
            None if matches!(c, '\'' | '"') => quote = Some(c),
            _ => {}
        }
        let is_parameter = quote.is_none() && c == '$' && chars.peek().is_some_and(char::is_ascii_digit);
        numbered.push(if is_parameter { '?' } else { c });
    }
    numbered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_keep_their_numbers_whatever_the_order_of_first_use() {
        static STATEMENT: Stmt = sql!("UPDATE t SET a = $2, b = $10 WHERE tenant = $1 AND c = $2");

        assert_eq!(STATEMENT.sqlite(), "UPDATE t SET a = ?2, b = ?10 WHERE tenant = ?1 AND c = ?2");
        assert_eq!(STATEMENT.postgres(), "UPDATE t SET a = $2, b = $10 WHERE tenant = $1 AND c = $2");
    }

    #[test]
    fn what_is_quoted_is_no_parameter() {
        let text = r#"SELECT '$1', 'it''s $2', "$3", body ->> '$.name', $4"#;
        let statement = Stmt::built(text.into(), String::new());

        assert_eq!(statement.sqlite(), r#"SELECT '$1', 'it''s $2', "$3", body ->> '$.name', ?4"#);
    }

    #[test]
    fn the_table_that_is_written_to_is_the_first_after_its_verb() {
        let table = |text: &str| Stmt::built(String::new(), text.into()).written_table().to_owned();

        assert_eq!(table("INSERT INTO scim_tokens (tenant) VALUES ($1)"), "scim_tokens");
        assert_eq!(table("INSERT OR IGNORE INTO members (a) SELECT 1 FROM resources"), "members");
        assert_eq!(table("DELETE FROM tenants WHERE pk = $1"), "tenants");
    }
}
