//! Plays a transcript of `tests/transcripts` to the server in process, to see which repairs each of its
//! requests needs. Only statuses are looked at: `replay.py` judges the rest, against a real server.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::fs::read_to_string;
use std::path::{Path, PathBuf};

use serde_json::Value;
use service::tenants::{SettingChange, UpdateTenant};

use crate::harness::{Answered, Harness};

/// What became of one step.
pub(crate) struct Played {
    /// Its place and its request, for messages.
    pub(crate) title: String,
    /// Whether the transcript expects the status of the answer, once repairs were allowed.
    pub(crate) is_expected: bool,
    /// The names of the repairs without which a strict tenant refuses it.
    pub(crate) repairs: BTreeSet<String>,
}

/// Where the transcripts are.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/transcripts")
}

/// Plays one, `folder/name`. Each request goes to the tenant while it is strict; if that refuses it, it
/// is sent again while repairs are allowed.
pub(crate) async fn play(harness: &Harness, token: &str, name: &str, number: usize) -> Vec<Played> {
    let text = read_to_string(folder().join(name).with_extension("json")).unwrap_or_else(|e| panic!("{name}: {e}"));
    let case: Value = serde_json::from_str(&text).unwrap();
    let mut variables = Variables(HashMap::from([("suffix".into(), Value::from(format!("{number:010x}")))]));
    for (name, value) in case["vars"].as_object().into_iter().flatten() {
        let value = variables.fill(value);
        variables.0.insert(name.clone(), value);
    }
    let mut played = Vec::new();
    let cleanup = case["cleanup"].as_array().into_iter().flatten().map(|step| (step, false));
    for (step, counts) in case["steps"].as_array().unwrap().iter().map(|step| (step, true)).chain(cleanup) {
        for turn in 1..=step["repeat"].as_u64().unwrap_or(1) {
            variables.0.insert("i".into(), turn.into());
            let one = play_step(harness, token, step, &mut variables).await;
            played.extend(counts.then_some(one));
        }
    }
    for (place, played) in played.iter_mut().enumerate() {
        played.title = format!("{name}, request {}: {}", place + 1, played.title);
    }
    played
}

async fn play_step(harness: &Harness, token: &str, step: &Value, variables: &mut Variables) -> Played {
    let step = variables.fill(step);
    let mut answer = send(harness, token, &step).await;
    let mut repairs = BTreeSet::new();
    if answer.status == 400 && answer.body.contains("'strict'") {
        repairs = repairs_named_in(&answer);
        set_strict(harness, false).await;
        answer = send(harness, token, &step).await;
        set_strict(harness, true).await;
    }
    for (name, source) in step["capture"].as_object().into_iter().flatten() {
        let source = source.as_str().unwrap();
        let found = match source.strip_prefix("header:") {
            Some(header) => answer.header(&header.to_ascii_lowercase()).map(Value::from),
            None => serde_json::from_str(&answer.body).ok().and_then(|body| find(&body, source)),
        };
        variables.0.extend(found.map(|found| (name.clone(), found)));
    }
    let status = answer.status.as_u16();
    Played {
        title: format!("{} {} -> {status} {}", step["method"], step["path"], answer.body),
        is_expected: is_expected(&step["expect"], status),
        repairs,
    }
}

/// Whether this tenant refuses what needs a repair.
pub(crate) async fn set_strict(harness: &Harness, strict: bool) {
    let settings = SettingChange { strict: Some(strict), ..SettingChange::default() };
    let change = UpdateTenant { settings, ..UpdateTenant::default() };
    harness.app.update_tenant(&harness.app.operator("test"), "acme", change).await.unwrap();
}

async fn send(harness: &Harness, token: &str, step: &Value) -> Answered {
    let path = encoded(&Harness::scim(step["path"].as_str().unwrap()));
    let mut request = harness.request(step["method"].as_str().unwrap(), &path).bearer(token);
    request = request.header("accept", "application/scim+json");
    if let Some(body) = step.get("body") {
        request = request.json(&body.to_string());
    } else if let Some(text) = step["raw_body"].as_str() {
        request = request.json(text);
    }
    for (name, value) in step["headers"].as_object().into_iter().flatten() {
        request = match value.as_str() {
            Some(value) => request.header(name, value),
            None => request.without(name),
        };
    }
    request.send().await
}

