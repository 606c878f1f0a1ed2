//! Bulk requests (RFC 7644 §3.7).

use serde_json::{Value, json};

use super::check::{Problem, Verdict, checks};
use super::features::{ENTERPRISE, Feature};
use super::test::{Seen, Test};
use crate::ask::{Ask, SCIM_JSON};
use crate::document::{at, list, text};
use crate::urns::ERROR;

checks! {
    create "bulk.create" Must "RFC 7644 §3.7" [Feature::Bulk]
        "Create what a bulk request creates, and answer 200 with status \"201\""
        "If a bulk job is processed successfully, HTTP response code 200 OK MUST be returned"
    form "bulk.form" Must "RFC 7644 §3.7" [Feature::Bulk]
        "Identify the answer as a BulkResponse"
        "Bulk responses are identified using the following URI: \"urn:ietf:params:scim:api:messages:2.0:BulkResponse\"."
    status "bulk.status" Must "RFC 7644 §3.7.3" [Feature::Bulk]
        "Write the status of an operation as a string"
        "\"status\": \"201\""
    location "bulk.location" Must "RFC 7644 §3.7.3" [Feature::Bulk]
        "Send the location of what an operation made or changed"
        "A \"location\" attribute that includes the resource's endpoint MUST be returned for all operations except for failed POST operations"
    bulk_id "bulk.bulk-id" Must "RFC 7644 §3.7" [Feature::Bulk]
        "Repeat the bulkId of a POST in its answer"
        "The service provider MUST return the same \"bulkId\" together with the newly created resource."
    reference "bulk.reference" Must "RFC 7644 §3.7.2" [Feature::Bulk, Feature::Groups]
        "Put the new id in place of bulkId:… in members"
        "The service provider MUST replace the string \"bulkId:qwerty\" with the permanent resource id once created."
    extension_reference "bulk.extension-reference" Must "RFC 7644 §3.7.2" [Feature::Bulk, Feature::Enterprise]
        "Put the new id in place of bulkId:… in the enterprise extension's manager"
        "Extensions that include references to other resources MUST be handled in the same way by the service provider."
    forward "bulk.forward" Must "RFC 7644 §3.7" [Feature::Bulk, Feature::Groups]
        "Resolve a bulkId also when its operation comes later"
        "the service provider MUST ensure that the client's intent is preserved and the same stateful result is achieved"
    circular "bulk.circular" Must "RFC 7644 §3.7.1" [Feature::Bulk, Feature::Groups]
        "Resolve circular references, or answer 409"
        "The service provider MUST try to resolve circular cross-references between resources in a single bulk job but MAY stop after a failed attempt and instead return HTTP status code 409 (Conflict)."
    methods "bulk.methods" Must "RFC 7644 §3.7" [Feature::Bulk]
        "Take PUT, PATCH and DELETE in a bulk request"
        "method: The HTTP method of the current operation. Possible values are \"POST\", \"PUT\", \"PATCH\", or \"DELETE\"."
    goes_on "bulk.goes-on" Must "RFC 7644 §3.7" [Feature::Bulk]
        "Go on after an operation that fails"
        "The service provider MUST continue performing as many changes as possible and disregard partial failures."
    error "bulk.error" Must "RFC 7644 §3.7" [Feature::Bulk]
        "Put the SCIM Error of an operation that fails into its response"
        "When indicating a response with an HTTP status other than a 200-series response, the response body MUST be included. […] When indicating an error, the \"response\" attribute MUST contain the detail error response"
    fail_on_errors "bulk.fail-on-errors" Must "RFC 7644 §3.7" [Feature::Bulk]
        "Stop after as many errors as failOnErrors says"
        "The \"failOnErrors\" attribute defines the number of errors that the service provider should accept before failing the remaining operations returning the response."
    operations_max "bulk.operations-max" Must "RFC 7644 §3.7.4" [Feature::Bulk]
        "Answer 413 to more operations than maxOperations"
        "If either limit is exceeded, the service provider MUST return HTTP response code 413 (Payload Too Large)."
    payload_max "bulk.payload-max" Must "RFC 7644 §3.7.4" [Feature::Bulk]
        "Answer 413 to a request larger than maxPayloadSize"
        "If either limit is exceeded, the service provider MUST return HTTP response code 413 (Payload Too Large)."
    version "bulk.version" Must "RFC 7644 §3.7" [Feature::Bulk, Feature::ETag]
        "Let version in an operation be what If-Match is in a request"
        "version: The current resource version. Version MAY be used if the service provider supports entity-tags (ETags) and \"method\" is \"PUT\", \"PATCH\", or \"DELETE\"."
}

