//! Accounts, as every product has them: matched, created, switched off and on, renamed.

use serde_json::{Value, json};

use super::expect::{created, error, nobody, of_type, only, status, value};
use super::finding::{Need, Otherwise};
use super::people::{Company, Person};
use super::session::{Session, Step};
use crate::answer::Answer;
use crate::ask::{Ask, encode};
use crate::document::{at, is_assigned, list, text};

/// An account that the product made.
#[derive(Debug)]
pub(crate) struct Account<'c> {
    /// Which of the people.
    pub(crate) number: usize,
    pub(crate) person: &'c Person,
    pub(crate) id: String,
}

impl Account<'_> {
    pub(crate) fn path(&self) -> String {
        format!("/Users/{}", encode(&self.id))
    }
}

/// Looks for each person, creates those who are not there, and reads them back.
pub(crate) async fn create<'c>(session: &Session<'_>, company: &'c Company) -> Vec<Account<'c>> {
    let people = company.people.iter().enumerate();
    session.gather("accounts", people, async |(number, person)| create_one(session, number, person).await).await
}

/// The same for one.
pub(crate) async fn create_one<'c>(session: &Session<'_>, number: usize, person: &'c Person) -> Option<Account<'c>> {
    let found = session.step("match user", session.probe("/Users", "userName", &person.user_name)).await?;
    if !found.needs(&NOBODY_YET, nobody) {
        return None;
    }
    let body = session.product.profile(person);
    let posted = post(session, "create user", Ask::post("/Users", &body)).await?;
    if !posted.needs(&CREATED, created) {
        return None;
    }
    posted.needs(&NO_PASSWORD, no_password);
    let account = Account { number, person, id: text(posted.json(), &["id"]).to_owned() };
    let read = session.step("read user", Ask::get(account.path())).await?;
    read.needs(&READ_BACK, |answer| {
        status(answer, &[200])?;
        for way in VALUES_READ_BACK {
            let sent = at(&body, way);
            if is_assigned(sent) {
                value(&answer.json, way, sent)?;
            }
        }
        let address = of_type(&answer.json, "emails", "work");
        value(address, &["value"], &json!(person.user_name)).map_err(|saw| format!("emails of type work: {saw}"))
    });
    read.needs(&NO_PASSWORD, no_password);
    Some(account)
}

/// What is compared after a creation, when it was sent.
const VALUES_READ_BACK: [&[&str]; 8] = [
    &["userName"],
    &["externalId"],
    &["displayName"],
    &["name", "givenName"],
    &["name", "familyName"],
    &["title"],
    &["active"],
    &[ENTERPRISE, "department"],
];

pub(crate) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub(crate) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// A POST of a user, remembered for the end.
pub(crate) async fn post<'s>(session: &'s Session<'_>, kind: &'static str, ask: Ask) -> Option<Step<'s>> {
    let body: Value = ask.body.as_deref().and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default();
    session.creation(kind, "/Users", ask, &format!("userName eq {}", at(&body, &["userName"]))).await
}

static NOBODY_YET: Need = Need {
    id: "match-nobody",
    wanted: "200 with totalResults 0 and no Resources for a userName that nobody has",
    otherwise: Otherwise::WrongOne,
};
static CREATED: Need =
    Need { id: "create-user", wanted: "201 with the whole user, its id above all", otherwise: Otherwise::Fails };
pub(crate) static NO_PASSWORD: Need = Need {
    id: "password-returned",
    wanted: "no answer has a password in it (RFC 7643 §4.1.1)",
    otherwise: Otherwise::Noted,
};
static READ_BACK: Need =
    Need { id: "read-user", wanted: "200 with the values as they were sent", otherwise: Otherwise::Drifts };

pub(crate) fn no_password(answer: &Answer) -> Result<(), String> {
    if at(&answer.json, &["password"]).is_null() { Ok(()) } else { Err("the answer has a password".to_owned()) }
}

/// The user as it is, to be sent back changed; an empty object when it cannot be read.
pub(crate) async fn read(session: &Session<'_>, account: &Account<'_>) -> Option<Value> {
    let step = session.step("read user", Ask::get(account.path())).await?;
    step.needs(&READ_BACK, |answer| status(answer, &[200]));
    Some(if step.json().is_object() { step.json().clone() } else { json!({}) })
}

