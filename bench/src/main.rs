//! What the server costs, beside what the machine could do at best: `bench/run --help`.
//!
//! The real binary with settings that lose nothing, on each engine, asked by clients in this process over HTTP;
//! [`suite`] is the order of a run. The limits ([`limits`]) are measured in the same run: a plain axum route for the
//! HTTP part, and the same rows and reads done raw for the rest. Ratios are what counts.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a benchmark stops at what it does not expect")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the tables are what it is run for")]
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "figures are shown with three digits"
)]

mod arguments;
mod connection;
mod data;
mod engine;
mod fairness;
mod http2;
mod limits;
mod load;
mod log_cost;
mod machine;
mod memory;
mod plain;
mod plot;
mod prepare;
mod raw;
mod report;
mod request;
mod results;
mod rows;
mod server;
mod sizes;
mod suite;
mod targets;
mod token_check;
mod user;
mod watch;
mod workload;

use clap::Parser;

use arguments::Arguments;

fn main() {
    if std::env::args().nth(1).as_deref() == Some(plain::ARGUMENT) {
        return plain::serve();
    }
    let arguments = Arguments::parse();
    if !arguments.report {
        // One thread: it is busy enough to ask, and leaves the other processor to the server.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for engine in arguments.engines() {
            let results = runtime.block_on(suite::run(&arguments, engine));
            println!("\n{}", report::table(&results));
            if let Some(folder) = arguments.output() {
                report::keep(&folder, &results);
            }
        }
    }
    if let Some(folder) = arguments.output() {
        report::write(&folder);
    }
}
