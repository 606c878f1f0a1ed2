//! What checks have at hand: sending, judging, and resources to work on.

use std::cell::RefCell;

use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::Refused;
use super::check::{Check, Level, Problem};
use super::features::{ENTERPRISE, Feature, Features, GROUP, USER};
use super::people::People;
use super::report::{Outcome, Result as CheckResult};
use crate::answer::{Answer, Exchange, Silence};
use crate::ask::{Ask, encode};
use crate::connection::Connection;
use crate::document::{at, list, text};
use crate::made::{Cleanup, Made};
use crate::random::Random;
use crate::report::Shown;

/// A run of the self-test.
pub(crate) struct Test<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) features: Features,
    /// There may be resources of somebody else.
    pub(crate) force: bool,
    /// What the check at work has made.
    made: Made,
    /// What several checks read, made by the first that needs it.
    shared: Made,
    people: OnceCell<Result<People, String>>,
    random: RefCell<Random>,
}

/// A request that was answered.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) ask: Ask,
    pub(crate) answer: Answer,
    /// What led to it, for the report.
    before: Vec<Exchange>,
}

/// A resource to work on.
#[derive(Debug)]
pub(crate) struct Resource {
    pub(crate) id: String,
    pub(crate) path: String,
    /// What was sent to create it.
    pub(crate) sent: Value,
    /// How it was created.
    pub(crate) created: Exchange,
}

impl<'a> Test<'a> {
    /// Reads what the server announces.
    pub(crate) async fn new(connection: &'a Connection, seed: u64, force: bool) -> Self {
        let read = async |path: &str| {
            let answer = connection.send(Ask::get(path)).await.answer.ok().filter(Answer::is_success);
            answer.map_or(Value::Null, |answer| answer.json)
        };
        let features = Features {
            config: read("/ServiceProviderConfig").await,
            resource_types: list(&read("/ResourceTypes").await, &["Resources"]).to_vec(),
            schemas: list(&read("/Schemas").await, &["Resources"]).to_vec(),
            has_token: connection.target().token.is_some(),
        };
        Self {
            connection,
            features,
            force,
            made: Made::default(),
            shared: Made::default(),
            people: OnceCell::new(),
            random: RefCell::new(Random::new(seed)),
        }
    }

    /// Whether this is a server that a test may write to.
    pub(crate) async fn may_be_used(&self) -> Result<(), Refused> {
        for endpoint in [self.users(), self.groups()] {
            let answer = self.connection.send(Ask::get(format!("{endpoint}?count=1"))).await.answer;
            let not_usable = |reason: String| Refused::NotUsable { endpoint: endpoint.clone(), reason };
            let answer = answer.map_err(|silence| self.connection.unreachable(silence))?;
            if answer.status == 404 && endpoint != self.users() {
                continue;
            }
            if !answer.is_success() {
                return Err(not_usable(format!("status {}", answer.status)));
            }
            let listed = list(&answer.json, &["Resources"]).len() as u64;
            let count = at(&answer.json, &["totalResults"]).as_u64().unwrap_or_default().max(listed);
            if count > 0 && !self.force {
                return Err(Refused::HasResources { endpoint, count });
            }
        }
        Ok(())
    }

    /// Runs one check, and removes what it made.
    pub(crate) async fn run(&self, check: &'static Check, cleanup: &mut Cleanup) -> CheckResult {
        let outcome = match check.needs.iter().find(|feature| !self.features.has(**feature)) {
            Some(feature) => Outcome::Skipped(feature.absence()),
            None => self.outcome(check, (check.run)(self).await),
        };
        cleanup.add(self.made.remove(self.connection, |_, _| {}).await);
        CheckResult::new(check, outcome)
    }

    /// Removes what several checks have used.
    pub(crate) async fn end(&self, cleanup: &mut Cleanup) {
        cleanup.add(self.shared.remove(self.connection, |_, _| {}).await);
    }

