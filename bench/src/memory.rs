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
            send(&target, &body, true).await
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
    let done = answers.into_iter().filter(|done| *done.as_ref().unwrap()).count();
    let mib = |bytes: u64| bytes / 1024 / 1024;
    let all = [idle.own, loaded.own, bulks.own].map(mib);
    eprintln!("  its own memory, MiB: idle {}, loaded {}, at most with 16 bulk requests {}", all[0], all[1], all[2]);
    MemoryRun { idle, loaded, bulks, bulk_bytes: sizes.bulk_bytes, bulks_done: done, bulks_put_off: SENDERS - done }
}

/// Creates so many users by bulk requests.
pub(crate) async fn create(target: &Target, users: usize) {
    const EACH: usize = 1000;
    for first in (0..users).step_by(EACH) {
        let body = bulk((FIRST + first..FIRST + users.min(first + EACH)).map(user));
        assert!(send(target, &body, false).await);
    }
}

/// Whether it was done. It may be told to come again later, if that is allowed.
async fn send(target: &Target, body: &str, may_be_put_off: bool) -> bool {
    let mut connection = Connection::open(&target.address).await;
    let mut request = target.request();
    request.write("POST", "/Bulk", Some(body.as_bytes()));
    let answer = connection.ask(request.bytes()).await;
    let put_off = may_be_put_off && [429, 503].contains(&answer.status);
    let done = answer.status == 200 && !answer.text().contains("\"response\":");
    assert!(done || put_off, "{} {:.500}", answer.status, answer.text());
    done
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
