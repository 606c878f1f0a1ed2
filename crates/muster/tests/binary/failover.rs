//! The machine of PostgreSQL's primary is lost, and its synchronous standby takes over.

use std::time::Instant;

use testdb::Cluster;
use testkit::Client;

use crate::expected::Expected;
use crate::load::{Load, OnFailure};
use crate::process::{Home, Muster};

const SERVERS: usize = 2;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_the_loss_of_the_primary_and_servers_go_on_with_the_standby() {
    // Never given back: the process ends soon.
    let primary = Box::leak(Box::new(Cluster::start(&["synchronous_commit=on"])));
    let database = Box::leak(Box::new(primary.database()));
    let standby = primary.standby(&["synchronous_commit=on"]);
    let home = Home::at(database.url_with(&standby));
    let servers: Vec<Muster> = (0..SERVERS).map(|_| home.start()).collect();
    let scims: Vec<Client> = servers.iter().map(Muster::scim).collect();
    let mut expected = Expected::default();
    expected.prepare(&scims[0], 0).await;
    let load = Load::start(&scims, &expected.group, 0, OnFailure::TryAgain);
    load.acknowledged(200).await;

    let killed = Instant::now();
    primary.kill();
    standby.promote();
    let promoted = killed.elapsed();

    load.acknowledged_from_now(400).await;
    let done = load.end().await;
    let outage = done.iter().map(|done| done.longest_gap).max().unwrap_or_default();
    println!("promoted {promoted:.1?} after the loss; no client was without an answer for longer than {outage:.1?}");
    expected.take(done);
    for scim in &scims {
        let versions = expected.verify(scim).await;
        expected.verify_events(&home.store_options(), &versions).await;
    }
    servers.into_iter().for_each(Muster::stop);
    home.check();
}
