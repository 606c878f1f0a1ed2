//! The probes of each attribute that an administrator may match by, and what is asked of conflicts and strangers.

use serde_json::json;

use super::{probe_with, profile};
use crate::ask::{Ask, encode};
use crate::document::list;
use crate::simulate::accounts::{Account, post};
use crate::simulate::expect::{error, nobody, only, status, value};
use crate::simulate::finding::{Need, Otherwise};
use crate::simulate::people::Company;
use crate::simulate::session::Session;

const KIND: &str = "match user";

/// Asks for the first account in every way, and for somebody who is not there.
pub(crate) async fn run(session: &Session<'_>, company: &Company, accounts: &[Account<'_>]) {
    session.tell("matching", 0, 1);
    // None: we were told to stop.
    let _stopped = strangers(session, company).await;
    if let Some(account) = accounts.first() {
        let _stopped = known(session, company, account).await;
    }
}

async fn strangers(session: &Session<'_>, company: &Company) -> Option<()> {
    let stranger = encode(&company.stranger);
    for path in [format!("/Users/{stranger}"), format!("/Groups/{stranger}?excludedAttributes=members")] {
        let step = session.step("read a stranger", Ask::get(path)).await?;
        step.needs(&UNKNOWN, |answer| status(answer, &[404]));
    }
    Some(())
}

static UNKNOWN: Need = Need { id: "unknown-id", wanted: "404 for an id that nobody has", otherwise: Otherwise::Fails };

async fn known(session: &Session<'_>, company: &Company, account: &Account<'_>) -> Option<()> {
    let person = account.person;
    let name = &person.user_name;

    let step = session.step(KIND, session.probe("/Users", "userName", &name.to_uppercase())).await?;
    step.needs(&OTHER_CASE, |answer| {
        only(answer, &account.id)?;
        let found = list(&answer.json, &["Resources"]).first();
        found.map_or(Ok(()), |user| value(user, &["userName"], &json!(name)))
    });
    let step = session.step(KIND, session.probe("/Users", "externalId", &person.external_id)).await?;
    step.needs(&BY_EXTERNAL_ID, |answer| only(answer, &account.id));
    let step = session.step(KIND, session.probe("/Users", "emails[type eq \"work\"].value", name)).await?;
    step.needs(&BY_WORK_EMAIL, |answer| only(answer, &account.id));
    for (external_id, need) in [(&person.external_id, &BY_BOTH), (&company.stranger, &BY_BOTH_NOBODY)] {
        let filter = format!("userName eq {} and externalId eq {}", json!(name), json!(external_id));
        let step = session.step(KIND, probe_with("/Users", &filter)).await?;
        step.needs(
            need,
            |answer| {
                if external_id == &company.stranger { nobody(answer) } else { only(answer, &account.id) }
            },
        );
    }

    let mut again = profile(person);
    again["userName"] = json!(name.to_uppercase());
    let step = post(session, "create user", Ask::post("/Users", &again)).await?;
    step.needs(&DUPLICATE, |answer| error(answer, &[409]));
    Some(())
}

static OTHER_CASE: Need = Need {
    id: "match-other-case",
    wanted: "the user whose userName is asked for in another letter case, and its userName as it was sent",
    otherwise: Otherwise::NotFound,
};
static BY_EXTERNAL_ID: Need = Need {
    id: "match-external-id",
    wanted: "the user with this externalId (asked when the administrator matches by it)",
    otherwise: Otherwise::NotFound,
};
static BY_WORK_EMAIL: Need = Need {
    id: "match-work-email",
    wanted: "the user for emails[type eq \"work\"].value eq \"…\" (asked when the administrator matches by it)",
    otherwise: Otherwise::NotFound,
};
static BY_BOTH: Need = Need {
    id: "match-two-attributes",
    wanted: "the user to whom both attributes belong that are joined by and",
    otherwise: Otherwise::NotFound,
};
static BY_BOTH_NOBODY: Need = Need {
    id: "match-two-attributes-nobody",
    wanted: "nobody, when one of the two attributes that are joined by and is another's",
    otherwise: Otherwise::WrongOne,
};
static DUPLICATE: Need = Need {
    id: "create-duplicate",
    wanted: "409 with a SCIM Error for a userName that somebody has, in another letter case too",
    otherwise: Otherwise::Drifts,
};
