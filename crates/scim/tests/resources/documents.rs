//! What stores ask of a document.

use super::{ENTERPRISE, read, resource_type};

#[test]
fn the_index_holds_folded_values_each_once() {
    let body = r#"{"userName":"ana","emails":[{"value":"Ana@B"},{"value":"ana@b","type":"work"},{"type":"home"}]}"#;

    let document = read("User", body).unwrap().document;

    assert_eq!(document.indexed_values(&resource_type("User")), [(1, "ana@b".to_owned())]);
}

#[test]
fn a_change_is_told_by_the_names_of_the_attributes() {
    let before = format!(
        r#"{{"userName":"ana","title":"A","name":{{"givenName":"Ana"}},
        "{ENTERPRISE}":{{"department":"Sales","division":"North"}}}}"#
    );
    let after = format!(
        r#"{{"userName":"ana","active":true,"name":{{"givenName":"Anna"}},"{ENTERPRISE}":{{"department":"Ops"}}}}"#
    );
    let (before, after) = (read("User", &before).unwrap().document, read("User", &after).unwrap().document);

    insta::assert_snapshot!(before.changed(&after).join("\n"), @"
    name
    title
    urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:division
    urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department
    active
    ");
    assert!(before.changed(&before).is_empty());
}
