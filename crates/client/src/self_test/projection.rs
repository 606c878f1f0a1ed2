//! `attributes` and `excludedAttributes` (RFC 7644 §3.9), and what is always returned (RFC 7643 §7).

use serde_json::{Value, json};

use super::check::{Problem, Verdict, checks};
use super::features::{ENTERPRISE, Feature, USER};
use super::test::{Resource, Seen, Test};
use crate::ask::Ask;
use crate::document::{at, is_assigned, list, text};

checks! {
    attributes "projection.attributes" Must "RFC 7644 §3.9" [Feature::User("name")]
        "Return what attributes names, and nothing else that is not always returned"
        "When specified, the default list of attributes SHALL be overridden, and each resource returned MUST contain the minimum set of resource attributes and any attributes or sub-attributes explicitly requested"
    always "projection.always" Must "RFC 7643 §3.1" []
        "Return id whatever attributes names"
        "id: […] a \"returned\" characteristic of \"always\""
    sub_attribute "projection.sub-attribute" Must "RFC 7644 §3.9" [Feature::User("name")]
        "Let attributes name a sub-attribute"
        "any attributes or sub-attributes explicitly requested by the \"attributes\" parameter"
    letter_case "projection.letter-case" Must "RFC 7644 §3.10" []
        "Take the names in attributes in any letter case"
        "All facets (URN, attribute, and sub-attribute name) of the fully encoded attribute name are case insensitive."
    urn "projection.urn" Must "RFC 7644 §3.10" []
        "Take the names in attributes with the schema's URN in front"
        "attributes are uniquely identified by prefixing the attribute name with its schema URN separated by a colon"
    extension "projection.extension" Must "RFC 7644 §3.10" [Feature::Enterprise]
        "Let attributes name an extended attribute"
        "attributes are uniquely identified by prefixing the attribute name with its schema URN separated by a colon"
    excluded "projection.excluded" Must "RFC 7644 §3.9" [Feature::User("name")]
        "Leave out what excludedAttributes names, and nothing else"
        "Additionally, the default set of attributes minus those attributes listed in \"excludedAttributes\" is returned."
    excluded_always "projection.excluded-always" Must "RFC 7644 §3.4.2.5" []
        "Return id also when excludedAttributes names it"
        "This parameter SHALL have no effect on attributes whose schema \"returned\" setting is \"always\""
    list_attributes "projection.list" Must "RFC 7644 §3.4.2.5" [Feature::User("name")]
        "Let attributes work on lists"
        "These OPTIONAL parameters, which MUST be supported by SCIM service providers: attributes […] excludedAttributes"
    list_excluded "projection.list-excluded" Must "RFC 7644 §3.4.2.5" [Feature::User("name")]
        "Let excludedAttributes work on lists"
        "These OPTIONAL parameters, which MUST be supported by SCIM service providers: attributes […] excludedAttributes"
    post "projection.post" Must "RFC 7644 §3.9" [Feature::User("name")]
        "Let attributes work on POST"
        "Clients MAY request a partial resource representation on any operation that returns a resource within the response […] attributes: When specified, the default list of attributes SHALL be overridden"
    put "projection.put" Must "RFC 7644 §3.9" [Feature::User("name")]
        "Let attributes work on PUT"
        "Clients MAY request a partial resource representation on any operation that returns a resource within the response […] attributes: When specified, the default list of attributes SHALL be overridden"
    patch "projection.patch" Must "RFC 7644 §3.9" [Feature::Patch, Feature::User("name")]
        "Let attributes work on PATCH"
        "Clients MAY request a partial resource representation on any operation that returns a resource within the response […] attributes: When specified, the default list of attributes SHALL be overridden"
}

/// A user, read with a query.
async fn read(test: &Test<'_>, user: &Resource, query: &str) -> Result<Seen, Problem> {
    test.ask(Ask::get(format!("{}?{query}", user.path))).await?.after(&user.created).status(&[200])
}

/// There is a userName, and what is returned by default is not there.
fn user_name_only(seen: Seen, document: &Value) -> Verdict {
    let has_name = is_assigned(at(document, &["userName"]));
    let more = ["name", "emails", "active"].into_iter().find(|name| is_assigned(at(document, &[name])));
    let seen = seen.wants(has_name, |_| "userName is not there".to_owned())?;
    seen.wants(more.is_none(), |_| format!("{} is there too", more.unwrap_or_default())).map(drop)
}

async fn attributes(test: &Test<'_>) -> Verdict {
    let user = test.user(json!({})).await?;
    let seen = read(test, &user, "attributes=userName").await?;
    let document = seen.json().clone();
    user_name_only(seen, &document)
}

