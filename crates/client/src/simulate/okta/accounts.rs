//! Accounts: matched, created, read; later changed, deactivated, found again and activated.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde_json::{Value, json};

use super::{Account, USER, probe};
use crate::answer::Answer;
use crate::ask::Ask;
use crate::document::{at, list, text};
use crate::simulate::expect::{error, nobody, of_type, only, status, value};
use crate::simulate::finding::{Need, Otherwise};
use crate::simulate::people::{Company, Person};
use crate::simulate::session::Session;

/// Looks for each person, creates those who are not there, and reads them back.
pub(crate) async fn create<'c>(session: &Session<'_>, company: &'c Company) -> Vec<Account<'c>> {
    let accounts = Mutex::new(BTreeMap::new());
    let people = company.people.iter().enumerate();
    session
        .each("accounts", people, async |(number, person)| {
            if let Some(account) = create_one(session, number, person).await {
                accounts.lock().expect("nobody panics").insert(number, account);
            }
        })
        .await;
    accounts.into_inner().expect("nobody panics").into_values().collect()
}

async fn create_one<'c>(session: &Session<'_>, number: usize, person: &'c Person) -> Option<Account<'c>> {
    let found = session.step("match user", probe("/Users", "userName", &person.user_name)).await?;
    if !found.needs(&NOBODY_YET, nobody) {
        return None;
    }
    let body = profile(person);
    let created = session.step("create user", Ask::post("/Users", &body)).await?;
    session.made.record("/Users", &created.exchange, &format!("userName eq \"{}\"", person.user_name));
    let is_whole = created.needs(&CREATED, |answer| {
        status(answer, &[201])?;
        if text(&answer.json, &["id"]).is_empty() { Err("201 without an id in the body".to_owned()) } else { Ok(()) }
    });
    if !is_whole {
        return None;
    }
    created.needs(&NO_PASSWORD, no_password);
    let account = Account { number, person, id: text(created.json(), &["id"]).to_owned() };
    let read = session.step("read user", Ask::get(account.path())).await?;
    read.needs(&READ_BACK, |answer| {
        status(answer, &[200])?;
        for way in [&["userName"][..], &["name", "givenName"], &["name", "familyName"], &["active"]] {
            value(&answer.json, way, at(&body, way))?;
        }
        let address = of_type(&answer.json, "emails", "work");
        value(address, &["value"], &json!(person.user_name)).map_err(|saw| format!("emails of type work: {saw}"))
    });
    read.needs(&NO_PASSWORD, no_password);
    Some(account)
}

static NOBODY_YET: Need = Need {
    id: "match-nobody",
    wanted: "200 with totalResults 0 and no Resources for a userName that nobody has",
    otherwise: Otherwise::WrongOne,
};
static CREATED: Need =
    Need { id: "create-user", wanted: "201 with the whole user, its id above all", otherwise: Otherwise::Fails };
static NO_PASSWORD: Need = Need {
    id: "password-returned",
    wanted: "no answer has a password in it (RFC 7643 §4.1.1)",
    otherwise: Otherwise::Noted,
};
static READ_BACK: Need =
    Need { id: "read-user", wanted: "200 with the values as they were sent", otherwise: Otherwise::Drifts };

fn no_password(answer: &Answer) -> Result<(), String> {
    if at(&answer.json, &["password"]).is_null() { Ok(()) } else { Err("the answer has a password".to_owned()) }
}

/// A user as Okta sends it on creation.
pub(crate) fn profile(person: &Person) -> Value {
    json!({
        "schemas": [USER],
        "userName": person.user_name,
        "name": {"givenName": person.given_name, "familyName": person.family_name},
        "emails": [{"primary": true, "value": person.user_name, "type": "work"}],
        "displayName": person.display_name(),
        "locale": "en-US",
        "externalId": person.external_id,
        "groups": [],
        "password": person.password,
        "active": true,
    })
}

/// Profile, password, deactivation, and the way back, for those who change.
pub(crate) async fn change(session: &Session<'_>, churned: &[&Account<'_>], wizard: bool) {
    session
        .each("churn", churned.iter(), async |account| {
            // None: we were told to stop.
            let _stopped = change_one(session, account, wizard).await;
        })
        .await;
}

async fn change_one(session: &Session<'_>, account: &Account<'_>, wizard: bool) -> Option<()> {
    update(session, account).await?;
    if !wizard {
        let body = json!([{"op": "replace", "value": {"password": format!("{}x", account.person.password)}}]);
        let step = session.step("change password", Ask::patch(account.path(), &body)).await?;
        step.needs(&PASSWORD, |answer| status(answer, &[200, 204]));
        step.needs(&NO_PASSWORD, no_password);
    }
    set_active(session, account, false, wizard).await?;
    let found = session.step("match user", probe("/Users", "userName", &account.person.user_name)).await?;
    found.needs(&STAYS, |answer| {
        only(answer, &account.id)?;
        let user = list(&answer.json, &["Resources"]).first().unwrap_or(&Value::Null);
        value(user, &["active"], &json!(false))
    });
    set_active(session, account, true, wizard).await
}

