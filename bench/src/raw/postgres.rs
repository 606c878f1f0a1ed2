//! PostgreSQL, by its protocol: statements are prepared, and those of one commit are sent at once.

use std::collections::HashMap;
use std::ops::Range;

use futures_util::future::{join, join_all};
use testdb::Database;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, NoTls, Statement};

use super::{BATCH, Kind, Raw, Read, Sample, Step, Value};

/// Two connections with many requests in flight on each, which measured best.
pub(crate) struct Postgres {
    clients: [Client; 2],
    prepared: HashMap<String, [Statement; 2]>,
}

impl Postgres {
    /// As the superuser, who is not asked whose rows he may see.
    pub(crate) async fn open(database: &Database<'static>) -> Self {
        let url = database.url().replace("//muster@", "//postgres@");
        let connect = async || {
            let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
            tokio::spawn(async { connection.await.unwrap() });
            client
        };
        Self { clients: [connect().await, connect().await], prepared: HashMap::new() }
    }

    async fn prepare(&mut self, sql: &str) -> [Statement; 2] {
        if let Some(prepared) = self.prepared.get(sql) {
            return prepared.clone();
        }
        let prepare = async |client: &Client| match client.prepare(sql).await {
            Ok(statement) => statement,
            Err(error) => panic!("{sql}: {error:?}"),
        };
        let prepared = [prepare(&self.clients[0]).await, prepare(&self.clients[1]).await];
        self.prepared.insert(sql.to_owned(), prepared.clone());
        prepared
    }
}

impl ToSql for Value {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut bytes::BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(number) => number.to_sql(kind, out),
            Self::Text(text) => text.to_sql(kind, out),
            Self::Bytes(bytes) => bytes.to_sql(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// The values of one parameter for several requests.
fn array(kind: Kind, values: impl Iterator<Item = Value>) -> Box<dyn ToSql + Sync + Send> {
    match kind {
        Kind::Int => Box::new(
            values.map(|value| if let Value::Int(number) = value { Some(number) } else { None }).collect::<Vec<_>>(),
        ),
        Kind::Text => Box::new(
            values.map(|value| if let Value::Text(text) = value { Some(text) } else { None }).collect::<Vec<_>>(),
        ),
        Kind::Bytes => Box::new(
            values.map(|value| if let Value::Bytes(bytes) = value { Some(bytes) } else { None }).collect::<Vec<_>>(),
        ),
    }
}

fn refer(params: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    params.iter().map(|param| -> &(dyn ToSql + Sync) { param }).collect()
}

impl Raw for Postgres {
    async fn samples(&mut self, table: &'static str, tenant: i64, column: &str, value: Value) -> Vec<Sample> {
        let sql = format!("SELECT * FROM {table} WHERE tenant = $1 AND {column} = $2");
        let Ok(rows) = self.clients[0].query(&sql, &[&Value::Int(tenant), &value]).await else { return Vec::new() };
        let read = |row: &tokio_postgres::Row| {
            let mut sample = Sample { table, columns: Vec::new(), values: Vec::new() };
            for (place, column) in row.columns().iter().enumerate() {
                let (kind, value) = match *column.type_() {
                    Type::INT8 => (Kind::Int, row.get::<_, Option<i64>>(place).map(Value::Int)),
                    Type::BYTEA => (Kind::Bytes, row.get::<_, Option<Vec<u8>>>(place).map(Value::Bytes)),
                    Type::TEXT => (Kind::Text, row.get::<_, Option<String>>(place).map(Value::Text)),
                    ref other => panic!("{table}.{} is of type {other}", column.name()),
                };
                sample.columns.push((column.name().to_owned(), kind));
                sample.values.push(value.unwrap_or(Value::Null));
            }
            sample
        };
        rows.iter().map(read).collect()
    }

    async fn number(&mut self, sql: &str, params: Vec<Value>) -> i64 {
        self.numbers(sql, params).await[0]
    }

    async fn numbers(&mut self, sql: &str, params: Vec<Value>) -> Vec<i64> {
        let [statement, _] = self.prepare(sql).await;
        let rows = self.clients[0].query(&statement, &refer(&params)).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    async fn read(&mut self, read: &Read, rounds: usize) {
        let prepared = self.prepare(&read.sql).await;
        let clients = &self.clients;
        let readers = (0..BATCH).map(async |reader| {
            let (client, statement) = (&clients[reader % 2], &prepared[reader % 2]);
            for round in (reader..rounds).step_by(BATCH) {
                let params = (read.params)(round);
                std::hint::black_box(client.query(statement, &refer(&params)).await.unwrap());
            }
        });
        join_all(readers).await;
    }

    async fn write(&mut self, steps: &[Step], requests: Range<usize>, batch: usize) {
        let mut prepared = Vec::new();
        for step in steps {
            prepared.push(self.prepare(&step.postgres).await[0].clone());
        }
        let client = &self.clients[0];
        for first in requests.clone().step_by(batch) {
            let batch = first..requests.end.min(first + batch);
            let run = async |place: usize| {
                let step = &steps[place];
                let rows: Vec<Vec<Value>> = batch.clone().map(|request| (step.params)(request)).collect();
                let column = |(column, kind): (usize, &Kind)| array(*kind, rows.iter().map(|row| row[column].clone()));
                let arrays: Vec<_> = step.kinds.iter().enumerate().map(column).collect();
                let params: Vec<&(dyn ToSql + Sync)> =
                    arrays.iter().map(|array| -> &(dyn ToSql + Sync) { &**array }).collect();
                client.query(&prepared[place], &params).await.unwrap();
            };
            let work = join_all((0..steps.len()).map(run));
            let (begun, (_, committed)) =
                join(client.batch_execute("BEGIN"), join(work, client.batch_execute("COMMIT"))).await;
            begun.unwrap();
            committed.unwrap();
        }
    }
}
