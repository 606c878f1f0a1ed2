//! The outline of a bulk request: what is taken, and what is said of what is not.

use scim::ScimError;
use scim::message::{BulkRequest, MessageError};
use serde_json::json;

fn read(body: &str) -> Result<BulkRequest, MessageError> {
    BulkRequest::read(body.as_bytes(), 100)
}

/// The errors as the body of a 422 shows them, a line each.
fn errors(body: &[u8]) -> String {
    match BulkRequest::read(body, 100).unwrap_err() {
        MessageError::Misfit(errors) => {
            let lines: Vec<String> = errors.iter().map(|error| serde_json::to_string(error).unwrap()).collect();
            lines.join("\n")
        }
        MessageError::TooLarge(error) => panic!("{error}"),
    }
}

#[test]
fn the_members_of_the_contract_are_read() {
    let request = read(
        r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"failOnErrors":2,"Operations":[
            {"method":"PUT","bulkId":"a","version":"W/\"3\"","path":"/Users/1","data":{"userName" : "x"}},
            {"method":"DELETE","path":"/Users/2","bulkId":null,"version":null,"data":null}]}"#,
    )
    .unwrap();

    assert_eq!(request.fail_on_errors, Some(2));
    let [put, delete] = request.operations.try_into().unwrap();
    assert_eq!((put.method.as_str(), put.path.as_str()), ("PUT", "/Users/1"));
    assert_eq!((put.bulk_id.as_deref(), put.version.as_deref()), (Some("a"), Some("W/\"3\"")));
    assert_eq!(put.data.unwrap().get(), r#"{"userName" : "x"}"#);
    assert!(delete.bulk_id.is_none() && delete.version.is_none() && delete.data.is_none());
}

