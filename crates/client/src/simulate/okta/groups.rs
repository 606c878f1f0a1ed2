//! Group push: groups renamed, and their members kept.

use serde_json::{Value, json};

use crate::ask::Ask;
use crate::simulate::accounts::Account;
use crate::simulate::expect::status;
use crate::simulate::finding::{Need, Otherwise};
use crate::simulate::groups::{GROUP, Group, MEMBERS_ADDED, change, has_its_members};
use crate::simulate::people::Team;
use crate::simulate::session::Session;

/// A group as Okta creates it.
pub(crate) fn empty_group(team: &Team) -> Value {
    json!({"schemas": [GROUP], "displayName": team.name, "members": []})
}

fn member_list(group: &Group<'_>) -> Value {
    group.members.iter().map(|(id, display)| json!({"value": id, "display": display})).collect()
}

/// Names a new group once more, and gives it its members.
pub(crate) async fn fill<'c>(session: &Session<'_>, group: Group<'c>, wizard: bool) -> Option<Group<'c>> {
    let empty = group.emptied();
    let is_filled = if wizard {
        put(session, &group).await?
    } else {
        name(session, &group).await?;
        let add = json!([{"op": "add", "path": "members", "value": member_list(&group)}]);
        group.members.is_empty() || change(session, "add members", &MEMBERS_ADDED, &group, &add).await?
    };
    let group = if is_filled { group } else { empty };
    has_its_members(session, &group).await?;
    Some(group)
}

/// PATCH without a path that names the group by id, as Okta sends it with each change.
async fn name(session: &Session<'_>, group: &Group<'_>) -> Option<bool> {
    let rename = json!([{"op": "replace", "value": {"id": group.id, "displayName": group.team.name}}]);
    change(session, "rename group", &RENAMED, group, &rename).await
}

static RENAMED: Need = Need {
    id: "rename-group",
    wanted: "200 with the group, or 204, for a PATCH without a path that names displayName and the group's own id",
    otherwise: Otherwise::Fails,
};

/// PUT of the whole group, as an application of the wizard sends it.
async fn put(session: &Session<'_>, group: &Group<'_>) -> Option<bool> {
    let body = json!({
        "schemas": [GROUP], "id": group.id, "displayName": group.team.name, "members": member_list(group),
    });
    let step = session.step("update group", Ask::put(group.path(), &body)).await?;
    Some(step.needs(&PUT, |answer| status(answer, &[200])))
}

static PUT: Need = Need { id: "update-group", wanted: "200 with the group", otherwise: Otherwise::Fails };

/// Those who change leave each group and come back to it.
pub(crate) async fn leave_and_return(
    session: &Session<'_>,
    groups: &[Group<'_>],
    churned: &[&Account<'_>],
    wizard: bool,
) {
    session
        .each("group churn", groups.iter(), async |group| {
            // None: we were told to stop.
            let _stopped = leave_and_return_one(session, group, &group.of(churned), wizard).await;
        })
        .await;
}

async fn leave_and_return_one(session: &Session<'_>, group: &Group<'_>, leaving: &[&str], wizard: bool) -> Option<()> {
    if leaving.is_empty() {
        return Some(());
    }
    let fewer = group.without(leaving);
    if wizard {
        for group in [&fewer, group] {
            if put(session, group).await? {
                has_its_members(session, group).await?;
            }
        }
        return Some(());
    }
    let remove = |id: &str| json!({"op": "remove", "path": format!("members[value eq \"{id}\"]")});
    let removals: Value = leaving.iter().map(|id| remove(id)).collect();
    if change(session, "remove members", &MEMBERS_REMOVED, group, &removals).await? {
        has_its_members(session, &fewer).await?;
    }
    // Both in one request: the first leaves, who is not there, and all are added, most of whom are.
    let both = json!([remove(leaving[0]), {"op": "add", "path": "members", "value": member_list(group)}]);
    if change(session, "remove and add members", &MEMBERS_BOTH, group, &both).await? {
        has_its_members(session, group).await?;
    }
    Some(())
}

static MEMBERS_REMOVED: Need = Need {
    id: "remove-members",
    wanted: "200 with the group, or 204, for members[value eq \"…\"]",
    otherwise: Otherwise::Fails,
};
static MEMBERS_BOTH: Need = Need {
    id: "remove-and-add-members",
    wanted: "200 or 204: to remove who is not there, or to add who is, is no error",
    otherwise: Otherwise::Fails,
};

/// "Push Now": the whole list replaces what is there; an empty one too.
pub(crate) async fn push_now(session: &Session<'_>, groups: &[Group<'_>]) {
    session
        .each("push now", groups.iter(), async |group| {
            for group in [&group.emptied(), group] {
                let replace = json!([{"op": "replace", "path": "members", "value": member_list(group)}]);
                if change(session, "push now", &PUSHED, group, &replace).await == Some(true) {
                    // None: we were told to stop.
                    let _stopped = has_its_members(session, group).await;
                }
            }
        })
        .await;
}

static PUSHED: Need = Need {
    id: "push-now",
    wanted: "200 with the group, or 204, for a replacement of all members, by none too",
    otherwise: Otherwise::Fails,
};
