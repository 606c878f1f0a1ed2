//! What PATCH does to a user and to a group: the rules and examples of RFC 7644 §3.5.2, and the
//! shapes that identity providers send, named after their recorded transcripts.

#![expect(clippy::unwrap_used, clippy::panic, clippy::needless_pass_by_value, reason = "helpers of tests")]

use std::sync::Arc;

use scim::dialect::Dialect;
use scim::json::Json;
use scim::patch::{MembersChange, PatchPlan, Patched, plan};
use scim::resource::{Document, Resource, Secret};
use scim::schema::{ResourceType, core};
use scim::{ResourceId, ScimError};
use serde_json::json;

const ENTERPRISE: &str = core::ENTERPRISE_USER;

fn resource_type(name: &str) -> Arc<ResourceType> {
    Arc::clone(core::registry().type_named(name).unwrap())
}

fn planned(type_name: &str, operations: Json) -> Result<PatchPlan, ScimError> {
    let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations });
    plan(&resource_type(type_name), body, Dialect::Generic)
}

fn document(type_name: &str, json: Json) -> Document {
    Resource::read(&resource_type(type_name), json).unwrap().document
}

fn json_of(document: &Document) -> Json {
    let mut json: Json = serde_json::from_str(&document.to_body(ResourceId::new(*b"usr", 1))).unwrap();
    json.as_object_mut().unwrap().remove("id");
    json
}

fn patch(user: Json, operations: Json) -> Result<Patched, ScimError> {
    planned("User", operations)?.apply(&resource_type("User"), &document("User", user))
}

/// The user after the operations, without `schemas` and `userName`, which every user has.
fn after(mut user: Json, operations: Json) -> Json {
    user["userName"] = json!("adele");
    let patched = patch(user, operations.clone()).unwrap_or_else(|error| panic!("{operations}: {error}"));
    let mut json = json_of(&patched.document);
    for name in ["schemas", "userName"] {
        json.as_object_mut().unwrap().remove(name);
    }
    json
}

fn refused(mut user: Json, operations: Json) -> ScimError {
    user["userName"] = json!("adele");
    patch(user, operations).unwrap_err()
}

fn work_and_home() -> Json {
    json!({ "emails": [
        { "value": "a@work.example", "type": "work", "primary": true },
        { "value": "a@home.example", "type": "home" }
    ] })
}

// --- add -------------------------------------------------------------------------------------

#[test]
fn add_without_path_adds_the_attributes_of_its_value() {
    // RFC 7644 §3.5.2.1, the second example.
    let user = json!({ "emails": [{ "value": "b@example.com" }] });
    let operations = json!([{ "op": "add", "value": {
        "emails": [{ "value": "babs@jensen.org", "type": "home" }], "nickname": "Babs"
    } }]);

    assert_eq!(
        after(user, operations),
        json!({ "nickName": "Babs", "emails": [{ "value": "b@example.com" }, { "value": "babs@jensen.org", "type": "home" }] })
    );
}

#[test]
fn add_replaces_the_value_of_a_single_valued_attribute() {
    let operations = json!([{ "op": "add", "path": "title", "value": "Boss" }]);

    assert_eq!(after(json!({ "title": "Clerk" }), operations), json!({ "title": "Boss" }));
}

#[test]
fn add_merges_into_a_complex_attribute() {
    let operations = json!([{ "op": "add", "path": "name", "value": { "givenName": "A", "FAMILYNAME": "New" } }]);

    assert_eq!(
        after(json!({ "name": { "familyName": "Old", "formatted": "F" } }), operations),
        json!({ "name": { "formatted": "F", "familyName": "New", "givenName": "A" } })
    );
}

#[test]
fn adding_a_value_that_is_there_changes_nothing() {
    let mut user = work_and_home();
    user["userName"] = json!("adele");
    user["title"] = json!("Clerk");

    let patched = patch(user, json!([
        { "op": "add", "path": "emails", "value": [{ "value": "a@home.example", "type": "home" }] },
        { "op": "add", "path": "title", "value": "Clerk" },
        { "op": "replace", "value": { "USERNAME": "adele", "emails": [
            { "type": "work", "value": "a@work.example", "primary": "True" }, { "type": "home", "value": "a@home.example" }
        ] } },
        { "op": "remove", "path": "nickName" }
    ]))
    .unwrap();

    assert_eq!(patched.changed, Vec::<String>::new());
}

#[test]
fn a_value_of_the_same_value_and_type_is_not_added_twice() {
    let operations = json!([{ "op": "add", "path": "emails", "value": { "type": "home", "value": "a@home.example", "display": "A" } }]);

    let emails = &after(work_and_home(), operations)["emails"];

    assert_eq!(emails[1], json!({ "value": "a@home.example", "display": "A", "type": "home" }));
    assert_eq!(emails.as_array().unwrap().len(), 2);
}

