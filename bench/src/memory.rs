//! Memory while large bulk requests run at the same time.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use crate::connection::Connection;
use crate::results::MemoryRun;
use crate::server::Server;
use crate::sizes::Sizes;
use crate::user;
use crate::watch::Memory;
use crate::workload::{Target, bulk};

/// Requests at a time.
const SENDERS: usize = 16;

/// How often memory is looked at meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Operations that a bulk request may have at most.
const OPERATIONS_MAX: usize = 10_000;

/// Numbers of users that no other workload creates.
const FIRST: usize = 80_000_000;

pub(crate) async fn run(sizes: &Sizes, server: &Server, target: &Arc<Target>, idle: Memory) -> MemoryRun {
    let loaded = server.watched.memory();
    server.watched.forget_peak();
    let operations = OPERATIONS_MAX.min(sizes.bulk_bytes / 1000);
    let senders = (0..SENDERS).map(|sender| {
        let (target, bytes) = (Arc::clone(target), sizes.bulk_bytes);
        tokio::spawn(async move {
            let body = padded(FIRST + sender * operations, operations, bytes);
            insist(&target, &body).await
        })
    });
    let mut sent = join_all(senders);
    let mut bulks = Memory::default();
    // The peak of what is resident is known afterwards, that of what is its own only meanwhile.
    let answers = loop {
        let ended = tokio::time::timeout(LOOK_EVERY, &mut sent).await;
        let now = server.watched.memory();
        bulks = Memory { own: bulks.own.max(now.own), ..now };
        if let Ok(answers) = ended {
            break answers;
        }
    };
    let put_off = answers.into_iter().map(Result::unwrap).sum();
    let mib = |bytes: u64| bytes / 1024 / 1024;
    let all = [idle.own, loaded.own, bulks.own].map(mib);
    eprintln!("  its own memory, MiB: idle {}, loaded {}, at most with 16 bulk requests {}", all[0], all[1], all[2]);
    MemoryRun { idle, loaded, bulks, bulk_bytes: sizes.bulk_bytes, bulks_done: SENDERS, bulks_put_off: put_off }
}

/// Creates so many users by bulk requests.
pub(crate) async fn create(target: &Target, users: usize) {
    const EACH: usize = 1000;
    for first in (0..users).step_by(EACH) {
        let body = bulk((FIRST + first..FIRST + users.min(first + EACH)).map(user));
        assert_eq!(send(target, &body).await, None);
    }
}

/// Sends it until it is done; gives how many times it was put off.
async fn insist(target: &Target, body: &str) -> usize {
    let mut put_off = 0;
    while let Some(pause) = send(target, body).await {
        put_off += 1;
        tokio::time::sleep(pause).await;
    }
    put_off
}

/// `None` when it was done, or after how long to come again.
async fn send(target: &Target, body: &str) -> Option<Duration> {
    let mut connection = Connection::open(&target.address).await;
    let mut request = target.request();
    request.write("POST", "/Bulk", Some(body.as_bytes()));
    let answer = connection.ask(request.bytes()).await;
    if [429, 503].contains(&answer.status) {
        return Some(Duration::from_secs(answer.retry_after.expect("it says when to come again")));
    }
    let done = answer.status == 200 && !answer.text().contains("\"response\":");
    assert!(done, "{} {:.500}", answer.status, answer.text());
    None
}

fn user(number: usize) -> String {
    user::pattern().to_string().replace(user::PATTERN, &user::digits(number))
}

/// A bulk request of nearly so many bytes.
fn padded(first: usize, operations: usize, bytes: usize) -> String {
    let bare = bulk((first..first + operations).map(user));
    let room = bytes.saturating_sub(bare.len()) / operations;
    let padding = "x".repeat(room.saturating_sub(1));
    bulk(
        (first..first + operations)
            .map(|number| user(number).replace("\"Engineer\"", &format!("\"Engineer{padding}\""))),
    )
}
