//! The pages: `bench/results/ENGINE.json` for programs, `docs/performance.md` and its pictures for people.
//!
//! The page is made of the results of each engine that are there, and of `bench/notes.md`, which people write.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::engine::Engine;
use crate::load::Measured;
use crate::plot::{self, thousands};
use crate::results::{Curve, Results};
use crate::sizes::CLIENTS;
use crate::{rows, targets};

/// What people have to say about the figures, below which is put what was measured.
const NOTES: &str = "bench/notes.md";

/// What things grow by: in the results, in words, and the file of the picture.
const AXES: [(&str, &str); 5] = [
    ("users", "users of the tenant"),
    ("members", "members of the group"),
    ("depth", "users before the page"),
    ("tenants", "tenants of 100 users"),
    ("tokens", "tokens of the tenant"),
];

/// Writes down one run.
pub(crate) fn keep(folder: &Path, results: &Results) {
    let path = folder.join("bench/results");
    fs::create_dir_all(&path).unwrap();
    let text = serde_json::to_string_pretty(results).unwrap() + "\n";
    fs::write(path.join(format!("{}.json", results.engine.slug())), text).unwrap();
}

/// Writes the page and its pictures from what is kept in the folder.
pub(crate) fn write(folder: &Path) {
    let page = Page::read(folder);
    let pictures = folder.join("docs/performance");
    fs::create_dir_all(&pictures).unwrap();
    for results in &page.results {
        for (against, words) in AXES {
            if let Some(svg) = picture(results, against, words) {
                fs::write(pictures.join(picture_name(results.engine, against)), svg).unwrap();
            }
        }
    }
    fs::write(folder.join("docs/performance.md"), page.text()).unwrap();
}

fn picture_name(engine: Engine, against: &str) -> String {
    format!("{}-{against}.svg", engine.slug())
}

fn picture(results: &Results, against: &str, words: &str) -> Option<String> {
    let line = |curve: &Curve| plot::Line {
        name: curve.name.clone(),
        points: curve.points.iter().map(|point| (point.at as f64, point.measured.cpu)).collect(),
    };
    let lines: Vec<plot::Line> = results.curves.iter().filter(|curve| curve.against == against).map(line).collect();
    let title = format!("{}: what a request costs, by {words}", results.engine.name());
    (!lines.is_empty()).then(|| plot::svg(&title, words, "seconds of processor time per 1,000 requests", &lines))
}

/// What a page is made of.
struct Page {
    results: Vec<Results>,
    notes: String,
}

impl Page {
    fn read(folder: &Path) -> Self {
        let read = |engine: Engine| {
            let text = fs::read_to_string(folder.join(format!("bench/results/{}.json", engine.slug()))).ok()?;
            Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", engine.slug())))
        };
        Self {
            results: Engine::ALL.into_iter().filter_map(read).collect(),
            notes: fs::read_to_string(folder.join(NOTES)).unwrap_or_default(),
        }
    }

    fn text(&self) -> String {
        let mut text = INTRODUCTION.to_owned();
        for results in &self.results {
            let machine = &results.machine;
            writeln!(
                text,
                "- {}: commit {}, {} cores of {}, {:.0} GiB, {}, {}; the tenant of the tables has {} users",
                results.engine.name(),
                results.commit,
                machine.cores,
                machine.processor,
                machine.memory_gib,
                machine.system,
                machine.database,
                thousands(results.users as f64),
            )
            .unwrap();
        }
        if !self.notes.is_empty() {
            write!(text, "\n{}\n", self.notes.trim_end()).unwrap();
        }
        for results in &self.results {
            write!(text, "\n## {}\n\n{}", results.engine.name(), table(results)).unwrap();
            text += &beyond(results);
            text += &curves(results);
            text += &throughput(results);
        }
        text
    }
}

const INTRODUCTION: &str = "# Performance

What requests cost, beside what the machine could do at best. `bench/run` measured it and wrote this page (about 25
minutes, see `bench/run --help`); what people have to say about it is in [bench/notes.md](../bench/notes.md), all else is
made from [bench/results](../bench/results).

