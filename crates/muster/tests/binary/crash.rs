//! `kill -9` in the middle of a mixed load: what was acknowledged is there, the rest is whole or absent.
//!
//! Nothing here waits for time to pass: a round ends when so many answers have come.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use http::{HeaderMap, Method};
use serde_json::{Value, json};
use testkit::Client;
use tokio::sync::Semaphore;

use crate::process::{self, Muster};

const ROUNDS: u32 = 20;
const CLIENTS: usize = 6;
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_kill_9_and_the_rest_is_whole_or_absent() {
    let folder = tempfile::tempdir().unwrap();
    let mut expected = Expected::default();

    for round in 0..ROUNDS {
        let server = Muster::start(folder.path());
        let scim = server.scim();
        expected.prepare(&scim, round).await;
        let answers = Arc::new(Semaphore::new(0));
        let load: Vec<_> = (0..CLIENTS)
            .map(|client| tokio::spawn(work(scim.clone(), expected.group.clone(), round, client, Arc::clone(&answers))))
            .collect();

        // The moment differs from round to round, so that it hits different places.
        answers.acquire_many(60 + 17 * round).await.unwrap().forget();
        server.kill();

        for done in load {
            expected.take(done.await.unwrap());
        }
        process::check(folder.path());
        let server = Muster::start(folder.path());
        expected.verify(&server.scim()).await;
        server.stop();
    }
    assert!(expected.acknowledged > 60 * usize::try_from(ROUNDS).unwrap());
}

/// What one client did, and what it had asked for when the server went away.
#[derive(Default)]
struct Done {
    created: Vec<String>,
    members: Vec<String>,
    /// The user that this client patches, and the number that it last wrote into it.
    patched: Option<(String, usize)>,
    acknowledged: usize,
    /// What was asked and not answered: it may have happened or not.
    unknown: Vec<Asked>,
}

enum Asked {
    Created(String),
    Member(String),
    Patched(String, usize),
}

/// Sends one kind of request after the other until no answer comes.
async fn work(scim: Client, group: String, round: u32, client: usize, answers: Arc<Semaphore>) -> Done {
    let mut done = Done::default();
    let mut own = String::new();
    for step in 0.. {
        let name = |part: &str| format!("r{round}c{client}s{step}{part}");
        let (method, path, body, asked) = match step {
            s if s % 4 == 0 || own.is_empty() => {
                (Method::POST, "/Users".to_owned(), user(&name("")), vec![Asked::Created(name(""))])
            }
            s if s % 4 == 1 => {
                let asked = Asked::Patched(own.clone(), step);
                (Method::PATCH, format!("/Users/{own}"), both_names(step), vec![asked])
            }
            s if s % 4 == 2 => {
                let asked = Asked::Member(own.clone());
                (Method::PATCH, format!("/Groups/{group}"), add_member(&own), vec![asked])
            }
            _ => {
                let names: Vec<String> = (0..5).map(|n| name(&format!("b{n}"))).collect();
                let body = bulk(&names);
                (Method::POST, "/Bulk".to_owned(), body, names.into_iter().map(Asked::Created).collect())
            }
        };
        match scim.send(method, &path, HeaderMap::new(), Some(&body)).await {
            Err(_) => {
                done.unknown = asked;
                return done;
            }
            Ok(answer) => {
                assert!(answer.status.is_success(), "{path}: {}", answer.text());
                answers.add_permits(1);
                done.acknowledged += 1;
                if path == "/Users" {
                    answer.json()["id"].as_str().unwrap().clone_into(&mut own);
                }
                for acknowledged in asked {
                    match acknowledged {
                        Asked::Created(name) => done.created.push(name),
                        Asked::Member(id) => done.members.push(id),
                        Asked::Patched(id, number) => done.patched = Some((id, number)),
                    }
                }
            }
        }
    }
    done
}

/// All that must be there, and what may be.
#[derive(Default)]
struct Expected {
    group: String,
    acknowledged: usize,
    created: BTreeSet<String>,
    maybe_created: BTreeSet<String>,
    members: BTreeSet<String>,
    maybe_members: BTreeSet<String>,
    /// Numbers that a patched user may hold: the last acknowledged one, or the one asked for after it.
    patched: BTreeMap<String, BTreeSet<usize>>,
}

