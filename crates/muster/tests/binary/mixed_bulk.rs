//! A bulk request of everything at once (RFC 7644 section 3.7.3): entries in request order, each with what it
//! came to.

use serde_json::{Value, json};

use crate::process::each_engine;

const BLOCKS: usize = 10;

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_operations_of_all_kinds_some_failing_are_answered_in_request_order() {
    each_engine(async |home| {
        let server = home.start();
        let scim = server.scim();
        let operations: Vec<Value> = (0..BLOCKS).flat_map(block).collect();
        let request =
            json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations});

        let answer = scim.post("/Bulk", &request).await.assert_status(200);

        let body = answer.json();
        assert_eq!(body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:BulkResponse"]));
        let entries = body["Operations"].as_array().unwrap();
        assert_eq!(entries.len(), operations.len());
        let blocks = entries.chunks(operations.len() / BLOCKS).enumerate();
        let mut told: Vec<String> = blocks
            .map(|(n, entries)| entries.iter().map(|entry| tell(entry, n)).collect::<Vec<_>>().join("\n"))
            .collect();
        told.dedup();
        assert_eq!(told.len(), 1, "each block ends alike: {told:#?}");
        insta::allow_duplicates! {
            insta::assert_snapshot!(told[0], @r#"
                POST 201 g W/"1" a group - -
                POST 201 a W/"1" a user - -
                POST 201 b W/"1" a user - -
                PUT 200 - W/"1" a user - -
                PATCH 200 - W/"2" a user - -
                PATCH 412 - - a user - the resource has changed: it is at version W/"2"
                POST 409 c - - uniqueness userName: another resource has this value already
                POST 409 h - - - operation N7 of the request, which this one refers to, failed
                DELETE 404 - - a user - no such resource
                DELETE 204 - - a user - -
                "#);
        }
        assert_eq!(scim.get("/Groups").await.json()["totalResults"], BLOCKS);
        assert_eq!(scim.get("/Users").await.json()["totalResults"], BLOCKS);
        server.stop();
    })
    .await;
}

/// Ten operations that refer to each other and to what fails.
fn block(n: usize) -> Vec<Value> {
    let user = |name: &str| json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name});
    let group = |name: &str, member: &str| {
        json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": name,
               "members": [{"value": member}]})
    };
    let title = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                       "Operations": [{"op": "replace", "path": "title", "value": "Dr."}]});
    let (a, b) = (format!("a{n}"), format!("b{n}"));
    vec![
        json!({"method": "POST", "path": "/Groups", "bulkId": format!("g{n}"), "data": group(&format!("G{n}"), &format!("bulkId:{a}"))}),
        json!({"method": "POST", "path": "/Users", "bulkId": a, "data": user(&a)}),
        json!({"method": "POST", "path": "/Users", "bulkId": b, "data": user(&b)}),
        json!({"method": "PUT", "path": format!("/Users/bulkId:{a}"), "version": "W/\"1\"", "data": user(&a)}),
        json!({"method": "PATCH", "path": format!("/Users/bulkId:{a}"), "data": title}),
        json!({"method": "PATCH", "path": format!("/Users/bulkId:{a}"), "version": "W/\"1\"", "data": title}),
        json!({"method": "POST", "path": "/Users", "bulkId": format!("c{n}"), "data": user(&a.to_uppercase())}),
        json!({"method": "POST", "path": "/Groups", "bulkId": format!("h{n}"), "data": group(&format!("H{n}"), &format!("bulkId:c{n}"))}),
        json!({"method": "DELETE", "path": "/Users/usr_0000000000000000000000000Z"}),
        json!({"method": "DELETE", "path": format!("/Users/bulkId:{b}")}),
    ]
}

/// Method, status, bulkId, version, kind of location, scimType and detail of an entry; what numbers its block
/// left out.
fn tell(entry: &Value, block: usize) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let location =
        entry["location"].as_str().map_or("-", |url| if url.contains("/Users/") { "a user" } else { "a group" });
    let response = &entry["response"];
    // A failure has its error, with the same status; a success has none (RFC 7644 section 3.7.3).
    let failed = !text(&entry["status"]).starts_with('2');
    assert_eq!(failed, response.is_object(), "{entry}");
    assert!(!failed || response["status"] == entry["status"], "{entry}");
    format!(
        "{} {} {} {} {location} {} {}",
        text(&entry["method"]),
        text(&entry["status"]),
        text(&entry["bulkId"]).trim_end_matches(&block.to_string()),
        text(&entry["version"]),
        text(&response["scimType"]),
        text(&response["detail"]).replace(&format!("operation {}7", numeral(block)), "operation N7"),
    )
}

/// The tens of a number, as it is written: nothing for none.
fn numeral(tens: usize) -> String {
    if tens == 0 { String::new() } else { tens.to_string() }
}
