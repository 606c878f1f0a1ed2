//! What Okta does: connection test, accounts, the checks of its SPEC test, group push, churn, import.
//!
//! Source: "Okta and SCIM Version 2.0" and "Understanding SCIM" in Okta's developer documentation, and
//! the tests that Okta publishes for integrators.

mod accounts;
mod groups;
mod spec_test;

use serde_json::Value;

use super::expect::page;
use super::finding::{Need, Otherwise};
use super::people::Company;
use super::session::Session;
use super::{Dialect, Options};
use crate::ask::Ask;

pub(crate) use accounts::profile;
pub(crate) use groups::empty_group;

/// Okta's page size in imports and probes.
const PAGE: usize = 100;

/// Plays the whole conversation.
pub(crate) async fn play(session: &Session<'_>, company: &Company, options: &Options) {
    if !connect(session).await {
        return;
    }
    let wizard = options.dialect == Dialect::OktaWizard;
    let accounts = super::accounts::create(session, company).await;
    spec_test::run(session, company, &accounts).await;
    let fill = async |group| groups::fill(session, group, wizard).await;
    let groups = super::groups::push(session, company, &accounts, fill).await;
    let churned = Session::sample(&accounts, options.churn_percent);
    accounts::change(session, &churned, wizard).await;
    let renaming = async |account, name| accounts::renaming(session, account, name).await;
    super::accounts::rename(session, &accounts, renaming).await;
    groups::leave_and_return(session, &groups, &churned, wizard).await;
    if !wizard {
        groups::push_now(session, &groups).await;
    }
    super::groups::still_have_their_members(session, &groups).await;
    super::imports::run(session, PAGE).await;
    if !options.keep {
        super::groups::delete(session, &groups).await;
    }
}

/// "Test API Credentials". Okta goes no further when it fails.
async fn connect(session: &Session<'_>) -> bool {
    session.tell("connection test", 0, 1);
    // The SPEC test sends a Content-Type although there is no body.
    let ask = Ask::get("/Users?count=1&startIndex=1").header("Content-Type", crate::ask::SCIM_JSON);
    let Some(step) = session.step("connection test", ask).await else { return false };
    step.needs(&CONNECTS, |answer| page(answer).map(drop))
}

static CONNECTS: Need = Need {
    id: "connection-test",
    wanted: "200 with a ListResponse, also when there are no users",
    otherwise: Otherwise::NotConnected,
};

/// `GET /Users?filter=userName eq "…"&startIndex=1&count=100`, and the same for groups.
pub(crate) fn probe(endpoint: &str, attribute: &str, wanted: &str) -> Ask {
    let filter = format!("{attribute} eq {}", Value::from(wanted));
    Ask::get(endpoint).query("filter", filter).query("startIndex", "1").query("count", PAGE.to_string())
}
