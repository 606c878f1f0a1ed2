//! Filters (RFC 7644 §3.4.2.2): every operator and type, and never a lie.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::check::{Check, Level, Problem, Running, Verdict};
use super::features::{ENTERPRISE, Feature, USER};
use super::people::People;
use super::test::{Seen, Test};
use crate::ask::Ask;
use crate::document::{at, list, text};

/// More pages are not read.
const PAGES_MAX: usize = 100;

/// A check that looks for some of the three people. `{w}` in the filter stands for their word, `{W}`
/// for the same in capitals.
macro_rules! finding {
    ($id:literal $section:literal [$($needs:expr),*] $demand:literal $quote:literal $filter:literal finds $found:expr) => {
        Check {
            id: $id,
            level: Level::Must,
            section: $section,
            needs: &[Feature::Filter, $($needs),*],
            demand: $demand,
            quote: $quote,
            run: |test| -> Running<'_> { Box::pin(finds(test, $filter, &$found)) },
        }
    };
}

macro_rules! doing {
    ($run:ident $id:literal $level:ident $section:literal [$($needs:expr),*] $demand:literal $quote:literal) => {
        Check {
            id: $id,
            level: Level::$level,
            section: $section,
            needs: &[Feature::Filter, $($needs),*],
            demand: $demand,
            quote: $quote,
            run: |test| -> Running<'_> { Box::pin($run(test)) },
        }
    };
}

