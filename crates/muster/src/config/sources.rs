//! Where settings come from: flags over environment over file over defaults.
//!
//! Each source gives texts by key; a later source replaces what an earlier one gave.

use std::collections::BTreeMap;
use std::path::Path;

use super::section::Setting;
use super::value::Value;

/// What all sources together gave, by key.
#[derive(Debug, Default)]
pub(crate) struct Given {
    texts: BTreeMap<String, Text>,
}

/// A text and who said it, for messages: "`--listen`", "MUSTER_LISTEN", "listen in muster.toml".
#[derive(Debug)]
struct Text {
    text: String,
    origin: String,
}

impl Given {
    /// Takes the settings of a TOML file.
    ///
    /// Adds a line to `problems` if it cannot be read, is not TOML, or holds an unknown key.
    pub(crate) fn add_file(&mut self, path: &Path, known: &[&Setting], problems: &mut Vec<String>) {
        let file = path.display();
        let table = std::fs::read_to_string(path)
            .map_err(|error| format!("cannot read the configuration file {file}: {error}"))
            .and_then(|text| text.parse::<toml::Table>().map_err(|error| format!("{file} is not valid TOML: {error}")));
        match table {
            Ok(table) => self.add_table("", &table, &file.to_string(), known, problems),
            Err(problem) => problems.push(problem),
        }
    }

    fn add_table(
        &mut self,
        prefix: &str,
        table: &toml::Table,
        file: &str,
        known: &[&Setting],
        problems: &mut Vec<String>,
    ) {
        for (name, value) in table {
            let key = format!("{prefix}{name}");
            match value {
                toml::Value::Table(inner) if !is_known(known, &key) => {
                    self.add_table(&format!("{key}."), inner, file, known, problems);
                }
                _ if !is_known(known, &key) => {
                    problems.push(unknown("setting", &key, file, known.iter().map(|s| s.key)));
                }
                value => self.put(&key, text_of(value), format!("{key} in {file}")),
            }
        }
    }

    /// Takes `MUSTER_*` variables; `MUSTER_CONFIG` names the file and is not a setting.
    pub(crate) fn add_environment(
        &mut self,
        variables: impl Iterator<Item = (String, String)>,
        known: &[&Setting],
        problems: &mut Vec<String>,
    ) {
        for (name, text) in variables {
            if !name.starts_with("MUSTER_") || name == super::CONFIG_VARIABLE || is_kubernetes_link(&name) {
                continue;
            }
            if let Some(setting) = known.iter().find(|setting| setting.environment() == name) {
                self.put(setting.key, text, name);
            } else {
                let names: Vec<String> = known.iter().map(|setting| setting.environment()).collect();
                problems.push(unknown("variable", &name, "the environment", names.iter().map(String::as_str)));
            }
        }
    }

    /// Takes one flag.
    pub(crate) fn add_flag(&mut self, key: &str, text: String, flag: &str) {
        self.put(key, text, flag.to_owned());
    }

    /// Takes `--set key=value`.
    pub(crate) fn add_assignment(&mut self, assignment: &str, known: &[&Setting], problems: &mut Vec<String>) {
        match assignment.split_once('=') {
            Some((key, text)) if is_known(known, key) => {
                self.put(key, text.to_owned(), format!("--set {key}"));
            }
            Some((key, _)) => problems.push(unknown("setting", key, "--set", known.iter().map(|s| s.key))),
            None => problems.push(format!("--set {assignment}: write it as --set key=value")),
        }
    }

    fn put(&mut self, key: &str, text: String, origin: String) {
        self.texts.insert(key.to_owned(), Text { text, origin });
    }

    /// The value of a setting: what was given, or its default.
    ///
    /// A text that is not of the setting's kind adds a line to `problems`, and the default stands in
    /// for it so that all problems are found in one go.
    pub(crate) fn read<T: Value>(&self, key: &str, default: &str, problems: &mut Vec<String>) -> T {
        if let Some(Text { text, origin }) = self.texts.get(key) {
            match T::read(text) {
                Some(value) => return value,
                None if T::SECRET => problems.push(format!("{origin} is not right; write {}", T::KIND)),
                None => problems.push(format!("{origin}: {text:?} is not right here; write {}", T::KIND)),
            }
        }
        T::read(default).expect("a test reads every default")
    }
}

fn is_known(known: &[&Setting], key: &str) -> bool {
    known.iter().any(|setting| setting.key == key)
}

/// Kubernetes tells every pod the address of a service called "muster" by variables of these names;
/// they are not meant for us.
fn is_kubernetes_link(name: &str) -> bool {
    name.starts_with("MUSTER_SERVICE_") || name.starts_with("MUSTER_PORT")
}

/// The text that a TOML value stands for. A list of plain values becomes one with commas, anything
/// deeper its JSON.
fn text_of(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Array(items) if !items.iter().any(toml::Value::is_table) => {
            items.iter().map(text_of).collect::<Vec<_>>().join(",")
        }
        toml::Value::Array(_) | toml::Value::Table(_) => serde_json::json!(value).to_string(),
        toml::Value::Integer(_) | toml::Value::Float(_) | toml::Value::Boolean(_) | toml::Value::Datetime(_) => {
            value.to_string()
        }
    }
}

/// Says that a name is unknown, where it was seen, and which known one is nearest.
fn unknown<'a>(what: &str, name: &str, place: &str, known: impl Iterator<Item = &'a str>) -> String {
    let nearest = known.min_by_key(|candidate| distance(name, candidate)).unwrap_or_default();
    format!("{place}: unknown {what} {name}; did you mean {nearest}?")
}

/// Levenshtein distance: how many letters to change, add or drop.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}
