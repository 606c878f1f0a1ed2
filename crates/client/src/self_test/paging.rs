//! Pages by index (RFC 7644 §3.4.2.4).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::check::{Problem, Verdict, checks};
use super::features::Feature;
use super::test::{Seen, Test};
use crate::ask::Ask;
use crate::document::{at, list, text};
use crate::urns::LIST_RESPONSE;

checks! {
    form "paging.form" Must "RFC 7644 §3.4.2" []
        "Answer a list with a ListResponse: schemas, totalResults, Resources"
        "Responses MUST be identified using the following URI: \"urn:ietf:params:scim:api:messages:2.0:ListResponse\". […] totalResults: REQUIRED. Resources: REQUIRED if \"totalResults\" is non-zero."
    numbers "paging.numbers" Must "RFC 7644 §3.4.2.4" []
        "Write totalResults, itemsPerPage and startIndex as whole numbers"
        "itemsPerPage: Non-negative integer. […] totalResults: Non-negative integer. […] startIndex: The 1-based index of the first result"
    partial "paging.partial" Must "RFC 7644 §3.4.2" [Feature::Index]
        "Send startIndex and itemsPerPage with a page that is not all"
        "startIndex: […] REQUIRED when partial results are returned due to pagination. itemsPerPage: […] REQUIRED when partial results are returned due to pagination."
    count "paging.count" Must "RFC 7644 §3.4.2.4" []
        "Return no more resources than count"
        "When specified, the service provider MUST NOT return more results than specified"
    count_zero "paging.count-zero" Must "RFC 7644 §3.4.2.4" []
        "Return no resources but totalResults for count=0"
        "A value of \"0\" indicates that no resource results are to be returned except for \"totalResults\"."
    count_negative "paging.count-negative" Must "RFC 7644 §3.4.2.4" []
        "Take a negative count as 0"
        "A negative value SHALL be interpreted as \"0\"."
    start_low "paging.start-low" Must "RFC 7644 §3.4.2.4" [Feature::Index]
        "Take a startIndex below 1 as 1"
        "startIndex: The 1-based index of the first query result. A value less than 1 SHALL be interpreted as 1."
    start "paging.start" Must "RFC 7644 §3.4.2.4" [Feature::Index]
        "Begin a page with the resource at startIndex"
        "startIndex: The 1-based index of the first result in the current set of list results."
    walk "paging.walk" Must "RFC 7644 §3.4.2.4" [Feature::Index]
        "Show each resource on exactly one page, in an order that stays"
        "Pagination parameters can be used together to \"page through\" large numbers of resources"
    beyond "paging.beyond" Must "RFC 7644 §3.4.2.4" [Feature::Index]
        "Answer 200 without resources behind the last one"
        "A query that does not return any matches SHALL return success (HTTP status code 200) (§3.4.2)"
}

/// A page of the users; on a server with other people's users, of ours only.
async fn page(test: &Test<'_>, query: &str) -> Result<Seen, Problem> {
    let people = test.people().await?;
    let mut ask = Ask::get(format!("{}{query}", test.users()));
    if test.force && test.features.has(Feature::Filter) {
        ask = ask.query("filter", format!("userName sw \"{}\"", people.word));
    }
    test.ask(ask).await?.status(&[200])
}

fn resources(seen: &Seen) -> &[Value] {
    list(seen.json(), &["Resources"])
}

/// The ids on a page.
fn ids(seen: &Seen) -> Vec<String> {
    resources(seen).iter().map(|found| text(found, &["id"]).to_owned()).collect()
}

/// How many there are, as the server says.
fn total(seen: &Seen) -> Result<usize, Problem> {
    let total = at(seen.json(), &["totalResults"]).as_u64().and_then(|total| usize::try_from(total).ok());
    total.ok_or_else(|| Problem::Blocked("totalResults is no number".to_owned()))
}

async fn form(test: &Test<'_>) -> Verdict {
    let seen = page(test, "").await?;
    let is_named = list(seen.json(), &["schemas"]).iter().any(|schema| schema == LIST_RESPONSE);
    let seen = seen.wants(is_named, |answer| format!("schemas is {}", at(&answer.json, &["schemas"])))?;
    let has_total = !at(seen.json(), &["totalResults"]).is_null();
    let seen = seen.wants(has_total, |_| "there is no totalResults".to_owned())?;
    let count = resources(&seen).len();
    seen.wants(count >= 3, |_| format!("there are three users at least, and {count} in Resources")).map(drop)
}

