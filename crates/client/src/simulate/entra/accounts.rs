//! Accounts: a profile, and later attributes changed, added and cleared, managers, deactivation, deletion and return.

use serde_json::{Value, json};

use super::manager::assign_manager;
use super::spelling::{Op, Spelling};
use super::update::update;
use crate::ask::Ask;
use crate::simulate::accounts::{Account, ENTERPRISE, USER, create_one, is_found_inactive, set_active};
use crate::simulate::expect::{nobody, status};
use crate::simulate::finding::{Need, Otherwise};
use crate::simulate::people::Person;
use crate::simulate::session::Session;

/// A user as Entra sends it on creation: what has no value is null, or an empty list.
pub(crate) fn profile(person: &Person) -> Value {
    json!({
        "schemas": [USER, ENTERPRISE],
        "externalId": person.external_id,
        "userName": person.user_name,
        "active": true,
        "displayName": person.display_name(),
        "title": person.title,
        "preferredLanguage": null,
        "addresses": null,
        "phoneNumbers": [{"type": "work", "value": person.phone}],
        "emails": [{"primary": true, "type": "work", "value": person.user_name}],
        "meta": {"resourceType": "User"},
        "name": {
            "formatted": person.display_name(), "familyName": person.family_name, "givenName": person.given_name,
        },
        "roles": [],
        ENTERPRISE: {"department": person.department},
    })
}

/// Attributes, manager, soft deletion and restoration, for those who change.
pub(crate) async fn change(session: &Session<'_>, churned: &[&Account<'_>], all: &[Account<'_>], spelling: Spelling) {
    session
        .each("churn", churned.iter(), async |account| {
            // None: we were told to stop.
            let _stopped = change_one(session, account, all, spelling).await;
        })
        .await;
}

async fn change_one(
    session: &Session<'_>,
    account: &Account<'_>,
    all: &[Account<'_>],
    spelling: Spelling,
) -> Option<()> {
    update(session, account, spelling).await?;
    assign_manager(session, account, all, spelling).await?;
    for active in [false, true] {
        set_active(session, account, active, activation(account, active, spelling)).await?;
        if !active {
            is_found_inactive(session, account).await?;
        }
    }
    Some(())
}

/// What switches an account off or on.
fn activation(account: &Account<'_>, active: bool, spelling: Spelling) -> Ask {
    Ask::patch(account.path(), &json!([spelling.operation(Op::Replace, "active", &spelling.boolean(active))]))
}

/// What gives an account another userName.
pub(crate) fn renaming(account: &Account<'_>, name: &str, spelling: Spelling) -> Ask {
    Ask::patch(account.path(), &json!([spelling.operation(Op::Replace, "userName", &json!(name))]))
}

/// Deletes those who change, as Entra does 30 days after it has switched them off, and creates them again,
/// who have come back. Gives who is back, in the order of those who left.
pub(crate) async fn delete_and_return<'c>(
    session: &Session<'_>,
    churned: &[&Account<'c>],
    spelling: Spelling,
) -> Vec<Account<'c>> {
    let one = async |account: &&Account<'c>| delete_and_return_one(session, account, spelling).await;
    session.gather("delete and return", churned.iter(), one).await
}

async fn delete_and_return_one<'c>(
    session: &Session<'_>,
    account: &Account<'c>,
    spelling: Spelling,
) -> Option<Account<'c>> {
    set_active(session, account, false, activation(account, false, spelling)).await?;
    let step = session.step("delete user", Ask::delete(account.path())).await?;
    if !step.needs(&DELETED, |answer| status(answer, &[204])) {
        return None;
    }
    session.made.forget("/Users", &account.id);
    let read = session.step("read a stranger", Ask::get(account.path())).await?;
    read.needs(&IS_GONE, |answer| status(answer, &[404]));
    let found = session.step("match user", session.probe("/Users", "externalId", &account.person.external_id)).await?;
    found.needs(&NOT_FOUND_ANY_MORE, nobody);
    let again = session.step("delete user", Ask::delete(account.path())).await?;
    again.needs(&DELETED_TWICE, |answer| status(answer, &[204, 404]));
    create_one(session, account.number, account.person).await
}

static DELETED: Need = Need { id: "delete-user", wanted: "204", otherwise: Otherwise::Fails };
static IS_GONE: Need =
    Need { id: "deleted-user-gone", wanted: "404 for the id of a deleted user", otherwise: Otherwise::Fails };
static NOT_FOUND_ANY_MORE: Need = Need {
    id: "deleted-user-not-found",
    wanted: "nobody, when a deleted user is looked for",
    otherwise: Otherwise::WrongOne,
};
static DELETED_TWICE: Need =
    Need { id: "delete-user-twice", wanted: "404, or 204, for a user who is gone", otherwise: Otherwise::Noted };
