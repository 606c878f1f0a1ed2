//! In the order and the pages of lists, in searches, and in `/Me`.

use serde_json::{Value, json};

use crate::fault::{Answered, Asked, Fault, drop_member, scim_type, status};

fn request(id: &'static str, edit: impl Fn(&mut Asked) + Send + Sync + 'static) -> Fault {
    Fault::request(id, "GET", "/Users", edit)
}

fn answer(id: &'static str, edit: impl Fn(&Asked, &mut Answered) + Send + Sync + 'static) -> Fault {
    Fault::answer(id, "GET", "/Users", edit)
}

/// In the body of a search.
fn search(id: &'static str, edit: impl Fn(&mut Value) + Send + Sync + 'static) -> Fault {
    Fault::request(id, "POST", "/Users/.search", move |asked| edit(&mut asked.json))
}

/// Without the parameter.
fn without(id: &'static str, name: &'static str) -> Fault {
    request(id, move |asked| asked.without(name))
}

/// What is listed is ordered otherwise.
fn ordered<K: Ord>(id: &'static str, key: impl Fn(&Value) -> K + Send + Sync + 'static) -> Fault {
    answer(id, move |asked, answered| {
        if asked.parameter("sortBy").is_some() {
            answered.resources().sort_by_key(&key);
        }
    })
}

fn reversed(asked: &Asked, answered: &mut Answered) {
    if asked.parameter("sortBy").is_some() {
        answered.resources().reverse();
    }
}

fn text(json: &Value) -> String {
    json.as_str().unwrap_or_default().to_owned()
}

pub(crate) fn all() -> Vec<Fault> {
    [sort(), pages(), cursors(), searches()].into_iter().flatten().collect()
}

fn sort() -> Vec<Fault> {
    const CHECKS: [&str; 6] =
        ["sort.ascending", "sort.descending", "sort.letter-case", "sort.sub-attribute", "sort.missing", "sort.primary"];
    // A server that does not sort at all: who was created first comes first, or last.
    let oldest_first = CHECKS.map(|id| without(id, "sortBy"));
    let newest_first = CHECKS.map(|id| without(id, "sortBy").and(answer(id, reversed)));
    let others = [
        answer("sort.ascending", reversed),
        without("sort.descending", "sortOrder"),
        ordered("sort.letter-case", |user| text(&user["userName"])),
        answer("sort.sub-attribute", reversed),
        ordered("sort.missing", |user| user["nickName"].is_string()),
        ordered("sort.missing", |user| user["nickName"].is_null()),
        // By the first element.
        ordered("sort.primary", |user| text(&user["emails"][0]["value"])),
    ];
    oldest_first.into_iter().chain(newest_first).chain(others).collect()
}

fn pages() -> Vec<Fault> {
    vec![
        answer("paging.form", |_, answered| answered.json["schemas"] = json!([])),
        answer("paging.form", |_, answered| drop_member(&mut answered.json, "totalResults")),
        answer("paging.form", |_, answered| answered.resources().truncate(1)),
        answer("paging.numbers", |_, answered| answered.json["itemsPerPage"] = json!("1")),
        answer("paging.numbers", |_, answered| answered.json["totalResults"] = json!(3.5)),
        answer("paging.partial", |_, answered| drop_member(&mut answered.json, "itemsPerPage")),
        answer("paging.partial", |_, answered| drop_member(&mut answered.json, "startIndex")),
        without("paging.count", "count"),
        request("paging.count-zero", |asked| {
            if asked.parameter("count") == Some("0") {
                asked.without("count");
            }
        }),
        answer("paging.count-zero", |asked, answered| {
            if asked.parameter("count") == Some("0") {
                answered.json["totalResults"] = json!(0);
            }
        }),
        request("paging.count-negative", |asked| asked.change("count", |count| count.replace('-', ""))),
        answer("paging.count-negative", |asked, answered| {
            if asked.parameter("count") == Some("-1") {
                answered.refuses(400, "invalidValue");
            }
        }),
        answer("paging.start-low", |asked, answered| {
            if asked.parameter("startIndex") == Some("-5") {
                answered.refuses(400, "invalidValue");
            }
        }),
        request("paging.start-low", |asked| asked.change("startIndex", |start| start.replace('0', "2"))),
        // The first is number 0.
        request("paging.start", |asked| asked.change("startIndex", |start| start.replace('2', "3")))
            .and(answer("paging.start", |_, answered| answered.json["startIndex"] = json!(2))),
        answer("paging.start", |_, answered| answered.json["startIndex"] = json!(1)),
        without("paging.walk", "startIndex"),
        answer("paging.walk", |asked, answered| {
            if asked.parameter("startIndex").is_some() {
                answered.json["totalResults"] = json!(2);
            }
        }),
        answer("paging.walk", |asked, answered| {
            if asked.parameter("startIndex") == Some("3") {
                answered.resources().clear();
            }
        }),
        without("paging.beyond", "startIndex"),
        answer("paging.beyond", |asked, answered| {
            if asked.parameter("startIndex").is_some() {
                answered.refuses(404, "");
            }
        }),
    ]
}

fn cursors() -> Vec<Fault> {
    vec![
        answer("cursor.first", |_, answered| drop_member(&mut answered.json, "nextCursor")),
        answer("cursor.first", |asked, answered| {
            if asked.parameter("cursor").is_some() {
                answered.refuses(400, "invalidCursor");
            }
        }),
        request("cursor.walk", |asked| asked.change("cursor", |_| String::new())),
        answer("cursor.walk", |_, answered| drop_member(&mut answered.json, "nextCursor")),
        without("cursor.count", "count"),
        request("cursor.count-zero", |asked| {
            if asked.parameter("count") == Some("0") {
                asked.without("count");
            }
        }),
        answer("cursor.no-previous", |_, answered| answered.json["previousCursor"] = json!("before")),
        // To the page after, not to the one before.
        answer("cursor.previous", |asked, answered| {
            if let Some(cursor) = asked.parameter("cursor").filter(|cursor| !cursor.is_empty()) {
                answered.json["previousCursor"] = json!(cursor);
            }
        }),
        answer("cursor.characters", |_, answered| answered.json["nextCursor"] = json!("a+b/c=")),
        request("cursor.invalid", |asked| asked.change("cursor", |_| String::new())),
        answer("cursor.invalid", scim_type("invalidValue")),
        search("cursor.search", |body| body["cursor"] = json!("")),
        Fault::answer("cursor.search", "POST", "/Users/.search", |_, answered| {
            drop_member(&mut answered.json, "nextCursor");
        }),
    ]
}

fn searches() -> Vec<Fault> {
    vec![
        Fault::answer("search.form", "POST", "/Users/.search", |_, answered| answered.json["schemas"] = json!([])),
        Fault::answer("search.form", "POST", "/Users/.search", status(200, 404)),
        search("search.filter", |body| drop_member(body, "filter")),
        search("search.count", |body| drop_member(body, "count")),
        search("search.start-index", |body| drop_member(body, "startIndex")),
        search("search.attributes", |body| drop_member(body, "attributes")),
        search("search.attributes", |body| body["attributes"] = json!(["id"])),
        search("search.sort", |body| drop_member(body, "sortOrder")),
        Fault::answer("search.root", "POST", "/.search", |_, answered| {
            answered.resources().retain(|found| found["userName"].is_string());
        }),
        Fault::answer("me", "GET", "/Me", |_, answered| answered.status = 200),
        Fault::answer("me", "GET", "/Me", |_, answered| answered.refuses(400, "")),
    ]
}
