//! The limit of HTTP: a plain axum route, which reads what is sent and answers so many bytes. It runs in a process
//! of its own, so that its processor time is not that of the load generator.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path};
use axum::routing::any;

use crate::watch::Watched;

/// The argument with which this program is the server.
pub(crate) const ARGUMENT: &str = "plain-server";

/// Serves until standard input ends.
pub(crate) fn serve() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.spawn(async {
        let answer = async |Path(bytes): Path<usize>, _: Bytes| vec![b'x'; bytes];
        let router: Router = Router::new().route("/plain/{bytes}", any(answer)).layer(DefaultBodyLimit::disable());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut output = std::io::stdout();
        writeln!(output, "{}", listener.local_addr().unwrap()).unwrap();
        axum::serve(listener, router).await.unwrap();
    });
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

/// The running server. Killed when dropped.
pub(crate) struct PlainServer {
    process: Child,
    pub(crate) address: String,
}

impl PlainServer {
    pub(crate) fn start() -> Self {
        let program = std::env::current_exe().unwrap();
        let mut process =
            Command::new(program).arg(ARGUMENT).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut address = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Self { process, address: address.trim().to_owned() }
    }

    pub(crate) fn watched(&self) -> Watched {
        Watched::new(self.process.id(), None)
    }
}

impl Drop for PlainServer {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
