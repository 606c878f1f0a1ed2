//! What the steps of a request take, without a server around them: `cargo bench -p muster-scim --bench steps`.
//!
//! `cargo test` runs each once. A name after `--` chooses: `-- patch`.

#![expect(clippy::unwrap_used, reason = "a benchmark stops at what it does not expect")]

mod filter;
mod parse;
mod patch;
mod planning;
mod projection;
mod samples;
mod validate;

fn main() {
    divan::main();
}