#[test]
fn setting_primary_on_one_value_clears_it_on_the_others() {
    for operation in [
        json!({ "op": "add", "path": "emails[type eq \"home\"].primary", "value": true }),
        json!({ "op": "replace", "path": "emails[type eq \"home\"]", "value": { "value": "a@home.example", "primary": true } }),
        json!({ "op": "add", "path": "emails", "value": [{ "type": "home", "value": "a@home.example", "primary": true }] }),
        json!({ "op": "add", "path": "emails[type eq \"other\"].primary", "value": "True" }),
        json!({ "op": "add", "value": { "emails": { "value": "new@example.com", "primary": true } } }),
    ] {
        let emails = after(work_and_home(), json!([operation]))["emails"].clone();
        let primary: Vec<_> = emails.as_array().unwrap().iter().filter(|email| email["primary"] == true).collect();
        assert_eq!(emails[0]["primary"], false, "{operation}");
        assert_eq!(primary.len(), 1, "{operation}");
    }
}

#[test]
fn add_through_a_filter_that_matches_nothing_creates_one_value_and_fills_it() {
    // Transcripts entra/add-filter-path-creates-one-element, -other-case, add-role-by-primary-string-filter.
    let operations = json!([
        { "op": "Add", "path": "addresses[type eq \"other\"].Formatted", "value": "18/2111" },
        { "op": "Add", "path": "addresses[type eq \"other\"].country", "value": "US" },
        { "op": "Add", "path": "emails[type eq \"other\" and primary eq false].Value", "value": "p@example.com" },
        { "op": "Add", "path": "roles[primary eq \"True\"].display", "value": "Admin" },
        { "op": "Add", "path": "roles[primary eq \"True\"].value", "value": "Admin" },
        { "op": "Add", "path": "phoneNumbers[type eq \"fax\"]", "value": { "value": "5557" } }
    ]);

    assert_eq!(
        after(json!({}), operations),
        json!({
            "addresses": [{ "formatted": "18/2111", "country": "US", "type": "other" }],
            "emails": [{ "value": "p@example.com", "type": "other", "primary": false }],
            "roles": [{ "value": "Admin", "display": "Admin", "primary": true }],
            "phoneNumbers": [{ "value": "5557", "type": "fax" }]
        })
    );
}

#[test]
fn a_filter_that_describes_no_value_creates_none() {
    for path in [
        "emails[type ne \"work\"].value",
        "emails[type eq \"a\" or type eq \"b\"].value",
        "emails[type eq \"a\" and type eq \"b\"].value",
        "emails[not (type pr)].value",
        "emails[value co \"a\"].type",
    ] {
        let operations = json!([{ "op": "add", "path": path, "value": "x" }]);
        assert!(matches!(refused(json!({}), operations), ScimError::NoTarget(_)), "{path}");
    }
}

#[test]
fn a_part_of_all_values_is_set_on_all_or_makes_the_first() {
    let operations = json!([{ "op": "replace", "path": "emails.display", "value": "D" }]);

    assert_eq!(after(json!({}), operations.clone()), json!({ "emails": [{ "display": "D" }] }));
    assert_eq!(after(work_and_home(), operations)["emails"][1]["display"], "D");
}

// --- remove ----------------------------------------------------------------------------------

#[test]
fn remove_needs_a_path() {
    assert!(matches!(refused(json!({}), json!([{ "op": "remove" }])), ScimError::NoTarget(_)));
    assert!(matches!(
        refused(json!({}), json!([{ "op": "remove", "path": "", "value": { "title": "x" } }])),
        ScimError::NoTarget(_)
    ));
}

#[test]
fn remove_unassigns_what_the_path_names() {
    // Transcript entra/clear-attributes-with-remove.
    let user = json!({
        "title": "T", "nickName": "N", "name": { "formatted": "F", "familyName": "Vance" },
        "phoneNumbers": [{ "type": "work", "value": "1" }, { "type": "fax", "value": "2" }],
        "ims": [{ "value": "a" }],
        ENTERPRISE: { "department": "D" }
    });
    let operations = json!([
        { "op": "Remove", "path": "title" },
        { "op": "Remove", "path": "nickName", "value": "ignored" },
        { "op": "Remove", "path": "phoneNumbers[type eq \"fax\"]" },
        { "op": "Remove", "path": "ims" },
        { "op": "Remove", "path": format!("{ENTERPRISE}:department") },
        { "op": "Remove", "path": "name.formatted" }
    ]);

    assert_eq!(
        after(user, operations),
        json!({ "name": { "familyName": "Vance" }, "phoneNumbers": [{ "value": "1", "type": "work" }] })
    );
}

