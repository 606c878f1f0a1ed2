//! Queries for lists (RFC 7644 §3.4.2; RFC 9865): what is taken for what, and what is refused.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;

use proptest::prelude::*;
use scim::ScimError;
use scim::message::SearchRequest;
use scim::query::{Cursor, ListQuery, Page, PageLimits, Position, SortOrder};
use scim::schema::{ResourceType, core};

/// A query to `/Users`, or to the root.
fn query_to(types: &[Arc<ResourceType>], pairs: &[(&str, &str)]) -> Result<ListQuery, ScimError> {
    ListQuery::new(&SearchRequest::from_pairs(pairs.iter().copied())?, types, PageLimits::default())
}

fn users() -> Vec<Arc<ResourceType>> {
    vec![Arc::clone(core::registry().type_named("User").unwrap())]
}

fn query(pairs: &[(&str, &str)]) -> Result<ListQuery, ScimError> {
    query_to(&users(), pairs)
}

fn refusal(pairs: &[(&str, &str)]) -> String {
    format!("{:?}", query(pairs).unwrap_err())
}

#[test]
fn a_query_without_parameters_is_the_first_page_of_everything() {
    let query =
        query(&[("unknown", "x"), ("sortBy", ""), ("sortOrder", ""), ("count", " "), ("startIndex", "")]).unwrap();

    assert_eq!(query.page, Page::Index { start: 1, count: 100 });
    assert!(query.filter.is_none() && query.sort.is_none() && query.projection.is_default());
}

#[test]
fn an_index_page_is_cut_to_what_is_possible() {
    for (start, count, expected) in [
        ("1", "10", (1, 10)),
        ("0", "0", (1, 0)),
        ("-5", "-1", (1, 0)),
        ("+7", "1000", (7, 1000)),
        ("900001", "1001", (900_001, 1000)),
        ("99999999999999999999", "99999999999999999999", (i64::MAX.unsigned_abs(), 1000)),
        ("3.0", "2.0", (3, 2)),
    ] {
        let page = query(&[("startIndex", start), ("count", count)]).unwrap().page;
        assert_eq!(page, Page::Index { start: expected.0, count: expected.1 }, "{start} {count}");
    }
    for wrong in ["x", "1e3", "1.5", "--1", "1 2", "0x10", "\u{661}", "1.0.0", ".0"] {
        assert_eq!(
            query(&[("startIndex", wrong)]),
            Err(ScimError::value("startIndex", "expected an integer")),
            "{wrong}"
        );
        assert_eq!(query(&[("count", wrong)]), Err(ScimError::value("count", "expected an integer")), "{wrong}");
    }
}

/// The inbound jobs of Entra ID ask for `startindex=0`.
#[test]
fn the_case_of_parameter_names_does_not_matter() {
    assert_eq!(query(&[("startindex", "0"), ("COUNT", "5")]).unwrap().page, Page::Index { start: 1, count: 5 });
}

#[test]
fn an_empty_cursor_asks_for_the_first_page() {
    assert_eq!(query(&[("cursor", "")]).unwrap().page, Page::Cursor { after: None, count: 100 });
    assert_eq!(query(&[("cursor", ""), ("count", "-1")]).unwrap().page, Page::Cursor { after: None, count: 0 });
    assert_eq!(query(&[("cursor", ""), ("count", "1000")]).unwrap().page, Page::Cursor { after: None, count: 1000 });
}

#[test]
fn a_cursor_leads_on_in_the_query_that_gave_it() {
    let asked = |cursor: &str| {
        query(&[("filter", "userName sw \"a\""), ("sortBy", "userName"), ("cursor", cursor), ("count", "2")])
    };
    let position = Position::Sorted { value: Some("ana".into()), key: 7 };
    let cursor = asked("").unwrap().cursor_after(position.clone(), 9);

    assert_eq!(asked(&cursor).unwrap().page, Page::Cursor { after: Some(Cursor { position, total: 9 }), count: 2 });
}

#[test]
fn a_cursor_is_refused_by_any_other_query() {
    let position = Position::Sorted { value: Some("ana".into()), key: 7 };
    let asked = [("filter", "userName pr"), ("sortBy", "userName"), ("cursor", "")];
    let cursor = query(&asked).unwrap().cursor_after(position.clone(), 9);
    let unsorted = query(&[("filter", "userName pr"), ("cursor", "")]).unwrap().cursor_after(position.clone(), 9);

    for other in [
        vec![("filter", "title pr"), ("sortBy", "userName"), ("cursor", &*cursor)],
        vec![("filter", "userName pr"), ("sortBy", "title"), ("cursor", &*cursor)],
        vec![("filter", "userName pr"), ("sortBy", "userName"), ("sortOrder", "descending"), ("cursor", &*cursor)],
        vec![("filter", "userName pr"), ("cursor", &*cursor)],
        vec![("sortBy", "userName"), ("cursor", &*cursor)],
        vec![("filter", "userName pr"), ("cursor", &*unsorted)],
        vec![("cursor", "x")],
        vec![("cursor", "VZUTiyhEQJ94IR")],
        vec![("cursor", "🦀")],
    ] {
        assert!(matches!(query(&other), Err(ScimError::Cursor(_))), "{other:?}");
    }
    let at_root = [("filter", "userName pr"), ("sortBy", "userName"), ("cursor", &*cursor)];
    assert!(matches!(query_to(core::registry().types(), &at_root), Err(ScimError::Cursor(_))));
}