pub(crate) static CHECKS: &[Check] = &[
    finding!("filter.eq" "RFC 7644 §3.4.2.2" [] "Find by eq"
        "eq: The attribute and operator values must be identical for a match."
        "userName eq \"{w}-ana\"" finds ["ana"]),
    finding!("filter.ne" "RFC 7644 §3.4.2.2" [] "Find by ne"
        "ne: The attribute and operator values are not identical."
        "userName ne \"{w}-ana\"" finds ["ben", "cleo"]),
    finding!("filter.co" "RFC 7644 §3.4.2.2" [] "Find by co"
        "co: The entire operator value must be a substring of the attribute value for a match."
        "userName co \"{w}-b\"" finds ["ben"]),
    finding!("filter.sw" "RFC 7644 §3.4.2.2" [] "Find by sw"
        "sw: The entire operator value must be a substring of the attribute value, starting at the beginning of the attribute value."
        "userName sw \"{w}-c\"" finds ["cleo"]),
    finding!("filter.ew" "RFC 7644 §3.4.2.2" [] "Find by ew"
        "ew: The entire operator value must be a substring of the attribute value, matching at the end of the attribute value."
        "userName ew \"-ana\"" finds ["ana"]),
    finding!("filter.pr" "RFC 7644 §3.4.2.2" [Feature::User("title")] "Find by pr who has a value, and nobody else"
        "pr: If the attribute has a non-empty or non-null value, or if it contains a non-empty node for complex attributes, there is a match."
        "title pr" finds ["ana", "cleo"]),
    finding!("filter.pr-multi-valued" "RFC 7644 §3.4.2.2" [Feature::User("emails")] "Find by pr who has an element, and nobody else"
        "pr: If the attribute has a non-empty or non-null value, or if it contains a non-empty node for complex attributes, there is a match."
        "emails pr" finds ["ana", "ben"]),
    finding!("filter.gt" "RFC 7644 §3.4.2.2" [] "Compare strings by gt"
        "gt: If the attribute value is greater than the operator value, there is a match. […] For string attribute types, this is a lexicographical comparison"
        "userName gt \"{w}-ben\"" finds ["cleo"]),
    finding!("filter.ge" "RFC 7644 §3.4.2.2" [] "Compare strings by ge"
        "ge: If the attribute value is greater than or equal to the operator value, there is a match."
        "userName ge \"{w}-ben\"" finds ["ben", "cleo"]),
    finding!("filter.lt" "RFC 7644 §3.4.2.2" [] "Compare strings by lt"
        "lt: If the attribute value is less than the operator value, there is a match."
        "userName lt \"{w}-ben\"" finds ["ana"]),
    finding!("filter.le" "RFC 7644 §3.4.2.2" [] "Compare strings by le"
        "le: If the attribute value is less than or equal to the operator value, there is a match."
        "userName le \"{w}-ben\"" finds ["ana", "ben"]),
    doing!(value_case "filter.value-case" Must "RFC 7644 §3.4.2.2" []
        "Compare userName without case, unless your schema says that it is caseExact"
        "the case sensitivity for String type attributes SHALL be determined by the attribute's \"caseExact\" characteristic"),
    finding!("filter.value-case-exact" "RFC 7643 §3.1" [] "Compare externalId with case"
        "externalId: […] This attribute has \"caseExact\" as \"true\""
        "externalId eq \"{w}-x\"" finds []),
    finding!("filter.external-id" "RFC 7643 §3.1" [] "Find by externalId"
        "The \"externalId\" may simplify identification of a resource […] by allowing the client to use a filter to locate the resource"
        "externalId eq \"{w}-X\"" finds ["ana"]),
    finding!("filter.operator-case" "RFC 7644 §3.4.2.2" [] "Take operators in any letter case"
        "Attribute names and attribute operators used in filters are case insensitive."
        "userName EQ \"{w}-ana\"" finds ["ana"]),
    finding!("filter.attribute-case" "RFC 7644 §3.4.2.2" [] "Take attribute names in any letter case"
        "Attribute names and attribute operators used in filters are case insensitive."
        "USERNAME eq \"{w}-ana\"" finds ["ana"]),
    finding!("filter.urn" "RFC 7644 §3.10" [] "Take attribute names with the schema's URN in front"
        "attributes are uniquely identified by prefixing the attribute name with its schema URN separated by a colon"
        "urn:ietf:params:scim:schemas:core:2.0:User:userName eq \"{w}-ana\"" finds ["ana"]),
    finding!("filter.extension" "RFC 7644 §3.10" [Feature::Enterprise] "Find by an extended attribute"
        "Complex attributes' sub-attributes are referenced via nested dot notation […] attributes are uniquely identified by prefixing the attribute name with its schema URN"
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq \"{w}-Tours\"" finds ["ana"]),
    finding!("filter.boolean" "RFC 7644 §3.4.2.2" [Feature::User("active")] "Find by a Boolean"
        "compValue = false / null / true / number / string"
        "active eq false" finds ["ben"]),
    doing!(boolean_order "filter.boolean-order" Must "RFC 7644 §3.4.2.2" [Feature::User("active")]
        "Answer 400 invalidFilter when a Boolean is compared by gt"
        "Boolean and Binary attributes SHALL cause a failed response (HTTP status code 400) with \"scimType\" of \"invalidFilter\"."),
    doing!(date "filter.date" Must "RFC 7644 §3.4.2.2" []
        "Compare times by gt and lt"
        "for DateTime types, it is a chronological comparison"),
    doing!(date_zone "filter.date-zone" Must "RFC 7644 §3.4.2.2" []
        "Compare times as points in time, whatever their offset"
        "for DateTime types, it is a chronological comparison"),
    finding!("filter.sub-attribute" "RFC 7644 §3.4.2.2" [Feature::User("name")] "Find by a sub-attribute"
        "to filter by first name, the parameter value is \"name.givenName\""
        "name.givenName eq \"Cleo\"" finds ["cleo"]),
    finding!("filter.multi-valued" "RFC 7644 §3.4.2.2" [Feature::User("emails")] "Find who has the value in any element"
        "if a User has multiple \"emails\" values, only one has to match for the entire User to match"
        "emails.value eq \"{w}-ana@home.example\"" finds ["ana"]),
    doing!(value_path "filter.value-path" Must "RFC 7644 §3.4.2.2" [Feature::User("emails")]
        "Apply the expression in brackets to one element at a time"
        "expressions MUST be applied to the same value of a parent attribute specified immediately before the left square bracket"),
    finding!("filter.and" "RFC 7644 §3.4.2.2" [Feature::User("active")] "Take and"
        "and: The filter is only a match if both expressions evaluate to true."
        "userName sw \"{w}\" and active eq true" finds ["ana", "cleo"]),
    finding!("filter.or" "RFC 7644 §3.4.2.2" [] "Take or"
        "or: The filter is a match if either expression evaluates to true."
        "userName eq \"{w}-ana\" or userName eq \"{w}-ben\"" finds ["ana", "ben"]),
    finding!("filter.not" "RFC 7644 §3.4.2.2" [] "Take not"
        "not: The filter is a match if the expression evaluates to false."
        "not (userName eq \"{w}-ana\")" finds ["ben", "cleo"]),
    finding!("filter.precedence" "RFC 7644 §3.4.2.2" [Feature::User("active")] "Let and bind closer than or"
        "\"not\" takes precedence over \"and\", which takes precedence over \"or\""
        // The other way round it would be Ben alone.
        "userName eq \"{w}-ana\" or userName eq \"{w}-ben\" and active eq false" finds ["ana", "ben"]),
    finding!("filter.parentheses" "RFC 7644 §3.4.2.2" [Feature::User("active")] "Let parentheses bind closest"
        "Boolean expressions MAY be grouped using parentheses to change the standard order of operations"
        "(userName eq \"{w}-ana\" or userName eq \"{w}-ben\") and active eq false" finds ["ben"]),
    doing!(id "filter.id" Must "RFC 7643 §3.1" [] "Find by id" "id: […] The attribute characteristics are \"caseExact\" as \"true\""),
    doing!(schemas "filter.schemas" Must "RFC 7644 §3.4.2.2" []
        "Find by schemas" "Clients MAY query by schema or schema extensions by using a filter expression including the \"schemas\" attribute"),
    finding!("filter.escapes" "RFC 7644 §3.4.2.2" [Feature::User("name")] "Read the value as a JSON string, with its escapes"
        "compValue = […] string ; rules from JSON (RFC 7159)"
        "name.familyName eq \"O'Neil \\\"x\\\\y\\\"\"" finds ["ben"]),
    finding!("filter.unicode" "RFC 7644 §3.8" [Feature::User("name")] "Find by characters outside ASCII"
        "Servers MUST accept requests and be able to return JSON-structured responses using UTF-8 encoding."
        "name.familyName eq \"Ångström\"" finds ["ana"]),
    doing!(nobody "filter.nobody" Must "RFC 7644 §3.4.2" []
        "Answer 200 with totalResults 0 when nobody matches"
        "A query that does not return any matches SHALL return success (HTTP status code 200) with \"totalResults\" set to a value of 0."),
    doing!(total "filter.total" Must "RFC 7644 §3.4.2" []
        "Count in totalResults who matches, not who is there"
        "totalResults: The total number of results returned by the list or query operation."),
    doing!(unknown_operator "filter.unknown-operator" Must "RFC 7644 §3.4.2.2" []
        "Answer 400 invalidFilter to an operator that you do not know"
        "Providers MUST decline to filter results if the specified filter operation is not recognized and return an HTTP 400 error with a \"scimType\" error of \"invalidFilter\""),
    doing!(malformed "filter.malformed" Must "RFC 7644 §3.4.2.2" []
        "Answer 400 invalidFilter to what is no filter"
        "SCIM filters MUST conform to the following ABNF rules (§3.12: invalidFilter: The specified filter syntax was invalid)"),
    doing!(unknown_attribute "filter.unknown-attribute" Must "RFC 7644 §3.4.2.2" []
        "Return nobody, or better 400, for an attribute that you do not know; never everybody"
        "only those resources matching the filter expression SHALL be returned"),
    doing!(robust "filter.robust" Should "RFC 7644 §3.12" []
        "Answer filters of any kind without an internal error"
        "500 (Internal Server Error): An internal error."),
    doing!(group_name "filter.group-name" Must "RFC 7644 §3.4.2.2" [Feature::Groups]
        "Find groups by displayName" "only those resources matching the filter expression SHALL be returned"),
    doing!(group_member "filter.group-member" Must "RFC 7644 §3.4.2.2" [Feature::Groups]
        "Find groups by members.value" "If the specified attribute in a filter expression is a multi-valued attribute, the filter matches if any of the values of the specified attribute match the specified criterion"),
];