#[test]
fn remove_with_a_complex_filter_removes_the_matching_values() {
    // RFC 7644 §3.5.2.2.
    let operations = json!([{ "op": "remove", "path": "emails[type eq \"work\" and value ew \"work.example\"]" }]);

    assert_eq!(
        after(work_and_home(), operations),
        json!({ "emails": [{ "value": "a@home.example", "type": "home" }] })
    );
}

#[test]
fn remove_of_a_part_leaves_the_rest_of_the_matching_values() {
    let operations = json!([{ "op": "remove", "path": "emails[type eq \"work\"].value" }, { "op": "remove", "path": "emails.primary" }]);

    assert_eq!(
        after(work_and_home(), operations),
        json!({ "emails": [{ "type": "work" }, { "value": "a@home.example", "type": "home" }] })
    );
}

#[test]
fn remove_with_a_list_of_values_removes_those_only() {
    let remove = |value: Json| after(work_and_home(), json!([{ "op": "remove", "path": "emails", "value": value }]));

    assert_eq!(
        remove(json!([{ "value": "a@work.example" }])),
        json!({ "emails": [{ "value": "a@home.example", "type": "home" }] })
    );
    assert_eq!(remove(json!("a@home.example"))["emails"].as_array().unwrap().len(), 1);
    assert_eq!(remove(json!([{ "value": "a@work.example", "type": "home" }])), work_and_home());
    assert_eq!(remove(json!([])), work_and_home());
    assert_eq!(remove(Json::Null), json!({}));
}

#[test]
fn a_list_of_nothing_does_not_remove_everything() {
    for value in [json!([{}]), json!([{ "value": null }]), json!([null]), json!([{ "unknown": 1 }])] {
        let operations = json!([{ "op": "remove", "path": "emails", "value": value }]);
        assert!(matches!(refused(work_and_home(), operations), ScimError::Value { .. }));
    }
}

#[test]
fn removing_what_is_not_there_is_no_error() {
    let operations = json!([
        { "op": "remove", "path": "emails[type eq \"other\"]" },
        { "op": "remove", "path": "emails[type eq \"other\"].value" },
        { "op": "remove", "path": "name.familyName" },
        { "op": "remove", "path": format!("{ENTERPRISE}:manager") }
    ]);

    assert_eq!(after(work_and_home(), operations), work_and_home());
}

// --- replace ---------------------------------------------------------------------------------

#[test]
fn replace_of_a_complex_attribute_leaves_the_parts_it_does_not_name() {
    // Transcripts entra/replace-without-path-nested, entra/replace-several-dotted-keys.
    let user = json!({ "displayName": "Adele", "name": { "formatted": "Adele Vance", "familyName": "Vance", "givenName": "Adele" } });
    let operations = json!([{ "op": "replace", "value": {
        "name": { "familyName": "Merged" },
        "name.givenName": "Kkom",
        ENTERPRISE: { "department": "R&D" },
        (format!("{ENTERPRISE}:employeeNumber")): "7"
    } }]);

    assert_eq!(
        after(user, operations),
        json!({
            "name": { "formatted": "Adele Vance", "familyName": "Merged", "givenName": "Kkom" }, "displayName": "Adele",
            ENTERPRISE: { "employeeNumber": "7", "department": "R&D" }
        })
    );
}

#[test]
fn replace_of_a_multi_valued_attribute_replaces_all_values() {
    // RFC 7644 §3.5.2.3, the last example; transcript entra/roles-replace-all.
    let operations = json!([{ "op": "replace", "value": { "emails": [{ "value": "b@x.example", "type": "work" }], "nickName": "Babs" } }]);

    assert_eq!(
        after(work_and_home(), operations),
        json!({ "nickName": "Babs", "emails": [{ "value": "b@x.example", "type": "work" }] })
    );
}

#[test]
fn replace_through_a_filter_replaces_the_matching_values() {
    // RFC 7644 §3.5.2.3.
    let user = json!({ "addresses": [{ "type": "work", "country": "DE", "region": "BY" }, { "type": "home", "country": "FR" }] });
    let whole = json!([{ "op": "replace", "path": "addresses[type eq \"work\"]", "value": { "streetAddress": "911 Plaza", "country": "US" } }]);
    let part =
        json!([{ "op": "replace", "path": "addresses[type eq \"work\"].streetAddress", "value": "1010 Broadway Ave" }]);

    assert_eq!(
        after(user.clone(), whole)["addresses"],
        json!([{ "streetAddress": "911 Plaza", "country": "US", "type": "work" }, { "country": "FR", "type": "home" }])
    );
    assert_eq!(
        after(user, part)["addresses"][0],
        json!({ "streetAddress": "1010 Broadway Ave", "region": "BY", "country": "DE", "type": "work" })
    );
}

