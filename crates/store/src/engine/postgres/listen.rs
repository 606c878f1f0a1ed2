//! Hearing of changes: a connection of its own that listens, and proves again and again that it
//! would hear.
//!
//! A connection can be dead for minutes before anybody notices, and a pooler takes `LISTEN` and then
//! delivers nothing. So the listener sends itself a notification several times a second.
//! PostgreSQL delivers notifications in the order of their commits: when ours comes back,
//! everything committed before we sent it has come too, and only that counts as confirmed.

use std::future::poll_fn;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_postgres::AsyncMessage;

use super::address::Address;
use super::error;
use crate::changes::{Change, Changes};
use crate::error::StoreError;
use crate::tenants::TenantKey;

/// Between two proofs. With the time that one takes it must stay well below the second for which
/// unconfirmed knowledge is believed.
const PROOF_INTERVAL: Duration = Duration::from_millis(300);

/// After this long without an answer the connection is taken for dead.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);

/// Between two attempts to connect.
const RECONNECT_PAUSE: Duration = Duration::from_millis(500);

/// The channel of all Muster processes on one database.
const CHANNEL: &str = "muster_changes";

/// The statement that announces `change` when it is committed.
pub(super) fn notify(change: Change) -> String {
    match change {
        Change::Tenant(TenantKey(key)) => format!("NOTIFY {CHANNEL}, '{key}';"),
        Change::Anything => format!("NOTIFY {CHANNEL}, 'anything';"),
    }
}

/// Listens until it is aborted.
pub(super) async fn listen(address: Address, changes: Arc<Changes>) {
    let own = format!("proof {:016x}", RandomState::new().hash_one(0));
    let mut is_deaf = false;
    loop {
        if let Err(error) = listen_once(&address, &changes, &own, &mut is_deaf).await {
            // Once: it is tried again twice a second, for as long as it lasts.
            if !is_deaf {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "changes made by others are not heard for now"
                );
            }
            is_deaf = true;
        }
        tokio::time::sleep(RECONNECT_PAUSE).await;
    }
}

/// Listens on one connection, to its end.
async fn listen_once(address: &Address, changes: &Changes, own: &str, is_deaf: &mut bool) -> Result<(), StoreError> {
    let (client, mut connection) = address.connect_apart().await?;
    let (forward, mut heard) = unbounded_channel();
    let reading = tokio::spawn(async move {
        // Ends with the connection, or when nobody hears any more.
        while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
            if let AsyncMessage::Notification(notification) = message
                && forward.send(notification.payload().to_owned()).is_err()
            {
                break;
            }
        }
    });
    let outcome = async {
        answered(client.batch_execute(&format!("LISTEN {CHANNEL}"))).await?;
        // What was announced before has been missed.
        changes.tell(Change::Anything);
        loop {
            let sent = Instant::now();
            answered(client.batch_execute(&format!("NOTIFY {CHANNEL}, '{own}'"))).await?;
            hear(&mut heard, changes, own, sent).await?;
            if std::mem::take(is_deaf) {
                tracing::info!("changes made by others are heard again");
            }
        }
    }
    .await;
    reading.abort();
    outcome
}

/// Passes on what is heard until the next proof is due.
async fn hear(
    heard: &mut UnboundedReceiver<String>,
    changes: &Changes,
    own: &str,
    sent: Instant,
) -> Result<(), StoreError> {
    let mut is_proved = false;
    loop {
        let deadline = sent + if is_proved { PROOF_INTERVAL } else { ANSWER_TIMEOUT };
        let payload = match tokio::time::timeout_at(deadline.into(), heard.recv()).await {
            Err(_) if is_proved => return Ok(()),
            Err(_) => return Err(silent()),
            Ok(None) => return Err(StoreError::Unavailable("the connection that listens was lost".into())),
            Ok(Some(payload)) => payload,
        };
        if payload == own {
            changes.confirm(sent);
            is_proved = true;
        } else if let Ok(key) = payload.parse() {
            changes.tell(Change::Tenant(TenantKey(key)));
        } else if !payload.starts_with("proof ") {
            changes.tell(Change::Anything);
        }
    }
}

async fn answered(statement: impl Future<Output = Result<(), tokio_postgres::Error>>) -> Result<(), StoreError> {
    match tokio::time::timeout(ANSWER_TIMEOUT, statement).await {
        Ok(outcome) => outcome.map_err(|error| error::explain_plain(&error)),
        Err(_) => Err(silent()),
    }
}

fn silent() -> StoreError {
    StoreError::Unavailable("the connection that listens does not hear itself; is there a pooler in between?".into())
}
