//! `muster export`: one tenant as a file, also while servers run.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use clap::Args;
use service::Clock;
use store::transfer::export::{Contents, export};
use store::transfer::file::End;
use store::{Store, StoreError, tenants};

use crate::cli::ConfigFlags;
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::private_file::PrivateFile;
use crate::{open, runtime, terminal};

/// Which tenant, and where to.
#[derive(Debug, Args)]
pub(crate) struct Export {
    #[command(flatten)]
    config: ConfigFlags,
    /// The tenant, by id or slug
    #[arg(long)]
    tenant: String,
    /// The file to write, which must not exist yet; - is standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// Leave out SCIM tokens, OAuth clients and hashes of passwords
    #[arg(long)]
    without_credentials: bool,
    /// Leave out what happened, but for the last event, so that events are numbered on from it
    #[arg(long)]
    without_history: bool,
}

/// Where the lines go.
enum Output {
    Standard(BufWriter<io::Stdout>),
    File(PrivateFile),
}

impl Export {
    /// Writes the tenant as it is at one moment. A file is there when it is whole, or not at all.
    ///
    /// # Errors
    /// When there is no such database or tenant, or the file cannot be written.
    pub(crate) fn run(self) -> Result<(), Failure> {
        let config = Config::load(self.config.overrides())?;
        let data_dir = DataDir::existing(&config)?;
        let options = open::store_options(&config, &data_dir);
        let contents = Contents {
            credentials: !self.without_credentials,
            history: !self.without_history,
            now: Clock::System.now(),
        };
        let cannot_write = |error: io::Error| Failure::io(&format!("cannot write {}", self.output.display()), &error);
        let output = if self.output.as_os_str() == "-" {
            Output::Standard(BufWriter::new(io::stdout()))
        } else {
            Output::File(PrivateFile::create(&self.output).map_err(cannot_write)?)
        };
        let end = runtime()?.block_on(async {
            let place = open::place(&config, &data_dir);
            let store = Store::open_to_read(&options)
                .await
                .map_err(|error| Failure::new(format!("cannot open {place}: {error}")))?;
            let written = written(&store, &self.tenant, contents, output).await;
            store.close().await;
            match written? {
                None => Err(Failure::new(format!("there is no tenant {}", self.tenant))),
                Some(written) => written.map_err(cannot_write),
            }
        })?;
        terminal::tell(&format!("{} is exported: {}", self.tenant, rows(&end)));
        Ok(())
    }
}

/// Writes, in one read, so that all of it is of one moment. `None`: there is no such tenant.
async fn written(
    store: &Store,
    tenant: &str,
    contents: Contents,
    mut output: Output,
) -> Result<Option<io::Result<End>>, StoreError> {
    let tenant = tenant.to_owned();
    let written = store.read(move |tx| {
        Box::pin(async move {
            let Some(tenant) = tenants::named(tx, &tenant).await? else { return Ok(None) };
            let registry = store::schemas::load(tx, tenant.key).await?.registry()?;
            let end = match &mut output {
                Output::Standard(out) => export(tx, tenant.key, &registry, contents, out).await?,
                Output::File(out) => export(tx, tenant.key, &registry, contents, out).await?,
            };
            Ok(Some((end, output)))
        })
    });
    Ok(written.await?.map(|(end, output)| {
        let end = end?;
        match output {
            Output::Standard(mut out) => out.flush()?,
            Output::File(file) => file.finish()?,
        }
        Ok(end)
    }))
}

/// What is in a file, for a person: `2 scim_tokens, 1 tenants`.
pub(super) fn rows(end: &End) -> String {
    let rows: Vec<String> = end.rows.iter().map(|(name, rows)| format!("{rows} {name}")).collect();
    rows.join(", ")
}
