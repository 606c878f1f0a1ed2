//! Any text: a path that prints as it reads, or a refusal.

#![no_main]

use libfuzzer_sys::fuzz_target;
use scim::filter::BYTES_MAX;
use scim::path::{AttrPath, PatchPath};
use scim::schema::core;

fuzz_target!(|text: &str| {
    if let Ok(path) = text.parse::<AttrPath>() {
        assert_eq!(path.to_string().parse::<AttrPath>().as_ref(), Ok(&path));
        for resource_type in core::registry().types() {
            if let Some(target) = resource_type.resolve(&path) {
                let canonical: AttrPath = target.canonical().parse().expect("a canonical name is a path");
                assert_eq!(resource_type.resolve(&canonical).map(|again| again.canonical()), Some(target.canonical()));
            }
        }
    }
    if let Ok(path) = text.parse::<PatchPath>() {
        let printed = path.to_string();
        if printed.len() <= BYTES_MAX {
            assert_eq!(printed.parse::<PatchPath>().as_ref(), Ok(&path));
        }
    }
});
