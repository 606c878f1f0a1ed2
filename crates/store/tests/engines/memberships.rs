//! Who belongs to what.

use scim::ScimError;
use scim::id::Version;
use scim::query::{ListQuery, SortOrder};
use serde_json::json;
use store::events::{Kind, MembersDelta};
use store::resources::apply::WriteError;

use crate::directory::{Directory, adding, group, group_json, removing, user};
use crate::harness::each_engine;
use crate::queries::{filter, sorted};

#[test]
fn adding_a_member_moves_the_group_and_adding_again_does_not() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        let (ana, staff) = (acme.user("ana").await, acme.group("Staff", &[]).await);

        let first = acme.patch(staff, "", adding(&[ana])).await.unwrap();
        let modified = acme.now();
        let again = acme.patch(staff, "", adding(&[ana])).await.unwrap();

        assert_eq!((first.version, first.modified, first.changed), (Version(2), modified, true));
        assert_eq!((again.version, again.modified, again.changed), (Version(2), modified, false));
        assert_eq!((first.body, first.document_touched), (None, false));
        assert_eq!(acme.members(staff).await, [ana]);
        assert_eq!(acme.events().await.len(), 3);
        let event = acme.last_event().await;
        assert_eq!(event.members, MembersDelta { added: vec![ana], removed: vec![] });
        assert_eq!((event.kind, event.before, event.after), (Kind::Patch, None, None));
    });
}

#[test]
fn only_those_are_removed_who_were_named() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        let (ana, bob, cleo) = (acme.user("ana").await, acme.user("bob").await, acme.user("cleo").await);
        let (staff, nobody) = (acme.group("Staff", &[ana, bob]).await, acme.new_id(&user()));

        assert!(!acme.patch(staff, "", removing(&[cleo, nobody])).await.unwrap().changed);
        assert!(acme.patch(staff, "", removing(&[ana, cleo])).await.unwrap().changed);

        assert_eq!(acme.members(staff).await, [bob]);
        let path = format!("members[value eq \"{bob}\"]");
        acme.patch(staff, "", json!([{ "op": "remove", "path": path }])).await.unwrap();
        assert!(acme.members(staff).await.is_empty());
    });
}

#[test]
fn the_last_word_about_a_member_counts() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        let (ana, bob, cleo) = (acme.user("ana").await, acme.user("bob").await, acme.user("cleo").await);
        let staff = acme.group("Staff", &[ana, bob]).await;
        let value = |id: scim::ResourceId| json!([{ "value": id.to_string() }]);

        let written = acme
            .patch(
                staff,
                "",
                json!([
                    { "op": "add", "path": "members", "value": value(cleo) },
                    { "op": "remove", "path": "members" },
                    { "op": "add", "path": "members", "value": value(ana) },
                    { "op": "add", "path": "members", "value": value(cleo) },
                    { "op": "remove", "path": format!("members[value eq \"{cleo}\"]") }
                ]),
            )
            .await
            .unwrap();

        assert_eq!(acme.members(staff).await, [ana]);
        assert_eq!(written.version, Version(2));
        assert_eq!(acme.last_event().await.members, MembersDelta { added: vec![], removed: vec![bob] });
    });
}

#[test]
fn members_can_be_removed_by_what_else_is_known_of_them() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        let ana = acme.user("ana").await;
        let bob = acme.create_user(json!({ "userName": "bob", "displayName": "Bob" })).await;
        let crew = acme.group("Crew", &[]).await;
        let staff = acme.group("Staff", &[ana, bob, crew]).await;

        acme.patch(staff, "", json!([{ "op": "remove", "path": "members[type eq \"Group\"]" }])).await.unwrap();
        assert_eq!(acme.members(staff).await, [ana, bob]);
        acme.patch(staff, "", json!([{ "op": "remove", "path": "members[display sw \"B\"]" }])).await.unwrap();

        assert_eq!(acme.members(staff).await, [ana]);
        assert_eq!(acme.version(staff).await, Version(3));
    });
}

#[test]
fn replacing_a_group_keeps_those_who_stay() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        let (ana, bob, cleo) = (acme.user("ana").await, acme.user("bob").await, acme.user("cleo").await);
        let staff = acme.group("Staff", &[ana, bob]).await;

        let written = acme.replace(staff, "", group_json("Staff", &[bob, cleo])).await.unwrap();

        assert_eq!(acme.members(staff).await, [bob, cleo]);
        assert_eq!((written.version, written.document_touched), (Version(2), true));
        assert_eq!(acme.last_event().await.members, MembersDelta { added: vec![cleo], removed: vec![ana] });
        acme.replace(staff, "", json!({ "displayName": "Staff" })).await.unwrap();
        assert!(acme.members(staff).await.is_empty());
    });
}

#[test]
fn members_must_exist_in_the_tenant() {
    each_engine(async |store| {
        let (acme, other) = (Directory::new(&store, "acme").await, Directory::new(&store, "other").await);
        let (ana, staff) = (acme.user("ana").await, acme.group("Staff", &[]).await);
        for name in ["one", "two", "three"] {
            other.user(name).await;
        }
        let stranger = other.user("eve").await;

        let refused = acme.patch(staff, "", adding(&[ana, stranger])).await;

        assert_eq!(refused, Err(WriteError::UnknownMembers(vec![stranger])));
        assert!(acme.members(staff).await.is_empty());
        assert_eq!(acme.patch(acme.new_id(&group()), "", adding(&[ana])).await, Err(WriteError::NotFound));
    });
}

