//! Sorting (RFC 7644 §3.4.2.3).

use serde_json::json;

use super::check::{Problem, Verdict, checks};
use super::features::Feature;
use super::test::{Resource, Seen, Test};
use crate::ask::Ask;
use crate::document::{list, text};

checks! {
    ascending "sort.ascending" Must "RFC 7644 §3.4.2.3" [Feature::Sort]
        "Order by sortBy, upwards when sortOrder is not given"
        "If a value for \"sortBy\" is provided and no \"sortOrder\" is specified, \"sortOrder\" SHALL default to ascending."
    descending "sort.descending" Must "RFC 7644 §3.4.2.3" [Feature::Sort]
        "Order downwards when sortOrder is descending"
        "sortOrder: The order in which the \"sortBy\" parameter is applied. Allowed values are \"ascending\" and \"descending\"."
    letter_case "sort.letter-case" Must "RFC 7644 §3.4.2.3" [Feature::Sort]
        "Order strings without case that are not caseExact"
        "for case-insensitive attributes, sort the result using case-insensitive Unicode alphabetic sort order with no specific locale implied"
    sub_attribute "sort.sub-attribute" Must "RFC 7644 §3.4.2.3" [Feature::Sort, Feature::User("name")]
        "Order by a sub-attribute"
        "If the attribute is complex, the attribute name must be a path to a sub-attribute in standard attribute notation, e.g., \"sortBy=name.givenName\"."
    missing "sort.missing" Must "RFC 7644 §3.4.2.3" [Feature::Sort]
        "Put those without a value last when ascending, and first when descending"
        "if there is no data for the specified \"sortBy\" value, they are sorted via the \"sortOrder\" parameter, i.e., they are ordered last if ascending and first if descending"
    primary "sort.primary" Must "RFC 7644 §3.4.2.3" [Feature::Sort, Feature::User("emails")]
        "Order by the primary element of a multi-valued attribute"
        "if it's a multi-valued attribute, resources are sorted by the value of the primary attribute, if any, or else the first value in the list, if any"
}

/// Three users whose userNames are word-a, word-B and word-c.
async fn three(test: &Test<'_>, more: [serde_json::Value; 3]) -> Result<(String, [Resource; 3]), Problem> {
    let word = test.word();
    let [mut first, mut second, mut third] = more;
    first["userName"] = json!(format!("{word}-a"));
    second["userName"] = json!(format!("{word}-B"));
    third["userName"] = json!(format!("{word}-c"));
    // Created in another order than any that is asked for.
    let second = test.user(second).await?;
    let third = test.user(third).await?;
    Ok((word, [test.user(first).await?, second, third]))
}

/// Lists the users by this order, and wants ours in that one.
async fn in_order(
    test: &Test<'_>,
    word: &str,
    sort: [(&str, &str); 2],
    wanted: [&Resource; 3],
) -> Result<Seen, Problem> {
    let mut ask = Ask::get(test.users());
    if test.force && test.features.has(Feature::Filter) {
        ask = ask.query("filter", format!("userName sw \"{word}\""));
    }
    for (name, value) in sort.into_iter().filter(|(_, value)| !value.is_empty()) {
        ask = ask.query(name, value);
    }
    let seen = test.ask(ask).await?.status(&[200])?;
    let position =
        |user: &Resource| list(seen.json(), &["Resources"]).iter().position(|found| text(found, &["id"]) == user.id);
    let positions = wanted.map(position);
    if positions.iter().any(Option::is_none) {
        return Err(Problem::Blocked("the first page does not show the users that were created".to_owned()));
    }
    let names: Vec<&str> = wanted.map(|user| text(&user.sent, &["userName"])).to_vec();
    seen.wants(positions.is_sorted(), |_| format!("these are not in this order: {}", names.join(", ")))
}

async fn ascending(test: &Test<'_>) -> Verdict {
    let names = ["Xaver", "Yves", "Zoe"].map(|name| json!({"externalId": name}));
    let (word, [x, y, z]) = three(test, names).await?;
    in_order(test, &word, [("sortBy", "externalId"), ("sortOrder", "")], [&x, &y, &z]).await.map(drop)
}

async fn descending(test: &Test<'_>) -> Verdict {
    let names = ["Xaver", "Yves", "Zoe"].map(|name| json!({"externalId": name}));
    let (word, [x, y, z]) = three(test, names).await?;
    in_order(test, &word, [("sortBy", "externalId"), ("sortOrder", "descending")], [&z, &y, &x]).await.map(drop)
}

async fn letter_case(test: &Test<'_>) -> Verdict {
    let (word, [a, b, c]) = three(test, [json!({}), json!({}), json!({})]).await?;
    in_order(test, &word, [("sortBy", "userName"), ("sortOrder", "ascending")], [&a, &b, &c]).await.map(drop)
}

async fn sub_attribute(test: &Test<'_>) -> Verdict {
    let names = ["Moreau", "Zetkin", "Adams"].map(|name| json!({"name": {"familyName": name, "givenName": "Ana"}}));
    let (word, [moreau, zetkin, adams]) = three(test, names).await?;
    let sort = [("sortBy", "name.familyName"), ("sortOrder", "ascending")];
    in_order(test, &word, sort, [&adams, &moreau, &zetkin]).await.map(drop)
}

async fn missing(test: &Test<'_>) -> Verdict {
    let attribute = test.plain()?;
    let (word, [a, none, c]) = three(test, [json!({attribute: "Ann"}), json!({}), json!({attribute: "Cat"})]).await?;
    in_order(test, &word, [("sortBy", attribute), ("sortOrder", "ascending")], [&a, &c, &none]).await?;
    in_order(test, &word, [("sortBy", attribute), ("sortOrder", "descending")], [&none, &c, &a]).await.map(drop)
}

async fn primary(test: &Test<'_>) -> Verdict {
    let word = test.word();
    let emails = |home: &str, work: &str| {
        json!({"emails": [
            {"value": format!("{home}-{word}@home.example"), "type": "home"},
            {"value": format!("{work}-{word}@work.example"), "type": "work", "primary": true},
        ]})
    };
    // By their primary elements they are in this order, by their first ones and by their least ones in the other.
    let (word, [a, b, c]) = three(test, [emails("c", "d"), emails("b", "e"), emails("a", "f")]).await?;
    in_order(test, &word, [("sortBy", "emails.value"), ("sortOrder", "ascending")], [&a, &b, &c]).await.map(drop)
}
