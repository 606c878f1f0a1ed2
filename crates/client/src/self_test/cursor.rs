//! Pages by cursor (RFC 9865).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::check::{Problem, Verdict, checks};
use super::features::Feature;
use super::test::{Seen, Test};
use crate::ask::{Ask, encode};
use crate::document::{at, list, text};

checks! {
    first "cursor.first" Must "RFC 9865 §2" [Feature::Cursor]
        "Answer an empty cursor with a first page and its nextCursor"
        "Service providers supporting cursor-based pagination MUST include nextCursor in all paged query responses except when returning the last page."
    walk "cursor.walk" Must "RFC 9865 §2" [Feature::Cursor]
        "Show each resource on exactly one page, and leave out nextCursor on the last"
        "nextCursor MUST be omitted from a response only to indicate that there are no more result pages."
    count "cursor.count" Must "RFC 9865 §2" [Feature::Cursor]
        "Return no more resources than count"
        "When specified, the service provider MUST NOT return more, although it MAY return fewer, results."
    count_zero "cursor.count-zero" Must "RFC 9865 §2" [Feature::Cursor]
        "Return no resources for count=0"
        "A value of \"0\" indicates that no resource results are to be returned except for \"totalResults\"."
    no_previous "cursor.no-previous" Must "RFC 9865 §2" [Feature::Cursor]
        "Send no previousCursor with the first page"
        "previousCursor MUST NOT be returned with the first page."
    previous "cursor.previous" Must "RFC 9865 §2" [Feature::Cursor]
        "Let previousCursor, if you send it, lead to the page before"
        "previousCursor: A cursor value string that MAY be used in a subsequent request to obtain the previous page of results."
    characters "cursor.characters" Must "RFC 9865 §2" [Feature::Cursor]
        "Use letters, digits and - . _ ~ only in cursors"
        "This value may only contain characters from the unreserved character set defined in Section 2.3 of [RFC3986]."
    invalid "cursor.invalid" Should "RFC 9865 §2.1" [Feature::Cursor]
        "Answer 400 invalidCursor to a cursor that is none"
        "If a service provider encounters invalid pagination query parameters (invalid cursor value, count value, etc) […] the service provider SHOULD return the appropriate HTTP response status code and detailed JSON error response"
    search "cursor.search" Must "RFC 9865 §3" [Feature::Cursor]
        "Take cursors in POST /.search too"
        "When posting to /.search, the client would pass the parameters defined in Section 2 in the body of the POST request."
}

/// A page of two, from this cursor; on a server with other people's users, of ours only.
async fn page(test: &Test<'_>, cursor: &str, count: &str) -> Result<Seen, Problem> {
    let people = test.people().await?;
    let mut ask = Ask::get(format!("{}?cursor={}&count={count}", test.users(), encode(cursor)));
    if test.force && test.features.has(Feature::Filter) {
        ask = ask.query("filter", format!("userName sw \"{}\"", people.word));
    }
    test.ask(ask).await
}

/// The first page, which another check judges.
async fn first_page(test: &Test<'_>) -> Result<Seen, Problem> {
    let seen = page(test, "", "2").await?.status(&[200]).map_err(|problem| problem.blocked("first page"))?;
    if next(&seen).is_empty() { Err(Problem::Blocked("the first page has no nextCursor".to_owned())) } else { Ok(seen) }
}

fn next(seen: &Seen) -> &str {
    text(seen.json(), &["nextCursor"])
}

fn ids(json: &Value) -> Vec<String> {
    list(json, &["Resources"]).iter().map(|found| text(found, &["id"]).to_owned()).collect()
}

async fn first(test: &Test<'_>) -> Verdict {
    let seen = page(test, "", "2").await?.status(&[200])?;
    let has_next = !next(&seen).is_empty();
    seen.wants(has_next, |_| "there are more than two users, and the page of two has no nextCursor".to_owned())
        .map(drop)
}