The real binary, with settings that lose nothing when the power goes, is asked over HTTP/1.1 by clients on the same
machine, each on a connection of its own, one request after the other; over HTTP/2, where a row says so, by all of them on
one. An answer that is not what it must be ends the run.
**Cost** is processor time of the server, with all processes of PostgreSQL, in seconds per 1,000 requests (for bulk
requests: per 1,000 resources) at 16 clients. **Limit** is what the same would cost at least, measured in the same run: a
plain axum route with bodies of the same size, plus the same rows read or written by the database's own library, 16
changes in a commit (100 of a bulk request). The rows are those that the server writes for the request, without counts,
request log and use of tokens. Ratios are what counts: this machine's kind differs by up to 1.5 from run to run.

Measured:

";

/// The table of costs.
pub(crate) fn table(results: &Results) -> String {
    let mut text = String::from(
        "| workload | cost | limit (HTTP + rows) | cost / limit | target | |\n| --- | ---: | ---: | ---: | ---: | --- |\n",
    );
    let mut names: Vec<&str> = Vec::new();
    for row in &results.rows {
        if !names.contains(&row.name.as_str()) {
            names.push(&row.name);
        }
    }
    for name in names {
        let Some(measured) = results.row(name, CLIENTS) else { continue };
        let limit = results.limit(name).filter(|limit| limit.http > 0.0);
        let shown = limit.map(|limit| format!("{} ({} + {})", cost(limit.cpu()), cost(limit.http), cost(limit.rows)));
        let ratio = limit.map(|limit| format!("{:.1}", measured.cpu / limit.cpu()));
        let target = targets::cpu(results.engine, name);
        writeln!(
            text,
            "| {name} | {} | {} | {} | {} | {} |",
            cost(measured.cpu),
            shown.unwrap_or_default(),
            ratio.unwrap_or_default(),
            target.map(cost).unwrap_or_default(),
            target.map(|target| verdict(measured.cpu, target)).unwrap_or_default(),
        )
        .unwrap();
    }
    text
}

/// Targets other than costs.
fn beyond(results: &Results) -> String {
    let mut text = String::from("\n| also | reached | target | |\n| --- | ---: | ---: | --- |\n");
    for (name, clients, target) in targets::rates(results.engine) {
        if let Some(measured) = results.row(name, clients) {
            let met = if measured.per_second >= target { "met" } else { "**missed**" };
            let (reached, target) = (thousands(measured.per_second), thousands(target));
            writeln!(text, "| {name}, {clients} clients | {reached}/s | {target}/s | {met} |").unwrap();
        }
    }
    if let Some(check) = &results.token_check {
        let worst = check.by_tokens.iter().map(|(_, us)| *us).fold(0.0, f64::max);
        writeln!(
            text,
            "| token check without HTTP, any number of tokens (hash and map: {:.2} us) | {worst:.2} us | {} us | {} |",
            check.limit,
            targets::TOKEN_CHECK_US,
            verdict(worst, targets::TOKEN_CHECK_US),
        )
        .unwrap();
    }
    if let Some(memory) = &results.memory {
        let mb = |bytes: u64| format!("{:.0} MB", bytes as f64 / 1e6);
        let mut line = |what: &str, reached: u64, target: u64| {
            let met = verdict(reached as f64, target as f64);
            writeln!(text, "| {what} | {} | {} | {met} |", mb(reached), mb(target)).unwrap();
        };
        line("memory of the server when idle", memory.idle.resident, targets::IDLE_BYTES);
        line("its own memory after all of the load", memory.loaded.own, targets::LOADED_BYTES);
        writeln!(
            text,
            "| the same with mapped pages of the database file | {} | | |\n\
             | its own memory at most during 16 bulk requests of {:.0} MiB at a time ({} done, {} put off) | {} | | |",
            mb(memory.loaded.resident),
            memory.bulk_bytes as f64 / 1024.0 / 1024.0,
            memory.bulks_done,
            memory.bulks_put_off,
            mb(memory.bulks.own),
        )
        .unwrap();
    }
    if let Some(disk) = &results.disk {
        let target = targets::disk_bytes(results.engine);
        writeln!(
            text,
            "| disk per user (its document: {} bytes) | {:.0} bytes | {target} bytes | {} |\n\
             | the same with the change event and the request log | {:.0} bytes | | |",
            disk.document,
            disk.imported,
            verdict(disk.imported, target),
            disk.created,
        )
        .unwrap();
    }
    for cost in &results.log_costs {
        let met = |reached: f64| if reached >= targets::LOGGED { "met" } else { "**missed**" };
        for (setting, reached) in [("metadata, the default", cost.metadata), ("values", cost.values)] {
            writeln!(
                text,
                "| {} with a request log ({setting}), of {}/s without | {reached:.2} | {} | {} |",
                cost.name,
                thousands(cost.without),
                targets::LOGGED,
                met(reached),
            )
            .unwrap();
        }
    }
    for fairness in &results.fairness {
        let ratio = fairness.beside.p99_ms / fairness.alone.p99_ms;
        writeln!(
            text,
            "| p99 of {} while another tenant sends bulk requests (alone {:.1} ms) | {:.1} ms, {ratio:.1} times | \
             {} times | {} |",
            fairness.name,
            fairness.alone.p99_ms,
            fairness.beside.p99_ms,
            targets::FAIR,
            verdict(ratio, targets::FAIR),
        )
        .unwrap();
    }
    text
}

