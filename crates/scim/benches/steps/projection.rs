//! A stored user on its way out, whole or in parts.

use divan::{Bencher, black_box};
use scim::ScimError;
use scim::projection::Projection;
use scim::resource::render;

use crate::samples::{self, BASE};

#[divan::bench(args = [
    "everything",
    "attributes=userName",
    "attributes=userName,name.familyName,emails.value,active",
    "excludedAttributes=groups",
    "excludedAttributes=addresses,phoneNumbers.type,urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
])]
fn show(bencher: Bencher<'_, '_>, query: &str) {
    let user = samples::stored();
    let shown = query.strip_prefix("attributes=");
    let projection = Projection::from_query(shown, query.strip_prefix("excludedAttributes=")).unwrap();
    bencher.bench(|| render(black_box(&user), BASE, &projection).unwrap());
}

#[divan::bench]
fn read() -> Result<Projection, ScimError> {
    Projection::from_query(black_box(Some("userName,name.familyName,emails.value,active")), None)
}

#[divan::bench(args = [10, 1_000])]
fn group_with_members(bencher: Bencher<'_, '_>, members: u128) {
    let group = samples::stored_group(members);
    let whole = Projection::default();
    bencher.bench(|| render(black_box(&group), BASE, &whole).unwrap());
}