#[test]
fn replace_through_a_filter_that_matches_nothing_is_refused_except_in_the_dialect_of_entra() {
    // Transcript entra/replace-filter-path-without-match.
    let operation = |op: &str| json!([{ "op": op, "path": "phoneNumbers[type eq \"mobile\"].value", "value": "5556" }]);
    let body = json!({ "Operations": operation("replace") });
    let by_token = plan(&resource_type("User"), body, Dialect::Entra).unwrap();
    let empty = document("User", json!({ "userName": "adele" }));

    let created = after(json!({}), operation("Replace"));
    let created_by_token = by_token.apply(&resource_type("User"), &empty).unwrap();

    assert!(matches!(refused(json!({}), operation("replace")), ScimError::NoTarget(_)));
    assert_eq!(created, json!({ "phoneNumbers": [{ "value": "5556", "type": "mobile" }] }));
    assert_eq!(json_of(&created_by_token.document)["phoneNumbers"], created["phoneNumbers"]);
    assert_eq!(created_by_token.notes.repairs, ["replace-creates"]);
}

#[test]
fn null_unassigns_wherever_it_stands() {
    // Transcript entra/clear-attributes-with-null.
    let user = json!({
        "title": "T", "nickName": "N", "name": { "familyName": "V", "givenName": "A" }, "emails": [{ "value": "x", "type": "work" }],
        "ims": [{ "value": "x" }], ENTERPRISE: { "department": "D", "division": "E", "manager": { "value": "m" } }
    });
    let operations = json!([
        { "op": "replace", "path": "title", "value": null },
        { "op": "replace", "path": "name.givenName", "value": null },
        { "op": "replace", "path": "ims", "value": [] },
        { "op": "replace", "path": "emails[type eq \"work\"].value", "value": null },
        { "op": "replace", "path": "emails[type eq \"none\"].value", "value": null },
        { "op": "replace", "value": { "nickName": null, (format!("{ENTERPRISE}:department")): null, ENTERPRISE: { "division": null } } },
        { "op": "add", "path": format!("{ENTERPRISE}:manager"), "value": { "value": null } }
    ]);

    assert_eq!(after(user, operations), json!({ "name": { "familyName": "V" }, "emails": [{ "type": "work" }] }));
}

#[test]
fn an_empty_string_unassigns_in_the_dialect_of_entra_and_is_a_value_otherwise() {
    // Transcript entra/clear-attributes-with-empty-string.
    let user = json!({ "title": "T", "emails": [{ "value": "x", "type": "work" }], ENTERPRISE: { "department": "D" } });
    let operations = |op: &str| {
        json!([
            { "op": op, "path": "title", "value": "" },
            { "op": op, "path": "emails[type eq \"work\"].value", "value": "" },
            { "op": op, "path": "phoneNumbers[type eq \"work\"].value", "value": "" },
            { "op": op, "path": format!("{ENTERPRISE}:department"), "value": "" }
        ])
    };

    assert_eq!(after(user.clone(), operations("Replace")), json!({ "emails": [{ "type": "work" }] }));
    assert_eq!(
        after(user, operations("replace")),
        json!({ "title": "", "emails": [{ "value": "", "type": "work" }], ENTERPRISE: { "department": "" } })
    );
}

#[test]
fn a_required_attribute_cannot_be_cleared() {
    // Transcript entra/username-cannot-be-emptied.
    for value in [json!(""), json!(" "), Json::Null] {
        let error = refused(json!({}), json!([{ "op": "Replace", "path": "userName", "value": value }]));
        assert_eq!(error, ScimError::value("userName", "is required and must not be empty"));
    }
    let error = refused(json!({}), json!([{ "op": "Remove", "path": "userName" }]));
    assert_eq!(error, ScimError::mutability("userName", "is required and cannot be removed"));
}

#[test]
fn the_last_of_several_operations_on_one_attribute_wins() {
    let operations = json!([
        { "op": "replace", "path": "title", "value": "One" }, { "op": "remove", "path": "title" },
        { "op": "rEpLaCe", "path": "TITLE", "value": "Two" }, { "op": "ADD", "value": { "Title": "Three" } }
    ]);

    assert_eq!(after(json!({ "title": "Zero" }), operations), json!({ "title": "Three" }));
}

// --- values ----------------------------------------------------------------------------------

#[test]
fn booleans_are_taken_as_strings_and_stored_as_booleans() {
    // Transcripts entra/disable-user-string-false, disable-user-without-path, enable-user-string-true.
    for operation in [
        json!({ "op": "Replace", "path": "active", "value": "False" }),
        json!({ "op": "Replace", "value": { "active": "FALSE" } }),
        json!({ "op": "replace", "value": { "active": false } }),
    ] {
        assert_eq!(after(json!({ "active": true }), json!([operation])), json!({ "active": false }));
    }
}