impl Expected {
    /// A group of its own for each round.
    async fn prepare(&mut self, scim: &Client, round: u32) {
        let group = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": format!("round {round}"),
        });
        let made = scim.post("/Groups", &group).await.assert_status(201).json();
        made["id"].as_str().unwrap().clone_into(&mut self.group);
        self.members.clear();
        self.maybe_members.clear();
    }

    fn take(&mut self, done: Done) {
        self.acknowledged += done.acknowledged;
        self.created.extend(done.created);
        self.members.extend(done.members);
        if let Some((id, number)) = done.patched {
            self.patched.insert(id, BTreeSet::from([number]));
        }
        for asked in done.unknown {
            match asked {
                Asked::Created(name) => {
                    self.maybe_created.insert(name);
                }
                Asked::Member(id) => {
                    self.maybe_members.insert(id);
                }
                // Not patched before: the number may also not be there at all, which is 0 below.
                Asked::Patched(id, number) => {
                    self.patched.entry(id).or_insert_with(|| BTreeSet::from([0])).insert(number);
                }
            }
        }
    }

    async fn verify(&self, scim: &Client) {
        let users = all_users(scim).await;
        let names: BTreeSet<&str> = users.iter().map(|user| user["userName"].as_str().unwrap()).collect();

        for name in &self.created {
            assert!(names.contains(name.as_str()), "{name} was acknowledged and is gone");
        }
        for user in &users {
            let name = user["userName"].as_str().unwrap();
            assert!(self.created.contains(name) || self.maybe_created.contains(name), "nobody asked for {name}");
            // Whole: all that was asked for came along.
            assert_eq!(user["emails"][0]["value"], format!("{name}@example.com"), "{user}");
            assert_eq!(user["title"], *name, "{user}");
            self.verify_patch(user);
        }
        let group = scim.get(&format!("/Groups/{}", self.group)).await.assert_status(200).json();
        let members: BTreeSet<String> = group["members"].as_array().into_iter().flatten().map(id_of_member).collect();
        assert!(members.is_superset(&self.members), "acknowledged members are gone");
        let maybe: BTreeSet<String> = self.members.union(&self.maybe_members).cloned().collect();
        assert!(members.is_subset(&maybe), "members whom nobody asked for");
    }

    /// A patch writes two attributes: both or none.
    fn verify_patch(&self, user: &Value) {
        assert_eq!(user.get("nickName"), user.get("displayName"), "half a patch: {user}");
        if let Some(numbers) = self.patched.get(user["id"].as_str().unwrap()) {
            let number = user["nickName"].as_str().map_or(0, |text| text.parse().unwrap());
            assert!(numbers.contains(&number), "{number} is none of {numbers:?}: {user}");
        }
    }
}

fn id_of_member(member: &Value) -> String {
    member["value"].as_str().unwrap().to_owned()
}

/// Every user, page by page by cursor (RFC 9865).
async fn all_users(scim: &Client) -> Vec<Value> {
    let mut users = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = scim.get(&format!("/Users?count=1000&cursor={cursor}")).await.assert_status(200).json();
        users.extend(page["Resources"].as_array().unwrap().iter().cloned());
        match page["nextCursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return users,
        }
    }
}

fn user(name: &str) -> Value {
    json!({
        "schemas": [USER], "userName": name, "title": name,
        "emails": [{"value": format!("{name}@example.com"), "type": "work"}],
    })
}

fn both_names(number: usize) -> Value {
    let text = number.to_string();
    json!({"schemas": [PATCH], "Operations": [
        {"op": "replace", "path": "nickName", "value": text},
        {"op": "replace", "path": "displayName", "value": text},
    ]})
}

fn add_member(id: &str) -> Value {
    json!({"schemas": [PATCH], "Operations": [{"op": "add", "path": "members", "value": [{"value": id}]}]})
}

fn bulk(names: &[String]) -> Value {
    let operations: Vec<Value> = names
        .iter()
        .map(|name| json!({"method": "POST", "path": "/Users", "bulkId": name, "data": user(name)}))
        .collect();
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations})
}
