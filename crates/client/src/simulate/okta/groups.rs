//! Group push: groups matched and created, renamed, and their members kept.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use serde_json::{Value, json};

use super::{Account, GROUP, probe};
use crate::ask::{Ask, encode};
use crate::document::{list, text};
use crate::simulate::expect::{nobody, status, value};
use crate::simulate::finding::{Need, Otherwise};
use crate::simulate::people::{Company, Team};
use crate::simulate::session::Session;

/// A group that Okta pushed.
pub(crate) struct Group<'c> {
    team: &'c Team,
    id: String,
    /// The accounts that belong to it, by id, with the name that Okta shows.
    members: BTreeMap<String, String>,
}

impl Group<'_> {
    fn path(&self) -> String {
        format!("/Groups/{}", encode(&self.id))
    }

    fn member_list(&self) -> Value {
        self.members.iter().map(|(id, display)| json!({"value": id, "display": display})).collect()
    }
}

/// Pushes each group with its members.
pub(crate) async fn push<'c>(
    session: &Session<'_>,
    company: &'c Company,
    accounts: &[Account<'c>],
    wizard: bool,
) -> Vec<Group<'c>> {
    let groups = Mutex::new(BTreeMap::new());
    session
        .each("group push", company.teams.iter().enumerate(), async |(number, team)| {
            let members = accounts.iter().filter(|account| team.members.contains(&account.number));
            let members = members.map(|account| (account.id.clone(), account.person.user_name.clone())).collect();
            if let Some(group) = push_one(session, team, members, wizard).await {
                groups.lock().expect("nobody panics").insert(number, group);
            }
        })
        .await;
    groups.into_inner().expect("nobody panics").into_values().collect()
}

async fn push_one<'c>(
    session: &Session<'_>,
    team: &'c Team,
    members: BTreeMap<String, String>,
    wizard: bool,
) -> Option<Group<'c>> {
    let found = session.step("match group", probe("/Groups", "displayName", &team.name)).await?;
    if !found.needs(&NO_GROUP_YET, nobody) {
        return None;
    }
    let body = json!({"schemas": [GROUP], "displayName": team.name, "members": []});
    let created = session.step("create group", Ask::post("/Groups", &body)).await?;
    session.made.record("/Groups", &created.exchange, &format!("displayName eq {}", Value::from(team.name.as_str())));
    let is_whole = created.needs(&CREATED, |answer| {
        status(answer, &[201])?;
        value(&answer.json, &["displayName"], &json!(team.name))?;
        if text(&answer.json, &["id"]).is_empty() { Err("201 without an id in the body".to_owned()) } else { Ok(()) }
    });
    if !is_whole {
        return None;
    }
    let group = Group { team, id: text(created.json(), &["id"]).to_owned(), members };
    if wizard {
        put(session, &group).await?;
    } else {
        name(session, &group).await?;
        if !group.members.is_empty() {
            let add = json!([{"op": "add", "path": "members", "value": group.member_list()}]);
            let step = session.step("add members", Ask::patch(group.path(), &add)).await?;
            step.needs(&MEMBERS_ADDED, |answer| status(answer, &[200, 204]));
        }
    }
    has_its_members(session, &group).await?;
    Some(group)
}

static NO_GROUP_YET: Need = Need {
    id: "match-no-group",
    wanted: "200 with totalResults 0 and no Resources for a displayName that no group has",
    otherwise: Otherwise::WrongOne,
};
static CREATED: Need =
    Need { id: "create-group", wanted: "201 with the whole group, its id above all", otherwise: Otherwise::Fails };
static MEMBERS_ADDED: Need =
    Need { id: "add-members", wanted: "200 with the group, or 204", otherwise: Otherwise::Fails };

/// PATCH without a path that names the group by id, as Okta sends it with each change.
async fn name(session: &Session<'_>, group: &Group<'_>) -> Option<()> {
    let rename = json!([{"op": "replace", "value": {"id": group.id, "displayName": group.team.name}}]);
    let step = session.step("rename group", Ask::patch(group.path(), &rename)).await?;
    step.needs(&RENAMED, |answer| status(answer, &[200, 204]));
    Some(())
}

static RENAMED: Need = Need {
    id: "rename-group",
    wanted: "200 with the group, or 204, for a PATCH without a path that names displayName and the group's own id",
    otherwise: Otherwise::Fails,
};

/// PUT of the whole group, as an application of the wizard sends it.
async fn put(session: &Session<'_>, group: &Group<'_>) -> Option<()> {
    let body = json!({
        "schemas": [GROUP], "id": group.id, "displayName": group.team.name, "members": group.member_list(),
    });
    let step = session.step("update group", Ask::put(group.path(), &body)).await?;
    step.needs(&PUT, |answer| status(answer, &[200]));
    Some(())
}

