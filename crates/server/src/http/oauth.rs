//! Token endpoints (RFC 6749 §3.2), the documents that describe them, and the public keys.

use axum::RequestExt;
use axum::extract::{FromRequest, Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use serde::Serialize;
use service::applications::SCOPES;
use service::oauth::{TokenError, TokenRequest, issuer};
use service::{App, ServiceError};
use utoipa::ToSchema;

use super::body::Allowance;
use super::exchange::Exchange;
use super::extract::Segment;
use super::problem::Problem;
use super::respond::Answer;
use super::{body, query};
use crate::ServerState;
use crate::options::ADMIN_BODY_BYTES_MAX;

/// An access token (RFC 6749 §5.1).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AccessToken)]
pub(crate) struct AccessTokenView {
    /// The JWT.
    access_token: String,
    /// `Bearer`.
    token_type: &'static str,
    /// Seconds.
    expires_in: u32,
    /// What it may be used for, separated by spaces.
    scope: String,
}

/// Why there is no access token (RFC 6749 §5.2).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OAuthError)]
pub(crate) struct OAuthErrorView {
    /// `invalid_request`, `invalid_client`, `unauthorized_client`, `unsupported_grant_type`,
    /// `invalid_scope` or `temporarily_unavailable`.
    error: &'static str,
    /// The same in words.
    error_description: String,
}

/// What clients want to know of an issuer (RFC 8414 §2).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuthorizationServerMetadata)]
pub(crate) struct MetadataView {
    issuer: String,
    token_endpoint: String,
    jwks_uri: String,
    grant_types_supported: [&'static str; 1],
    response_types_supported: [&'static str; 0],
    token_endpoint_auth_methods_supported: [&'static str; 2],
    scopes_supported: Vec<&'static str>,
    id_token_signing_alg_values_supported: [&'static str; 3],
    subject_types_supported: [&'static str; 1],
}

/// The fields of a form (`application/x-www-form-urlencoded`).
#[derive(Debug)]
pub(crate) struct TokenForm {
    fields: Vec<(String, String)>,
    authorization: Option<String>,
    exchange: Exchange,
}

impl FromRequest<ServerState> for TokenForm {
    type Rejection = Problem;

    async fn from_request(mut request: Request, state: &ServerState) -> Result<Self, Problem> {
        let exchange: Exchange = request.extract_parts_with_state(state).await?;
        // What is no text is no credential, but it was sent: it must not pass for absent.
        let authorization = request.headers().get(header::AUTHORIZATION);
        let authorization = authorization.map(|value| value.to_str().unwrap_or_default().to_owned());
        check_media_type(request.headers())?;
        let allowance = Allowance { bytes_max: ADMIN_BODY_BYTES_MAX, counted: None };
        let read = body::read(request, allowance, &state.room, &state.options).await;
        let whole = read.map_err(Problem::Body)?;
        let text = std::str::from_utf8(&whole.bytes).map_err(|_| bad_form())?;
        let fields = query::pairs(Some(text)).map_err(|_| bad_form())?;
        Ok(Self { fields, authorization, exchange })
    }
}

fn check_media_type(headers: &HeaderMap) -> Result<(), Problem> {
    let sent = headers.get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap_or("?"));
    let media = sent.and_then(|text| text.split(';').next()).map(str::trim);
    match media {
        None => Ok(()),
        Some(media) if media.eq_ignore_ascii_case("application/x-www-form-urlencoded") => Ok(()),
        Some(_) => Err(Problem::Token(TokenError::InvalidRequest(
            "Send the parameters as application/x-www-form-urlencoded".into(),
        ))),
    }
}

fn bad_form() -> Problem {
    Problem::Token(TokenError::InvalidRequest("The body is not a form of percent-encoded UTF-8".into()))
}

/// `POST /api/v1/platform/oauth/token`.
pub(crate) async fn platform_token(State(app): State<App>, form: TokenForm) -> Result<Answer, Problem> {
    token(&app, None, &form).await
}

/// `POST /api/v1/auth/tenants/{slug}/oauth/token`.
pub(crate) async fn tenant_token(
    State(app): State<App>,
    Segment(slug): Segment,
    form: TokenForm,
) -> Result<Answer, Problem> {
    token(&app, Some(&slug), &form).await
}

async fn token(app: &App, tenant: Option<&str>, form: &TokenForm) -> Result<Answer, Problem> {
    let request = TokenRequest {
        tenant,
        authorization: form.authorization.as_deref(),
        fields: &form.fields,
        address: form.exchange.client(),
        base_url: form.exchange.base(),
    };
    let issued = app.issue_access_token(&request).await.map_err(Problem::Token)?;
    let view = AccessTokenView {
        access_token: issued.token,
        token_type: "Bearer",
        expires_in: issued.expires_in,
        scope: issued.scope,
    };
    let body = serde_json::to_vec(&view).unwrap_or_default();
    Ok(Answer::json(StatusCode::OK, body).no_store().header(header::PRAGMA, "no-cache"))
}

/// `GET /api/v1/platform/oauth/.well-known/openid-configuration`.
pub(crate) async fn platform_metadata(exchange: Exchange) -> Answer {
    metadata(exchange.base(), None)
}

/// `GET /api/v1/auth/tenants/{slug}/.well-known/openid-configuration`. The same for slugs that no
/// tenant has: who is a customer is not told to everybody.
pub(crate) async fn tenant_metadata(Segment(slug): Segment, exchange: Exchange) -> Result<Answer, Problem> {
    let is_slug = slug.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) && slug.len() <= 63;
    if is_slug {
        Ok(metadata(exchange.base(), Some(&slug)))
    } else {
        Err(ServiceError::NotFound("There is nothing at this address".into()).into())
    }
}

fn metadata(base: &str, slug: Option<&str>) -> Answer {
    let issuer = issuer(base, slug);
    let token_endpoint = match slug {
        None => format!("{issuer}/token"),
        Some(_) => format!("{issuer}/oauth/token"),
    };
    let view = MetadataView {
        issuer,
        token_endpoint,
        jwks_uri: format!("{base}/api/v1/platform/.well-known/jwks.json"),
        grant_types_supported: ["client_credentials"],
        response_types_supported: [],
        token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
        scopes_supported: SCOPES.map(|(name, _)| name).to_vec(),
        id_token_signing_alg_values_supported: ["RS256", "ES256", "EdDSA"],
        subject_types_supported: ["public"],
    };
    Answer::json(StatusCode::OK, serde_json::to_vec(&view).unwrap_or_default())
        .header(header::CACHE_CONTROL, "public, max-age=300")
}

/// `GET /api/v1/platform/.well-known/jwks.json` (RFC 7517 §5).
pub(crate) async fn jwks(State(app): State<App>) -> Result<Answer, Problem> {
    Ok(Answer::json(StatusCode::OK, app.jwks().await?).header(header::CACHE_CONTROL, "public, max-age=300"))
}

/// A token error in the words of RFC 6749 §5.2, with the status and the detail that
/// [`super::problem`] chose.
pub(super) fn refusal(error: &TokenError, status: StatusCode, detail: String) -> Response {
    let code = match error {
        TokenError::InvalidRequest(_) => "invalid_request",
        TokenError::InvalidClient => "invalid_client",
        TokenError::UnauthorizedClient(_) => "unauthorized_client",
        TokenError::UnsupportedGrantType => "unsupported_grant_type",
        TokenError::InvalidScope(_) => "invalid_scope",
        TokenError::Service(_) => "temporarily_unavailable",
    };
    let view = OAuthErrorView { error: code, error_description: detail };
    let answer = Answer::json(status, serde_json::to_vec(&view).unwrap_or_default());
    answer.no_store().header(header::PRAGMA, "no-cache").into_response()
}
