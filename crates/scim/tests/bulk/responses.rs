//! What is answered (RFC 7644 §3.7.3), as it stands on the wire.

use scim::message::{BulkResponse, BulkResponseOperation, ErrorBody, ListResponse};

#[test]
fn a_bulk_response_leaves_out_what_does_not_apply() {
    let created = BulkResponseOperation {
        method: "POST".into(),
        bulk_id: Some("qwerty".into()),
        version: Some("W/\"1\"".into()),
        location: Some("https://example.com/v2/Users/usr_1".into()),
        status: "201".into(),
        response: None,
    };
    let failed = BulkResponseOperation {
        method: "POST".into(),
        bulk_id: Some("ytrewq".into()),
        version: None,
        location: None,
        status: "409".into(),
        response: Some(ErrorBody { status: 409, scim_type: Some("uniqueness"), detail: "userName: taken".into() }),
    };

    let body = serde_json::to_value(BulkResponse::new(vec![created, failed])).unwrap();

    insta::assert_snapshot!(format!("{body:#}"), @r#"
    {
      "schemas": [
        "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
      ],
      "Operations": [
        {
          "method": "POST",
          "bulkId": "qwerty",
          "version": "W/\"1\"",
          "location": "https://example.com/v2/Users/usr_1",
          "status": "201"
        },
        {
          "method": "POST",
          "bulkId": "ytrewq",
          "status": "409",
          "response": {
            "schemas": [
              "urn:ietf:params:scim:api:messages:2.0:Error"
            ],
            "status": "409",
            "scimType": "uniqueness",
            "detail": "userName: taken"
          }
        }
      ]
    }
    "#);
}

#[test]
fn an_error_without_keyword_has_none() {
    let error = ErrorBody { status: 404, scim_type: None, detail: "There is no User 'x'".into() };

    insta::assert_snapshot!(serde_json::to_string(&error).unwrap(), @r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"404","detail":"There is no User 'x'"}"#);
}

#[test]
fn a_list_response_shows_resources_even_when_there_are_none() {
    let none = ListResponse { start_index: Some(1), ..ListResponse::default() };
    let some = ListResponse { total_results: 7, start_index: None, next_cursor: Some("AZOT".into()) };
    let two = ["{\"id\":\"1\"}".to_owned(), "{\"id\":\"2\"}".to_owned()];

    insta::assert_snapshot!(none.with_texts(&[]), @r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0,"itemsPerPage":0,"startIndex":1,"Resources":[]}"#);
    insta::assert_snapshot!(some.with_texts(&two), @r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":7,"itemsPerPage":2,"nextCursor":"AZOT","Resources":[{"id":"1"},{"id":"2"}]}"#);
}
