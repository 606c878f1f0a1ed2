//! SQLite, by its own library.

use std::ops::Range;
use std::path::Path;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql, params_from_iter};

use super::{Kind, Raw, Read, Sample, Step, Value};

/// One connection that does everything.
pub(crate) struct Sqlite(Connection);

impl Sqlite {
    /// With the settings of the server.
    pub(crate) fn open(file: &Path) -> Self {
        let connection = Connection::open(file).unwrap();
        let settings = [
            ("journal_mode", "WAL"),
            ("synchronous", "FULL"),
            ("cache_size", "-262144"),
            ("mmap_size", "2147483648"),
            ("wal_autocheckpoint", "10000"),
        ];
        for (name, value) in settings {
            connection.pragma_update(None, name, value).unwrap();
        }
        connection.set_prepared_statement_cache_capacity(64);
        Self(connection)
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl Raw for Sqlite {
    async fn samples(&mut self, table: &'static str, tenant: i64, column: &str, value: Value) -> Vec<Sample> {
        let sql = format!("SELECT * FROM {table} WHERE tenant = $1 AND {column} = $2");
        let Ok(mut statement) = self.0.prepare(&sql) else { return Vec::new() };
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut rows = statement.query([Value::Int(tenant), value]).unwrap();
        let mut samples = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            let mut sample = Sample { table, columns: Vec::new(), values: Vec::new() };
            for (place, name) in names.iter().enumerate() {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                let (kind, value) = match row.get_ref_unwrap(place) {
                    ValueRef::Null => (Kind::Text, Value::Null),
                    ValueRef::Integer(number) => (Kind::Int, Value::Int(number)),
                    ValueRef::Text(bytes) => (Kind::Text, Value::Text(text(bytes))),
                    ValueRef::Blob(bytes) => (Kind::Bytes, Value::Bytes(bytes.to_vec())),
                    ValueRef::Real(_) => panic!("{table}.{name} is no value of ours"),
                };
                sample.columns.push((name.clone(), kind));
                sample.values.push(value);
            }
            samples.push(sample);
        }
        samples
    }

    async fn number(&mut self, sql: &str, params: Vec<Value>) -> i64 {
        self.0.query_row(sql, params_from_iter(params), |row| row.get(0)).unwrap()
    }

    async fn numbers(&mut self, sql: &str, params: Vec<Value>) -> Vec<i64> {
        let mut statement = self.0.prepare(sql).unwrap();
        let numbers = statement.query_map(params_from_iter(params), |row| row.get(0)).unwrap();
        numbers.map(Result::unwrap).collect()
    }

    async fn read(&mut self, read: &Read, rounds: usize) {
        for round in 0..rounds {
            let mut statement = self.0.prepare_cached(&read.sql).unwrap();
            let columns = statement.column_count();
            let mut rows = statement.query(params_from_iter((read.params)(round))).unwrap();
            while let Some(row) = rows.next().unwrap() {
                for column in 0..columns {
                    std::hint::black_box(row.get_ref_unwrap(column));
                }
            }
        }
    }

    async fn write(&mut self, steps: &[Step], requests: Range<usize>, batch: usize) {
        for first in requests.clone().step_by(batch) {
            self.0.execute_batch("BEGIN IMMEDIATE").unwrap();
            for request in first..requests.end.min(first + batch) {
                for step in steps {
                    let mut statement = self.0.prepare_cached(&step.sqlite).unwrap();
                    let mut rows = statement.query(params_from_iter((step.params)(request))).unwrap();
                    while rows.next().unwrap().is_some() {}
                }
            }
            self.0.execute_batch("COMMIT").unwrap();
        }
    }
}
