//! In groups and who belongs to them.

use axum::http::Method;
use serde_json::json;

use crate::fault::{Answered, Asked, Fault, drop_member, list, status};

fn request(id: &'static str, edit: impl Fn(&mut Asked) + Send + Sync + 'static) -> Fault {
    Fault::request(id, "PATCH", "/Groups/*", edit)
}

fn answer(id: &'static str, edit: impl Fn(&Asked, &mut Answered) + Send + Sync + 'static) -> Fault {
    Fault::answer(id, "PATCH", "/Groups/*", edit)
}

fn read(id: &'static str, edit: impl Fn(&mut serde_json::Value) + Send + Sync + 'static) -> Fault {
    Fault::answer(id, "GET", "/Groups/*", move |_, answered| edit(&mut answered.json))
}

fn op(other: &'static str) -> impl Fn(&mut Asked) {
    move |asked| asked.operation()["op"] = json!(other)
}

pub(crate) fn all() -> Vec<Fault> {
    vec![
        read("groups.create", |group| list(group, "members").truncate(1)),
        read("groups.create", |group| drop_member(group, "members")),
        read("groups.reference", |group| group["members"][0]["$ref"] = json!("../Users/somebody-else")),
        Fault::answer("groups.required", "POST", "/Groups", status(400, 201)),
        Fault::request("groups.replace", "PUT", "/Groups/*", Asked::does_nothing),
        Fault::request("groups.replace", "PUT", "/Groups/*", |asked| drop_member(&mut asked.json, "members")),
        request("groups.add", op("replace")),
        request("groups.add", Asked::does_nothing),
        read("groups.add-twice", |group| {
            let twice = group["members"][0].clone();
            list(group, "members").push(twice);
        }),
        answer("groups.add-twice", |_, answered| answered.refuses(409, "uniqueness")),
        request("groups.remove", |asked| asked.paths(|_| "members".to_owned())),
        request("groups.remove", Asked::does_nothing),
        answer("groups.remove-absent", |_, answered| answered.refuses(400, "noTarget")),
        request("groups.remove-absent", |asked| asked.paths(|_| "members".to_owned())),
        request("groups.remove-all", Asked::does_nothing),
        answer("groups.remove-all", |_, answered| answered.refuses(400, "noTarget")),
        request("groups.replace-members", op("add")),
        request("groups.remove-and-add", |asked| asked.operations().truncate(1)),
        request("groups.remove-and-add", |asked| drop(asked.operations().remove(0))),
        Fault::answer("groups.of-user", "GET", "/Users/*", |_, answered| drop_member(&mut answered.json, "groups")),
        Fault::answer_since("groups.of-user-read-only", "GET", "/Groups/*", |past, _, answered| {
            if past.iter().any(|(asked, _)| asked.method == Method::PUT) {
                drop_member(&mut answered.json, "members");
            }
        }),
        Fault::answer("groups.of-user-read-only", "PUT", "/Users/*", |_, answered| {
            answered.refuses(400, "mutability");
        }),
    ]
}
