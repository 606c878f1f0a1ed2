//! ServiceProviderConfig, ResourceTypes, Schemas (RFC 7644 §4, RFC 7643 §5–§7).

use serde_json::Value;

use super::check::{Problem, Verdict, checks};
use super::features::USER;
use super::test::{Seen, Test};
use crate::ask::{Ask, encode};
use crate::document::{at, list, text};
use crate::urns::LIST_RESPONSE;

checks! {
    config "discovery.config" Must "RFC 7644 §4" []
        "Answer GET /ServiceProviderConfig with a JSON object whose schemas names ServiceProviderConfig"
        "This endpoint SHALL return responses with a JSON object using a \"schemas\" attribute of \"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig\"."
    config_attributes "discovery.config-attributes" Must "RFC 7643 §5" []
        "Give ServiceProviderConfig all its required attributes, of the right types"
        "patch, bulk, filter, changePassword, sort, etag, authenticationSchemes: REQUIRED, with their \"supported\" (a Boolean) and limits (integers)"
    config_pagination "discovery.config-pagination" Must "RFC 9865 §4" []
        "Give \"pagination\" in ServiceProviderConfig, if it is there, its Booleans cursor and index"
        "cursor: A Boolean value […] REQUIRED. index: A Boolean value […] REQUIRED."
    resource_types "discovery.resource-types" Must "RFC 7644 §4" []
        "Answer GET /ResourceTypes with a ListResponse of resource types that have name, endpoint and schema"
        "When returning multiple ResourceTypes or Schemas, the message form described by […] ListResponse […] SHALL be used"
    resource_type "discovery.resource-type" Must "RFC 7644 §4" []
        "Answer GET /ResourceTypes/User with that resource type alone"
        "In cases where a request is for a specific \"ResourceType\" or \"Schema\", the single JSON object is returned in the same way that a single User or Group is retrieved"
    schemas "discovery.schemas" Must "RFC 7644 §4" []
        "Answer GET /Schemas with a ListResponse that holds every schema that a resource type names"
        "An HTTP GET to the endpoint \"/Schemas\" SHALL return all supported schemas in ListResponse format"
    schema "discovery.schema" Must "RFC 7644 §4" []
        "Answer GET /Schemas/{urn} with that schema alone"
        "Individual schema definitions can be returned by appending the schema URI to the /Schemas endpoint."
    schema_attributes "discovery.schema-attributes" Must "RFC 7643 §7" []
        "Give each attribute of a schema name, type, multiValued, required, mutability and returned, with the keywords of the RFC"
        "all attributes are REQUIRED unless otherwise specified"
    unknown_schema "discovery.unknown-schema" Should "RFC 7644 §3.12" []
        "Answer 404 for a schema that there is not"
        "404 (Not Found): Specified resource (e.g., User) or endpoint does not exist."
    filter_refused "discovery.filter-refused" Should "RFC 7644 §4" []
        "Answer 403 to a filter on /Schemas or /ResourceTypes"
        "If a \"filter\" is provided, the service provider SHOULD respond with HTTP status code 403 (Forbidden)"
}

const CONFIG: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";

async fn config(test: &Test<'_>) -> Verdict {
    let seen = test.ask(Ask::get("/ServiceProviderConfig")).await?.status(&[200])?;
    let names_it = names_schema(seen.json(), CONFIG);
    seen.wants(names_it, |answer| format!("schemas is {}", at(&answer.json, &["schemas"]))).map(drop)
}

