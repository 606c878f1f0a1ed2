//! Whether an answer has the shape that products rely on; if not, what it has instead.

use serde_json::Value;

use crate::answer::Answer;
use crate::document::{at, is_assigned, list, text};
use crate::urns::{ERROR, LIST_RESPONSE};

/// One of these statuses.
pub(crate) fn status(answer: &Answer, wanted: &[u16]) -> Result<(), String> {
    if wanted.contains(&answer.status) {
        return Ok(());
    }
    let detail = text(&answer.json, &["detail"]);
    Err(if detail.is_empty() {
        format!("status {}", answer.status)
    } else {
        format!("status {}: {detail}", answer.status)
    })
}

/// A resource that was created, whole enough to go on with.
pub(crate) fn created(answer: &Answer) -> Result<(), String> {
    status(answer, &[201])?;
    if text(&answer.json, &["id"]).is_empty() { Err("201 without an id in the body".to_owned()) } else { Ok(()) }
}

/// A page of a list (RFC 7644 §3.4.2), with whole numbers in its counters.
#[derive(Debug)]
pub(crate) struct Page<'j> {
    pub(crate) total: u64,
    pub(crate) resources: &'j [Value],
}

pub(crate) fn page(answer: &Answer) -> Result<Page<'_>, String> {
    status(answer, &[200])?;
    let json = &answer.json;
    if !list(json, &["schemas"]).iter().any(|schema| schema == LIST_RESPONSE) {
        return Err(format!("status 200, but no ListResponse: schemas is {}", at(json, &["schemas"])));
    }
    let total = at(json, &["totalResults"]);
    let total = total.as_u64().ok_or_else(|| format!("totalResults is {total}, no whole number"))?;
    for counter in ["startIndex", "itemsPerPage"] {
        let value = at(json, &[counter]);
        if !value.is_null() && !value.is_u64() {
            return Err(format!("{counter} is {value}, no whole number"));
        }
    }
    Ok(Page { total, resources: list(json, &["Resources"]) })
}

/// A list without anybody in it.
pub(crate) fn nobody(answer: &Answer) -> Result<(), String> {
    let page = page(answer)?;
    match (page.total, page.resources) {
        (0, []) => Ok(()),
        (total, resources) => {
            let first = resources.first().map(|resource| text(resource, &["id"])).unwrap_or_default();
            Err(format!("totalResults {total}, {} resources, the first has id {first:?}", resources.len()))
        }
    }
}

/// A list of one resource, with this id.
pub(crate) fn only(answer: &Answer, id: &str) -> Result<(), String> {
    let page = page(answer)?;
    match page.resources {
        [one] if text(one, &["id"]) == id && page.total == 1 => Ok(()),
        resources => {
            Err(format!("totalResults {}, {} resources, ids {:?}", page.total, resources.len(), ids(resources)))
        }
    }
}

/// A list of one resource, with this id, or a refusal: what is not understood must not look like "nobody".
pub(crate) fn only_or_refused(answer: &Answer, id: &str) -> Result<(), String> {
    if answer.status == 400 { Ok(()) } else { only(answer, id) }
}

fn ids(resources: &[Value]) -> Vec<&str> {
    resources.iter().take(5).map(|resource| text(resource, &["id"])).collect()
}

/// A SCIM Error (RFC 7644 §3.12) that a person can read.
pub(crate) fn error(answer: &Answer, wanted: &[u16]) -> Result<(), String> {
    status(answer, wanted)?;
    let json = &answer.json;
    if !list(json, &["schemas"]).iter().any(|schema| schema == ERROR) {
        return Err(format!("status {}, but the body is no SCIM Error", answer.status));
    }
    let said = at(json, &["status"]);
    if *said != Value::String(answer.status.to_string()) {
        return Err(format!("the member status is {said}, it should be the string \"{}\"", answer.status));
    }
    if text(json, &["detail"]).is_empty() { Err("there is no detail".to_owned()) } else { Ok(()) }
}

/// This value there. Values compare exactly; `null` stands for "unassigned".
pub(crate) fn value(json: &Value, way: &[&str], wanted: &Value) -> Result<(), String> {
    let found = at(json, way);
    let fits = if is_assigned(wanted) { found == wanted } else { !is_assigned(found) || found == "" };
    if fits { Ok(()) } else { Err(format!("{} is {found}, not {wanted}", way.join("."))) }
}

/// The element of a multi-valued attribute that has this `type`.
pub(crate) fn of_type<'j>(json: &'j Value, attribute: &str, kind: &str) -> &'j Value {
    list(json, &[attribute]).iter().find(|element| text(element, &["type"]) == kind).unwrap_or(&Value::Null)
}
