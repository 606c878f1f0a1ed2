//! Errors on the wire: the only place where a status or `scimType` is chosen.
//!
//! A handler gives a [`Problem`]; what the client sees of it, its [`Verdict`], is decided here. It
//! is put into words by [`super::layers`] in one of two dialects ([`words`]), since only that knows
//! the path, the request's id and what the client accepts.

mod words;

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use scim::ScimError;
use service::oauth::TokenError;
use service::request_log::Told;
use service::{Credential, FieldError, Loc, ServiceError, StoreError, WriteError};

pub(crate) use words::{Dialect, of_operation, speak};

use super::body::BodyError;

/// Why a request was not carried out.
#[derive(Debug)]
pub(crate) enum Problem {
    /// The use case did not happen.
    Service(ServiceError),
    /// There is no access token, in the words of RFC 6749 §5.2.
    Token(TokenError),
    /// The envelope of a bulk request does not fit, and the client speaks plain JSON: it gets the
    /// admin dialect's list of errors, below the SCIM base too.
    Envelope(Vec<FieldError>),
    /// No route has that path.
    NoRoute,
    /// The path has other methods; the router adds which (`Allow`).
    Method,
    /// The body is not in a format that we read.
    MediaType(String),
    /// The body did not arrive.
    Body(BodyError),
    /// The query is not one: broken escapes, or not UTF-8.
    Query,
    /// No links can be made of the request's host.
    Host,
    /// A read took too long.
    Deadline,
    /// A bug stopped the handler.
    Panic,
}

impl<E: Into<ServiceError>> From<E> for Problem {
    fn from(error: E) -> Self {
        Self::Service(error.into())
    }
}

/// What the client sees of a [`Problem`], before it is put in a dialect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) status: StatusCode,
    /// RFC 7644 §3.12, table 9, and RFC 9865 §2.
    pub(crate) scim_type: Option<&'static str>,
    pub(crate) detail: String,
    /// The whole list, where the admin dialect shows one.
    fields: Vec<FieldError>,
}

impl Verdict {
    fn new(status: StatusCode, scim_type: Option<&'static str>, detail: impl Into<String>) -> Self {
        Self { status, scim_type, detail: detail.into(), fields: Vec::new() }
    }
}

/// What a client is told when it is our fault. The id leads the operator to the log.
const OUR_FAULT: &str = "The request failed on our side";