async fn config_attributes(test: &Test<'_>) -> Verdict {
    let seen = read(test, "/ServiceProviderConfig").await?;
    let mut wrong = Vec::new();
    for name in ["patch", "bulk", "filter", "changePassword", "sort", "etag"] {
        if !at(seen.json(), &[name, "supported"]).is_boolean() {
            wrong.push(format!("{name}.supported is {}", at(seen.json(), &[name, "supported"])));
        }
    }
    for (name, limit) in [("bulk", "maxOperations"), ("bulk", "maxPayloadSize"), ("filter", "maxResults")] {
        if !at(seen.json(), &[name, limit]).is_u64() {
            wrong.push(format!("{name}.{limit} is {}", at(seen.json(), &[name, limit])));
        }
    }
    match at(seen.json(), &["authenticationSchemes"]) {
        Value::Array(schemes) => {
            for (name, scheme) in
                ["type", "name", "description"].into_iter().flat_map(|name| schemes.iter().map(move |s| (name, s)))
            {
                if text(scheme, &[name]).is_empty() {
                    wrong.push(format!("an authentication scheme has no {name}"));
                }
            }
        }
        other => wrong.push(format!("authenticationSchemes is {other}")),
    }
    seen.wants(wrong.is_empty(), |_| wrong.join("; ")).map(drop)
}

async fn config_pagination(test: &Test<'_>) -> Verdict {
    let seen = read(test, "/ServiceProviderConfig").await?;
    let pagination = at(seen.json(), &["pagination"]).clone();
    if pagination.is_null() {
        return Err(Problem::NotSupported("ServiceProviderConfig says nothing of pagination".to_owned()));
    }
    let mut wrong = Vec::new();
    for name in ["cursor", "index"] {
        if !at(&pagination, &[name]).is_boolean() {
            wrong.push(format!("pagination.{name} is {}", at(&pagination, &[name])));
        }
    }
    for name in ["defaultPageSize", "maxPageSize", "cursorTimeout"] {
        let value = at(&pagination, &[name]);
        if !value.is_null() && value.as_u64().unwrap_or_default() == 0 {
            wrong.push(format!("pagination.{name} is {value}, not a positive integer"));
        }
    }
    let method = at(&pagination, &["defaultPaginationMethod"]);
    if !method.is_null() && method != "cursor" && method != "index" {
        wrong.push(format!("pagination.defaultPaginationMethod is {method}"));
    }
    seen.wants(wrong.is_empty(), |_| wrong.join("; ")).map(drop)
}

async fn resource_types(test: &Test<'_>) -> Verdict {
    let seen = listed(test, "/ResourceTypes").await?;
    let mut wrong = Vec::new();
    for found in list(seen.json(), &["Resources"]) {
        for name in ["name", "endpoint", "schema"] {
            if text(found, &[name]).is_empty() {
                wrong.push(format!("{} has no {name}", text(found, &["name"])));
            }
        }
    }
    let seen = seen.wants(wrong.is_empty(), |_| wrong.join("; "))?;
    let any = !list(seen.json(), &["Resources"]).is_empty();
    seen.wants(any, |_| "there are no resource types".to_owned()).map(drop)
}

async fn resource_type(test: &Test<'_>) -> Verdict {
    let all = read(test, "/ResourceTypes").await?;
    let Some(user) = list(all.json(), &["Resources"]).iter().find(|found| text(found, &["schema"]) == USER) else {
        return Err(Problem::NotSupported("there is no resource type User".to_owned()));
    };
    let name = [text(user, &["id"]), text(user, &["name"])].into_iter().find(|name| !name.is_empty());
    let path = format!("/ResourceTypes/{}", encode(name.unwrap_or("User")));
    let seen = test.ask(Ask::get(path)).await?.status(&[200])?;
    let is_it = text(seen.json(), &["schema"]) == USER;
    seen.wants(is_it, |answer| format!("its schema is {}", at(&answer.json, &["schema"]))).map(drop)
}

async fn schemas(test: &Test<'_>) -> Verdict {
    let types = read(test, "/ResourceTypes").await?;
    let mut named: Vec<String> = Vec::new();
    for found in list(types.json(), &["Resources"]) {
        named.push(text(found, &["schema"]).to_owned());
        named.extend(list(found, &["schemaExtensions"]).iter().map(|e| text(e, &["schema"]).to_owned()));
    }
    let seen = listed(test, "/Schemas").await?;
    let has = |urn: &String| list(seen.json(), &["Resources"]).iter().any(|schema| text(schema, &["id"]) == urn);
    let missing: Vec<String> = named.into_iter().filter(|urn| !has(urn)).collect();
    seen.wants(missing.is_empty(), |_| format!("these are missing: {}", missing.join(", "))).map(drop)
}

