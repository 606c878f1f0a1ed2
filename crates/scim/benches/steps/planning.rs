//! What is decided before the database is asked: a query, and in which order bulk operations run.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use scim::ResourceId;
use scim::bulk::Planned;
use scim::dialect::Dialect;
use scim::message::{BulkRequest, SearchRequest};
use scim::query::{ListQuery, PageLimits};
use scim::schema::core;

use crate::samples::{self, BASE, FILTERS};

#[divan::bench(args = FILTERS)]
fn query(bencher: Bencher<'_, '_>, filter: &str) {
    let types = [samples::resource_type("User")];
    let pairs = [("filter", filter), ("count", "100"), ("attributes", "userName,emails"), ("sortBy", "userName")];
    let judged = || {
        let request = SearchRequest::from_pairs(black_box(pairs))?;
        ListQuery::new(&request, &types, PageLimits::default())
    };
    bencher.bench(|| judged().unwrap());
}

/// Creates that know nothing of each other: with the bodies, which are read one by one.
#[divan::bench(args = [1, 1_000])]
fn bulk(bencher: Bencher<'_, '_>, operations: usize) {
    run(bencher, operations, &samples::bulk(operations));
}

/// Each has the one before as its manager.
#[divan::bench(args = [1_000])]
fn bulk_in_a_chain(bencher: Bencher<'_, '_>, operations: usize) {
    run(bencher, operations, &samples::chain(operations));
}

fn run(bencher: Bencher<'_, '_>, operations: usize, body: &str) {
    let registry = core::registry();
    bencher
        .counter(ItemsCount::new(operations))
        .with_inputs(|| BulkRequest::read(body.as_bytes(), operations).unwrap())
        .bench_values(|request| {
            let mut given = 0;
            let mut new_id = |prefix| {
                given += 1;
                ResourceId::new(prefix, given)
            };
            let Planned { heads, units, .. } =
                scim::bulk::plan(request, &registry, &[BASE], &mut new_id, Dialect::Generic);
            (heads, units.map(|unit| unit.steps.len()).sum::<usize>())
        });
}
