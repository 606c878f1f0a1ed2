//! Who did what through the admin API or at the command line. A row is written in the transaction
//! of the change itself: no change without its row, no row without its change. What was denied has a row
//! of its own.

use std::borrow::Cow;

use scim::id::Id;

use crate::error::StoreError;
use crate::page::{Listed, Page};
use crate::sql;
use crate::sql::Stmt;
use crate::tenants::{TenantKey, id};
use crate::tx::{Param, Row, Tx};

/// One deed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whose data it was about; `None` for the platform's own.
    pub tenant: Option<TenantKey>,
    /// When.
    pub at: i64,
    /// Who.
    pub actor: String,
    /// What: `scim_token.create`, `tenant.update`, …
    pub action: Cow<'static, str>,
    /// To which: an id.
    pub subject: String,
    /// What came of it.
    pub outcome: Outcome,
    /// In which request.
    pub request_id: String,
    /// From which address.
    pub address: Option<String>,
    /// With which program.
    pub user_agent: Option<String>,
    /// More about it, as a JSON object without secrets: which fields changed.
    pub detail: String,
}

/// What came of a deed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// Whoever wanted to do it may not.
    Denied,
}

impl Outcome {
    /// All of them, and their names in rows and in the API.
    pub const NAMES: [(&'static str, Self); 2] = [("done", Self::Done), ("denied", Self::Denied)];

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Denied => "denied",
        }
    }
}

/// A deed, as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its number.
    pub pk: i64,
    /// The id of its tenant.
    pub tenant_id: Option<Id>,
    /// The deed.
    pub entry: Entry,
}

/// Which deeds to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only those about data of this tenant; `None` is all, the platform's own too.
    pub tenant: Option<TenantKey>,
    /// Only those of this one.
    pub actor: Option<String>,
    /// Only these.
    pub action: Option<String>,
    /// Only those to this one.
    pub subject: Option<String>,
    /// Only those of which that came.
    pub outcome: Option<Outcome>,
    /// Only those of the request with this id.
    pub request_id: Option<String>,
    /// Since then.
    pub since: Option<i64>,
    /// Before then.
    pub until: Option<i64>,
}

/// Writes down a deed.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn insert(tx: &mut Tx, entry: &Entry) -> Result<(), StoreError> {
    let params = [
        Param::from(entry.tenant),
        Param::from(entry.at),
        Param::from(&entry.actor),
        Param::from(&*entry.action),
        Param::from(&entry.subject),
        Param::from(&entry.request_id),
        Param::from(&entry.detail),
        Param::from(entry.outcome.as_str()),
        Param::from(entry.address.as_ref()),
        Param::from(entry.user_agent.as_ref()),
    ];
    tx.send(&INSERT, &params).await.map(drop)
}

pub(crate) static INSERT: Stmt = sql!(
    "INSERT INTO audit (tenant, at, actor, action, subject, request_id, detail, result, address, user_agent)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
);

/// A page of deeds, newest first, and how many there are. Costs a walk over the deeds of the tenant, or over those to one
/// subject.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn list(tx: &mut Tx, filter: &Filter, page: Page) -> Result<Listed<Recorded>, StoreError> {
    let total = tx.query_one(filter.statements().0, &filter.params(), |row| row.int(0)).await?.unwrap_or(0);
    let items = filter.read(tx, i64::MAX, page).await?;
    Ok(Listed { items, total: total.cast_unsigned() })
}

/// At most `take` deeds before the one with the number `pk`, newest first. What it costs does not depend on how
/// many are newer.
///
/// # Errors
/// [`StoreError`] when the database is not available.
pub async fn list_before(tx: &mut Tx, filter: &Filter, pk: i64, take: u32) -> Result<Vec<Recorded>, StoreError> {
    filter.read(tx, pk, Page { skip: 0, take }).await
}

impl Filter {
    /// How to count and how to list, by the index that leaves the least.
    fn statements(&self) -> (&'static Stmt, &'static Stmt) {
        match (self.tenant, &self.subject) {
            (Some(_), Some(_)) => (&COUNT_OF_SUBJECT, &LIST_OF_SUBJECT),
            (Some(_), None) => (&COUNT, &LIST),
            (None, _) => (&COUNT_ALL, &LIST_ALL),
        }
    }

    fn params(&self) -> [Param<'_>; 8] {
        [
            Param::from(self.tenant),
            Param::from(self.subject.as_ref()),
            Param::from(self.actor.as_ref()),
            Param::from(self.action.as_ref()),
            Param::from(self.outcome.map(Outcome::as_str)),
            Param::from(self.request_id.as_ref()),
            Param::from(self.since),
            Param::from(self.until),
        ]
    }

    async fn read(&self, tx: &mut Tx, before: i64, page: Page) -> Result<Vec<Recorded>, StoreError> {
        let mut params = self.params().to_vec();
        params.extend([Param::from(before), Param::from(page.take), Param::from(page.skip)]);
        tx.query(self.statements().1, &params, read).await
    }
}

macro_rules! listed {
    ($which:literal) => {
        concat!(
            " FROM audit WHERE ",
            $which,
            " AND ($2 IS NULL OR subject = $2) AND ($3 IS NULL OR actor = $3) AND ($4 IS NULL OR action = $4)
              AND ($5 IS NULL OR result = $5) AND ($6 IS NULL OR request_id = $6) AND ($7 IS NULL OR at >= $7)
              AND ($8 IS NULL OR at < $8)"
        )
    };
}

macro_rules! count {
    ($which:literal) => {
        sql!(concat!("SELECT count(*)", listed!($which)))
    };
}

macro_rules! list {
    ($which:literal) => {
        sql!(concat!(
            "SELECT pk, tenant, at, actor, action, subject, result, request_id, address, user_agent, detail,
               (SELECT id FROM tenants WHERE key = audit.tenant)",
            listed!($which),
            " AND pk < $9 ORDER BY pk DESC LIMIT $10 OFFSET $11"
        ))
    };
}

pub(crate) static COUNT: Stmt = count!("tenant = $1");
pub(crate) static LIST: Stmt = list!("tenant = $1");
pub(crate) static COUNT_OF_SUBJECT: Stmt = count!("tenant = $1 AND subject = $2");
pub(crate) static LIST_OF_SUBJECT: Stmt = list!("tenant = $1 AND subject = $2");
pub(crate) static COUNT_ALL: Stmt = count!("$1 IS NULL");
pub(crate) static LIST_ALL: Stmt = list!("$1 IS NULL");

fn read(row: &Row<'_>) -> Result<Recorded, StoreError> {
    let outcome = row.text_ref(6)?;
    let outcome = Outcome::NAMES.iter().find(|(name, _)| *name == outcome).map(|(_, outcome)| *outcome);
    let entry = Entry {
        tenant: row.opt_int(1)?.map(TenantKey),
        at: row.int(2)?,
        actor: row.text(3)?,
        action: Cow::Owned(row.text(4)?),
        subject: row.text(5)?,
        outcome: outcome.ok_or_else(|| StoreError::Corrupt("audit.result".into()))?,
        request_id: row.text(7)?,
        address: row.opt_text(8)?,
        user_agent: row.opt_text(9)?,
        detail: row.text(10)?,
    };
    Ok(Recorded { pk: row.int(0)?, tenant_id: row.opt_bytes_ref(11)?.map(id).transpose()?, entry })
}
