//! Units and slices of a batch: what fails together, and what goes on.

use scim::ScimError;
use scim::batch::{Action, Step, Unit};
use scim::id::Version;
use serde_json::json;
use store::resources::apply::{Outcome, Progress, WriteError};

use crate::directory::{Directory, adding, batch, group, group_json, patch_action, resource, step, user};
use crate::harness::each_engine;

fn refused(index: usize) -> Step {
    Step { index, work: Err(ScimError::Syntax("no".into())), needs: Vec::new() }
}

fn told(outcomes: &[Outcome]) -> Vec<(usize, Option<WriteError>)> {
    outcomes.iter().map(|(index, outcome)| (*index, outcome.as_ref().err().cloned())).collect()
}

#[test]
fn what_needs_a_failed_operation_fails_and_nothing_else_does() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        acme.user("ana").await;
        let (again, staff, bob) = (acme.new_id(&user()), acme.new_id(&group()), acme.new_id(&user()));
        let create_user = |name: &str| Action::Create(resource(&user(), json!({ "userName": name })));
        let units = vec![
            vec![step(0, again, create_user("ANA"), &[])],
            vec![step(2, bob, create_user("bob"), &[])],
            vec![step(1, staff, Action::Create(resource(&group(), group_json("Staff", &[again]))), &[0])],
            vec![step(3, staff, patch_action(&group(), &adding(&[bob])), &[1, 2])],
        ];

        let outcomes = acme.run(batch(units, None)).await;

        assert_eq!(
            told(&outcomes),
            [
                (0, Some(WriteError::NotUnique { attribute: "userName".into() })),
                (2, None),
                (1, Some(WriteError::NeedsFailed { index: 0 })),
                (3, Some(WriteError::NeedsFailed { index: 1 })),
            ]
        );
        assert!(acme.get(bob).await.is_some() && acme.get(staff).await.is_none());
    });
}

#[test]
fn a_failure_is_remembered_from_one_slice_to_the_next() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        let (ana, bob) = (acme.new_id(&user()), acme.new_id(&user()));
        let create = |name: &str| Action::Create(resource(&user(), json!({ "userName": name })));
        let whole = batch(
            vec![vec![refused(0)], vec![step(1, ana, create("ana"), &[0])], vec![step(2, bob, create("bob"), &[])]],
            Some(2),
        );
        let progress = Progress::of(&whole);

        let (first, progress) = acme.run_slice(whole.units[..1].to_vec(), progress).await;
        let (second, progress) = acme.run_slice(whole.units[1..].to_vec(), progress).await;

        assert_eq!(told(&first), [(0, Some(ScimError::Syntax("no".into()).into()))]);
        assert_eq!(told(&second), [(1, Some(WriteError::NeedsFailed { index: 0 }))]);
        assert!(progress.is_stopped());
        assert!(acme.get(bob).await.is_none());
    });
}

#[test]
fn a_circle_of_new_groups_is_created_whole() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        let (one, two, own) = (acme.new_id(&group()), acme.new_id(&group()), acme.new_id(&group()));
        let create = |name: &str, member| Action::Create(resource(&group(), group_json(name, &[member])));
        let units = vec![
            vec![step(0, one, create("One", two), &[1]), step(1, two, create("Two", one), &[0])],
            vec![step(2, own, create("Own", own), &[])],
        ];

        let outcomes = acme.run(batch(units, None)).await;

        assert_eq!(told(&outcomes), [(0, None), (1, None), (2, None)]);
        assert_eq!((acme.members(one).await, acme.members(two).await), (vec![two], vec![one]));
        assert_eq!(acme.members(own).await, [own]);
        assert_eq!((acme.version(one).await, acme.version(own).await), (Version(1), Version(1)));
        let ana = acme.user("ana").await;
        acme.patch(one, "", adding(&[ana])).await.unwrap();
        assert_eq!(acme.groups_of(ana).await.iter().map(|group| group.id).collect::<Vec<_>>(), [one, two]);
        acme.delete(one, "").await.unwrap();
        acme.delete(own, "").await.unwrap();
        assert!(acme.members(two).await.is_empty());
    });
}

#[test]
fn a_circle_that_fails_at_one_place_fails_whole_and_says_where() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        let (one, two, nobody) = (acme.new_id(&group()), acme.new_id(&group()), acme.new_id(&user()));
        let create = |name: &str, members: &[_]| Action::Create(resource(&group(), group_json(name, members)));
        let units = vec![
            vec![step(0, one, create("One", &[two]), &[1]), step(1, two, create("Two", &[one, nobody]), &[0])],
            vec![step(2, acme.new_id(&group()), create("Three", &[]), &[])],
        ];

        let outcomes = acme.run(batch(units, None)).await;

        assert_eq!(
            told(&outcomes),
            [
                (0, Some(WriteError::NeedsFailed { index: 1 })),
                (1, Some(WriteError::UnknownMembers(vec![nobody]))),
                (2, None),
            ]
        );
        assert!(acme.get(one).await.is_none() && acme.get(two).await.is_none());
    });
}

#[test]
fn after_so_many_failures_nothing_further_is_run() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        let create = |index| {
            let id = acme.new_id(&user());
            step(index, id, Action::Create(resource(&user(), json!({ "userName": id.to_string() }))), &[])
        };
        let units = || [refused(0), create(1), refused(2), create(3)].map(|step| Unit { steps: vec![step] }).to_vec();
        let run = async |most| acme.run(scim::batch::Batch { units: units(), fail_on_errors: most }).await.len();

        assert_eq!(run(Some(2)).await, 3);
        assert_eq!(run(Some(1)).await, 1);
        assert_eq!(run(Some(3)).await, 4);
        assert_eq!(run(None).await, 4);
    });
}

#[test]
fn deleting_and_creating_again_in_one_batch_keeps_its_order() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        let (ana, anew) = (acme.user("ana").await, acme.new_id(&user()));
        let create = Action::Create(resource(&user(), json!({ "userName": "ana" })));
        let units = vec![vec![step(0, ana, Action::Delete, &[])], vec![step(1, anew, create, &[])]];

        let outcomes = acme.run(batch(units, None)).await;

        assert_eq!(told(&outcomes), [(0, None), (1, None)]);
        assert!(acme.get(ana).await.is_none() && acme.get(anew).await.is_some());
    });
}
