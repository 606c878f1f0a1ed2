//! What requests ask of the database: how many statements, and how often they wait for PostgreSQL's answer.

use serde_json::json;
use service::Scopes;

use super::own_types::define_the_examples;
use crate::harness::{Harness, on_postgres};

/// What is asked, the statements of repositories that it runs on SQLite, those on PostgreSQL, and how often that is
/// waited for (with what begins and ends a transaction, which is sent along).
const EXPECTED: [(&str, u64, u64, u64); 15] = [
    ("get a user", 1, 1, 1),
    ("get a user without groups", 1, 1, 1),
    ("get a group without members", 1, 1, 1),
    ("userName eq ana", 1, 1, 1),
    ("externalId eq ana", 2, 2, 2),
    ("emails.value eq ana@example.com", 2, 2, 2),
    ("userName eq nobody", 1, 1, 1),
    ("first page", 3, 3, 3),
    ("create a user", 5, 2, 2),
    ("patch a user", 5, 5, 4),
    ("add a member, or remove it", 5, 5, 4),
    ("create and delete a user", 15, 12, 5),
    ("create 100 users at once", 401, 2, 2),
    ("get a user without groups, with a token that was not seen before", 4, 4, 4),
    ("serialNumber eq LH-0001, which the tenant has defined and wants indexed", 3, 3, 3),
];

/// Each is asked several times: the first ones prepare their statements.
const TIMES: usize = 6;

struct Costs<'h> {
    harness: &'h Harness,
    found: Vec<(String, u64, u64)>,
}

impl Costs<'_> {
    /// Writes down the least that `request` costs, which is told how often it has been asked before.
    async fn of(&mut self, name: &str, request: impl AsyncFn(usize)) {
        let mut least = (u64::MAX, u64::MAX);
        for time in 0..TIMES {
            let before = self.harness.app.store_stats();
            request(time).await;
            let after = self.harness.app.store_stats();
            least = least.min((after.statements - before.statements, after.round_trips - before.round_trips));
        }
        self.found.push((name.to_owned(), least.0, least.1));
    }
}

#[tokio::test]
async fn requests_ask_little_of_the_database() {
    let harness = Harness::new().await;
    let user = |name: &str| {
        let email = format!("{name}@example.com");
        json!({ "userName": name, "externalId": name, "emails": [{ "value": email }] }).to_string()
    };
    let ana = harness.create("/Users", &user("ana")).await;
    let bob = harness.create("/Users", &user("bob")).await;
    let staff = json!({ "displayName": "Staff", "members": [{ "value": ana }] }).to_string();
    let staff = harness.create("/Groups", &staff).await;
    let mut costs = Costs { harness: &harness, found: Vec::new() };
    let read = async |path: &str| assert_eq!(harness.get(path).await.status, 200);
    let change = async |path: &str, operation: serde_json::Value| {
        let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation] });
        let answer = harness.request("PATCH", &Harness::scim(path)).json(&body.to_string()).send().await;
        assert!(answer.status.is_success(), "{}", answer.body);
    };

    costs.of("get a user", async |_| read(&format!("/Users/{ana}")).await).await;
    costs
        .of("get a user without groups", async |_| read(&format!("/Users/{ana}?excludedAttributes=groups")).await)
        .await;
    costs
        .of("get a group without members", async |_| read(&format!("/Groups/{staff}?excludedAttributes=members")).await)
        .await;
    let filters =
        [("userName", "ana"), ("externalId", "ana"), ("emails.value", "ana@example.com"), ("userName", "nobody")];
    for (attribute, value) in filters {
        let path = format!("/Users?filter={attribute}%20eq%20%22{value}%22");
        costs.of(&format!("{attribute} eq {value}"), async |_| read(&path).await).await;
    }
    costs.of("first page", async |_| read("/Users?count=1").await).await;
    costs.of("create a user", async |time| drop(harness.create("/Users", &user(&format!("user{time}"))).await)).await;
    costs
        .of("patch a user", async |time| {
            change(&format!("/Users/{ana}"), json!({ "op": "replace", "path": "title", "value": time.to_string() }))
                .await;
        })
        .await;
    costs
        .of("add a member, or remove it", async |time| {
            let operation = match time % 2 {
                0 => json!({ "op": "add", "path": "members", "value": [{ "value": bob }] }),
                _ => json!({ "op": "remove", "path": "members", "value": [{ "value": bob }] }),
            };
            change(&format!("/Groups/{staff}"), operation).await;
        })
        .await;
    costs
        .of("create and delete a user", async |_| {
            let made = harness.create("/Users", &user("eve")).await;
            let gone = harness.request("DELETE", &Harness::scim(&format!("/Users/{made}"))).send().await;
            assert_eq!(gone.status, 204, "{}", gone.body);
        })
        .await;
    costs
        .of("create 100 users at once", async |time| {
            let create = |n: u32| {
                let user: serde_json::Value = serde_json::from_str(&user(&format!("bulk{time}_{n}"))).unwrap();
                json!({ "method": "POST", "path": "/Users", "bulkId": n.to_string(), "data": user })
            };
            let operations: Vec<_> = (0..100).map(create).collect();
            let body =
                json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations });
            assert_eq!(harness.post("/Bulk", &body.to_string()).await.status, 200);
        })
        .await;
    let tokens: Vec<String> = {
        let mut tokens = Vec::new();
        for _ in 0..TIMES {
            tokens.push(harness.token_with(Scopes::ALL).await);
        }
        tokens
    };
    costs
        .of("get a user without groups, with a token that was not seen before", async |time| {
            let path = Harness::scim(&format!("/Users/{ana}?excludedAttributes=groups"));
            let answer = harness.request("GET", &path).bearer(&tokens[time]).send().await;
            assert_eq!(answer.status, 200, "{}", answer.body);
        })
        .await;

    define_the_examples(&harness).await;
    let lamp = json!({ "displayName": "Lamp", "active": true, "serialNumber": "LH-0001" }).to_string();
    harness.create("/Devices", &lamp).await;
    costs
        .of("serialNumber eq LH-0001, which the tenant has defined and wants indexed", async |_| {
            read("/Devices?filter=serialNumber%20eq%20%22LH-0001%22").await;
        })
        .await;

    let expected = EXPECTED.map(
        |(name, on_sqlite, on_pg, round_trips)| {
            if on_postgres() { (name, on_pg, round_trips) } else { (name, on_sqlite, 0) }
        },
    );
    let found: Vec<_> =
        costs.found.iter().map(|(name, statements, trips)| (name.as_str(), *statements, *trips)).collect();
    assert_eq!(found, expected);
}