/// Switches an account off or on by this request, and reads what came of it unless it was refused.
pub(crate) async fn set_active(session: &Session<'_>, account: &Account<'_>, active: bool, ask: Ask) -> Option<()> {
    let (kind, done, kept) = if active {
        ("reactivate user", &REACTIVATED, &IS_ACTIVE)
    } else {
        ("deactivate user", &DEACTIVATED, &IS_INACTIVE)
    };
    let step = session.step(kind, ask).await?;
    if !step.needs(done, |answer| status(answer, &[200, 204])) {
        return Some(());
    }
    let read = session.step("read user", Ask::get(account.path())).await?;
    read.needs(kept, |answer| {
        status(answer, &[200])?;
        value(&answer.json, &["active"], &json!(active))?;
        value(&answer.json, &["name", "familyName"], &json!(account.person.family_name))
    });
    Some(())
}

static DEACTIVATED: Need =
    Need { id: "deactivate-user", wanted: "200 with the user, or 204", otherwise: Otherwise::Fails };
static REACTIVATED: Need =
    Need { id: "reactivate-user", wanted: "200 with the user, or 204", otherwise: Otherwise::Fails };
static IS_INACTIVE: Need = Need {
    id: "deactivate-user-kept",
    wanted: "200, active false, and the rest as it was: a deactivated user is not gone",
    otherwise: Otherwise::Drifts,
};
static IS_ACTIVE: Need = Need {
    id: "reactivate-user-kept",
    wanted: "200, active true, and the rest as it was",
    otherwise: Otherwise::Drifts,
};

/// A deactivated account is found by its match probe.
pub(crate) async fn is_found_inactive(session: &Session<'_>, account: &Account<'_>) -> Option<()> {
    let probe = session.probe("/Users", "userName", &account.person.user_name);
    session.step("match user", probe).await?.needs(&STAYS, |answer| {
        only(answer, &account.id)?;
        let user = list(&answer.json, &["Resources"]).first().unwrap_or(&Value::Null);
        value(user, &["active"], &json!(false))
    });
    Some(())
}

static STAYS: Need = Need {
    id: "deactivated-user-found",
    wanted: "the deactivated user in the answer to its match probe, with active false",
    otherwise: Otherwise::NotFound,
};

/// A new userName for one, then one that somebody else has. `ask` is the request that sets a userName.
pub(crate) async fn rename<'c, F: Future<Output = Option<Ask>>>(
    session: &Session<'_>,
    accounts: &'c [Account<'c>],
    ask: impl Fn(&'c Account<'c>, String) -> F,
) {
    if let [account, other, ..] = accounts {
        session.tell("rename", 0, 1);
        // None: we were told to stop.
        let _stopped = rename_one(session, account, other, ask).await;
    }
}

async fn rename_one<'c, F: Future<Output = Option<Ask>>>(
    session: &Session<'_>,
    account: &'c Account<'c>,
    other: &Account<'_>,
    ask: impl Fn(&'c Account<'c>, String) -> F,
) -> Option<()> {
    let name = format!("renamed.{}", account.person.user_name);
    let step = session.step("rename user", ask(account, name.clone()).await?).await?;
    if step.needs(&RENAMED, |answer| status(answer, &[200, 204])) {
        let found = session.step("match user", session.probe("/Users", "userName", &name)).await?;
        found.needs(&RENAMED_FOUND, |answer| only(answer, &account.id));
    }
    let step = session.step("rename user", ask(account, other.person.user_name.clone()).await?).await?;
    step.needs(&RENAME_CONFLICT, |answer| error(answer, &[409]));
    Some(())
}

static RENAMED: Need = Need { id: "rename-user", wanted: "200 with the user", otherwise: Otherwise::Fails };
static RENAMED_FOUND: Need =
    Need { id: "rename-user-found", wanted: "the same user under its new userName", otherwise: Otherwise::NotFound };
static RENAME_CONFLICT: Need = Need {
    id: "rename-user-conflict",
    wanted: "409 with a SCIM Error for a userName that somebody else has",
    otherwise: Otherwise::Drifts,
};
