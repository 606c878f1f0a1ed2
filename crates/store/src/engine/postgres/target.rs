//! A database that is being filled by a copy: it is marked by a table, from before the first row until
//! both sides have been compared, so that no server starts on half of the data.

use tokio_postgres::Client;

use super::error;
use super::schema::MIGRATION_LOCK;
use crate::error::StoreError;
use crate::transfer::tables::TABLES;

/// The mark. It has no columns.
const MARK: &str = "muster_unfinished_copy";

/// Refuses a database that is marked.
pub(super) async fn expect_unmarked(client: &Client) -> Result<(), StoreError> {
    if is_marked(client).await? {
        let reason = "a copy into it has not been finished; run `muster migrate-to` again, which continues it";
        return Err(StoreError::Incompatible(reason.into()));
    }
    Ok(())
}

/// Marks an empty database. One that is marked already stays as it is.
pub(super) async fn mark(client: &Client) -> Result<(), StoreError> {
    begin(client).await?;
    // What fails is rolled back with the connection, which is not used for anything else.
    if !is_marked(client).await? {
        let rows: Vec<String> = TABLES.iter().map(|table| format!("EXISTS (SELECT FROM {})", table.name)).collect();
        let is_used = client
            .query_one(&format!("SELECT {}", rows.join(" OR ")), &[])
            .await
            .map_err(|e| error::explain_plain(&e))?;
        if is_used.get(0) {
            return Err(StoreError::Incompatible(
                "it holds data already, and not from a copy that was broken off; name an empty database".into(),
            ));
        }
        client.batch_execute(&format!("CREATE TABLE {MARK} ()")).await.map_err(|e| error::explain_plain(&e))?;
    }
    client.batch_execute("COMMIT").await.map_err(|e| error::explain_plain(&e))
}

/// Removes all rows, and leaves the mark.
pub(super) async fn clear(client: &Client) -> Result<(), StoreError> {
    let tables = client.query(
        "SELECT relname::text FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace
           AND relname NOT IN ('muster_schema', 'muster_unfinished_copy')",
        &[],
    );
    let tables: Vec<String> =
        tables.await.map_err(|e| error::explain_plain(&e))?.iter().map(|row| row.get(0)).collect();
    begin(client).await?;
    client.batch_execute(&format!("TRUNCATE {}; COMMIT", tables.join(", "))).await.map_err(|e| error::explain_plain(&e))
}

/// Goes on numbering rows after `numbers`, tells the planner what the tables hold, and takes the mark away.
pub(super) async fn finish(client: &Client, numbers: &[(String, i64)]) -> Result<(), StoreError> {
    begin(client).await?;
    let goes_on = |(table, last): &(String, i64)| {
        // Only the name of a table that we know becomes part of a statement.
        let table = TABLES.iter().find(|known| known.name == table && *last > 0)?;
        let (name, column) = (table.name, table.key.last()?);
        Some(format!("SELECT setval(pg_get_serial_sequence('{name}', '{column}'), {last});"))
    };
    let text: Vec<String> = numbers.iter().filter_map(goes_on).collect();
    let text = text.concat();
    client
        .batch_execute(&format!("{text} ANALYZE; DROP TABLE IF EXISTS {MARK}; COMMIT"))
        .await
        .map_err(|e| error::explain_plain(&e))
}

async fn is_marked(client: &Client) -> Result<bool, StoreError> {
    let is_there = "SELECT EXISTS (SELECT FROM pg_class WHERE relname = $1
                                     AND relnamespace = current_schema()::regnamespace)";
    Ok(client.query_one(is_there, &[&MARK]).await.map_err(|e| error::explain_plain(&e))?.get(0))
}

/// Begins a transaction that sees the rows of all tenants, takes its time, and is alone.
async fn begin(client: &Client) -> Result<(), StoreError> {
    let begin = format!(
        "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL muster.tenant = 'all';
         SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"
    );
    client.batch_execute(&begin).await.map_err(|e| error::explain_plain(&e))
}