impl Problem {
    /// Status, `scimType` and words for every problem there is.
    pub(crate) fn verdict(&self) -> Verdict {
        match self {
            Self::Service(error) => of_service(error),
            Self::Token(error) => of_token(error),
            Self::Envelope(fields) => of_fields(fields),
            Self::NoRoute => Verdict::new(StatusCode::NOT_FOUND, None, "There is nothing at this address"),
            Self::Method => {
                Verdict::new(StatusCode::METHOD_NOT_ALLOWED, None, "This address does not have that method")
            }
            Self::MediaType(detail) => Verdict::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, None, detail),
            Self::Body(error) => of_body(*error),
            Self::Query => of_fields(&[FieldError {
                loc: vec!["query".into()],
                msg: "The query string is not percent-encoded UTF-8, or it holds the character U+0000".into(),
                kind: "value_error",
            }]),
            Self::Host => {
                Verdict::new(StatusCode::BAD_REQUEST, None, "The header Host is missing or is not a host name")
            }
            Self::Deadline => Verdict::new(
                StatusCode::SERVICE_UNAVAILABLE,
                None,
                "Reading took too long. Try again, with a more exact filter or a smaller page",
            ),
            Self::Panic => Verdict::new(StatusCode::INTERNAL_SERVER_ERROR, None, OUR_FAULT),
        }
    }

    /// What the client is told, for the request log.
    pub(crate) fn told(&self) -> Told {
        let Verdict { status, scim_type, detail, .. } = self.verdict();
        let attribute = match self {
            Self::Service(error) => error.attribute().map(str::to_owned),
            _ => None,
        };
        Told { status: status.as_u16(), scim_type, detail, attribute }
    }

    /// Headers that belong to the problem.
    fn headers(&self) -> Vec<(header::HeaderName, HeaderValue)> {
        match self {
            Self::Service(error) | Self::Token(TokenError::Service(error)) => headers_of_service(error),
            // RFC 6749 §5.2: whoever tried Basic is told that it is the scheme to use.
            Self::Token(TokenError::InvalidClient) => {
                vec![(header::WWW_AUTHENTICATE, HeaderValue::from_static(r#"Basic realm="muster""#))]
            }
            Self::Body(BodyError::NoRoom { .. }) => {
                vec![(header::RETRY_AFTER, HeaderValue::from(ROOM_RETRY_AFTER_S))]
            }
            Self::Deadline => vec![(header::RETRY_AFTER, HeaderValue::from_static("2"))],
            // A client that stalls half-way through a body cannot use this connection again.
            Self::Body(BodyError::TooSlow | BodyError::Broken) => {
                vec![(header::CONNECTION, HeaderValue::from_static("close"))]
            }
            Self::Token(
                TokenError::InvalidRequest(_)
                | TokenError::UnauthorizedClient(_)
                | TokenError::UnsupportedGrantType
                | TokenError::InvalidScope(_),
            )
            | Self::Envelope(_)
            | Self::NoRoute
            | Self::Method
            | Self::MediaType(_)
            | Self::Body(BodyError::TooLarge(_))
            | Self::Query
            | Self::Host
            | Self::Panic => Vec::new(),
        }
    }
}

fn headers_of_service(error: &ServiceError) -> Vec<(header::HeaderName, HeaderValue)> {
    match error {
        ServiceError::Unauthenticated(credential) => {
            vec![(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge(*credential)))]
        }
        ServiceError::Forbidden(_) => {
            let insufficient = r#"Bearer realm="muster", error="insufficient_scope""#;
            vec![(header::WWW_AUTHENTICATE, HeaderValue::from_static(insufficient))]
        }
        ServiceError::TooManyRequests { retry_after_s } | ServiceError::IssuerSilent { retry_after_s } => {
            vec![(header::RETRY_AFTER, HeaderValue::from(*retry_after_s))]
        }
        ServiceError::Store(StoreError::Unavailable(_) | StoreError::Outdated) => {
            vec![(header::RETRY_AFTER, HeaderValue::from_static("2"))]
        }
        ServiceError::Scim(_)
        | ServiceError::Write(_)
        | ServiceError::Validation(_)
        | ServiceError::NotFound(_)
        | ServiceError::Conflict(_)
        | ServiceError::NotImplemented(_)
        | ServiceError::Key(_)
        | ServiceError::Store(_) => Vec::new(),
    }
}

/// RFC 6750 §3: no error code for those who sent no credential.
const fn challenge(credential: Credential) -> &'static str {
    match credential {
        Credential::Missing => r#"Bearer realm="muster""#,
        Credential::Refused => {
            r#"Bearer realm="muster", error="invalid_token", error_description="The token is invalid, expired, revoked or not meant for this resource""#
        }
    }
}

fn of_service(error: &ServiceError) -> Verdict {
    use ServiceError as E;
    match error {
        E::Scim(error) => of_scim(error),
        E::Write(error) => of_write(error),
        E::Validation(fields) => of_fields(fields),
        E::Unauthenticated(credential) => Verdict::new(StatusCode::UNAUTHORIZED, None, credential.detail()),
        E::Forbidden(detail) => Verdict::new(StatusCode::FORBIDDEN, None, detail),
        E::NotFound(detail) => Verdict::new(StatusCode::NOT_FOUND, None, detail),
        E::Conflict(detail) => Verdict::new(StatusCode::CONFLICT, None, detail),
        E::TooManyRequests { .. } => Verdict::new(StatusCode::TOO_MANY_REQUESTS, None, error.to_string()),
        E::IssuerSilent { .. } => Verdict::new(StatusCode::SERVICE_UNAVAILABLE, None, error.to_string()),
        E::NotImplemented(detail) => Verdict::new(StatusCode::NOT_IMPLEMENTED, None, detail),
        E::Key(_) => Verdict::new(StatusCode::INTERNAL_SERVER_ERROR, None, OUR_FAULT),
        E::Store(error) => of_store(error),
    }
}

