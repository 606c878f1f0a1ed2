//! `kill -9` in the middle of a mixed load: what was acknowledged is there, the rest is whole or absent.
//!
//! Nothing here waits for time to pass: a round ends when so many answers have come.

use testdb::Cluster;
use testkit::Client;

use crate::expected::Expected;
use crate::load::{Load, OnFailure};
use crate::process::{Home, Muster};

const ROUNDS: u32 = 20;
const SERVERS: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_kill_9_and_the_rest_is_whole_or_absent() {
    let home = Home::sqlite();
    let mut expected = Expected::default();

    for round in 0..ROUNDS {
        let server = home.start();
        let scim = server.scim();
        expected.prepare(&scim, round).await;
        let load = Load::start(&[scim], &expected.group, round, OnFailure::End);
        load.acknowledged(answers(round)).await;
        server.kill();

        expected.take(load.end().await);
        home.check();
        let server = home.start();
        let versions = expected.verify(&server.scim()).await;
        server.stop();
        expected.verify_events(&home.store_options(), &versions).await;
    }
    assert!(expected.acknowledged >= enough());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_kill_9_of_servers_and_of_postgresql() {
    // What a killed process has written is safe with the system, flushed or not. Never given back: the process
    // ends soon.
    let cluster = Box::leak(Box::new(Cluster::start(&["synchronous_commit=on"])));
    let home = Home::on(cluster.database());
    let mut servers: Vec<Muster> = (0..SERVERS).map(|_| home.start()).collect();
    let mut expected = Expected::default();

    for round in 0..ROUNDS {
        let scims: Vec<Client> = servers.iter().map(Muster::scim).collect();
        expected.prepare(&scims[0], round).await;
        let load = Load::start(&scims, &expected.group, round, OnFailure::End);
        load.acknowledged(answers(round)).await;
        let (kill_postgres, servers_killed) = [(true, 0), (false, 1), (false, 2), (true, 3)][round as usize % 4];
        if kill_postgres {
            cluster.kill();
        }
        servers.drain(..servers_killed).for_each(Muster::kill);

        expected.take(load.end().await);
        if kill_postgres {
            cluster.start_again();
        }
        servers.extend((0..servers_killed).map(|_| home.start()));
        // One that lived on, if there is any, is first.
        let versions = expected.verify(&servers[0].scim()).await;
        expected.verify_events(&home.store_options(), &versions).await;
    }
    assert!(expected.acknowledged >= enough());
    servers.into_iter().for_each(Muster::stop);
    home.check();
}

/// After how many answers it happens: the moment differs from round to round, so that it hits different
/// places.
fn answers(round: u32) -> u32 {
    40 + 10 * round
}

fn enough() -> usize {
    (0..ROUNDS).map(|round| usize::try_from(answers(round)).unwrap()).sum()
}
