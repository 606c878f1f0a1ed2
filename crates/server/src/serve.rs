//! The accept loop: connections in, answers out, and an orderly end.
//!
//! HTTP/1.1 only: what stands in front of us (a load balancer, a proxy that ends TLS) speaks it
//! to its back ends, and each protocol less is one way less to be kept busy by strangers.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Sleep, sleep, timeout};

use crate::options::HEAD_BYTES_MAX;
use crate::{Peer, Server};

/// Serves `server` on `listener` until `shutdown` is ready; then accepts nothing more, lets what
/// is in flight finish within [`Options::shutdown_grace`](crate::Options::shutdown_grace), and returns.
pub async fn serve(listener: TcpListener, server: Server, shutdown: impl Future<Output = ()>) {
    let options = Arc::clone(&server.options);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(options.idle_timeout).max_buf_size(HEAD_BYTES_MAX.max(8192));
    let connections = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(options.connections_max));
    let mut shutdown = std::pin::pin!(shutdown);
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
        // Answers are written in one piece; waiting for more to send would only delay them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection broke before its first request");
            continue;
        }
        let server = server.clone().from_peer(Peer(peer.ip()));
        let io = TokioIo::new(Impatient::new(stream, options.stall_timeout));
        let connection = connections.watch(http.serve_connection(io, server));
        tokio::spawn(async move {
            let _place = place;
            if let Err(error) = connection.await {
                // Clients that vanish or never finish a request: their affair, but worth a look.
                tracing::debug!(%error, "connection ended early");
            }
        });
    }
    drop(listener);
    let open = connections.count();
    tracing::info!(open, "no longer accepting connections");
    if timeout(options.shutdown_grace, connections.shutdown()).await.is_err() {
        tracing::warn!("some requests did not finish in time and were cut");
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

/// A connection that breaks when its client does not take what we write for a while, so that
/// answers nobody reads do not pile up in memory. (Reading has its own limits, in
/// [`crate::http::body`] and in hyper.)
struct Impatient {
    stream: TcpStream,
    patience: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl Impatient {
    fn new(stream: TcpStream, patience: Duration) -> Self {
        Self { stream, patience, waiting: None }
    }

    /// What a write came to: progress ends the wait, no progress begins or continues it.
    fn weigh<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let patience = self.patience;
        ready!(self.waiting.get_or_insert_with(|| Box::pin(sleep(patience))).as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not read its answer")))
    }
}

impl AsyncRead for Impatient {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Impatient {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.weigh(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.weigh(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
