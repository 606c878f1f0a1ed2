//! What is asked.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::data::Tenant;
use crate::request::Request;
use crate::user::{self, PATTERN};

pub(crate) const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const BULK: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

/// Users that are created have numbers from here on, which no imported one has.
const CREATED_FROM: usize = 50_000_000;

/// Operations of a bulk request.
pub(crate) const BULK_OPERATIONS: usize = 1000;

/// A tenant on a running server, as its clients see it.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) address: String,
    pub(crate) tenant: Tenant,
    /// The user of [`PATTERN`], as text.
    pattern: String,
    created: AtomicUsize,
    deleted: AtomicUsize,
    tokens_seen: AtomicUsize,
}

impl Target {
    pub(crate) fn new(address: &str, tenant: &Tenant) -> Arc<Self> {
        Arc::new(Self {
            address: address.to_owned(),
            tenant: tenant.clone(),
            pattern: user::pattern().to_string(),
            created: AtomicUsize::new(CREATED_FROM),
            deleted: AtomicUsize::new(0),
            tokens_seen: AtomicUsize::new(1),
        })
    }

    /// Requests to it.
    pub(crate) fn request(&self) -> Request {
        Request::new(&self.address, &self.tenant.slug(), &self.tenant.token(0))
    }

    /// How many users are read and changed: the first ones. The last ones are there to be deleted.
    pub(crate) fn lasting(&self) -> usize {
        (self.tenant.users * 7 / 10).max(1)
    }

    fn user(&self, number: usize) -> String {
        self.pattern.replace(PATTERN, &user::digits(number))
    }
}

/// A kind of request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Workload {
    /// `/healthz`: HTTP without a credential.
    Health,
    /// A resource type: HTTP with a credential, and no row.
    ResourceType,
    Get,
    /// [`Self::Get`] over HTTP/2.
    Http2Get,
    UserName,
    ExternalId,
    Email,
    Nobody,
    FirstPage,
    /// By cursor.
    Page(String),
    /// By `startIndex`.
    Index(usize),
    Create,
    Put,
    Patch,
    /// One member in or out of this group.
    Member(String),
    /// This group without members.
    Group(String),
    Bulk,
    Delete,
    /// One after the other.
    Mixed(Mix),
    /// [`Self::Get`], each time with a token that the server has not seen.
    NewToken,
    /// Of the plain axum route: sends and gets so many bytes.
    Plain(usize, usize),
}

/// Several kinds of requests, in turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mix {
    /// Half of them write.
    Changes,
    Reads,
}

impl Mix {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Changes => "half reads, half writes",
            Self::Reads => "reads by id and by filter",
        }
    }

    fn workload(self, round: usize) -> Workload {
        let all = match self {
            Self::Changes => {
                [Workload::UserName, Workload::Create, Workload::Get, Workload::Patch, Workload::Nobody, Workload::Put]
            }
            Self::Reads => {
                [Workload::UserName, Workload::Get, Workload::Nobody, Workload::Get, Workload::Email, Workload::Get]
            }
        };
        all[round % all.len()].clone()
    }
}

/// What must come back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected {
    pub(crate) status: u16,
    /// Near the beginning of the body.
    pub(crate) contains: &'static str,
    /// Nowhere in the body.
    pub(crate) lacks: &'static str,
}

const fn expect(status: u16, contains: &'static str) -> Expected {
    Expected { status, contains, lacks: "" }
}

impl Workload {
    /// How many resources one request is about, for figures per resource.
    pub(crate) fn resources(&self) -> usize {
        if *self == Self::Bulk { BULK_OPERATIONS } else { 1 }
    }

    /// Whether it is asked over HTTP/2, by all clients on one connection.
    pub(crate) fn is_http2(&self) -> bool {
        *self == Self::Http2Get
    }

    fn expected(&self, users: usize) -> Expected {
        match self {
            Self::Health | Self::ResourceType | Self::Plain(..) => expect(200, ""),
            Self::Get | Self::Http2Get | Self::Put | Self::Patch | Self::NewToken => expect(200, "\"userName\":\"user"),
            Self::UserName | Self::ExternalId | Self::Email => expect(200, "\"totalResults\":1,"),
            Self::Nobody => expect(200, "\"totalResults\":0"),
            Self::FirstPage | Self::Page(_) | Self::Index(_) if users < 1000 => expect(200, "\"itemsPerPage\":"),
            Self::FirstPage | Self::Page(_) | Self::Index(_) => expect(200, "\"itemsPerPage\":100"),
            Self::Create => expect(201, "\"userName\":\"user"),
            Self::Member(_) | Self::Delete => expect(204, ""),
            Self::Group(_) => expect(200, "\"displayName\""),
            Self::Mixed(_) => expect(0, ""),
            // What failed has a response.
            Self::Bulk => Expected { status: 200, contains: "\"201\"", lacks: "\"response\":" },
        }
    }
}

/// One client of a workload: makes its requests one after the other.
pub(crate) struct Asker {
    target: Arc<Target>,
    workload: Workload,
    request: Request,
    client: usize,
    round: usize,
    random: u64,
}

