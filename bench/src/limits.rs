//! What each workload costs at least: HTTP through a plain route, and its rows without anything around them.
//!
//! Left out of the rows: counts of resources, the request log, the use of tokens. So the limit is a little lower
//! than what a server could reach that keeps them.

mod changes;
mod found;
mod reads;

use std::time::Instant;

use scim::id::Id;

use crate::connection::Connection;
use crate::load::{self, Window};
use crate::plain::PlainServer;
use crate::prepare::Prepared;
use crate::raw::{BATCH, Postgres, Raw, Sqlite};
use crate::results::Limit;
use crate::rows;
use crate::server::Home;
use crate::sizes::CLIENTS;
use crate::suite::Suite;
use crate::user;
use crate::watch::Watched;
use crate::workload::{Asker, Target, Workload};
use found::Found;

/// Resources of a bulk request that share a commit.
const SLICE: usize = 100;
/// Bodies whose sizes differ by less are alike.
const STEP_BYTES: usize = 512;

/// What the server wrote and answered, to do likewise.
pub(crate) struct Samples {
    /// The user of [`user::PATTERN`].
    user: Id,
    /// The group whose members come and go.
    group: Id,
    /// How many bytes the bodies of each row have: sent, and answered.
    bodies: Vec<(&'static str, usize, usize)>,
}

/// Asks once for each row of the table, and makes and changes a user whose rows can be found.
pub(crate) async fn samples(prepared: &Prepared) -> Samples {
    let target = &prepared.main;
    let mut connection = Connection::open(&target.address).await;
    let mut bodies = Vec::new();
    for (name, workload) in rows::all(prepared).into_iter().chain([(rows::DELETE, Workload::Delete)]) {
        let mut asker = Asker::new(prepared.target(&workload), &workload, CLIENTS);
        // What was to be deleted may be gone.
        let (sent, got) = match asker.next() {
            Some((request, _)) => (body_bytes(request), connection.ask(request).await.body.len()),
            None => (0, 0),
        };
        bodies.push((name, sent, got));
    }
    let mut request = target.request();
    request.write("POST", "/Users", Some(user::pattern().to_string().as_bytes()));
    let answer = connection.ask(request.bytes()).await;
    let user: Id = answer.json()["id"].as_str().unwrap_or_else(|| panic!("{}", answer.text())).parse().unwrap();
    let patch = serde_json::json!({ "schemas": [crate::workload::PATCH],
        "Operations": [{ "op": "replace", "path": "title", "value": "Title" }] });
    request.write("PATCH", &format!("/Users/{user}"), Some(patch.to_string().as_bytes()));
    assert_eq!(connection.ask(request.bytes()).await.status, 200);
    let (_, group) = prepared.groups.last().expect("there is a group");
    Samples { user, group: group.parse().unwrap(), bodies }
}

fn body_bytes(request: &[u8]) -> usize {
    let head = request.windows(4).position(|window| window == b"\r\n\r\n").expect("it has an end") + 4;
    request.len() - head
}

/// Measures the limit of each row that was wanted. No server runs.
pub(crate) async fn measure(suite: &Suite<'_>, home: &Home, prepared: &Prepared, samples: &Samples) -> Vec<Limit> {
    let http = http(suite, samples).await;
    let watched = Watched::ourselves(home.postgres_process());
    let measuring = Measuring { suite, prepared, samples, watched };
    let rows = match home.database() {
        None => measuring.run(&mut Sqlite::open(&home.sqlite_file())).await,
        Some(database) => measuring.run(&mut Postgres::open(database).await).await,
    };
    let limit = |(name, http, http_per_second): (&'static str, f64, f64)| {
        let cost = rows.iter().find(|row| row.0 == name).map_or(Cost::default(), |row| row.1);
        Limit { name: name.to_owned(), http, rows: cost.cpu, http_per_second, rows_per_second: cost.per_second }
    };
    http.into_iter().map(limit).collect()
}

/// Of each row: seconds of processor time per 1,000 resources, and resources per second.
async fn http(suite: &Suite<'_>, samples: &Samples) -> Vec<(&'static str, f64, f64)> {
    let server = PlainServer::start();
    let tenant = crate::data::Tenant { number: 0, users: 1, tokens: 1, request_log: None };
    let target = Target::new(&server.address, &tenant);
    let window = Window::of_seconds(suite.sizes.point_seconds);
    let mut known: Vec<(Workload, f64, f64)> = Vec::new();
    let mut all = Vec::new();
    for (name, sent, got) in samples.bodies.iter().copied().filter(|(name, ..)| suite.arguments.wants(name)) {
        let workload = Workload::Plain(sent.next_multiple_of(STEP_BYTES), got.next_multiple_of(STEP_BYTES));
        let (cpu, per_second) = if let Some((_, cpu, per_second)) = known.iter().find(|known| known.0 == workload) {
            (*cpu, *per_second)
        } else {
            let askers = (0..CLIENTS).map(|client| Asker::new(&target, &workload, client)).collect();
            let measured = load::run(askers, window, &server.watched()).await;
            known.push((workload, measured.cpu, measured.per_second));
            (measured.cpu, measured.per_second)
        };
        let resources = if name == rows::BULK { Workload::Bulk.resources() as f64 } else { 1.0 };
        all.push((name, cpu / resources, per_second * resources));
    }
    all
}

/// One of so many users: they jump about.
fn some(round: usize, users: usize) -> usize {
    round.wrapping_mul(2_654_435_761) % users
}

/// What rows cost.
#[derive(Debug, Clone, Copy, Default)]
struct Cost {
    cpu: f64,
    per_second: f64,
}

struct Measuring<'a> {
    suite: &'a Suite<'a>,
    prepared: &'a Prepared,
    samples: &'a Samples,
    watched: Watched,
}

