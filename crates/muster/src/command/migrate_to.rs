//! `muster migrate-to postgres://…`: all of the SQLite database, copied to PostgreSQL.

use std::io;
use std::time::{Duration, Instant};

use clap::Args;
use store::transfer::copy::{Batch, Compared, CopyError, Phase, Progress, copy};
use store::transfer::tables::TABLES;
use store::{Store, StoreError};

use super::database::table;
use crate::cli::ConfigFlags;
use crate::config::{Config, PostgresUrl, Value};
use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::{master_key, open, runtime, terminal};

/// Summing up a large table is one statement.
const STATEMENT_TIMEOUT: Duration = Duration::from_hours(12);

/// How wide the bar is.
const BAR_WIDTH: u64 = 20;

/// Where to.
#[derive(Debug, Args)]
pub(crate) struct MigrateTo {
    #[command(flatten)]
    config: ConfigFlags,
    /// postgres://user:password@host:port/database, an empty database; - reads it from standard input, so that
    /// no list of processes shows the password
    url: String,
}

impl MigrateTo {
    /// Copies everything, or goes on with what an earlier attempt began, and compares both sides.
    ///
    /// # Errors
    /// When a server runs on the SQLite file, the target holds other data, or the copy was broken off.
    pub(crate) fn run(self) -> Result<(), Failure> {
        let config = Config::load(self.config.overrides())?;
        let data_dir = DataDir::existing(&config)?;
        let from = open::store_options(&config, &data_dir);
        if from.postgres.is_some() {
            return Err(Failure::new(
                "the configured database is PostgreSQL already; name the SQLite file to copy with --database",
            ));
        }
        let url = read_url(self.url)?;
        let mut to = open::postgres_options(&config.postgres, &url);
        to.statement_timeout = STATEMENT_TIMEOUT;
        let to = store::Options { postgres: Some(to), ..from.clone() };
        let place = open::place(&config, &data_dir);

        let started = Instant::now();
        let compared = runtime()?.block_on(async {
            let source = Store::open(&from).await.map_err(|error| cannot_open(&place, &error))?;
            let outcome = match Store::open_target(&to).await {
                Err(error) => Err(cannot_open(&url.show_masked(), &error)),
                Ok(target) => {
                    let outcome = tokio::select! {
                        outcome = copied(&source, &target) => outcome,
                        _ = tokio::signal::ctrl_c() => Err(broken_off("interrupted")),
                    };
                    target.close().await;
                    outcome
                }
            };
            source.close().await;
            terminal::progress_end();
            outcome
        })?;
        let key = master_key::place(&config.auth, &data_dir);
        terminal::print(&told(&compared, started.elapsed(), &place, &url.show_masked(), &key))
    }
}

fn read_url(given: String) -> Result<PostgresUrl, Failure> {
    let text = if given == "-" {
        io::read_to_string(io::stdin()).map_err(|error| Failure::io("cannot read the address", &error))?
    } else {
        given
    };
    // What was given is not repeated: it may hold a password.
    PostgresUrl::read(text.trim())
        .ok_or_else(|| Failure::new(format!("that is no address; write {}", PostgresUrl::KIND)))
}

fn cannot_open(place: &str, error: &StoreError) -> Failure {
    Failure::new(format!("cannot open {place}: {error}"))
}

fn broken_off(reason: &str) -> Failure {
    Failure::new(format!("{reason}; run the same command again, it goes on where it was"))
}

async fn copied(source: &Store, target: &Store) -> Result<Vec<Compared>, Failure> {
    let mut shown = Shown::default();
    copy(source, target, Batch::default(), &mut |progress| shown.show(progress)).await.map_err(|error| match error {
        CopyError::Store(StoreError::Unavailable(_)) => broken_off(&error.to_string()),
        error => Failure::new(error.to_string()),
    })
}

/// How far it is, for a person at a terminal as a bar, else a line for each tenth of a table.
#[derive(Default)]
struct Shown {
    last: Option<(Phase, &'static str, u64)>,
}

impl Shown {
    fn show(&mut self, progress: Progress) {
        let Progress { phase, table, done, of } = progress;
        let tenths = (done * 10).checked_div(of).unwrap_or(10);
        if terminal::is_watched() {
            terminal::progress(&bar(progress));
        } else if self.last != Some((phase, table, tenths)) {
            terminal::tell(&line(progress));
        }
        self.last = Some((phase, table, tenths));
    }
}

fn bar(progress: Progress) -> String {
    let Progress { phase, table, done, of } = progress;
    let full = (done * BAR_WIDTH).checked_div(of).unwrap_or(BAR_WIDTH).min(BAR_WIDTH);
    let bar: String = (0..BAR_WIDTH).map(|place| if place < full { '#' } else { '.' }).collect();
    let number = TABLES.iter().position(|known| known.name == table).map_or(0, |place| place + 1);
    match phase {
        Phase::Copying => format!("[{bar}] {table}: {done} of {of} rows (table {number} of {})", TABLES.len()),
        Phase::Comparing | Phase::StartingOver => line(progress),
    }
}

fn line(progress: Progress) -> String {
    let Progress { phase, table, done, of } = progress;
    match phase {
        Phase::Copying => format!("{table}: {done} of {of} rows"),
        Phase::Comparing => format!("{table}: comparing"),
        Phase::StartingOver => {
            format!("{table}: the source has changed since an earlier attempt; everything is copied again")
        }
    }
}

/// What a person is told at the end.
fn told(compared: &[Compared], took: Duration, from: &str, to: &str, key: &str) -> String {
    let rows: Vec<[String; 4]> = compared
        .iter()
        .map(|table| {
            let checksum = format!("{:016x}", table.checksum);
            [table.table.to_owned(), table.rows.to_string(), table.tenants.to_string(), checksum]
        })
        .collect();
    let all: u64 = compared.iter().map(|table| table.rows).sum();
    format!(
        "{}\n{all} rows are equal on both sides, after {:.1} s.\n
Servers on {to} need the same master key as on {from}: {key}.
Without it they cannot read their signing keys, and do not start. Do not start a server on {from} any more:
what was written there would not be here. Keep it until you have a backup of the new database.\n",
        table(["TABLE", "ROWS", "TENANTS", "CHECKSUM"], &rows),
        took.as_secs_f64(),
    )
}
