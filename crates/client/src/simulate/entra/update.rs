//! Attributes changed, added and cleared, each PATCH followed by a look at what it set.

use serde_json::{Value, json};

use super::attributes::are_there;
use super::spelling::{Op, Spelling};
use crate::ask::Ask;
use crate::simulate::accounts::{Account, ENTERPRISE};
use crate::simulate::expect::status;
use crate::simulate::finding::{Need, Otherwise};
use crate::simulate::session::Session;

/// A PATCH, and whether what it set is there afterwards.
pub(super) struct Update<'u> {
    pub(super) kind: &'static str,
    pub(super) done: &'static Need,
    pub(super) kept: &'static Need,
    pub(super) operations: Value,
    /// By path, what is there afterwards; null for what is not.
    pub(super) afterwards: Vec<(&'u str, Value)>,
}

impl Update<'_> {
    /// Gives whether it was done; what was refused is not looked for afterwards.
    pub(super) async fn send(self, session: &Session<'_>, account: &Account<'_>) -> Option<bool> {
        let step = session.step(self.kind, Ask::patch(account.path(), &self.operations)).await?;
        if !step.needs(self.done, |answer| status(answer, &[200, 204])) {
            return Some(false);
        }
        let read = session.step("read user", Ask::get(account.path())).await?;
        read.needs(self.kept, |answer| {
            status(answer, &[200])?;
            are_there(&answer.json, &self.afterwards)
        });
        Some(true)
    }
}

/// Single values and elements, as they change in a person's life.
pub(super) async fn update(session: &Session<'_>, account: &Account<'_>, spelling: Spelling) -> Option<()> {
    let person = account.person;
    let cost_center = format!("{ENTERPRISE}:costCenter");
    let department = format!("{ENTERPRISE}:department");
    let work_phone = ("phoneNumbers[type eq \"work\"].value", json!(person.phone));

    let changed = vec![
        ("emails[type eq \"work\"].value", json!(format!("new.{}", person.user_name))),
        ("displayName", json!(format!("{} (new)", person.display_name()))),
        ("name.givenName", json!("Renée")),
        (department.as_str(), json!("Moved & merged")),
    ];
    let operations = spelling.several(Op::Replace, &changed);
    let afterwards = changed.into_iter().chain([("name.familyName", json!(person.family_name))]).collect();
    let update = Update { kind: "update user", done: &UPDATED, kept: &UPDATE_KEPT, operations, afterwards };
    update.send(session, account).await?;

    // Without a path in both dialects.
    let added = vec![("title", json!("Lead")), (cost_center.as_str(), json!("CC-1"))];
    let operations = json!([spelling.without_path(Op::Add, &added)]);
    let kind = "add without a path";
    let update = Update { kind, done: &PATHLESS, kept: &PATHLESS_KEPT, operations, afterwards: added };
    update.send(session, account).await?;

    let emptied = spelling.several(Op::Replace, &[("title", json!("")), ("displayName", json!(""))]);
    let operations = both(&emptied, &spelling.removals(&[&cost_center]));
    let nothing = ["title", "displayName", cost_center.as_str()].map(|path| (path, Value::Null));
    let afterwards = nothing.into_iter().chain([work_phone]).collect();
    let update = Update { kind: "clear attributes", done: &CLEARED, kept: &CLEARED_KEPT, operations, afterwards };
    update.send(session, account).await?;

    elements(session, account, spelling).await
}

