//! What is asked for.

use serde_json::{Value, json};

use crate::harness::Harness;

/// A kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Path {
    Get,
    GroupWithoutMembers,
    UserName,
    Email,
    Nobody,
    FirstPage,
    Create,
    Replace,
    Patch,
    Member,
    Bulk,
    Delete,
}

/// Users that are there before.
const USERS: usize = 200;

impl Path {
    pub(crate) const ALL: [Self; 12] = [
        Self::Get,
        Self::GroupWithoutMembers,
        Self::UserName,
        Self::Email,
        Self::Nobody,
        Self::FirstPage,
        Self::Create,
        Self::Replace,
        Self::Patch,
        Self::Member,
        Self::Bulk,
        Self::Delete,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Get => "get a user",
            Self::GroupWithoutMembers => "get a group without its members",
            Self::UserName => "find a user by userName",
            Self::Email => "find a user by emails.value",
            Self::Nobody => "find nobody by userName",
            Self::FirstPage => "list 100 users",
            Self::Create => "create a user",
            Self::Replace => "replace a user",
            Self::Patch => "patch a user",
            Self::Member => "add a member, or remove it",
            Self::Bulk => "create 10 users by bulk",
            Self::Delete => "delete a user",
        }
    }
}

/// Makes the data, and then asks so many times.
pub(crate) fn ask(path: Path, times: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let harness = Harness::new().await;
        let mut ids = Vec::new();
        for number in 0..USERS {
            ids.push(harness.create("/Users", &user(&format!("old{number}")).to_string()).await);
        }
        let members: Vec<Value> = ids.iter().take(50).map(|id| json!({ "value": id })).collect();
        let group = json!({ "displayName": "Staff", "members": members }).to_string();
        let group = harness.create("/Groups", &group).await;
        harness.app.flush_request_log().await.unwrap();
        for time in 0..times {
            once(&harness, path, time, &ids, &group).await;
        }
        harness.app.flush_request_log().await.unwrap();
    });
}

async fn once(harness: &Harness, path: Path, time: usize, ids: &[String], group: &str) {
    let id = &ids[time % ids.len()];
    let (method, at, body) = match path {
        Path::Get => ("GET", format!("/Users/{id}"), None),
        Path::GroupWithoutMembers => ("GET", format!("/Groups/{group}?excludedAttributes=members"), None),
        Path::UserName => ("GET", found("userName", &format!("old{time}@example.com")), None),
        Path::Email => ("GET", found("emails.value", &format!("old{time}@example.com")), None),
        Path::Nobody => ("GET", found("userName", &format!("nobody{time}@example.com")), None),
        Path::FirstPage => ("GET", "/Users?count=100".to_owned(), None),
        Path::Create => ("POST", "/Users".to_owned(), Some(user(&format!("new{time}")))),
        Path::Replace => ("PUT", format!("/Users/{id}"), Some(user(&format!("other{time}")))),
        Path::Patch => ("PATCH", format!("/Users/{id}"), Some(change("replace", "title", &json!(format!("T{time}"))))),
        Path::Member => {
            let op = if time.is_multiple_of(2) { "add" } else { "remove" };
            let member = json!([{ "value": ids[USERS - 1] }]);
            ("PATCH", format!("/Groups/{group}"), Some(change(op, "members", &member)))
        }
        Path::Bulk => ("POST", "/Bulk".to_owned(), Some(bulk(time))),
        Path::Delete => ("DELETE", format!("/Users/{id}"), None),
    };
    let request = harness.request(method, &Harness::scim(&at));
    let request = match &body {
        Some(body) => request.json(&body.to_string()),
        None => request,
    };
    let answer = request.send().await;
    assert!(answer.status.is_success(), "{method} {at}: {}", answer.body);
}

fn found(attribute: &str, value: &str) -> String {
    format!("/Users?filter={attribute}%20eq%20%22{}%22", value.replace('@', "%40"))
}

fn change(op: &str, path: &str, value: &Value) -> Value {
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{ "op": op, "path": path, "value": value }] })
}

fn bulk(time: usize) -> Value {
    let operation = |number: usize| {
        json!({ "method": "POST", "path": "/Users", "bulkId": number.to_string(),
                "data": user(&format!("bulk{time}_{number}")) })
    };
    let operations: Vec<Value> = (0..10).map(operation).collect();
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations })
}

/// A user of 1.2 KB.
fn user(name: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User",
                    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
        "userName": format!("{name}@example.com"), "externalId": format!("ext-{name}"), "active": true,
        "name": { "givenName": "Given", "familyName": format!("Family{name}"), "formatted": format!("Given {name}") },
        "displayName": format!("Given {name}"), "title": "Engineer", "preferredLanguage": "en-US", "locale": "en-US",
        "timezone": "Europe/Berlin", "userType": "Employee",
        "emails": [{ "value": format!("{name}@example.com"), "type": "work", "primary": true },
                   { "value": format!("{name}@home.example.org"), "type": "home" }],
        "phoneNumbers": [{ "value": "+49 30 1234567", "type": "work" }],
        "addresses": [{ "type": "work", "streetAddress": "Street 1", "locality": "Berlin", "postalCode": "10115",
                        "country": "DE" }],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":
            { "employeeNumber": name, "department": "Engineering", "organization": "Example", "costCenter": "4130" },
    })
}
