//! Bodies: read whole, within a limit and a time, or not at all.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use bytes::{Bytes, BytesMut};
use http::header;
use http_body_util::BodyExt;
use hyper::body::Body as _;
use scim::id::Id;
use tokio::time::{Instant, timeout, timeout_at};

use super::room::{Room, RoomTaken, SMALL_BODY_BYTES};
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
    /// Large bodies take as much memory as they may, for too long.
    NoRoom {
        /// Those of the tenant itself do.
        own: bool,
    },
}

/// How much of a refused body is still taken off the wire, so that the client gets to read the
/// refusal instead of seeing its connection reset while it sends.
const DRAIN_BYTES_MAX: usize = 32 * 1024 * 1024;
const DRAIN_TIME_MAX: Duration = Duration::from_secs(10);

/// How large a body may be, and for whom it takes room.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowance {
    /// How many bytes it may have.
    pub(crate) bytes_max: usize,
    /// Whose request it is, and how many bytes need no room; `None` for bodies that are small anyway.
    pub(crate) counted: Option<(Id, usize)>,
}

/// A body, and the room that it takes.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) bytes: Bytes,
    pub(crate) room: Option<RoomTaken>,
}

/// Reads a body within its allowance. One that announces more is refused before its first
/// byte, one that turns out longer as soon as it does. One of unknown length takes room for the
/// longest that it may be, and gives back in the end what it did not need.
///
/// # Errors
/// [`BodyError`]; what the client still sends is then thrown away in the background, within bounds.
pub(crate) async fn read(
    request: Request,
    allowance: Allowance,
    room: &Room,
    options: &Options,
) -> Result<Whole, BodyError> {
    let limit = allowance.bytes_max;
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
    let exact = announced.exact().and_then(|exact| usize::try_from(exact).ok());
    let needs_room = |bytes: usize| allowance.counted.filter(|(_, free)| bytes > *free).map(|(tenant, _)| tenant);
    let mut taken = None;
    if let Some(tenant) = exact.and_then(needs_room) {
        match room.take(tenant, exact.unwrap_or(limit)).await {
            Ok(share) => taken = Some(share),
            Err(error) => {
                if !waits {
                    drain(body);
                }
                return Err(error);
            }
        }
    }
    let deadline = Instant::now() + options.body_timeout;
    // Without room, a claim is worth a megabyte of memory; the rest comes with the bytes.
    let claim_max = if taken.is_some() { limit } else { SMALL_BODY_BYTES };
    let mut whole = BytesMut::with_capacity(exact.map_or(0, |exact| exact.min(claim_max)));
    loop {
        let next = timeout_at(deadline, timeout(options.stall_timeout, body.frame())).await;
        let Ok(Ok(frame)) = next else { return Err(BodyError::TooSlow) };
        match frame {
            None => {
                if let Some(share) = &mut taken {
                    share.shrink_to(whole.len());
                }
                return Ok(Whole { bytes: whole.freeze(), room: taken });
            }
            Some(Err(_)) => return Err(BodyError::Broken),
            Some(Ok(frame)) => {
                let Ok(data) = frame.into_data() else { continue };
                let length = whole.len() + data.len();
                if length > limit {
                    drain(body);
                    return Err(BodyError::TooLarge(limit));
                }
                if let (None, Some(tenant)) = (&taken, needs_room(length)) {
                    match room.take(tenant, limit).await {
                        Ok(share) => taken = Some(share),
                        Err(error) => {
                            drain(body);
                            return Err(error);
                        }
                    }
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

    /// Reads a body of at most five bytes.
    async fn read(body: Body, options: &Options) -> Result<Bytes, BodyError> {
        let allowance = Allowance { bytes_max: 5, counted: None };
        super::read(Request::new(body), allowance, &Room::new(options), options).await.map(|whole| whole.bytes)
    }

    #[tokio::test]
    async fn a_body_at_the_limit_is_read_and_one_byte_more_is_not() {
        let options = Options::default();

        assert_eq!(read(Body::from("12345"), &options).await.unwrap(), "12345");
        assert_eq!(read(Body::from("123456"), &options).await, Err(BodyError::TooLarge(5)));
    }

    #[tokio::test]
    async fn a_body_of_unknown_length_is_refused_when_it_passes_the_limit() {
        let chunks = futures_util::stream::iter(["1234", "5", "6"].map(Ok::<_, std::io::Error>));

        let read = read(Body::from_stream(chunks), &Options::default()).await;

        assert_eq!(read, Err(BodyError::TooLarge(5)));
    }

    #[tokio::test]
    async fn a_client_that_stops_sending_is_cut() {
        let body = Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>());

        let no_patience = Options { stall_timeout: Duration::ZERO, ..Options::default() };

        assert_eq!(read(body, &no_patience).await, Err(BodyError::TooSlow));
    }

    #[tokio::test]
    async fn a_connection_that_breaks_is_an_error_of_its_own() {
        let broken = futures_util::stream::iter([Ok("12"), Err(std::io::Error::other("reset"))]);

        assert_eq!(read(Body::from_stream(broken), &Options::default()).await, Err(BodyError::Broken));
    }

    #[tokio::test]
    async fn a_body_that_counts_takes_room_for_what_it_is_or_may_be_and_keeps_what_it_needs() {
        let options =
            Options { bodies_in_flight_bytes_max: 20, bodies_in_flight_wait: Duration::ZERO, ..Options::default() };
        let room = Room::new(&options);
        let tenant = |number| Id::new(*b"tnt", number);
        let ask = |who, free, body| {
            let allowance = Allowance { bytes_max: 10, counted: Some((tenant(who), free)) };
            super::read(Request::new(body), allowance, &room, &options)
        };
        let unknown =
            |text: &'static str| Body::from_stream(futures_util::stream::iter([Ok::<_, std::io::Error>(text)]));

        let first = ask(1, 0, Body::from("1234567")).await.unwrap();
        let refused = ask(1, 0, unknown("1")).await;
        let other = ask(2, 0, unknown("12")).await.unwrap();
        let third = ask(3, 0, unknown("12")).await.unwrap();
        let none_left = ask(4, 0, unknown("1")).await;
        let small = ask(4, 5, unknown("12345")).await.unwrap();
        let large = ask(4, 5, unknown("123456")).await;

        assert_eq!(refused.unwrap_err(), BodyError::NoRoom { own: true });
        assert_eq!((first.bytes.len(), other.bytes.len(), third.bytes.len()), (7, 2, 2));
        assert_eq!(none_left.unwrap_err(), BodyError::NoRoom { own: false });
        assert!(small.room.is_none());
        assert_eq!(large.unwrap_err(), BodyError::NoRoom { own: false });
        drop((first, other, third));
        assert!(ask(1, 0, unknown("1")).await.is_ok());
    }
}