impl Asker {
    pub(crate) fn new(target: &Arc<Target>, workload: &Workload, client: usize) -> Self {
        let request = match workload {
            Workload::Health | Workload::Plain(..) => Request::elsewhere(&target.address),
            _ => target.request(),
        };
        let mut asker = Self {
            target: Arc::clone(target),
            workload: workload.clone(),
            request,
            client,
            round: 0,
            random: client as u64 * 7919 + 7,
        };
        // The first numbers of such a generator are alike.
        for _ in 0..8 {
            asker.some();
        }
        asker
    }

    pub(crate) fn workload(&self) -> &Workload {
        &self.workload
    }

    pub(crate) fn address(&self) -> &str {
        &self.target.address
    }

    /// The next request, and what must come back; `None` when there is nothing left to ask.
    pub(crate) fn next(&mut self) -> Option<(&[u8], Expected)> {
        let (target, number) = (Arc::clone(&self.target), self.some());
        let digits = user::digits(number);
        let round = self.round;
        self.round += 1;
        let client = self.client;
        let request = &mut self.request;
        let by_id = |number: usize| format!("/Users/{}", user::id(number));
        let found = |attribute: &str, value: &str| format!("/Users?filter={attribute}%20eq%20%22{value}%22");
        let workload = match &self.workload {
            Workload::Mixed(mix) => mix.workload(round + client),
            workload => workload.clone(),
        };
        let expected = workload.expected(target.tenant.users);
        match &workload {
            Workload::Mixed(_) => {}
            Workload::Health => request.write("GET", "/healthz", None),
            Workload::ResourceType => request.write("GET", "/ResourceTypes/User", None),
            Workload::Get | Workload::Http2Get => request.write("GET", &by_id(number), None),
            Workload::UserName => {
                request.write("GET", &found("userName", &format!("user{digits}%40example.com")), None);
            }
            Workload::ExternalId => request.write("GET", &found("externalId", &format!("ext-{digits}")), None),
            Workload::Email => {
                request.write("GET", &found("emails.value", &format!("user{digits}%40example.com")), None);
            }
            Workload::Nobody => {
                request.write("GET", &found("userName", &format!("nobody{digits}%40example.com")), None);
            }
            Workload::FirstPage => request.write("GET", "/Users?count=100", None),
            Workload::Page(cursor) => request.write("GET", &format!("/Users?count=100&cursor={cursor}"), None),
            Workload::Index(index) => request.write("GET", &format!("/Users?count=100&startIndex={index}"), None),
            Workload::Create => {
                let user = target.user(target.created.fetch_add(1, Ordering::Relaxed));
                request.write("POST", "/Users", Some(user.as_bytes()));
            }
            Workload::Put => {
                let user = target.user(number).replace("Engineer\"", &format!("Engineer {client}.{round}\""));
                request.write("PUT", &by_id(number), Some(user.as_bytes()));
            }
            Workload::Patch => {
                let value = format!("Title {client}.{round}");
                let body = patch(&json!({ "op": "replace", "path": "title", "value": value }));
                request.write("PATCH", &by_id(number), Some(body.as_bytes()));
            }
            Workload::Member(group) => {
                // Each client has its own, who comes and goes in turns.
                let member = user::id(target.lasting().saturating_sub(1 + client)).to_string();
                let op = if round.is_multiple_of(2) { "add" } else { "remove" };
                let body = patch(&json!({ "op": op, "path": "members", "value": [{ "value": member }] }));
                request.write("PATCH", &format!("/Groups/{group}"), Some(body.as_bytes()));
            }
            Workload::Group(group) => {
                request.write("GET", &format!("/Groups/{group}?excludedAttributes=members"), None);
            }
            Workload::Bulk => {
                let first = target.created.fetch_add(BULK_OPERATIONS, Ordering::Relaxed);
                let body = bulk((first..first + BULK_OPERATIONS).map(|number| target.user(number)));
                request.write("POST", "/Bulk", Some(body.as_bytes()));
            }
            Workload::Delete => {
                let gone = target.deleted.fetch_add(1, Ordering::Relaxed);
                if target.lasting() + gone >= target.tenant.users {
                    return None;
                }
                request.write("DELETE", &by_id(target.tenant.users - 1 - gone), None);
            }
            Workload::NewToken => {
                let token = target.tokens_seen.fetch_add(1, Ordering::Relaxed);
                if token >= target.tenant.tokens {
                    return None;
                }
                *request = Request::new(&target.address, &target.tenant.slug(), &target.tenant.token(token));
                request.write("GET", &by_id(number), None);
            }
            Workload::Plain(0, answer) => request.write("GET", &format!("/plain/{answer}"), None),
            Workload::Plain(sent, answer) => {
                request.write("POST", &format!("/plain/{answer}"), Some(&vec![b'x'; *sent]));
            }
        }
        Some((self.request.bytes(), expected))
    }

    /// The number of some user.
    fn some(&mut self) -> usize {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.random >> 33).unwrap() % self.target.lasting()
    }
}

fn patch(operation: &Value) -> String {
    json!({ "schemas": [PATCH], "Operations": [operation] }).to_string()
}

/// A bulk request that creates these users.
pub(crate) fn bulk(users: impl Iterator<Item = String>) -> String {
    let mut text = format!("{{\"schemas\":[\"{BULK}\"],\"Operations\":[");
    for (place, user) in users.enumerate() {
        let comma = if place == 0 { "" } else { "," };
        write!(text, "{comma}{{\"method\":\"POST\",\"path\":\"/Users\",\"bulkId\":\"{place}\",\"data\":{user}}}")
            .unwrap();
    }
    text + "]}"
}
