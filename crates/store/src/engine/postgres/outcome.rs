//! What became of a transaction when the connection was lost while it was being committed.

use std::time::Duration;

use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::error::SqlState;

use super::Inner;
use super::connection::{Connection, Incarnation};
use super::queue::TransactionId;
use crate::error::StoreError;

/// How long we try to find out. Who waits for the answer gets none in the meantime.
const PATIENCE: Duration = Duration::from_secs(10);

/// Between two questions.
const PAUSE: Duration = Duration::from_millis(100);

/// What became of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Committed,
    /// Nothing of it is there, nor will be.
    RolledBack,
    /// The server cannot be asked, or does not know.
    Unknown,
}

/// Asks the server what became of a transaction that it has, or has not, been told to commit.
pub(super) async fn of(inner: &Inner, transaction: TransactionId, was: Option<Incarnation>) -> Outcome {
    let asking = async {
        loop {
            if let Ok(connection) = inner.connect().await
                && let Ok(Some(outcome)) = ask(&connection, transaction, was).await
            {
                return outcome;
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.unwrap_or(Outcome::Unknown)
}

/// `None` while the server is still busy with it, or has not noticed that we have gone.
async fn ask(
    connection: &Connection,
    TransactionId(number): TransactionId,
    was: Option<Incarnation>,
) -> Result<Option<Outcome>, StoreError> {
    let status = connection.client.simple_query(&format!("SELECT pg_xact_status('{number}')")).await;
    let status = match status {
        Ok(answers) => answers.iter().find_map(status_in),
        // Its number has not been given to anybody by this server.
        Err(error) if error.code() == Some(&SqlState::INVALID_PARAMETER_VALUE) => Some("aborted".to_owned()),
        Err(error) => return Err(super::error::explain_plain(&error)),
    };
    Ok(match status.as_deref() {
        Some("in progress") => {
            let _: Result<_, _> = connection.client.batch_execute(&end_idle(number)).await;
            None
        }
        // What was committed stays so. What was not stays so too, whatever the server has been through.
        Some("aborted") => Some(Outcome::RolledBack),
        // A server that has crashed, or another one in its place, may have given the number to another.
        Some("committed") if was.is_some() && connection.incarnation == was => Some(Outcome::Committed),
        _ => Some(Outcome::Unknown),
    })
}

/// Ends the connection of a transaction that waits for us to say something. It has not got the COMMIT, and
/// shall not get it any more. (One that waits for its standby is left alone.)
fn end_idle(transaction: u64) -> String {
    format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE backend_xid = '{transaction}'::xid8::xid AND usename = current_user AND state LIKE 'idle in transaction%'"
    )
}

fn status_in(answer: &SimpleQueryMessage) -> Option<String> {
    let SimpleQueryMessage::Row(row) = answer else { return None };
    row.get(0).map(str::to_owned)
}
