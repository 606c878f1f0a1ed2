//! Text to a tree, the tree held against the schema, and its condition against a user.

use divan::{Bencher, black_box};
use scim::ScimError;
use scim::filter::Filter;

use crate::samples::{self, BASE, FILTERS};

#[divan::bench(args = FILTERS)]
fn parse(text: &str) -> Result<Filter, ScimError> {
    black_box(text).parse()
}

#[divan::bench(args = FILTERS)]
fn resolve(bencher: Bencher<'_, '_>, text: &str) {
    let user = samples::resource_type("User");
    let filter: Filter = text.parse().unwrap();
    bencher.bench(|| filter.resolve(black_box(&user)).map(drop).unwrap());
}

#[divan::bench(args = FILTERS)]
fn hold(bencher: Bencher<'_, '_>, text: &str) {
    let user = samples::resource_type("User");
    let filter: Filter = text.parse().unwrap();
    let condition = filter.resolve(&user).unwrap();
    let resource = samples::stored().to_json(BASE).unwrap();
    bencher.bench(|| condition.holds(black_box(&resource)));
}
