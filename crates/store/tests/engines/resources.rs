//! Creating, replacing, patching and deleting resources.

use scim::ScimError;
use scim::id::Version;
use serde_json::json;
use store::events::Kind;
use store::resources::apply::{Progress, UniqueAttribute, WriteError};
use store::sql::Stmt;
use store::{StoreError, sql};

use crate::directory::{Directory, group, group_json, user};
use crate::harness::each_engine;
use crate::queries::filter;

static SECRETS: Stmt = sql!("SELECT count(*) FROM resources WHERE tenant = $1 AND secret = 'hash of s3cret'");
static INDEXED: Stmt = sql!("SELECT count(*) FROM attribute_values WHERE tenant = $1");
static UNIQUE: Stmt = sql!("SELECT count(*) FROM unique_keys WHERE tenant = $1");

#[test]
fn what_was_created_is_read_as_it_was_written() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;

        let written = acme.try_create(&user(), json!({ "userName": "Ana", "title": "Dr" })).await.unwrap();

        let stored = acme.get(written.id).await.unwrap();
        assert_eq!(Some(&stored.body), written.body.as_ref());
        assert_eq!((stored.version, stored.created, stored.modified), (Version(1), acme.now(), acme.now()));
        assert_eq!((written.version, written.created, written.modified), (Version(1), acme.now(), acme.now()));
        assert!(written.changed && written.document_touched);
    });
}

#[test]
fn a_resource_of_one_tenant_does_not_exist_for_another() {
    each_engine(async |store| {
        let (acme, other) = (Directory::new(&store, "acme").await, Directory::new(&store, "other").await);
        let ana = acme.user("ana").await;

        assert_eq!(other.get(ana).await, None);
        assert_eq!(other.delete(ana, "").await, Err(WriteError::NotFound));
        assert_eq!(other.replace(ana, "", json!({ "userName": "eve" })).await, Err(WriteError::NotFound));
        assert!(other.try_create(&user(), json!({ "userName": "ana" })).await.is_ok());
    });
}

#[test]
fn a_user_name_is_unique_without_regard_to_case_on_every_way_of_writing() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        acme.user("Ana").await;
        let bob = acme.user("bob").await;
        let taken = Err(WriteError::NotUnique { attribute: "userName".into() });

        assert_eq!(acme.try_create(&user(), json!({ "userName": "ANA" })).await, taken);
        assert_eq!(acme.replace(bob, "", json!({ "userName": "aNa" })).await, taken);
        let operations = json!([{ "op": "replace", "path": "userName", "value": "anA" }]);
        assert_eq!(acme.patch(bob, "", operations).await, taken);

        assert_eq!(acme.version(bob).await, Version(1));
        assert!(acme.replace(bob, "", json!({ "userName": "BOB" })).await.unwrap().changed);
    });
}

#[test]
fn a_resource_is_found_by_what_it_has_become_whatever_else_changed_with_it() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        let ana = acme.create_user(json!({ "userName": "ana", "externalId": "1", "active": true })).await;
        let users = [user()];
        let holds = async |text: &str| acme.query(&users, &filter(text)).await.unwrap().total == 1;

        acme.patch(ana, "", json!([{ "op": "replace", "path": "title", "value": "Dr" }])).await.unwrap();
        assert!(holds("userName eq \"ana\" and externalId eq \"1\" and active eq true and title eq \"Dr\"").await);
        acme.patch(ana, "", json!([{ "op": "replace", "path": "active", "value": false }])).await.unwrap();
        assert!(holds("userName eq \"ana\" and externalId eq \"1\" and active eq false").await);
        assert!(!holds("active eq true").await);
        acme.patch(ana, "", json!([{ "op": "replace", "path": "externalId", "value": "2" }])).await.unwrap();
        assert!(holds("externalId eq \"2\" and userName eq \"ana\" and active eq false").await);
        assert!(!holds("externalId eq \"1\"").await);
        acme.replace(ana, "", json!({ "userName": "anna", "active": true })).await.unwrap();
        assert!(holds("userName eq \"anna\" and active eq true and not (externalId pr)").await);
        assert!(!holds("userName eq \"ana\"").await && !holds("externalId eq \"2\"").await);
        assert_eq!(acme.version(ana).await, Version(5));
    });
}