impl Measuring<'_> {
    async fn run(&self, raw: &mut impl Raw) -> Vec<(&'static str, Cost)> {
        let found = Found::find(raw, self).await;
        let mut all = Vec::new();
        for (name, read, part) in found.reads(self) {
            if !self.suite.arguments.wants(name) {
                continue;
            }
            let rounds = self.suite.sizes.raw_rounds.div_ceil(part);
            raw.read(&read, rounds / 4).await;
            all.push((name, self.cost(rounds, raw.read(&read, rounds)).await));
        }
        let rounds = self.suite.sizes.raw_rounds;
        // All write, since some change what others have made.
        let create = found.create();
        all.push((rows::CREATE, self.cost(rounds, raw.write(&create, 0..rounds, BATCH)).await));
        all.push((rows::BULK, self.cost(rounds, raw.write(&create, rounds..2 * rounds, SLICE)).await));
        let patch = self.cost(rounds, raw.write(&found.patch(self.prepared.main.lasting()), 0..rounds, BATCH)).await;
        all.extend([(rows::PUT, patch), (rows::PATCH, patch)]);
        let (come, go) = found.member();
        let half = found.members.len().min(rounds / 2);
        let both = async {
            raw.write(&come, 0..half, BATCH).await;
            raw.write(&go, 0..half, BATCH).await;
        };
        all.push((rows::MEMBER, self.cost(2 * half, both).await));
        all.push((rows::DELETE, self.cost(rounds, raw.write(&found.delete(), 0..rounds, BATCH)).await));
        all
    }

    async fn cost(&self, rounds: usize, work: impl Future<Output = ()>) -> Cost {
        let (begun, before) = (Instant::now(), self.watched.used_ns());
        work.await;
        let (took, used) = (begun.elapsed(), self.watched.used_ns() - before);
        Cost { cpu: used as f64 / 1e9 / rounds as f64 * 1e3, per_second: rounds as f64 / took.as_secs_f64() }
    }
}
