//! Groups, as every product has them: matched, created, filled, read, deleted.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::accounts::Account;
use super::expect::{created, nobody, status, value};
use super::finding::{Need, Otherwise};
use super::people::{Company, Team};
use super::session::Session;
use crate::answer::Answer;
use crate::ask::{Ask, encode};
use crate::document::{list, text};

pub(crate) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

/// A group that the product made.
#[derive(Debug, Clone)]
pub(crate) struct Group<'c> {
    pub(crate) team: &'c Team,
    pub(crate) id: String,
    /// The accounts that belong to it, by id, with their userName.
    pub(crate) members: BTreeMap<String, String>,
}

impl<'c> Group<'c> {
    pub(crate) fn path(&self) -> String {
        format!("/Groups/{}", encode(&self.id))
    }

    /// Those of these accounts who are members, by id.
    pub(crate) fn of<'a>(&self, accounts: &[&'a Account<'c>]) -> Vec<&'a str> {
        accounts.iter().map(|account| account.id.as_str()).filter(|id| self.members.contains_key(*id)).collect()
    }

    /// The same group without anybody.
    pub(crate) fn emptied(&self) -> Self {
        Self { members: BTreeMap::new(), ..self.clone() }
    }

    /// The same group without these.
    pub(crate) fn without(&self, leaving: &[&str]) -> Self {
        let mut fewer = self.clone();
        fewer.members.retain(|id, _| !leaving.contains(&id.as_str()));
        fewer
    }
}

/// Who of these accounts belongs to a team, as the members of a group have it.
pub(crate) fn members_of<'a, 'c: 'a>(
    team: &Team,
    accounts: impl IntoIterator<Item = &'a Account<'c>>,
) -> BTreeMap<String, String> {
    let members = accounts.into_iter().filter(|account| team.members.contains(&account.number));
    members.map(|account| (account.id.clone(), account.person.user_name.clone())).collect()
}

/// Looks for each group and creates it; `fill` then gives it its members.
pub(crate) async fn push<'c, F: Future<Output = Option<Group<'c>>>>(
    session: &Session<'_>,
    company: &'c Company,
    accounts: &[Account<'c>],
    fill: impl Fn(Group<'c>) -> F,
) -> Vec<Group<'c>> {
    let work = async |team| fill(create(session, team, members_of(team, accounts)).await?).await;
    session.gather("group push", company.teams.iter(), work).await
}

async fn create<'c>(session: &Session<'_>, team: &'c Team, members: BTreeMap<String, String>) -> Option<Group<'c>> {
    let found = session.step("match group", session.probe("/Groups", "displayName", &team.name)).await?;
    if !found.needs(&NO_GROUP_YET, nobody) {
        return None;
    }
    let ask = Ask::post("/Groups", &session.product.empty_group(team));
    let filter = format!("displayName eq {}", Value::from(team.name.as_str()));
    let posted = session.creation("create group", "/Groups", ask, &filter).await?;
    let is_whole = posted.needs(&CREATED, |answer| {
        created(answer)?;
        value(&answer.json, &["displayName"], &json!(team.name))
    });
    is_whole.then(|| Group { team, id: text(posted.json(), &["id"]).to_owned(), members })
}

static NO_GROUP_YET: Need = Need {
    id: "match-no-group",
    wanted: "200 with totalResults 0 and no Resources for a displayName that no group has",
    otherwise: Otherwise::WrongOne,
};
static CREATED: Need =
    Need { id: "create-group", wanted: "201 with the whole group, its id above all", otherwise: Otherwise::Fails };

/// Sends what changes a group. Gives whether it was done; what was refused is not looked for afterwards.
pub(crate) async fn change(
    session: &Session<'_>,
    kind: &'static str,
    need: &'static Need,
    group: &Group<'_>,
    operations: &Value,
) -> Option<bool> {
    let step = session.step(kind, Ask::patch(group.path(), operations)).await?;
    Some(step.needs(need, |answer| status(answer, &[200, 204])))
}

pub(crate) static MEMBERS_ADDED: Need =
    Need { id: "add-members", wanted: "200 with the group, or 204", otherwise: Otherwise::Fails };

/// Reads the group and compares its members with those that were sent.
pub(crate) async fn has_its_members(session: &Session<'_>, group: &Group<'_>) -> Option<()> {
    let read = session.step("read group", Ask::get(group.path())).await?;
    read.needs(&MEMBERS_KEPT, |answer| has_members(answer, group));
    Some(())
}

fn has_members(answer: &Answer, group: &Group<'_>) -> Result<(), String> {
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
}

static MEMBERS_KEPT: Need =
    Need { id: "members-kept", wanted: "200 with the members that were sent, each once", otherwise: Otherwise::Drifts };

/// Changes of users took nobody out of a group.
pub(crate) async fn still_have_their_members(session: &Session<'_>, groups: &[Group<'_>]) {
    session
        .each("groups again", groups.iter(), async |group| {
            // None: we were told to stop.
            let _stopped = has_its_members(session, group).await;
        })
        .await;
}

/// Deletes the groups, as a product does when a push is undone.
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