/// Which of the people a filter finds, on all pages, and the last answer.
async fn found(test: &Test<'_>, people: &People, filter: &str) -> Result<(BTreeSet<&'static str>, Seen), Problem> {
    let mut names = BTreeSet::new();
    let mut start_index = 1;
    let mut pages = 0;
    loop {
        let mut ask = Ask::get(test.users()).query("filter", filter);
        if start_index > 1 {
            ask = ask.query("startIndex", start_index.to_string());
        }
        let seen = judged(test.ask(ask).await?)?;
        let page = list(seen.json(), &["Resources"]);
        names.extend(page.iter().filter_map(|user| people.name_of(text(user, &["id"]))));
        start_index += page.len();
        pages += 1;
        let total = at(seen.json(), &["totalResults"]).as_u64().unwrap_or_default();
        let has_more = !page.is_empty() && u64::try_from(start_index).is_ok_and(|next| next <= total);
        if !has_more || pages >= PAGES_MAX {
            return Ok((names, seen));
        }
    }
}

/// A 200. To decline a combination of attribute and operator is allowed (§3.12, invalidFilter), though
/// a server that announces filters should have all operators (§3.4.2.2, Table 3).
fn judged(seen: Seen) -> Result<Seen, Problem> {
    let is_declined = seen.answer.status == 400 && text(seen.json(), &["scimType"]) == "invalidFilter";
    match seen.status(&[200]) {
        Err(problem) if is_declined => Err(problem.at_most_should()),
        other => other,
    }
}