/// Elements of multi-valued attributes, made by what is added to them, and taken away.
async fn elements(session: &Session<'_>, account: &Account<'_>, spelling: Spelling) -> Option<()> {
    let role = vec![
        ("roles[primary eq \"True\"].display", json!("Admin")),
        ("roles[primary eq \"True\"].value", json!("admin")),
        ("roles[primary eq \"True\"].type", json!("WindowsAzureActiveDirectoryRole")),
    ];
    let operations = spelling.each(Op::Add, &role);
    let update = Update { kind: "assign role", done: &ROLE, kept: &ROLE_KEPT, operations, afterwards: role };
    update.send(session, account).await?;

    // In the spelling of the default mapping, which is not the schema's.
    let added = vec![
        ("addresses[type eq \"other\"].Formatted", json!("18/2111")),
        ("addresses[type eq \"other\"].country", json!("US")),
        ("emails[type eq \"other\"].Value", json!(format!("proxy.{}", account.person.user_name))),
        ("phoneNumbers[type eq \"mobile\"].value", json!("+1 555 0100")),
    ];
    let operations = spelling.each(Op::Add, &added);
    let update = Update { kind: "add elements", done: &ADDED, kept: &ADDED_KEPT, operations, afterwards: added };
    if !update.send(session, account).await? {
        return Some(());
    }

    let gone = ["phoneNumbers[type eq \"mobile\"]", "addresses[type eq \"other\"].country"];
    let afterwards = vec![
        ("phoneNumbers[type eq \"mobile\"].value", Value::Null),
        ("addresses[type eq \"other\"].country", Value::Null),
        ("addresses[type eq \"other\"].formatted", json!("18/2111")),
        ("phoneNumbers[type eq \"work\"].value", json!(account.person.phone)),
    ];
    let operations = spelling.removals(&gone);
    let update = Update { kind: "remove elements", done: &REMOVED, kept: &REMOVED_KEPT, operations, afterwards };
    update.send(session, account).await.map(drop)
}

/// Both lists of operations in one request.
fn both(first: &Value, second: &Value) -> Value {
    [first, second].into_iter().filter_map(Value::as_array).flatten().cloned().collect()
}

static UPDATED: Need = Need {
    id: "update-user",
    wanted: "200 with the user, or 204, for a PATCH of several attributes",
    otherwise: Otherwise::Fails,
};
static UPDATE_KEPT: Need = Need {
    id: "update-user-kept",
    wanted: "the values of the PATCH, each in its place, and the rest as it was",
    otherwise: Otherwise::Drifts,
};
static ADDED: Need = Need {
    id: "add-elements",
    wanted: "200 or 204 for an add to attribute[type eq \"…\"].sub-attribute, also when there is no such element",
    otherwise: Otherwise::Fails,
};
static ADDED_KEPT: Need = Need {
    id: "add-elements-kept",
    wanted: "one element of the type, with all that was added to it",
    otherwise: Otherwise::Drifts,
};
static ROLE: Need = Need {
    id: "assign-role",
    wanted: "200 or 204 for an add to roles[primary eq \"True\"].value: True is a Boolean, also as text",
    otherwise: Otherwise::Fails,
};
static ROLE_KEPT: Need = Need {
    id: "assign-role-kept",
    wanted: "one primary role, with what was added to it",
    otherwise: Otherwise::Drifts,
};
static PATHLESS: Need =
    Need { id: "add-without-path", wanted: "200 or 204 for an add without a path", otherwise: Otherwise::Fails };
static PATHLESS_KEPT: Need = Need {
    id: "add-without-path-kept",
    wanted: "the values in their places: a key that begins with a schema's URN is a path",
    otherwise: Otherwise::Drifts,
};
static CLEARED: Need = Need {
    id: "clear-attributes",
    wanted: "200 or 204 for \"\" as a value, and for a remove",
    otherwise: Otherwise::Fails,
};
static CLEARED_KEPT: Need = Need {
    id: "clear-attributes-kept",
    wanted: "nothing, or \"\", where it was cleared, and the rest as it was",
    otherwise: Otherwise::Drifts,
};

static REMOVED: Need = Need {
    id: "remove-elements",
    wanted: "200 or 204 for a remove of attribute[type eq \"…\"] and of a sub-attribute of it",
    otherwise: Otherwise::Fails,
};
static REMOVED_KEPT: Need = Need {
    id: "remove-elements-kept",
    wanted: "neither any more, and the rest as it was",
    otherwise: Otherwise::Drifts,
};