#[test]
fn what_the_settings_make_unique_is_refused_and_free_again_afterwards() {
    each_engine(async |store| {
        let mut acme = Directory::new(&store, "acme").await;
        acme.unique = vec![UniqueAttribute { resource_type: group().key, attribute: "displayName".into() }];
        let staff = acme.group("Staff", &[]).await;
        let others = acme.group("Others", &[]).await;
        let taken = Err(WriteError::NotUnique { attribute: "displayName".into() });

        assert_eq!(acme.try_create(&group(), group_json("STAFF", &[])).await, taken);
        assert_eq!(acme.replace(others, "", group_json("staff", &[])).await, taken);
        acme.replace(staff, "", group_json("Crew", &[])).await.unwrap();
        acme.replace(others, "", group_json("staff", &[])).await.unwrap();
        acme.delete(staff, "").await.unwrap();
        acme.group("crew", &[]).await;

        assert_eq!(acme.number(&UNIQUE).await, 2);
    });
}

#[test]
fn what_becomes_unique_later_is_unique_for_what_was_there_before() {
    each_engine(async |store| {
        let mut acme = Directory::new(&store, "acme").await;
        let rule = UniqueAttribute { resource_type: group().key, attribute: "displayName".into() };
        acme.group("Staff", &[]).await;
        let double = acme.group("STAFF", &[]).await;
        let taken = Err(WriteError::NotUnique { attribute: "displayName".into() });

        let refused = acme.enforce(&rule).await;
        acme.delete(double, "").await.unwrap();
        let enforced = acme.enforce(&rule).await;
        acme.unique = vec![rule.clone()];

        assert_eq!(refused, Err(StoreError::NotUnique("displayName".into())));
        assert_eq!(enforced, Ok(()));
        assert_eq!(acme.try_create(&group(), group_json("staff", &[])).await, taken);
        acme.release(&rule).await;
        acme.unique.clear();
        acme.group("staff", &[]).await;
        assert_eq!(acme.number(&UNIQUE).await, 0);
    });
}

#[test]
fn a_resource_that_is_refused_leaves_nothing_behind() {
    each_engine(async |store| {
        static LEFT: Stmt = sql!(
            "SELECT (SELECT count(*) FROM resources WHERE tenant = $1) + (SELECT count(*) FROM events WHERE tenant = $1)
                  + (SELECT count(*) FROM unique_keys WHERE tenant = $1)
                  + (SELECT count(*) FROM attribute_values WHERE tenant = $1)
                  + (SELECT cast(coalesce(sum(resources), 0) AS bigint) FROM resource_blocks WHERE tenant = $1)"
        );
        let mut acme = Directory::new(&store, "acme").await;
        acme.unique = vec![UniqueAttribute { resource_type: group().key, attribute: "displayName".into() }];
        let nobody = acme.new_id(&user());

        let refused = acme.try_create(&group(), group_json("Staff", &[nobody])).await;

        assert_eq!(refused, Err(WriteError::UnknownMembers(vec![nobody])));
        assert_eq!(acme.number(&LEFT).await, 0);
    });
}

#[test]
fn replacing_drops_what_is_not_sent_and_moves_version_and_time() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        let ana = acme.create_user(json!({ "userName": "ana", "title": "Dr", "emails": [{ "value": "a@x" }] })).await;
        let before = acme.get(ana).await.unwrap();

        let written = acme.replace(ana, "", json!({ "userName": "ana", "nickName": "An" })).await.unwrap();

        let after = acme.get(ana).await.unwrap();
        assert_eq!(Some(&after.body), written.body.as_ref());
        assert!(!after.body.contains("title") && after.body.contains("nickName"));
        assert_eq!((after.version, after.created, after.modified), (Version(2), before.created, acme.now()));
        assert_eq!(acme.number(&INDEXED).await, 0);
    });
}

