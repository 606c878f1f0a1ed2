//! Versions of resources (RFC 7644 §3.14).

use serde_json::json;

use super::check::{Problem, Verdict, checks};
use super::features::Feature;
use super::test::{Resource, Seen, Test};
use crate::ask::Ask;

checks! {
    header "etag.header" Must "RFC 7644 §3.14" [Feature::ETag]
        "Send the version in the ETag header"
        "When supported, SCIM ETags MUST be specified as an HTTP header and SHOULD be specified within the 'version' attribute contained in the resource's 'meta' attribute."
    meta "etag.meta" Should "RFC 7644 §3.14" [Feature::ETag]
        "Repeat the ETag in meta.version"
        "SCIM ETags […] SHOULD be specified within the 'version' attribute contained in the resource's 'meta' attribute"
    changes "etag.changes" Must "RFC 7643 §3.1" [Feature::ETag]
        "Change the version when the resource changes"
        "version: The version of the resource being returned."
    not_modified "etag.not-modified" Must "RFC 7644 §3.14" [Feature::ETag]
        "Answer 304 to a GET with If-None-Match and the current version"
        "If the resource has not changed, the service provider simply returns an empty body with a 304 (Not Modified) response code."
    modified "etag.modified" Must "RFC 7644 §3.14" [Feature::ETag]
        "Answer 200 to a GET with If-None-Match and an older version"
        "clients MAY choose to retrieve the resource only if the resource has been modified"
    put "etag.put" Must "RFC 7644 §3.14" [Feature::ETag]
        "Answer 412 to a PUT with If-Match and an older version, and change nothing"
        "to ensure that the requested operation succeeds only if the supplied ETag matches the latest service provider resource"
    patch "etag.patch" Must "RFC 7644 §3.14" [Feature::ETag, Feature::Patch]
        "Answer 412 to a PATCH with If-Match and an older version, and change nothing"
        "to ensure that the requested operation succeeds only if the supplied ETag matches the latest service provider resource"
    delete "etag.delete" Must "RFC 9110 §13.1.1" [Feature::ETag]
        "Answer 412 to a DELETE with If-Match and an older version"
        "An origin server that evaluates an If-Match condition MUST NOT perform the requested method if the condition evaluates to false."
    current "etag.current" Must "RFC 7644 §3.14" [Feature::ETag]
        "Do a PUT with If-Match and the current version"
        "the requested operation succeeds only if the supplied ETag matches the latest service provider resource"
}

/// A user and its ETag.
async fn versioned(test: &Test<'_>) -> Result<(Resource, String), Problem> {
    let user = test.user(json!({})).await?;
    let seen = test.read(&user.path).await?;
    match seen.answer.header("etag") {
        "" => Err(Problem::Blocked("there is no ETag header".to_owned())),
        etag => Ok((user, etag.to_owned())),
    }
}

/// A user that has changed, and the ETag that it had before.
async fn outdated(test: &Test<'_>) -> Result<(Resource, String, Seen), Problem> {
    let attribute = test.plain()?;
    let (user, etag) = versioned(test).await?;
    let mut body = user.sent.clone();
    body["id"] = json!(user.id);
    body[attribute] = json!("changed");
    let seen = test.ask(Ask::put(&user.path, &body)).await?.after(&user.created);
    let seen = seen.status(&[200]).map_err(|problem| problem.blocked("PUT"))?;
    Ok((user, etag, seen))
}

async fn header(test: &Test<'_>) -> Verdict {
    let user = test.user(json!({})).await?;
    let seen = test.read(&user.path).await?;
    let has_one = !seen.answer.header("etag").is_empty();
    seen.wants(has_one, |_| "there is no ETag header".to_owned()).map(drop)
}

async fn meta(test: &Test<'_>) -> Verdict {
    let (user, etag) = versioned(test).await?;
    test.read(&user.path).await?.value(&["meta", "version"], &json!(etag)).map(drop)
}

async fn changes(test: &Test<'_>) -> Verdict {
    let (user, etag, changed) = outdated(test).await?;
    let seen = test.read(&user.path).await?.behind(changed);
    let is_other = seen.answer.header("etag") != etag;
    seen.wants(is_other, |_| format!("the version is {etag} before and after")).map(drop)
}

async fn not_modified(test: &Test<'_>) -> Verdict {
    let (user, etag) = versioned(test).await?;
    let seen = test.ask(Ask::get(&user.path).header("If-None-Match", etag)).await?.status(&[304])?;
    let is_empty = seen.answer.body.is_empty();
    seen.wants(is_empty, |_| "the 304 has a body".to_owned()).map(drop)
}

async fn modified(test: &Test<'_>) -> Verdict {
    let (user, etag, changed) = outdated(test).await?;
    test.ask(Ask::get(&user.path).header("If-None-Match", etag)).await?.behind(changed).status(&[200]).map(drop)
}

async fn put(test: &Test<'_>) -> Verdict {
    let attribute = test.plain()?;
    let (user, etag, changed) = outdated(test).await?;
    let mut body = user.sent.clone();
    body[attribute] = json!("lost update");
    let refused =
        test.ask(Ask::put(&user.path, &body).header("If-Match", etag)).await?.behind(changed).status(&[412])?;
    test.read(&user.path).await?.behind(refused).value(&[attribute], &json!("changed")).map(drop)
}

async fn patch(test: &Test<'_>) -> Verdict {
    let attribute = test.plain()?;
    let (user, etag, changed) = outdated(test).await?;
    let operations = json!([{"op": "replace", "path": attribute, "value": "lost update"}]);
    let ask = Ask::patch(&user.path, &operations).header("If-Match", etag);
    let refused = test.ask(ask).await?.behind(changed).status(&[412])?;
    test.read(&user.path).await?.behind(refused).value(&[attribute], &json!("changed")).map(drop)
}

async fn delete(test: &Test<'_>) -> Verdict {
    let (user, etag, changed) = outdated(test).await?;
    test.ask(Ask::delete(&user.path).header("If-Match", etag)).await?.behind(changed).status(&[412]).map(drop)
}

async fn current(test: &Test<'_>) -> Verdict {
    let (user, etag) = versioned(test).await?;
    test.ask(Ask::put(&user.path, &user.sent).header("If-Match", etag))
        .await?
        .after(&user.created)
        .status(&[200])
        .map(drop)
}
