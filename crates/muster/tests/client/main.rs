//! `simulate` and `self-test` against servers that are broken or busy, and interrupted.
//!
//! A server of ours answers behind a proxy that makes one fault. Each check of the self-test finds what it is for:
//! the table in [`faults`] has at least one fault for each check; a check with two conditions has a fault for each.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod busy;
mod fault;
mod faults;
mod interrupted;
mod proxy;

use std::collections::BTreeSet;

use client::self_test::{Options, Outcome, catalogue, self_test};
use fault::Fault;
use proxy::Servers;

#[test]
fn every_check_has_a_fault_and_every_fault_a_check() {
    let with_fault: BTreeSet<&str> = faults::all().into_iter().map(|fault| fault.id).collect();
    let checks: BTreeSet<&str> = catalogue().map(|(id, _, _)| id).collect();

    let without: Vec<_> = checks.difference(&with_fault).collect();
    let of_nothing: Vec<_> = with_fault.difference(&checks).collect();

    assert!(without.is_empty(), "these checks have no fault that they find: {without:?}");
    assert!(of_nothing.is_empty(), "there are no such checks: {of_nothing:?}");
}

/// What one check says of a server with this fault, and whether the fault was made at all.
async fn outcome(servers: &Servers, fault: Fault) -> (Outcome, proxy::Made) {
    let id = fault.id;
    let server = servers.start(fault).await;
    let options = Options { only: vec![id.to_owned()], seed: 1, force: false };
    let report = self_test(&server.connection(), &options, |_, _, _| {}).await.unwrap();
    let result = report.results().iter().find(|result| result.id == id).unwrap();
    (result.outcome.clone(), server.made())
}

/// Each of these faults is found by its check; gives all that are not, so that one run shows them all.
async fn are_found(faults: Vec<Fault>) {
    let servers = Servers::new().await;
    let mut missed = Vec::new();
    for (number, fault) in faults.into_iter().enumerate() {
        let id = fault.id;
        let (outcome, made) = outcome(&servers, fault).await;
        let is_found = match &outcome {
            // No answer at all is found by any check, and is not what a fault here means.
            Outcome::Failed { saw, .. } => !saw.starts_with("no answer"),
            Outcome::Passed | Outcome::Skipped(_) | Outcome::Blocked(_) => false,
        };
        if !is_found || made.times == 0 || made.failures > 0 {
            missed.push(format!("{id}, number {number} in its part, made {made:?}: {outcome:?}"));
        }
    }
    assert!(missed.is_empty(), "{} are not found:\n{}", missed.len(), missed.join("\n"));
}

#[tokio::test]
async fn without_a_fault_nothing_is_found_through_the_proxy() {
    let servers = Servers::new().await;
    let server = servers.start(Fault::none()).await;

    let report = self_test(&server.connection(), &Options { seed: 1, ..Options::default() }, |_, _, _| {}).await;

    let report = report.unwrap();
    assert_eq!(report.failed().collect::<Vec<_>>(), Vec::<&str>::new());
    assert_eq!(report.left(), Vec::<String>::new());
}

#[tokio::test]
async fn faults_of_discovery_are_found() {
    are_found(faults::discovery::all()).await;
}

#[tokio::test]
async fn faults_of_errors_and_media_types_are_found() {
    are_found(faults::errors::all()).await;
}

#[tokio::test]
async fn faults_of_creating_are_found() {
    are_found(faults::create::all()).await;
}

#[tokio::test]
async fn faults_of_replacing_and_deleting_are_found() {
    are_found(faults::replace::all()).await;
}

#[tokio::test]
async fn faults_of_patch_are_found() {
    are_found(faults::patch::all()).await;
}

#[tokio::test]
async fn faults_of_projection_are_found() {
    are_found(faults::projection::all()).await;
}

#[tokio::test]
async fn faults_of_filters_are_found() {
    are_found(faults::filter::all()).await;
}

#[tokio::test]
async fn faults_of_lists_are_found() {
    are_found(faults::lists::all()).await;
}

#[tokio::test]
async fn faults_of_versions_are_found() {
    are_found(faults::etag::all()).await;
}

#[tokio::test]
async fn faults_of_groups_are_found() {
    are_found(faults::groups::all()).await;
}

#[tokio::test]
async fn faults_of_bulk_are_found() {
    are_found(faults::bulk::all()).await;
}