    fn outcome(&self, check: &'static Check, verdict: Result<(), Problem>) -> Outcome {
        match verdict {
            Ok(()) => Outcome::Passed,
            Err(Problem::Failed { saw, exchanges, at_most }) => Outcome::Failed {
                level: check.level.min(at_most),
                saw,
                exchanges: exchanges.iter().map(|exchange| Shown::new(exchange, self.connection)).collect(),
            },
            Err(Problem::Blocked(reason)) => Outcome::Blocked(self.connection.without_token(&reason)),
            Err(Problem::NotSupported(reason)) => Outcome::Skipped(reason),
            Err(Problem::Stopped) => Outcome::Skipped("stopped".to_owned()),
        }
    }

    /// `/Users`, wherever that is.
    pub(crate) fn users(&self) -> String {
        self.features.endpoint(USER, "/Users")
    }

    /// `/Groups`, wherever that is.
    pub(crate) fn groups(&self) -> String {
        self.features.endpoint(GROUP, "/Groups")
    }

    /// A word that no resource has in it yet.
    pub(crate) fn word(&self) -> String {
        format!("t{:010x}", self.random.borrow_mut().next() >> 24)
    }

    /// Sends a request. No answer at all is a failure of the check.
    pub(crate) async fn ask(&self, ask: Ask) -> Result<Seen, Problem> {
        let exchange = self.connection.send(ask).await;
        match exchange.answer {
            Ok(answer) => Ok(Seen { ask: exchange.ask, answer, before: Vec::new() }),
            Err(Silence::Stopped | Silence::GivenUp) => Err(Problem::Stopped),
            Err(ref silence) => {
                Err(Problem::Failed { saw: silence.to_string(), exchanges: vec![exchange], at_most: Level::Must })
            }
        }
    }

    /// A GET that has to work for the check to go on.
    pub(crate) async fn read(&self, path: &str) -> Result<Seen, Problem> {
        let seen = self.ask(Ask::get(path)).await?;
        seen.status(&[200]).map_err(|problem| problem.blocked(&format!("GET {path}")))
    }

    /// Sends a request that creates something.
    pub(crate) async fn create(&self, endpoint: &str, ask: Ask) -> Result<Seen, Problem> {
        self.create_in(&self.made, endpoint, ask).await
    }

    async fn create_in(&self, made: &Made, endpoint: &str, ask: Ask) -> Result<Seen, Problem> {
        let body: Value = ask.body.as_deref().and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default();
        let filter = filter_for(&body);
        let exchange = self.connection.send(ask).await;
        made.record(endpoint, &exchange, &filter);
        match exchange.answer {
            Ok(answer) => Ok(Seen { ask: exchange.ask, answer, before: Vec::new() }),
            Err(Silence::Stopped | Silence::GivenUp) => Err(Problem::Stopped),
            Err(ref silence) => {
                Err(Problem::Failed { saw: silence.to_string(), exchanges: vec![exchange], at_most: Level::Must })
            }
        }
    }

    /// Something that a bulk request or a redirect has created, to be removed.
    pub(crate) fn made(&self, endpoint: &str, id: &str) {
        self.made.add(endpoint, id);
    }

    /// Something that a bulk request may have created, without saying where.
    pub(crate) fn perhaps_made(&self, endpoint: &str, body: &Value) {
        self.made.perhaps(endpoint, &filter_for(body));
    }

    /// A user as nobody could refuse it: with a new userName, and of the usual attributes those that
    /// the schema defines. `more` goes over it, member by member.
    pub(crate) fn user_body(&self, more: Value) -> Value {
        let word = self.word();
        let mut body = json!({"schemas": [USER], "userName": format!("{word}@example.com")});
        let usual = [
            ("name", json!({"givenName": "Ana", "familyName": "Okafor"})),
            ("emails", json!([{"value": format!("{word}@example.com"), "type": "work", "primary": true}])),
            ("active", json!(true)),
        ];
        for (name, value) in usual {
            if self.features.has(Feature::User(name)) {
                body[name] = value;
            }
        }
        for (name, value) in members(more) {
            if name == ENTERPRISE {
                body["schemas"] = json!([USER, ENTERPRISE]);
            }
            body[name] = value;
        }
        body
    }