async fn numbers(test: &Test<'_>) -> Verdict {
    let seen = page(test, "?count=1").await?;
    let wrong: Vec<String> = ["totalResults", "itemsPerPage", "startIndex"]
        .into_iter()
        .map(|name| (name, at(seen.json(), &[name])))
        .filter(|(_, value)| !value.is_null() && !value.is_u64())
        .map(|(name, value)| format!("{name} is {value}"))
        .collect();
    seen.wants(wrong.is_empty(), |_| wrong.join("; ")).map(drop)
}

async fn partial(test: &Test<'_>) -> Verdict {
    let seen = page(test, "?startIndex=2&count=1").await?;
    let missing: Vec<&str> =
        ["startIndex", "itemsPerPage"].into_iter().filter(|name| at(seen.json(), &[name]).is_null()).collect();
    seen.wants(missing.is_empty(), |_| format!("the page has no {}", missing.join(" and no "))).map(drop)
}

async fn count(test: &Test<'_>) -> Verdict {
    let seen = page(test, "?count=2").await?;
    let count = resources(&seen).len();
    seen.wants(count <= 2, |_| format!("{count} resources for count=2")).map(drop)
}

async fn without_resources(test: &Test<'_>, query: &str) -> Verdict {
    let all = page(test, "").await?;
    let there = at(all.json(), &["totalResults"]).clone();
    let seen = page(test, query).await?;
    let count = resources(&seen).len();
    seen.wants(count == 0, |_| format!("there are {count} resources"))?.value(&["totalResults"], &there).map(drop)
}

async fn count_zero(test: &Test<'_>) -> Verdict {
    without_resources(test, "?count=0").await
}

async fn count_negative(test: &Test<'_>) -> Verdict {
    without_resources(test, "?count=-1").await
}

async fn start_low(test: &Test<'_>) -> Verdict {
    let first = page(test, "?startIndex=1&count=2").await?;
    for low in ["0", "-5"] {
        let seen = page(test, &format!("?startIndex={low}&count=2")).await?;
        let is_same = ids(&seen) == ids(&first);
        seen.wants(is_same, |_| format!("startIndex={low} gives another page than startIndex=1"))?;
    }
    Ok(())
}

async fn start(test: &Test<'_>) -> Verdict {
    let first = page(test, "?startIndex=1&count=2").await?;
    let seen = page(test, "?startIndex=2&count=1").await?.behind(first);
    let seen = seen.value(&["startIndex"], &json!(2))?;
    let first = page(test, "?startIndex=1&count=2").await?;
    let fits = ids(&first).get(1) == ids(&seen).first();
    seen.wants(fits, |_| "the first on the page from 2 is not the second on the page from 1".to_owned()).map(drop)
}

async fn walk(test: &Test<'_>) -> Verdict {
    /// More pages are not read.
    const PAGES_MAX: usize = 50;
    let (mut seen_ids, mut next) = (BTreeSet::new(), 1);
    for _ in 0..PAGES_MAX {
        let seen = page(test, &format!("?startIndex={next}&count=2")).await?;
        let found = ids(&seen);
        let twice = found.iter().find(|id| !seen_ids.insert((*id).clone())).cloned();
        let seen = seen.wants(twice.is_none(), |_| format!("{} is on two pages", twice.clone().unwrap_or_default()))?;
        next += found.len();
        let total = total(&seen)?;
        if next > total || found.is_empty() {
            let people = test.people().await?;
            let missing = ["ana", "ben", "cleo"].into_iter().find(|name| !seen_ids.contains(&people.get(name).id));
            return seen
                .wants(seen_ids.len() == total && missing.is_none(), |_| {
                    format!("totalResults is {total}, and {} resources are on the pages", seen_ids.len())
                })
                .map(drop);
        }
    }
    Ok(())
}

async fn beyond(test: &Test<'_>) -> Verdict {
    let all = page(test, "?count=1").await?;
    let behind = total(&all)? + 1;
    let seen = page(test, &format!("?startIndex={behind}&count=2")).await?;
    let count = resources(&seen).len();
    seen.wants(count == 0, |_| format!("there are {count} resources behind the last one")).map(drop)
}
