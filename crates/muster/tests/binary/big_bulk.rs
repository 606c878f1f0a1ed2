//! Bulk requests at the limits that ServiceProviderConfig advertises.

use serde_json::{Value, json};

use crate::process::each_engine;

const OPERATIONS_MAX: usize = 10_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_bulk_request_of_10_000_users_and_13_megabytes_succeeds_and_one_operation_more_does_nothing() {
    each_engine(async |home| {
        let server = home.start();
        let scim = server.scim();
        let config = scim.get("/ServiceProviderConfig").await.assert_status(200).json();
        assert_eq!(config["bulk"]["maxOperations"], OPERATIONS_MAX);

        let too_many = bulk("x", OPERATIONS_MAX + 1);
        let refused = scim.post("/Bulk", &too_many).await.assert_status(413);
        assert_eq!(refused.json()["status"], "413");
        assert_eq!(total_users(&scim).await, 0);

        let largest = bulk("y", OPERATIONS_MAX);
        let bytes = largest.to_string().len();
        assert!((12_500_000..14_000_000).contains(&bytes), "{bytes}");
        let answer = scim.post("/Bulk", &largest).await.assert_status(200).json();

        let entries = answer["Operations"].as_array().unwrap();
        assert_eq!(entries.len(), OPERATIONS_MAX);
        for (n, entry) in entries.iter().enumerate() {
            assert_eq!((&entry["status"], &entry["bulkId"]), (&json!("201"), &json!(format!("y{n}"))));
        }
        assert_eq!(total_users(&scim).await, OPERATIONS_MAX);
        server.stop();
    })
    .await;
}

async fn total_users(scim: &testkit::Client) -> Value {
    scim.get("/Users?count=0").await.assert_status(200).json()["totalResults"].clone()
}

fn bulk(prefix: &str, count: usize) -> Value {
    let operations: Vec<Value> = (0..count).map(|n| create(&format!("{prefix}{n}"))).collect();
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations})
}

/// A user as a provisioning client sends it, of about 1,300 bytes.
fn create(name: &str) -> Value {
    let email = |kind: &str| json!({"value": format!("{name}@{kind}.example.com"), "type": kind, "display": name});
    json!({"method": "POST", "path": "/Users", "bulkId": name, "data": {
        "schemas": [
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        ],
        "userName": name,
        "externalId": format!("00u1a2b3c4d5e6f7g8h9-{name}"),
        "name": {"givenName": "Maximiliane", "familyName": "Featherstonehaugh", "formatted": "Ms. Maximiliane Featherstonehaugh"},
        "displayName": "Maximiliane Featherstonehaugh",
        "title": "Principal Engineer, Identity and Access",
        "nickName": "Max",
        "profileUrl": format!("https://people.example.com/{name}"),
        "preferredLanguage": "en-GB", "locale": "en-GB", "timezone": "Europe/London",
        "emails": [email("work"), email("home")],
        "phoneNumbers": [{"value": "tel:+44-20-7946-0958", "type": "work"}, {"value": "tel:+44-7700-900123", "type": "mobile"}],
        "addresses": [{
            "type": "work", "streetAddress": "100 Universal City Plaza, Building 42, Floor 7", "locality": "London",
            "region": "Greater London", "postalCode": "EC1A 1BB", "country": "GB", "primary": true,
        }],
        "active": true,
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
            "employeeNumber": format!("701984-{name}"), "costCenter": "4130", "organization": "Universal Studios",
            "division": "Theme Park Operations", "department": "Tour Operations and Guest Services",
        },
    }})
}
