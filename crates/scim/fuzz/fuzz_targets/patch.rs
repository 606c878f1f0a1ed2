//! Any JSON: a PATCH that leaves a document as reading it would, or a refusal.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use scim::ResourceId;
use scim::dialect::Dialect;
use scim::json;
use scim::patch::plan;
use scim::resource::{Document, Resource};
use scim::schema::core;

static BEFORE: LazyLock<Vec<Document>> = LazyLock::new(|| {
    let body = br#"{"userName":"x","displayName":"x","active":true,"name":{"familyName":"y"},
        "emails":[{"value":"x","type":"work","primary":true},{"value":"y","type":"home"}],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"d","manager":{"value":"m","$ref":"r"}}}"#;
    let read = |resource_type| {
        let body = json::parse(body).expect("the text above is JSON");
        Resource::read(resource_type, body).expect("the text above is a user and a group").document
    };
    core::registry().types().iter().map(|resource_type| read(resource_type)).collect()
});

fuzz_target!(|bytes: &[u8]| {
    let Ok(body) = json::parse(bytes) else { return };
    for (resource_type, before) in core::registry().types().iter().zip(BEFORE.iter()) {
        for dialect in [Dialect::Generic, Dialect::Entra] {
            let Ok(plan) = plan(resource_type, body.clone(), dialect) else { continue };
            let Ok(patched) = plan.apply(resource_type, before) else { continue };
            let text = patched.document.to_body(ResourceId::new(*b"usr", 1));
            let again = json::parse(text.as_bytes()).expect("a body is JSON");
            assert_eq!(Resource::read(resource_type, again).map(|again| again.document).as_ref(), Ok(&patched.document));
        }
    }
});
