//! The rows of the table: names, and what is asked.

use crate::prepare::Prepared;
use crate::workload::Workload;

pub(crate) const HEALTH: &str = "/healthz, without a credential";
pub(crate) const RESOURCE_TYPE: &str = "a resource type: a credential, no row";
pub(crate) const GET: &str = "get by id";
pub(crate) const HTTP2_GET: &str = "get by id, over HTTP/2";
pub(crate) const USER_NAME: &str = "filter userName eq";
pub(crate) const EXTERNAL_ID: &str = "filter externalId eq";
pub(crate) const EMAIL: &str = "filter emails.value eq";
pub(crate) const NOBODY: &str = "filter without a match";
pub(crate) const FIRST_PAGE: &str = "list of 100, first page";
pub(crate) const PAGE: &str = "list of 100, by cursor, 9/10 down";
pub(crate) const INDEX: &str = "list of 100, by startIndex, 9/10 down";
pub(crate) const CREATE: &str = "create";
pub(crate) const PUT: &str = "put";
pub(crate) const PATCH: &str = "patch";
pub(crate) const MEMBER: &str = "PATCH one member in or out";
pub(crate) const GROUP: &str = "group without members";
pub(crate) const BULK: &str = "bulk of 1,000 creates";
pub(crate) const DELETE: &str = "delete";
pub(crate) const NEW_TOKEN: &str = "get by id, token not seen before";

/// All but [`DELETE`] and [`HTTP2_GET`], in the order in which they are measured: what reads, then what writes.
pub(crate) fn all(prepared: &Prepared) -> Vec<(&'static str, Workload)> {
    let (_, group) = prepared.groups.last().expect("there is a group");
    let (depth, cursor) = prepared.cursors.last().expect("there is a cursor");
    vec![
        (HEALTH, Workload::Health),
        (RESOURCE_TYPE, Workload::ResourceType),
        (GET, Workload::Get),
        (USER_NAME, Workload::UserName),
        (EXTERNAL_ID, Workload::ExternalId),
        (EMAIL, Workload::Email),
        (NOBODY, Workload::Nobody),
        (FIRST_PAGE, Workload::FirstPage),
        (PAGE, Workload::Page(cursor.clone())),
        (INDEX, Workload::Index(*depth)),
        (GROUP, Workload::Group(group.clone())),
        (CREATE, Workload::Create),
        (PUT, Workload::Put),
        (PATCH, Workload::Patch),
        (MEMBER, Workload::Member(group.clone())),
        (BULK, Workload::Bulk),
    ]
}

/// What is measured in tenants of each size.
pub(crate) fn by_tenant_size() -> [(&'static str, Workload); 9] {
    [
        (GET, Workload::Get),
        (USER_NAME, Workload::UserName),
        (EXTERNAL_ID, Workload::ExternalId),
        (EMAIL, Workload::Email),
        (NOBODY, Workload::Nobody),
        (FIRST_PAGE, Workload::FirstPage),
        (CREATE, Workload::Create),
        (PATCH, Workload::Patch),
        (PUT, Workload::Put),
    ]
}
