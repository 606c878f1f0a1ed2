//! What holds for every request.

use proptest::prelude::*;
use scim::ResourceId;
use scim::bulk;
use scim::dialect::Dialect;
use scim::message::BulkRequest;
use scim::schema::core;
use serde_json::{Value, json};

use super::{BASES, Plan, group, plan, post_group, user};

/// An operation of a random request.
#[derive(Debug, Clone)]
enum Sent {
    /// POST of a group with the groups that the POSTs at these places create, and these old users.
    Post(Vec<usize>, Vec<u128>),
    /// PUT of an old group.
    Put(u128, Vec<usize>),
    /// DELETE of an old user.
    Delete(u128),
    /// Nothing that can be run.
    Nonsense,
}

fn sent(places: usize) -> impl Strategy<Value = Sent> {
    let refers = || prop::collection::vec(0..places, 0..4);
    prop_oneof![
        4 => (refers(), prop::collection::vec(1000_u128..1004, 0..2)).prop_map(|(new, old)| Sent::Post(new, old)),
        2 => (1000_u128..1004, refers()).prop_map(|(id, new)| Sent::Put(id, new)),
        1 => (1000_u128..1004).prop_map(Sent::Delete),
        1 => Just(Sent::Nonsense),
    ]
}

fn requests() -> impl Strategy<Value = Vec<Sent>> {
    (1..40_usize).prop_flat_map(|places| prop::collection::vec(sent(places), places))
}

fn operations(request: &[Sent]) -> Value {
    let is_post = |place: &&usize| matches!(request[**place], Sent::Post(..));
    let new = |places: &[usize]| -> Vec<String> {
        places.iter().filter(is_post).map(|place| format!("bulkId:{place}")).collect()
    };
    let one = |(place, sent): (usize, &Sent)| match sent {
        Sent::Post(places, old) => {
            let members = new(places).into_iter().chain(old.iter().map(|id| user(*id))).collect::<Vec<_>>();
            post_group(&place.to_string(), &members.iter().map(String::as_str).collect::<Vec<_>>())
        }
        Sent::Put(id, places) => {
            let members: Vec<Value> = new(places).into_iter().map(|value| json!({ "value": value })).collect();
            let data = json!({ "displayName": "x", "members": members });
            json!({ "method": "PUT", "path": format!("/Groups/{}", group(*id)), "data": data })
        }
        Sent::Delete(id) => json!({ "method": "DELETE", "path": format!("/Users/{}", user(*id)) }),
        Sent::Nonsense => json!({ "method": "POST", "path": "/Nowhere" }),
    };
    Value::Array(request.iter().enumerate().map(one).collect())
}

/// When each operation runs: the number of its unit.
fn turns(planned: &Plan, operations: usize) -> Vec<usize> {
    let mut turns = vec![usize::MAX; operations];
    for (turn, unit) in planned.units.iter().enumerate() {
        assert!(!unit.steps.is_empty());
        assert!(unit.steps.is_sorted_by_key(|step| step.index));
        for step in &unit.steps {
            assert_eq!(turns[step.index], usize::MAX, "operation {} is there twice", step.index);
            turns[step.index] = turn;
        }
    }
    assert!(turns.iter().all(|turn| *turn != usize::MAX), "an operation is missing");
    turns
}

/// The places that `sent` refers to, without its own.
fn references(request: &[Sent], place: usize) -> Vec<usize> {
    let (Sent::Post(places, _) | Sent::Put(_, places)) = &request[place] else { return Vec::new() };
    let is_other_post = |other: &usize| *other != place && matches!(request[*other], Sent::Post(..));
    let mut places: Vec<usize> = places.iter().copied().filter(is_other_post).collect();
    places.sort_unstable();
    places.dedup();
    places
}

/// Whether `from` refers to `to`, directly or not.
fn reaches(request: &[Sent], from: usize, to: usize) -> bool {
    let mut seen = vec![false; request.len()];
    let mut open = references(request, from);
    while let Some(place) = open.pop() {
        if place == to {
            return true;
        }
        if !std::mem::replace(&mut seen[place], true) {
            open.extend(references(request, place));
        }
    }
    false
}