/// Limits above these are not tried: it would be a burden, and show little.
const OPERATIONS_TRIED_MAX: u64 = 20_000;
const PAYLOAD_TRIED_MAX: u64 = 32 * 1024 * 1024;

fn request(operations: &Value) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations})
}

fn post(endpoint: &str, bulk_id: &str, data: &Value) -> Value {
    json!({"method": "POST", "path": endpoint, "bulkId": bulk_id, "data": data})
}

/// Sends a bulk request; what it creates is remembered.
async fn send(test: &Test<'_>, body: &Value) -> Result<Seen, Problem> {
    let seen = test.ask(Ask::post("/Bulk", body)).await?;
    if seen.answer.status == 413 {
        return Ok(seen);
    }
    for asked in list(body, &["Operations"]).iter().filter(|asked| asked["method"] == "POST") {
        let done = operations(&seen).iter().find(|done| at(done, &["bulkId"]) == &asked["bulkId"]);
        let below = done.and_then(|done| test.connection.target().base_url.path_below(text(done, &["location"])));
        match below.as_deref().and_then(|path| path.rsplit_once('/')) {
            Some((endpoint, id)) => test.made(endpoint, id),
            None => test.perhaps_made(text(asked, &["path"]), &asked["data"]),
        }
    }
    Ok(seen)
}

fn operations(seen: &Seen) -> &[Value] {
    list(seen.json(), &["Operations"])
}

/// The status of an operation, whether it is written as a string or not.
fn code(operation: &Value) -> u64 {
    let status = at(operation, &["status"]);
    // RFC 7644 §3.7.2 has an example with {"code": "201"} too.
    let status = if status.is_object() { at(status, &["code"]) } else { status };
    status.as_u64().or_else(|| status.as_str()?.parse().ok()).unwrap_or_default()
}

fn codes(seen: &Seen) -> Vec<u64> {
    operations(seen).iter().map(code).collect()
}

/// A bulk request that creates one user, and is answered with 200.
async fn one(test: &Test<'_>) -> Result<Seen, Problem> {
    let body = request(&json!([post(&test.users(), "one", &test.user_body(json!({})))]));
    let seen = send(test, &body).await?;
    seen.status(&[200]).map_err(|problem| problem.blocked("a bulk request that creates a user"))
}

async fn create(test: &Test<'_>) -> Verdict {
    let body = request(&json!([post(&test.users(), "one", &test.user_body(json!({})))]));
    let seen = send(test, &body).await?.status(&[200])?;
    let codes = codes(&seen);
    seen.wants(codes == [201], |_| format!("the status of the operations: {codes:?}")).map(drop)
}

async fn form(test: &Test<'_>) -> Verdict {
    let seen = one(test).await?;
    let wanted = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";
    let is_named = list(seen.json(), &["schemas"]).iter().any(|schema| schema == wanted);
    seen.wants(is_named, |answer| format!("schemas is {}", at(&answer.json, &["schemas"]))).map(drop)
}

async fn status(test: &Test<'_>) -> Verdict {
    let seen = one(test).await?;
    let status = operations(&seen).first().map(|done| at(done, &["status"]).clone()).unwrap_or_default();
    seen.wants(status.is_string(), |_| format!("status is {status}")).map(drop)
}

async fn location(test: &Test<'_>) -> Verdict {
    let seen = one(test).await?;
    let location = operations(&seen).first().map(|done| text(done, &["location"]).to_owned()).unwrap_or_default();
    let seen = seen.wants(!location.is_empty(), |_| "there is no location".to_owned())?;
    let Some(path) = test.connection.target().base_url.path_below(&location) else {
        return Err(seen.fails(format!("{location} is not below the base URL")));
    };
    test.ask(Ask::get(path)).await?.behind(seen).status(&[200]).map(drop)
}

async fn bulk_id(test: &Test<'_>) -> Verdict {
    let seen = one(test).await?;
    let found = operations(&seen).first().map(|done| at(done, &["bulkId"]).clone()).unwrap_or_default();
    seen.wants(found == "one", |_| format!("bulkId is {found}")).map(drop)
}

/// The path to what an operation made.
fn path_of(test: &Test<'_>, seen: &Seen, bulk_id: &str) -> Result<String, Problem> {
    let done = operations(seen).iter().find(|done| text(done, &["bulkId"]) == bulk_id);
    let location = done.map(|done| text(done, &["location"])).unwrap_or_default();
    let path = test.connection.target().base_url.path_below(location);
    path.ok_or_else(|| Problem::Blocked(format!("there is no location for bulkId {bulk_id}")))
}

