//! How many instructions requests take: `cargo bench -p muster-server --bench instructions`.
//!
//! The server in process, on SQLite, under callgrind, which counts what all of its threads do; the kernel is
//! not in it, nor HTTP on the wire. A count says little about time, but it is the same on a busy machine and on a
//! quiet one, so a change that makes a request dearer is seen at once. What is expected is in `expected.txt`
//! beside this file; more than a tenth beside it is a failure, also to the better: then pin it with `-- --pin`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a benchmark stops at what it does not expect")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the table is what it is run for")]

mod paths;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use paths::Path;

#[path = "../../tests/server/harness.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod harness;

/// How often each is asked for. All but the first few find everything prepared.
const TIMES: usize = 100;
/// How far from the expected count is still the same, in percent: the standard library of C takes other ways on
/// other processors.
const TOLERANCE_PERCENT: u64 = 10;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => compare(&counts()),
        ["--pin"] => {
            std::fs::write(file(), text(&counts())).unwrap();
            ExitCode::SUCCESS
        }
        ["--ask", name, times] => {
            let path = Path::ALL.into_iter().find(|path| path.name() == *name).unwrap();
            paths::ask(path, times.parse().unwrap());
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("either nothing, or --pin to write down what is counted");
            ExitCode::from(2)
        }
    }
}

fn file() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "benches", "instructions", "expected.txt"].iter().collect()
}

/// Of each, for one request.
fn counts() -> Vec<(Path, u64)> {
    let before = counted(Path::ALL[0], 0);
    let one = |path: Path| {
        let count = (counted(path, TIMES) - before) / TIMES as u64;
        eprintln!("{:>9}  {}", count, path.name());
        (path, count)
    };
    Path::ALL.into_iter().map(one).collect()
}

/// The instructions of a whole process that asks so many times.
fn counted(path: Path, times: usize) -> u64 {
    let done = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe().unwrap())
        .args(["--ask", path.name(), &times.to_string()])
        .output()
        .expect("valgrind is needed (in Debian the package of that name)");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}");
    let collected = said.lines().find_map(|line| line.split_once("Collected : ")).unwrap().1;
    collected.trim().parse().unwrap()
}

fn text(counts: &[(Path, u64)]) -> String {
    let mut text = String::new();
    for (path, count) in counts {
        writeln!(text, "{count:>9}  {}", path.name()).unwrap();
    }
    text
}

fn compare(counts: &[(Path, u64)]) -> ExitCode {
    let expected = std::fs::read_to_string(file()).unwrap_or_default();
    let expected_of = |path: Path| {
        let of_line = |line: &str| {
            let (count, name) = line.trim().split_once("  ")?;
            (name == path.name()).then(|| count.parse::<u64>().ok())?
        };
        expected.lines().find_map(of_line)
    };
    let mut outcome = ExitCode::SUCCESS;
    for (path, count) in counts {
        let expected = expected_of(*path).unwrap_or(0);
        if count.abs_diff(expected) * 100 > expected * TOLERANCE_PERCENT {
            println!("{}: {count} instructions, expected were {expected}", path.name());
            outcome = ExitCode::FAILURE;
        }
    }
    if outcome == ExitCode::SUCCESS {
        println!("{} kinds of requests take as many instructions as expected", counts.len());
    } else {
        println!("if that is meant: cargo bench -p muster-server --bench instructions -- --pin");
    }
    outcome
}