#[test]
fn json_inside_a_string_stays_a_string() {
    // Transcript entra/roles-add-json-in-value.
    let role = r#"{"id":"06b07648","value":"25","displayName":"Role1234"}"#;
    let operations = json!([{ "op": "Add", "path": "roles", "value": [{ "value": role }] }]);

    assert_eq!(after(json!({}), operations), json!({ "roles": [{ "value": role }] }));
}

#[test]
fn the_manager_comes_as_string_object_list_or_part_and_goes_by_remove_or_an_empty_string() {
    // Transcripts entra/manager-*.
    let manager = format!("{ENTERPRISE}:manager");
    for (path, value) in [
        (manager.clone(), json!("m2")),
        (manager.clone(), json!({ "value": "m2", "displayName": "ignored, as it is readOnly" })),
        (manager.clone(), json!([{ "value": "m2" }])),
        (format!("{manager}.value"), json!("m2")),
        (format!("{ENTERPRISE}.manager"), json!("m2")),
    ] {
        let user = json!({ ENTERPRISE: { "manager": { "value": "m1", "$ref": "../Users/m1" } } });
        let operations = json!([{ "op": "add", "path": path, "value": value }]);
        assert_eq!(after(user, operations), json!({ ENTERPRISE: { "manager": { "value": "m2" } } }), "{path}");
    }
    for operation in [
        json!({ "op": "Remove", "path": manager }),
        json!({ "op": "replace", "path": manager, "value": "" }),
        json!({ "op": "remove", "path": ENTERPRISE }),
        json!({ "op": "replace", "path": ENTERPRISE, "value": null }),
    ] {
        let user = json!({ ENTERPRISE: { "manager": { "value": "m1" } } });
        let patched = patch(
            {
                let mut user = user;
                user["userName"] = json!("a");
                user
            },
            json!([operation]),
        )
        .unwrap();
        assert_eq!(json_of(&patched.document), json!({ "schemas": [core::USER], "userName": "a" }));
        assert_eq!(patched.changed, [format!("{ENTERPRISE}:manager")]);
    }
}

#[test]
fn the_urn_of_an_extension_merges_its_attributes_and_names_the_schema() {
    // Transcript entra/extension-replace-whole.
    let mut user = json!({ "userName": "a" });
    user[ENTERPRISE] = json!({ "costCenter": "CC-1" });
    let upper = ENTERPRISE.to_uppercase();

    let patched =
        patch(user, json!([{ "op": "Add", "path": upper, "value": { "DEPARTMENT": "Sales", "unknown": 1 } }])).unwrap();

    let json = json_of(&patched.document);
    assert_eq!(json["schemas"], json!([core::USER, ENTERPRISE]));
    assert_eq!(json[ENTERPRISE], json!({ "costCenter": "CC-1", "department": "Sales" }));
    assert_eq!(patched.changed, [format!("{ENTERPRISE}:department")]);
}

#[test]
fn changed_attributes_are_named_in_canonical_spelling() {
    let user = json!({ "userName": "a", "title": "T", "emails": [{ "value": "x" }] });

    let patched = patch(
        user,
        json!([
            { "op": "replace", "value": { "EXTERNALID": "e", "Title": "U" } }, { "op": "remove", "path": "EMAILS" }
        ]),
    )
    .unwrap();

    let mut changed = patched.changed;
    changed.sort();
    assert_eq!(changed, ["emails", "externalId", "title"]);
}

// --- refusals --------------------------------------------------------------------------------

#[test]
fn what_is_unknown_is_ignored_without_path_and_refused_with_one() {
    let plan = planned(
        "User",
        json!([{ "op": "add", "name": "x", "value": { "favouriteColour": "red", "name": { "x": 1 }, "a b": 1 } }]),
    )
    .unwrap();

    assert_eq!(plan.notes.ignored, ["Operations.name", "favouriteColour", "name.x", "a b"]);
    for path in [
        "favouriteColour",
        "name.x",
        "emails[x eq 1]",
        "emails[type eq \"a\"].x",
        "urn:example:1.0:User:a",
        "manager.x",
    ] {
        let operations = json!([{ "op": "add", "path": path, "value": "x" }]);
        assert!(matches!(refused(json!({}), operations), ScimError::Path { .. }), "{path}");
    }
}