fn id_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// A user and a group with that user in it, in this order or the other, and then the group.
async fn group_of_user(test: &Test<'_>, forward: bool) -> Verdict {
    let mut group = test.group_body(&[]);
    group["members"] = json!([{"value": "bulkId:user"}]);
    let user = post(&test.users(), "user", &test.user_body(json!({})));
    let group = post(&test.groups(), "group", &group);
    let body = request(&if forward { json!([group, user]) } else { json!([user, group]) });
    let seen = send(test, &body).await?.status(&[200])?;
    let codes = codes(&seen);
    let seen = seen.wants(codes == [201, 201], |_| format!("the status of the operations: {codes:?}"))?;
    let (user, group) = (path_of(test, &seen, "user")?, path_of(test, &seen, "group")?);
    let read = test.read(&group).await?.behind(seen);
    let fits = list(read.json(), &["members"]).iter().any(|member| text(member, &["value"]) == id_of(&user));
    read.wants(fits, |answer| format!("members is {}", at(&answer.json, &["members"]))).map(drop)
}

async fn reference(test: &Test<'_>) -> Verdict {
    group_of_user(test, false).await
}

async fn forward(test: &Test<'_>) -> Verdict {
    group_of_user(test, true).await
}

async fn extension_reference(test: &Test<'_>) -> Verdict {
    let boss = post(&test.users(), "boss", &test.user_body(json!({})));
    let more = json!({ENTERPRISE: {"manager": {"value": "bulkId:boss"}}});
    let user = post(&test.users(), "user", &test.user_body(more));
    let seen = send(test, &request(&json!([boss, user]))).await?.status(&[200])?;
    let codes = codes(&seen);
    let seen = seen.wants(codes == [201, 201], |_| format!("the status of the operations: {codes:?}"))?;
    let (boss, user) = (path_of(test, &seen, "boss")?, path_of(test, &seen, "user")?);
    let read = test.read(&user).await?.behind(seen);
    read.value(&[ENTERPRISE, "manager", "value"], &json!(id_of(&boss))).map(drop)
}

async fn circular(test: &Test<'_>) -> Verdict {
    let group = |bulk_id: &str, other: &str| {
        let mut data = test.group_body(&[]);
        data["members"] = json!([{"value": format!("bulkId:{other}"), "type": "Group"}]);
        post(&test.groups(), bulk_id, &data)
    };
    let seen = send(test, &request(&json!([group("one", "two"), group("two", "one")]))).await?;
    let seen = seen.status(&[200, 409])?;
    let codes = codes(&seen);
    if seen.answer.status == 409 || codes.contains(&409) {
        return Err(Problem::NotSupported("the server answers 409, as it may".to_owned()));
    }
    let seen = seen.wants(codes == [201, 201], |_| format!("the status of the operations: {codes:?}"))?;
    let (one, two) = (path_of(test, &seen, "one")?, path_of(test, &seen, "two")?);
    let mut seen = seen;
    for (group, member) in [(&one, &two), (&two, &one)] {
        let read = test.read(group).await?.behind(seen);
        let fits = list(read.json(), &["members"]).iter().any(|found| text(found, &["value"]) == id_of(member));
        seen = read.wants(fits, |answer| format!("members is {}", at(&answer.json, &["members"])))?;
    }
    Ok(())
}

async fn methods(test: &Test<'_>) -> Verdict {
    let attribute = test.plain()?;
    let (put, gone) = (test.user(json!({})).await?, test.user(json!({})).await?);
    let mut data = put.sent.clone();
    data[attribute] = json!("replaced");
    let mut operations =
        vec![json!({"method": "PUT", "path": put.path, "data": data}), json!({"method": "DELETE", "path": gone.path})];
    let mut wanted = "replaced";
    if test.features.has(Feature::Patch) {
        wanted = "patched";
        let data = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "replace", "path": attribute, "value": wanted}],
        });
        operations.push(json!({"method": "PATCH", "path": put.path, "data": data}));
    }
    let seen = send(test, &request(&json!(operations))).await?.status(&[200])?;
    let codes = codes(&seen);
    let all = codes.len() == operations.len() && codes.iter().all(|code| (200..300).contains(code));
    let seen = seen.wants(all, |_| format!("the status of the operations: {codes:?}"))?;
    let read = test.ask(Ask::get(&gone.path)).await?.behind(seen).status(&[404])?;
    test.read(&put.path).await?.behind(read).value(&[attribute], &json!(wanted)).map(drop)
}

