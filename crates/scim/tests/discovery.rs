//! Discovery (RFC 7644 §4): what is said about the service, and that it is true.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use scim::ScimError;
use scim::discovery::{Offer, check_query, resource_type, resource_types, schema, schemas, service_provider_config};
use scim::json::Json;
use scim::schema::core;

const BASE: &str = "https://example.com/scim/v2";

fn read(text: &str) -> Json {
    serde_json::from_str(text).unwrap()
}

#[test]
fn the_configuration_says_what_is_offered() {
    let offer = Offer {
        bulk_operations_max: 10_000,
        bulk_payload_bytes_max: 16 << 20,
        page_size_default: 100,
        page_size_max: 1000,
        documentation_uri: Some("https://example.com/help".into()),
    };

    let config = read(&service_provider_config(BASE, &offer));

    insta::assert_snapshot!(format!("{config:#}"), @r#"
    {
      "schemas": [
        "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
      ],
      "patch": {
        "supported": true
      },
      "bulk": {
        "supported": true,
        "maxOperations": 10000,
        "maxPayloadSize": 16777216
      },
      "filter": {
        "supported": true,
        "maxResults": 1000
      },
      "changePassword": {
        "supported": true
      },
      "sort": {
        "supported": true
      },
      "etag": {
        "supported": true
      },
      "pagination": {
        "cursor": true,
        "index": true,
        "defaultPaginationMethod": "index",
        "defaultPageSize": 100,
        "maxPageSize": 1000
      },
      "authenticationSchemes": [
        {
          "type": "oauthbearertoken",
          "name": "OAuth Bearer Token",
          "description": "A SCIM token of the tenant, or an access token from its token endpoint, in the header 'Authorization: Bearer'",
          "specUri": "https://www.rfc-editor.org/info/rfc6750",
          "primary": true
        }
      ],
      "meta": {
        "resourceType": "ServiceProviderConfig",
        "location": "https://example.com/scim/v2/ServiceProviderConfig"
      },
      "documentationUri": "https://example.com/help"
    }
    "#);
}

#[test]
fn resource_types_are_listed_and_found_by_name() {
    let registry = core::registry();

    let all = read(&resource_types(BASE, &registry));
    let user = read(&resource_type(BASE, &registry, "User").unwrap());

    insta::assert_snapshot!(format!("{all:#}"), @r#"
    {
      "schemas": [
        "urn:ietf:params:scim:api:messages:2.0:ListResponse"
      ],
      "totalResults": 2,
      "itemsPerPage": 2,
      "startIndex": 1,
      "Resources": [
        {
          "schemas": [
            "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
          ],
          "id": "User",
          "name": "User",
          "endpoint": "/Users",
          "description": "People and other account holders",
          "schema": "urn:ietf:params:scim:schemas:core:2.0:User",
          "schemaExtensions": [
            {
              "schema": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
              "required": false
            }
          ],
          "meta": {
            "resourceType": "ResourceType",
            "location": "https://example.com/scim/v2/ResourceTypes/User"
          }
        },
        {
          "schemas": [
            "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
          ],
          "id": "Group",
          "name": "Group",
          "endpoint": "/Groups",
          "description": "Sets of users and of other groups",
          "schema": "urn:ietf:params:scim:schemas:core:2.0:Group",
          "meta": {
            "resourceType": "ResourceType",
            "location": "https://example.com/scim/v2/ResourceTypes/Group"
          }
        }
      ]
    }
    "#);
    assert_eq!(user, all["Resources"][0]);
    assert!(matches!(resource_type(BASE, &registry, "Robot"), Err(ScimError::NotFound(_))));
}

#[test]
fn schemas_are_listed_and_found_by_urn_in_any_spelling() {
    let registry = core::registry();

    let all = read(&schemas(BASE, &registry));
    let group = read(&schema(BASE, &registry, &core::GROUP.to_uppercase()).unwrap());

    assert_eq!(all["totalResults"], 6);
    assert_eq!(group["id"], core::GROUP);
    assert_eq!(group["meta"]["location"], format!("{BASE}/Schemas/{}", core::GROUP));
    assert!(all["Resources"].as_array().unwrap().contains(&group));
    assert!(matches!(schema(BASE, &registry, "urn:x"), Err(ScimError::NotFound(_))));
}

#[test]
fn marks_of_our_own_are_not_shown() {
    let text = schemas(BASE, &core::registry());

    for mark in ["\"relation\"", "\"indexed\"", "\"secret\""] {
        assert!(!text.contains(mark), "{mark}");
    }
}

/// Whoever reads our configuration by its schema must not meet what the schema does not know.
#[test]
fn the_configuration_fits_its_own_schema() {
    fn check(values: &Json, attributes: &Json, place: &str) {
        for (name, value) in values.as_object().unwrap() {
            let attribute = attributes.as_array().unwrap().iter().find(|attribute| attribute["name"] == **name);
            let Some(attribute) = attribute else { panic!("the schema does not know {place}{name}") };
            let values = if let Json::Array(values) = value { values.clone() } else { vec![value.clone()] };
            for value in values.iter().filter(|value| value.is_object()) {
                check(value, &attribute["subAttributes"], &format!("{name}."));
            }
        }
    }
    let offer = Offer {
        bulk_operations_max: 1,
        bulk_payload_bytes_max: 1,
        page_size_default: 1,
        page_size_max: 1,
        documentation_uri: Some("https://example.com".into()),
    };
    let mut config = read(&service_provider_config(BASE, &offer));
    let schema =
        read(&schema(BASE, &core::registry(), "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig").unwrap());

    for common in ["schemas", "meta"] {
        config.as_object_mut().unwrap().remove(common);
    }

    check(&config, &schema["attributes"], "");
}

#[test]
fn a_filter_is_forbidden_and_everything_else_ignored() {
    assert!(check_query([("startIndex", "x"), ("count", "-1")]).is_ok());
    assert!(matches!(check_query([("Filter", "id pr")]), Err(ScimError::Forbidden(_))));
}
