//! The accept loop: connections in, answers out, and an orderly end.
//!
//! HTTP/1.1, and HTTP/2 with those who begin with its preface (RFC 9113 §3.3, "prior knowledge"), on the same
//! port. TLS ends at what stands in front of us, so there is nothing to negotiate.

mod http2;
mod stream;

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};

use crate::options::HEAD_BYTES_MAX;
use crate::{Options, Peer, Server};
use http2::Http2;
use stream::{Impatient, Protocol, begin};

/// Serves `server` on `listener` until `shutdown` is ready; then accepts nothing more, lets what
/// is in flight finish within [`Options::shutdown_grace`], and returns.
pub async fn serve(listener: TcpListener, server: Server, shutdown: impl Future<Output = ()>) {
    let options = Arc::clone(&server.options);
    let protocols = Arc::new(Protocols::new(&options));
    let (stop, _) = watch::channel(());
    let places = Arc::new(Semaphore::new(options.connections_max));
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = async {
            // No place is free for ever: connections that do nothing are cut.
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            accepted = accepted => accepted,
            () = &mut shutdown => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                wait_out(&error).await;
                continue;
            }
        };
        let (server, stopping) = (server.clone().from_peer(Peer(peer.ip())), Stopping(stop.subscribe()));
        let protocols = Arc::clone(&protocols);
        tokio::spawn(async move {
            let _place = place;
            if let Err(error) = protocols.serve(stream, server, stopping).await {
                // Clients that vanish or never finish a request: their affair, but worth a look.
                tracing::debug!(%error, "connection ended early");
            }
        });
    }
    drop(listener);
    tracing::info!(open = stop.receiver_count(), "no longer accepting connections");
    stop.send_replace(());
    if timeout(options.shutdown_grace, stop.closed()).await.is_err() {
        tracing::warn!("some requests did not finish in time and were cut");
    }
}

/// How connections are served.
struct Protocols {
    http1: http1::Builder,
    http2: Http2,
    idle_timeout: Duration,
    stall_timeout: Duration,
}

impl Protocols {
    fn new(options: &Options) -> Self {
        let mut http1 = http1::Builder::new();
        http1.timer(TokioTimer::new()).header_read_timeout(options.idle_timeout).max_buf_size(HEAD_BYTES_MAX.max(8192));
        Self {
            http1,
            http2: Http2::new(options),
            idle_timeout: options.idle_timeout,
            stall_timeout: options.stall_timeout,
        }
    }

    /// Serves one connection to its end.
    async fn serve(&self, stream: TcpStream, server: Server, mut stopping: Stopping) -> Result<(), BoxError> {
        // Answers are written in one piece; waiting for more to send would only delay them.
        stream.set_nodelay(true)?;
        let begun = timeout(self.idle_timeout, begin(stream, self.stall_timeout));
        let (protocol, stream) = tokio::select! {
            biased;
            begun = begun => begun??,
            () = stopping.told() => return Ok(()),
        };
        match protocol {
            Protocol::Http1 => self.http1(stream, server, stopping).await?,
            // It is large, and few have it.
            Protocol::Http2 => Box::pin(self.http2.serve(stream, server, stopping)).await?,
        }
        Ok(())
    }

    async fn http1(&self, stream: Impatient, server: Server, mut stopping: Stopping) -> hyper::Result<()> {
        let mut connection = pin!(self.http1.serve_connection(TokioIo::new(stream), server));
        tokio::select! {
            biased;
            ended = connection.as_mut() => return ended,
            () = stopping.told() => connection.as_mut().graceful_shutdown(),
        }
        connection.await
    }
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// How a connection is told that the server stops, which then waits until all of these are gone.
struct Stopping(watch::Receiver<()>);

impl Stopping {
    /// Ready when the server stops, and when it has stopped without waiting any longer.
    async fn told(&mut self) {
        drop(self.0.changed().await);
    }
}

/// After a failed `accept`: out of file handles, most likely. Trying again at once would only
/// burn the processor that the open connections need to finish.
async fn wait_out(error: &io::Error) {
    let of_the_connection = matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    );
    if !of_the_connection {
        tracing::error!(%error, "cannot accept connections");
        sleep(Duration::from_millis(200)).await;
    }
}
