//! What the request log costs: the same requests to tenants that differ only in what they want kept.

use std::sync::Arc;

use crate::load::{self, Window};
use crate::results::LogCost;
use crate::server::Server;
use crate::sizes::{CLIENTS, Sizes};
use crate::workload::{Asker, Mix, Target, Workload};

/// What the tenants want kept, the first of them nothing.
pub(crate) const SETTINGS: [&str; 3] = ["off", "metadata", "values"];

/// How often each tenant has its turn. The machine is faster at one time than at another, so only turns that
/// follow each other are compared.
const TURNS: usize = 7;

/// `targets`: a tenant for each of [`SETTINGS`].
pub(crate) async fn run(sizes: &Sizes, server: &Server, targets: &[Arc<Target>]) -> Vec<LogCost> {
    let mut costs = Vec::new();
    for mix in [Mix::Changes, Mix::Reads] {
        let (mut per_second, mut ratios) = (Vec::new(), [const { Vec::new() }; SETTINGS.len()]);
        for turn in 0..TURNS {
            let mut reached = [0.0; SETTINGS.len()];
            // Whoever comes first in one turn comes last in another.
            for place in 0..targets.len() {
                let which = (place + turn) % targets.len();
                let asker = |client| Asker::new(&targets[which], &Workload::Mixed(mix), client);
                let window = Window::of_seconds(sizes.seconds);
                let measured = load::run((0..CLIENTS).map(asker).collect(), window, &server.watched).await;
                reached[which] = measured.per_second;
            }
            per_second.push(reached[0]);
            for (ratios, reached_with) in ratios.iter_mut().zip(reached) {
                ratios.push(reached_with / reached[0]);
            }
        }
        let [_, metadata, values] = ratios.map(median);
        let cost = LogCost { name: mix.name().to_owned(), without: median(per_second), metadata, values };
        eprintln!("  request log, {}: {metadata:.3} of the throughput without, with values {values:.3}", cost.name);
        costs.push(cost);
    }
    costs
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
