//! `muster import`: a tenant from a file that `muster export` wrote.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use service::tenants::Imported;

use super::database::{OnDatabase, Shown, request};
use super::export::rows;
use crate::failure::Failure;

/// A line is at least some hundred bytes long, and there may be millions.
const BUFFER_BYTES: usize = 256 * 1024;

/// Which file, and where to.
#[derive(Debug, Args)]
pub(crate) struct Import {
    #[command(flatten)]
    on: OnDatabase,
    /// The file to read; - is standard input
    #[arg(long, value_name = "FILE", default_value = "-")]
    input: PathBuf,
    /// The slug that the tenant gets here [default: the one it had]
    #[arg(long, value_name = "SLUG")]
    tenant: Option<String>,
}

impl Import {
    /// Reads the tenant; it is there when all of it is, or not at all.
    ///
    /// # Errors
    /// When the file is not whole, or the tenant is there already.
    pub(crate) fn run(self) -> Result<(), Failure> {
        let request = request([("slug", self.tenant.map(Value::from))])?;
        let input: Box<dyn BufRead + Send> = if self.input.as_os_str() == "-" {
            Box::new(BufReader::with_capacity(BUFFER_BYTES, io::stdin()))
        } else {
            let file = File::open(&self.input)
                .map_err(|error| Failure::io(&format!("cannot read {}", self.input.display()), &error))?;
            Box::new(BufReader::with_capacity(BUFFER_BYTES, file))
        };
        self.on.run(async |app, operator| Ok(show(&app.import_tenant(operator, request, input).await?)))
    }
}

fn show(imported: &Imported) -> Shown {
    let Imported { tenant, end } = imported;
    Shown {
        json: json!({"id": tenant.id.to_string(), "slug": tenant.slug, "rows": end.rows}),
        text: format!("{} ({}) is imported: {}\n", tenant.slug, tenant.id, rows(end)),
    }
}
