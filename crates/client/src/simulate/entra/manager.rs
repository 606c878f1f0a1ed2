//! Managers: assigned by their bare id, changed, probed for, removed.

use serde_json::{Value, json};

use super::spelling::{Op, Spelling};
use super::update::Update;
use crate::ask::Ask;
use crate::simulate::accounts::{Account, ENTERPRISE};
use crate::simulate::expect::only_or_refused;
use crate::simulate::finding::{Need, Otherwise};
use crate::simulate::session::Session;

/// A manager by their bare id, another one, and none; told apart by the probe of the reference.
pub(super) async fn assign_manager(
    session: &Session<'_>,
    account: &Account<'_>,
    all: &[Account<'_>],
    spelling: Spelling,
) -> Option<()> {
    let path = format!("{ENTERPRISE}:manager");
    let value = format!("{path}.value");
    let others: Vec<&Account<'_>> = all.iter().filter(|other| other.id != account.id).collect();
    let next = account.number % others.len().max(1);
    let managers = others.iter().cycle().skip(next).take(others.len().min(2));
    for (manager, op) in managers.zip([Op::Add, Op::Replace]) {
        let operations = json!([spelling.operation(op, &path, &json!(manager.id))]);
        let afterwards = vec![(value.as_str(), json!(manager.id))];
        let update = Update { kind: "assign manager", done: &MANAGER, kept: &MANAGER_KEPT, operations, afterwards };
        if !update.send(session, account).await? {
            return Some(());
        }
        let filter = format!("id eq {} and {path} eq {}", json!(account.id), json!(manager.id));
        let probe = Ask::get("/Users").query("filter", filter).query("attributes", "id");
        let step = session.step("probe manager", probe).await?;
        step.needs(&MANAGER_PROBED, |answer| only_or_refused(answer, &account.id));
    }
    let operations = match spelling {
        Spelling::Old => spelling.removals(&[&path]),
        Spelling::Rfc => json!([spelling.operation(Op::Replace, &path, &json!(""))]),
    };
    let afterwards = vec![(value.as_str(), Value::Null)];
    let update = Update { kind: "remove manager", done: &NO_MANAGER, kept: &NO_MANAGER_KEPT, operations, afterwards };
    update.send(session, account).await.map(drop)
}

static MANAGER: Need = Need {
    id: "assign-manager",
    wanted: "200 or 204 for a manager's bare id as the value of the extension's manager",
    otherwise: Otherwise::Fails,
};
static MANAGER_KEPT: Need =
    Need { id: "assign-manager-kept", wanted: "manager.value with the manager's id", otherwise: Otherwise::Drifts };
static MANAGER_PROBED: Need = Need {
    id: "probe-manager",
    wanted: "the user who has this manager, or 400: never an empty list (manager without .value)",
    otherwise: Otherwise::Noted,
};
static NO_MANAGER: Need = Need {
    id: "remove-manager",
    wanted: "200 or 204 for a remove of manager, or a replacement by \"\"",
    otherwise: Otherwise::Fails,
};
static NO_MANAGER_KEPT: Need =
    Need { id: "remove-manager-kept", wanted: "no manager afterwards", otherwise: Otherwise::Drifts };