async fn walk(test: &Test<'_>) -> Verdict {
    /// More pages are not read.
    const PAGES_MAX: usize = 50;
    let (mut seen_ids, mut cursor) = (BTreeSet::new(), String::new());
    for _ in 0..PAGES_MAX {
        let seen = page(test, &cursor, "2").await?.status(&[200])?;
        let twice = ids(seen.json()).into_iter().find(|id| !seen_ids.insert(id.clone()));
        let seen = seen.wants(twice.is_none(), |_| format!("{} is on two pages", twice.clone().unwrap_or_default()))?;
        next(&seen).clone_into(&mut cursor);
        if cursor.is_empty() {
            let people = test.people().await?;
            let missing = ["ana", "ben", "cleo"].into_iter().find(|name| !seen_ids.contains(&people.get(name).id));
            return seen.wants(missing.is_none(), |_| "a user that is there is on no page".to_owned()).map(drop);
        }
    }
    Ok(())
}

async fn count(test: &Test<'_>) -> Verdict {
    let seen = page(test, "", "1").await?.status(&[200])?;
    let count = list(seen.json(), &["Resources"]).len();
    seen.wants(count <= 1, |_| format!("{count} resources for count=1")).map(drop)
}

async fn count_zero(test: &Test<'_>) -> Verdict {
    let seen = page(test, "", "0").await?.status(&[200])?;
    let count = list(seen.json(), &["Resources"]).len();
    seen.wants(count == 0, |_| format!("{count} resources for count=0")).map(drop)
}

async fn no_previous(test: &Test<'_>) -> Verdict {
    let seen = first_page(test).await?;
    let is_absent = at(seen.json(), &["previousCursor"]).is_null();
    seen.wants(is_absent, |_| "the first page has a previousCursor".to_owned()).map(drop)
}

async fn previous(test: &Test<'_>) -> Verdict {
    let first = first_page(test).await?;
    let wanted = ids(first.json());
    let second = page(test, next(&first), "2").await?.status(&[200])?;
    let cursor = text(second.json(), &["previousCursor"]).to_owned();
    if cursor.is_empty() {
        return Err(Problem::NotSupported("the server sends no previousCursor, as it may".to_owned()));
    }
    let seen = page(test, &cursor, "2").await?.behind(second).status(&[200])?;
    let is_it = ids(seen.json()) == wanted;
    seen.wants(is_it, |_| "previousCursor of the second page does not lead to the first".to_owned()).map(drop)
}

async fn characters(test: &Test<'_>) -> Verdict {
    let seen = first_page(test).await?;
    let fits = encode(next(&seen)) == next(&seen);
    seen.wants(fits, |answer| format!("nextCursor is {}", at(&answer.json, &["nextCursor"]))).map(drop)
}

async fn invalid(test: &Test<'_>) -> Verdict {
    page(test, "no-cursor-of-yours", "2").await?.status(&[400])?.scim_type("invalidCursor").map(drop)
}

async fn search(test: &Test<'_>) -> Verdict {
    let people = test.people().await?;
    let mut body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "cursor": "", "count": 1,
    });
    if test.force && test.features.has(Feature::Filter) {
        body["filter"] = json!(format!("userName sw \"{}\"", people.word));
    }
    let path = format!("{}/.search", test.users());
    let seen = test.ask(Ask::post(&path, &body)).await?.status(&[200])?;
    let seen = seen.wants_next()?;
    let first = ids(seen.json());
    body["cursor"] = json!(next(&seen));
    let seen = test.ask(Ask::post(&path, &body)).await?.behind(seen).status(&[200])?;
    let second = ids(seen.json());
    let fits = first.len() == 1 && second.len() == 1 && first != second;
    seen.wants(fits, |_| "the second page is not another user".to_owned()).map(drop)
}

impl Seen {
    fn wants_next(self) -> Result<Self, Problem> {
        let has_next = !next(&self).is_empty();
        self.wants(has_next, |_| "there is no nextCursor".to_owned())
    }
}