async fn finds(test: &Test<'_>, filter: &str, wanted: &[&'static str]) -> Verdict {
    let people = test.people().await?;
    let filter = filter.replace("{w}", &people.word).replace("{W}", &people.word.to_uppercase());
    let (names, seen) = found(test, people, &filter).await?;
    let wanted: BTreeSet<&str> = wanted.iter().copied().collect();
    seen.wants(names == wanted, |_| format!("of ana, ben and cleo it finds {names:?}, not {wanted:?}")).map(drop)
}

async fn value_case(test: &Test<'_>) -> Verdict {
    let is_exact = test.features.attribute(USER, &["userName"]).is_some_and(|found| at(found, &["caseExact"]) == true);
    let wanted: &[&str] = if is_exact { &[] } else { &["ana"] };
    finds(test, "userName eq \"{W}-ANA\"", wanted).await
}

/// A filter that must be refused.
async fn refused(test: &Test<'_>, filter: &str) -> Verdict {
    let seen = test.ask(Ask::get(test.users()).query("filter", filter)).await?;
    seen.status(&[400])?.scim_type("invalidFilter").map(drop)
}

async fn boolean_order(test: &Test<'_>) -> Verdict {
    refused(test, "active gt true").await
}

async fn unknown_operator(test: &Test<'_>) -> Verdict {
    refused(test, "userName regex \"a.*\"").await
}

async fn malformed(test: &Test<'_>) -> Verdict {
    for filter in ["userName eq", "userName eq \"a", "(userName eq \"a\"", "and", "userName eq \"a\" userName"] {
        refused(test, filter).await?;
    }
    Ok(())
}

async fn date(test: &Test<'_>) -> Verdict {
    finds(test, "meta.created gt \"2001-02-03T04:05:06Z\"", &["ana", "ben", "cleo"]).await?;
    finds(test, "meta.created lt \"2001-02-03T04:05:06Z\"", &[]).await?;
    finds(test, "meta.created gt \"2901-02-03T04:05:06Z\"", &[]).await
}

/// An hour after Ana was created, written with an offset of ten hours: as text it is less than when
/// she was created, as a time it is greater.
async fn date_zone(test: &Test<'_>) -> Verdict {
    const HOUR_MS: i64 = 3_600_000;
    let people = test.people().await?;
    let read = test.read(&people.get("ana").path).await?;
    let Ok(created) = scim::time::parse(text(read.json(), &["meta", "created"])) else {
        return Err(Problem::Blocked("meta.created is no time".to_owned()));
    };
    let local = scim::time::format(created + HOUR_MS - 10 * HOUR_MS);
    let filter = format!("userName eq \"{{w}}-ana\" and meta.created lt \"{}-10:00\"", local.trim_end_matches('Z'));
    finds(test, &filter, &["ana"]).await
}

async fn value_path(test: &Test<'_>) -> Verdict {
    let same = "emails[type eq \"home\" and value eq \"{w}-ana@home.example\"]";
    match finds(test, same, &["ana"]).await {
        // "Service providers MAY support complex filters".
        Err(Problem::Failed { at_most: Level::Should, .. }) => {
            return Err(Problem::NotSupported("the server declines filters with brackets, as it may".to_owned()));
        }
        other => other?,
    }
    finds(test, "emails[type eq \"work\" and value eq \"{w}-ana@home.example\"]", &[]).await
}

