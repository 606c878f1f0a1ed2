//! Databases without anything around them: the limit of reading and writing rows.
//!
//! Rows are like those that the server wrote for one request, whatever columns they have; so what is measured here
//! keeps up with the schema.

mod postgres;
mod sqlite;

pub(crate) use postgres::Postgres;
pub(crate) use sqlite::Sqlite;

use crate::user::{self, PATTERN};

/// Rows that are written have these numbers, which nobody else's have.
pub(crate) const FIRST: usize = 90_000_000;

/// How many requests share a commit: what 16 clients ask for at a time.
pub(crate) const BATCH: usize = 16;

/// What stands in a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// What can stand in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    Text,
    Bytes,
}

/// A row that the server wrote.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) table: &'static str,
    pub(crate) columns: Vec<(String, Kind)>,
    pub(crate) values: Vec<Value>,
}

impl Sample {
    /// What stands in the column of that name.
    pub(crate) fn value(&self, name: &str) -> &Value {
        let place = self.columns.iter().position(|(column, _)| column == name);
        &self.values[place.unwrap_or_else(|| panic!("{} has no {name}", self.table))]
    }

    pub(crate) fn int(&self, name: &str) -> i64 {
        match self.value(name) {
            Value::Int(number) => *number,
            other => panic!("{}.{name} is {other:?}", self.table),
        }
    }

    /// The same of another user: `id` and [`PATTERN`] are replaced, and what numbers rows is `row`.
    fn of(&self, number: usize, row: i64, id: scim::id::Id) -> Vec<Value> {
        let (digits, new) = (user::digits(number), user::id(number));
        let other = |(column, _): &(String, Kind), value: &Value| match value {
            Value::Int(_) if ["pk", "seq", "draft"].contains(&column.as_str()) => Value::Int(row),
            Value::Text(text) => Value::Text(text.replace(PATTERN, &digits).replace(&id.to_string(), &new.to_string())),
            Value::Bytes(bytes) if *bytes == id.to_bytes() => Value::Bytes(new.to_bytes().to_vec()),
            other => other.clone(),
        };
        self.columns.iter().zip(&self.values).map(|(column, value)| other(column, value)).collect()
    }
}

/// The parameters of a statement for the request of that number.
pub(crate) type Params = Box<dyn Fn(usize) -> Vec<Value>>;

/// A statement that reads.
pub(crate) struct Read {
    pub(crate) sql: String,
    pub(crate) params: Params,
}

/// A statement that is part of a change. SQLite runs it for each request, PostgreSQL once for all requests that
/// share a commit, over arrays of their parameters.
pub(crate) struct Step {
    pub(crate) sqlite: String,
    pub(crate) postgres: String,
    pub(crate) kinds: Vec<Kind>,
    pub(crate) params: Params,
}

impl Step {
    /// Inserts rows like `sample`, which is of the user `id`; the first of them gets the number `first_row`.
    pub(crate) fn insert(sample: &Sample, id: scim::id::Id, first_row: i64) -> Self {
        let names: Vec<&str> = sample.columns.iter().map(|(name, _)| name.as_str()).collect();
        let kinds: Vec<Kind> = sample.columns.iter().map(|(_, kind)| *kind).collect();
        let insert = format!("INSERT INTO {} ({})", sample.table, names.join(", "));
        let sample = sample.clone();
        Self {
            sqlite: format!("{insert} VALUES ({})", places(names.len())),
            postgres: format!("{insert} SELECT * FROM unnest({})", arrays(&kinds)),
            kinds,
            params: Box::new(move |number| sample.of(FIRST + number, first_row + number as i64, id)),
        }
    }

    /// A statement with `$1`, `$2`, …; `postgres` finds them as `given.c1`, `given.c2`, … in `{given}`.
    pub(crate) fn new(sqlite: &str, postgres: &str, kinds: &[Kind], params: Params) -> Self {
        let names: Vec<String> = (1..=kinds.len()).map(|number| format!("c{number}")).collect();
        let given = format!("unnest({}) AS given ({})", arrays(kinds), names.join(", "));
        Self { sqlite: sqlite.to_owned(), postgres: postgres.replace("{given}", &given), kinds: kinds.to_vec(), params }
    }
}

fn places(count: usize) -> String {
    (1..=count).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ")
}

fn arrays(kinds: &[Kind]) -> String {
    let array = |(place, kind): (usize, &Kind)| {
        let name = match kind {
            Kind::Int => "bigint",
            Kind::Text => "text",
            Kind::Bytes => "bytea",
        };
        format!("${}::{name}[]", place + 1)
    };
    kinds.iter().enumerate().map(array).collect::<Vec<_>>().join(", ")
}

/// A database that is asked directly.
pub(crate) trait Raw {
    /// The rows of a tenant in a table where a column has a value; none when there is no such table.
    async fn samples(&mut self, table: &'static str, tenant: i64, column: &str, value: Value) -> Vec<Sample>;

    /// One number.
    async fn number(&mut self, sql: &str, params: Vec<Value>) -> i64;

    /// A list of numbers.
    async fn numbers(&mut self, sql: &str, params: Vec<Value>) -> Vec<i64>;

    /// Reads so many times.
    async fn read(&mut self, read: &Read, rounds: usize);

    /// Writes for so many requests, [`BATCH`] or `batch` in each commit, which is on the disk when it comes back.
    async fn write(&mut self, steps: &[Step], requests: std::ops::Range<usize>, batch: usize);
}
