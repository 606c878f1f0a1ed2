//! The bytes of a connection: what its first ones say, and how long writing may take.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// What a client that speaks HTTP/2 begins with (RFC 9113 §3.4). No request of HTTP/1 begins like it.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

/// Reads as much from a connection as it takes to know what its client speaks; nothing is lost of it.
///
/// # Errors
/// When the connection breaks.
pub(super) async fn begin(mut stream: TcpStream, patience: Duration) -> io::Result<(Protocol, Impatient)> {
    let mut begun = Begun::default();
    let protocol = loop {
        if begun.bytes() != &PREFACE[..begun.end] {
            break Protocol::Http1;
        }
        if begun.end == PREFACE.len() {
            break Protocol::Http2;
        }
        match stream.read(&mut begun.buffer[begun.end..]).await? {
            0 => break Protocol::Http1,
            read => begun.end += read,
        }
    };
    Ok((protocol, Impatient { begun, stream, patience, waiting: None }))
}

/// Bytes that have been read already.
#[derive(Debug, Default)]
struct Begun {
    buffer: [u8; PREFACE.len()],
    /// How many of them have been handed on.
    start: usize,
    end: usize,
}

impl Begun {
    fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }
}

/// A connection that breaks when its client does not take what we write for a while, so that
/// answers nobody reads do not pile up in memory. (Reading has its own limits, in
/// [`crate::http::body`] and in hyper.)
pub(super) struct Impatient {
    begun: Begun,
    stream: TcpStream,
    patience: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl Impatient {
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
        let begun = self.begun.bytes();
        if !begun.is_empty() {
            let taken = begun.len().min(buf.remaining());
            buf.put_slice(&begun[..taken]);
            self.begun.start += taken;
            return Poll::Ready(Ok(()));
        }
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
