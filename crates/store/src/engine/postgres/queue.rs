//! What is sent together with the next statement, and what is known of the way to the server and back.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use futures_util::future::{MaybeDone, join, maybe_done};
use tokio_postgres::{Client, Error, SimpleQueryMessage, Statement};

use crate::sql::Stmt;
use crate::tenants::TenantKey;
use crate::tx::{Kind, Param};

/// Texts and statements whose answers nobody needs, in order.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: Vec<Queued>,
    /// How many times something was sent whose answer was waited for. Not 0: the transaction has begun,
    /// so the server has to be told of its end.
    pub(super) round_trips: u64,
    /// How many statements were asked for.
    pub(super) statements: u64,
    /// The transaction's id, where [`TRANSACTION_ID`] asked for it.
    pub(super) transaction: Option<TransactionId>,
}

/// What the server calls a transaction that writes (`xid8`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TransactionId(pub(super) u64);

/// A text that asks for the transaction's id.
pub(super) const TRANSACTION_ID: &str = "SELECT pg_current_xact_id() AS transaction_id;";

#[derive(Debug)]
enum Queued {
    /// One or several statements without parameters.
    Text(String),
    Statement {
        statement: &'static Stmt,
        prepared: Option<Statement>,
        params: Vec<Owned>,
    },
}

/// A [`Param`] that waits.
#[derive(Debug)]
enum Owned {
    Null,
    Absent(Kind),
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
    Tenant(TenantKey),
}

/// Why something that was sent was not done.
#[derive(Debug)]
pub(super) enum Failure {
    /// There is no connection any more.
    Ended,
    /// It failed itself.
    Of(Error),
    /// A statement before it failed, whose answer comes now.
    Earlier(Error, &'static Stmt),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Of(error)
    }
}

impl Queue {
    pub(super) fn beginning_with(text: String) -> Self {
        Self { waiting: vec![Queued::Text(text)], ..Self::default() }
    }

    /// Whether the server knows of the transaction.
    pub(super) fn has_begun(&self) -> bool {
        self.round_trips > 0
    }

    /// Whether there is something to be done at the end that is more than ending.
    pub(super) fn has_statements(&self) -> bool {
        self.waiting.iter().any(|queued| matches!(queued, Queued::Statement { .. }))
    }

    /// `text`, to be sent after all else, with the text that waits right before it.
    pub(super) fn take_text_before(&mut self, text: &str) -> String {
        match self.waiting.pop() {
            Some(Queued::Text(before)) if !before.contains(TRANSACTION_ID) => before + text,
            other => {
                self.waiting.extend(other);
                text.to_owned()
            }
        }
    }

    /// Whether nothing has been asked for yet; then what the transaction is to begin with.
    pub(super) fn beginning(&self) -> Option<&str> {
        match &*self.waiting {
            [Queued::Text(text)] if !self.has_begun() => Some(text),
            _ => None,
        }
    }

    /// Takes back all of the transaction, and begins it with `text` again.
    pub(super) fn begin_again(&mut self, text: &str) {
        self.transaction = None;
        self.waiting.clear();
        self.push_text("ROLLBACK;");
        self.push_text(text);
    }

    /// Adds statements that end with a semicolon each.
    pub(super) fn push_text(&mut self, text: &str) {
        match self.waiting.last_mut() {
            Some(Queued::Text(last)) => last.push_str(text),
            _ => self.waiting.push(Queued::Text(text.to_owned())),
        }
    }

    pub(super) fn push_statement(
        &mut self,
        statement: &'static Stmt,
        prepared: Option<Statement>,
        params: &[Param<'_>],
    ) {
        let params = params.iter().map(|param| Owned::of(*param)).collect();
        self.waiting.push(Queued::Statement { statement, prepared, params });
    }

    /// Sends what waits, and `then` behind it, before any of it is answered.
    pub(super) async fn flush<T>(
        &mut self,
        client: &Client,
        then: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Failure> {
        self.round_trips += 1;
        if self.waiting.is_empty() {
            return Ok(then.await?);
        }
        let queued = std::mem::take(&mut self.waiting);
        // Polled in this order, so sent in this order.
        let (answers, then) = join(in_order(queued.iter().map(|queued| queued.send(client))), then).await;
        for (queued, answer) in queued.iter().zip(answers) {
            match (answer, queued) {
                (Ok(transaction), _) => self.transaction = self.transaction.or(transaction),
                (Err(error), Queued::Text(_)) => return Err(Failure::Of(error)),
                (Err(error), Queued::Statement { statement, .. }) => return Err(Failure::Earlier(error, statement)),
            }
        }
        Ok(then?)
    }
}

/// Polls all, the first ones first. (`join_all` polls many in another order.)
async fn in_order<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut futures: Vec<Pin<Box<MaybeDone<F>>>> = futures.map(|future| Box::pin(maybe_done(future))).collect();
    poll_fn(|context| {
        let waiting =
            futures.iter_mut().filter_map(|future| future.as_mut().poll(context).is_pending().then_some(())).count();
        if waiting == 0 { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    futures.iter_mut().filter_map(|future| future.as_mut().take_output()).collect()
}

impl Queued {
    /// Gives the transaction's id, if this asked for it.
    async fn send(&self, client: &Client) -> Result<Option<TransactionId>, Error> {
        match self {
            Self::Text(text) if text.contains(TRANSACTION_ID) => {
                client.simple_query(text).await.map(|answers| answers.iter().find_map(transaction_id))
            }
            Self::Text(text) => client.batch_execute(text).await.map(|()| None),
            Self::Statement { prepared: Some(prepared), params, .. } => {
                client.execute_raw(prepared, params.iter().map(Owned::param)).await.map(|_| None)
            }
            Self::Statement { prepared: None, statement, params } => {
                let params: Vec<Param<'_>> = params.iter().map(Owned::param).collect();
                let typed: Vec<_> = params.iter().map(|param| (param as _, param.kind())).collect();
                client.execute_typed(statement.postgres(), &typed).await.map(|_| None)
            }
        }
    }
}

fn transaction_id(answer: &SimpleQueryMessage) -> Option<TransactionId> {
    let SimpleQueryMessage::Row(row) = answer else { return None };
    row.try_get("transaction_id").ok()??.parse().ok().map(TransactionId)
}

impl Owned {
    fn of(param: Param<'_>) -> Self {
        match param {
            // What takes lists does not wait: see `PgTx::queue`.
            Param::Null | Param::List(_) => Self::Null,
            Param::Absent(kind) => Self::Absent(kind),
            Param::Int(value) => Self::Int(value),
            Param::Text(value) => Self::Text(value.to_owned()),
            Param::Bytes(value) => Self::Bytes(value.to_owned()),
            Param::Tenant(tenant) => Self::Tenant(tenant),
        }
    }

    fn param(&self) -> Param<'_> {
        match self {
            Self::Null => Param::Null,
            Self::Absent(kind) => Param::Absent(*kind),
            Self::Int(value) => Param::Int(*value),
            Self::Text(value) => Param::Text(value),
            Self::Bytes(value) => Param::Bytes(value),
            Self::Tenant(tenant) => Param::Tenant(*tenant),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    #[test]
    fn what_waits_is_sent_in_order_however_much_it_is() {
        let sent = RefCell::new(Vec::new());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();

        let futures = (0..100).map(|number| {
            let sent = &sent;
            async move {
                sent.borrow_mut().push(number);
                tokio::task::yield_now().await;
                number
            }
        });
        let answers = runtime.block_on(super::in_order(futures));

        assert_eq!(answers, (0..100).collect::<Vec<_>>());
        assert_eq!(sent.into_inner(), answers);
    }
}