#[test]
fn what_may_be_left_out_has_its_default() {
    let request = read(r#"{"Operations":[]}"#).unwrap();

    assert_eq!(request.schemas, ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"]);
    assert_eq!(request.fail_on_errors, None);
    assert!(request.operations.is_empty());
}

#[test]
fn the_case_of_names_does_not_matter_and_unknown_names_are_ignored() {
    let request = read(
        r#"{"operations":[{"METHOD":"POST","BulkId":"a","Path":"/Users","DATA":{},"x":[{}]}],
            "FailOnErrors":1,"x":{"y":[1,"\u0000"]}}"#,
    )
    .unwrap();

    assert_eq!(request.fail_on_errors, Some(1));
    assert_eq!(request.operations[0].bulk_id.as_deref(), Some("a"));
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let body = json!({
        "failOnErrors": 0,
        "Operations": [
            { "path": 1, "data": [] },
            "POST",
            { "method": null, "path": "/Users", "bulkId": 7, "version": {}, "data": "x" },
            [],
            { "method": "POST", "path": "/Users" },
        ],
        "schemas": ["urn:x", 1],
    });

    insta::assert_snapshot!(errors(body.to_string().as_bytes()), @r#"
    {"loc":["body","schemas",1],"msg":"Input should be a valid string","type":"string_type"}
    {"loc":["body","failOnErrors"],"msg":"Input should be greater than or equal to 1","type":"greater_than_equal"}
    {"loc":["body","Operations",0,"method"],"msg":"Field required","type":"missing"}
    {"loc":["body","Operations",0,"path"],"msg":"Input should be a valid string","type":"string_type"}
    {"loc":["body","Operations",0,"data"],"msg":"Input should be a valid dictionary","type":"dict_type"}
    {"loc":["body","Operations",1],"msg":"Input should be a valid dictionary or object to extract fields from","type":"model_attributes_type"}
    {"loc":["body","Operations",2,"method"],"msg":"Input should be a valid string","type":"string_type"}
    {"loc":["body","Operations",2,"bulkId"],"msg":"Input should be a valid string","type":"string_type"}
    {"loc":["body","Operations",2,"version"],"msg":"Input should be a valid string","type":"string_type"}
    {"loc":["body","Operations",2,"data"],"msg":"Input should be a valid dictionary","type":"dict_type"}
    {"loc":["body","Operations",3],"msg":"Input should be a valid dictionary or object to extract fields from","type":"model_attributes_type"}
    "#);
}

#[test]
fn the_whole_body_may_be_of_the_wrong_shape() {
    for body in ["[]", "1", "-1", "1.5", "true", "\"Operations\"", "null", "[[{}]]"] {
        assert_eq!(
            errors(body.as_bytes()),
            r#"{"loc":["body"],"msg":"Input should be a valid dictionary or object to extract fields from","type":"model_attributes_type"}"#,
            "{body}"
        );
    }
    insta::assert_snapshot!(errors(b""), @r#"{"loc":["body"],"msg":"Field required","type":"missing"}"#);
    insta::assert_snapshot!(errors(b"{}"), @r#"{"loc":["body","Operations"],"msg":"Field required","type":"missing"}"#);
    for operations in ["{}", "null", "1", "-1", "0.5", "false", "\"\"", "{\"a\":[{}]}"] {
        assert_eq!(
            errors(format!("{{\"Operations\":{operations}}}").as_bytes()),
            r#"{"loc":["body","Operations"],"msg":"Input should be a valid list","type":"list_type"}"#,
            "{operations}"
        );
    }
}

#[test]
fn fail_on_errors_is_a_positive_integer() {
    let read = |value: &str| read(&format!("{{\"Operations\":[],\"failOnErrors\":{value}}}"));
    for (value, expected) in
        [("null", None), ("1", Some(1)), ("\"5\"", Some(5)), ("5.0", Some(5)), ("99999999999999999999", Some(u32::MAX))]
    {
        assert_eq!(read(value).unwrap().fail_on_errors, expected, "{value}");
    }
    for (value, kind) in [
        ("0", "greater_than_equal"),
        ("-3", "greater_than_equal"),
        ("\"-3\"", "greater_than_equal"),
        ("1.5", "int_from_float"),
        ("\"many\"", "int_parsing"),
        ("\"\"", "int_parsing"),
        ("true", "int_type"),
        ("{}", "int_type"),
        ("[1]", "int_type"),
    ] {
        match read(value) {
            Err(MessageError::Misfit(errors)) => assert_eq!(errors[0].kind, kind, "{value}"),
            other => panic!("{value}: {other:?}"),
        }
    }
}

#[test]
fn what_is_not_json_is_said_with_its_place() {
    insta::assert_snapshot!(errors(b"{\"Operations\": [\n  {\"method\": }]}"), @r#"{"loc":["body",30],"msg":"Invalid JSON: expected value at line 2 column 14","type":"json_invalid"}"#);
    insta::assert_snapshot!(errors(b"{\"Operations\": []"), @r#"{"loc":["body",16],"msg":"Invalid JSON: EOF while parsing an object at line 1 column 17","type":"json_invalid"}"#);
    insta::assert_snapshot!(errors(b"{\"Operations\": []} {}"), @r#"{"loc":["body",19],"msg":"Invalid JSON: trailing characters at line 1 column 20","type":"json_invalid"}"#);
    insta::assert_snapshot!(errors(b"{\"Operations\": [\"\xff\"]}"), @r#"{"loc":["body",17],"msg":"Invalid JSON: not UTF-8","type":"json_invalid"}"#);
    insta::assert_snapshot!(errors(b"{\"Operations\": [{\"method\":\"\\ud800\",\"path\":\"\\u0000\"}]}"), @r#"
    {"loc":["body","Operations",0,"method"],"msg":"Invalid JSON: unexpected end of hex escape at line 1 column 8","type":"json_invalid"}
    {"loc":["body","Operations",0,"path"],"msg":"Value error, the character U+0000 is not allowed","type":"value_error"}
    "#);
}

#[test]
fn a_member_that_is_there_twice_is_refused() {
    for body in [
        r#"{"Operations":[],"operations":[]}"#,
        r#"{"Operations":[],"schemas":[],"schemas":[]}"#,
        r#"{"Operations":[],"failOnErrors":1,"FailOnErrors":null}"#,
        r#"{"Operations":[{"method":"POST","path":"/Users","path":"/Groups"}]}"#,
        r#"{"Operations":[{"data":{},"Data":{}}]}"#,
    ] {
        assert!(errors(body.as_bytes()).contains("is there twice"), "{body}");
    }
}

#[test]
fn one_operation_too_many_is_too_large_and_reading_stops_there() {
    let operation = r#"{"method":"DELETE","path":"/Users/1"}"#;
    let body = |count: usize| format!("{{\"Operations\":[{}]}}", vec![operation; count].join(","));

    assert_eq!(read(&body(100)).unwrap().operations.len(), 100);
    let beyond = read(&body(101)).unwrap_err();
    let message = "The number of operations exceeds maxOperations (100).";
    assert_eq!(beyond, MessageError::TooLarge(ScimError::TooLarge(message.into())));
    let not_even_json = body(101).replace("]}", "");
    assert_eq!(read(&not_even_json).unwrap_err(), beyond);
}

#[test]
fn a_body_of_nonsense_gets_an_answer_of_bounded_size() {
    let body = format!("{{\"Operations\":[{}]}}", vec!["{}"; 5000].join(","));

    match BulkRequest::read(body.as_bytes(), 10_000).unwrap_err() {
        MessageError::Misfit(errors) => assert_eq!(errors.len(), 1000),
        MessageError::TooLarge(error) => panic!("{error}"),
    }
}

#[test]
fn depth_is_no_danger() {
    let deep = "[".repeat(200_000);
    for body in [deep.clone(), format!("{{\"x\":{deep}"), format!("{{\"Operations\":[{{\"data\":{{\"a\":{deep}")] {
        assert!(errors(body.as_bytes()).contains("json_invalid"));
    }
}

#[test]
fn in_scims_own_words_every_place_is_named() {
    let error = read(r#"{"Operations":[{"method":1},{"path":"/Users","method":"POST"}],"schemas":{}}"#).unwrap_err();

    insta::assert_snapshot!(ScimError::from(error), @"schemas: Input should be a valid list; Operations[0].method: Input should be a valid string; Operations[0].path: Field required");
    insta::assert_snapshot!(ScimError::from(read("{").unwrap_err()), @"Invalid JSON: EOF while parsing an object at line 1 column 1");
    let many = format!("{{\"Operations\":[{}]}}", vec!["{}"; 50].join(","));
    insta::assert_snapshot!(ScimError::from(read(&many).unwrap_err()), @"Operations[0].method: Field required; Operations[0].path: Field required; Operations[1].method: Field required; Operations[1].path: Field required; Operations[2].method: Field required; Operations[2].path: Field required; Operations[3].method: Field required; Operations[3].path: Field required; Operations[4].method: Field required; Operations[4].path: Field required; and 90 more");
}