/// A DELETE of nobody, which fails, and a POST that would work.
fn one_fails(test: &Test<'_>) -> Value {
    let nobody = format!("{}/{}", test.users(), test.word());
    request(&json!([
        {"method": "DELETE", "path": nobody},
        post(&test.users(), "one", &test.user_body(json!({}))),
    ]))
}

async fn goes_on(test: &Test<'_>) -> Verdict {
    let seen = send(test, &one_fails(test)).await?.status(&[200])?;
    let codes = codes(&seen);
    let fits = codes.len() == 2 && codes.contains(&201);
    seen.wants(fits, |_| format!("the status of the operations: {codes:?}")).map(drop)
}

async fn error(test: &Test<'_>) -> Verdict {
    let seen = send(test, &one_fails(test)).await?;
    let seen = seen.status(&[200]).map_err(|problem| problem.blocked("a bulk request of which one fails"))?;
    let Some(failed) = operations(&seen).iter().find(|done| code(done) >= 400).cloned() else {
        return Err(seen.fails("no operation has failed"));
    };
    let is_error = list(&failed, &["response", "schemas"]).iter().any(|schema| schema == ERROR);
    seen.wants(is_error, |_| format!("the response of the failed operation is {}", at(&failed, &["response"])))
        .map(drop)
}

async fn fail_on_errors(test: &Test<'_>) -> Verdict {
    let mut body = one_fails(test);
    body["failOnErrors"] = json!(1);
    // Whether this is an error as a whole, the RFC does not say.
    let seen = send(test, &body).await?;
    let codes = codes(&seen);
    seen.wants(!codes.contains(&201), |_| format!("the status of the operations: {codes:?}")).map(drop)
}

fn limit(test: &Test<'_>, name: &str, tried_max: u64) -> Result<usize, Problem> {
    let limit = at(&test.features.config, &["bulk", name]).as_u64();
    let limit = limit.ok_or_else(|| Problem::Blocked(format!("bulk.{name} is not announced")))?;
    if limit > tried_max {
        return Err(Problem::NotSupported(format!("bulk.{name} is {limit}, too much to try")));
    }
    usize::try_from(limit).map_err(|_| Problem::Blocked(format!("bulk.{name} is {limit}")))
}

async fn operations_max(test: &Test<'_>) -> Verdict {
    let max = limit(test, "maxOperations", OPERATIONS_TRIED_MAX)?;
    let nobody = format!("{}/{}", test.users(), test.word());
    let operations = vec![json!({"method": "DELETE", "path": nobody}); max + 1];
    let body = request(&json!(operations));
    let bytes = at(&test.features.config, &["bulk", "maxPayloadSize"]).as_u64().unwrap_or(u64::MAX);
    if body.to_string().len() as u64 > bytes {
        return Err(Problem::NotSupported("so many operations would be more than maxPayloadSize".to_owned()));
    }
    send(test, &body).await?.status(&[413]).map(drop)
}

async fn payload_max(test: &Test<'_>) -> Verdict {
    let max = limit(test, "maxPayloadSize", PAYLOAD_TRIED_MAX)?;
    // Blanks are JSON, so that nothing but the size is wrong.
    let body = request(&json!([post(&test.users(), "one", &test.user_body(json!({})))])).to_string();
    let body = format!("{body}{}", " ".repeat(max + 1));
    let ask = Ask::post("/Bulk", &json!({})).with_body(SCIM_JSON, body);
    test.ask(ask).await?.status(&[413]).map(drop)
}

async fn version(test: &Test<'_>) -> Verdict {
    let attribute = test.plain()?;
    let user = test.user(json!({})).await?;
    let etag = test.read(&user.path).await?.answer.header("etag").to_owned();
    if etag.is_empty() {
        return Err(Problem::Blocked("there is no ETag header".to_owned()));
    }
    let mut data = user.sent.clone();
    data[attribute] = json!("changed");
    let put = test.ask(Ask::put(&user.path, &data)).await?.after(&user.created);
    let put = put.status(&[200]).map_err(|problem| problem.blocked("PUT"))?;
    data[attribute] = json!("lost update");
    let body = request(&json!([{"method": "PUT", "path": user.path, "version": etag, "data": data}]));
    let seen = send(test, &body).await?.behind(put).status(&[200])?;
    let codes = codes(&seen);
    let seen = seen.wants(codes == [412], |_| format!("the status of the operations: {codes:?}"))?;
    test.read(&user.path).await?.behind(seen).value(&[attribute], &json!("changed")).map(drop)
}
