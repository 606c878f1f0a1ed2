//! Reading the bodies of POST and PUT.

use scim::ScimError;
use scim::json::Json;
use scim::resource::Secret;

use super::{ENTERPRISE, id, notes, read, refusal, user};

#[test]
fn names_and_urns_in_any_spelling_become_canonical_and_ordered() {
    let urn = ENTERPRISE.to_uppercase();
    let text = user(&format!(
        r#""ACTIVE":true,"{urn}":{{"DEPARTMENT":"Sales"}},"Emails":[{{"TYPE":"work","Value":"a@b"}}],
           "NAME":{{"GIVENNAME":"Ana","familyname":"Lima"}},"externalid":"7""#
    ));

    insta::assert_snapshot!(text, @r#"{"externalId":"7","name":{"familyName":"Lima","givenName":"Ana"},"active":true,"emails":[{"value":"a@b","type":"work"}],"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Sales"}}"#);
}

#[test]
fn what_is_unknown_or_not_the_clients_to_set_is_left_out_and_noted() {
    let body = r#""id":"1","meta":{},"groups":[],"department":"Sales","name":{"nick":"A"},
        "emails":[{"value":"a@b","x":1}],"urn:example:2.0:User":{"a":1},"foo.bar":1,"":1,
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"shoe":44,"manager":{"displayName":"Bo"}},
        "schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:example:2.0:User"]"#;

    assert_eq!(user(body), r#"{"emails":[{"value":"a@b"}]}"#);
    insta::assert_snapshot!(notes(body).ignored.join("\n"), @"
    id
    meta
    groups
    department
    name.nick
    emails.x
    urn:example:2.0:User
    foo.bar

    urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:shoe
    urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.displayName
    ");
}

#[test]
fn null_and_what_is_empty_mean_unassigned() {
    for body in [
        r#""title":null"#,
        r#""emails":[]"#,
        r#""emails":[null,{},{"value":null}]"#,
        r#""emails":null"#,
        r#""name":{}"#,
        r#""name":{"givenName":null}"#,
        r#""password":null"#,
        r#""password":"""#,
        r#""externalId":"""#,
        r#""schemas":null"#,
        r#""urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{}"#,
        r#""urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":null"#,
        r#""urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":""}"#,
    ] {
        assert_eq!(user(body), "{}", "{body}");
    }
}

#[test]
fn values_come_back_exactly_as_sent() {
    let body = r#"{"title":" Größe \"XL\" \\ \n\t","displayName":"","nickName":"ﬁ ı İ"}"#;

    let text = user(&body[1..body.len() - 1]);

    let (sent, kept): (Json, Json) = (serde_json::from_str(body).unwrap(), serde_json::from_str(&text).unwrap());
    assert_eq!(kept, sent);
}

#[test]
fn schemas_follow_from_what_the_document_holds() {
    let schemas = |body: &str| {
        let text = read("User", body).unwrap().document.to_body(id(*b"usr", 1));
        serde_json::from_str::<Json>(&text).unwrap()["schemas"].as_array().unwrap().len()
    };
    let both = format!(r#"["urn:ietf:params:scim:schemas:core:2.0:User","{ENTERPRISE}"]"#);

    assert_eq!(schemas(r#"{"userName":"ana"}"#), 1);
    assert_eq!(schemas(&format!(r#"{{"userName":"ana","schemas":{both}}}"#)), 1);
    assert_eq!(schemas(&format!(r#"{{"userName":"ana","schemas":[],"{ENTERPRISE}":{{"division":"X"}}}}"#)), 2);
}

#[test]
fn a_missing_or_blank_required_attribute_is_named() {
    for body in ["{}", r#"{"userName":null}"#, r#"{"userName":" \t"}"#, r#"{"userName":""}"#] {
        let error = read("User", body).unwrap_err();
        assert_eq!(error, ScimError::value("userName", "is required and must not be empty"), "{body}");
    }
    assert!(read("Group", r#"{"userName":"ana"}"#).unwrap_err().to_string().starts_with("displayName: is required"));
}

#[test]
fn a_refusal_says_what_was_got_and_what_would_be_accepted() {
    let bodies = [
        r#""title":5"#,
        r#""title":true"#,
        r#""title":["x", "y"]"#,
        r#""title":{"value":"x"}"#,
        r#""active":"yes""#,
        r#""active":1"#,
        r#""name":"Ana""#,
        r#""name":[{"givenName":"Ana"},{}]"#,
        r#""emails":[{"value":"a@b"},{"value":7}]"#,
        r#""emails":[["a@b"]]"#,
        r#""emails":5"#,
        r#""emails":[{"primary":"perhaps"}]"#,
        r#""emails":[{"value":"a","primary":true},{"value":"b","primary":"True"}]"#,
        r#""profileUrl":"not a uri""#,
        r#""photos":[{"value":17}]"#,
        r#""x509Certificates":[{"value":"not base64!"}]"#,
        r#""password":{"plain":"secret"}"#,
        r#""password":12345"#,
        r#""externalId":7"#,
        r#""USERNAME":"bo""#,
        r#""emails":[{"type":"work","Type":"home"}]"#,
        r#""schemas":"urn:ietf:params:scim:schemas:core:2.0:User""#,
        r#""schemas":[1]"#,
        r#""urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":"x""#,
        r#""urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":5}"#,
        r#""urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":{"value":5}}"#,
    ];

    let refusals: Vec<String> = bodies.iter().map(|body| refusal(body)).collect();

    insta::assert_snapshot!(refusals.join("\n"), @"
    title: expected a string, got 5
    title: expected a string, got true
    title: expected a string, got an array
    title: expected a string, got an object
    active: expected true or false, got the string 'yes'
    active: expected true or false, got 1
    name: expected an object, got the string 'Ana'
    name: expected an object, got an array
    emails.value: expected a string, got 7 (in value 2)
    emails: expected an object, got an array (in value 1)
    emails: expected an object, got 5 (in value 1)
    emails.primary: expected true or false, got the string 'perhaps' (in value 1)
    emails.primary: at most one value may be primary, got 2
    profileUrl: expected a URI, got the string 'not a uri'
    photos.value: expected a URI, got 17 (in value 1)
    x509Certificates.value: expected a string in base64, got the string 'not base64!' (in value 1)
    password: expected a string, got an object
    password: expected a string, got a number
    externalId: expected a string, got 7
    userName: is given more than once, in different spellings
    emails.type: is given more than once, in different spellings (in value 1)
    schemas: expected an array of schema URNs, got a string
    schemas: expected an array of schema URNs, got a number
    urn:ietf:params:scim:schemas:extension:enterprise:2.0:User: expected an object, got a string
    urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department: expected a string, got 5
    urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value: expected a string, got 5
    ");
}

#[test]
fn a_body_that_is_no_object_is_a_syntax_error() {
    for body in ["[]", "null", "\"x\"", "5", "true"] {
        assert!(matches!(read("User", body), Err(ScimError::Syntax(_))), "{body}");
    }
}

#[test]
fn what_clients_send_instead_is_mended_and_noted() {
    let flat = format!(r#""{ENTERPRISE}:department":"Sales""#);
    let extension = |value: &str| format!(r#""{ENTERPRISE}":{{"manager":{value}}}"#);
    let kept = |value: &str| format!(r#"{{"{ENTERPRISE}":{value}}}"#);
    let manager = kept(r#"{"manager":{"value":"usr_1"}}"#);
    for (body, expected, repair) in [
        (r#""active":"True""#, r#"{"active":true}"#, "boolean-as-text"),
        (r#""active":"fAlSe""#, r#"{"active":false}"#, "boolean-as-text"),
        (r#""emails":{"value":"a@b"}"#, r#"{"emails":[{"value":"a@b"}]}"#, "one-as-many"),
        (r#""emails":["a@b"]"#, r#"{"emails":[{"value":"a@b"}]}"#, "reference-as-text"),
        (r#""name":[{"givenName":"Ana"}]"#, r#"{"name":{"givenName":"Ana"}}"#, "many-as-one"),
        (r#""profileUrl":"""#, "{}", "empty-as-unassigned"),
        (&extension(r#""usr_1""#), &manager, "reference-as-text"),
        (&extension(r#"[{"value":"usr_1"}]"#), &manager, "many-as-one"),
        (&extension(r#""""#), "{}", "empty-as-unassigned"),
        (&flat, &kept(r#"{"department":"Sales"}"#), "dotted-key"),
        (r#""title":["Boss"]"#, r#"{"title":"Boss"}"#, "many-as-one"),
        (r#""schemas":[]"#, "{}", "missing-schemas"),
        (r#""schemas":null"#, "{}", "missing-schemas"),
        (r#""schemas":["urn:example:1.0:User"]"#, "{}", "unknown-schema"),
    ] {
        assert_eq!(user(body), expected, "{body}");
        assert_eq!(notes(body).repairs, [repair], "{body}");
    }
}

#[test]
fn values_that_scim_1_1_marks_for_deletion_are_not_added() {
    for body in [
        r#""emails":[{"value":"a@b","operation":"delete"}]"#,
        r#""roles":[{"value":"a"},{"value":"b","Operation":"DELETE"}]"#,
    ] {
        assert!(refusal(body).contains("SCIM 1.1"), "{}", refusal(body));
    }
    assert_eq!(notes(r#""emails":[{"value":"a@b","operation":"keep"}]"#).ignored, ["emails.operation"]);
    let group = format!(r#"{{"displayName":"g","members":[{{"value":"{}","operation":"delete"}}]}}"#, id(*b"usr", 1));
    assert!(read("Group", &group).is_err());
}

#[test]
fn flat_and_nested_extension_attributes_come_together() {
    let body = format!(r#""{ENTERPRISE}:department":"Sales","{ENTERPRISE}":{{"division":"North"}}"#);
    assert_eq!(user(&body), format!(r#"{{"{ENTERPRISE}":{{"division":"North","department":"Sales"}}}}"#));

    let twice = format!(r#""{ENTERPRISE}:department":"Sales","{ENTERPRISE}":{{"department":"North"}}"#);
    assert!(refusal(&twice).ends_with("department: is given more than once, in different spellings"));
}

#[test]
fn equal_values_of_a_multi_valued_attribute_are_kept_once() {
    let body = r#""emails":[{"value":"a","type":"work"},{"TYPE":"work","value":"a"},{"value":"a","type":"home"}]"#;

    assert_eq!(user(body), r#"{"emails":[{"value":"a","type":"work"},{"value":"a","type":"home"}]}"#);
    assert_eq!(user(r#""emails":[{"primary":true},{"primary":"true"}]"#), r#"{"emails":[{"primary":true}]}"#);
}

#[test]
fn urls_and_certificates_as_directories_hold_them_are_accepted() {
    for url in [
        "https://example.com/a?b=c#d",
        "../Users/7",
        "www.example.com",
        "data:image/png;base64,AAAA",
        "http://ü.example",
    ] {
        assert_eq!(user(&format!(r#""profileUrl":"{url}""#)), format!(r#"{{"profileUrl":"{url}"}}"#));
    }
    for text in ["QQ==", "QQ", "QUI=", "QUJD", "-_-_", "+/+/"] {
        assert!(user(&format!(r#""x509Certificates":[{{"value":"{text}"}}]"#)).contains(text));
    }
    for text in ["Q", "QQ=", "Q===", "QUI==", "=", "Q=Q=", "QU JD", "QUJDR"] {
        assert!(
            refusal(&format!(r#""x509Certificates":[{{"value":"{text}"}}]"#)).contains("expected a string in base64")
        );
    }
}

#[test]
fn a_password_of_any_strength_is_taken() {
    for password in ["x", "密码", " "] {
        let user = read("User", &format!(r#"{{"userName":"ana","password":"{password}"}}"#)).unwrap();
        assert_eq!(user.secret, Some(Secret::Plain(password.into())));
    }
}