/// Whether costs stay level.
fn curves(results: &Results) -> String {
    let mut text = String::new();
    for (against, words) in AXES {
        let curves: Vec<&Curve> = results.curves.iter().filter(|curve| curve.against == against).collect();
        let Some(longest) = curves.iter().max_by_key(|curve| curve.points.len()) else { continue };
        let sizes: Vec<usize> = longest.points.iter().map(|point| point.at).collect();
        write!(text, "\nCost by {words}:\n\n| |").unwrap();
        for size in &sizes {
            write!(text, " {} |", thousands(*size as f64)).unwrap();
        }
        writeln!(text, " last / first | |\n| --- |{} ---: | --- |", " ---: |".repeat(sizes.len())).unwrap();
        for curve in curves {
            write!(text, "| {} |", curve.name).unwrap();
            for size in &sizes {
                let point = curve.points.iter().find(|point| point.at == *size);
                write!(text, " {} |", point.map(|point| cost(point.measured.cpu)).unwrap_or_default()).unwrap();
            }
            let [first, .., last] = &curve.points[..] else {
                writeln!(text, " | |").unwrap();
                continue;
            };
            let ratio = last.measured.cpu / first.measured.cpu;
            // The target is about a million against a thousand, and so on.
            let met = if ratio <= targets::FLAT { "level" } else { "**grows**" };
            writeln!(text, " {ratio:.2} | {met} |").unwrap();
        }
        writeln!(text, "\n![{words}](performance/{})", picture_name(results.engine, against)).unwrap();
    }
    text
}

/// All that was measured, in detail.
fn throughput(results: &Results) -> String {
    let mut text = String::from(
        "\n| workload | clients | per second | p50 ms | p95 ms | p99 ms | max ms | cost |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for row in &results.rows {
        let Measured { clients, per_second, p50_ms, p95_ms, p99_ms, max_ms, cpu, .. } = row.measured;
        writeln!(
            text,
            "| {} | {clients} | {} | {p50_ms:.2} | {p95_ms:.2} | {p99_ms:.2} | {max_ms:.1} | {} |",
            row.name,
            thousands(per_second),
            cost(cpu)
        )
        .unwrap();
    }
    let plain = results.limit(rows::GET).map(|limit| thousands(limit.http_per_second));
    let raw = results.limit(rows::CREATE).map(|limit| thousands(limit.rows_per_second));
    if let (Some(plain), Some(raw)) = (plain, raw) {
        writeln!(
            text,
            "\nBy themselves, the plain route answers {plain} requests a second with a body like that of a user, and one \
             writer makes the rows of {raw} users a second, {} in a commit.",
            crate::raw::BATCH
        )
        .unwrap();
    }
    text
}

/// Three digits.
fn cost(seconds: f64) -> String {
    let places = if seconds >= 0.1 { 2 } else { 3 };
    if seconds < 0.01 { format!("{seconds:.4}") } else { format!("{seconds:.places$}") }
}

fn verdict(reached: f64, target: f64) -> String {
    if reached <= target { "met".into() } else { format!("**missed**, {:.1} times", reached / target) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_made_of_the_results_that_are_kept() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");

        let page = Page::read(&root).text();

        let kept = fs::read_to_string(root.join("docs/performance.md")).unwrap();
        assert_eq!(page, kept, "run docs/update");
    }

    #[test]
    fn a_cost_has_two_or_three_digits() {
        assert_eq!([1.234, 0.123_4, 0.012_34, 0.001_234].map(cost), ["1.23", "0.12", "0.012", "0.0012"]);
    }
}
