//! Bulk requests (RFC 7644 §3.7): their outline, what they come to, in which order they run.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod examples;
mod order;
mod outline;
mod properties;
mod references;
mod refusals;
mod responses;

use std::fmt::Write as _;

use scim::ResourceId;
use scim::batch::{Action, Step, Unit};
use scim::bulk::{self, OperationHead, Planned};
use scim::dialect::Dialect;
use scim::id::Precondition;
use scim::message::BulkRequest;
use scim::schema::core;
use serde_json::{Value, json};

const BASES: [&str; 2] = ["https://example.com/t/acme/scim/v2", "/t/acme/scim/v2"];

/// What a request comes to, with the units that it gives one by one.
struct Plan {
    heads: Vec<OperationHead>,
    fail_on_errors: Option<u32>,
    units: Vec<Unit>,
}

impl From<Planned> for Plan {
    fn from(Planned { heads, fail_on_errors, units }: Planned) -> Self {
        Self { heads, fail_on_errors, units: units.collect() }
    }
}

/// Plans a request with these operations; ids are counted from 1.
fn plan(operations: &Value) -> Plan {
    plan_body(&json!({ "Operations": operations }).to_string())
}

fn plan_body(body: &str) -> Plan {
    let request = BulkRequest::read(body.as_bytes(), 10_000).unwrap();
    let mut given = 0;
    let mut new_id = |prefix| {
        given += 1;
        id(prefix, given)
    };
    bulk::plan(request, &core::registry(), &BASES, &mut new_id, Dialect::Generic).into()
}

fn id(prefix: [u8; 3], number: u128) -> ResourceId {
    ResourceId::new(prefix, number)
}

/// The id of the `number`th POST, when it is a user.
fn user(number: u128) -> String {
    id(*b"usr", number).to_string()
}

/// The id of the `number`th POST, when it is a group.
fn group(number: u128) -> String {
    id(*b"grp", number).to_string()
}

fn post_user(bulk_id: &str) -> Value {
    json!({ "method": "POST", "path": "/Users", "bulkId": bulk_id, "data": { "userName": bulk_id } })
}

fn post_group(bulk_id: &str, members: &[&str]) -> Value {
    let members: Vec<Value> = members.iter().map(|member| json!({ "value": member })).collect();
    let data = json!({ "displayName": bulk_id, "members": members });
    json!({ "method": "POST", "path": "/Groups", "bulkId": bulk_id, "data": data })
}

/// Steps in the order in which they run.
fn steps(planned: &Plan) -> impl Iterator<Item = &Step> {
    planned.units.iter().flat_map(|unit| &unit.steps)
}

/// Places in the order in which they run, those of a unit together.
fn order(planned: &Plan) -> Vec<Vec<usize>> {
    planned.units.iter().map(|unit| unit.steps.iter().map(|step| step.index).collect()).collect()
}

fn step(planned: &Plan, index: usize) -> &Step {
    steps(planned).find(|step| step.index == index).unwrap()
}

/// Why the operation at `index` is refused.
fn refusal(planned: &Plan, index: usize) -> String {
    format!("{:?}", step(planned, index).work.as_ref().unwrap_err())
}

/// The members that the POST or PUT at `index` wants.
fn members(planned: &Plan, index: usize) -> Vec<String> {
    match &step(planned, index).work.as_ref().unwrap().action {
        Action::Create(resource) | Action::Replace(resource) => {
            resource.members.iter().map(ToString::to_string).collect()
        }
        other => panic!("{other:?}"),
    }
}

/// The document that the POST or PUT at `index` wants.
fn document(planned: &Plan, index: usize) -> Value {
    let operation = step(planned, index).work.as_ref().unwrap();
    match &operation.action {
        Action::Create(resource) | Action::Replace(resource) => {
            serde_json::from_str(&resource.document.to_body(operation.target)).unwrap()
        }
        other => panic!("{other:?}"),
    }
}

/// All that was planned, a line per operation in the order in which they run, a blank line after
/// each unit.
fn told(planned: &Plan) -> String {
    let mut text = String::new();
    for unit in &planned.units {
        for step in &unit.steps {
            let head = &planned.heads[step.index];
            let location = head.location.as_deref().unwrap_or("nowhere");
            write!(text, "{} {} {location}: ", step.index, head.method).unwrap();
            match &step.work {
                Err(error) => write!(text, "refused, {error}").unwrap(),
                Ok(operation) => match &operation.action {
                    Action::Create(resource) | Action::Replace(resource) => {
                        write!(text, "{} members {:?}", resource.document.to_body(operation.target), resource.members)
                            .unwrap();
                    }
                    Action::Patch(plan) => write!(text, "members {:?}", plan.members).unwrap(),
                    Action::Delete => text.push_str("gone"),
                },
            }
            if let Ok(operation) = &step.work
                && operation.precondition != Precondition::Any
            {
                write!(text, ", if {:?}", operation.precondition).unwrap();
            }
            if !step.needs.is_empty() {
                write!(text, ", needs {:?}", step.needs).unwrap();
            }
            text.push('\n');
        }
        text.push('\n');
    }
    text
}
