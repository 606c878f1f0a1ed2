//! Random histories: what is counted and indexed is what is there.

use proptest::prelude::*;
use scim::id::ResourceId;
use serde_json::json;
use store::resources::apply::UniqueAttribute;
use store::sql;
use store::sql::Stmt;

use crate::directory::{Directory, adding, group, group_json, removing, user};
use crate::harness::each_engine;

#[derive(Debug, Clone)]
enum Change {
    CreateUser { name: u8, email: Option<u8> },
    CreateGroup { name: u8, members: Vec<usize> },
    Replace { target: usize, name: u8, email: Option<u8>, members: Vec<usize> },
    Email { target: usize, email: Option<u8> },
    Add { target: usize, members: Vec<usize> },
    Remove { target: usize, members: Vec<usize> },
    Delete { target: usize },
}

fn change() -> impl Strategy<Value = Change> {
    let members = || prop::collection::vec(any::<usize>(), 0..4);
    let (name, email) = (0..6_u8, prop::option::of(0..3_u8));
    prop_oneof![
        3 => (name.clone(), email.clone()).prop_map(|(name, email)| Change::CreateUser { name, email }),
        2 => (name.clone(), members()).prop_map(|(name, members)| Change::CreateGroup { name, members }),
        2 => (any::<usize>(), name, email.clone(), members())
            .prop_map(|(target, name, email, members)| Change::Replace { target, name, email, members }),
        1 => (any::<usize>(), email).prop_map(|(target, email)| Change::Email { target, email }),
        2 => (any::<usize>(), members()).prop_map(|(target, members)| Change::Add { target, members }),
        1 => (any::<usize>(), members()).prop_map(|(target, members)| Change::Remove { target, members }),
        1 => any::<usize>().prop_map(|target| Change::Delete { target }),
    ]
}

/// What would be wrong, each as a number of rows.
static WRONG: [(&str, Stmt); 11] = [
    (
        "blocks that miscount",
        sql!(
            "SELECT count(*) FROM
                 (SELECT type, block, sum(resources) AS n FROM resource_blocks WHERE tenant = $1 GROUP BY type, block) AS b
             WHERE b.n <>
                 (SELECT count(*) FROM resources AS r WHERE r.tenant = $1 AND r.type = b.type AND r.pk / 1024 = b.block)"
        ),
    ),
    (
        "resources that no block counts",
        sql!(
            "SELECT (SELECT count(*) FROM resources WHERE tenant = $1)
                  - (SELECT cast(coalesce(sum(resources), 0) AS bigint) FROM resource_blocks WHERE tenant = $1)"
        ),
    ),
    (
        "spans that miscount",
        sql!(
            "SELECT count(*) FROM
                 (SELECT type, span, sum(resources) AS n FROM resource_spans WHERE tenant = $1 GROUP BY type, span) AS s
             WHERE s.n <>
                 (SELECT count(*) FROM resources AS r WHERE r.tenant = $1 AND r.type = s.type AND r.pk / 65536 = s.span)"
        ),
    ),
    (
        "resources that no span counts",
        sql!(
            "SELECT (SELECT count(*) FROM resources WHERE tenant = $1)
                  - (SELECT cast(coalesce(sum(resources), 0) AS bigint) FROM resource_spans WHERE tenant = $1)"
        ),
    ),
    (
        "members or groups that do not exist",
        sql!(
            "SELECT count(*) FROM members AS m WHERE m.tenant = $1 AND
                 (SELECT count(*) FROM resources AS r WHERE r.tenant = $1 AND r.pk IN (m.group_pk, m.member_pk)) < 2"
        ),
    ),
    (
        "index entries that no document has",
        sql! {
            sqlite: "SELECT count(*) FROM attribute_values AS a WHERE a.tenant = $1 AND a.attribute = 1 AND NOT EXISTS
                         (SELECT 1 FROM resources AS r, json_each(r.body, '$.emails') AS e
                          WHERE r.tenant = $1 AND r.pk = a.pk AND e.value ->> '$.value' = a.value)",
            postgres: "SELECT count(*) FROM attribute_values AS a WHERE a.tenant = $1 AND a.attribute = 1 AND NOT EXISTS
                           (SELECT 1 FROM resources AS r, jsonb_array_elements(cast(r.body AS jsonb) -> 'emails') AS e
                            WHERE r.tenant = $1 AND r.pk = a.pk AND e ->> 'value' = a.value)",
        },
    ),
    (
        "emails that are not in the index",
        sql! {
            sqlite: "SELECT count(*) FROM resources AS r, json_each(r.body, '$.emails') AS e
                     WHERE r.tenant = $1 AND NOT EXISTS
                         (SELECT 1 FROM attribute_values AS a WHERE a.tenant = $1 AND a.attribute = 1 AND a.pk = r.pk
                                                                AND a.value = e.value ->> '$.value')",
            postgres: "SELECT count(*) FROM resources AS r, jsonb_array_elements(cast(r.body AS jsonb) -> 'emails') AS e
                       WHERE r.tenant = $1 AND NOT EXISTS
                           (SELECT 1 FROM attribute_values AS a WHERE a.tenant = $1 AND a.attribute = 1
                                                                  AND a.pk = r.pk AND a.value = e ->> 'value')",
        },
    ),
    (
        "unique keys that are not those of the groups",
        sql!(
            "SELECT count(*) FROM (
                 SELECT pk, value FROM unique_keys WHERE tenant = $1
                 EXCEPT SELECT pk, display_name FROM resources WHERE tenant = $1 AND type = 2) AS extra"
        ),
    ),
    (
        "groups without a unique key",
        sql!(
            "SELECT count(*) FROM resources AS r WHERE r.tenant = $1 AND r.type = 2
             AND NOT EXISTS (SELECT 1 FROM unique_keys AS u WHERE u.tenant = $1 AND u.pk = r.pk)"
        ),
    ),
    (
        "numbers that the events lack",
        sql!("SELECT coalesce(max(seq), 0) - count(*) FROM events WHERE tenant = $1"),
    ),
    (
        "versions that no event tells",
        sql!(
            "SELECT count(*) FROM resources AS r WHERE r.tenant = $1 AND r.version <>
                 (SELECT count(*) FROM events AS e WHERE e.tenant = $1 AND e.resource = r.id)"
        ),
    ),
];