#[test]
fn deleting_a_member_moves_its_groups_and_nobody_elses() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        let (ana, bob) = (acme.user("ana").await, acme.user("bob").await);
        let (staff, crew, others) = (
            acme.group("Staff", &[ana, bob]).await,
            acme.group("Crew", &[ana]).await,
            acme.group("Others", &[bob]).await,
        );

        acme.delete(ana, "").await.unwrap();

        assert_eq!(acme.members(staff).await, [bob]);
        for (id, version) in [(staff, 2), (crew, 2), (others, 1), (bob, 1)] {
            assert_eq!(acme.version(id).await, Version(version), "{id}");
        }
        assert_eq!(acme.get(crew).await.unwrap().modified, acme.now());
        let events = acme.events().await;
        let told: Vec<_> = events.iter().rev().take(3).rev().map(|event| (event.kind, event.resource)).collect();
        assert_eq!(told, [(Kind::LostMember, staff), (Kind::LostMember, crew), (Kind::Delete, ana)]);
        assert_eq!(events[events.len() - 2].members.removed, [ana]);
        assert_eq!(events[events.len() - 2].version, Version(2));
        assert_eq!(events.iter().map(|event| event.seq).collect::<Vec<_>>(), (1..=8).collect::<Vec<_>>());
    });
}

#[test]
fn deleting_a_group_tells_who_its_members_were() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        let (ana, bob) = (acme.user("ana").await, acme.user("bob").await);
        let staff = acme.group("Staff", &[ana, bob]).await;

        acme.delete(staff, "").await.unwrap();

        let event = acme.last_event().await;
        assert_eq!((event.kind, event.members.removed), (Kind::Delete, vec![ana, bob]));
        assert_eq!(acme.version(ana).await, Version(1));
        assert!(acme.groups_of(ana).await.is_empty());
    });
}

#[test]
fn a_group_cannot_come_to_contain_itself() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        let inner = acme.group("Inner", &[]).await;
        let middle = acme.group("Middle", &[inner]).await;
        let outer = acme.group("Outer", &[middle]).await;

        for member in [inner, middle, outer] {
            let refused = acme.patch(inner, "", adding(&[member])).await;
            assert!(matches!(refused, Err(WriteError::Scim(ScimError::Value { .. }))), "{refused:?}");
        }
        let refused = acme.replace(inner, "", group_json("Inner", &[outer])).await;

        assert!(matches!(refused, Err(WriteError::Scim(ScimError::Value { .. }))), "{refused:?}");
        assert!(acme.members(inner).await.is_empty());
    });
}

#[test]
fn groups_are_told_direct_and_by_way_of_others() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        let (ana, bob) = (acme.user("ana").await, acme.user("bob").await);
        let inner = acme.group("Inner", &[ana]).await;
        let outer = acme.group("Outer", &[inner, bob]).await;
        let both = acme.group("Both", &[ana, outer]).await;

        let groups = acme.groups_of(ana).await;

        let told: Vec<_> = groups.iter().map(|group| (group.id, group.display.as_deref(), group.direct)).collect();
        assert_eq!(told, [(inner, Some("Inner"), true), (outer, Some("Outer"), false), (both, Some("Both"), true)]);
    });
}

#[test]
fn what_one_belongs_to_is_the_same_in_each_way_of_reading() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        let (ana, bob, cleo) = (acme.user("ana").await, acme.user("bob").await, acme.user("cleo").await);
        let dan = acme.user("dan").await;
        let (outer, plain) = (acme.group("Outer", &[]).await, acme.group("Plain \"é\" [", &[dan, bob]).await);
        // Ana's group belongs to another one, which was created before it; nothing is above Bob's and Dan's.
        let inner = acme.group("Inner", &[ana]).await;
        acme.patch(outer, "", adding(&[inner, bob])).await.unwrap();
        let list = ListQuery::default();

        let filters = ["ana", "bob", "cleo"].map(|name| filter(&format!("userName eq \"{name}\"")));
        for query in filters.into_iter().chain([list.clone(), sorted("userName", SortOrder::Descending)]) {
            for shown in acme.shown(&user(), &query).await {
                let groups = acme.groups_of(shown.id).await;
                let expected: Vec<_> =
                    groups.into_iter().map(|group| (group.id, group.display, group.direct)).collect();
                let found: Vec<_> =
                    shown.member_of.unwrap().into_iter().map(|group| (group.id, group.display, group.direct)).collect();
                assert_eq!(found, expected, "{}", shown.id);
            }
        }

        let ways = [acme.show(ana).await, acme.show(bob).await, acme.show(cleo).await];
        let told = ways.map(|shown| shown.member_of.unwrap().into_iter().map(|group| group.id).collect::<Vec<_>>());
        assert_eq!(told, [vec![outer, inner], vec![outer, plain], vec![]]);
        acme.patch(outer, "", removing(&[inner])).await.unwrap();
        let page = acme.shown(&user(), &list).await;
        let told: Vec<Vec<_>> = page
            .into_iter()
            .map(|shown| shown.member_of.unwrap().into_iter().map(|group| group.id).collect())
            .collect();
        assert_eq!(told, [vec![inner], vec![outer, plain], vec![], vec![plain]]);
    });
}

#[test]
fn clients_that_add_members_at_the_same_time_all_succeed() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        let staff = acme.group("Staff", &[]).await;
        let mut users = Vec::new();
        for number in 0..64 {
            users.push(acme.user(&format!("user{number}")).await);
        }

        let additions = users.iter().map(|user| acme.patch(staff, "", adding(&[*user])));
        let written = futures_util::future::join_all(additions).await;

        assert!(written.iter().all(|outcome| outcome.as_ref().is_ok_and(|written| written.changed)));
        assert_eq!(acme.members(staff).await, users);
        assert_eq!(acme.version(staff).await, Version(65));
    });
}