    /// A new user with these attributes. A server that refuses it blocks the check.
    pub(crate) async fn user(&self, more: Value) -> Result<Resource, Problem> {
        self.resource_in(&self.made, &self.users(), self.user_body(more)).await
    }

    /// A user that several checks use.
    pub(crate) async fn shared_user(&self, body: Value) -> Result<Resource, Problem> {
        self.resource_in(&self.shared, &self.users(), body).await
    }

    /// A new group with these members.
    pub(crate) async fn group(&self, members: &[&Resource]) -> Result<Resource, Problem> {
        let body = self.group_body(members);
        self.resource_in(&self.made, &self.groups(), body).await
    }

    pub(crate) fn group_body(&self, members: &[&Resource]) -> Value {
        let members: Vec<Value> = members.iter().map(|member| json!({"value": member.id})).collect();
        json!({"schemas": [GROUP], "displayName": format!("Group {}", self.word()), "members": members})
    }

    async fn resource_in(&self, made: &Made, endpoint: &str, body: Value) -> Result<Resource, Problem> {
        let seen = self.create_in(made, endpoint, Ask::post(endpoint, &body)).await;
        let seen = seen.map_err(|problem| problem.blocked(&format!("POST {endpoint}")))?;
        let is_created = seen.answer.is_success();
        let seen = seen.wants(is_created, status_of).map_err(|problem| problem.blocked(&format!("POST {endpoint}")))?;
        let from_location = seen.answer.header("location").rsplit('/').next().unwrap_or_default().to_owned();
        let id = Some(text(seen.json(), &["id"]).to_owned()).filter(|id| !id.is_empty()).unwrap_or(from_location);
        if id.is_empty() {
            return Err(Problem::Blocked(format!("POST {endpoint}: no id in the answer")));
        }
        let created = Exchange { ask: seen.ask, answer: Ok(seen.answer) };
        Ok(Resource { path: format!("{endpoint}/{}", encode(&id)), id, sent: body, created })
    }

    /// Three people to be found and sorted.
    pub(crate) async fn people(&self) -> Result<&People, Problem> {
        let people = self.people.get_or_init(async || match People::create(self).await {
            Ok(people) => Ok(people),
            Err(Problem::Failed { saw, .. }) => Err(saw),
            Err(Problem::Blocked(reason) | Problem::NotSupported(reason)) => Err(reason),
            Err(Problem::Stopped) => Err("stopped".to_owned()),
        });
        people.await.as_ref().map_err(|reason| Problem::Blocked(reason.clone()))
    }

    /// A PATCH that has to be done, and the resource after it.
    pub(crate) async fn patched(&self, resource: &Resource, operations: Value) -> Result<Seen, Problem> {
        let patch = self.ask(Ask::patch(&resource.path, &operations)).await?.after(&resource.created);
        let patch = patch.status(&[200, 204])?;
        Ok(self.read(&resource.path).await?.behind(patch))
    }

    /// A PATCH that has to be refused, and the resource after it.
    pub(crate) async fn not_patched(&self, resource: &Resource, operations: Value) -> Result<Seen, Problem> {
        let patch = self.ask(Ask::patch(&resource.path, &operations)).await?.after(&resource.created);
        let is_refused = (400..500).contains(&patch.answer.status);
        patch.wants(is_refused, status_of)
    }

    /// An attribute of users that holds one text, can be written, and is not needed.
    pub(crate) fn plain(&self) -> Result<&'static str, Problem> {
        let known =
            ["nickName", "title", "displayName"].into_iter().find(|name| self.features.has(Feature::User(name)));
        known.ok_or_else(|| {
            Problem::NotSupported("the User schema defines neither nickName nor title nor displayName".to_owned())
        })
    }

    /// The same, another one.
    pub(crate) fn other_plain(&self) -> Result<&'static str, Problem> {
        let first = self.plain()?;
        let others = ["userType", "title", "displayName"].into_iter().filter(|name| *name != first);
        let known = others.into_iter().find(|name| self.features.has(Feature::User(name)));
        known.ok_or_else(|| Problem::NotSupported("the User schema defines too few attributes".to_owned()))
    }
}

