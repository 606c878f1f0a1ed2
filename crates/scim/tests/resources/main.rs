//! Resources, from what a client sends to what it is shown again.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod clients;
mod custom;
mod documents;
mod examples;
mod limits;
mod members;
mod projecting;
mod properties;
mod reading;
mod rendering;

use std::sync::Arc;

use scim::json::{self, Json};
use scim::projection::Projection;
use scim::resource::{Member, Notes, Representation, Resource, render};
use scim::schema::{ResourceType, core};
use scim::{ResourceId, ScimError, Version};

const ENTERPRISE: &str = core::ENTERPRISE_USER;
const BASE_URL: &str = "https://example.com/v2";

fn resource_type(name: &str) -> Arc<ResourceType> {
    Arc::clone(core::registry().type_named(name).unwrap())
}

fn id(prefix: [u8; 3], number: u128) -> ResourceId {
    ResourceId::new(prefix, 0x0192_3f5e_7c4a_7b11_9d3e_2a4b_0000_0000 + number)
}

/// Reads a body as a POST or PUT of a resource of that type.
fn read(type_name: &str, body: &str) -> Result<Resource, ScimError> {
    Resource::read(&resource_type(type_name), json::parse(body.as_bytes()).unwrap())
}

/// The document that a body of a user makes, as text without the `schemas`.
fn user(body: &str) -> String {
    let user = read("User", &format!(r#"{{"userName":"ana",{body}}}"#)).unwrap();
    let text = user.document.to_body(id(*b"usr", 1));
    let mut shown: serde_json::Map<String, Json> = serde_json::from_str(&text).unwrap();
    for name in ["schemas", "id", "userName"] {
        shown.shift_remove(name);
    }
    Json::Object(shown).to_string()
}

/// What was ignored and mended in a body of a user.
fn notes(body: &str) -> Notes {
    let schemas = if body.contains("schemas\"") { String::new() } else { format!(r#""schemas":["{}"],"#, core::USER) };
    read("User", &format!(r#"{{{schemas}"userName":"ana",{body}}}"#)).unwrap().notes
}

/// The words with which a body of a user is refused.
fn refusal(body: &str) -> String {
    let body = format!(r#"{{"userName":"ana",{body}}}"#);
    read("User", &body).expect_err(&body).to_string()
}

fn representation(type_name: &str, resource: &Resource) -> Representation {
    let resource_type = resource_type(type_name);
    let id = id(resource_type.id_prefix, 1);
    let member = |id: &ResourceId| Member {
        id: *id,
        type_name: "User".into(),
        endpoint: "/Users".into(),
        display: Some("Babs \"B\" Jensen".into()),
        direct: true,
    };
    Representation {
        id,
        version: Version(7),
        created: 1_264_222_582_000,
        modified: 1_305_261_754_000,
        body: resource.document.to_body(id),
        members: Some(resource.members.iter().map(member).collect()),
        member_of: None,
        resource_type,
    }
}

fn shown(representation: &Representation, projection: &Projection) -> Json {
    serde_json::from_str(&render(representation, BASE_URL, projection).unwrap()).unwrap()
}
