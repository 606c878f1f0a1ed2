//! `attributes` and `excludedAttributes` (RFC 7644 §3.9).

use scim::projection::{NAMES_MAX, Projection};
use scim::resource::{Member, Notes, Representation};
use scim::schema::Relation;

use super::{ENTERPRISE, id, read, representation, resource_type, shown};

fn ana() -> Representation {
    let body = format!(
        r#"{{"userName":"ana","displayName":"Ana","name":{{"givenName":"Ana","familyName":"Lima"}},
        "emails":[{{"value":"a@b","type":"work"}},{{"type":"home"}}],
        "{ENTERPRISE}":{{"department":"Sales","manager":{{"value":"usr_1"}}}}}}"#
    );
    let mut ana = representation("User", &read("User", &body).unwrap());
    let staff = Member {
        id: id(*b"grp", 1),
        type_name: "Group".into(),
        endpoint: "/Groups".into(),
        display: Some("Staff".into()),
        direct: true,
    };
    ana.member_of = Some(vec![staff]);
    ana
}

/// The names of the attributes that are shown of Ana, those of complex ones with their parts.
fn names(attributes: Option<&str>, excluded: Option<&str>) -> String {
    let projection = Projection::from_query(attributes, excluded).unwrap();
    let shown = shown(&ana(), &projection);
    let part = |value: &serde_json::Value| match value {
        serde_json::Value::Object(parts) => format!("({})", parts.keys().cloned().collect::<Vec<_>>().join(" ")),
        _ => String::new(),
    };
    let attributes = shown.as_object().unwrap().iter().filter(|(name, _)| !["schemas", "id"].contains(&name.as_str()));
    let named = attributes.map(|(name, value)| match value {
        serde_json::Value::Array(elements) => {
            format!("{name}[{}]", elements.iter().map(part).collect::<Vec<_>>().join(","))
        }
        one => format!("{}{}", name.replace(ENTERPRISE, "ENT"), part(one)),
    });
    assert!(shown["schemas"].is_array() && shown["id"].is_string());
    named.collect::<Vec<_>>().join(" ")
}

#[test]
fn only_what_is_asked_for_is_shown() {
    for (attributes, expected) in [
        ("userName", "userName"),
        ("USERNAME, displayname", "userName displayName"),
        ("name", "name(familyName givenName)"),
        ("name.familyName", "name(familyName)"),
        ("name.familyName,name", "name(familyName givenName)"),
        ("emails.value", "emails[(value)]"),
        ("emails.type", "emails[(type),(type)]"),
        ("groups.display", "groups[(display)]"),
        ("meta", "meta(resourceType created lastModified location version)"),
        ("meta.location", "meta(location)"),
        ("id", ""),
        ("schemas", ""),
        ("unknown", ""),
        ("unknown,userName,emails[0],name.x", "userName"),
        ("password", ""),
        ("urn:ietf:params:scim:schemas:core:2.0:User:userName", "userName"),
        ("urn:ietf:params:scim:schemas:core:2.0:User:emails.value", "emails[(value)]"),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "ENT(department)"),
        ("URN:ietf:params:scim:schemas:extension:ENTERPRISE:2.0:User:Manager.Value", "ENT(manager)"),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", "ENT(department manager)"),
        (
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "userName name(familyName givenName) displayName emails[(value type),(type)] groups[(value $ref display type)]",
        ),
        ("department", ""),
    ] {
        assert_eq!(names(Some(attributes), None), expected, "{attributes}");
    }
}

#[test]
fn what_is_excluded_is_not_shown() {
    let all = "userName name(familyName givenName) displayName emails[(value type),(type)] ENT(department manager) \
               groups[(value $ref display type)] meta(resourceType created lastModified location version)";
    for (excluded, without, instead) in [
        ("groups", " groups[(value $ref display type)]", ""),
        ("id,schemas,unknown", "", ""),
        ("emails.value", "(value type)", "(type)"),
        ("emails.type", "emails[(value type),(type)]", "emails[(value)]"),
        ("Emails.Type,emails.VALUE", " emails[(value type),(type)]", ""),
        ("meta", " meta(resourceType created lastModified location version)", ""),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", " ENT(department manager)", ""),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager", "(department manager)", "(department)"),
    ] {
        let expected = if without.is_empty() { all.to_owned() } else { all.replace(without, instead) };
        assert_eq!(names(None, Some(excluded)), expected, "{excluded}");
    }
}

#[test]
fn of_two_lists_that_exclude_each_other_attributes_counts() {
    assert_eq!(names(Some("userName,id"), Some("userName,id")), "userName");
    assert_eq!(names(Some("userName"), Some("emails")), "userName");

    let noted = |attributes, excluded| {
        let mut notes = Notes::default();
        Projection::from_query(attributes, excluded).unwrap().note(&mut notes);
        notes.repairs
    };
    assert_eq!(noted(Some("userName"), Some("emails")), ["both-selections"]);
    assert!(noted(Some("userName"), Some("")).is_empty() && noted(None, Some("emails")).is_empty());
}

#[test]
fn empty_lists_ask_for_nothing_special() {
    for (attributes, excluded) in [(None, None), (Some(""), Some(" , ")), (Some(","), None)] {
        assert!(Projection::from_query(attributes, excluded).unwrap().is_default());
    }
    assert!(!Projection::from_query(Some("%%"), None).unwrap().is_default());
    assert!(Projection::from_lists(&[], &[]).unwrap().is_default());
}

#[test]
fn relations_are_read_only_when_they_are_shown() {
    let wants = |attributes: Option<&str>, excluded: Option<&str>| {
        Projection::from_query(attributes, excluded).unwrap().wants(&resource_type("Group"), Relation::Members)
    };
    assert!(wants(None, None));
    assert!(wants(Some("members"), None));
    assert!(wants(Some("displayName,members.value"), None));
    assert!(wants(None, Some("members.display")));
    assert!(!wants(Some("displayName"), None));
    assert!(!wants(None, Some("Members")));
    assert!(!Projection::default().wants(&resource_type("Group"), Relation::MemberOf));
}

#[test]
fn a_list_of_names_has_a_limit() {
    let names = |count: usize| vec!["userName".to_owned(); count];
    assert!(Projection::from_lists(&names(NAMES_MAX), &names(NAMES_MAX)).is_ok());
    assert!(Projection::from_lists(&names(NAMES_MAX + 1), &[]).is_err());
    assert!(Projection::from_lists(&[], &names(NAMES_MAX + 1)).is_err());
}