proptest! {
    #[test]
    fn each_operation_runs_once_and_after_what_it_needs(request in requests()) {
        let planned = plan(&operations(&request));

        let turns = turns(&planned, request.len());
        for step in super::steps(&planned) {
            prop_assert_eq!(&step.needs, &references(&request, step.index));
            prop_assert!(step.needs.iter().all(|need| turns[*need] <= turns[step.index]));
        }
    }

    #[test]
    fn operations_share_a_unit_when_each_needs_the_other(request in requests()) {
        let turns = turns(&plan(&operations(&request)), request.len());

        for one in 0..request.len() {
            for other in 0..one {
                let circle = reaches(&request, one, other) && reaches(&request, other, one);
                prop_assert_eq!(turns[one] == turns[other], circle, "{} and {}", other, one);
            }
        }
    }

    #[test]
    fn what_waits_for_nothing_later_keeps_its_order(request in requests()) {
        let turns = turns(&plan(&operations(&request)), request.len());

        // An operation that needs nothing that comes later, not even in a roundabout way, is not
        // overtaken by any that comes after it.
        let waits = |place: usize| (place + 1..request.len()).any(|later| reaches(&request, place, later));
        let orders = |place: usize| matches!(request[place], Sent::Put(..) | Sent::Delete(_));
        for first in (0..request.len()).filter(|place| !waits(*place) && !orders(*place)) {
            let held = references(&request, first).iter().any(|need| waits(*need));
            for second in first + 1..request.len() {
                prop_assert!(held || turns[first] < turns[second], "{} before {}", first, second);
            }
        }
    }

    #[test]
    fn changes_of_one_resource_keep_their_order(request in requests()) {
        let turns = turns(&plan(&operations(&request)), request.len());

        for second in 0..request.len() {
            for first in 0..second {
                let same = match (&request[first], &request[second]) {
                    (Sent::Put(one, _), Sent::Put(other, _)) | (Sent::Delete(one), Sent::Delete(other)) => one == other,
                    _ => false,
                };
                prop_assert!(!same || turns[first] < turns[second], "{} before {}", first, second);
            }
        }
    }

    #[test]
    fn no_user_is_deleted_before_an_earlier_reference_to_it(request in requests()) {
        let turns = turns(&plan(&operations(&request)), request.len());

        for (delete, sent) in request.iter().enumerate() {
            let Sent::Delete(id) = sent else { continue };
            let before = &request[..delete];
            let is_first = !before.iter().any(|sent| matches!(sent, Sent::Delete(other) if other == id));
            for (place, sent) in before.iter().enumerate() {
                let refers = matches!(sent, Sent::Post(_, old) if old.contains(id));
                prop_assert!(!(is_first && refers) || turns[place] < turns[delete], "{} before {}", place, delete);
            }
        }
    }

    #[test]
    fn no_bytes_make_planning_panic(body in any::<Vec<u8>>(), text in "\\PC*") {
        plan_anything(&body);
        plan_anything(text.as_bytes());
    }

    #[test]
    fn no_json_makes_planning_panic(body in envelopes()) {
        let body = body.to_string();
        plan_anything(body.as_bytes());
        plan_anything(&body.as_bytes()[..body.len() / 2]);
    }
}

fn plan_anything(body: &[u8]) {
    if let Ok(request) = BulkRequest::read(body, 100) {
        let operations = request.operations.len();
        let mut new_id = |prefix| ResourceId::new(prefix, 1);
        let planned: Plan = bulk::plan(request, &core::registry(), &BASES, &mut new_id, Dialect::Entra).into();
        assert_eq!(planned.heads.len(), operations);
        turns(&planned, operations);
    }
}

/// JSON that looks like what belongs here, with anything anywhere.
fn json_values() -> impl Strategy<Value = Value> {
    let words = prop_oneof![
        Just("bulkId:a".to_owned()),
        Just("/Users/bulkId:a".to_owned()),
        Just("members[value eq \"bulkId:a\"]".to_owned()),
        Just("members[value eq \"".to_owned()),
        Just("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager".to_owned()),
        Just("add".to_owned()),
        ".{0,8}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        words.prop_map(Value::from)
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((names(), inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn names() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "Operations",
            "op",
            "path",
            "value",
            "members",
            "$ref",
            "userName",
            "displayName",
            "manager",
            "schemas",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
            "members.value",
        ])
        .prop_map(str::to_owned),
        ".{0,6}",
    ]
}

fn envelopes() -> impl Strategy<Value = Value> {
    let method = prop::sample::select(vec!["POST", "PUT", "PATCH", "DELETE", "patch", "x"]);
    let path = prop_oneof![
        Just("/Users".to_owned()),
        Just("/Groups".to_owned()),
        Just("/Users/bulkId:a".to_owned()),
        Just(format!("/Groups/{}", group(1))),
        ".{0,12}",
    ];
    let bulk_id = prop::sample::select(vec![json!("a"), json!("b"), json!(null)]);
    let operation = (method, path, bulk_id, json_values()).prop_map(|(method, path, bulk_id, data)| {
        json!({ "method": method, "path": path, "bulkId": bulk_id, "data": if data.is_object() { data } else { json!(null) } })
    });
    prop::collection::vec(operation, 0..6).prop_map(|operations| json!({ "Operations": operations }))
}
