//! In which order operations run.

use serde_json::{Value, json};

use super::{group, members, order, plan, post_group, post_user, step, user};

fn put_user(number: u128, manager: &str) -> Value {
    let data = json!({ "userName": "x", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
        "manager": { "value": manager },
    } });
    json!({ "method": "PUT", "path": format!("/Users/{}", user(number)), "data": data })
}

fn delete_user(number: u128) -> Value {
    json!({ "method": "DELETE", "path": format!("/Users/{}", user(number)) })
}

#[test]
fn operations_that_do_not_refer_to_each_other_keep_their_order() {
    let planned = plan(&json!([post_user("a"), delete_user(9), post_user("b"), { "method": "GET", "path": "/Users" }]));

    assert_eq!(order(&planned), [[0], [1], [2], [3]]);
}

#[test]
fn what_refers_forward_waits_and_nothing_else_does() {
    let planned = plan(&json!([
        post_group("team", &["bulkId:b"]),
        post_user("a"),
        delete_user(9),
        post_user("b"),
        post_user("c"),
    ]));

    assert_eq!(order(&planned), [vec![1], vec![2], vec![3], vec![0], vec![4]]);
}

#[test]
fn a_chain_of_forward_references_is_turned_round() {
    let planned = plan(&json!([
        post_group("a", &["bulkId:b"]),
        post_group("b", &["bulkId:c"]),
        post_group("c", &["bulkId:d"]),
        post_group("d", &[]),
    ]));

    assert_eq!(order(&planned), [[3], [2], [1], [0]]);
}

#[test]
fn changes_of_one_resource_keep_their_order_even_when_the_first_waits() {
    let planned = plan(&json!([put_user(9, "bulkId:late"), put_user(9, ""), delete_user(9), post_user("late")]));

    assert_eq!(order(&planned), [[3], [0], [1], [2]]);
    assert!(step(&planned, 1).needs.is_empty(), "an order is no need");
}

#[test]
fn a_resource_is_not_deleted_before_what_refers_to_it_earlier() {
    let planned = plan(&json!([
        post_group("team", &[&user(9), "bulkId:late"]),
        delete_user(9),
        post_user("late"),
        post_group("again", &[&user(9)]),
    ]));

    assert_eq!(order(&planned), [[2], [0], [1], [3]]);
}

#[test]
fn a_circle_runs_where_its_last_operation_stands() {
    // Another `b` is deleted before the one of the circle is created.
    let planned = plan(&json!([post_group("a", &["bulkId:b"]), delete_user(9), post_group("b", &["bulkId:a"])]));

    assert_eq!(order(&planned), [vec![1], vec![0, 2]]);
    assert_eq!(step(&planned, 0).needs, [2]);
    assert_eq!(step(&planned, 2).needs, [0]);
    assert_eq!((members(&planned, 0), members(&planned, 2)), (vec![group(2)], vec![group(1)]));
}

#[test]
fn circles_that_share_an_operation_are_one() {
    let planned = plan(&json!([
        post_group("a", &["bulkId:b"]),
        post_group("b", &["bulkId:a", "bulkId:c"]),
        post_group("c", &["bulkId:b"]),
        post_group("d", &["bulkId:a"]),
        post_group("e", &["bulkId:f"]),
        post_group("f", &["bulkId:e"]),
    ]));

    assert_eq!(order(&planned), [vec![0, 1, 2], vec![3], vec![4, 5]]);
}

#[test]
fn a_refusal_in_a_circle_leaves_the_others_to_fail_with_it() {
    let mut broken = post_group("b", &["bulkId:a"]);
    broken["data"]["displayName"] = json!(null);
    let planned = plan(&json!([post_group("a", &["bulkId:b"]), broken]));

    assert_eq!(order(&planned), [[0, 1]]);
    assert!(step(&planned, 1).work.is_err() && step(&planned, 0).work.is_ok());
    assert_eq!(step(&planned, 0).needs, [1]);
}

#[test]
fn ten_thousand_operations_in_one_circle_are_one_unit() {
    let operations: Vec<Value> = (0..10_000)
        .map(|place: usize| post_group(&place.to_string(), &[&format!("bulkId:{}", (place + 1) % 10_000)]))
        .collect();

    let planned = plan(&Value::Array(operations));

    assert_eq!(planned.units.len(), 1);
    assert_eq!(order(&planned)[0], (0..10_000).collect::<Vec<_>>());
}

#[test]
fn ten_thousand_operations_in_one_chain_run_from_its_end() {
    let operations: Vec<Value> = (0..10_000)
        .map(|place: usize| {
            let next = format!("bulkId:{}", place + 1);
            post_group(
                &place.to_string(),
                if place == 9_999 { &[] } else { std::slice::from_ref(&next) }
                    .iter()
                    .map(String::as_str)
                    .collect::<Vec<_>>()
                    .as_slice(),
            )
        })
        .collect();

    let planned = plan(&Value::Array(operations));

    assert_eq!(order(&planned), (0..10_000).rev().map(|place| vec![place]).collect::<Vec<_>>());
}
