//! What it costs to add one member to a group of 10, 10,000 and 100,000: `cargo bench -p muster`.
//!
//! The real binary over real HTTP, one client, every write on disk before it is acknowledged. The
//! groups take turns, so that a slow moment of the machine falls on all alike; ratios are what
//! counts. Design 2.6: the cost of changing a group does not depend on its size.

#![expect(clippy::unwrap_used, reason = "a benchmark stops at what it does not expect")]

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::Client;

#[path = "../tests/binary/process.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod process;

const SIZES: [usize; 3] = [10, 10_000, 100_000];
const ROUNDS: usize = 400;
const WARM_UP_ROUNDS: usize = 50;
const BULK_OPERATIONS: usize = 10_000;

const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const BULK: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

#[expect(clippy::print_stdout, reason = "the table is what it is run for")]
fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let medians = runtime.block_on(measure());
    println!("members   add, median   to the group of {}", SIZES[0]);
    for (size, median) in SIZES.iter().zip(&medians) {
        let ratio = median.as_secs_f64() / medians[0].as_secs_f64();
        println!("{size:>7}   {:>8.0} us   {ratio:.2}", median.as_secs_f64() * 1e6);
    }
}

async fn measure() -> Vec<Duration> {
    let folder = tempfile::tempdir().unwrap();
    let server = process::Muster::start(folder.path());
    let scim = server.scim();
    let users = create_users(&scim, SIZES[SIZES.len() - 1] + 1).await;
    let (newcomer, members) = users.split_last().unwrap();
    let mut groups = Vec::new();
    for size in SIZES {
        groups.push(create_group(&scim, &members[..size]).await);
    }

    let mut times = vec![Vec::with_capacity(ROUNDS); SIZES.len()];
    for round in 0..WARM_UP_ROUNDS + ROUNDS {
        for (group, times) in groups.iter().zip(&mut times) {
            let begun = Instant::now();
            change(&scim, group, "add", newcomer).await;
            if round >= WARM_UP_ROUNDS {
                times.push(begun.elapsed());
            }
            change(&scim, group, "remove", newcomer).await;
        }
    }
    server.stop();
    times.iter_mut().map(|times| median(times)).collect()
}

async fn change(scim: &Client, group: &str, op: &str, member: &str) {
    let patch =
        json!({"schemas": [PATCH], "Operations": [{"op": op, "path": "members", "value": [{"value": member}]}]});
    scim.patch(&format!("/Groups/{group}"), &patch).await.assert_status(204);
}

async fn create_group(scim: &Client, members: &[String]) -> String {
    let members: Vec<Value> = members.iter().map(|id| json!({"value": id})).collect();
    let group = json!({"schemas": [GROUP], "displayName": format!("group of {}", members.len()), "members": members});
    let created = scim.post("/Groups?attributes=id", &group).await.assert_status(201).json();
    created["id"].as_str().unwrap().to_owned()
}

/// Gives their ids.
async fn create_users(scim: &Client, count: usize) -> Vec<String> {
    let mut ids = Vec::with_capacity(count);
    for begin in (0..count).step_by(BULK_OPERATIONS) {
        let end = count.min(begin + BULK_OPERATIONS);
        let create = |n: usize| {
            let user = json!({"schemas": [USER], "userName": format!("user{n}"), "displayName": format!("User {n}")});
            json!({"method": "POST", "path": "/Users", "bulkId": n.to_string(), "data": user})
        };
        let operations: Vec<Value> = (begin..end).map(create).collect();
        let bulk = json!({"schemas": [BULK], "Operations": operations});
        let answer = scim.post("/Bulk", &bulk).await.assert_status(200).json();
        let entries = answer["Operations"].as_array().unwrap();
        ids.extend(
            entries.iter().map(|entry| entry["location"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()),
        );
    }
    ids
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
