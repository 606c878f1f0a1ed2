//! Any text: a filter that prints as it reads and means something for each type, or a refusal.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use scim::filter::{BYTES_MAX, Filter};
use scim::json::{self, Json};
use scim::schema::core;

static USER: LazyLock<Json> = LazyLock::new(|| {
    let user = br#"{"userName":"x","active":true,"emails":[{"value":"x","type":"work","primary":true}],
        "name":{"familyName":"y"},"meta":{"created":"2026-01-31T12:30:00Z"}}"#;
    json::parse(user).expect("the text above is JSON")
});

fuzz_target!(|text: &str| {
    let Ok(filter) = text.parse::<Filter>() else { return };
    let printed = filter.to_string();
    // What is written without quotes or spaces is longer in print.
    if printed.len() <= BYTES_MAX {
        assert_eq!(printed.parse::<Filter>().as_ref(), Ok(&filter));
    }
    for resource_type in core::registry().types() {
        let negated = Filter::Not(Box::new(filter.clone()));
        let holds = filter.holds(resource_type, &USER);
        assert_eq!(holds.map(|holds| !holds), negated.holds(resource_type, &USER));
    }
});
