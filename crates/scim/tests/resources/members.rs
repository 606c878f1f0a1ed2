//! Reading the members of a group.

use super::{id, read};

#[test]
fn members_are_ids_each_once_in_order() {
    let (ana, bo) = (id(*b"usr", 1), id(*b"usr", 2));
    let group = |members: &str| read("Group", &format!(r#"{{"displayName":"Staff","members":{members}}}"#));
    let members = format!(
        r#"[{{"value":"{bo}","$ref":null,"display":5,"x":{{}}}},{{"VALUE":"{ana}","type":"User"}},{{"value":"{bo}"}}]"#
    );

    let staff = group(&members).unwrap();

    assert_eq!(staff.members, [bo, ana]);
    assert!(!staff.document.to_body(id(*b"grp", 1)).contains("members"));
    assert_eq!(group(&format!(r#"{{"value":"{ana}"}}"#)).unwrap().members, [ana]);
    assert_eq!(group(&format!(r#"["{ana}"]"#)).unwrap().members, [ana]);
    assert_eq!(group("[]").unwrap().members, []);
    assert_eq!(group("null").unwrap().members, []);
}

#[test]
fn a_member_that_nobody_can_be_is_named() {
    let bodies = [
        r#"[{"value":"2819c223-7f76-453a-919d-413861904646"}]"#,
        r#"[{"value":""}]"#,
        r#"[{"display":"Ana"}]"#,
        r#"[{"value":null}]"#,
        r#"[{"value":5}]"#,
        r"[5]",
        r"[null]",
        r#""ana""#,
    ];

    let refusals: Vec<String> = bodies
        .iter()
        .map(|members| {
            let body = format!(r#"{{"displayName":"Staff","members":{members}}}"#);
            read("Group", &body).expect_err(members).to_string()
        })
        .collect();

    insta::assert_snapshot!(refusals.join("\n"), @"
    members.value: no resource has the id '2819c223-7f76-453a-919d-413861904646' (in value 1)
    members.value: no resource has the id '' (in value 1)
    members.value: is required: the id of a user or group (in value 1)
    members.value: is required: the id of a user or group (in value 1)
    members.value: expected a string, got 5 (in value 1)
    members: expected an object with the id of a member as 'value', got 5 (in value 1)
    members: expected an object with the id of a member as 'value', got null (in value 1)
    members.value: no resource has the id 'ana' (in value 1)
    ");
}
