//! Schemas and resource types of a tenant's own.

#![expect(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "helpers of tests, which take what json! makes"
)]

mod changes;
mod defining;
mod registry;
mod tightening;

use scim::json::Json;
use scim::message::Loc;
use scim::schema::{Flaw, SchemaDraft};

fn draft(json: Json) -> SchemaDraft {
    serde_json::from_value(json).unwrap()
}

/// `attributes.0.name: …` of each flaw.
fn told(flaws: &[Flaw]) -> String {
    let step = |loc: &Loc| match loc {
        Loc::Key(name) => name.clone(),
        Loc::Index(place) => place.to_string(),
    };
    let line = |flaw: &Flaw| format!("{}: {}", flaw.at.iter().map(step).collect::<Vec<_>>().join("."), flaw.msg);
    flaws.iter().map(line).collect::<Vec<_>>().join("\n")
}
