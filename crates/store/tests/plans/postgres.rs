//! PostgreSQL: the plans that hold whatever the parameters are, with statistics of a database where one
//! tenant has most of the rows and many have few.

mod explain;

use std::collections::BTreeSet;

use store::catalogue::{CATALOGUE, POSTGRES_ONLY, of_exports};
use store::sql::Stmt;

use crate::{module_name, named, queries, statements};
use explain::{Plan, Populated};

/// Statements that do not go by the tenant first, and why that is right.
const BEYOND_ONE_TENANT: &[(&str, &str)] = &[
    ("applications::BY_CLIENT_ID", "a client is looked up before its tenant is known; its id is unique"),
    ("applications::BY_ID", BY_ITS_OWN_ID),
    ("applications::COUNT_ALL", LIST_OF_ALL),
    ("applications::DELETE", BY_ITS_OWN_ID),
    ("applications::LIST_ALL", LIST_OF_ALL),
    ("applications::ROTATE", BY_ITS_OWN_ID),
    ("applications::UPDATE", BY_ITS_OWN_ID),
    ("audit::COUNT_ALL", LIST_OF_ALL),
    ("audit::LIST_ALL", LIST_OF_ALL),
    ("engine::postgres::numbering::WAITING", "which tenants have events to be numbered, one step of an index for each"),
    ("request_log::statements::OLDEST", "the oldest of all tenants are forgotten"),
    ("request_log::statements::DELETE", BY_TIME_AND_NUMBER),
    ("request_log::statements::GET", BY_TIME_AND_NUMBER),
    ("schemas::indexes::UNFINISHED", "once a minute, from an index that is empty but for minutes after a change"),
    ("scim_tokens::BY_ID", BY_ITS_OWN_ID),
    ("scim_tokens::COUNT_ALL", LIST_OF_ALL),
    ("scim_tokens::OF_ANYONE", "whose a token is that was shown to another tenant"),
    ("scim_tokens::LIST_ALL", LIST_OF_ALL),
    ("scim_tokens::REVOKE", BY_ITS_OWN_ID),
    ("scim_tokens::ROTATE", BY_ITS_OWN_ID),
    ("scim_tokens::UPDATE", BY_ITS_OWN_ID),
    ("tenants::BY_ID", "this is how a tenant is found"),
    ("tenants::BY_SLUG", "this is how a tenant is found"),
    ("tenants::COUNT", LIST_OF_ALL),
    ("tenants::LIST", LIST_OF_ALL),
    ("transfer::copy::TENANT_IDS", "all of a database is copied"),
    ("upkeep::PRUNE_ANSWERS", UPKEEP),
    ("upkeep::PRUNE_USAGE", UPKEEP),
];
const UPKEEP: &str = "once an hour from tenant to tenant, a step of an index for each";
const BY_ITS_OWN_ID: &str = "an id is unique beyond tenants, and the platform's administrators need not name one";
const BY_TIME_AND_NUMBER: &str = "by keys that say the millisecond and a number in it, so that hardly two are alike";
const LIST_OF_ALL: &str = "a list for the platform's administrators, not on the way of any other request";

/// Statements that read all that a tenant has in some table, and why that is right.
const ALL_OF_A_TENANT: &[(&str, &str)] = &[
    ("applications::COUNT", ADMIN_LIST),
    ("applications::LIST", ADMIN_LIST),
    ("audit::COUNT", "of what administrators did; a page that is asked for by a cursor is not counted"),
    ("idempotency::FORGET", "of a tenant's answers few are kept"),
    ("request_log::statements::NTH", "how many packs a tenant has, seldom, and never more than it may keep by much"),
    ("resources::query::listed::TOTAL", SPANS),
    ("resources::query::listed::SPANS", SPANS),
    ("resources::uniqueness::ENFORCE_DISPLAY_NAME", "all resources are looked at, once, when the setting changes"),
    ("resources::uniqueness::ENFORCE_EXTERNAL_ID", "all resources are looked at, once, when the setting changes"),
    ("resources::uniqueness::RELEASE", "all resources are looked at, once, when the setting changes"),
    ("schemas::DELETE_TYPE", FEW),
    ("schemas::NEW_TYPE_KEY", FEW),
    ("schemas::SCHEMAS", FEW),
    ("schemas::STATE", FEW),
    ("schemas::TYPES", FEW),
    ("schemas::indexes::ALL", FEW),
    ("schemas::indexes::NEW_NUMBER", FEW),
    ("schemas::indexes::NEXT", FEW),
    ("schemas::indexes::READY", FEW),
    ("scim_tokens::COUNT", ADMIN_LIST),
    ("scim_tokens::LIST", ADMIN_LIST),
    ("scim_tokens::SUMMARY", "a tenant has few tokens"),
    ("transfer::export::LAST_EVENT", "few events wait for their numbers"),
    ("transfer::export::TYPES", "a row for a thousand resources and connection, once in an export"),
    ("usage::SINCE", "a tenant has few tokens"),
];
const FEW: &str = "a tenant has one state of its definitions, and at most some hundred of these";
const SPANS: &str = "a row for 65,536 resources and connection";
const ADMIN_LIST: &str = "a list for a tenant's administrators, who have few of these";

