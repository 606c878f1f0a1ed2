//! HTTP/2: many requests at a time on one connection, within bounds.
//!
//! Against floods of resets, pings, settings and CONTINUATION frames stand the defaults of `h2`: a client that
//! keeps the server busy without asking for anything loses its connection.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::time::{sleep, timeout};

use super::Stopping;
use super::stream::Impatient;
use crate::options::{HEAD_BYTES_MAX, HTTP2_STREAMS_MAX};
use crate::{Options, Server};

/// How much of bodies may come before somebody reads them: of one, and of all on a connection. That is what a
/// stranger can make us hold; at 50 ms to the client it lets 5 MB/s through.
const WINDOW_BYTES: u32 = 256 * 1024;

/// How connections with HTTP/2 are served.
pub(super) struct Http2 {
    builder: http2::Builder<TokioExecutor>,
    idle_timeout: Duration,
    stall_timeout: Duration,
}

impl Http2 {
    pub(super) fn new(options: &Options) -> Self {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .max_concurrent_streams(HTTP2_STREAMS_MAX)
            .max_header_list_size(u32::try_from(HEAD_BYTES_MAX).unwrap_or(u32::MAX))
            .initial_stream_window_size(WINDOW_BYTES)
            .initial_connection_window_size(WINDOW_BYTES);
        Self { builder, idle_timeout: options.idle_timeout, stall_timeout: options.stall_timeout }
    }

    /// Serves one connection until its client or the server ends it, or until nothing happens on it: no request
    /// is at work, and for [`Options::idle_timeout`] none has begun or been answered. (Pings of our own would
    /// only find that out of those who are gone, not of those who do nothing.) A client that takes its time with
    /// an answer is given the longer of both, then [`Options::stall_timeout`] more.
    pub(super) async fn serve(&self, stream: Impatient, server: Server, mut stopping: Stopping) -> hyper::Result<()> {
        let requests = Arc::new(Requests::default());
        let service = service_fn(|request: Request<Incoming>| {
            let (at_work, answer) = (AtWork::begin(&requests), Service::call(&server, request));
            async move {
                let answer: Result<_, Infallible> = answer.await;
                drop(at_work);
                answer
            }
        });
        let mut connection = pin!(self.builder.serve_connection(TokioIo::new(stream), service));
        let mut before = requests.counts();
        loop {
            tokio::select! {
                biased;
                ended = connection.as_mut() => return ended,
                () = stopping.told() => {
                    connection.as_mut().graceful_shutdown();
                    return connection.await;
                }
                () = sleep(self.idle_timeout) => {}
            }
            let now = requests.counts();
            if now == before && now.begun == now.ended {
                break;
            }
            before = now;
        }
        connection.as_mut().graceful_shutdown();
        timeout(self.stall_timeout, connection).await.unwrap_or(Ok(()))
    }
}

/// How many requests of a connection have begun, and how many of them have been answered.
#[derive(Debug, Default)]
struct Requests {
    begun: AtomicU64,
    ended: AtomicU64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Counts {
    begun: u64,
    ended: u64,
}

impl Requests {
    fn counts(&self) -> Counts {
        // In this order, so that what is at work is never taken for ended.
        let ended = self.ended.load(Ordering::Acquire);
        Counts { begun: self.begun.load(Ordering::Acquire), ended }
    }
}

/// A request that is not answered yet. It ends, too, when its client resets it.
struct AtWork(Arc<Requests>);

impl AtWork {
    fn begin(requests: &Arc<Requests>) -> Self {
        requests.begun.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(requests))
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::AcqRel);
    }
}
