//! PostgreSQL goes away under a running server and comes back: as long as that lasts, requests are
//! answered that they may be tried again, and nothing has to be started anew.

use std::sync::Arc;

use serde_json::{Value, json};
use testdb::Cluster;
use testkit::{Answer, Client};
use tokio::sync::Semaphore;

use crate::process::{Home, Muster};

const CLIENTS: usize = 16;

/// A server on a PostgreSQL of its own, which is never given back: the process ends soon.
fn cluster() -> &'static Cluster {
    Box::leak(Box::new(Cluster::start(&["fsync=on", "synchronous_commit=on"])))
}

fn user(name: &str) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name})
}

/// What is outside of SCIM, without a credential.
fn root(server: &Muster) -> Client {
    Client::new(server.credentials()["base_url"].as_str().unwrap())
}

/// Status, body and whether the client is told when to try again.
fn told(answer: &Answer) -> String {
    let retry = answer.headers.get("retry-after").map_or("never", |value| value.to_str().unwrap());
    let kind = answer.headers.get("content-type").map_or("-", |value| value.to_str().unwrap());
    let text = answer.text();
    let text = text.split_once(" (request id req_").map_or(text.as_str(), |(before, _)| before);
    format!("{} {kind}, retry after {retry}: {text}\n", answer.status.as_u16())
}

/// Makes users until one is not made; gives the names of those that were, and what came then.
async fn create_until_refused(scim: Client, client: usize, made: Arc<Semaphore>) -> (Vec<String>, Answer) {
    let mut names = Vec::new();
    loop {
        let name = format!("c{client}n{}", names.len());
        let answer = scim.post("/Users", &user(&name)).await;
        if answer.status != 201 {
            return (names, answer);
        }
        names.push(name);
        made.add_permits(1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_postgres_costs_errors_that_say_when_to_try_again_and_only_while_it_lasts() {
    let cluster = cluster();
    let home = Home::on(cluster.database());
    let server = home.start();
    let (scim, root) = (server.scim(), root(&server));
    let made = Arc::new(Semaphore::new(0));
    let load: Vec<_> = (0..CLIENTS)
        .map(|client| tokio::spawn(create_until_refused(scim.clone(), client, Arc::clone(&made))))
        .collect();
    made.acquire_many(100).await.unwrap().forget();

    cluster.crash();

    let mut acknowledged = Vec::new();
    for client in load {
        let (names, refusal) = client.await.unwrap();
        acknowledged.extend(names);
        assert_eq!(refusal.status, 503, "{}", refusal.text());
    }
    let group = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Staff"});
    let bulk = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [{"method": "POST", "path": "/Groups", "bulkId": "g", "data": group}]});
    let meanwhile = [
        told(&scim.get("/Users").await),
        told(&scim.get("/Users?filter=title%20co%20%22x%22").await),
        told(&scim.post("/Groups", &group).await),
        told(&scim.post("/Bulk", &bulk).await),
        told(&root.get("/readyz").await),
        told(&root.get("/healthz").await),
    ];
    insta::assert_snapshot!(meanwhile.concat(), @r#"
503 application/scim+json, retry after 2: {"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"503","detail":"The database is too busy or not reachable. Try again in a moment
503 application/scim+json, retry after 2: {"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"503","detail":"The database is too busy or not reachable. Try again in a moment
503 application/scim+json, retry after 2: {"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"503","detail":"The database is too busy or not reachable. Try again in a moment
503 application/scim+json, retry after 2: {"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"503","detail":"The database is too busy or not reachable. Try again in a moment
503 application/json, retry after 2: {"detail":"The database is too busy or not reachable. Try again in a moment
200 application/json, retry after never: {"status":"ok"}
"#);

    cluster.start_again();

    // At the first try, for more clients than there are connections, all of which are broken.
    let after: Vec<_> = (0..CLIENTS * 4)
        .map(|n| {
            let scim = scim.clone();
            tokio::spawn(async move {
                if n % 2 == 0 {
                    scim.get("/Users?count=1").await
                } else {
                    scim.post("/Users", &user(&format!("after{n}"))).await
                }
            })
        })
        .collect();
    for answer in after {
        let answer = answer.await.unwrap();
        assert!(answer.status.is_success(), "{}", answer.text());
    }
    root.get("/readyz").await.assert_status(200);
    for name in acknowledged {
        let found = scim.get(&format!("/Users?filter=userName%20eq%20%22{name}%22")).await.assert_status(200).json();
        assert_eq!(found["totalResults"], 1, "{name}");
    }
    server.stop();
    home.check();
}
