//! What Microsoft Entra ID does: connection test, accounts, attributes one by one, managers, groups, soft
//! deletion and restoration, deletion for good and return.
//!
//! Source: "Develop and plan provisioning for a SCIM endpoint", "Known issues and resolutions with
//! SCIM 2.0 protocol compliance" and "How provisioning works" in Microsoft's documentation, and the tests that
//! Microsoft publishes for integrators.

mod accounts;
mod attributes;
mod groups;
mod manager;
mod matching;
mod spelling;
mod update;

use serde_json::Value;

use super::accounts::{ENTERPRISE, USER};
use super::expect::{nobody, page};
use super::finding::{Need, Otherwise};
use super::groups::GROUP;
use super::people::Company;
use super::session::{Session, Step};
use super::{Dialect, Options};
use crate::ask::{Ask, SCIM_JSON};
use crate::document::text;

pub(crate) use accounts::profile;
pub(crate) use groups::empty_group;
use spelling::Spelling;

/// The page size of Microsoft's SCIM validator. Entra itself reads no pages.
const PAGE: usize = 5;

/// Plays the whole conversation.
pub(crate) async fn play(session: &Session<'_>, company: &Company, options: &Options) {
    if !connect(session, company).await {
        return;
    }
    let spelling = if options.dialect == Dialect::EntraFlagged { Spelling::Rfc } else { Spelling::Old };
    let accounts = super::accounts::create(session, company).await;
    matching::run(session, company, &accounts).await;
    let fill = async |group| groups::fill(session, group, spelling).await;
    let groups = super::groups::push(session, company, &accounts, fill).await;
    groups::probe(session, &groups).await;
    let churned = Session::sample(&accounts, options.churn_percent);
    accounts::change(session, &churned, &accounts, spelling).await;
    let renaming = async |account, name: String| Some(accounts::renaming(account, &name, spelling));
    super::accounts::rename(session, &accounts, renaming).await;
    groups::leave_and_return(session, &groups, &churned, spelling).await;
    super::groups::still_have_their_members(session, &groups).await;
    let returned = accounts::delete_and_return(session, &churned, spelling).await;
    let still_there = session.made.of("/Users");
    let gone: Vec<_> = churned.into_iter().filter(|account| !still_there.contains(&account.id)).collect();
    let groups = groups::lose_and_regain(session, groups, &gone, &returned, spelling).await;
    super::imports::run(session, PAGE).await;
    if !options.keep {
        super::groups::delete(session, &groups).await;
    }
}

/// "Test Connection": somebody and a group that nobody has heard of. Entra goes no further when it fails.
/// Then what it reads when the administrator saves.
async fn connect(session: &Session<'_>, company: &Company) -> bool {
    const KIND: &str = "connection test";
    session.tell(KIND, 0, 1);
    for (endpoint, attribute) in [("/Users", "userName"), ("/Groups", "displayName")] {
        let Some(step) = session.step(KIND, probe(endpoint, attribute, &company.stranger)).await else { return false };
        if !step.needs(&CONNECTS, nobody) {
            return false;
        }
    }
    let Some(step) = session.step("read schemas", Ask::get("/Schemas")).await else { return false };
    step.needs(&SCHEMAS, |answer| {
        let page = page(answer)?;
        let is_there = |urn: &&str| page.resources.iter().any(|schema| text(schema, &["id"]) == *urn);
        let missing: Vec<&str> = [USER, ENTERPRISE, GROUP].into_iter().filter(|urn| !is_there(urn)).collect();
        if missing.is_empty() { Ok(()) } else { Err(format!("there is no {}", missing.join(", no "))) }
    });
    true
}

static CONNECTS: Need = Need {
    id: "connection-test",
    wanted: "200 with totalResults 0 and no Resources for a random GUID",
    otherwise: Otherwise::NotConnected,
};
static SCHEMAS: Need = Need {
    id: "schemas",
    wanted: "200 with a ListResponse of the schemas, those of users, of the enterprise extension and of groups among \
             them (asked of applications of the gallery)",
    otherwise: Otherwise::Noted,
};

/// `GET /Users?filter=userName eq "…"`; groups without their members.
pub(crate) fn probe(endpoint: &str, attribute: &str, wanted: &str) -> Ask {
    probe_with(endpoint, &format!("{attribute} eq {}", Value::from(wanted)))
}

fn probe_with(endpoint: &str, filter: &str) -> Ask {
    let ask = Ask::get(endpoint);
    let ask = if endpoint == "/Groups" { ask.query("excludedAttributes", "members") } else { ask };
    ask.query("filter", filter)
}

/// The media type, which Microsoft's guide demands of every answer with a body.
pub(crate) fn needs_of_each_answer(step: &Step<'_>) {
    step.needs(&MEDIA_TYPE, |answer| {
        if answer.body.is_empty() || answer.media_type() == SCIM_JSON {
            return Ok(());
        }
        Err(format!("status {} with the media type {:?}", answer.status, answer.header("content-type")))
    });
}

static MEDIA_TYPE: Need = Need {
    id: "media-type",
    wanted: "application/scim+json as the media type of each answer with a body",
    otherwise: Otherwise::Noted,
};
