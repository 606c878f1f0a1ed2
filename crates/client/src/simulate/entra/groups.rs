//! Groups: created without members, read without them, then filled, renamed, and changed with their people.

use serde_json::{Value, json};

use super::probe_with;
use super::spelling::{Op, Spelling};
use crate::ask::Ask;
use crate::document::{at, is_assigned};
use crate::simulate::accounts::Account;
use crate::simulate::expect::{error, only, only_or_refused, status, value};
use crate::simulate::finding::{Need, Otherwise};
use crate::simulate::groups::{GROUP, Group, MEMBERS_ADDED, change, has_its_members, members_of};
use crate::simulate::people::Team;
use crate::simulate::session::Session;

/// The schema of which Entra's groups are too.
const ADSCIM_GROUP: &str = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group";

/// A group as Entra creates it.
pub(crate) fn empty_group(team: &Team) -> Value {
    json!({
        "schemas": [GROUP, ADSCIM_GROUP],
        "externalId": team.external_id,
        "displayName": team.name,
        "meta": {"resourceType": "Group"},
    })
}

/// Reads a new group as Entra does, and gives it its members.
pub(crate) async fn fill<'c>(session: &Session<'_>, group: Group<'c>, spelling: Spelling) -> Option<Group<'c>> {
    read(session, &group).await?;
    let add = spelling.add_members(group.members.keys().map(String::as_str));
    let is_filled = group.members.is_empty() || change(session, "add members", &MEMBERS_ADDED, &group, &add).await?;
    let group = if is_filled { group } else { group.emptied() };
    has_its_members(session, &group).await?;
    for name in [format!("{} (renamed)", group.team.name), group.team.name.clone()] {
        let rename = json!([spelling.operation(Op::Replace, "displayName", &json!(name))]);
        if !change(session, "rename group", &RENAMED, &group, &rename).await? {
            break;
        }
        let step = session.step("match group", session.probe("/Groups", "displayName", &name)).await?;
        step.needs(&RENAMED_FOUND, |answer| only(answer, &group.id));
    }
    has_its_members(session, &group).await?;
    Some(group)
}

static RENAMED: Need = Need { id: "rename-group", wanted: "204, or 200 with the group", otherwise: Otherwise::Fails };
static RENAMED_FOUND: Need = Need {
    id: "rename-group-found",
    wanted: "the same group under its new displayName",
    otherwise: Otherwise::NotFound,
};

/// `GET /Groups/{id}?excludedAttributes=members`, as always when Entra reads a group.
async fn read(session: &Session<'_>, group: &Group<'_>) -> Option<()> {
    let ask = Ask::get(group.path()).query("excludedAttributes", "members");
    let step = session.step("read group without members", ask).await?;
    step.needs(&READ, |answer| {
        status(answer, &[200])?;
        value(&answer.json, &["displayName"], &json!(group.team.name))?;
        value(&answer.json, &["externalId"], &json!(group.team.external_id))
    });
    Some(())
}

static READ: Need =
    Need { id: "read-group", wanted: "200 with the values as they were sent", otherwise: Otherwise::Drifts };

/// The other probes of a group, and a second one of the same name: of the first group that has a member.
pub(crate) async fn probe(session: &Session<'_>, groups: &[Group<'_>]) {
    if let Some(group) = groups.iter().find(|group| !group.members.is_empty()) {
        session.tell("group probes", 0, 1);
        // None: we were told to stop.
        let _stopped = probe_one(session, group).await;
    }
}

async fn probe_one(session: &Session<'_>, group: &Group<'_>) -> Option<()> {
    let team = group.team;
    let step = session.step("match group", session.probe("/Groups", "externalId", &team.external_id)).await?;
    step.needs(&BY_EXTERNAL_ID, |answer| only(answer, &group.id));

    let ask = Ask::get(group.path()).query("excludedAttributes", "members");
    let step = session.step("read group without members", ask).await?;
    step.needs(&WITHOUT_MEMBERS, |answer| {
        let members = at(&answer.json, &["members"]);
        if is_assigned(members) { Err("the group with its members".to_owned()) } else { Ok(()) }
    });

    let member = group.members.keys().next()?;
    let filter = format!("id eq {} and members eq {}", json!(group.id), json!(member));
    let step = session.step("probe member", probe_with("/Groups", &filter).query("attributes", "id")).await?;
    step.needs(&MEMBER_PROBED, |answer| only_or_refused(answer, &group.id));

    let again = Ask::post("/Groups", &empty_group(team));
    let step = session.creation("create group", "/Groups", again, "").await?;
    step.needs(&DUPLICATE, |answer| error(answer, &[409]));
    Some(())
}

