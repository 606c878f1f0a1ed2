//! Creating resources (RFC 7644 §3.3), and what they look like (RFC 7643 §2, §3).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::check::{Problem, Verdict, checks};
use super::features::{ENTERPRISE, Feature, USER};
use super::test::{Seen, Test};
use crate::ask::Ask;
use crate::document::{at, is_assigned, list, text};

checks! {
    status "create.status" Must "RFC 7644 §3.3" []
        "Answer a POST that creates with 201"
        "When the service provider successfully creates the new resource, an HTTP response SHALL be returned with HTTP status code 201 (Created)."
    body "create.body" Should "RFC 7644 §3.3" []
        "Answer a POST with the new resource"
        "The response body SHOULD contain the service provider's representation of the newly created resource."
    location "create.location" Must "RFC 7644 §3.3" []
        "Send the URL of the new resource in the Location header"
        "The URI of the created resource SHALL include, in the HTTP \"Location\" header and the HTTP body, a JSON representation with the attribute \"meta.location\"."
    meta_location "create.meta-location" Must "RFC 7644 §3.3" []
        "Send the URL of the new resource in meta.location too"
        "The URI of the created resource SHALL include, in the HTTP \"Location\" header and the HTTP body, a JSON representation with the attribute \"meta.location\"."
    location_works "create.location-works" Must "RFC 7643 §3.1" []
        "Make meta.location a URL that leads to the resource"
        "location: The URI of the resource being returned."
    id "create.id" Must "RFC 7643 §3.1" []
        "Give each resource an id of your own, a string, whatever the client sends"
        "The value of the \"id\" attribute is always issued by the service provider and MUST NOT be specified by the client. […] Each representation of the resource MUST include a non-empty \"id\" value."
    meta "create.meta" Must "RFC 7643 §3.1" []
        "Give each resource meta with resourceType, created and lastModified, the times as xsd:dateTime"
        "the attributes \"id\" and \"meta\" (and its associated sub-attributes) MUST be assigned values by the service provider"
    meta_times "create.meta-times" Must "RFC 7643 §3.1" []
        "Let lastModified be created as long as nothing was modified"
        "If this resource has never been modified since its initial creation, the value MUST be the same as the value of \"created\"."
    schemas "create.schemas" Must "RFC 7643 §3" []
        "Name the resource's schemas in schemas, each once"
        "All representations of SCIM schemas MUST include a non-empty array with value(s) of the URIs supported by that representation. […] Duplicate values MUST NOT be included."
    read_only "create.read-only" Must "RFC 7644 §3.3" []
        "Ignore meta and other readOnly attributes in a POST"
        "In the request body, attributes whose mutability is \"readOnly\" SHALL be ignored."
    values_kept "create.values" Should "RFC 7644 §3.3" []
        "Keep the values that are sent"
        "The response body SHOULD contain the service provider's representation of the newly created resource."
    several "create.multi-valued" Should "RFC 7643 §2.4" [Feature::User("emails")]
        "Keep all elements of a multi-valued attribute"
        "Multi-valued attributes contain a list of elements using the JSON array format"
    unique "create.unique" Must "RFC 7644 §3.3" []
        "Answer 409 to a second user with the same userName"
        "the service provider MUST return HTTP status code 409 (Conflict) with a \"scimType\" error code of \"uniqueness\""
    unique_type "create.unique-type" Must "RFC 7644 §3.3" []
        "Say scimType uniqueness in that 409"
        "the service provider MUST return HTTP status code 409 (Conflict) with a \"scimType\" error code of \"uniqueness\""
    unique_case "create.unique-case" Must "RFC 7643 §4.1.1" []
        "Compare userName without case when deciding whether it is taken"
        "userName: […] This identifier MUST be unique across the service provider's entire set of Users. This attribute is […] case insensitive."
    required "create.required" Must "RFC 7643 §4.1.1" []
        "Answer 400 to a user without userName"
        "userName: […] Each User MUST include a non-empty userName value. […] REQUIRED."
    required_type "create.required-type" Should "RFC 7644 §3.12" []
        "Say scimType invalidValue when a required attribute is missing"
        "invalidValue: A required value was missing, or the value specified was not compatible with the operation or attribute type"
    wrong_type "create.wrong-type" Should "RFC 7644 §3.12" [Feature::User("active")]
        "Answer 400 to a value that is not of its attribute's type"
        "invalidValue: […] the value specified was not compatible with the operation or attribute type"
    names "create.attribute-names" Must "RFC 7643 §2.1" []
        "Take attribute names in any letter case"
        "Attribute names are case insensitive and are often \"camel-cased\" (e.g., \"camelCase\")."
    nothing "create.null" Must "RFC 7643 §2.5" []
        "Take null and [] as no value"
        "Unassigned attributes, the null value, or an empty array (in the case of a multi-valued attribute) SHALL be considered to be equivalent in \"state\"."
    boolean "create.boolean" Must "RFC 7643 §2.3.2" [Feature::User("active")]
        "Return Booleans as JSON Booleans"
        "The literal \"true\" or \"false\". The JSON format is defined in Section 3 of [RFC7159]."
    external_id "create.external-id" Must "RFC 7643 §3.1" []
        "Keep externalId exactly as it was sent"
        "For attributes that are case exact, the server SHALL preserve case for any value submitted. (§7) This attribute has \"caseExact\" as \"true\""
    password "create.password" Must "RFC 7643 §7" [Feature::User("password")]
        "Never return a password"
        "writeOnly: […] Attribute values SHALL NOT be returned. never: The attribute is never returned."
    primary "create.primary" Must "RFC 7643 §2.4" [Feature::User("emails")]
        "Let no more than one element of a multi-valued attribute be primary"
        "The primary attribute value \"true\" MUST appear no more than once."
    extension "create.extension" Must "RFC 7643 §3.3" [Feature::Enterprise]
        "Keep extended attributes in an object under the extension's URN, and name the URN in schemas"
        "the schema extension URI SHALL be used as a JSON container to distinguish attributes belonging to the extension namespace from base schema attributes"
}

