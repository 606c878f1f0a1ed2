//! Statements: one text for both engines, two where the dialects really differ.

/// A statement, `static` under the function that runs it. Parameters are `$1`, `$2`, … in both
/// dialects (SQLite takes them as named parameters numbered in order of first use, so the first
/// uses must come in order; a test over the catalogue checks it).
#[derive(Debug)]
pub struct Stmt {
    /// For SQLite.
    pub sqlite: &'static str,
    /// For PostgreSQL.
    pub postgres: &'static str,
}

/// Makes a [`Stmt`]: `sql!("…")`, or `sql! { sqlite: "…", postgres: "…" }`.
#[macro_export]
macro_rules! sql {
    (sqlite: $sqlite:expr, postgres: $postgres:expr $(,)?) => {
        $crate::sql::Stmt { sqlite: $sqlite, postgres: $postgres }
    };
    ($both:expr) => {
        $crate::sql::Stmt { sqlite: $both, postgres: $both }
    };
}
