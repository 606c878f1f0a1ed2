//! What must be there after a [load](crate::load), and what may be.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};
use store::events::{self, Event};
use store::{Options, Store, tenants};
use testkit::Client;

use crate::load::{Certainty, Done};

/// How many events are read at a time.
const EVENTS_PAGE: u32 = 1000;

/// Everything that was acknowledged so far, and everything that was only asked for.
#[derive(Default)]
pub(crate) struct Expected {
    pub(crate) acknowledged: usize,
    /// The group of this round.
    pub(crate) group: String,
    members: Certainty<String>,
    created: Certainty<String>,
    /// Numbers that a patched user may hold.
    patched: BTreeMap<String, BTreeSet<usize>>,
    /// How far the events were read, and at which version each resource is by them.
    last_event: i64,
    versions_by_events: BTreeMap<String, u64>,
}

impl Expected {
    /// Makes a group for a round.
    pub(crate) async fn prepare(&mut self, scim: &Client, round: u32) {
        let group = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": format!("round {round}"),
        });
        let made = scim.post("/Groups", &group).await.assert_status(201).json();
        made["id"].as_str().unwrap().clone_into(&mut self.group);
        self.members = Certainty::default();
    }

    pub(crate) fn take(&mut self, done: Vec<Done>) {
        for done in done {
            self.acknowledged += done.acknowledged;
            self.created.extend(done.created);
            self.members.extend(done.members);
            self.patched.extend(done.patched);
        }
    }

    /// Looks at everything that clients can see: what was acknowledged is there, the rest is whole or absent,
    /// and the counts agree. Gives the version of each resource.
    pub(crate) async fn verify(&self, scim: &Client) -> BTreeMap<String, u64> {
        let users = all(scim, "/Users?").await;
        let names: BTreeSet<&str> = users.iter().map(|user| user["userName"].as_str().unwrap()).collect();
        assert_eq!(names.len(), users.len(), "a user is shown twice");
        for name in &self.created.yes {
            assert!(names.contains(name.as_str()), "{name} was acknowledged and is gone");
        }
        for user in &users {
            let name = user["userName"].as_str().unwrap();
            assert!(self.created.may_be(&name.to_owned()), "nobody asked for {name}");
            // Whole: all that was asked for came along.
            assert_eq!(user["emails"][0]["value"], format!("{name}@example.com"), "{user}");
            assert_eq!(user["title"], *name, "{user}");
            self.verify_patch(user);
        }
        let group = scim.get(&format!("/Groups/{}", self.group)).await.assert_status(200).json();
        let members = group["members"].as_array().into_iter().flatten();
        let members: BTreeSet<String> = members.map(|member| member["value"].as_str().unwrap().to_owned()).collect();
        assert!(members.is_superset(&self.members.yes), "acknowledged members are gone");
        assert!(members.iter().all(|member| self.members.may_be(member)), "members whom nobody asked for");

        let groups = all(scim, "/Groups?excludedAttributes=members&").await;
        for (kind, found) in [("/Users", users.len()), ("/Groups", groups.len())] {
            let counted = scim.get(&format!("{kind}?count=0")).await.assert_status(200).json();
            assert_eq!(counted["totalResults"], found, "{kind}");
        }
        let version = |resource: &Value| version(resource["meta"]["version"].as_str().unwrap());
        users.iter().chain(&groups).map(|it| (it["id"].as_str().unwrap().to_owned(), version(it))).collect()
    }

    /// A patch writes two attributes: both or none.
    fn verify_patch(&self, user: &Value) {
        assert_eq!(user.get("nickName"), user.get("displayName"), "half a patch: {user}");
        if let Some(numbers) = self.patched.get(user["id"].as_str().unwrap()) {
            let number = user["nickName"].as_str().map_or(0, |text| text.parse().unwrap());
            assert!(numbers.contains(&number), "{number} is none of {numbers:?}: {user}");
        }
    }

    /// Reads the events that are new: they are numbered without gaps, and each resource came to the version
    /// that it has step by step, each step in one event.
    pub(crate) async fn verify_events(&mut self, database: &Options, versions: &BTreeMap<String, u64>) {
        let store = Store::open(database).await.unwrap();
        let tenant = store.read(|tx| Box::pin(tenants::by_slug(tx, "dev"))).await.unwrap().unwrap().key;
        let changes = i64::try_from(versions.values().sum::<u64>()).unwrap();
        let reading = async {
            // On PostgreSQL they have their numbers a moment later.
            while self.last_event < changes {
                let last = self.last_event;
                let page = store.read(move |tx| Box::pin(events::after(tx, tenant, last, EVENTS_PAGE))).await.unwrap();
                for event in &page {
                    self.take_event(event);
                }
            }
        };
        tokio::time::timeout(Duration::from_mins(1), reading).await.expect("there is an event for each change");
        store.close().await;
        assert_eq!((self.last_event, &self.versions_by_events), (changes, versions));
    }

    fn take_event(&mut self, event: &Event) {
        assert_eq!(event.seq, self.last_event + 1);
        self.last_event = event.seq;
        let version = self.versions_by_events.entry(event.resource.to_string()).or_default();
        *version += 1;
        assert_eq!(event.version.0, *version, "{event:?}");
    }
}

/// Every resource, page by page by cursor (RFC 9865).
async fn all(scim: &Client, path: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = scim.get(&format!("{path}count=1000&cursor={cursor}")).await.assert_status(200).json();
        found.extend(page["Resources"].as_array().into_iter().flatten().cloned());
        match page["nextCursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return found,
        }
    }
}

/// The number in `W/"7"`.
pub(crate) fn version(etag: &str) -> u64 {
    etag.trim_start_matches("W/").trim_matches('"').parse().unwrap()
}
