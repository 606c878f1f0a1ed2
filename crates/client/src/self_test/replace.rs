//! Replacing with PUT (RFC 7644 §3.5.1).

use serde_json::{Value, json};

use super::check::{Problem, Verdict, checks};
use super::features::Feature;
use super::test::{Resource, Seen, Test};
use crate::ask::Ask;
use crate::document::{at, text};

checks! {
    status "replace.status" Must "RFC 7644 §3.5.1" []
        "Answer a PUT with 200 and the whole resource"
        "Unless otherwise specified, a successful PUT operation returns a 200 OK response code and the entire resource within the response body"
    values "replace.values" Must "RFC 7644 §3.5.1" []
        "Store what a PUT sends"
        "readWrite, writeOnly: Any values provided SHALL replace the existing attribute values."
    several "replace.multi-valued" Must "RFC 7644 §3.5.1" [Feature::User("emails")]
        "Let a PUT replace all elements of a multi-valued attribute"
        "readWrite, writeOnly: Any values provided SHALL replace the existing attribute values."
    nothing "replace.null" Must "RFC 7643 §2.5" []
        "Let null in a PUT clear an attribute"
        "Assigning an attribute with the value \"null\" or an empty array (in the case of multi-valued attributes) has the effect of making the attribute \"unassigned\"."
    read_only "replace.read-only" Must "RFC 7644 §3.5.1" []
        "Ignore id and meta in a PUT"
        "readOnly: Any values provided SHALL be ignored."
    unknown "replace.unknown" Must "RFC 7644 §3.5.1" []
        "Do not create anything by PUT: answer 404 for an id that nobody has"
        "HTTP PUT MUST NOT be used to create new resources."
    unique "replace.unique" Must "RFC 7643 §4.1.1" []
        "Answer 409 to a PUT with the userName of somebody else"
        "userName: […] This identifier MUST be unique across the service provider's entire set of Users."
}

/// A PUT of the user as it was sent, changed.
async fn put(test: &Test<'_>, user: &Resource, change: &Value) -> Result<Seen, Problem> {
    let mut body = user.sent.clone();
    body["id"] = json!(user.id);
    for (name, value) in change.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    Ok(test.ask(Ask::put(&user.path, &body)).await?.after(&user.created))
}

/// The user after a PUT that has to be done.
async fn replaced(test: &Test<'_>, user: &Resource, change: &Value) -> Result<Seen, Problem> {
    let put = put(test, user, change).await?;
    let is_done = put.answer.is_success();
    let put = put.wants(is_done, super::test::status_of)?;
    Ok(test.read(&user.path).await?.behind(put))
}

async fn status(test: &Test<'_>) -> Verdict {
    let user = test.user(json!({})).await?;
    let seen = put(test, &user, &json!({})).await?.status(&[200])?;
    seen.value(&["id"], &json!(user.id))?.value(&["userName"], &user.sent["userName"]).map(drop)
}

async fn values(test: &Test<'_>) -> Verdict {
    let attribute = test.plain()?;
    let user = test.user(json!({attribute: "before"})).await?;
    replaced(test, &user, &json!({attribute: "after"})).await?.value(&[attribute], &json!("after")).map(drop)
}

async fn several(test: &Test<'_>) -> Verdict {
    let user = test.user(json!({})).await?;
    let other = format!("{}@home.example", test.word());
    let change = json!({"emails": [{"value": other, "type": "home", "primary": true}]});
    replaced(test, &user, &change).await?.values("emails", &[&other]).map(drop)
}

async fn nothing(test: &Test<'_>) -> Verdict {
    let attribute = test.plain()?;
    let user = test.user(json!({attribute: "before"})).await?;
    replaced(test, &user, &json!({attribute: null})).await?.unassigned(&[attribute]).map(drop)
}

async fn read_only(test: &Test<'_>) -> Verdict {
    let user = test.user(json!({})).await?;
    let before = test.read(&user.path).await?;
    let created = at(before.json(), &["meta", "created"]).clone();
    let change = json!({"id": test.word(), "meta": {"resourceType": "Robot", "created": "2001-02-03T04:05:06Z"}});
    let seen = replaced(test, &user, &change).await?.value(&["id"], &json!(user.id))?;
    seen.value(&["meta", "resourceType"], &json!("User"))?.value(&["meta", "created"], &created).map(drop)
}

async fn unknown(test: &Test<'_>) -> Verdict {
    let path = format!("{}/{}", test.users(), test.word());
    let body = test.user_body(json!({}));
    let users = test.users();
    test.create(&users, Ask::put(path, &body)).await?.status(&[404]).map(drop)
}

async fn unique(test: &Test<'_>) -> Verdict {
    let (first, second) = (test.user(json!({})).await?, test.user(json!({})).await?);
    let taken = json!({"userName": text(&first.sent, &["userName"])});
    put(test, &second, &taken).await?.after(&first.created).status(&[409]).map(drop)
}