/// RFC 6749 §5.2.
fn of_token(error: &TokenError) -> Verdict {
    let status = match error {
        TokenError::InvalidRequest(_)
        | TokenError::UnauthorizedClient(_)
        | TokenError::UnsupportedGrantType
        | TokenError::InvalidScope(_) => StatusCode::BAD_REQUEST,
        TokenError::InvalidClient => StatusCode::UNAUTHORIZED,
        TokenError::Service(error) => return of_service(error),
    };
    Verdict::new(status, None, error.to_string())
}

/// Status and `scimType` of what is wrong with a SCIM request in itself.
fn of_scim(error: &ScimError) -> Verdict {
    use ScimError as E;
    let (status, scim_type) = match error {
        E::Syntax(_) => (StatusCode::BAD_REQUEST, Some("invalidSyntax")),
        E::Value { .. } => (StatusCode::BAD_REQUEST, Some("invalidValue")),
        E::Path { .. } => (StatusCode::BAD_REQUEST, Some("invalidPath")),
        E::Filter(_) => (StatusCode::BAD_REQUEST, Some("invalidFilter")),
        E::NoTarget(_) => (StatusCode::BAD_REQUEST, Some("noTarget")),
        E::Mutability { .. } => (StatusCode::BAD_REQUEST, Some("mutability")),
        E::Cursor(_) => (StatusCode::BAD_REQUEST, Some("invalidCursor")),
        E::Count(_) => (StatusCode::BAD_REQUEST, Some("invalidCount")),
        E::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, None),
        E::Forbidden(_) => (StatusCode::FORBIDDEN, None),
        E::Method(_) => (StatusCode::METHOD_NOT_ALLOWED, None),
        E::NotFound(_) => (StatusCode::NOT_FOUND, None),
    };
    Verdict::new(status, scim_type, error.to_string())
}

/// Status and `scimType` of a change that was not made; of an operation inside a bulk request too.
fn of_write(error: &WriteError) -> Verdict {
    use WriteError as E;
    let (status, scim_type) = match error {
        E::Scim(error) => return of_scim(error),
        E::NotFound => (StatusCode::NOT_FOUND, None),
        E::NotUnique { .. } => (StatusCode::CONFLICT, Some("uniqueness")),
        E::VersionMismatch { .. } => (StatusCode::PRECONDITION_FAILED, None),
        E::UnknownMembers(_) => (StatusCode::BAD_REQUEST, Some("invalidValue")),
        E::NeedsFailed { .. } => (StatusCode::CONFLICT, None),
    };
    Verdict::new(status, scim_type, error.to_string())
}

fn of_store(error: &StoreError) -> Verdict {
    use StoreError as E;
    match error {
        E::NotUnique(_) => Verdict::new(
            StatusCode::CONFLICT,
            Some("uniqueness"),
            "Another resource already has a value that must be unique",
        ),
        E::NoSuchReference(_) => {
            Verdict::new(StatusCode::CONFLICT, None, "Something that this refers to has just been deleted")
        }
        E::Unavailable(_) => Verdict::new(
            StatusCode::SERVICE_UNAVAILABLE,
            None,
            "The database is too busy or not reachable. Try again in a moment",
        ),
        E::Outdated => Verdict::new(
            StatusCode::SERVICE_UNAVAILABLE,
            None,
            "The tenant's schemas have changed while this request was carried out. Send it again",
        ),
        E::TooExpensive(detail) => Verdict::new(
            StatusCode::BAD_REQUEST,
            Some("tooMany"),
            format!(
                "The query would have to read too much ({detail}). Filter by an indexed attribute, or use smaller pages"
            ),
        ),
        E::Incompatible(_) | E::Corrupt(_) => Verdict::new(StatusCode::INTERNAL_SERVER_ERROR, None, OUR_FAULT),
    }
}

