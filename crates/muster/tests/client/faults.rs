//! The faults: each names the check that is to find it.

pub(crate) mod bulk;
pub(crate) mod create;
pub(crate) mod discovery;
pub(crate) mod errors;
pub(crate) mod etag;
pub(crate) mod filter;
pub(crate) mod groups;
pub(crate) mod lists;
pub(crate) mod patch;
pub(crate) mod projection;
pub(crate) mod replace;

use crate::fault::Fault;

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// All of them.
pub(crate) fn all() -> Vec<Fault> {
    [
        discovery::all(),
        errors::all(),
        create::all(),
        replace::all(),
        patch::all(),
        projection::all(),
        filter::all(),
        lists::all(),
        etag::all(),
        groups::all(),
        bulk::all(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
