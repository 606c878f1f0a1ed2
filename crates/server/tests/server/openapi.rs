//! The document says everything that there is.

use server::ROUTES;

use crate::harness::Harness;

#[tokio::test]
async fn every_route_is_in_the_document() {
    let harness = Harness::new().await;
    let document = harness.request("GET", "/openapi.json").without("authorization").send().await.json();
    let paths = document["paths"].as_object().unwrap();
    let plain = |path: &str| path.trim_end_matches('/').to_owned();

    for route in ROUTES {
        for path in ["Users", "Groups", "{endpoint}"].map(|endpoint| plain(&route.path.replace("{endpoint}", endpoint)))
        {
            let item = paths.iter().find(|(known, _)| plain(known) == path).map(|(_, item)| item);
            let operation = item.and_then(|item| item.get(route.method.to_lowercase()));

            assert!(operation.is_some(), "{} {path} is missing", route.method);
        }
    }
}

#[tokio::test]
async fn the_bulk_endpoint_is_described_as_its_contract_has_it() {
    let harness = Harness::new().await;

    let document = harness.request("GET", "/openapi.json").send().await.json();

    let bulk = &document["paths"]["/api/v1/tenants/{tenant_id}/scim/v2/Bulk"]["post"];
    assert_eq!(bulk["summary"], "Bulk Operation");
    let shape = |status: &str| &bulk["responses"][status]["content"]["application/json"]["schema"]["$ref"];
    assert_eq!(shape("200"), "#/components/schemas/SCIMBulkResponse");
    assert_eq!(shape("422"), "#/components/schemas/HTTPValidationError");
    let shapes = document["components"]["schemas"].as_object().unwrap();
    for name in ["SCIMBulkRequest", "SCIMBulkOperation", "SCIMBulkResponse", "SCIMBulkResponseOperation"] {
        assert!(shapes.contains_key(name), "{name}");
    }
}

#[tokio::test]
async fn every_shape_that_is_named_is_there() {
    let harness = Harness::new().await;
    let answer = harness.request("GET", "/openapi.json").send().await;
    let document = answer.json();

    for named in answer.body.split("\"#/components/schemas/").skip(1) {
        let name = named.split('"').next().unwrap();
        assert!(document["components"]["schemas"].get(name).is_some(), "{name}");
    }
}

#[tokio::test]
async fn the_page_is_shown_to_everybody_and_loads_nothing() {
    let harness = Harness::new().await;

    let page = harness.request("GET", "/docs").without("authorization").send().await;

    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
    assert!(page.body.contains("SCIM Bulk"));
}
