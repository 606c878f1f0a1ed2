//! Accounts: a profile, and later a change, a deactivation, and the way back.

use serde_json::{Value, json};

use crate::ask::Ask;
use crate::simulate::accounts::{Account, NO_PASSWORD, USER, is_found_inactive, no_password, read, set_active};
use crate::simulate::expect::{status, value};
use crate::simulate::finding::{Need, Otherwise};
use crate::simulate::people::Person;
use crate::simulate::session::Session;

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
    for active in [false, true] {
        let ask = activation(session, account, active, wizard).await?;
        set_active(session, account, active, ask).await?;
        if !active {
            is_found_inactive(session, account).await?;
        }
    }
    Some(())
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
    put.needs(&NO_PASSWORD, no_password);
    if !put.needs(&UPDATED, |answer| status(answer, &[200])) {
        return Some(());
    }
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

/// What switches an account off or on: PATCH without a path, or PUT for an application of the wizard.
async fn activation(session: &Session<'_>, account: &Account<'_>, active: bool, wizard: bool) -> Option<Ask> {
    if !wizard {
        return Some(Ask::patch(account.path(), &json!([{"op": "replace", "value": {"active": active}}])));
    }
    let mut user = read(session, account).await?;
    user["active"] = json!(active);
    user["groups"] = json!([]);
    Some(Ask::put(account.path(), &user))
}

/// PUT of the whole user with another userName.
pub(crate) async fn renaming(session: &Session<'_>, account: &Account<'_>, name: String) -> Option<Ask> {
    let mut user = read(session, account).await?;
    user["userName"] = json!(name);
    Some(Ask::put(account.path(), &user))
}
