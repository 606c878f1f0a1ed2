//! Whether one tenant's bulk requests keep another's requests waiting.

use std::sync::Arc;

use crate::load::{self, Window};
use crate::results::Fairness;
use crate::rows;
use crate::server::Server;
use crate::sizes::{CLIENTS, Sizes};
use crate::workload::{Asker, Target, Workload};

/// Connections on which the other tenant sends bulk requests, one after the other on each.
const SENDERS: usize = 2;

/// `large`: at least one tenant; the last one sends the bulk requests.
pub(crate) async fn run(sizes: &Sizes, server: &Server, large: &[Arc<Target>]) -> Vec<Fairness> {
    let (asks, sends) = (&large[(large.len() - 1) / 2], large.last().expect("there is a tenant"));
    let window = Window::of_seconds(sizes.seconds);
    let askers = |workload: &Workload| (0..CLIENTS).map(|client| Asker::new(asks, workload, client)).collect();
    let mut all = Vec::new();
    for (name, workload) in
        [(rows::GET, Workload::Get), (rows::CREATE, Workload::Create), (rows::PATCH, Workload::Patch)]
    {
        let alone = load::run(askers(&workload), window, &server.watched).await;
        let senders = (0..SENDERS).map(|client| Asker::new(sends, &Workload::Bulk, client)).collect();
        let beside = load::run_beside(askers(&workload), window, &server.watched, senders).await;
        eprintln!("  {name}, p99 alone {:.2} ms, beside bulk requests {:.2} ms", alone.p99_ms, beside.p99_ms);
        all.push(Fairness { name: name.to_owned(), alone, beside });
    }
    all
}
