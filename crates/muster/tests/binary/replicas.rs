//! Several servers on one PostgreSQL database, and many clients that all want the same things.

use std::collections::{BTreeMap, BTreeSet};

use http::header::IF_MATCH;
use http::{HeaderMap, Method};
use serde_json::{Value, json};
use testkit::Client;

use crate::expected::version;
use crate::hot_group::{add_member, create_users};
use crate::process::{Home, Muster};

const SERVERS: usize = 3;
const CLIENTS: usize = 64;
const MEMBERS_EACH: usize = 10;
/// Users that all clients change.
const SHARED: usize = 4;
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

#[tokio::test(flavor = "multi_thread")]
async fn what_64_clients_ask_of_three_servers_at_the_same_time_is_all_done_and_each_version_has_one_winner() {
    let home = Home::postgres();
    let servers: Vec<Muster> = (0..SERVERS).map(|_| home.start()).collect();
    let scim = servers[0].scim();
    let group = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Everybody"});
    let group = scim.post("/Groups", &group).await.assert_status(201).json()["id"].as_str().unwrap().to_owned();
    let mut users = create_users(&scim, CLIENTS * MEMBERS_EACH + SHARED).await;
    let shared = users.split_off(CLIENTS * MEMBERS_EACH);

    let clients = users.chunks(MEMBERS_EACH).enumerate().map(|(number, mine)| {
        let scim = servers[number % SERVERS].scim();
        tokio::spawn(work(scim, number, group.clone(), mine.to_vec(), shared[number % SHARED].clone()))
    });
    let mut won = BTreeMap::new();
    let mut lost = 0;
    for client in clients.collect::<Vec<_>>() {
        let done = client.await.unwrap();
        lost += done.lost;
        for (version, title) in done.won {
            let before = won.insert(version.clone(), title);
            assert_eq!(before, None, "{version:?} has two winners");
        }
    }

    // Each server sees the same.
    for server in &servers {
        let scim = server.scim();
        let group = scim.get(&format!("/Groups/{group}")).await.assert_status(200).json();
        let members: BTreeSet<&str> =
            group["members"].as_array().unwrap().iter().map(|member| member["value"].as_str().unwrap()).collect();
        assert_eq!(members, users.iter().map(String::as_str).collect());
        assert_eq!(group["meta"]["version"], format!("W/\"{}\"", users.len() + 1));
        for user in &shared {
            let now = scim.get(&format!("/Users/{user}")).await.assert_status(200).json();
            let wins: Vec<_> = won.iter().filter(|((of, _), _)| of == user).collect();
            // Versions 1, 2, 3, … were each replaced by one who had named them, and the last one's word holds.
            let versions: Vec<u64> = wins.iter().map(|((_, version), _)| *version).collect();
            assert_eq!(versions, (1..=u64::try_from(wins.len()).unwrap()).collect::<Vec<_>>());
            assert_eq!(now["meta"]["version"], format!("W/\"{}\"", wins.len() + 1));
            assert_eq!(now["title"], wins.last().unwrap().1.as_str());
        }
    }
    println!("{} members added; {} versions won, {lost} attempts lost", users.len(), won.len());
    assert_eq!(won.len() + lost, CLIENTS * MEMBERS_EACH);
    assert!(lost > 0, "they were never in each other's way");
    servers.into_iter().for_each(Muster::stop);
}

/// What became of one client's attempts to change a user whose version it named.
#[derive(Default)]
struct Done {
    /// User and version that were replaced, and the title that was written.
    won: Vec<((String, u64), String)>,
    lost: usize,
}

/// Adds members one by one, and after each tries to change a user.
async fn work(scim: Client, number: usize, group: String, users: Vec<String>, shared: String) -> Done {
    let mut done = Done::default();
    for (step, user) in users.into_iter().enumerate() {
        scim.patch(&format!("/Groups/{group}"), &add_member(&user)).await.assert_status(204);

        let path = format!("/Users/{shared}");
        let etag = scim.get(&path).await.assert_status(200).header("etag");
        let title = format!("client {number}, step {step}");
        let mut headers = HeaderMap::new();
        headers.insert(IF_MATCH, etag.parse().unwrap());
        let answer = scim.send(Method::PATCH, &path, headers, Some(&replace_title(&title))).await.unwrap();
        if answer.status == 200 {
            done.won.push(((shared.clone(), version(&etag)), title));
        } else {
            answer.assert_status(412);
            done.lost += 1;
        }
    }
    done
}

fn replace_title(title: &str) -> Value {
    json!({"schemas": [PATCH], "Operations": [{"op": "replace", "path": "title", "value": title}]})
}
