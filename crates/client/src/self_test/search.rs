//! Queries by POST (RFC 7644 §3.4.3), and the alias of who asks (§3.11).

use serde_json::{Value, json};

use super::check::{Problem, Verdict, checks};
use super::features::Feature;
use super::test::{Seen, Test};
use crate::ask::Ask;
use crate::document::{at, is_assigned, list, text};
use crate::urns::LIST_RESPONSE;

checks! {
    form "search.form" Must "RFC 7644 §3.4.3" []
        "Answer POST /Users/.search with a ListResponse"
        "The inclusion of \"/.search\" on the end of a valid SCIM endpoint SHALL be used to indicate that the HTTP POST verb is intended to be a query operation. […] a response is returned as specified in Section 3.4.2."
    filter "search.filter" Must "RFC 7644 §3.4.3" [Feature::Filter]
        "Take filter in a search"
        "filter: The filter string used to request a subset of resources."
    count "search.count" Must "RFC 7644 §3.4.3" []
        "Take count in a search"
        "count: An integer indicating the desired maximum number of query results per page."
    start "search.start-index" Must "RFC 7644 §3.4.3" [Feature::Index]
        "Take startIndex in a search"
        "startIndex: An integer indicating the 1-based index of the first query result."
    attributes "search.attributes" Must "RFC 7644 §3.4.3" [Feature::User("name")]
        "Take attributes in a search"
        "attributes: A multi-valued list of strings indicating the names of resource attributes to return in the response"
    sort "search.sort" Must "RFC 7644 §3.4.3" [Feature::Sort]
        "Take sortBy and sortOrder in a search"
        "sortBy: A string indicating the attribute whose value SHALL be used to order the returned responses."
    root "search.root" Should "RFC 7644 §3.4.3" [Feature::Groups]
        "Answer POST /.search with resources of all types"
        "A query against a server root indicates that all resources within the server SHALL be included, subject to filtering. (§3.4.2.1)"
    me "me" Should "RFC 7644 §3.11" []
        "Answer /Me with 501, 308, or the resource and its permanent Location"
        "A service provider that does NOT support this feature SHOULD respond with HTTP status code 501 (Not Implemented)."
}

/// A search for users; on a server with other people's users, for ours only.
async fn search(test: &Test<'_>, more: Value) -> Result<Seen, Problem> {
    let people = test.people().await?;
    let mut body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]});
    if test.force && test.features.has(Feature::Filter) {
        body["filter"] = json!(format!("userName sw \"{}\"", people.word));
    }
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    let seen = test.ask(Ask::post(format!("{}/.search", test.users()), &body)).await?;
    // The RFC says what a search is, and nowhere that a server must have it.
    let is_absent = matches!(seen.answer.status, 404 | 405 | 501);
    seen.status(&[200]).map_err(|problem| if is_absent { problem.at_most_should() } else { problem })
}

/// Which of the three people are on the page, in its order.
async fn found(test: &Test<'_>, seen: &Seen) -> Result<Vec<&'static str>, Problem> {
    let people = test.people().await?;
    let listed = list(seen.json(), &["Resources"]).iter();
    Ok(listed.filter_map(|user| people.name_of(text(user, &["id"]))).collect())
}

async fn form(test: &Test<'_>) -> Verdict {
    let seen = search(test, json!({})).await?;
    let is_list = list(seen.json(), &["schemas"]).iter().any(|schema| schema == LIST_RESPONSE);
    seen.wants(is_list, |answer| format!("schemas is {}", at(&answer.json, &["schemas"]))).map(drop)
}

async fn filter(test: &Test<'_>) -> Verdict {
    let filter = format!("userName eq \"{}-ben\"", test.people().await?.word);
    let seen = search(test, json!({"filter": filter})).await?;
    let (found, count) = (found(test, &seen).await?, list(seen.json(), &["Resources"]).len());
    seen.wants(found == ["ben"] && count == 1, |_| format!("it finds {count} users, {found:?} among them")).map(drop)
}

async fn count(test: &Test<'_>) -> Verdict {
    let seen = search(test, json!({"count": 1})).await?;
    let count = list(seen.json(), &["Resources"]).len();
    seen.wants(count == 1, |_| format!("{count} resources for count 1")).map(drop)
}

async fn start(test: &Test<'_>) -> Verdict {
    let first = search(test, json!({"count": 2, "startIndex": 1})).await?;
    let seen = search(test, json!({"count": 2, "startIndex": 2})).await?;
    let id = |seen: &Seen, number: usize| at(&at(seen.json(), &["Resources"])[number], &["id"]).clone();
    let fits = id(&first, 1) == id(&seen, 0);
    seen.behind(first).wants(fits, |_| "the first from 2 is not the second from 1".to_owned()).map(drop)
}

async fn attributes(test: &Test<'_>) -> Verdict {
    let seen = search(test, json!({"attributes": ["userName"]})).await?;
    let fits = list(seen.json(), &["Resources"])
        .iter()
        .all(|user| is_assigned(at(user, &["userName"])) && !is_assigned(at(user, &["name"])));
    seen.wants(fits, |_| "there is more than userName, or not even that".to_owned()).map(drop)
}

async fn sort(test: &Test<'_>) -> Verdict {
    let seen = search(test, json!({"sortBy": "userName", "sortOrder": "descending"})).await?;
    let found = found(test, &seen).await?;
    seen.wants(found == ["cleo", "ben", "ana"], |_| format!("the order is {found:?}")).map(drop)
}

async fn root(test: &Test<'_>) -> Verdict {
    let (user, group) = (test.user(json!({})).await?, test.group(&[]).await?);
    let mut body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]});
    if test.features.has(Feature::Filter) {
        body["filter"] = json!(format!("id eq {} or id eq {}", json!(user.id), json!(group.id)));
    }
    let seen = test.ask(Ask::post("/.search", &body)).await?.status(&[200])?;
    let has = |id: &str| list(seen.json(), &["Resources"]).iter().any(|found| text(found, &["id"]) == id);
    let fits = has(&user.id) && has(&group.id);
    seen.wants(fits, |_| "it does not show both the user and the group".to_owned()).map(drop)
}

async fn me(test: &Test<'_>) -> Verdict {
    let seen = test.ask(Ask::get("/Me")).await?.status(&[200, 308, 404, 501])?;
    // 404 stands for "nobody": a token that belongs to no user.
    let needs_location = matches!(seen.answer.status, 200 | 308);
    let has_location = !seen.answer.header("location").is_empty();
    seen.wants(has_location || !needs_location, |_| "there is no Location header".to_owned()).map(drop)
}
