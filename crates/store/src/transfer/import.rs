//! Reading a tenant from its file: all of it or nothing, in one transaction, and in memory that does not
//! depend on how much there is.
//!
//! Rows are gathered until there are some hundred of one kind, and go into the database in one
//! statement. What follows from a document (its indexed and unique values, the counts) is made
//! anew, as by the one write path.

pub(crate) mod batch;
mod lines;

use std::collections::BTreeMap;
use std::io::{self, BufRead};
use std::sync::Arc;

use scim::schema::Registry;

use super::file::{End, FORMAT};
use super::values::Given;
use crate::changes::Change;
use crate::error::StoreError;
use crate::resources::apply::{Context, UniqueAttribute};
use crate::schemas;
use crate::sql;
use crate::sql::Stmt;
use crate::tenants::{self, Tenant, TenantSettings};
use crate::tx::{Param, Tx};
use batch::Batch;
use lines::{Line, Lines};

/// Why a file is not taken. Nothing of it is in the database then.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each says what it is")]
pub enum Refusal {
    #[error("this is not the export of a tenant: its first line does not say so")]
    NotAnExport,
    #[error("it was written by a newer Muster (its format is {0}, this program knows {FORMAT})")]
    Newer(u32),
    #[error("it ends in line {0} without its last line: it was cut short")]
    Cut(u64),
    #[error("it is damaged: {0}")]
    Damaged(String),
    #[error("line {line}: {reason}")]
    Line { line: u64, reason: String },
    #[error("lines {first} to {last}: {reason}")]
    Lines { first: u64, last: u64, reason: String },
    #[error("the tenant {id} is here already")]
    TenantExists { id: String },
    #[error("the slug {slug} is or was taken here; give the tenant another one")]
    SlugTaken { slug: String },
    #[error("it cannot be read: {0}")]
    Unreadable(#[source] io::Error),
    #[error("the connection to the database was lost on the way")]
    BrokenOff,
}

/// What is known of the place that a tenant comes to.
#[derive(Debug, Clone)]
pub struct Place {
    /// The slug it gets, instead of its own.
    pub slug: Option<String>,
    /// What resources it may have.
    pub registry: Arc<Registry>,
    /// Which attributes its settings make unique.
    pub unique: fn(TenantSettings, &Registry) -> Vec<UniqueAttribute>,
}

/// What was imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The tenant, as it is here.
    pub tenant: Tenant,
    /// What the file said at its end.
    pub end: End,
}

/// Reads a tenant from `input`, which is read while the transaction is open. After a refusal the
/// transaction may be committed: it holds nothing.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn import(
    tx: &mut Tx,
    input: Box<dyn BufRead + Send>,
    place: &Place,
) -> Result<Result<Imported, Refusal>, StoreError> {
    let before = tx.savepoint().await?;
    match read_all(tx, &mut Lines::new(input), place).await {
        Ok(imported) => {
            tx.release(before).await?;
            tx.announce(Change::Tenant(imported.tenant.key));
            Ok(Ok(imported))
        }
        Err(Fault::Refused(refusal)) => {
            tx.roll_back(before).await?;
            Ok(Err(refusal))
        }
        Err(Fault::Store(error)) => Err(error),
    }
}

/// Why reading ends early.
enum Fault {
    Refused(Refusal),
    Store(StoreError),
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

async fn read_all(tx: &mut Tx, lines: &mut Lines, place: &Place) -> Result<Imported, Fault> {
    lines.header()?;
    lines.advance()?;
    let tenant = match lines.current(&place.registry)? {
        Line::Row(table, row) if table.name == "tenants" => insert_tenant(tx, lines.number(), row, place).await?,
        _ => return Err(lines.refuse("the second line is not that of the tenant").into()),
    };
    // Who and when are of no use here: what happened is in the file.
    let context = |registry: Arc<Registry>| Context {
        now: 0,
        actor: String::new(),
        request_id: String::new(),
        unique: (place.unique)(tenant.settings, &registry),
        registry,
        strict: false,
    };
    let mut counted = BTreeMap::from([("tenants".to_owned(), 1)]);
    let mut batch = Batch::new(tenant.key, context(Arc::clone(&place.registry)));
    let mut has_defined = false;
    loop {
        let defines = lines.advance()?;
        if has_defined && !defines {
            batch.flush(tx).await?;
            let definitions = schemas::load(tx, tenant.key).await;
            let registry = match definitions.and_then(|definitions| definitions.registry()) {
                Err(StoreError::Corrupt(reason)) => return Err(lines.refuse(&format!("before it: {reason}")).into()),
                registry => registry.map_err(Fault::Store)?,
            };
            batch.goes_by(context(registry));
        }
        has_defined = defines;
        let line = lines.current(batch.registry())?;
        let (name, rows) = match &line {
            Line::End(end) => {
                batch.flush(tx).await?;
                lines.expect_end(end, &counted)?;
                return Ok(Imported { tenant, end: end.clone() });
            }
            Line::Row(table, _) if table.name == "tenants" => {
                return Err(lines.refuse("there is a second tenant").into());
            }
            Line::Row(table, _) => (table.name, 1),
            Line::Members { members, .. } => (super::file::MEMBERS, members.len() as u64),
        };
        *counted.entry(name.to_owned()).or_default() += rows;
        batch.add(tx, lines.number(), line).await?;
    }
}

async fn insert_tenant(tx: &mut Tx, line: u64, row: Vec<Given>, place: &Place) -> Result<Tenant, Fault> {
    let refuse = |reason: &str| Fault::Refused(Refusal::Line { line, reason: reason.to_owned() });
    let mut row: [Given; 8] = row.try_into().map_err(|_| refuse("a tenant has eight columns"))?;
    if let Some(slug) = &place.slug {
        row[1] = Given::Text(slug.clone());
    }
    let params: [Param<'_>; 8] = row.each_ref().map(|given| given.value().into());
    let inserted = match tx.query_one(&INSERT_TENANT, &params, tenants::read).await {
        Err(StoreError::Corrupt(reason)) => return Err(refuse(&reason)),
        inserted => inserted.map_err(Fault::Store)?,
    };
    match (inserted, &row) {
        (Some(tenant), _) => Ok(tenant),
        (None, [Given::Bytes(id), Given::Text(slug), ..]) => {
            let id = tenants::id(id).map_err(Fault::Store)?;
            let is_here = tenants::by_id(tx, id).await.map_err(Fault::Store)?.is_some();
            let (id, slug) = (id.to_string(), slug.clone());
            Err(Fault::Refused(if is_here { Refusal::TenantExists { id } } else { Refusal::SlugTaken { slug } }))
        }
        (None, _) => Err(refuse("a tenant has an id and a slug")),
    }
}

// In the order of the columns in a file.
pub(crate) static INSERT_TENANT: Stmt = sql!(
    "INSERT INTO tenants (id, slug, name, status, limits, settings, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING
     RETURNING key, id, slug, name, status, limits, settings, created_at, updated_at"
);