#[test]
fn pages_by_cursor_are_asked_for_within_limits() {
    insta::assert_snapshot!(refusal(&[("cursor", ""), ("count", "1001")]), @r#"Count("count: expected an integer from 0 to maxPageSize (1000)")"#);
    insta::assert_snapshot!(refusal(&[("cursor", ""), ("count", "many")]), @r#"Count("count: expected an integer from 0 to maxPageSize (1000)")"#);
    insta::assert_snapshot!(refusal(&[("cursor", ""), ("startIndex", "1")]), @r#"Value { attribute: "startIndex", reason: "excludes cursor: a query is paged by index or by cursor (RFC 9865 section 2.4)" }"#);
}

#[test]
fn resources_are_sorted_by_what_has_a_plain_value() {
    for (by, expected) in [
        ("userName", "userName"),
        ("USERNAME", "USERNAME"),
        ("name.familyName", "name.familyName"),
        ("emails", "emails.value"),
        ("emails.type", "emails.type"),
        ("meta.lastModified", "meta.lastModified"),
        ("id", "id"),
        ("externalId", "externalId"),
        (
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
        ),
        (
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value",
        ),
    ] {
        let sort = query(&[("sortBy", by), ("sortOrder", "DESCENDING")]).unwrap().sort.unwrap();
        assert_eq!((sort.by.to_string().as_str(), sort.order), (expected, SortOrder::Descending));
    }
    assert_eq!(query(&[("sortBy", "title")]).unwrap().sort.unwrap().order, SortOrder::Ascending);
}

#[test]
fn what_cannot_be_sorted_by_is_refused() {
    let by = |name| refusal(&[("sortBy", name)]);

    insta::assert_snapshot!(by("shoeSize"), @r#"Value { attribute: "sortBy", reason: "'shoeSize' is not an attribute of User" }"#);
    insta::assert_snapshot!(by("name"), @r#"Value { attribute: "sortBy", reason: "'name' has parts; name one of them, as in 'name.formatted'" }"#);
    insta::assert_snapshot!(by("name.nickName"), @r#"Value { attribute: "sortBy", reason: "'name.nickName' is not an attribute of User" }"#);
    insta::assert_snapshot!(by("password"), @r#"Value { attribute: "sortBy", reason: "/Users cannot be sorted by 'password'" }"#);
    insta::assert_snapshot!(by("groups"), @r#"Value { attribute: "sortBy", reason: "/Users cannot be sorted by 'groups'" }"#);
    insta::assert_snapshot!(by("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"), @r#"Value { attribute: "sortBy", reason: "'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User' is a schema; name one of its attributes" }"#);
    insta::assert_snapshot!(by("emails[type eq \"work\"].value"), @r#"Value { attribute: "sortBy", reason: "path 'emails[type eq \"work\"]': not the name of an attribute" }"#);
    insta::assert_snapshot!(refusal(&[("sortBy", "title"), ("sortOrder", "up")]), @r#"Value { attribute: "sortOrder", reason: "expected 'ascending' or 'descending'" }"#);
}

#[test]
fn at_the_root_it_is_enough_that_one_type_knows_an_attribute() {
    let types = core::registry();
    let root = |pairs: &[(&str, &str)]| query_to(types.types(), pairs);

    assert!(root(&[("filter", "userName eq \"a\""), ("sortBy", "displayName")]).is_ok());
    assert!(root(&[("filter", "members pr"), ("sortBy", "userName")]).is_ok());
    assert!(matches!(root(&[("filter", "shoeSize eq 1")]), Err(ScimError::Filter(_))));
    assert!(root(&[("sortBy", "shoeSize")]).is_err());
}

#[test]
fn a_filter_that_is_not_understood_is_never_left_out() {
    for filter in ["", " ", "userName", "userName eq", "shoeSize eq 1", "userName eq \"a\" and"] {
        assert!(matches!(query(&[("filter", filter)]), Err(ScimError::Filter(_))), "{filter:?}");
    }
    assert!(query(&[("filter", "userName pr"), ("filter", "title pr")]).is_err());
}

#[test]
fn a_search_in_a_body_is_judged_like_a_query_string() {
    let body = br#"{"filter": "userName sw \"j\"", "startIndex": 3, "count": 5, "attributes": ["userName"]}"#;
    let searched = ListQuery::new(&SearchRequest::read(body).unwrap(), &users(), PageLimits::default()).unwrap();

    let pairs = [("filter", "userName sw \"j\""), ("startIndex", "3"), ("count", "5"), ("attributes", "userName")];
    assert_eq!(searched, query(&pairs).unwrap());
}

proptest! {
    #[test]
    fn no_parameters_make_it_panic(
        pairs in prop::collection::vec(
            (
                prop::sample::select(vec![
                    "filter", "sortBy", "sortOrder", "startIndex", "count", "cursor", "attributes", "excludedAttributes",
                ]),
                ".{0,20}",
            ),
            0..6,
        ),
        body in ".*",
    ) {
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
        drop(query(&pairs));
        drop(SearchRequest::read(body.as_bytes()));
    }
}
