//! `/api/v1/admin/signing-keys`.

use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use service::App;
use service::keys::KeyInfo;
use utoipa::ToSchema;

use super::{json, time};
use crate::http::extract::{AdminCaller, AdminWriter};
use crate::http::problem::Problem;
use crate::http::respond::Answer;

/// A key that signs access tokens, or did.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SigningKey)]
pub(crate) struct KeyView {
    /// How tokens name it (RFC 7515 §4.1.4).
    kid: String,
    /// `RS256`, `ES256` or `EdDSA`.
    algorithm: String,
    /// `signing`, or `retired`: only shown for the tokens that it signed.
    status: &'static str,
    /// When it was made.
    created_at: String,
    /// When its last token has expired, and it is forgotten; none while it signs.
    shown_until: Option<String>,
}

/// All of them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SigningKeys)]
pub(crate) struct KeysView {
    /// First the one that signs.
    items: Vec<KeyView>,
}

impl From<KeyInfo> for KeyView {
    fn from(key: KeyInfo) -> Self {
        Self {
            status: key.status(),
            kid: key.kid,
            algorithm: key.algorithm,
            created_at: scim::time::format(key.created_at),
            shown_until: time(key.shown_until),
        }
    }
}

/// `GET /api/v1/admin/signing-keys`.
pub(crate) async fn list(State(app): State<App>, AdminCaller(caller): AdminCaller) -> Result<Answer, Problem> {
    let keys = app.list_signing_keys(&caller).await?;
    Ok(json(StatusCode::OK, &KeysView { items: keys.into_iter().map(KeyView::from).collect() }))
}

/// `POST /api/v1/admin/signing-keys/rotate`.
pub(crate) async fn rotate(State(app): State<App>, AdminWriter(caller): AdminWriter) -> Result<Answer, Problem> {
    let key = app.rotate_signing_key(&caller).await?;
    Ok(json(StatusCode::OK, &KeyView::from(key)))
}
