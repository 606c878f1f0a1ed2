//! A PATCH request as identity providers send it: planned before anything is read, then done to a user.

use divan::{Bencher, black_box};

use crate::samples::{self, Patch};

#[divan::bench(args = Patch::ALL)]
fn plan(bencher: Bencher<'_, '_>, sent: Patch) {
    let resource_type = samples::resource_type(sent.type_name());
    bencher
        .with_inputs(|| sent.body())
        .bench_values(|body| scim::patch::plan(&resource_type, body, sent.dialect()).unwrap());
}

#[divan::bench(args = Patch::OF_USERS)]
fn apply(bencher: Bencher<'_, '_>, sent: Patch) {
    let user = samples::resource_type("User");
    let plan = scim::patch::plan(&user, sent.body(), sent.dialect()).unwrap();
    let before = samples::document();
    bencher.bench(|| plan.apply(&user, black_box(&before)).unwrap());
}