/// PUT of the whole user as it was read, changed.
async fn update(session: &Session<'_>, account: &Account<'_>) -> Option<()> {
    let mut user = read(session, account).await?;
    user["name"]["middleName"] = json!("Excited");
    user["locale"] = json!("de-DE");
    user["emails"] = json!([{
        "primary": true, "value": account.person.user_name, "type": "work", "display": account.person.user_name,
    }]);
    // Okta has no say in groups, and sends none.
    user["groups"] = json!([]);
    let put = session.step("update user", Ask::put(account.path(), &user)).await?;
    put.needs(&UPDATED, |answer| status(answer, &[200]));
    put.needs(&NO_PASSWORD, no_password);
    let read = session.step("read user", Ask::get(account.path())).await?;
    read.needs(&UPDATE_KEPT, |answer| {
        status(answer, &[200])?;
        value(&answer.json, &["name", "middleName"], &json!("Excited"))?;
        value(&answer.json, &["locale"], &json!("de-DE"))?;
        value(&answer.json, &["name", "givenName"], &json!(account.person.given_name))
    });
    Some(())
}

static UPDATED: Need = Need { id: "update-user", wanted: "200 with the user", otherwise: Otherwise::Fails };
static UPDATE_KEPT: Need = Need {
    id: "update-user-kept",
    wanted: "the values of the PUT, name.middleName and locale among them",
    otherwise: Otherwise::Drifts,
};
static PASSWORD: Need = Need {
    id: "change-password",
    wanted: "200 or 204 for a password, without a password policy",
    otherwise: Otherwise::Noted,
};

/// Switches an account off or on: PATCH without a path, or PUT for an application of the wizard.
async fn set_active(session: &Session<'_>, account: &Account<'_>, active: bool, wizard: bool) -> Option<()> {
    let kind = if active { "reactivate user" } else { "deactivate user" };
    let ask = if wizard {
        let mut user = read(session, account).await?;
        user["active"] = json!(active);
        user["groups"] = json!([]);
        Ask::put(account.path(), &user)
    } else {
        Ask::patch(account.path(), &json!([{"op": "replace", "value": {"active": active}}]))
    };
    let step = session.step(kind, ask).await?;
    step.needs(if active { &REACTIVATED } else { &DEACTIVATED }, |answer| status(answer, &[200, 204]));
    let read = session.step("read user", Ask::get(account.path())).await?;
    read.needs(if active { &IS_ACTIVE } else { &IS_INACTIVE }, |answer| {
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
    wanted: "200, active false, and the rest as it was: Okta never deletes users",
    otherwise: Otherwise::Drifts,
};
static IS_ACTIVE: Need = Need {
    id: "reactivate-user-kept",
    wanted: "200, active true, and the rest as it was",
    otherwise: Otherwise::Drifts,
};
static STAYS: Need = Need {
    id: "deactivated-user-found",
    wanted: "the deactivated user in the answer to its match probe, with active false",
    otherwise: Otherwise::NotFound,
};

/// The user as it is, to be sent back changed; an empty object when it cannot be read.
async fn read(session: &Session<'_>, account: &Account<'_>) -> Option<Value> {
    let step = session.step("read user", Ask::get(account.path())).await?;
    step.needs(&READ_BACK, |answer| status(answer, &[200]));
    Some(if step.json().is_object() { step.json().clone() } else { json!({}) })
}

/// A new userName for one, then one that somebody else has.
pub(crate) async fn rename(session: &Session<'_>, accounts: &[Account<'_>]) {
    if let [account, other, ..] = accounts {
        session.tell("rename", 0, 1);
        let _stopped = rename_one(session, account, other).await;
    }
}

async fn rename_one(session: &Session<'_>, account: &Account<'_>, other: &Account<'_>) -> Option<()> {
    let mut user = read(session, account).await?;
    let name = format!("renamed.{}", account.person.user_name);
    user["userName"] = json!(name);
    let put = session.step("rename user", Ask::put(account.path(), &user)).await?;
    put.needs(&RENAMED, |answer| status(answer, &[200]));
    let found = session.step("match user", probe("/Users", "userName", &name)).await?;
    found.needs(&RENAMED_FOUND, |answer| only(answer, &account.id));
    user["userName"] = json!(other.person.user_name);
    let put = session.step("rename user", Ask::put(account.path(), &user)).await?;
    put.needs(&RENAME_CONFLICT, |answer| error(answer, &[409]));
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
