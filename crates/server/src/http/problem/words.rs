//! The two dialects in which problems are told: RFC 7644 §3.12 below a tenant's SCIM base, and
//! `{"detail": …}`, in the shape of `HTTPValidationError` for wrong fields, elsewhere.

use axum::body::Body;
use axum::response::Response;
use http::{StatusCode, header};
use scim::message::ErrorBody;
use serde::Serialize;
use service::oauth::TokenError;
use service::{FieldError, Loc, ServiceError};

use super::super::oauth;
use super::super::respond::{JSON, SCIM_JSON};
use super::{Problem, Verdict, of_service};

/// In which form errors are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// RFC 7644 §3.12.
    Scim,
    /// `{"detail": …}`.
    Admin,
}

impl Dialect {
    /// SCIM below a tenant's SCIM base, admin elsewhere; whether or not a route is there.
    pub(crate) fn of(path: &str) -> Self {
        let below = path
            .strip_prefix("/api/v1/tenants/")
            .and_then(|rest| rest.split_once('/'))
            .is_some_and(|(_, rest)| rest == "scim" || rest.starts_with("scim/"));
        if below { Self::Scim } else { Self::Admin }
    }
}

/// The SCIM form of a verdict (RFC 7644 §3.12). 422 is not a status of SCIM's.
fn in_scim(verdict: Verdict) -> ErrorBody {
    let status = match verdict.status {
        StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
        other => other,
    };
    ErrorBody { status: status.as_u16(), scim_type: verdict.scim_type, detail: verdict.detail }
}

/// What a bulk response says of an operation that failed.
pub(crate) fn of_operation(error: &ServiceError) -> ErrorBody {
    let verdict = of_service(error);
    if verdict.status.is_server_error() {
        tracing::error!(error = error as &dyn std::error::Error, "an operation failed");
    }
    in_scim(verdict)
}

/// `{"detail": "…"}`, or `HTTPValidationError`.
#[derive(Debug, Serialize)]
struct AdminErrorBody<'a> {
    detail: AdminDetail<'a>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum AdminDetail<'a> {
    Text(&'a str),
    Fields(Vec<AdminField<'a>>),
}

#[derive(Debug, Serialize)]
struct AdminField<'a> {
    loc: Vec<AdminLoc<'a>>,
    msg: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum AdminLoc<'a> {
    Name(&'a str),
    Index(usize),
}

impl<'a> From<&'a Verdict> for AdminErrorBody<'a> {
    fn from(verdict: &'a Verdict) -> Self {
        let step = |loc: &'a Loc| match loc {
            Loc::Name(name) => AdminLoc::Name(name),
            Loc::Index(place) => AdminLoc::Index(*place),
        };
        let field = |f: &'a FieldError| AdminField { loc: f.loc.iter().map(step).collect(), msg: &f.msg, kind: f.kind };
        let detail = match verdict.status {
            StatusCode::UNPROCESSABLE_ENTITY => AdminDetail::Fields(verdict.fields.iter().map(field).collect()),
            _ => AdminDetail::Text(&verdict.detail),
        };
        Self { detail }
    }
}

/// Puts a problem into words. Server errors say the request's id and nothing about our insides,
/// which go to the log instead.
pub(crate) fn speak(problem: &Problem, dialect: Dialect, request_id: &str) -> Response {
    let mut verdict = problem.verdict();
    if verdict.status.is_server_error() {
        if let Problem::Service(error) | Problem::Token(TokenError::Service(error)) = problem {
            tracing::error!(error = error as &dyn std::error::Error, "request failed");
        }
        if verdict.status == StatusCode::INTERNAL_SERVER_ERROR || verdict.status == StatusCode::SERVICE_UNAVAILABLE {
            verdict.detail = format!("{} (request id {request_id})", verdict.detail);
        }
    }
    if let Problem::Token(error) = problem {
        return with_headers(oauth::refusal(error, verdict.status, verdict.detail), problem);
    }
    let dialect = if matches!(problem, Problem::Envelope(_)) { Dialect::Admin } else { dialect };
    let (status, media_type, body) = match dialect {
        Dialect::Scim => {
            let body = in_scim(verdict);
            let status = StatusCode::from_u16(body.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, &SCIM_JSON, serde_json::to_vec(&body))
        }
        Dialect::Admin => (verdict.status, &JSON, serde_json::to_vec(&AdminErrorBody::from(&verdict))),
    };
    let mut response = Response::new(Body::from(body.unwrap_or_default()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, media_type.clone());
    with_headers(response, problem)
}

fn with_headers(mut response: Response, problem: &Problem) -> Response {
    for (name, value) in problem.headers() {
        response.headers_mut().insert(name, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use service::StoreError;

    use super::*;

    async fn spoken(problem: Problem, dialect: Dialect) -> String {
        let response = speak(&problem, dialect, "the-id");
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        format!("{status} {}", String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_wrong_field_is_told_in_each_dialect_in_its_own_way() {
        let wrong = || ServiceError::Validation(vec![FieldError::body("name", "missing", "Field required")]).into();

        insta::assert_snapshot!(spoken(wrong(), Dialect::Admin).await, @r#"422 {"detail":[{"loc":["body","name"],"msg":"Field required","type":"missing"}]}"#);
        insta::assert_snapshot!(spoken(wrong(), Dialect::Scim).await, @r#"400 {"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"400","scimType":"invalidSyntax","detail":"body.name: Field required"}"#);
    }

    #[tokio::test]
    async fn our_own_faults_show_the_id_and_nothing_of_our_insides() {
        let fault = || StoreError::Corrupt("row 7 of resources".into()).into();

        insta::assert_snapshot!(spoken(fault(), Dialect::Scim).await, @r#"500 {"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"500","detail":"The request failed on our side (request id the-id)"}"#);
        insta::assert_snapshot!(spoken(fault(), Dialect::Admin).await, @r#"500 {"detail":"The request failed on our side (request id the-id)"}"#);
    }

    #[test]
    fn the_dialect_follows_from_the_path_whether_or_not_a_route_is_there() {
        for scim in ["/api/v1/tenants/acme/scim/v2/Users", "/api/v1/tenants/acme/scim", "/api/v1/tenants/x/scim/v3/y"] {
            assert_eq!(Dialect::of(scim), Dialect::Scim, "{scim}");
        }
        for admin in ["/", "/api/v1/tenants/acme", "/api/v1/tenants/acme/scimitar", "/api/v1/admin/tenants"] {
            assert_eq!(Dialect::of(admin), Dialect::Admin, "{admin}");
        }
    }
}
