//! `muster serve`: the server, from its start to its orderly end.

use std::future::Future;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use server::{Metrics, Server};
use service::App;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use crate::cli::ServeFlags;
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::dev::{self, Trial};
use crate::failure::Failure;
use crate::{logging, open, runtime, terminal};

/// Runs until it is told to stop by SIGTERM or SIGINT.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    flags: ServeFlags,
    /// Make a client, a tenant and a token to try with, and print them; not for production
    #[arg(long)]
    dev: bool,
    /// Write what --dev made to a JSON file
    #[arg(long, value_name = "FILE", requires = "dev")]
    dev_credentials: Option<PathBuf>,
}

impl Serve {
    /// Opens the database, serves, and drains.
    ///
    /// # Errors
    /// When the configuration is wrong, the database cannot be opened or an address is taken.
    pub(crate) fn run(self) -> Result<(), Failure> {
        let config = Config::load(self.flags.overrides())?;
        logging::start(&config.log)?;
        let tell = match (self.dev, self.dev_credentials) {
            (false, _) => Tell::Nothing,
            (true, None) => Tell::Person,
            (true, Some(file)) => Tell::PersonAndFile(file),
        };
        runtime()?.block_on(serve(&config, &tell))
    }
}

/// Who is told the credentials to try with.
enum Tell {
    /// Nobody: without `--dev` there are none.
    Nothing,
    Person,
    PersonAndFile(PathBuf),
}

async fn serve(config: &Config, tell: &Tell) -> Result<(), Failure> {
    let listener = bind(config.basics.listen, "--listen").await?;
    let data_dir = DataDir::open(config)?;
    let app = open::app(config, &data_dir, config.postgres.start_timeout.0).await?;
    let server = Server::new(app.clone(), open::server_options(config));
    let stopping = stop_signal()?;
    let (stopped, stop_metrics) = oneshot::channel::<()>();
    let metrics_server = match config.basics.metrics_listen.0 {
        Some(address) => {
            let listener = bind(address, "--metrics-listen").await?;
            Some(tokio::spawn(serve_metrics(listener, server.metrics().clone(), stop_metrics)))
        }
        None => None,
    };

    match tell {
        Tell::Nothing => {}
        Tell::Person => terminal::print(&trial(config, &app, &listener).await?.tell())?,
        Tell::PersonAndFile(file) => {
            let trial = trial(config, &app, &listener).await?;
            trial.write(file)?;
            terminal::print(&trial.tell())?;
        }
    }
    let housekeeping = tokio::spawn({
        let app = app.clone();
        async move { app.keep_house().await }
    });
    // Not to be aborted: it may have taken what `close` is to write.
    tokio::spawn({
        let app = app.clone();
        async move { app.keep_request_log().await }
    });
    let (listen, database) = (local_address(&listener)?, open::place(config, &data_dir));
    tracing::info!(version = env!("CARGO_PKG_VERSION"), %listen, database, "serving");
    server::serve(listener, server, stopping).await;

    housekeeping.abort();
    drop(stopped);
    if let Some(metrics_server) = metrics_server {
        metrics_server.await.map_err(|error| Failure::new(format!("the metrics listener broke: {error}")))?;
    }
    app.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// Finds or makes what there is to try with.
async fn trial(config: &Config, app: &App, listener: &TcpListener) -> Result<Trial, Failure> {
    let base_url = dev::base_url(config, local_address(listener)?);
    Ok(Trial { base_url, credentials: app.bootstrap_dev().await? })
}

/// Takes an address, or says what to do when it cannot be had.
async fn bind(address: SocketAddr, flag: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        let advice = match error.kind() {
            ErrorKind::AddrInUse => format!("is another server running? Choose another with {flag}"),
            ErrorKind::PermissionDenied => format!("ports below 1024 need a privilege; choose another with {flag}"),
            _ => format!("choose one of this machine with {flag}"),
        };
        Failure::new(format!("cannot listen on {address}: {error}; {advice}"))
    })
}

fn local_address(listener: &TcpListener) -> Result<SocketAddr, Failure> {
    listener.local_addr().map_err(|error| Failure::io("cannot tell where we listen", &error))
}

/// `GET /metrics`, until the other end of `stop` is dropped.
async fn serve_metrics(listener: TcpListener, metrics: Metrics, stop: oneshot::Receiver<()>) {
    let router = server::metrics_router(metrics);
    let until = async { drop(stop.await) };
    if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(until).await {
        tracing::error!(%error, "the metrics listener ended");
    }
}

/// Ready at the first SIGTERM or SIGINT. The second one ends the process at once, with the status
/// that a shell gives for it.
///
/// # Errors
/// When the system refuses the handlers.
fn stop_signal() -> Result<impl Future<Output = ()>, Failure> {
    let handler = |kind| signal(kind).map_err(|error| Failure::io("cannot listen to signals", &error));
    let mut terminate = handler(SignalKind::terminate())?;
    let mut interrupt = handler(SignalKind::interrupt())?;
    Ok(async move {
        let name = next(&mut terminate, &mut interrupt).await.0;
        tracing::info!(signal = name, "stopping: finishing what is in flight; once more ends at once");
        tokio::spawn(async move {
            let (_, status) = next(&mut terminate, &mut interrupt).await;
            std::process::exit(status);
        });
    })
}

/// The next of the two: its name, and the exit status of a process that it ended.
async fn next(terminate: &mut Signal, interrupt: &mut Signal) -> (&'static str, i32) {
    tokio::select! {
        _ = terminate.recv() => ("SIGTERM", 143),
        _ = interrupt.recv() => ("SIGINT", 130),
    }
}
