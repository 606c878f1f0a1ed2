//! Every statement: that it is in the catalogue, that it keeps to one tenant, and what plan it gets on each
//! engine. To accept changed plans: `INSTA_UPDATE=always cargo test -p muster-store --test plans`, and look
//! at the difference.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod postgres;
mod queries;
mod sqlite;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use store::catalogue::{CATALOGUE, POSTGRES_ONLY, Statements};
use store::sql::Stmt;

#[test]
fn every_statement_is_in_the_catalogue() {
    let mut written = BTreeSet::new();
    collect_statics(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), "", &mut written);

    let only_postgres = POSTGRES_ONLY.iter().flat_map(|(module, statements)| named(module, statements));
    let listed: BTreeSet<_> = statements().chain(only_postgres).map(|(name, _)| name).collect();

    let missing: Vec<_> = written.difference(&listed).collect();
    assert!(missing.is_empty(), "`src/catalogue.rs` lacks {missing:?}");
}

/// Those of both engines.
fn statements() -> impl Iterator<Item = (String, &'static Stmt)> {
    CATALOGUE.iter().flat_map(|(module, statements)| named(module, statements))
}

fn named(module: &str, statements: Statements) -> impl Iterator<Item = (String, &'static Stmt)> {
    statements.iter().map(move |(name, statement)| (format!("{}::{name}", module_name(module)), *statement))
}

/// `stringify!` puts spaces around `::`.
fn module_name(module: &str) -> String {
    module.replace(' ', "")
}

/// The statements that the sources below `directory` declare, outside of tests. The engine's own
/// (`BEGIN` and the like) are not repository statements.
fn collect_statics(directory: &Path, module: &str, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        let path = entry.path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let module = if module.is_empty() { name } else { format!("{module}::{name}") };
        if path.is_dir() {
            collect_statics(&path, &module, found);
        } else if (!module.starts_with("engine") || module.ends_with("numbering"))
            && !["sql", "catalogue"].contains(&module.as_str())
        {
            let source = fs::read_to_string(&path).unwrap();
            let production = source.split("#[cfg(test)]").next().unwrap();
            let names = production.lines().filter_map(|line| line.trim().split_once(": Stmt")?.0.split_once("static "));
            found.extend(names.map(|(_, name)| format!("{module}::{name}")));
        }
    }
}

/// How many parameters a text has, numbered after `sign`.
fn parameters(text: &str, sign: char) -> usize {
    let mentions = |number: usize| {
        let parameter = format!("{sign}{number}");
        let is_whole = |at: usize| !text[at + parameter.len()..].starts_with(|next: char| next.is_ascii_digit());
        text.match_indices(&parameter).any(|(at, _)| is_whole(at))
    };
    (1..100).rev().find(|number| mentions(*number)).unwrap_or(0)
}
