//! The checks of Okta's published SPEC test: what an integrator is asked to pass before a submission.

use std::time::Duration;

use serde_json::json;

use super::{probe, profile};
use crate::ask::{Ask, Credential};
use crate::document::list;
use crate::simulate::accounts::{Account, post};
use crate::simulate::expect::{error, nobody, only, page, status, value};
use crate::simulate::finding::{Need, Otherwise};
use crate::simulate::people::Company;
use crate::simulate::session::Session;

const KIND: &str = "SPEC test";
/// The SPEC test asserts it of the list of groups.
const LIST_TIME_MAX: Duration = Duration::from_millis(600);

/// Runs it; with an account, also what is asked of one that is there.
pub(crate) async fn run(session: &Session<'_>, company: &Company, accounts: &[Account<'_>]) {
    session.tell(KIND, 0, 1);
    // None: we were told to stop.
    let _stopped = strangers(session, company).await;
    if let Some(account) = accounts.first() {
        let _stopped = known(session, account).await;
    }
}

/// What does not exist, and who may not ask.
async fn strangers(session: &Session<'_>, company: &Company) -> Option<()> {
    let nobody_has = format!("nobody.{}@simulated.example", company.mark);
    let step = session.step(KIND, Ask::get(format!("/Users/{}", company.mark))).await?;
    step.needs(&UNKNOWN_USER, |answer| error(answer, &[404]));
    let step = session.step(KIND, probe("/Users", "userName", &nobody_has)).await?;
    step.needs(&RANDOM_NAME, nobody);
    let step = session.step(KIND, Ask::get("/Users").credential(Credential::Wrong("non-token"))).await?;
    step.needs(&BARE_WORD, |answer| error(answer, &[401]));
    let step = session.step(KIND, Ask::get(format!("/{}", company.mark))).await?;
    step.needs(&MADE_UP_PATH, |answer| status(answer, &[404]));
    let step = session.step(KIND, Ask::get("/Groups")).await?;
    step.needs(&GROUPS, |answer| page(answer).map(drop));
    step.needs(&GROUPS_IN_TIME, |answer| {
        if answer.elapsed <= LIST_TIME_MAX { Ok(()) } else { Err(format!("{} ms", answer.elapsed.as_millis())) }
    });
    Some(())
}

static UNKNOWN_USER: Need = Need {
    id: "spec-unknown-user",
    wanted: "404 with a SCIM Error and a detail for an id that nobody has",
    otherwise: Otherwise::Fails,
};
static RANDOM_NAME: Need = Need {
    id: "spec-random-name",
    wanted: "an empty ListResponse for a userName that nobody has",
    otherwise: Otherwise::WrongOne,
};
static BARE_WORD: Need = Need {
    id: "spec-unauthorized",
    wanted: "401 with a SCIM Error of status \"401\" when Authorization is the bare word non-token",
    otherwise: Otherwise::Noted,
};
static MADE_UP_PATH: Need =
    Need { id: "spec-made-up-path", wanted: "404 for a path that there is not", otherwise: Otherwise::Noted };
static GROUPS: Need =
    Need { id: "spec-groups", wanted: "200 with a ListResponse of groups", otherwise: Otherwise::Fails };
static GROUPS_IN_TIME: Need =
    Need { id: "spec-groups-in-time", wanted: "the list of groups within 600 ms", otherwise: Otherwise::Noted };

/// What is asked of a user who is there.
async fn known(session: &Session<'_>, account: &Account<'_>) -> Option<()> {
    let other_case = account.person.user_name.to_uppercase();
    let step = session.step(KIND, probe("/Users", "userName", &other_case)).await?;
    step.needs(&OTHER_CASE, |answer| {
        only(answer, &account.id)?;
        let found = list(&answer.json, &["Resources"]).first();
        found.map_or(Ok(()), |user| value(user, &["userName"], &json!(account.person.user_name)))
    });
    let body = profile(account.person);
    let again = Ask::post("/Users", &body).with_body("application/json", body.to_string());
    let step = post(session, KIND, again).await?;
    step.needs(&DUPLICATE, |answer| error(answer, &[409]));

    let mut body = body;
    body["userName"] = json!(format!("json.{}", account.person.user_name));
    let as_json = Ask::post("/Users", &body).with_body("application/json", body.to_string());
    let step = post(session, KIND, as_json).await?;
    step.needs(&PLAIN_JSON, |answer| status(answer, &[201]));
    Some(())
}

static OTHER_CASE: Need = Need {
    id: "spec-other-case",
    wanted: "the user whose userName is asked for in another letter case, and its userName as it was sent",
    otherwise: Otherwise::NotFound,
};
static DUPLICATE: Need = Need {
    id: "spec-duplicate",
    wanted: "409 with a SCIM Error for a userName that somebody has",
    otherwise: Otherwise::Drifts,
};
static PLAIN_JSON: Need =
    Need { id: "spec-plain-json", wanted: "201 also when the body is application/json", otherwise: Otherwise::Fails };
