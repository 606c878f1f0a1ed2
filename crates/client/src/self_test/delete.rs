//! Deleting resources (RFC 7644 §3.6).

use serde_json::json;

use super::check::{Problem, Verdict, checks};
use super::features::Feature;
use super::test::{Resource, Seen, Test, status_of};
use crate::ask::Ask;
use crate::document::{list, text};

checks! {
    status "delete.status" Must "RFC 7644 §3.6" []
        "Answer a DELETE with 204"
        "In response to a successful DELETE, the server SHALL return a successful HTTP status code 204 (No Content)."
    get "delete.get" Must "RFC 7644 §3.6" []
        "Answer 404 to a GET of what was deleted"
        "MUST return a 404 (Not Found) error code for all operations associated with the previously deleted resource"
    put "delete.put" Must "RFC 7644 §3.6" []
        "Answer 404 to a PUT of what was deleted"
        "MUST return a 404 (Not Found) error code for all operations associated with the previously deleted resource"
    patch "delete.patch" Must "RFC 7644 §3.6" [Feature::Patch]
        "Answer 404 to a PATCH of what was deleted"
        "MUST return a 404 (Not Found) error code for all operations associated with the previously deleted resource"
    again "delete.again" Must "RFC 7644 §3.6" []
        "Answer 404 to a second DELETE"
        "MUST return a 404 (Not Found) error code for all operations associated with the previously deleted resource"
    listed "delete.listed" Must "RFC 7644 §3.6" []
        "Leave what was deleted out of lists"
        "Service providers MUST omit the resource from future query results."
    recreate "delete.recreate" Should "RFC 7644 §3.6" []
        "Let the userName of a deleted user be used again"
        "the service provider SHOULD NOT consider the deleted resource in conflict calculation"
}

/// A user that was deleted, and the DELETE.
async fn deleted(test: &Test<'_>) -> Result<(Resource, Seen), Problem> {
    let user = test.user(json!({})).await?;
    let seen = test.ask(Ask::delete(&user.path)).await?.after(&user.created);
    let is_done = seen.answer.is_success();
    let seen = seen.wants(is_done, status_of).map_err(|problem| problem.blocked("DELETE"))?;
    Ok((user, seen))
}

async fn status(test: &Test<'_>) -> Verdict {
    let user = test.user(json!({})).await?;
    test.ask(Ask::delete(&user.path)).await?.after(&user.created).status(&[204]).map(drop)
}

async fn get(test: &Test<'_>) -> Verdict {
    let (user, gone) = deleted(test).await?;
    test.ask(Ask::get(&user.path)).await?.behind(gone).status(&[404]).map(drop)
}

async fn put(test: &Test<'_>) -> Verdict {
    let (user, gone) = deleted(test).await?;
    let users = test.users();
    test.create(&users, Ask::put(&user.path, &user.sent)).await?.behind(gone).status(&[404]).map(drop)
}

async fn patch(test: &Test<'_>) -> Verdict {
    let (user, gone) = deleted(test).await?;
    let operations = json!([{"op": "replace", "path": "userName", "value": user.sent["userName"]}]);
    test.ask(Ask::patch(&user.path, &operations)).await?.behind(gone).status(&[404]).map(drop)
}

async fn again(test: &Test<'_>) -> Verdict {
    let (user, gone) = deleted(test).await?;
    test.ask(Ask::delete(&user.path)).await?.behind(gone).status(&[404]).map(drop)
}

async fn listed(test: &Test<'_>) -> Verdict {
    let (user, gone) = deleted(test).await?;
    let mut ask = Ask::get(test.users());
    if test.force && test.features.has(Feature::Filter) {
        ask = ask.query("filter", format!("userName eq {}", user.sent["userName"]));
    }
    let seen = test.ask(ask).await?.status(&[200]).map_err(|problem| problem.blocked("GET of the list"))?.behind(gone);
    let is_gone = !list(seen.json(), &["Resources"]).iter().any(|found| text(found, &["id"]) == user.id);
    seen.wants(is_gone, |_| "the deleted user is in the list".to_owned()).map(drop)
}

async fn recreate(test: &Test<'_>) -> Verdict {
    let (user, gone) = deleted(test).await?;
    let users = test.users();
    test.create(&users, Ask::post(&users, &user.sent)).await?.behind(gone).status(&[201]).map(drop)
}