/// 422 in the admin dialect. Where SCIM speaks there is no 422, and it is `invalidSyntax`.
fn of_fields(fields: &[FieldError]) -> Verdict {
    let place = |f: &FieldError| f.loc.iter().map(Loc::to_string).collect::<Vec<_>>().join(".");
    let detail = fields.iter().map(|f| format!("{}: {}", place(f), f.msg)).collect::<Vec<_>>().join("; ");
    Verdict { fields: fields.to_vec(), ..Verdict::new(StatusCode::UNPROCESSABLE_ENTITY, Some("invalidSyntax"), detail) }
}

/// How long those whose bodies found no room are told to stay away. They have waited already.
const ROOM_RETRY_AFTER_S: u16 = 5;

fn of_body(error: BodyError) -> Verdict {
    match error {
        BodyError::TooLarge(limit) => Verdict::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            None,
            format!("The request body is larger than the limit of {limit} bytes"),
        ),
        BodyError::TooSlow => {
            Verdict::new(StatusCode::REQUEST_TIMEOUT, None, "The request body took too long to arrive")
        }
        BodyError::Broken => Verdict::new(StatusCode::BAD_REQUEST, None, "The request body ended before its time"),
        BodyError::NoRoom { own: true } => Verdict::new(
            StatusCode::TOO_MANY_REQUESTS,
            None,
            format!(
                "This tenant's bulk and other large requests take as much memory as those of one tenant may. Send fewer \
                 at a time, or smaller ones. Try again in {ROOM_RETRY_AFTER_S} seconds"
            ),
        ),
        BodyError::NoRoom { own: false } => Verdict::new(
            StatusCode::SERVICE_UNAVAILABLE,
            None,
            format!(
                "Bulk and other large requests take as much memory as they may. Try again in {ROOM_RETRY_AFTER_S} \
                 seconds, or send smaller ones"
            ),
        ),
    }
}

/// A problem on its way to the layer that puts it into words.
#[derive(Debug, Clone)]
pub(crate) struct Unspoken(pub(crate) Arc<Problem>);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.verdict().status.into_response();
        response.extensions_mut().insert(Unspoken(Arc::new(self)));
        response
    }
}

#[cfg(test)]
mod tests {
    use scim::Version;
    use scim::id::Id;

    use super::*;

    fn status(error: impl Into<ServiceError>) -> String {
        let verdict = Problem::Service(error.into()).verdict();
        format!("{} {}", verdict.status.as_u16(), verdict.scim_type.unwrap_or("-"))
    }

    #[test]
    fn each_situation_has_its_status_and_scim_type() {
        let text = String::new;
        let told = [
            status(ScimError::Syntax(text())),
            status(ScimError::value("a", "b")),
            status(ScimError::path("a", "b")),
            status(ScimError::Filter(text())),
            status(ScimError::NoTarget(text())),
            status(ScimError::mutability("a", "b")),
            status(ScimError::Cursor(text())),
            status(ScimError::Count(text())),
            status(ScimError::TooLarge(text())),
            status(ScimError::Method(text())),
            status(ScimError::Forbidden(text())),
            status(ScimError::NotFound(text())),
            status(WriteError::NotFound),
            status(WriteError::NotUnique { attribute: text() }),
            status(WriteError::VersionMismatch { current: Version(1) }),
            status(WriteError::UnknownMembers(vec![Id::new(*b"usr", 1)])),
            status(WriteError::NeedsFailed { index: 0 }),
            status(StoreError::Unavailable(text())),
            status(StoreError::Outdated),
            status(StoreError::TooExpensive(text())),
            status(StoreError::Corrupt(text())),
            status(ServiceError::TooManyRequests { retry_after_s: 3 }),
            status(ServiceError::IssuerSilent { retry_after_s: 3 }),
        ];

        insta::assert_snapshot!(told.join("\n"), @r"
        400 invalidSyntax
        400 invalidValue
        400 invalidPath
        400 invalidFilter
        400 noTarget
        400 mutability
        400 invalidCursor
        400 invalidCount
        413 -
        405 -
        403 -
        404 -
        404 -
        409 uniqueness
        412 -
        400 invalidValue
        409 -
        503 -
        503 -
        400 tooMany
        500 -
        429 -
        503 -
        ");
    }
}
