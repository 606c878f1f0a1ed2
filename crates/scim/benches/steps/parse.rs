//! From bytes to a tree, and to the outline of a bulk request, which leaves its bodies as they are.

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use scim::json;
use scim::message::BulkRequest;

use crate::samples::{self, USER};

#[divan::bench]
fn user(bencher: Bencher<'_, '_>) {
    bencher.counter(BytesCount::of_str(USER)).bench(|| json::parse(black_box(USER).as_bytes()).unwrap());
}

#[divan::bench(args = [1, 1_000])]
fn bulk(bencher: Bencher<'_, '_>, operations: usize) {
    let body = samples::bulk(operations);
    let read = || BulkRequest::read(black_box(&body).as_bytes(), operations).unwrap();
    bencher.counter(BytesCount::of_str(&body)).counter(ItemsCount::new(operations)).bench(read);
}