#[test]
fn a_change_that_changes_nothing_leaves_version_time_and_events_alone() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        let json = json!({ "userName": "ana", "title": "Dr" });
        let ana = acme.create_user(json.clone()).await;
        let staff = acme.group("Staff", &[ana]).await;
        let (user_before, group_before) = (acme.get(ana).await.unwrap(), acme.get(staff).await.unwrap());
        let events = acme.events().await.len();

        let replaced = acme.replace(ana, "", json).await.unwrap();
        let patched = acme.patch(ana, "", json!([{ "op": "add", "path": "title", "value": "Dr" }])).await.unwrap();
        let regrouped = acme.replace(staff, "", group_json("Staff", &[ana])).await.unwrap();

        assert!(!replaced.changed && !patched.changed && !regrouped.changed);
        assert_eq!(acme.get(ana).await.unwrap(), user_before);
        assert_eq!(acme.get(staff).await.unwrap(), group_before);
        assert_eq!(replaced.body.as_ref(), Some(&user_before.body));
        assert_eq!(acme.events().await.len(), events);
    });
}

#[test]
fn a_secret_stays_when_none_is_sent_and_changes_the_resource_when_one_is() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        let ana = acme.create_user(json!({ "userName": "ana", "password": "s3cret" })).await;

        assert!(!acme.replace(ana, "", json!({ "userName": "ana" })).await.unwrap().changed);
        assert_eq!(acme.number(&SECRETS).await, 1);

        let again = json!([{ "op": "replace", "path": "password", "value": "s3cret" }]);
        let written = acme.patch(ana, "", again).await.unwrap();
        assert_eq!((written.version, written.document_touched), (Version(2), true));
        assert_eq!(acme.last_event().await.changed, ["password"]);

        acme.patch(ana, "", json!([{ "op": "remove", "path": "password" }])).await.unwrap();
        assert_eq!(acme.number(&SECRETS).await, 0);
    });
}

#[test]
fn a_version_that_is_not_there_any_more_cannot_be_changed() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        let ana = acme.user("ana").await;
        let staff = acme.group("Staff", &[]).await;
        acme.replace(ana, "W/\"1\"", json!({ "userName": "anna" })).await.unwrap();
        acme.patch(staff, "W/\"1\"", crate::directory::adding(&[ana])).await.unwrap();
        let late = Err(WriteError::VersionMismatch { current: Version(2) });

        assert_eq!(acme.replace(ana, "W/\"1\"", json!({ "userName": "ann" })).await, late);
        assert_eq!(acme.patch(ana, "W/\"1\"", json!([{ "op": "remove", "path": "title" }])).await, late);
        assert_eq!(acme.patch(staff, "W/\"1\"", crate::directory::removing(&[ana])).await, late);
        assert_eq!(acme.delete(staff, "W/\"7\", W/\"1\"").await, late);
        assert_eq!(acme.members(staff).await, [ana]);
        assert!(acme.delete(ana, "W/\"2\"").await.is_ok());
    });
}

#[test]
fn a_patch_that_fails_half_way_changes_nothing() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        let (ana, nobody) = (acme.user("ana").await, acme.new_id(&user()));
        let staff = acme.group("Staff", &[ana]).await;

        let refused = acme
            .patch(
                staff,
                "",
                json!([
                    { "op": "replace", "path": "displayName", "value": "Crew" },
                    { "op": "remove", "path": "members" },
                    { "op": "add", "path": "members", "value": [{ "value": nobody.to_string() }] }
                ]),
            )
            .await;

        assert_eq!(refused, Err(WriteError::UnknownMembers(vec![nobody])));
        assert_eq!(acme.members(staff).await, [ana]);
        let stored = acme.get(staff).await.unwrap();
        assert!(stored.body.contains("Staff") && stored.version == Version(1));
    });
}