static BY_EXTERNAL_ID: Need = Need {
    id: "match-group-external-id",
    wanted: "the group with this externalId (asked when the administrator matches by it)",
    otherwise: Otherwise::NotFound,
};
static WITHOUT_MEMBERS: Need = Need {
    id: "group-without-members",
    wanted: "no members when excludedAttributes says so: a large group is slow otherwise",
    otherwise: Otherwise::Noted,
};
static MEMBER_PROBED: Need = Need {
    id: "probe-member",
    wanted: "the group that has this member, or 400: never an empty list (members without .value)",
    otherwise: Otherwise::Noted,
};
static DUPLICATE: Need = Need {
    id: "create-group-duplicate",
    wanted: "409 with a SCIM Error for a displayName that a group has: Entra matches groups by it",
    otherwise: Otherwise::Noted,
};

/// Those who change leave each group and come back to it.
pub(crate) async fn leave_and_return(
    session: &Session<'_>,
    groups: &[Group<'_>],
    churned: &[&Account<'_>],
    spelling: Spelling,
) {
    session
        .each("group churn", groups.iter(), async |group| {
            // None: we were told to stop.
            let _stopped = leave_and_return_one(session, group, &group.of(churned), spelling).await;
        })
        .await;
}

async fn leave_and_return_one(
    session: &Session<'_>,
    group: &Group<'_>,
    leaving: &[&str],
    spelling: Spelling,
) -> Option<()> {
    let Some(first) = leaving.first() else { return Some(()) };
    let remove = spelling.remove_members(leaving);
    if !change(session, "remove members", &MEMBERS_REMOVED, group, &remove).await? {
        return Some(());
    }
    has_its_members(session, &group.without(leaving)).await?;
    change(session, "remove members", &NOT_A_MEMBER, group, &spelling.remove_members(&[*first])).await?;
    // All of them, most of whom are there.
    let add = spelling.add_members(group.members.keys().map(String::as_str));
    if change(session, "add members", &MEMBERS_ADDED, group, &add).await? {
        has_its_members(session, group).await?;
    }
    Some(())
}

static MEMBERS_REMOVED: Need = Need {
    id: "remove-members",
    wanted: "204, or 200 with the group, for those who leave, and for nobody else",
    otherwise: Otherwise::Fails,
};
static NOT_A_MEMBER: Need = Need {
    id: "remove-who-is-not-there",
    wanted: "204 or 200 when somebody is removed who is no member",
    otherwise: Otherwise::Noted,
};

/// Those who were deleted are in no group any more; those who came back are added. Gives the groups as they are then.
pub(crate) async fn lose_and_regain<'c>(
    session: &Session<'_>,
    groups: Vec<Group<'c>>,
    gone: &[&Account<'c>],
    returned: &[Account<'c>],
    spelling: Spelling,
) -> Vec<Group<'c>> {
    let one = async |group: Group<'c>| lose_and_regain_one(session, group, gone, returned, spelling).await;
    session.gather("groups of those who return", groups.into_iter(), one).await
}

async fn lose_and_regain_one<'c>(
    session: &Session<'_>,
    group: Group<'c>,
    gone: &[&Account<'c>],
    returned: &[Account<'c>],
    spelling: Spelling,
) -> Option<Group<'c>> {
    let mut rest = group.without(&group.of(gone));
    has_its_members(session, &rest).await?;
    let new = members_of(group.team, returned);
    if !new.is_empty() {
        let add = spelling.add_members(new.keys().map(String::as_str));
        if change(session, "add members", &MEMBERS_ADDED, &rest, &add).await? {
            rest.members.extend(new);
            has_its_members(session, &rest).await?;
        }
    }
    Some(rest)
}
