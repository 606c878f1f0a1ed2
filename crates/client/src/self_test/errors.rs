//! Errors and authorization (RFC 7644 §3.12, §2).

use serde_json::json;

use super::check::{Problem, Verdict, checks};
use super::features::Feature;
use super::test::{Seen, Test, status_of};
use crate::ask::{Ask, Credential, SCIM_JSON};
use crate::document::{at, list};
use crate::urns::ERROR;

checks! {
    body "errors.body" Must "RFC 7644 §3.12" []
        "Put a JSON body with the Error schema into every error"
        "implementers MUST return the errors in the body of the response in a JSON format […] identified using the following \"schema\" URI: \"urn:ietf:params:scim:api:messages:2.0:Error\""
    status "errors.status" Must "RFC 7644 §3.12" []
        "Repeat the HTTP status in the error's status, as a string"
        "status: The HTTP status code […] expressed as a JSON string. REQUIRED."
    unknown_id "errors.unknown-id" Should "RFC 7644 §3.12" []
        "Answer 404 for an id that nobody has"
        "404 (Not Found): Specified resource (e.g., User) or endpoint does not exist."
    unknown_endpoint "errors.unknown-endpoint" Should "RFC 7644 §3.12" []
        "Answer 404 for an endpoint that there is not"
        "404 (Not Found): Specified resource (e.g., User) or endpoint does not exist."
    malformed "errors.malformed" Should "RFC 7644 §3.12" []
        "Answer 400 to a body that is no JSON"
        "400 (Bad Request): Request is unparsable, syntactically incorrect, or violates schema."
    malformed_type "errors.malformed-type" Should "RFC 7644 §3.12" []
        "Say scimType invalidSyntax of a body that is no JSON"
        "invalidSyntax: The request body message structure was invalid or did not conform to the request schema."
    unknown_parameter "errors.unknown-parameter" Should "RFC 7644 §3.4.2" []
        "Ignore query parameters that are not known"
        "SHOULD ignore any query parameters they do not recognize instead of rejecting the query"
    unauthorized "errors.unauthorized" Should "RFC 7644 §3.12" [Feature::Token]
        "Answer 401 to a request without Authorization"
        "401 (Unauthorized): Authorization failure. The authorization header is invalid or missing."
    wrong_token "errors.wrong-token" Should "RFC 7644 §3.12" [Feature::Token]
        "Answer 401 to a token that is not good"
        "401 (Unauthorized): Authorization failure. The authorization header is invalid or missing."
    challenge "errors.challenge" Must "RFC 9110 §11.6.1" [Feature::Token]
        "Send WWW-Authenticate with a 401"
        "A server generating a 401 (Unauthorized) response MUST send a WWW-Authenticate header field containing at least one challenge."
    unauthorized_body "errors.unauthorized-body" Must "RFC 7644 §3.12" [Feature::Token]
        "Put a SCIM Error into a 401 too"
        "In addition to returning an HTTP response code, implementers MUST return the errors in the body of the response in a JSON format"
}

/// An error of any kind: that of an id that nobody has.
async fn any_error(test: &Test<'_>) -> Result<Seen, Problem> {
    let seen = test.ask(Ask::get(format!("{}/{}", test.users(), test.word()))).await?;
    let is_error = seen.answer.status >= 400;
    seen.wants(is_error, status_of).map_err(|problem| problem.blocked("GET of an id that nobody has"))
}

async fn body(test: &Test<'_>) -> Verdict {
    has_error_body(any_error(test).await?)
}

fn has_error_body(seen: Seen) -> Verdict {
    let is_error = list(seen.json(), &["schemas"]).iter().any(|schema| schema == ERROR);
    seen.wants(is_error, |answer| format!("status {} without a SCIM Error", answer.status)).map(drop)
}

async fn status(test: &Test<'_>) -> Verdict {
    let seen = any_error(test).await?;
    let status = json!(seen.answer.status.to_string());
    if seen.json().is_null() {
        return Err(Problem::Blocked("the error has no body".to_owned()));
    }
    seen.value(&["status"], &status).map(drop)
}

async fn unknown_id(test: &Test<'_>) -> Verdict {
    test.ask(Ask::get(format!("{}/{}", test.users(), test.word()))).await?.status(&[404]).map(drop)
}

async fn unknown_endpoint(test: &Test<'_>) -> Verdict {
    test.ask(Ask::get(format!("/{}", test.word()))).await?.status(&[404]).map(drop)
}

async fn no_json(test: &Test<'_>) -> Result<Seen, Problem> {
    let users = test.users();
    test.create(&users, Ask::post(&users, &json!({})).with_body(SCIM_JSON, "{\"userName\":")).await
}

async fn malformed(test: &Test<'_>) -> Verdict {
    no_json(test).await?.status(&[400]).map(drop)
}

async fn malformed_type(test: &Test<'_>) -> Verdict {
    let seen = no_json(test).await?.status(&[400]).map_err(|problem| problem.blocked("a body that is no JSON"))?;
    seen.scim_type("invalidSyntax").map(drop)
}

async fn unknown_parameter(test: &Test<'_>) -> Verdict {
    let ask = Ask::get(format!("{}?count=1", test.users())).query("somethingNew", "1");
    test.ask(ask).await?.status(&[200]).map(drop)
}

async fn without_credential(test: &Test<'_>) -> Result<Seen, Problem> {
    test.ask(Ask::get(format!("{}?count=1", test.users())).credential(Credential::None)).await
}

async fn unauthorized(test: &Test<'_>) -> Verdict {
    without_credential(test).await?.status(&[401]).map(drop)
}

async fn wrong_token(test: &Test<'_>) -> Verdict {
    let ask = Ask::get(format!("{}?count=1", test.users()));
    test.ask(ask.credential(Credential::Wrong("Bearer this-opens-nothing"))).await?.status(&[401]).map(drop)
}

async fn refused(test: &Test<'_>) -> Result<Seen, Problem> {
    let seen = without_credential(test).await?;
    seen.status(&[401]).map_err(|problem| problem.blocked("a request without Authorization"))
}

async fn challenge(test: &Test<'_>) -> Verdict {
    let seen = refused(test).await?;
    let is_there = !seen.answer.header("www-authenticate").is_empty();
    seen.wants(is_there, |_| "401 without WWW-Authenticate".to_owned()).map(drop)
}

async fn unauthorized_body(test: &Test<'_>) -> Verdict {
    let seen = refused(test).await?;
    let said = at(seen.json(), &["status"]).clone();
    let is_error = list(seen.json(), &["schemas"]).iter().any(|schema| schema == ERROR) && said == "401";
    seen.wants(is_error, |_| "401 without a SCIM Error of status \"401\"".to_owned()).map(drop)
}