async fn schema(test: &Test<'_>) -> Verdict {
    let seen = test.ask(Ask::get(format!("/Schemas/{USER}"))).await?.status(&[200])?;
    let is_it = text(seen.json(), &["id"]) == USER && !list(seen.json(), &["attributes"]).is_empty();
    seen.wants(is_it, |answer| format!("its id is {}", at(&answer.json, &["id"]))).map(drop)
}

async fn schema_attributes(test: &Test<'_>) -> Verdict {
    let seen = read(test, "/Schemas").await?;
    let mut wrong = Vec::new();
    for schema in list(seen.json(), &["Resources"]) {
        for attribute in list(schema, &["attributes"]) {
            judge_attribute(text(schema, &["id"]), attribute, &mut wrong);
        }
    }
    let more = wrong.len().saturating_sub(10);
    wrong.truncate(10);
    if more > 0 {
        wrong.push(format!("and {more} more"));
    }
    seen.wants(wrong.is_empty(), |_| wrong.join("; ")).map(drop)
}

const TYPES: &[&str] = &["string", "boolean", "decimal", "integer", "dateTime", "binary", "reference", "complex"];

fn judge_attribute(place: &str, attribute: &Value, wrong: &mut Vec<String>) {
    let place = format!("{place}:{}", text(attribute, &["name"]));
    let mut keyword = |name: &str, known: &[&str], is_required: bool| {
        let value = at(attribute, &[name]);
        let fits = value.as_str().is_some_and(|text| known.contains(&text)) || (value.is_null() && !is_required);
        if !fits {
            wrong.push(format!("{place} has {name} {value}"));
        }
    };
    keyword("type", TYPES, true);
    keyword("mutability", &["readOnly", "readWrite", "immutable", "writeOnly"], true);
    keyword("returned", &["always", "never", "default", "request"], true);
    // The examples of RFC 7643 §8.7 leave it out where it says nothing, as in Booleans.
    keyword("uniqueness", &["none", "server", "global"], false);
    for name in ["multiValued", "required"] {
        if !at(attribute, &[name]).is_boolean() {
            wrong.push(format!("{place} has {name} {}", at(attribute, &[name])));
        }
    }
    if text(attribute, &["name"]).is_empty() {
        wrong.push(format!("{place} has no name"));
    }
    for sub_attribute in list(attribute, &["subAttributes"]) {
        judge_attribute(&place, sub_attribute, wrong);
    }
}

async fn unknown_schema(test: &Test<'_>) -> Verdict {
    let path = format!("/Schemas/urn:example:{}", test.word());
    test.ask(Ask::get(path)).await?.status(&[404]).map(drop)
}

async fn filter_refused(test: &Test<'_>) -> Verdict {
    let ask = Ask::get("/Schemas").query("filter", format!("id eq \"{USER}\""));
    test.ask(ask).await?.status(&[403]).map(drop)
}

/// A document that another check judges.
async fn read(test: &Test<'_>, path: &str) -> Result<Seen, Problem> {
    let seen = test.ask(Ask::get(path)).await?;
    seen.status(&[200]).map_err(|problem| problem.blocked(&format!("GET {path}")))
}

/// A list whose form is judged here.
async fn listed(test: &Test<'_>, path: &str) -> Result<Seen, Problem> {
    let seen = test.ask(Ask::get(path)).await?.status(&[200])?;
    let is_list = names_schema(seen.json(), LIST_RESPONSE) && at(seen.json(), &["totalResults"]).is_u64();
    seen.wants(is_list, |_| "the answer is no ListResponse".to_owned())
}

fn names_schema(json: &Value, urn: &str) -> bool {
    list(json, &["schemas"]).iter().any(|schema| schema == urn)
}
