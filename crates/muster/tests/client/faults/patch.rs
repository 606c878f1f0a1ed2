//! In PATCH.

use axum::http::Method;
use serde_json::json;

use super::ENTERPRISE;
use crate::fault::{Answered, Asked, Fault, accepts, drop_member, has_been, list, scim_type, status};

const USER: &str = "/Users/*";

fn answer(id: &'static str, edit: impl Fn(&Asked, &mut Answered) + Send + Sync + 'static) -> Fault {
    Fault::answer(id, "PATCH", USER, edit)
}

fn request(id: &'static str, edit: impl Fn(&mut Asked) + Send + Sync + 'static) -> Fault {
    Fault::request(id, "PATCH", USER, edit)
}

/// In what is read after a PATCH.
fn afterwards(id: &'static str, edit: impl Fn(&mut serde_json::Value) + Send + Sync + 'static) -> Fault {
    Fault::answer_since(id, "GET", USER, move |past, asked, answered| {
        if has_been(past, &Method::PATCH, &asked.path) {
            edit(&mut answered.json);
        }
    })
}

fn refuses(_: &Asked, answered: &mut Answered) {
    answered.refuses(400, "invalidPath");
}

/// Another operation in place of the first one's.
fn op(other: &'static str) -> impl Fn(&mut Asked) {
    move |asked| asked.operation()["op"] = json!(other)
}

/// Another path in place of the first operation's.
fn path(other: &'static str) -> impl Fn(&mut Asked) {
    move |asked| asked.operation()["path"] = json!(other)
}

pub(crate) fn all() -> Vec<Fault> {
    vec![
        answer("patch.status", |_, answered| answered.status = 202),
        answer("patch.status", |_, answered| {
            answered.status = 200;
            answered.json = json!({"changed": 1});
        }),
        answer("patch.attributes", |_, answered| answered.accepts()),
        request("patch.replace", Asked::does_nothing),
        answer("patch.replace", |_, answered| answered.refuses(501, "")),
        request("patch.replace-sub-attribute", path("name.middleName")),
        afterwards("patch.replace-sub-attribute", |user| drop_member(&mut user["name"], "givenName")),
        answer("patch.replace-absent", |_, answered| answered.refuses(400, "noTarget")),
        request("patch.replace-absent", Asked::does_nothing),
        request("patch.replace-complex", |asked| {
            asked.operations().insert(0, json!({"op": "remove", "path": "name"}));
        }),
        request("patch.replace-complex", Asked::does_nothing),
        request("patch.replace-multi-valued", op("add")),
        request("patch.replace-filter", path("emails[value pr].value")),
        request("patch.replace-filter", Asked::does_nothing),
        request("patch.replace-element", |asked| {
            asked.operations().insert(0, json!({"op": "remove", "path": "emails[type eq \"home\"]"}));
        }),
        request("patch.replace-element", path("emails")),
        request("patch.replace-element", Asked::does_nothing),
        answer("patch.no-target", accepts),
        answer("patch.no-target", scim_type("invalidPath")),
        request("patch.replace-no-path", |asked| {
            asked.operations().insert(0, json!({"op": "remove", "path": "userType"}));
        }),
        answer("patch.replace-no-path", refuses),
        request("patch.add", Asked::does_nothing),
        answer("patch.add", refuses),
        request("patch.add-single", Asked::does_nothing),
        answer("patch.add-single", |_, answered| answered.refuses(409, "uniqueness")),
        request("patch.add-multi-valued", op("replace")),
        request("patch.add-no-path", Asked::does_nothing),
        answer("patch.add-no-path", |_, answered| answered.refuses(400, "noTarget")),
        afterwards("patch.add-twice", |user| {
            let twice = user["emails"][0].clone();
            list(user, "emails").push(twice);
        }),
        answer("patch.add-twice", |_, answered| answered.refuses(400, "invalidValue")),
        afterwards("patch.add-twice-time", |user| user["meta"]["lastModified"] = json!("2031-02-03T04:05:06Z")),
        request("patch.remove", Asked::does_nothing),
        answer("patch.remove", refuses),
        request("patch.remove-multi-valued", path("emails[type eq \"work\"]")),
        request("patch.remove-filter", path("emails")),
        request("patch.remove-filter", Asked::does_nothing),
        answer("patch.remove-no-path", accepts),
        answer("patch.remove-no-path", scim_type("invalidSyntax")),
        answer("patch.remove-required", accepts),
        answer("patch.remove-required-type", scim_type("invalidValue")),
        answer("patch.read-only", accepts),
        answer("patch.read-only-type", scim_type("invalidPath")),
        afterwards("patch.primary", |user| {
            for email in list(user, "emails") {
                email["primary"] = json!(true);
            }
        }),
        request("patch.primary", Asked::does_nothing),
        request("patch.atomic", |asked| asked.operations().truncate(1))
            .and(answer("patch.atomic", |_, answered| answered.refuses(400, "mutability"))),
        request("patch.order", |asked| asked.operations().reverse()),
        request("patch.order", |asked| asked.operations().truncate(1)),
        answer("patch.invalid-path", accepts),
        answer("patch.invalid-path", scim_type("invalidValue")),
        answer("patch.unknown-op", accepts),
        answer("patch.unknown-op", |_, answered| answered.refuses(422, "invalidSyntax")),
        afterwards("patch.extension", |user| drop_member(user, ENTERPRISE)),
        afterwards("patch.extension", |user| list(user, "schemas").retain(|schema| schema != ENTERPRISE)),
        request("patch.urn", Asked::does_nothing),
        answer("patch.urn", refuses),
        request("patch.letter-case", Asked::does_nothing),
        answer("patch.letter-case", refuses),
        answer("patch.unique", accepts),
        answer("patch.unknown-id", accepts),
        answer("patch.unknown-id", status(404, 400)),
    ]
}