/// `status 404`.
pub(crate) fn status_of(answer: &Answer) -> String {
    let detail = text(&answer.json, &["detail"]);
    if detail.is_empty() { format!("status {}", answer.status) } else { format!("status {}: {detail}", answer.status) }
}

/// What finds a resource that was made of this body.
fn filter_for(body: &Value) -> String {
    let name = ["userName", "displayName"].into_iter().find(|name| at(body, &[name]).is_string());
    name.map_or(String::new(), |name| format!("{name} eq {}", at(body, &[name])))
}

fn members(json: Value) -> impl Iterator<Item = (String, Value)> {
    let members = match json {
        Value::Object(members) => members,
        _ => serde_json::Map::new(),
    };
    members.into_iter()
}

impl Seen {
    /// The body; null when it is no JSON.
    pub(crate) fn json(&self) -> &Value {
        &self.answer.json
    }

    /// The same, with what came before it, for the report.
    pub(crate) fn after(mut self, exchange: &Exchange) -> Self {
        self.before.insert(0, exchange.clone());
        self
    }

    /// The same, with another request and what came before that.
    pub(crate) fn behind(mut self, earlier: Self) -> Self {
        let mut before = earlier.into_exchanges();
        before.append(&mut self.before);
        Self { before, ..self }
    }

    fn into_exchanges(self) -> Vec<Exchange> {
        let mut exchanges = self.before;
        exchanges.push(Exchange { ask: self.ask, answer: Ok(self.answer) });
        exchanges
    }

    /// The check fails, since this was seen.
    pub(crate) fn fails(self, saw: impl Into<String>) -> Problem {
        Problem::Failed { saw: saw.into(), exchanges: self.into_exchanges(), at_most: Level::Must }
    }

    /// Goes on if it is so; otherwise the check fails with what was seen.
    pub(crate) fn wants(self, is_so: bool, saw: impl FnOnce(&Answer) -> String) -> Result<Self, Problem> {
        if is_so {
            return Ok(self);
        }
        let saw = saw(&self.answer);
        Err(self.fails(saw))
    }

    /// Goes on if the status is one of these.
    pub(crate) fn status(self, wanted: &[u16]) -> Result<Self, Problem> {
        let is_so = wanted.contains(&self.answer.status);
        self.wants(is_so, status_of)
    }

    /// Goes on if there is this value at the end of the way.
    pub(crate) fn value(self, way: &[&str], wanted: &Value) -> Result<Self, Problem> {
        let is_so = at(self.json(), way) == wanted;
        self.wants(is_so, |answer| format!("{} is {}, not {wanted}", way.join("."), at(&answer.json, way)))
    }

    /// Goes on if there is nothing at the end of the way (RFC 7643 §2.5).
    pub(crate) fn unassigned(self, way: &[&str]) -> Result<Self, Problem> {
        let is_so = !crate::document::is_assigned(at(self.json(), way));
        self.wants(is_so, |answer| format!("{} is {}", way.join("."), at(&answer.json, way)))
    }

    /// Goes on if the error is of this type.
    pub(crate) fn scim_type(self, wanted: &str) -> Result<Self, Problem> {
        let is_so = text(self.json(), &["scimType"]) == wanted;
        self.wants(is_so, |answer| format!("scimType is {}, not {wanted}", at(&answer.json, &["scimType"])))
    }

    /// Goes on if the values of a multi-valued attribute are these, in any order.
    pub(crate) fn values(self, attribute: &str, wanted: &[&str]) -> Result<Self, Problem> {
        let found = values(self.json(), attribute);
        let mut sorted = wanted.to_vec();
        sorted.sort_unstable();
        let is_so = found == sorted;
        self.wants(is_so, |answer| {
            format!("{attribute} has the values {:?}, not {sorted:?}", values(&answer.json, attribute))
        })
    }
}

/// The `value` of each element, in order of the alphabet.
pub(crate) fn values<'j>(json: &'j Value, attribute: &str) -> Vec<&'j str> {
    let mut values: Vec<&str> = list(json, &[attribute]).iter().map(|element| text(element, &["value"])).collect();
    values.sort_unstable();
    values
}
