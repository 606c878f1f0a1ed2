//! The configuration as text: `docs/configuration.md`, and the effective one for `check-config`.

use std::fmt::Write;

use super::section::Setting;

/// The reference of all settings, in Markdown.
pub(crate) fn reference() -> String {
    let mut page = String::from(INTRODUCTION);
    for (title, doc, settings) in super::sections() {
        let _ = write!(page, "\n## {title}\n\n{}\n", paragraph(doc));
        for setting in settings {
            page.push_str(&entry(setting));
        }
    }
    page
}

const INTRODUCTION: &str = "\
# Configuration

<!-- Written by `muster config-reference`; change crates/muster/src/config.rs instead. -->

A setting can be given in four ways. An earlier one wins over a later one:

1. a flag: `--listen 0.0.0.0:8080`, and for settings without a flag of their own `--set limits.page_size_max=500`;
2. an environment variable: `MUSTER_` and the key in capitals, with `_` for `.`;
3. a TOML file, named by `--config FILE` or `MUSTER_CONFIG`;
4. the default.

A key that Muster does not know is an error that names the nearest known one. `muster check-config` takes the same
flags as `muster serve`, says what is wrong, and otherwise prints the configuration that would be in force, in the form
of a file; secrets are masked.
";

fn entry(setting: &Setting) -> String {
    let default = match setting.default {
        "" => "not set".to_owned(),
        text => format!("`{text}`"),
    };
    format!(
        "\n### `{}`\n\n{}\n\n| | |\n| --- | --- |\n| default | {default} |\n| write | {} |\n| environment | `{}` |\n",
        setting.key,
        paragraph(setting.doc),
        setting.kind,
        setting.environment(),
    )
}

/// Doc comment lines as one text; each line begins with the blank that follows `///`.
fn paragraph(doc: &[&str]) -> String {
    doc.iter().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

/// Keys and texts of each section as a TOML file. What is not set is left out.
pub(super) fn to_toml(sections: &[Vec<(&'static str, String)>]) -> String {
    let mut file = String::new();
    let mut table = "";
    for (key, text) in sections.iter().flatten().filter(|(_, text)| !text.is_empty()) {
        let (section, name) = key.rsplit_once('.').unwrap_or(("", key));
        if section != table {
            let _ = write!(file, "\n[{section}]\n");
            table = section;
        }
        let _ = writeln!(file, "{name} = {}", toml_value(text));
    }
    file
}

/// Numbers and booleans bare, as one would write them; the rest as strings.
fn toml_value(text: &str) -> toml::Value {
    match (text.parse::<i64>(), text.parse::<bool>()) {
        (Ok(number), _) => number.into(),
        (_, Ok(boolean)) => boolean.into(),
        _ => text.into(),
    }
}