/// What an export reads in one go, and why.
const READ_WHOLE: &[(&str, &str)] = &[
    ("applications", ADMIN_LIST),
    ("events without numbers", "few events wait for their numbers"),
    ("resource_types", FEW),
    ("schema_indexes", FEW),
    ("schema_states", FEW),
    ("schemas", FEW),
    ("scim_tokens", ADMIN_LIST),
    ("scim_usage", "a row for an hour, and old ones are forgotten"),
];

/// Kinds of queries for which resources of a tenant are looked at one by one, and why.
const LOOKS_AT_ALL: &[(&str, &str)] = &[
    ("User: userName co \"a\" by creation", "no index finds what is in the middle of a text"),
    ("User: active eq false by creation", "most resources are active, or most of those that are looked for"),
    ("User: meta.lastModified gt \"2026-01-01T00:00:00Z\" by creation", NOT_INDEXED),
    ("User: all by meta.lastModified", NOT_INDEXED),
    ("User: all by externalId", "an index on what may be missing does not give an order"),
];
const NOT_INDEXED: &str = "every change moves it: with an index a third fewer changes are made in a second";

#[test]
fn every_statement_has_the_plan_that_was_reviewed() {
    let database = Populated::unevenly();

    for (module, statements) in CATALOGUE.iter().chain(POSTGRES_ONLY) {
        let mut plans = String::new();
        for (name, statement) in *statements {
            plans += name;
            plans += "\n";
            plans += &database.plan(statement).to_string();
        }
        insta::assert_snapshot!(module_name(module).replace("::", "_"), plans);
    }
}

#[test]
fn each_kind_of_query_has_the_plan_that_was_reviewed() {
    let database = Populated::unevenly();

    let plans = queries::each(|_, statement| database.plan(statement).to_string());

    insta::assert_snapshot!("queries", plans);
}

#[test]
fn each_statement_of_an_export_has_the_plan_that_was_reviewed() {
    let database = Populated::unevenly();

    let mut plans = String::new();
    for (name, statement) in of_exports() {
        plans += &name;
        plans += "\n";
        plans += &database.plan(&statement).to_string();
    }

    insta::assert_snapshot!("exports", plans);
}

#[test]
fn an_export_reads_by_an_index_what_a_tenant_has_many_of() {
    let statements = of_exports();
    let statements: Vec<_> = statements.iter().map(|(name, statement)| (name.as_str(), statement)).collect();

    judge(&statements, &[], READ_WHOLE);
}

#[test]
fn a_statement_reads_what_it_needs_by_an_index_that_begins_with_the_tenant() {
    let only_here = POSTGRES_ONLY.iter().flat_map(|(module, statements)| named(module, statements));
    let statements: Vec<_> = statements().chain(only_here).collect();
    let statements: Vec<_> = statements.iter().map(|(name, statement)| (name.as_str(), *statement)).collect();

    judge(&statements, BEYOND_ONE_TENANT, ALL_OF_A_TENANT);
}

#[test]
fn a_query_that_an_index_answers_reads_no_more_than_that_index() {
    let kinds = queries::all();
    let statements: Vec<_> =
        kinds.iter().flat_map(|(kind, statements)| statements.iter().map(|one| (kind.as_str(), &**one))).collect();

    judge(&statements, &[], LOOKS_AT_ALL);
}

/// Whatever the tables hold.
fn judge(statements: &[(&str, &Stmt)], beyond: &[(&str, &str)], all: &[(&str, &str)]) {
    let databases = [Populated::unevenly(), Populated::by_small_tenants(), Populated::lately()];
    let plans: Vec<_> = statements
        .iter()
        .flat_map(|(name, statement)| databases.iter().map(|database| (*name, database.plan(statement))))
        .collect();
    expect_explained(plans.iter().filter(|(_, plan)| plan.goes_beyond_one_tenant()), beyond);
    let within = plans.iter().filter(|(name, _)| !explains(beyond, name));
    expect_explained(within.filter(|(_, plan)| plan.reads_all_of_a_tenant()), all);
}

fn explains(explained: &[(&str, &str)], name: &str) -> bool {
    explained.iter().any(|(explained, _)| *explained == name)
}

fn expect_explained<'a>(found: impl Iterator<Item = &'a (&'a str, Plan)> + Clone, explained: &[(&str, &str)]) {
    let unexplained: Vec<_> = found
        .clone()
        .filter(|(name, _)| !explains(explained, name))
        .map(|(name, plan)| format!("{name}\n{plan}"))
        .collect();
    assert!(unexplained.is_empty(), "not explained above:\n{}", unexplained.join("\n"));
    let found: BTreeSet<_> = found.map(|(name, _)| *name).collect();
    let needless: Vec<_> = explained.iter().filter(|(name, _)| !found.contains(name)).collect();
    assert!(needless.is_empty(), "no longer in need of an explanation: {needless:#?}");
}
