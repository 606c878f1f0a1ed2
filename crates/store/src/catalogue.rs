//! Every statement of this crate, so that a test can prepare each on each engine and show its plan.
//! A test fails when a `static …: Stmt` is missing here: see `tests/plans`.

use std::sync::Arc;

use scim::query::ListQuery;

use crate::resources;
use crate::resources::query::Scope;
use crate::sql::Stmt;

/// The statements of a module, each with its name.
pub type Statements = &'static [(&'static str, &'static Stmt)];

/// Makes a catalogue from lines of the form `module: NAME, NAME;`.
macro_rules! catalogue {
    ($(#[$about:meta])* $catalogue:ident; $($($module:ident)::+ : $($name:ident),+;)+) => {
        $(#[$about])*
        pub static $catalogue: &[(&str, Statements)] = &[$((stringify!($($module)::+), {
            use crate::$($module)::+::{$($name),+};
            &[$((stringify!($name), &$name)),+]
        })),+];
    };
}

catalogue! {
    /// Each module that holds statements, and these.
    CATALOGUE;
    applications: INSERT, BY_CLIENT_ID, BY_ID, COUNT, LIST, COUNT_ALL, LIST_ALL, UPDATE, DELETE, ROTATE;
    attributes: INSERT_UNIQUE, DELETE_UNIQUE, INSERT_INDEXED, DELETE_INDEXED;
    audit: INSERT, COUNT, LIST, COUNT_OF_SUBJECT, LIST_OF_SUBJECT, COUNT_ALL, LIST_ALL;
    events: APPEND, APPEND_LOST_MEMBER, AFTER;
    idempotency: FORGET, CLAIM, FIND, FINISH, RELEASE;
    keys: INSERT, SHOWN, RETIRE_ALL;
    members: MEMBERS_OF, GROUPS_OF;
    members::change: EXISTING, CONTAINED_IN;
    members::direct: OF_RANGE;
    members::rows: ADD, REMOVE, RETAIN, LEAVE_ALL, IDS;
    request_log::statements: LIST, LIST_FAILED, LIST_OF_RESOURCE, GET, NTH, OLDEST, OLDEST_OF, DELETE;
    resources: GET, GET_WITH_GROUPS;
    resources::query::keyed: ROWS;
    resources::query::listed: TOTAL, SPANS, BLOCKS, PAGE, KEYS;
    resources::rows: INSERT, LOAD, UPDATE, UPDATE_ACTIVE, UPDATE_NAMES, TOUCH, TOUCH_GROUPS_OF, DELETE, COUNT_IN, COUNT_OUT;
    resources::uniqueness: ENFORCE_DISPLAY_NAME, ENFORCE_EXTERNAL_ID, RELEASE;
    resources::rework: SLICE, INSERT_INDEXED, INSERT_UNIQUE;
    schemas: STATE, SCHEMAS, TYPES, COUNT_CHANGE, PUT_SCHEMA, DELETE_SCHEMA, NEW_TYPE_KEY, PUT_TYPE, DELETE_TYPE;
    schemas::change: CARRIERS;
    schemas::indexes: ALL, NEW_NUMBER, INSERT, SET, READY, UNFINISHED, NEXT, ADVANCE, REMOVE, DELETE;
    scim_tokens: INSERT, BY_HASH, OF_ANYONE, BY_ID, COUNT, LIST, COUNT_ALL, LIST_ALL, UPDATE, REVOKE, ROTATE, END_OVERLAP, SUMMARY;
    store: PING;
    tenants: INSERT, LOCK, BY_ID, BY_SLUG, COUNT, LIST, UPDATE;
    transfer::copy: LAST_NUMBERS, TENANT_IDS;
    transfer::export: TYPES, MEMBERSHIPS, LAST_EVENT;
    transfer::import: INSERT_TENANT;
    transfer::import::batch: ADD_MEMBERS;
    upkeep: TAKE, PRUNE_ANSWERS, PRUNE_USAGE, PRUNE_KEYS;
    usage: RECORD_TOKENS, RECORD_HOURS, SINCE;
}

catalogue! {
    /// Statements that only PostgreSQL knows.
    POSTGRES_ONLY;
    engine::postgres::numbering: WAITING, NUMBER;
    resources::apply::creations: CREATE;
}

/// The statements by which each table is read in pages when a database is copied.
pub fn of_copies() -> Vec<(&'static str, Stmt)> {
    crate::transfer::pages()
}

/// The statements by which a tenant is read when it is exported: what of it, and the statement.
pub fn of_exports() -> Vec<(String, Stmt)> {
    crate::transfer::exports()
}

/// The statements that look for what a filter and an order name: their texts depend on the request. Values
/// are left open.
pub fn of_query(scope: &Scope, query: &ListQuery) -> Vec<Arc<Stmt>> {
    resources::query::statements(scope, query)
}