#[test]
fn how_a_request_is_written_is_mended_and_noted() {
    let operation = json!({ "op": "replace", "path": "title", "value": "Boss" });
    let schemas = json!(["urn:ietf:params:scim:api:messages:2.0:PatchOp"]);
    let with = |name: &str, value: Json| {
        let mut operation = operation.clone();
        operation[name] = value;
        json!({ "schemas": schemas, "Operations": [operation] })
    };
    for (body, repairs) in [
        (json!({ "schemas": schemas, "Operations": [operation] }), vec![]),
        (json!({ "schemas": schemas, "Operations": operation }), vec!["one-as-many"]),
        (json!({ "schemas": schemas[0], "Operations": [operation] }), vec!["one-as-many"]),
        (json!({ "Operations": [operation] }), vec!["missing-schemas"]),
        (json!({ "schemas": [], "Operations": [operation] }), vec!["missing-schemas"]),
        (with("op", json!("Replace")), vec!["op-in-any-case"]),
        (with("op", json!("REPLACE")), vec!["op-in-any-case"]),
        (with("path", json!("department")), vec!["unqualified-name"]),
        (
            with("path", json!("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User.department")),
            vec!["dotted-extension"],
        ),
        (with("path", json!("emails[primary eq \"True\"].value")), vec!["boolean-as-text"]),
    ] {
        let plan = plan(&resource_type("User"), body.clone(), Dialect::Generic).unwrap();
        assert_eq!(plan.notes.repairs, repairs, "{body}");
    }
}

#[test]
fn an_id_may_be_repeated_but_not_changed() {
    let id = ResourceId::new(*b"usr", 7);
    let plan = |id: &str| planned("User", json!([{ "op": "replace", "value": { "ID": id, "title": "x" } }])).unwrap();

    assert_eq!(plan(&id.to_string()).check_id(id), Ok(()));
    assert!(matches!(plan("other").check_id(id), Err(ScimError::Mutability { .. })));
    assert_eq!(planned("User", json!([{ "op": "remove", "path": "title" }])).unwrap().check_id(id), Ok(()));
}

#[test]
fn a_path_into_an_unknown_extension_is_ignored_in_the_dialect_of_entra() {
    let path = "urn:ietf:params:scim:schemas:extension:Contoso:2.0:User:tag";

    let plan = planned("User", json!([{ "op": "Add", "path": path, "value": "x" }])).unwrap();

    assert!(!plan.needs_document());
    assert_eq!(plan.notes.ignored, [path]);
}

#[test]
fn what_the_server_keeps_is_ignored_without_path_and_refused_with_one() {
    // Transcripts okta/group-rename-patch, entra/read-only-attribute-in-patch.
    let operations =
        json!([{ "op": "replace", "value": { "id": "x", "meta": {}, "schemas": [], "displayName": "New" } }]);
    assert_eq!(after(json!({}), operations), json!({ "displayName": "New" }));

    for path in [
        "id",
        "meta",
        "meta.created",
        "groups",
        "groups[value eq \"x\"]",
        "urn:ietf:params:scim:schemas:core:2.0:User:groups",
    ] {
        for op in ["add", "replace", "remove"] {
            let operations = json!([{ "op": op, "path": path, "value": "x" }]);
            assert!(matches!(refused(json!({}), operations), ScimError::Mutability { .. }), "{op} {path}");
        }
    }
    let operations = json!([{ "op": "replace", "path": format!("{ENTERPRISE}:manager.displayName"), "value": "x" }]);
    assert!(matches!(refused(json!({}), operations), ScimError::Mutability { .. }));
}

#[test]
fn paths_that_cannot_be_are_refused() {
    for path in [
        "userName[value eq \"x\"]",
        "name[familyName eq \"x\"]",
        "emails.value[type eq \"x\"]",
        "emails[type eq \"work\".value",
        "a.b.c",
        "[x pr]",
    ] {
        let operations = json!([{ "op": "replace", "path": path, "value": "x" }]);
        assert!(matches!(refused(work_and_home(), operations), ScimError::Path { .. }), "{path}");
    }
}

#[test]
fn values_of_the_wrong_type_are_refused_with_the_name_of_the_attribute() {
    for (path, value, attribute) in [
        ("active", json!("maybe"), "active"),
        ("title", json!(7), "title"),
        ("name", json!(7), "name"),
        ("name.givenName", json!({}), "name.givenName"),
        ("emails[type eq \"work\"].primary", json!(7), "emails.primary"),
        ("addresses", json!("Main Street"), "addresses"),
    ] {
        let error = refused(json!({}), json!([{ "op": "add", "path": path, "value": value }]));
        assert!(matches!(&error, ScimError::Value { attribute: named, .. } if named == attribute), "{path}: {error}");
    }
    assert!(matches!(refused(json!({}), json!([{ "op": "add", "path": "title" }])), ScimError::Value { .. }));
    assert!(matches!(refused(json!({}), json!([{ "op": "add", "value": "title" }])), ScimError::Value { .. }));
}

#[test]
fn two_primary_values_are_refused() {
    let operations = json!([{ "op": "replace", "path": "emails[value pr].primary", "value": true }]);

    assert!(matches!(refused(work_and_home(), operations), ScimError::Value { .. }));
}

