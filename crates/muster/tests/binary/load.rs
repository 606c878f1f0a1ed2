//! A mixed load: clients that each send one kind of request after the other, and keep account of what was
//! acknowledged and of what was only asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};
use testkit::{Answer, Client};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::hot_group::add_member;

const CLIENTS: usize = 6;
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// How long a client waits that tries again. Those of identity providers wait longer; the shorter it is, the
/// more closely the outage is measured.
const PAUSE: Duration = Duration::from_millis(20);

/// What a client does when its server does not do what it asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnFailure {
    /// It has been killed: so ends the load.
    End,
    /// Goes on, with the next server if this one is gone.
    TryAgain,
}

/// Clients at work.
pub(crate) struct Load {
    clients: Vec<JoinHandle<Done>>,
    answers: Arc<Semaphore>,
    is_over: Arc<AtomicBool>,
}

impl Load {
    /// Clients spread over `servers`, who add their users to `group`. No two loads on the same data have the
    /// same number.
    pub(crate) fn start(servers: &[Client], group: &str, number: u32, on_failure: OnFailure) -> Self {
        let answers = Arc::new(Semaphore::new(0));
        let is_over = Arc::new(AtomicBool::new(false));
        let clients = (0..CLIENTS).map(|client| {
            let mut servers = servers.to_vec();
            let first = client % servers.len();
            servers.rotate_left(first);
            let worker = Worker {
                servers,
                group: group.to_owned(),
                name: format!("r{number}c{client}"),
                on_failure,
                own: String::new(),
                done: Done::default(),
            };
            tokio::spawn(worker.work(Arc::clone(&answers), Arc::clone(&is_over)))
        });
        Self { clients: clients.collect(), answers, is_over }
    }

    /// Waits until so many requests more have been acknowledged.
    pub(crate) async fn acknowledged(&self, answers: u32) {
        self.answers.acquire_many(answers).await.unwrap().forget();
    }

    /// [`Self::acknowledged`], without those that were before.
    pub(crate) async fn acknowledged_from_now(&self, answers: u32) {
        self.answers.forget_permits(usize::MAX);
        self.acknowledged(answers).await;
    }

    /// Ends it; gives what each client did.
    pub(crate) async fn end(self) -> Vec<Done> {
        self.is_over.store(true, Ordering::SeqCst);
        let mut all = Vec::new();
        for client in self.clients {
            all.push(client.await.unwrap());
        }
        all
    }
}

/// What one client did.
#[derive(Default)]
pub(crate) struct Done {
    pub(crate) acknowledged: usize,
    /// Names of users.
    pub(crate) created: Certainty<String>,
    /// Ids of users that were added to the group.
    pub(crate) members: Certainty<String>,
    /// By the id of a user, the numbers that may be in it: the last one that was acknowledged, and those that
    /// were asked for after it.
    pub(crate) patched: BTreeMap<String, BTreeSet<usize>>,
    /// The longest time between two acknowledged requests.
    pub(crate) longest_gap: Duration,
}

/// What is certain, and what may have happened or not: it was asked for and not answered.
pub(crate) struct Certainty<T> {
    pub(crate) yes: BTreeSet<T>,
    pub(crate) maybe: BTreeSet<T>,
}

impl<T> Default for Certainty<T> {
    fn default() -> Self {
        Self { yes: BTreeSet::new(), maybe: BTreeSet::new() }
    }
}

impl<T: Ord> Certainty<T> {
    fn note(&mut self, what: T, is_certain: bool) {
        if is_certain { &mut self.yes } else { &mut self.maybe }.insert(what);
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.yes.extend(other.yes);
        self.maybe.extend(other.maybe);
    }

    pub(crate) fn may_be(&self, what: &T) -> bool {
        self.yes.contains(what) || self.maybe.contains(what)
    }
}

/// What a request asks for.
enum Asked {
    User(String),
    Users(Vec<String>),
    Member(String),
    Number(String, usize),
}

struct Worker {
    /// The first of them is asked.
    servers: Vec<Client>,
    group: String,
    name: String,
    on_failure: OnFailure,
    /// The id of the user that was made last.
    own: String,
    done: Done,
}

impl Worker {
    /// Sends one kind of request after the other, until it is over.
    async fn work(mut self, answers: Arc<Semaphore>, is_over: Arc<AtomicBool>) -> Done {
        let mut last_answer = Instant::now();
        for step in 0.. {
            if is_over.load(Ordering::SeqCst) {
                break;
            }
            let (method, path, body, asked) = self.request(step);
            let answer = self.servers[0].send(method, &path, HeaderMap::new(), Some(&body)).await.ok();
            if !self.note(&asked, answer.as_ref()) {
                if self.on_failure == OnFailure::End {
                    break;
                }
                if answer.is_none() {
                    self.servers.rotate_left(1);
                }
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            self.done.acknowledged += 1;
            self.done.longest_gap = self.done.longest_gap.max(last_answer.elapsed());
            last_answer = Instant::now();
            answers.add_permits(1);
        }
        self.done
    }

    fn request(&self, step: usize) -> (Method, String, Value, Asked) {
        let name = format!("{}s{step}", self.name);
        let own = &self.own;
        match step % 4 {
            1 if !own.is_empty() => {
                let asked = Asked::Number(own.clone(), step);
                (Method::PATCH, format!("/Users/{own}"), both_names(step), asked)
            }
            2 if !own.is_empty() => {
                (Method::PATCH, format!("/Groups/{}", self.group), add_member(own), Asked::Member(own.clone()))
            }
            3 => {
                let names: Vec<String> = (0..5).map(|number| format!("{name}b{number}")).collect();
                (Method::POST, "/Bulk".to_owned(), bulk(&names), Asked::Users(names))
            }
            _ => (Method::POST, "/Users".to_owned(), user(&name), Asked::User(name)),
        }
    }

    /// Keeps account. Gives whether the request was acknowledged.
    fn note(&mut self, asked: &Asked, answer: Option<&Answer>) -> bool {
        let done = answer.filter(|answer| !is_refusal_for_now(answer));
        let is_certain = done.is_some();
        match asked {
            Asked::User(name) => {
                self.done.created.note(name.clone(), is_certain);
                if let Some(answer) = done {
                    answer.json()["id"].as_str().unwrap().clone_into(&mut self.own);
                }
            }
            Asked::Users(names) => {
                let answer = done.map(Answer::json);
                for (place, name) in names.iter().enumerate() {
                    let status = answer.as_ref().map(|answer| answer["Operations"][place]["status"].clone());
                    let status = status.unwrap_or_else(|| "503".into());
                    assert!(status == "201" || status == "503", "{status}: {answer:?}");
                    self.done.created.note(name.clone(), status == "201");
                }
            }
            Asked::Member(id) => self.done.members.note(id.clone(), is_certain),
            Asked::Number(id, number) => {
                let numbers = self.done.patched.entry(id.clone()).or_insert_with(|| BTreeSet::from([0]));
                if is_certain {
                    numbers.clear();
                }
                numbers.insert(*number);
            }
        }
        is_certain
    }
}

/// Whether it is the one refusal that is allowed here: the database is not available, try again later.
fn is_refusal_for_now(answer: &Answer) -> bool {
    if answer.status.is_success() {
        return false;
    }
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.text());
    assert_ne!(answer.header("retry-after"), "", "{}", answer.text());
    assert_eq!(answer.json()["status"], "503");
    true
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

fn bulk(names: &[String]) -> Value {
    let operations: Vec<Value> = names
        .iter()
        .map(|name| json!({"method": "POST", "path": "/Users", "bulkId": name, "data": user(name)}))
        .collect();
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations})
}
