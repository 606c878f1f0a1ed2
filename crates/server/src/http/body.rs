//! Bodies: read whole, within a limit and a time, or not at all.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use bytes::{Bytes, BytesMut};
use http::header;
use http_body_util::BodyExt;
use hyper::body::Body as _;
use tokio::time::{Instant, timeout, timeout_at};

use crate::Options;

/// Why there is no body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// It is, or says it will be, longer than this many bytes.
    TooLarge(usize),
    /// The client was too slow.
    TooSlow,
    /// The connection broke, or the framing is wrong.
    Broken,
}

/// How much of a refused body is still taken off the wire, so that the client gets to read the
/// refusal instead of seeing its connection reset while it sends.
const DRAIN_BYTES_MAX: usize = 32 * 1024 * 1024;
const DRAIN_TIME_MAX: Duration = Duration::from_secs(10);

/// Reads a body of at most `limit` bytes. One that announces more is refused before its first
/// byte, one that turns out longer as soon as it does.
///
/// # Errors
/// [`BodyError`]; what the client still sends is then thrown away in the background, within bounds.
pub(crate) async fn read(request: Request, limit: usize, options: &Options) -> Result<Bytes, BodyError> {
    // Such a client has not sent anything yet, and will not when it is refused (RFC 9110 §10.1.1).
    let waits = request.headers().contains_key(header::EXPECT);
    let mut body = request.into_body();
    let announced = body.size_hint();
    if announced.lower() > limit as u64 {
        if !waits {
            drain(body);
        }
        return Err(BodyError::TooLarge(limit));
    }
    let deadline = Instant::now() + options.body_timeout;
    // A claim is worth a megabyte of memory; the rest comes with the bytes.
    let mut whole = BytesMut::with_capacity(announced.exact().map_or(0, |n| n.min(1 << 20) as usize));
    loop {
        let next = timeout_at(deadline, timeout(options.stall_timeout, body.frame())).await;
        let Ok(Ok(frame)) = next else { return Err(BodyError::TooSlow) };
        match frame {
            None => return Ok(whole.freeze()),
            Some(Err(_)) => return Err(BodyError::Broken),
            Some(Ok(frame)) => {
                let Ok(data) = frame.into_data() else { continue };
                if whole.len() + data.len() > limit {
                    drain(body);
                    return Err(BodyError::TooLarge(limit));
                }
                whole.extend_from_slice(&data);
            }
        }
    }
}

/// Takes what is left of a body off the wire and forgets it.
fn drain(mut body: Body) {
    tokio::spawn(async move {
        let all = async {
            let mut left = DRAIN_BYTES_MAX;
            while let Some(Ok(frame)) = body.frame().await {
                let Some(rest) = left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) else { return };
                left = rest;
            }
        };
        // Enough time or not: there is nobody to tell.
        timeout(DRAIN_TIME_MAX, all).await.unwrap_or_default();
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_at_the_limit_is_read_and_one_byte_more_is_not() {
        let options = Options::default();

        assert_eq!(read(Request::new(Body::from("12345")), 5, &options).await.unwrap(), "12345");
        assert_eq!(read(Request::new(Body::from("123456")), 5, &options).await, Err(BodyError::TooLarge(5)));
    }

    #[tokio::test]
    async fn a_body_of_unknown_length_is_refused_when_it_passes_the_limit() {
        let chunks = futures_util::stream::iter(["1234", "5", "6"].map(Ok::<_, std::io::Error>));

        let read = read(Request::new(Body::from_stream(chunks)), 5, &Options::default()).await;

        assert_eq!(read, Err(BodyError::TooLarge(5)));
    }

    #[tokio::test]
    async fn a_client_that_stops_sending_is_cut() {
        let body = Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>());

        let no_patience = Options { stall_timeout: Duration::ZERO, ..Options::default() };

        assert_eq!(read(Request::new(body), 5, &no_patience).await, Err(BodyError::TooSlow));
    }

    #[tokio::test]
    async fn a_connection_that_breaks_is_an_error_of_its_own() {
        let broken = futures_util::stream::iter([Ok("12"), Err(std::io::Error::other("reset"))]);

        assert_eq!(read(Request::new(Body::from_stream(broken)), 5, &Options::default()).await, Err(BodyError::Broken));
    }
}