/// Expects that the tables agree about a tenant in which groups have names of their own.
pub(crate) async fn expect_sound(directory: &Directory) {
    // So that all have their numbers.
    directory.events().await;
    for (what, statement) in &WRONG {
        assert_eq!(directory.number(statement).await, 0, "{what}");
    }
}

fn person(name: u8, email: Option<u8>) -> scim::json::Json {
    let emails: Vec<_> = email.iter().map(|email| json!({ "value": format!("{email}@x") })).collect();
    json!({ "userName": format!("user{name}"), "emails": emails })
}

async fn carry_out(directory: &Directory, alive: &mut Vec<ResourceId>, change: &Change) {
    let some = |numbers: &[usize]| -> Vec<ResourceId> {
        let those = numbers.iter().filter_map(|number| alive.get(number % alive.len().max(1)));
        those.copied().collect()
    };
    let one = |number: usize| some(&[number]).pop();
    let is_group = |id: ResourceId| id.prefix() == group().id_prefix;
    // Many of these are refused, as names are taken and circles are not allowed: so much the better.
    match change {
        Change::CreateUser { name, email } => {
            alive.extend(directory.try_create(&user(), person(*name, *email)).await.map(|written| written.id));
        }
        Change::CreateGroup { name, members } => {
            let json = group_json(&format!("group{name}"), &some(members));
            alive.extend(directory.try_create(&group(), json).await.map(|written| written.id));
        }
        Change::Replace { target, name, email, members } => {
            let Some(target) = one(*target) else { return };
            let json = if is_group(target) {
                group_json(&format!("group{name}"), &some(members))
            } else {
                person(*name, *email)
            };
            drop(directory.replace(target, "", json).await);
        }
        Change::Email { target, email } => {
            let Some(target) = one(*target).filter(|id| !is_group(*id)) else { return };
            let emails = &person(0, *email)["emails"];
            drop(directory.patch(target, "", json!([{ "op": "replace", "path": "emails", "value": emails }])).await);
        }
        Change::Add { target, members } => {
            let Some(target) = one(*target).filter(|id| is_group(*id)) else { return };
            drop(directory.patch(target, "", adding(&some(members))).await);
        }
        Change::Remove { target, members } => {
            let Some(target) = one(*target).filter(|id| is_group(*id)) else { return };
            drop(directory.patch(target, "", removing(&some(members))).await);
        }
        Change::Delete { target } => {
            let Some(target) = one(*target) else { return };
            directory.delete(target, "").await.unwrap();
            alive.retain(|id| *id != target);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn counters_indexes_members_and_events_agree_with_the_resources(changes in prop::collection::vec(change(), 0..60)) {
        each_engine(async |store| {
            let mut acme = Directory::new(&store, "acme").await;
            acme.unique = vec![UniqueAttribute { resource_type: group().key, attribute: "displayName".into() }];
            let mut alive = Vec::new();

            for change in &changes {
                carry_out(&acme, &mut alive, change).await;
            }

            expect_sound(&acme).await;
        });
    }
}
