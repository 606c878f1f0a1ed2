//! What `tenant`, `token`, `application` and `key` have in common: they do what the admin API does, on the
//! database itself, for the first steps and for recovery. No server must be running on an SQLite file;
//! on PostgreSQL any number may.

use std::time::Duration;

use clap::Args;
use serde_json::{Map, Value};
use service::form::{self, FromForm};
use service::page::{PER_PAGE_MAX, PageOf, PageRequest};
use service::{AdminWriter, App};

use crate::cli::ConfigFlags;
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::{open, runtime, terminal};

/// Which database, and how to tell the result.
#[derive(Debug, Args)]
pub(crate) struct OnDatabase {
    #[command(flatten)]
    config: ConfigFlags,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A result in both forms.
#[derive(Debug)]
pub(crate) struct Shown {
    /// For scripts.
    pub(crate) json: Value,
    /// For people.
    pub(crate) text: String,
}

impl OnDatabase {
    /// Opens the database, which is made when there is none, does the work as its operator, prints
    /// the result, and closes it.
    ///
    /// # Errors
    /// Those of the work; also when the database is in use or cannot be opened.
    pub(crate) fn run(
        self,
        work: impl AsyncFnOnce(&App, &AdminWriter) -> Result<Shown, Failure>,
    ) -> Result<(), Failure> {
        let config = Config::load(self.config.overrides())?;
        let data_dir = DataDir::open(&config)?;
        let outcome = runtime()?.block_on(async {
            let app = open::app(&config, &data_dir, Duration::ZERO).await?;
            let outcome = work(&app, &app.operator("command-line")).await;
            app.close().await;
            outcome
        });
        let Shown { json, text } = outcome?;
        if self.json { terminal::print(&format!("{json:#}")) } else { terminal::print(&text) }
    }
}

/// A request of the admin API, from the members that flags gave. Its rules and words are the API's.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn request<T: FromForm>(
    members: impl IntoIterator<Item = (&'static str, Option<Value>)>,
) -> Result<T, Failure> {
    let given = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    let text = Value::Object(given.collect::<Map<_, _>>()).to_string();
    Ok(form::body(text.as_bytes())?)
}

/// A list value for [`request`]; none when no flag gave any.
pub(crate) fn list(values: Vec<String>) -> Option<Value> {
    (!values.is_empty()).then(|| Value::from(values))
}

/// Everything on all pages.
///
/// # Errors
/// Those of `page`.
pub(crate) async fn all<T>(
    mut page: impl AsyncFnMut(PageRequest) -> Result<PageOf<T>, Failure>,
) -> Result<Vec<T>, Failure> {
    let mut items = Vec::new();
    for number in 1.. {
        let mut got = page(PageRequest { page: number, per_page: PER_PAGE_MAX }).await?;
        items.append(&mut got.items);
        if u64::from(number) >= got.pages {
            break;
        }
    }
    Ok(items)
}

/// Rows below headings, in columns.
pub(crate) fn table<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> String {
    let headings = headings.map(str::to_owned);
    let rows: Vec<&[String; N]> = std::iter::once(&headings).chain(rows).collect();
    let mut widths = [0; N];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(*row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.into_iter().map(line).collect()
}

/// A moment as the API writes it.
pub(crate) fn time(ms: Option<i64>) -> Value {
    ms.map(scim::time::format).into()
}

/// A moment for a table.
pub(crate) fn time_text(ms: Option<i64>) -> String {
    ms.map_or_else(|| "-".to_owned(), scim::time::format)
}
