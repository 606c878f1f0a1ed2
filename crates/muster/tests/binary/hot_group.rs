//! Many clients add members to one group at the same time.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use testkit::Client;

use crate::process::each_engine;

const CLIENTS: usize = 64;
const MEMBERS_EACH: usize = 100;

#[tokio::test(flavor = "multi_thread")]
async fn members_that_64_clients_add_to_one_group_at_the_same_time_are_all_there() {
    each_engine(async |home| {
        let server = home.start();
        let scim = server.scim();
        let group = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Everybody"});
        let group = scim.post("/Groups", &group).await.assert_status(201).json()["id"].as_str().unwrap().to_owned();
        let users = create_users(&scim, CLIENTS * MEMBERS_EACH).await;

        let clients: Vec<_> = users
            .chunks(MEMBERS_EACH)
            .map(|mine| tokio::spawn(add_one_by_one(scim.clone(), group.clone(), mine.to_vec())))
            .collect();
        for client in clients {
            client.await.unwrap();
        }

        let group = scim.get(&format!("/Groups/{group}")).await.assert_status(200).json();
        let members: BTreeSet<&str> =
            group["members"].as_array().unwrap().iter().map(|member| member["value"].as_str().unwrap()).collect();
        assert_eq!(members, users.iter().map(String::as_str).collect());
        // Each addition moved the version by one; none was lost.
        assert_eq!(group["meta"]["version"], format!("W/\"{}\"", users.len() + 1));
        server.stop();
    })
    .await;
}

async fn add_one_by_one(scim: Client, group: String, users: Vec<String>) {
    for user in users {
        scim.patch(&format!("/Groups/{group}"), &add_member(&user)).await.assert_status(204);
    }
}

pub(crate) fn add_member(id: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "add", "path": "members", "value": [{"value": id}]}],
    })
}

/// Makes users by one bulk request; gives their ids.
pub(crate) async fn create_users(scim: &Client, count: usize) -> Vec<String> {
    let operations: Vec<Value> = (0..count)
        .map(|n| {
            json!({"method": "POST", "path": "/Users", "bulkId": n.to_string(), "data": {
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": format!("user{n}")}})
        })
        .collect();
    let bulk = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations});
    let answer = scim.post("/Bulk", &bulk).await.assert_status(200).json();
    let location = |entry: &Value| entry["location"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    answer["Operations"].as_array().unwrap().iter().map(location).collect()
}