async fn always(test: &Test<'_>) -> Verdict {
    let user = test.user(json!({})).await?;
    read(test, &user, "attributes=userName").await?.value(&["id"], &json!(user.id)).map(drop)
}

async fn sub_attribute(test: &Test<'_>) -> Verdict {
    let user = test.user(json!({})).await?;
    let seen = read(test, &user, "attributes=name.givenName").await?;
    seen.value(&["name", "givenName"], &json!("Ana"))?
        .unassigned(&["name", "familyName"])?
        .unassigned(&["emails"])
        .map(drop)
}

async fn letter_case(test: &Test<'_>) -> Verdict {
    let user = test.user(json!({})).await?;
    read(test, &user, "attributes=USERNAME").await?.value(&["userName"], &user.sent["userName"]).map(drop)
}

async fn urn(test: &Test<'_>) -> Verdict {
    let user = test.user(json!({})).await?;
    let seen = read(test, &user, &format!("attributes={USER}:userName")).await?;
    seen.value(&["userName"], &user.sent["userName"]).map(drop)
}

async fn extension(test: &Test<'_>) -> Verdict {
    let user = test.user(json!({ENTERPRISE: {"department": "Sales", "costCenter": "4130"}})).await?;
    let seen = read(test, &user, &format!("attributes={ENTERPRISE}:department")).await?;
    let seen = seen.value(&[ENTERPRISE, "department"], &json!("Sales"))?;
    seen.unassigned(&[ENTERPRISE, "costCenter"])?.unassigned(&["name"]).map(drop)
}

async fn excluded(test: &Test<'_>) -> Verdict {
    let user = test.user(json!({})).await?;
    let seen = read(test, &user, "excludedAttributes=name").await?;
    seen.unassigned(&["name"])?.value(&["userName"], &user.sent["userName"]).map(drop)
}

async fn excluded_always(test: &Test<'_>) -> Verdict {
    let user = test.user(json!({})).await?;
    read(test, &user, "excludedAttributes=id").await?.value(&["id"], &json!(user.id)).map(drop)
}

/// A list with a query, and our user in it.
async fn listed(test: &Test<'_>, query: &str) -> Result<(Seen, Value), Problem> {
    let user = test.user(json!({})).await?;
    let mut ask = Ask::get(format!("{}?{query}", test.users()));
    if test.force && test.features.has(Feature::Filter) {
        ask = ask.query("filter", format!("userName eq {}", user.sent["userName"]));
    }
    let seen = test.ask(ask).await?.status(&[200])?;
    let found = list(seen.json(), &["Resources"]).iter().find(|found| text(found, &["id"]) == user.id).cloned();
    match found {
        Some(found) => Ok((seen, found)),
        None => Err(Problem::Blocked("the first page does not show the user that was created".to_owned())),
    }
}

async fn list_attributes(test: &Test<'_>) -> Verdict {
    let (seen, found) = listed(test, "attributes=userName").await?;
    user_name_only(seen, &found)
}

async fn list_excluded(test: &Test<'_>) -> Verdict {
    let (seen, found) = listed(test, "excludedAttributes=name").await?;
    let fits = !is_assigned(at(&found, &["name"])) && is_assigned(at(&found, &["userName"]));
    seen.wants(fits, |_| format!("the user in the list is {found}")).map(drop)
}

async fn post(test: &Test<'_>) -> Verdict {
    let users = test.users();
    let body = test.user_body(json!({}));
    let seen = test.create(&users, Ask::post(format!("{users}?attributes=userName"), &body)).await?.status(&[201])?;
    partial(seen)
}

async fn put(test: &Test<'_>) -> Verdict {
    let user = test.user(json!({})).await?;
    let ask = Ask::put(format!("{}?attributes=userName", user.path), &user.sent);
    partial(test.ask(ask).await?.after(&user.created).status(&[200])?)
}

async fn patch(test: &Test<'_>) -> Verdict {
    let attribute = test.plain()?;
    let user = test.user(json!({})).await?;
    let operations = json!([{"op": "replace", "path": attribute, "value": "x"}]);
    let ask = Ask::patch(format!("{}?attributes=userName", user.path), &operations);
    let seen = test.ask(ask).await?.after(&user.created);
    // Whether it may be 204 is the concern of another check.
    if seen.answer.status == 204 {
        return Err(Problem::Blocked("the PATCH was answered with 204".to_owned()));
    }
    partial(seen.status(&[200])?)
}

/// If a representation is returned, it is the partial one.
fn partial(seen: Seen) -> Verdict {
    let document = seen.json().clone();
    if document.is_object() { user_name_only(seen, &document) } else { Ok(()) }
}
