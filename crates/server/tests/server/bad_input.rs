//! Whatever is sent: a clear 4xx in the right dialect, and nothing changed.

use server::Options;
use service::tenants::LimitChange;

use crate::harness::Harness;

#[tokio::test]
async fn bodies_that_are_not_what_they_should_be_are_refused() {
    let harness = Harness::new().await;
    let deep = format!("{{\"userName\":{}1{}}}", "[".repeat(20_000), "]".repeat(20_000));
    let bodies: Vec<(&str, Vec<u8>)> = vec![
        ("empty", Vec::new()),
        ("not JSON", b"userName=ana".to_vec()),
        ("cut off", br#"{"userName":"ana""#.to_vec()),
        ("two values", br#"{"userName":"ana"}{}"#.to_vec()),
        ("a list", b"[]".to_vec()),
        ("null", b"null".to_vec()),
        ("a number", b"1e999".to_vec()),
        ("a key twice", br#"{"userName":"ana","userName":"ben"}"#.to_vec()),
        ("a key in two spellings", br#"{"userName":"ana","USERNAME":"ben"}"#.to_vec()),
        ("NUL", br#"{"userName":"a\u0000b"}"#.to_vec()),
        ("not UTF-8", b"{\"userName\":\"\xff\"}".to_vec()),
        ("half a surrogate pair", br#"{"userName":"\ud800"}"#.to_vec()),
        ("a number for a string", br#"{"userName":1}"#.to_vec()),
        ("an object for a string", br#"{"userName":{}}"#.to_vec()),
        ("a string for an object", br#"{"userName":"ana","name":"Ana"}"#.to_vec()),
        ("no userName", br#"{"displayName":"Ana"}"#.to_vec()),
        ("an empty userName", br#"{"userName":""}"#.to_vec()),
        ("a long userName", format!(r#"{{"userName":"{}"}}"#, "x".repeat(900_000)).into_bytes()),
        ("deep nesting", deep.into_bytes()),
        ("a huge number", br#"{"userName":"ana","active":123456789012345678901234567890}"#.to_vec()),
    ];

    for (what, body) in bodies {
        let asking = harness.request("POST", &Harness::scim("/Users")).header("content-type", "application/scim+json");
        let answer = asking.raw(body).send().await;

        assert!(answer.scim_error().starts_with("400 invalid"), "{what}: {}", answer.body);
        assert!(answer.body.len() < 4096, "{what}: the answer quotes too much");
    }
    assert_eq!(harness.users().await, 0);
}

#[tokio::test]
async fn other_media_types_are_refused_and_charsets_tolerated() {
    let harness = Harness::new().await;
    let send = |media_type, name: String| {
        let body = format!(r#"{{"userName":"{name}"}}"#);
        harness
            .request("POST", "/api/v1/tenants/acme/scim/v2/Users")
            .json(&body)
            .header("content-type", media_type)
            .send()
    };

    for wrong in
        ["text/plain", "application/x-www-form-urlencoded", "application/xml", "application/json; charset=latin1", "?"]
    {
        assert_eq!(send(wrong, "never".to_owned()).await.scim_error(), "415", "{wrong}");
    }
    for (place, right) in
        ["application/scim+json; charset=utf-8", "Application/JSON", "application/json;charset=\"UTF-8\""]
            .iter()
            .enumerate()
    {
        assert_eq!(send(right, format!("user{place}")).await.status, 201, "{right}");
    }
    let packed = harness.request("POST", &Harness::scim("/Users")).json("{}").header("content-encoding", "gzip");
    assert_eq!(packed.send().await.scim_error(), "415");
}

#[tokio::test]
async fn a_body_at_the_limit_is_read_and_one_byte_more_is_not() {
    let limits = LimitChange { payload_bytes_max: Some(Some(1024)), ..LimitChange::default() };
    let harness = Harness::with(limits, Options::default()).await;
    let body = |name: &str, size: usize| {
        let body = format!(r#"{{"userName":"{name}"}}"#);
        format!("{body}{}", " ".repeat(size - body.len()))
    };

    assert_eq!(harness.post("/Users", &body("ana", 1025)).await.scim_error(), "413");
    assert_eq!(harness.post("/Users", &body("ben", 1024)).await.status, 201);
    assert_eq!(harness.users().await, 1);
}

#[tokio::test]
async fn ids_that_cannot_be_ids_name_nothing() {
    let harness = Harness::new().await;

    for id in
        ["1", "..%2F..%2Fetc%2Fpasswd", "%00", "usr_", "grp_00000000000000000000000000", "%F0%9F%92%A9", "a%20b", "*"]
    {
        for method in ["GET", "PUT", "PATCH", "DELETE"] {
            let path = Harness::scim(&format!("/Users/{id}"));
            let body = r#"{"userName":"ana","Operations":[{"op":"replace","path":"title","value":"Dr"}]}"#;
            let answer = harness.request(method, &path).json(body).send().await;

            assert_eq!(answer.status, 404, "{method} {id}: {}", answer.body);
            answer.scim_error();
        }
    }
    let long = harness.get(&format!("/Users/{}", "x".repeat(5000))).await;
    assert_eq!(long.scim_error(), "404");
    assert!(long.body.len() < 300, "the answer quotes too much");
}

#[tokio::test]
async fn addresses_and_methods_that_do_not_exist_answer_in_the_dialect_of_their_place() {
    let harness = Harness::new().await;

    for path in ["/Nothing", "/Users/x/y", "/users", "/Users/x/y/z", "//Users"] {
        assert_eq!(harness.get(path).await.scim_error(), "404", "{path}");
    }
    for (method, path, allow) in [
        ("PUT", "/Users", "GET,HEAD,POST"),
        ("DELETE", "/Groups", "GET,HEAD,POST"),
        ("GET", "/Bulk", "POST"),
        ("POST", "/Schemas", "GET,HEAD"),
        ("OPTIONS", "/Users", "GET,HEAD,POST"),
        ("FROB", "/Users", "GET,HEAD,POST"),
    ] {
        let answer = harness.request(method, &Harness::scim(path)).send().await;

        assert_eq!(answer.scim_error(), "405", "{method} {path}");
        let mut allowed: Vec<&str> = answer.header("allow").unwrap().split(',').map(str::trim).collect();
        allowed.sort_unstable();
        assert_eq!(allowed.join(","), allow, "{method} {path}");
    }
    for path in ["/", "/api/v1/nothing", "/api/v1/tenants/acme", "/api/v2/x"] {
        let answer = harness.request("GET", path).send().await;

        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.body, r#"{"detail":"There is nothing at this address"}"#, "{path}");
    }
    let answer = harness.request("POST", "/healthz").send().await;
    assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, Some("GET,HEAD")));
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn patches_that_make_no_sense_change_nothing() {
    let harness = Harness::new().await;
    let id = harness.create("/Users", r#"{"userName":"ana"}"#).await;
    let path = Harness::scim(&format!("/Users/{id}"));

    for (operations, told) in [
        (r#"{"op":"frobnicate","path":"title","value":"x"}"#, "400 invalidSyntax"),
        (r#"{"op":"replace","path":"id","value":"x"}"#, "400 mutability"),
        (r#"{"op":"replace","path":"emails[","value":"x"}"#, "400 invalidPath"),
        (r#"{"op":"remove"}"#, "400 noTarget"),
        (r#"{"op":"replace","path":"title","value":"x"},{"op":"remove","path":"userName"}"#, "400 mutability"),
    ] {
        let body =
            format!(r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{operations}]}}"#);
        let answer = harness.request("PATCH", &path).json(&body).send().await;

        assert!(answer.scim_error().starts_with("400"), "{operations}: {}", answer.body);
        assert_eq!(answer.scim_error(), told, "{operations}: {}", answer.body);
    }
    assert_eq!(harness.get(&format!("/Users/{id}")).await.header("etag"), Some("W/\"1\""));
}