/// A user just created, with the answer.
async fn created(test: &Test<'_>, more: Value) -> Result<(Value, Seen), Problem> {
    let users = test.users();
    let body = test.user_body(more);
    let seen = test.create(&users, Ask::post(&users, &body)).await?;
    let is_created = seen.answer.is_success();
    let seen = seen.wants(is_created, super::test::status_of).map_err(|problem| problem.blocked("POST of a user"))?;
    Ok((body, seen))
}

/// The same; a server that leaves out the body blocks the check.
async fn representation(test: &Test<'_>, more: Value) -> Result<(Value, Seen), Problem> {
    let (body, seen) = created(test, more).await?;
    if seen.json().is_object() { Ok((body, seen)) } else { Err(Problem::Blocked("the 201 has no body".to_owned())) }
}

async fn status(test: &Test<'_>) -> Verdict {
    let users = test.users();
    let body = test.user_body(json!({}));
    test.create(&users, Ask::post(&users, &body)).await?.status(&[201]).map(drop)
}

async fn body(test: &Test<'_>) -> Verdict {
    let (body, seen) = created(test, json!({})).await?;
    seen.value(&["userName"], &body["userName"]).map(drop)
}

async fn location(test: &Test<'_>) -> Verdict {
    let (_, seen) = created(test, json!({})).await?;
    let is_there = !seen.answer.header("location").is_empty();
    seen.wants(is_there, |_| "there is no Location header".to_owned()).map(drop)
}

async fn meta_location(test: &Test<'_>) -> Verdict {
    let (_, seen) = representation(test, json!({})).await?;
    let is_there = !text(seen.json(), &["meta", "location"]).is_empty();
    let seen = seen.wants(is_there, |_| "there is no meta.location".to_owned())?;
    let header = seen.answer.header("location");
    let is_same = header.is_empty() || text(seen.json(), &["meta", "location"]) == header;
    seen.wants(is_same, |_| "Location and meta.location differ".to_owned()).map(drop)
}

async fn location_works(test: &Test<'_>) -> Verdict {
    let user = test.user(json!({})).await?;
    let read = test.read(&user.path).await?;
    let location = text(read.json(), &["meta", "location"]).to_owned();
    if location.is_empty() {
        return Err(Problem::Blocked("there is no meta.location".to_owned()));
    }
    let Some(path) = test.connection.target().base_url.path_below(&location) else {
        return Err(read.fails(format!("{location} is not below the base URL")));
    };
    let seen = test.ask(Ask::get(path)).await?.behind(read).status(&[200])?;
    seen.value(&["id"], &json!(user.id)).map(drop)
}

async fn id(test: &Test<'_>) -> Verdict {
    let mine = test.word();
    let (_, seen) = representation(test, json!({"id": mine})).await?;
    let id = at(seen.json(), &["id"]);
    let is_theirs = id.as_str().is_some_and(|id| !id.is_empty() && id != mine);
    seen.wants(is_theirs, |answer| format!("id is {}", at(&answer.json, &["id"]))).map(drop)
}