/// The names before the parentheses: "…the request needs: a (what it is); b (what that is)".
fn repairs_named_in(refusal: &Answered) -> BTreeSet<String> {
    let detail = refusal.json()["detail"].as_str().unwrap().to_owned();
    let known = scim::dialect::REPAIRS.iter().map(|repair| repair.name);
    known.filter(|name| detail.contains(&format!("{name} ("))).map(str::to_owned).collect()
}

fn is_expected(expect: &Value, status: u16) -> bool {
    let choices = expect.as_array().map_or(std::slice::from_ref(expect), Vec::as_slice);
    choices.iter().any(|choice| match choice["status"].as_array() {
        Some(statuses) => statuses.contains(&status.into()),
        None => true,
    })
}

/// What a URL may not hold is percent-encoded; `+`, `%XX`, `&` and `=` go out as written.
fn encoded(path: &str) -> String {
    percent_encoded(path, |b| b.is_ascii_alphanumeric() || b"/?&=+%:,;@!$'()*~-._".contains(&b))
}

/// All bytes but those that stay are percent-encoded.
pub(crate) fn percent_encoded(text: &str, stays: impl Fn(u8) -> bool) -> String {
    let mut encoded = String::new();
    for b in text.bytes() {
        if stays(b) {
            encoded.push(b.into());
        } else {
            write!(encoded, "%{b:02X}").unwrap();
        }
    }
    encoded
}

/// `a.b[0].c` in a document.
fn find(document: &Value, path: &str) -> Option<Value> {
    let pointer = path.replace(['.', '['], "/").replace(']', "");
    document.pointer(&format!("/{pointer}")).cloned()
}

/// The `{{name}}` values of a case.
struct Variables(HashMap<String, Value>);

impl Variables {
    fn fill(&mut self, item: &Value) -> Value {
        match item {
            Value::String(text) => self.fill_text(text),
            Value::Array(parts) => parts.iter().map(|part| self.fill(part)).collect(),
            Value::Object(parts) => parts.iter().map(|(name, part)| (name.clone(), self.fill(part))).collect(),
            other => other.clone(),
        }
    }

    /// A text that is only a variable keeps its type.
    fn fill_text(&mut self, text: &str) -> Value {
        if let Some(name) = text.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"))
            && !name.contains(['{', '|'])
        {
            return self.get(name);
        }
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, (name, after))) =
            rest.split_once("{{").and_then(|(b, r)| Some((b, r.split_once("}}")?)))
        {
            filled.push_str(before);
            filled.push_str(&self.filtered(name));
            rest = after;
        }
        filled.push_str(rest);
        Value::String(filled)
    }

    fn filtered(&mut self, name: &str) -> String {
        let (name, filter) = name.split_once('|').unwrap_or((name, ""));
        let text = match self.get(name) {
            Value::String(text) => text,
            other => other.to_string(),
        };
        match filter {
            "" => text,
            "upper" => text.to_uppercase(),
            "lower" => text.to_lowercase(),
            "q" => percent_encoded(&text, |_| false),
            "title" => text.split_inclusive(|c: char| !c.is_alphabetic()).map(capitalised).collect(),
            other => panic!("unknown filter |{other}"),
        }
    }

    /// What was never set gets a value of its own: `{{uuid.x}}`, and what a refused request would have given.
    fn get(&mut self, name: &str) -> Value {
        let (suffix, number) = (self.0["suffix"].as_str().unwrap().to_owned(), self.0.len());
        self.0
            .entry(name.to_owned())
            .or_insert_with(|| format!("00000000-0000-4000-8000-{suffix}{number:02x}").into())
            .clone()
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters.flat_map(char::to_lowercase)).collect())
        .unwrap_or_default()
}
