//! From a tree to a document that fits its schema; to the text that is stored, and back.

use divan::{Bencher, black_box};
use scim::json;
use scim::resource::{Document, Resource};

use crate::samples::{self, USER};

#[divan::bench]
fn user(bencher: Bencher<'_, '_>) {
    let user = samples::resource_type("User");
    bencher
        .with_inputs(|| json::parse(USER.as_bytes()).unwrap())
        .bench_values(|body| Resource::read(&user, body).unwrap());
}

#[divan::bench]
fn user_from_bytes_to_what_is_stored(bencher: Bencher<'_, '_>) {
    let user = samples::resource_type("User");
    let id = samples::id();
    let whole = || Resource::read(&user, json::parse(black_box(USER).as_bytes())?).map(|r| r.document.to_body(id));
    bencher.bench(|| whole().unwrap());
}

#[divan::bench(args = [1, 1_000])]
fn group_with_members(bencher: Bencher<'_, '_>, members: u128) {
    let group = samples::resource_type("Group");
    let body = samples::group(members);
    bencher.with_inputs(|| body.clone()).bench_values(|body| Resource::read(&group, body).unwrap());
}

#[divan::bench]
fn stored_user_read_again(bencher: Bencher<'_, '_>) {
    let body = samples::document().to_body(samples::id());
    bencher.bench(|| Document::from_body(black_box(&body)).unwrap());
}
