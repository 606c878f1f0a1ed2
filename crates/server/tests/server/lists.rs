//! Lists and searches (RFC 7644 §3.4.2, §3.4.3; RFC 9865).

use service::Scopes;

use crate::harness::Harness;

async fn with_users(names: &[&str]) -> Harness {
    let harness = Harness::new().await;
    for name in names {
        harness.create("/Users", &format!(r#"{{"userName":"{name}"}}"#)).await;
    }
    harness
}

#[tokio::test]
async fn a_filter_that_matches_nothing_is_an_empty_page() {
    let harness = with_users(&["ana"]).await;

    let found = harness.get("/Users?filter=userName+eq+%22nobody%22").await;

    assert_eq!(found.status, 200);
    insta::assert_snapshot!(found.body, @r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0,"itemsPerPage":0,"startIndex":1,"Resources":[]}"#);
}

#[tokio::test]
async fn a_filter_finds_in_any_spelling() {
    let harness = with_users(&["ana", "ben"]).await;

    let found = harness.get("/Users?filter=USERNAME%20EQ%20%22ANA%22").await.json();

    assert_eq!((&found["totalResults"], &found["Resources"][0]["userName"]), (&1.into(), &"ana".into()));
}

#[tokio::test]
async fn a_filter_that_is_not_understood_is_an_error_and_never_no_match() {
    let harness = with_users(&["ana"]).await;

    for filter in ["userName+eq", "nonsense", "userName+is+%22x%22", "(userName+pr", "noSuch+eq+%22x%22", "%22"] {
        let answer = harness.get(&format!("/Users?filter={filter}")).await;

        assert_eq!(answer.scim_error(), "400 invalidFilter", "{filter}");
    }
    let deep = "(".repeat(5000);
    assert_eq!(harness.get(&format!("/Users?filter={deep}userName+pr")).await.scim_error(), "400 invalidFilter");
}

#[tokio::test]
async fn pages_by_index_go_through_all() {
    let harness = with_users(&["a", "b", "c", "d", "e"]).await;

    let page = harness.get("/Users?startIndex=4&count=2&attributes=userName").await.json();
    let beyond = harness.get("/Users?startIndex=9").await.json();
    let low = harness.get("/Users?startIndex=-3&count=1").await.json();

    assert_eq!((&page["totalResults"], &page["itemsPerPage"], &page["startIndex"]), (&5.into(), &2.into(), &4.into()));
    assert_eq!(page["Resources"][1]["userName"], "e");
    assert_eq!((&beyond["totalResults"], &beyond["itemsPerPage"]), (&5.into(), &0.into()));
    assert_eq!((&low["startIndex"], &low["Resources"][0]["userName"]), (&1.into(), &"a".into()));
}

#[tokio::test]
async fn pages_by_cursor_show_each_once() {
    let harness = with_users(&["a", "b", "c", "d", "e"]).await;
    let mut names = Vec::new();
    let mut cursor = String::new();

    loop {
        let page = harness.get(&format!("/Users?count=2&cursor={cursor}")).await.json();
        names.extend(page["Resources"].as_array().unwrap().iter().map(|user| user["userName"].clone()));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }

    assert_eq!(names, ["a", "b", "c", "d", "e"]);
    assert_eq!(harness.get("/Users?cursor=forged").await.scim_error(), "400 invalidCursor");
    assert_eq!(harness.get("/Users?cursor=&count=1001").await.scim_error(), "400 invalidCount");
}

#[tokio::test]
async fn count_0_asks_for_the_total_only_and_too_much_is_cut() {
    let harness = with_users(&["a", "b"]).await;

    let none = harness.get("/Users?count=0").await.json();
    let much = harness.get("/Users?count=1000000").await.json();

    assert_eq!((&none["totalResults"], &none["itemsPerPage"]), (&2.into(), &0.into()));
    assert_eq!(much["itemsPerPage"], 2);
}

#[tokio::test]
async fn a_search_in_a_body_finds_the_same() {
    let harness = with_users(&["ana", "ben"]).await;
    let body = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "filter":"userName eq \"ben\"","attributes":["userName"],"count":10}"#;

    let one_type = harness.post("/Users/.search", body).await;
    let all_types = harness.post("/.search", body).await;

    assert_eq!((one_type.status.as_u16(), all_types.status.as_u16()), (200, 200), "{}", all_types.body);
    assert_eq!(one_type.json()["Resources"], all_types.json()["Resources"]);
    assert_eq!(one_type.json()["Resources"][0]["userName"], "ben");
}

#[tokio::test]
async fn the_root_lists_what_the_caller_may_read() {
    let harness = with_users(&["ana"]).await;
    harness.create("/Groups", r#"{"displayName":"Staff"}"#).await;
    let groups_only = harness.token_with(Scopes::GROUPS_READ).await;
    let nothing = harness.token_with(Scopes::BULK).await;
    let root =
        |token| harness.request("GET", "/api/v1/tenants/acme/scim/v2?filter=meta.created+pr").bearer(token).send();

    assert_eq!(root(&harness.token).await.json()["totalResults"], 2);
    assert_eq!(root(&groups_only).await.json()["totalResults"], 1);
    assert_eq!(root(&nothing).await.scim_error(), "403");
}

#[tokio::test]
async fn sorting_is_by_the_attribute_that_is_named() {
    let harness = with_users(&["b", "a", "c"]).await;

    let found = harness.get("/Users?sortBy=userName&sortOrder=descending").await.json();

    let names: Vec<_> = found["Resources"].as_array().unwrap().iter().map(|user| &user["userName"]).collect();
    assert_eq!(names, ["c", "b", "a"]);
}

#[tokio::test]
async fn a_broken_query_string_is_refused_and_unknown_parameters_are_ignored() {
    let harness = with_users(&["ana"]).await;

    for broken in ["filter=userName+eq+%22%ff%22", "filter=%", "attributes=%00"] {
        assert!(harness.get(&format!("/Users?{broken}")).await.scim_error().starts_with("400"), "{broken}");
    }
    assert_eq!(harness.get("/Users?aadOptscim062020&x=y").await.json()["totalResults"], 1);
}