#[test]
fn what_is_no_patch_message_is_refused() {
    for body in [
        json!([]),
        json!({}),
        json!({ "Operations": [] }),
        json!({ "Operations": ["x"] }),
        json!({ "Operations": [{}] }),
        json!({ "Operations": [{ "op": "move", "path": "a" }] }),
        json!({ "Operations": [{ "op": 1 }] }),
        json!({ "Operations": [{ "op": "add", "OP": "add", "value": {} }] }),
        json!({ "schemas": [core::USER], "Operations": [{ "op": "add", "value": {} }] }),
        // OneLogin's core v1.1 templates.
        json!({ "members": [{ "value": "x", "operation": "delete" }] }),
    ] {
        let error = plan(&resource_type("User"), body.clone(), Dialect::Generic).unwrap_err();
        assert!(matches!(error, ScimError::Syntax(_)), "{body}: {error}");
    }
    let path = json!({ "Operations": [{ "op": "remove", "path": 1 }] });
    assert!(matches!(plan(&resource_type("User"), path, Dialect::Generic), Err(ScimError::Path { .. })));
}

#[test]
fn the_message_is_read_in_any_spelling_and_without_schemas() {
    let body = json!({ "operations": [{ "OP": "Replace", "Path": "title", "VALUE": "T" }], "extra": 1 });

    assert!(plan(&resource_type("User"), body, Dialect::Generic).unwrap().needs_document());
}

#[test]
fn the_number_of_operations_has_a_limit() {
    let operation = json!({ "op": "replace", "path": "title", "value": "x" });
    let many = |n: usize| planned("User", Json::Array(vec![operation.clone(); n]));

    assert!(many(scim::patch::OPERATIONS_MAX).is_ok());
    assert!(matches!(many(scim::patch::OPERATIONS_MAX + 1), Err(ScimError::TooLarge(_))));
}

#[test]
fn the_work_of_one_patch_has_a_limit() {
    let emails: Vec<Json> = (0..1000).map(|n| json!({ "value": n.to_string() })).collect();
    let filter = vec!["value eq \"x\""; 100].join(" or ");
    let operation = json!({ "op": "remove", "path": format!("emails[{filter}]") });

    let error = refused(json!({ "emails": emails }), Json::Array(vec![operation; 1000]));

    assert!(matches!(error, ScimError::TooLarge(_)));
}

#[test]
fn a_document_cannot_grow_without_end_but_can_shrink() {
    let photo = |n: usize| json!({ "value": format!("data:{n},{}", "x".repeat(60_000)) });
    let photos = |count: usize| Json::from((0..count).map(photo).collect::<Vec<_>>());
    let grow = json!([{ "op": "add", "path": "photos", "value": photos(20) }]);
    let shrink = json!([{ "op": "remove", "path": "photos", "value": [photo(0)] }]);

    assert!(matches!(refused(json!({ "photos": photos(10) }), grow), ScimError::TooLarge(_)));
    assert_eq!(after(json!({ "photos": photos(30) }), shrink)["photos"].as_array().unwrap().len(), 29);
}

// --- secrets ---------------------------------------------------------------------------------

#[test]
fn a_password_is_planned_apart_from_the_document() {
    for operation in [
        json!({ "op": "replace", "value": { "password": "n3w" } }),
        json!({ "op": "add", "path": "urn:ietf:params:scim:schemas:core:2.0:User:password", "value": "n3w" }),
    ] {
        let plan = planned("User", json!([operation])).unwrap();
        assert_eq!(plan.secret, Some(Some(Secret::Plain("n3w".into()))));
        assert!(!plan.needs_document() && !format!("{plan:?}").contains("n3w"));
    }
    assert_eq!(planned("User", json!([{ "op": "remove", "path": "password" }])).unwrap().secret, Some(None));
    assert_eq!(planned("User", json!([{ "op": "add", "path": "title", "value": "x" }])).unwrap().secret, None);
}

// --- members ---------------------------------------------------------------------------------

fn id(n: u128) -> ResourceId {
    ResourceId::new(*b"usr", n)
}

fn members(operations: Json) -> Vec<MembersChange> {
    let plan = planned("Group", operations).unwrap();
    assert!(!plan.needs_document());
    plan.members
}

#[test]
fn members_are_added_in_every_shape_without_reading_the_group() {
    let a = id(1).to_string();
    for operation in [
        json!({ "op": "Add", "path": "members", "value": [{ "$ref": null, "value": a }] }),
        json!({ "op": "add", "path": "members", "value": [{ "displayName": "new User", "value": a }], "name": "addMember" }),
        json!({ "op": "add", "path": "members", "value": [{ "value": a, "display": "x", "type": "User" }, { "value": a }] }),
        json!({ "op": "Add", "path": "Members", "value": { "value": a } }),
        json!({ "op": "add", "path": "members", "value": [a] }),
        json!({ "op": "add", "value": { "members": [{ "value": a }] } }),
        json!({ "op": "add", "value": { "urn:ietf:params:scim:schemas:core:2.0:Group:members": [{ "Value": a }] } }),
    ] {
        assert_eq!(members(json!([operation])), [MembersChange::Add(vec![id(1)])], "{operation}");
    }
    assert_eq!(members(json!([{ "op": "add", "path": "members", "value": [] }])), []);
}

