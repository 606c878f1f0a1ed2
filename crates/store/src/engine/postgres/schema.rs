//! The schema: whether this server and role will do, and the steps that the database lacks.

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Row};

use super::address::Address;
use super::error;
use crate::error::StoreError;
use crate::migrate::{self, Migration};

/// The oldest PostgreSQL that is tested.
const SERVER_VERSION_MIN: i32 = 15;

/// The lock that keeps two processes from bringing the schema forward at once: `MUST` as a number.
pub(super) const MIGRATION_LOCK: i64 = 0x4d55_5354;

/// Brings the schema up to date, one step per transaction; other processes wait meanwhile. Gives the
/// connection.
pub(super) async fn migrate(address: &Address) -> Result<Client, StoreError> {
    let client = address.connect().await?;
    expect_usable(&client).await?;
    while step(&client).await? {}
    Ok(client)
}

/// Refuses a database whose schema is not this program's. Gives the connection.
pub(super) async fn expect_current(address: &Address) -> Result<Client, StoreError> {
    let client = address.connect().await?;
    expect_usable(&client).await?;
    match version(&client).await? {
        0 => Err(StoreError::Incompatible("it is not a database of Muster: it has none of its tables".into())),
        found if steps_after(found)?.is_empty() => Ok(client),
        _ => Err(StoreError::Incompatible(
            "it was written by an older Muster; start this one's server on it once".into(),
        )),
    }
}

/// The number of the last step; 0 when there is none.
pub(super) async fn version(client: &Client) -> Result<u32, StoreError> {
    // Not `to_regclass`, which believes what it found before others changed it.
    let is_there = "SELECT EXISTS (SELECT FROM pg_class WHERE relname = 'muster_schema'
                                     AND relnamespace = current_schema()::regnamespace)";
    let is_there: Vec<bool> = ask(client, is_there).await?.iter().map(|row| row.get(0)).collect();
    if is_there != [true] {
        return Ok(0);
    }
    let rows = ask(client, "SELECT max(version) FROM muster_schema").await?;
    let version: Option<i32> = rows.first().and_then(|row| row.get(0));
    Ok(version.and_then(|version| u32::try_from(version).ok()).unwrap_or(0))
}

/// Asks in one message: what is prepared by one may be unknown to the connection that a pooler gives the next.
async fn ask(client: &Client, text: &str) -> Result<Vec<Row>, StoreError> {
    client.query_typed(text, &[]).await.map_err(|error| error::explain_plain(&error))
}

/// Runs the next step. Gives whether there may be another.
async fn step(client: &Client) -> Result<bool, StoreError> {
    let plain = |error: tokio_postgres::Error| error::explain_plain(&error);
    let found = version(client).await?;
    if steps_after(found)?.is_empty() {
        return Ok(false);
    }
    // Steps may change the rows of all tenants, and take longer than a statement of a request.
    let begin = format!(
        "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL muster.tenant = 'all';
         SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"
    );
    client.batch_execute(&begin).await.map_err(plain)?;
    // Whoever had the lock before may have run it.
    let found = version(client).await?;
    let Some(step) = steps_after(found)?.first() else {
        client.batch_execute("ROLLBACK").await.map_err(plain)?;
        return Ok(false);
    };
    let text = format!(
        "CREATE TABLE IF NOT EXISTS muster_schema (version integer PRIMARY KEY, name text NOT NULL);
         {};
         INSERT INTO muster_schema VALUES ({}, '{}');
         COMMIT",
        step.postgres, step.number, step.name
    );
    client.batch_execute(&text).await.map_err(|error| refused(step, &error))?;
    tracing::info!(number = step.number, name = step.name, "the schema was brought forward");
    Ok(true)
}

fn steps_after(found: u32) -> Result<&'static [Migration], StoreError> {
    migrate::steps_after(found).ok_or_else(|| {
        StoreError::Incompatible(format!(
            "the database was written by a newer Muster (its schema is {found}, this program knows {}); \
             run that version, or restore the backup made before the upgrade",
            migrate::MIGRATIONS.len(),
        ))
    })
}

fn refused(step: &Migration, error: &tokio_postgres::Error) -> StoreError {
    match error.as_db_error() {
        Some(db) if *db.code() == SqlState::INSUFFICIENT_PRIVILEGE => StoreError::Incompatible(format!(
            "the role may not make tables ({}); let it own the database: ALTER DATABASE … OWNER TO …",
            db.message()
        )),
        Some(db) => StoreError::Incompatible(format!(
            "migration {} ({}) was taken back: {}",
            step.number,
            step.name,
            db.message()
        )),
        None => error::explain_plain(error),
    }
}

/// Refuses a server that is too old or keeps texts in another encoding, and a role that row-level
/// security does not hold back.
async fn expect_usable(client: &Client) -> Result<(), StoreError> {
    let rows = ask(
        client,
        "SELECT current_setting('server_version_num')::int / 10000, current_setting('server_encoding'), current_user::text,
           (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user)",
    );
    let rows = rows.await?;
    let Some(row) = rows.first() else { return Err(StoreError::Incompatible("it does not say who it is".into())) };
    let (version, encoding, user, bypasses): (i32, String, String, bool) =
        (row.get(0), row.get(1), row.get(2), row.get(3));
    if version < SERVER_VERSION_MIN {
        let reason = format!("it is PostgreSQL {version}; Muster needs {SERVER_VERSION_MIN} or newer");
        return Err(StoreError::Incompatible(reason));
    }
    if encoding != "UTF8" {
        let reason = format!("the database is encoded in {encoding}; make one with ENCODING 'UTF8'");
        return Err(StoreError::Incompatible(reason));
    }
    if bypasses {
        return Err(StoreError::Incompatible(format!(
            "the role {user} is exempt from row-level security, which keeps tenants apart; make one that is not: \
             CREATE ROLE muster LOGIN PASSWORD '…'; ALTER DATABASE … OWNER TO muster"
        )));
    }
    Ok(())
}

/// What is wrong with the schema, a line each.
pub(super) async fn problems(client: &Client) -> Result<Vec<String>, StoreError> {
    let mut problems = Vec::new();
    let (found, known) = (version(client).await?, migrate::MIGRATIONS.len());
    if usize::try_from(found) != Ok(known) {
        problems.push(format!("the schema is at step {found}, this program knows {known}"));
    }
    let open = ask(
        client,
        "SELECT c.relname::text FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
         WHERE c.relkind IN ('r', 'p') AND c.relnamespace = current_schema()::regnamespace AND a.attname = 'tenant'
           AND NOT (c.relrowsecurity AND c.relforcerowsecurity) ORDER BY c.relname",
    );
    for row in open.await? {
        problems
            .push(format!("row-level security does not keep tenants apart in the table {}", row.get::<_, String>(0)));
    }
    Ok(problems)
}