async fn meta(test: &Test<'_>) -> Verdict {
    let user = test.user(json!({})).await?;
    let seen = test.read(&user.path).await?.value(&["meta", "resourceType"], &json!("User"))?;
    let wrong: Vec<String> = ["created", "lastModified"]
        .into_iter()
        .map(|name| (name, at(seen.json(), &["meta", name])))
        .filter(|(_, time)| time.as_str().is_none_or(|time| scim::time::parse(time).is_err()))
        .map(|(name, time)| format!("meta.{name} is {time}"))
        .collect();
    seen.wants(wrong.is_empty(), |_| wrong.join("; ")).map(drop)
}

async fn meta_times(test: &Test<'_>) -> Verdict {
    let user = test.user(json!({})).await?;
    let seen = test.read(&user.path).await?;
    let created = at(seen.json(), &["meta", "created"]).clone();
    if created.is_null() {
        return Err(Problem::Blocked("there is no meta.created".to_owned()));
    }
    seen.value(&["meta", "lastModified"], &created).map(drop)
}

async fn schemas(test: &Test<'_>) -> Verdict {
    let (_, seen) = representation(test, json!({})).await?;
    let named = list(seen.json(), &["schemas"]);
    let distinct: BTreeSet<&str> = named.iter().filter_map(Value::as_str).collect();
    let fits = named.iter().any(|schema| schema == USER) && distinct.len() == named.len();
    seen.wants(fits, |answer| format!("schemas is {}", at(&answer.json, &["schemas"]))).map(drop)
}

async fn read_only(test: &Test<'_>) -> Verdict {
    let mine = json!({"resourceType": "Robot", "created": "2001-02-03T04:05:06Z", "location": "https://example.com/1"});
    let users = test.users();
    let body = test.user_body(json!({"meta": mine}));
    let seen = test.create(&users, Ask::post(&users, &body)).await?.status(&[201])?;
    let taken = ["resourceType", "created", "location"]
        .into_iter()
        .find(|name| at(seen.json(), &["meta", name]) == at(&mine, &[name]));
    seen.wants(taken.is_none(), |_| format!("meta.{} is what the client sent", taken.unwrap_or_default())).map(drop)
}

async fn values_kept(test: &Test<'_>) -> Verdict {
    let user = test.user(json!({})).await?;
    let mut read = test.read(&user.path).await?.after(&user.created);
    for way in [&["userName"][..], &["name", "givenName"], &["name", "familyName"], &["active"]] {
        if is_assigned(at(&user.sent, way)) {
            read = read.value(way, at(&user.sent, way))?;
        }
    }
    Ok(())
}

async fn several(test: &Test<'_>) -> Verdict {
    let new = test.word();
    let (work, home) = (format!("{new}@work.example"), format!("{new}@home.example"));
    let user = test
        .user(json!({"emails": [{"value": work, "type": "work", "primary": true}, {"value": home, "type": "home"}]}))
        .await?;
    test.read(&user.path).await?.after(&user.created).values("emails", &[&work, &home]).map(drop)
}

/// The answer to a user whose userName somebody has already.
async fn second(test: &Test<'_>, spell: impl Fn(&str) -> String) -> Result<Seen, Problem> {
    let first = test.user(json!({})).await?;
    let users = test.users();
    let body = test.user_body(json!({"userName": spell(text(&first.sent, &["userName"]))}));
    Ok(test.create(&users, Ask::post(&users, &body)).await?.after(&first.created))
}

async fn unique(test: &Test<'_>) -> Verdict {
    second(test, str::to_owned).await?.status(&[409]).map(drop)
}

async fn unique_type(test: &Test<'_>) -> Verdict {
    let seen = second(test, str::to_owned).await?;
    let seen = seen.status(&[409]).map_err(|problem| problem.blocked("a second user with the same userName"))?;
    seen.scim_type("uniqueness").map(drop)
}

async fn unique_case(test: &Test<'_>) -> Verdict {
    let is_exact = test.features.attribute(USER, &["userName"]).is_some_and(|found| at(found, &["caseExact"]) == true);
    if is_exact {
        return Err(Problem::NotSupported("the server's schema says that userName is caseExact".to_owned()));
    }
    second(test, str::to_uppercase).await?.status(&[409]).map(drop)
}

async fn without_user_name(test: &Test<'_>) -> Result<Seen, Problem> {
    let users = test.users();
    let mut body = test.user_body(json!({}));
    if let Some(members) = body.as_object_mut() {
        members.remove("userName");
    }
    test.create(&users, Ask::post(&users, &body)).await
}