async fn id(test: &Test<'_>) -> Verdict {
    let people = test.people().await?;
    let filter = format!("id eq {}", Value::from(people.get("ben").id.as_str()));
    finds(test, &filter, &["ben"]).await
}

async fn schemas(test: &Test<'_>) -> Verdict {
    finds(test, &format!("schemas eq \"{USER}\""), &["ana", "ben", "cleo"]).await?;
    if test.features.has(Feature::Enterprise) {
        finds(test, &format!("schemas eq \"{ENTERPRISE}\""), &["ana", "cleo"]).await?;
    }
    Ok(())
}

async fn nobody(test: &Test<'_>) -> Verdict {
    let filter = format!("userName eq \"{}\"", test.word());
    let seen = test.ask(Ask::get(test.users()).query("filter", filter)).await?.status(&[200])?;
    let is_empty = list(seen.json(), &["Resources"]).is_empty();
    seen.value(&["totalResults"], &json!(0))?.wants(is_empty, |_| "there are Resources".to_owned()).map(drop)
}

async fn total(test: &Test<'_>) -> Verdict {
    let people = test.people().await?;
    let filter = format!("userName eq \"{}-ana\"", people.word);
    let seen = test.ask(Ask::get(test.users()).query("filter", filter)).await?;
    let seen = seen.status(&[200]).map_err(|problem| problem.blocked("filter by eq"))?;
    seen.value(&["totalResults"], &json!(1)).map(drop)
}

async fn unknown_attribute(test: &Test<'_>) -> Verdict {
    test.people().await?;
    let filter = format!("{} eq \"x\"", test.word());
    let seen = test.ask(Ask::get(test.users()).query("filter", filter)).await?;
    if seen.answer.status == 400 {
        return Ok(());
    }
    let seen = seen.status(&[200])?;
    let count = list(seen.json(), &["Resources"]).len();
    seen.wants(count == 0, |_| format!("{count} resources are returned")).map(drop)
}

async fn robust(test: &Test<'_>) -> Verdict {
    test.people().await?;
    let deep = format!("{}userName pr{}", "(".repeat(100), ")".repeat(100));
    for filter in [
        "",
        " ",
        "\"",
        "[",
        "userName eq 1",
        "userName eq null",
        "active eq \"true\"",
        "active co \"t\"",
        "meta eq \"x\"",
        "emails eq \"x\"",
        "meta.created gt \"yesterday\"",
        "name.givenName.first eq \"x\"",
        "userName eq \"\\u0000\"",
        "emails[value eq \"a\"",
        "not userName pr",
        "members.value eq \"x\"",
        "password eq \"x\"",
        &deep,
    ] {
        let seen = test.ask(Ask::get(test.users()).query("filter", filter)).await?;
        let is_fine = seen.answer.status < 500;
        seen.wants(is_fine, |answer| format!("status {}", answer.status))?;
    }
    Ok(())
}

/// Which of these groups a filter finds must be the first.
async fn first_of(test: &Test<'_>, filter: &str, first: &str, other: &str) -> Verdict {
    let seen = judged(test.ask(Ask::get(test.groups()).query("filter", filter)).await?)?;
    let listed: Vec<&str> = list(seen.json(), &["Resources"]).iter().map(|group| text(group, &["id"])).collect();
    let fits = listed.contains(&first) && !listed.contains(&other);
    seen.wants(fits, |_| "it does not find the one group that matches, or finds another".to_owned()).map(drop)
}

async fn group_name(test: &Test<'_>) -> Verdict {
    let (first, other) = (test.group(&[]).await?, test.group(&[]).await?);
    let filter = format!("displayName eq {}", first.sent["displayName"]);
    first_of(test, &filter, &first.id, &other.id).await
}

async fn group_member(test: &Test<'_>) -> Verdict {
    let user = test.user(json!({})).await?;
    let (first, other) = (test.group(&[&user]).await?, test.group(&[]).await?);
    let filter = format!("members.value eq {}", Value::from(user.id.as_str()));
    first_of(test, &filter, &first.id, &other.id).await
}
