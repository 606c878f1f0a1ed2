//! A connection and the statements that are prepared on it; how the pool makes one.

use std::collections::HashMap;

use deadpool::managed::{Manager, Metrics, Object, RecycleError, RecycleResult};
use tokio_postgres::types::{IsNull, ToSql, Type, private::BytesMut, to_sql_checked};
use tokio_postgres::{Client, SimpleQueryMessage, Statement};

use super::address::Address;
use super::error;
use crate::error::StoreError;
use crate::tenants::TenantKey;
use crate::tx::{Kind, List, Param};

/// Statements that one connection keeps prepared. Those of the repositories are some 70; the rest
/// are shapes of filters.
const STATEMENTS_CACHED_MAX: usize = 512;

/// A connection from the pool, which gets it back when this is dropped.
pub(super) type Pooled = Object<Connector>;

/// How the pool makes connections.
#[derive(Debug, Clone)]
pub(super) struct Connector {
    pub(super) address: Address,
    /// Run on each new connection; empty with a pooler in between, which would hand what it sets
    /// to others.
    pub(super) settings: String,
    pub(super) keeps_statements: bool,
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(super) client: Client,
    pub(super) memory: Memory,
    /// `None` when the server would not say.
    pub(super) incarnation: Option<Incarnation>,
}

/// One life of a server, from its start, or its recovery from a crash, to its end. Within one, a number
/// that it has given to a transaction means that transaction. (Its statistics begin anew when it has
/// crashed, and are its own; or when an administrator wants them to.)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Incarnation(i64);

impl Incarnation {
    pub(super) async fn of(client: &Client) -> Option<Self> {
        let asked =
            client.simple_query("SELECT cast(extract(epoch FROM stats_reset) * 1000000 AS bigint) FROM pg_stat_wal");
        asked.await.ok()?.iter().find_map(|answer| match answer {
            SimpleQueryMessage::Row(row) => row.get(0)?.parse().ok().map(Self),
            _ => None,
        })
    }
}

/// What is known of the server's side of a connection.
#[derive(Debug)]
pub(super) struct Memory {
    /// `None`: a pooler is in between, so that the next statement may run on another connection.
    statements: Option<Statements>,
    transactions: u64,
}

/// What has been prepared, by text.
#[derive(Debug, Default)]
struct Statements {
    by_text: HashMap<Box<str>, Prepared>,
    /// Counts uses, so that the statement that was not used for longest can be told.
    uses: u64,
}

#[derive(Debug)]
struct Prepared {
    statement: Statement,
    last_use: u64,
}

impl Manager for Connector {
    type Type = Connection;
    type Error = StoreError;

    async fn create(&self) -> Result<Connection, StoreError> {
        let client = self.address.connect().await.map_err(|error| match error {
            // It let us in before: whatever keeps us out now is an operator at work.
            StoreError::Incompatible(reason) => StoreError::Unavailable(reason),
            other => other,
        })?;
        if !self.settings.is_empty() {
            client.batch_execute(&self.settings).await.map_err(|e| error::explain_plain(&e))?;
        }
        let incarnation = Incarnation::of(&client).await;
        let memory = Memory { statements: self.keeps_statements.then(Statements::default), transactions: 0 };
        Ok(Connection { client, memory, incarnation })
    }

    async fn recycle(&self, connection: &mut Connection, _: &Metrics) -> RecycleResult<StoreError> {
        if connection.client.is_closed() { Err(RecycleError::message("it has been closed")) } else { Ok(()) }
    }
}

impl Memory {
    /// Whether statements are prepared once and kept.
    pub(super) fn keeps_statements(&self) -> bool {
        self.statements.is_some()
    }

    /// What a transaction is to do first.
    ///
    /// Plans are kept with the statements, and those that were made for empty tables find nothing in full
    /// ones. PostgreSQL makes new ones when it has looked at the tables again, which may take it minutes;
    /// so we ask for new ones when there can be several times as much as before.
    pub(super) fn preparation(&mut self) -> &'static str {
        self.transactions += 1;
        let is_due = self.statements.is_some() && is_power_of_four(self.transactions);
        if is_due { "DISCARD PLANS;" } else { "" }
    }

    /// The statement of that text, if it is prepared.
    pub(super) fn prepared(&mut self, text: &str) -> Option<Statement> {
        let statements = self.statements.as_mut()?;
        statements.uses += 1;
        let prepared = statements.by_text.get_mut(text)?;
        prepared.last_use = statements.uses;
        Some(prepared.statement.clone())
    }

    /// Keeps a statement that was prepared.
    pub(super) fn keep(&mut self, text: &str, statement: &Statement) {
        let Some(statements) = &mut self.statements else { return };
        if statements.by_text.len() >= STATEMENTS_CACHED_MAX {
            statements.forget_oldest();
        }
        let prepared = Prepared { statement: statement.clone(), last_use: statements.uses };
        statements.by_text.insert(text.into(), prepared);
    }
}

fn is_power_of_four(number: u64) -> bool {
    number.is_power_of_two() && number.trailing_zeros().is_multiple_of(2)
}

impl Statements {
    /// Dropping it tells the server to forget it too.
    fn forget_oldest(&mut self) {
        let oldest = self.by_text.iter().min_by_key(|(_, prepared)| prepared.last_use);
        if let Some(text) = oldest.map(|(text, _)| text.clone()) {
            self.by_text.remove(&text);
        }
    }
}

impl Param<'_> {
    /// What PostgreSQL is told that it is, so that it does not guess from the statement.
    pub(super) fn kind(&self) -> Type {
        match self {
            Self::Int(_) | Self::Tenant(_) | Self::Absent(Kind::Int | Kind::Tenant) => Type::INT8,
            Self::Text(_) | Self::Absent(Kind::Text) => Type::TEXT,
            Self::Bytes(_) | Self::Absent(Kind::Bytes) => Type::BYTEA,
            Self::List(List::Ints(_)) => Type::INT8_ARRAY,
            Self::List(List::Texts(_)) => Type::TEXT_ARRAY,
            Self::List(List::Bytes(_)) => Type::BYTEA_ARRAY,
            Self::Null => Type::UNKNOWN,
        }
    }
}

impl ToSql for Param<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match *self {
            Self::Null | Self::Absent(_) => Ok(IsNull::Yes),
            Self::Int(value) | Self::Tenant(TenantKey(value)) => match *kind {
                Type::INT2 => i16::try_from(value)?.to_sql(kind, out),
                Type::INT4 => i32::try_from(value)?.to_sql(kind, out),
                _ => value.to_sql(kind, out),
            },
            Self::Text(value) => value.to_sql(kind, out),
            Self::Bytes(value) => value.to_sql(kind, out),
            Self::List(List::Ints(values)) => values.to_sql(kind, out),
            Self::List(List::Texts(values)) => values.to_sql(kind, out),
            Self::List(List::Bytes(values)) => values.to_sql(kind, out),
        }
    }

    // A parameter of the wrong kind is a wrong statement, which the server refuses.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use super::is_power_of_four;

    #[test]
    fn plans_are_made_anew_ever_more_seldom() {
        let due: Vec<u64> = (0..1000).filter(|number| is_power_of_four(*number)).collect();

        assert_eq!(due, [1, 4, 16, 64, 256]);
    }
}
