//! Any bytes: a bulk request of which each operation runs once, after those it needs, or a refusal.

#![no_main]

use libfuzzer_sys::fuzz_target;
use scim::ResourceId;
use scim::bulk;
use scim::dialect::Dialect;
use scim::message::BulkRequest;
use scim::schema::core;

const BASES: [&str; 2] = ["https://h/v2", "/v2"];

fuzz_target!(|bytes: &[u8]| {
    let Ok(request) = BulkRequest::read(bytes, 100) else { return };
    let mut given = 0;
    let mut new_id = |prefix| {
        given += 1;
        ResourceId::new(prefix, given)
    };
    let planned = bulk::plan(request, &core::registry(), &BASES, &mut new_id, Dialect::Entra);
    let mut done = vec![false; planned.heads.len()];
    for unit in planned.units {
        assert!(!unit.steps.is_empty());
        for step in &unit.steps {
            assert!(!std::mem::replace(&mut done[step.index], true), "an operation is there twice");
        }
        assert!(unit.steps.iter().all(|step| step.needs.iter().all(|need| done[*need])), "a need comes later");
    }
    assert!(done.iter().all(|done| *done), "an operation is missing");
});
