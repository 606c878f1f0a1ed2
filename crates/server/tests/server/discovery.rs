//! `/ServiceProviderConfig`, `/ResourceTypes`, `/Schemas` (RFC 7644 §4).

use crate::harness::Harness;

#[tokio::test]
async fn what_we_say_we_can_do_is_what_holds_for_the_tenant() {
    let harness = Harness::new().await;

    let config = harness.get("/ServiceProviderConfig").await.json();

    assert_eq!(config["patch"]["supported"], true);
    assert_eq!(config["bulk"]["maxOperations"], 10_000);
    assert_eq!(config["bulk"]["maxPayloadSize"], 16 * 1024 * 1024);
    assert_eq!(config["filter"]["maxResults"], 1000);
    assert_eq!(config["etag"]["supported"], true);
    assert_eq!(config["sort"]["supported"], true);
}

#[tokio::test]
async fn types_and_schemas_are_listed_and_found_by_name() {
    let harness = Harness::new().await;
    let user = "urn:ietf:params:scim:schemas:core:2.0:User";

    let types = harness.get("/ResourceTypes").await.json();
    let schemas = harness.get("/Schemas").await.json();

    assert_eq!(types["Resources"][0]["id"], "User");
    assert_eq!(harness.get("/ResourceTypes/Group").await.json()["endpoint"], "/Groups");
    assert_eq!(harness.get(&format!("/Schemas/{user}")).await.json()["id"], user);
    assert!(schemas["totalResults"].as_u64().unwrap() >= 3);
    assert_eq!(harness.get("/Schemas/urn:none").await.scim_error(), "404");
    assert_eq!(harness.get("/ResourceTypes/None").await.scim_error(), "404");
}

#[tokio::test]
async fn discovery_takes_no_filter() {
    let harness = Harness::new().await;

    for path in ["/ServiceProviderConfig", "/ResourceTypes", "/Schemas", "/ResourceTypes/User"] {
        let answer = harness.get(&format!("{path}?filter=id+pr")).await;

        assert_eq!(answer.scim_error(), "403", "{path}");
    }
}
