//! Bodies of requests: JSON, of a size that is known before it is read.

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::{HeaderMap, header};

use super::super::body::{self, Allowance, Whole};
use super::super::exchange::Exchange;
use super::super::problem::Problem;
use super::super::room::RoomTaken;
use super::cut;
use crate::ServerState;
use crate::options::ADMIN_BODY_BYTES_MAX;

/// How large the body of this request may be; set by whoever finds out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyLimit(pub(crate) Allowance);

/// The body of a SCIM request: JSON under either name.
#[derive(Debug)]
pub(crate) struct ScimBody {
    pub(crate) bytes: Bytes,
    /// Whether it came as plain `application/json`.
    pub(crate) plain: bool,
    /// The memory that it may take, until the request is answered.
    pub(crate) room: Option<RoomTaken>,
}

impl FromRequest<ServerState> for ScimBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &ServerState) -> Result<Self, Problem> {
        let plain = match media_type(request.headers())? {
            MediaType::Json | MediaType::Unnamed => true,
            MediaType::ScimJson => false,
        };
        // No limit means that no caller was extracted before: then nothing is read.
        let nothing = Allowance { bytes_max: 0, counted: None };
        let allowance = request.extensions().get::<BodyLimit>().map_or(nothing, |limit| limit.0);
        let exchange = request.extensions().get::<Exchange>().cloned();
        let read = body::read(request, allowance, &state.room, &state.options).await;
        let Whole { bytes, room } = read.map_err(Problem::Body)?;
        if let Some(exchange) = exchange {
            exchange.note_body(&bytes);
        }
        Ok(Self { bytes, plain, room })
    }
}

/// The body of an admin request: JSON, and small.
#[derive(Debug)]
pub(crate) struct AdminBody(pub(crate) Bytes);

impl FromRequest<ServerState> for AdminBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &ServerState) -> Result<Self, Problem> {
        media_type(request.headers())?;
        let allowance = Allowance { bytes_max: ADMIN_BODY_BYTES_MAX, counted: None };
        let whole = body::read(request, allowance, &state.room, &state.options).await;
        whole.map(|whole| Self(whole.bytes)).map_err(Problem::Body)
    }
}

enum MediaType {
    Json,
    ScimJson,
    Unnamed,
}

/// In which format the body says it is. Parameters do not matter, except a charset that is not
/// UTF-8: JSON has no other (RFC 8259 §8.1).
fn media_type(headers: &HeaderMap) -> Result<MediaType, Problem> {
    if let Some(encoding) = headers.get(header::CONTENT_ENCODING).filter(|encoding| *encoding != "identity") {
        let encoding = cut(encoding.to_str().unwrap_or("?"));
        return Err(Problem::MediaType(format!("Send the body without Content-Encoding, not as '{encoding}'")));
    }
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(MediaType::Unnamed) };
    let refuse = || {
        let sent = cut(value.to_str().unwrap_or("?"));
        Problem::MediaType(format!("Send the body as application/scim+json or application/json, not as '{sent}'"))
    };
    let text = value.to_str().map_err(|_| refuse())?;
    let mut parts = text.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default();
    let charset = parts.filter_map(|p| p.split_once('=')).find(|(name, _)| name.eq_ignore_ascii_case("charset"));
    if charset.is_some_and(|(_, charset)| !charset.trim_matches('"').eq_ignore_ascii_case("utf-8")) {
        return Err(refuse());
    }
    if media.eq_ignore_ascii_case("application/scim+json") {
        Ok(MediaType::ScimJson)
    } else if media.eq_ignore_ascii_case("application/json") {
        Ok(MediaType::Json)
    } else {
        Err(refuse())
    }
}