static PUT: Need = Need { id: "update-group", wanted: "200 with the group", otherwise: Otherwise::Fails };

/// Reads the group and compares its members with those that Okta sent.
async fn has_its_members(session: &Session<'_>, group: &Group<'_>) -> Option<()> {
    let read = session.step("read group", Ask::get(group.path())).await?;
    read.needs(&MEMBERS_KEPT, |answer| {
        status(answer, &[200])?;
        value(&answer.json, &["displayName"], &json!(group.team.name))?;
        let listed = list(&answer.json, &["members"]);
        let found: BTreeSet<&str> = listed.iter().map(|member| text(member, &["value"])).collect();
        let wanted: BTreeSet<&str> = group.members.keys().map(String::as_str).collect();
        if found == wanted && listed.len() == wanted.len() {
            return Ok(());
        }
        let (missing, more) = (wanted.difference(&found).count(), found.difference(&wanted).count());
        let twice = listed.len() - found.len();
        Err(format!(
            "{} members in place of {}: {missing} are missing, {more} should not be there, {twice} are there twice",
            listed.len(),
            wanted.len()
        ))
    });
    Some(())
}

static MEMBERS_KEPT: Need =
    Need { id: "members-kept", wanted: "200 with the members that were sent, each once", otherwise: Otherwise::Drifts };

/// Those who change leave each group and come back to it.
pub(crate) async fn leave_and_return(
    session: &Session<'_>,
    groups: &[Group<'_>],
    churned: &[&Account<'_>],
    wizard: bool,
) {
    session
        .each("group churn", groups.iter(), async |group| {
            let leaving: Vec<&str> = churned
                .iter()
                .map(|account| account.id.as_str())
                .filter(|id| group.members.contains_key(*id))
                .collect();
            // None: we were told to stop.
            let _stopped = leave_and_return_one(session, group, &leaving, wizard).await;
        })
        .await;
}

async fn leave_and_return_one(session: &Session<'_>, group: &Group<'_>, leaving: &[&str], wizard: bool) -> Option<()> {
    let mut fewer = Group { team: group.team, id: group.id.clone(), members: group.members.clone() };
    fewer.members.retain(|id, _| !leaving.contains(&id.as_str()));
    if leaving.is_empty() {
        return Some(());
    }
    if wizard {
        put(session, &fewer).await?;
        has_its_members(session, &fewer).await?;
        put(session, group).await?;
        return has_its_members(session, group).await;
    }
    let remove = |id: &str| json!({"op": "remove", "path": format!("members[value eq \"{id}\"]")});
    let removals: Value = leaving.iter().map(|id| remove(id)).collect();
    let step = session.step("remove members", Ask::patch(group.path(), &removals)).await?;
    step.needs(&MEMBERS_REMOVED, |answer| status(answer, &[200, 204]));
    has_its_members(session, &fewer).await?;
    // Both in one request: the first leaves, who is not there, and all are added, most of whom are.
    let both = json!([remove(leaving[0]), {"op": "add", "path": "members", "value": group.member_list()}]);
    let step = session.step("remove and add members", Ask::patch(group.path(), &both)).await?;
    step.needs(&MEMBERS_BOTH, |answer| status(answer, &[200, 204]));
    has_its_members(session, group).await
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
            let nobody = Group { team: group.team, id: group.id.clone(), members: BTreeMap::new() };
            for group in [&nobody, group] {
                let replace = json!([{"op": "replace", "path": "members", "value": group.member_list()}]);
                let Some(step) = session.step("push now", Ask::patch(group.path(), &replace)).await else { return };
                step.needs(&PUSHED, |answer| status(answer, &[200, 204]));
                let _stopped = has_its_members(session, group).await;
            }
        })
        .await;
}

static PUSHED: Need = Need {
    id: "push-now",
    wanted: "200 with the group, or 204, for a replacement of all members, by none too",
    otherwise: Otherwise::Fails,
};

/// Changes of users, PUT with `groups: []` among them, took nobody out of a group.
pub(crate) async fn still_have_their_members(session: &Session<'_>, groups: &[Group<'_>]) {
    session
        .each("groups again", groups.iter(), async |group| {
            let _stopped = has_its_members(session, group).await;
        })
        .await;
}

/// Deletes the groups that were pushed, as Okta does when a push is undone.
pub(crate) async fn delete(session: &Session<'_>, groups: &[Group<'_>]) {
    session
        .each("group deletion", groups.iter(), async |group| {
            let Some(step) = session.step("delete group", Ask::delete(group.path())).await else { return };
            if step.needs(&DELETED, |answer| status(answer, &[204])) {
                session.made.forget("/Groups", &group.id);
            }
        })
        .await;
}

static DELETED: Need = Need { id: "delete-group", wanted: "204", otherwise: Otherwise::Fails };