#[test]
fn what_was_deleted_is_gone_with_all_its_rows() {
    each_engine(async |store| {
        static LEFT: Stmt = sql!(
            "SELECT (SELECT count(*) FROM resources WHERE tenant = $1) + (SELECT count(*) FROM members WHERE tenant = $1)
                  + (SELECT count(*) FROM unique_keys WHERE tenant = $1)
                  + (SELECT count(*) FROM attribute_values WHERE tenant = $1)
                  + (SELECT cast(coalesce(sum(resources), 0) AS bigint) FROM resource_blocks WHERE tenant = $1)"
        );
        let mut acme = Directory::new(&store, "acme").await;
        acme.unique = vec![UniqueAttribute { resource_type: user().key, attribute: "externalId".into() }];
        let json = json!({ "userName": "ana", "externalId": "7", "emails": [{ "value": "a@x" }, { "value": "b@x" }] });
        let ana = acme.create_user(json.clone()).await;
        let staff = acme.group("Staff", &[ana]).await;

        acme.delete(ana, "").await.unwrap();
        acme.delete(staff, "").await.unwrap();

        assert_eq!(acme.number(&LEFT).await, 0);
        assert_eq!(acme.delete(ana, "").await, Err(WriteError::NotFound));
        assert_ne!(acme.create_user(json).await, ana);
    });
}

#[test]
fn each_change_leaves_one_event_with_what_changed() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        let ana = acme.create_user(json!({ "userName": "ana", "title": "Dr", "password": "s3cret" })).await;
        let body = acme.get(ana).await.unwrap().body;
        let operations =
            json!([{ "op": "remove", "path": "title" }, { "op": "add", "path": "active", "value": false }]);
        let patched = acme.patch(ana, "", operations).await.unwrap();
        acme.delete(ana, "").await.unwrap();

        let events = acme.events().await;

        assert_eq!(
            events.iter().map(|event| event.kind).collect::<Vec<_>>(),
            [Kind::Create, Kind::Patch, Kind::Delete]
        );
        assert_eq!(events.iter().map(|event| event.seq).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(events.iter().map(|event| event.version.0).collect::<Vec<_>>(), [1, 2, 2]);
        assert!(events.iter().all(|event| event.resource == ana && event.actor == "sct_test"));
        assert_eq!(events[0].changed, ["userName", "title", "password"]);
        assert_eq!((events[0].before.as_ref(), events[0].after.as_ref()), (None, Some(&body)));
        assert_eq!(events[1].before.as_deref(), Some(r#"{"title":"Dr"}"#));
        assert_eq!(events[1].after.as_deref(), Some(r#"{"active":false}"#));
        assert_eq!((events[2].before.as_ref(), events[2].after.as_ref()), (patched.body.as_ref(), None));
        assert!(!format!("{events:?}").contains("s3cret"));
    });
}

#[test]
fn a_secret_that_was_not_hashed_is_refused_and_not_stored() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        let plain =
            scim::resource::Resource::read(&user(), json!({ "userName": "ana", "password": "s3cret" })).unwrap();
        let create = crate::directory::step(0, acme.new_id(&user()), scim::batch::Action::Create(plain), &[]);

        let outcome = acme.try_run_slice(vec![scim::batch::Unit { steps: vec![create] }], Progress::default()).await;

        assert!(matches!(outcome, Err(StoreError::Corrupt(_))));
    });
}

#[test]
fn an_operation_that_cannot_be_carried_out_keeps_its_own_reason() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        let ana = acme.user("ana").await;

        let operations = json!([{ "op": "replace", "path": "emails[type eq \"work\"].value", "value": "a@x" }]);
        let refused = acme.patch(ana, "", operations).await;

        assert!(matches!(refused, Err(WriteError::Scim(ScimError::NoTarget(_)))));
    });
}

#[test]
fn what_is_mended_in_applying_is_told_and_a_strict_tenant_refuses_it() {
    each_engine(async |store| {
        let mut acme = Directory::new(&store, "acme").await;
        let ana = acme.user("ana").await;
        // Only Entra ID writes `Replace` so.
        let replace = |kind: &str| json!([{ "op": "Replace", "path": format!("emails[type eq \"{kind}\"].value"), "value": "a@x" }]);

        let mended = acme.patch(ana, "", replace("work")).await.unwrap();
        acme.strict = true;
        let refused = acme.patch(ana, "", replace("home")).await;

        assert_eq!(mended.notes.repairs, ["replace-creates"]);
        let Err(WriteError::Scim(ScimError::NoTarget(detail))) = refused else { panic!("{refused:?}") };
        assert!(detail.contains("'strict'") && detail.contains("replace-creates"), "{detail}");
        assert_eq!(acme.get(ana).await.unwrap().version, mended.version);
    });
}