#[test]
fn members_are_removed_by_filter_by_list_or_all() {
    let (a, b) = (id(1).to_string(), id(2).to_string());
    for (path, value, change) in [
        (format!("members[value eq \"{a}\"]"), Json::Null, MembersChange::Remove(vec![id(1)])),
        (
            format!("members[value eq\"{a}\" or VALUE EQ \"{b}\"]"),
            Json::Null,
            MembersChange::Remove(vec![id(1), id(2)]),
        ),
        ("members".into(), json!([{ "$ref": null, "value": a }]), MembersChange::Remove(vec![id(1)])),
        ("members".into(), json!({ "value": a }), MembersChange::Remove(vec![id(1)])),
        ("members".into(), json!([a, b]), MembersChange::Remove(vec![id(1), id(2)])),
        ("members".into(), Json::Null, MembersChange::RemoveAll),
    ] {
        assert_eq!(members(json!([{ "op": "remove", "path": path, "value": value }])), [change], "{path}");
    }
    assert!(matches!(
        members(json!([{ "op": "remove", "path": "members[type eq \"Group\"]" }]))[..],
        [MembersChange::RemoveWhere(_)]
    ));
}

#[test]
fn removing_who_cannot_be_a_member_is_no_error_and_never_empties_the_group() {
    for operation in [
        json!({ "op": "remove", "path": "members[value eq \"2819c223-7f76-453a-919d-413861904646\"]" }),
        json!({ "op": "remove", "path": "members", "value": [{ "value": "2819c223" }] }),
        json!({ "op": "remove", "path": "members", "value": [] }),
    ] {
        assert_eq!(members(json!([operation])), [], "{operation}");
    }
    for value in [json!([{}]), json!([{ "value": null }]), json!([null]), json!(7)] {
        let refused = planned("Group", json!([{ "op": "remove", "path": "members", "value": value }]));
        assert!(matches!(refused, Err(ScimError::Value { .. })), "{value}");
    }
}

#[test]
fn members_are_replaced_as_a_whole() {
    let a = id(1).to_string();

    assert_eq!(
        members(json!([{ "op": "replace", "path": "members", "value": [{ "value": a }] }])),
        [MembersChange::Replace(vec![id(1)])]
    );
    assert_eq!(members(json!([{ "op": "replace", "path": "members", "value": [] }])), [MembersChange::RemoveAll]);
}

#[test]
fn neighbouring_changes_of_members_are_joined_and_order_is_kept() {
    let (a, b) = (id(1).to_string(), id(2).to_string());
    let operations = json!([
        { "op": "remove", "path": format!("members[value eq \"{a}\"]") },
        { "op": "remove", "path": format!("members[value eq \"{b}\"]") },
        { "op": "add", "path": "members", "value": [{ "value": a }] },
        { "op": "add", "path": "members", "value": [{ "value": b }, { "value": a }] },
        { "op": "remove", "path": "members", "value": [{ "value": b }] }
    ]);

    assert_eq!(
        members(operations),
        [
            MembersChange::Remove(vec![id(1), id(2)]),
            MembersChange::Add(vec![id(1), id(2)]),
            MembersChange::Remove(vec![id(2)])
        ]
    );
}

#[test]
fn members_and_document_can_change_in_one_request() {
    let operations = json!([{ "op": "replace", "value": { "id": "grp_x", "displayName": "Staff", "members": [{ "value": id(1).to_string() }] } }]);

    let plan = planned("Group", operations).unwrap();
    let patched = plan.apply(&resource_type("Group"), &document("Group", json!({ "displayName": "Old" }))).unwrap();

    assert_eq!(plan.members, [MembersChange::Replace(vec![id(1)])]);
    assert_eq!(patched.changed, ["displayName"]);
}

#[test]
fn a_member_that_cannot_be_is_refused_by_its_id() {
    let error =
        planned("Group", json!([{ "op": "add", "path": "members", "value": [{ "value": "ghost" }] }])).unwrap_err();

    assert!(error.to_string().contains("ghost"), "{error}");
}

#[test]
fn a_part_of_a_member_cannot_be_changed() {
    for (op, path) in [
        ("add", "members.value"),
        ("replace", "members[value eq \"x\"].type"),
        ("replace", "members[value eq \"x\"]"),
        ("remove", "members[value eq \"x\"].value"),
        ("remove", "members[colour eq \"x\"]"),
    ] {
        let refused = planned("Group", json!([{ "op": op, "path": path, "value": "x" }]));
        assert!(matches!(refused, Err(ScimError::Path { .. })), "{op} {path}: {refused:?}");
    }
}
