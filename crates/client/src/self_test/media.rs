//! Media types and encoding (RFC 7644 §3.8).

use serde_json::json;

use super::check::{Verdict, checks};
use super::test::Test;
use crate::answer::Answer;
use crate::ask::{Ask, SCIM_JSON};

checks! {
    default "media.default" Must "RFC 7644 §3.8" []
        "Answer as application/scim+json when there is no Accept header"
        "The format defaults to \"application/scim+json\" if no format is specified."
    scim "media.scim" Must "RFC 7644 §3.8" []
        "Answer \"Accept: application/scim+json\" as application/scim+json"
        "Service providers MUST support the \"Accept\" header \"Accept: application/scim+json\""
    json "media.json" Should "RFC 7644 §3.8" []
        "Answer \"Accept: application/json\" with JSON"
        "and SHOULD support the header \"Accept: application/json\""
    request_json "media.request-json" Should "RFC 7644 §3.8" []
        "Accept bodies of type application/json"
        "Servers MUST accept requests and be able to return JSON-structured responses using UTF-8 encoding."
    request_charset "media.request-charset" Should "RFC 7644 §3.8" []
        "Accept bodies of type application/scim+json; charset=utf-8"
        "UTF-8 SHALL be the default encoding format."
    utf8 "media.utf8" Must "RFC 7644 §3.8" []
        "Keep characters outside ASCII as they are"
        "Servers MUST accept requests and be able to return JSON-structured responses using UTF-8 encoding."
}

fn media_type(answer: &Answer) -> String {
    format!("Content-Type is {:?}", answer.header("content-type"))
}

async fn default(test: &Test<'_>) -> Verdict {
    let seen = test.ask(Ask::get(format!("{}?count=1", test.users())).without("Accept")).await?.status(&[200])?;
    let is_scim = seen.answer.media_type() == SCIM_JSON;
    seen.wants(is_scim, media_type).map(drop)
}

async fn scim(test: &Test<'_>) -> Verdict {
    let seen = test.ask(Ask::get(format!("{}?count=1", test.users()))).await?.status(&[200])?;
    let is_scim = seen.answer.media_type() == SCIM_JSON;
    seen.wants(is_scim, media_type).map(drop)
}

async fn json(test: &Test<'_>) -> Verdict {
    let ask = Ask::get(format!("{}?count=1", test.users())).header("Accept", "application/json");
    let seen = test.ask(ask).await?.status(&[200])?;
    let is_json = [SCIM_JSON, "application/json"].contains(&seen.answer.media_type().as_str());
    seen.wants(is_json, media_type).map(drop)
}

async fn request_json(test: &Test<'_>) -> Verdict {
    created_as(test, "application/json").await
}

async fn request_charset(test: &Test<'_>) -> Verdict {
    created_as(test, "application/scim+json; charset=utf-8").await
}

async fn created_as(test: &Test<'_>, media_type: &str) -> Verdict {
    let users = test.users();
    let body = test.user_body(json!({})).to_string();
    let ask = Ask::post(&users, &json!({})).with_body(media_type, body);
    test.create(&users, ask).await?.status(&[201]).map(drop)
}

async fn utf8(test: &Test<'_>) -> Verdict {
    let attribute = test.plain()?;
    let user = test.user(json!({attribute: "Zoë 日本 🎉"})).await?;
    let read = test.read(&user.path).await?.after(&user.created);
    read.value(&[attribute], &json!("Zoë 日本 🎉")).map(drop)
}
