//! In bulk requests.

use serde_json::{Value, json};

use super::ENTERPRISE;
use crate::fault::{Answered, Asked, Fault, drop_member, list, status};

fn request(id: &'static str, edit: impl Fn(&mut Asked) + Send + Sync + 'static) -> Fault {
    Fault::request(id, "POST", "/Bulk", edit)
}

fn answer(id: &'static str, edit: impl Fn(&mut Value) + Send + Sync + 'static) -> Fault {
    Fault::answer(id, "POST", "/Bulk", move |_, answered| edit(&mut answered.json))
}

/// In each operation of the answer.
fn each(id: &'static str, edit: impl Fn(&mut Value) + Send + Sync + 'static) -> Fault {
    answer(id, move |json| list(json, "Operations").iter_mut().for_each(&edit))
}

/// The members of groups still are what was asked for.
fn unresolved(id: &'static str) -> Fault {
    Fault::answer(id, "GET", "/Groups/*", |_, answered: &mut Answered| {
        answered.json["members"] = json!([{"value": "bulkId:user"}]);
    })
}

/// The first operation fails.
fn first_fails(id: &'static str) -> Fault {
    answer(id, |json| json["Operations"][0]["status"] = json!("400"))
}

/// Without the operations of this method, which are answered as if they were done.
fn overlooked(id: &'static str, method: &'static str, status: &'static str) -> Fault {
    let is_meant = move |operation: &Value| operation["method"] == method;
    request(id, move |asked| asked.operations().retain(|operation| !is_meant(operation))).and(Fault::answer(
        id,
        "POST",
        "/Bulk",
        move |asked, answered| {
            for operation in asked.json["Operations"].as_array().into_iter().flatten().filter(|asked| is_meant(asked)) {
                list(&mut answered.json, "Operations")
                    .push(json!({"method": method, "location": operation["path"], "status": status}));
            }
        },
    ))
}

pub(crate) fn all() -> Vec<Fault> {
    vec![
        Fault::answer("bulk.create", "POST", "/Bulk", status(200, 202)),
        each("bulk.create", |done| done["status"] = json!("200")),
        answer("bulk.form", |json| json["schemas"] = json!(["urn:ietf:params:scim:api:messages:2.0:BulkRequest"])),
        each("bulk.status", |done| done["status"] = json!(201)),
        each("bulk.location", |done| drop_member(done, "location")),
        each("bulk.location", |done| {
            done["location"] = json!(format!("{}x", done["location"].as_str().unwrap_or_default()));
        }),
        each("bulk.location", |done| done["location"] = json!("https://elsewhere.example/Users/1")),
        each("bulk.bulk-id", |done| done["bulkId"] = json!("another")),
        unresolved("bulk.reference"),
        first_fails("bulk.reference"),
        Fault::answer("bulk.extension-reference", "GET", "/Users/*", |_, answered| {
            answered.json[ENTERPRISE]["manager"]["value"] = json!("bulkId:boss");
        }),
        first_fails("bulk.extension-reference"),
        unresolved("bulk.forward"),
        first_fails("bulk.forward"),
        unresolved("bulk.circular"),
        first_fails("bulk.circular"),
        overlooked("bulk.methods", "DELETE", "204"),
        overlooked("bulk.methods", "PATCH", "200"),
        overlooked("bulk.methods", "PUT", "200").and(overlooked("bulk.methods", "PATCH", "200")),
        first_fails("bulk.methods"),
        request("bulk.goes-on", |asked| asked.json["failOnErrors"] = json!(1)),
        each("bulk.error", |done| drop_member(done, "response")),
        each("bulk.error", |done| done["status"] = json!("204")),
        request("bulk.fail-on-errors", |asked| drop_member(&mut asked.json, "failOnErrors")),
        Fault::answer("bulk.operations-max", "POST", "/Bulk", status(413, 400)),
        Fault::answer("bulk.operations-max", "POST", "/Bulk", status(413, 200)),
        Fault::answer("bulk.payload-max", "POST", "/Bulk", status(413, 400)),
        request("bulk.version", |asked| {
            for operation in asked.operations() {
                drop_member(operation, "version");
            }
        }),
        request("bulk.version", |asked| {
            for operation in asked.operations() {
                drop_member(operation, "version");
            }
        })
        .and(each("bulk.version", |done| done["status"] = json!("412"))),
    ]
}