async fn required(test: &Test<'_>) -> Verdict {
    without_user_name(test).await?.status(&[400]).map(drop)
}

async fn required_type(test: &Test<'_>) -> Verdict {
    let seen = without_user_name(test).await?;
    let seen = seen.status(&[400]).map_err(|problem| problem.blocked("a user without userName"))?;
    seen.scim_type("invalidValue").map(drop)
}

async fn wrong_type(test: &Test<'_>) -> Verdict {
    let users = test.users();
    let body = test.user_body(json!({"active": "perhaps"}));
    test.create(&users, Ask::post(&users, &body)).await?.status(&[400]).map(drop)
}

async fn names(test: &Test<'_>) -> Verdict {
    let users = test.users();
    let mut body = test.user_body(json!({}));
    let user_name = body["userName"].take();
    if let Some(members) = body.as_object_mut() {
        members.remove("userName");
        members.insert("USERNAME".to_owned(), user_name.clone());
    }
    let seen = test.create(&users, Ask::post(&users, &body)).await?.status(&[201])?;
    if seen.json().is_object() { seen.value(&["userName"], &user_name).map(drop) } else { Ok(()) }
}

async fn nothing(test: &Test<'_>) -> Verdict {
    let attribute = test.plain()?;
    let users = test.users();
    let mut body = test.user_body(json!({attribute: null}));
    if test.features.has(Feature::User("phoneNumbers")) {
        body["phoneNumbers"] = json!([]);
    }
    let seen = test.create(&users, Ask::post(&users, &body)).await?.status(&[201])?;
    seen.unassigned(&[attribute])?.unassigned(&["phoneNumbers"]).map(drop)
}

async fn boolean(test: &Test<'_>) -> Verdict {
    let user = test.user(json!({"active": false})).await?;
    let read = test.read(&user.path).await?.after(&user.created);
    read.value(&["active"], &json!(false)).map(drop)
}

async fn external_id(test: &Test<'_>) -> Verdict {
    let mine = format!("Ext-{}-ÄB", test.word());
    let user = test.user(json!({"externalId": mine})).await?;
    let read = test.read(&user.path).await?.after(&user.created);
    read.value(&["externalId"], &json!(mine)).map(drop)
}

async fn password(test: &Test<'_>) -> Verdict {
    let secret = format!("Secret-{}-1!", test.word());
    let user = test.user(json!({"password": secret})).await?;
    let in_created = user.created.answer.as_ref().is_ok_and(|answer| !at(&answer.json, &["password"]).is_null());
    let mut seen = test.read(&user.path).await?.after(&user.created);
    seen = seen.wants(!in_created, |_| "the 201 has a password".to_owned())?;
    seen = no_password(seen)?;
    for query in ["?attributes=password", "?attributes=userName,password"] {
        seen = no_password(test.read(&format!("{}{query}", user.path)).await?.behind(seen))?;
    }
    Ok(())
}

fn no_password(seen: Seen) -> Result<Seen, Problem> {
    let is_absent = at(seen.json(), &["password"]).is_null();
    seen.wants(is_absent, |_| "the answer has a password".to_owned())
}

async fn primary(test: &Test<'_>) -> Verdict {
    let word = test.word();
    let emails = json!([
        {"value": format!("{word}@work.example"), "type": "work", "primary": true},
        {"value": format!("{word}@home.example"), "type": "home", "primary": true},
    ]);
    let users = test.users();
    let body = test.user_body(json!({"emails": emails}));
    let seen = test.create(&users, Ask::post(&users, &body)).await?;
    if seen.answer.status == 400 {
        return Ok(());
    }
    let seen = seen.status(&[201])?;
    let count = list(seen.json(), &["emails"]).iter().filter(|email| at(email, &["primary"]) == true).count();
    seen.wants(count <= 1, |_| format!("{count} elements are primary")).map(drop)
}

async fn extension(test: &Test<'_>) -> Verdict {
    let user = test.user(json!({ENTERPRISE: {"department": "Tour Operations"}})).await?;
    let read = test.read(&user.path).await?.after(&user.created);
    let read = read.value(&[ENTERPRISE, "department"], &json!("Tour Operations"))?;
    let is_named = list(read.json(), &["schemas"]).iter().any(|schema| schema == ENTERPRISE);
    read.wants(is_named, |answer| format!("schemas is {}", at(&answer.json, &["schemas"]))).map(drop)
}
