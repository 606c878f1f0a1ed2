//! What all reports share: exchanges as text, times, and tables.

use std::fmt::Write;
use std::time::Duration;

use serde_json::{Value, json};

use crate::answer::Exchange;
use crate::connection::Connection;

/// More of a body is not shown.
const BODY_CHARS_MAX: usize = 1500;

/// A request and its answer as text, without credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Request line, headers that matter, body.
    pub request: String,
    /// Status line, headers that matter, body; or why there is no answer.
    pub answer: String,
}

impl Shown {
    /// The texts of an exchange. A server may repeat the token in its answer, so it is taken out of both.
    pub(crate) fn new(exchange: &Exchange, connection: &Connection) -> Self {
        let ask = &exchange.ask;
        let mut request = format!("{} {}\n", ask.method, readable(&ask.path));
        for (name, value) in &ask.headers {
            line(&mut request, &format!("{name}: {value}"));
        }
        if let Some(body) = &ask.body {
            request.push('\n');
            line(&mut request, &body_text(body.as_bytes()));
        }
        let answer = match &exchange.answer {
            Ok(answer) => {
                let reason =
                    http::StatusCode::from_u16(answer.status).ok().and_then(|status| status.canonical_reason());
                let mut text = format!("{} {}\n", answer.status, reason.unwrap_or_default());
                for name in ["content-type", "location", "etag", "www-authenticate", "retry-after"] {
                    let value = answer.header(name);
                    if !value.is_empty() {
                        line(&mut text, &format!("{name}: {value}"));
                    }
                }
                if !answer.body.is_empty() {
                    text.push('\n');
                    line(&mut text, &body_text(&answer.body));
                }
                text
            }
            Err(silence) => format!("({silence})\n"),
        };
        Self { request: connection.without_token(&request), answer: connection.without_token(&answer) }
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({"request": self.request, "answer": self.answer})
    }

    /// Both, each line moved to the right by some blanks.
    pub(crate) fn to_text(&self, indent: &str) -> String {
        let mut text = String::new();
        for (mark, part) in [("> ", &self.request), ("< ", &self.answer)] {
            for part_line in part.trim_end().lines() {
                line(&mut text, format!("{indent}{mark}{part_line}").trim_end());
            }
        }
        text
    }

    /// Both as one fenced block.
    pub(crate) fn to_markdown(&self) -> String {
        format!("```http\n{}\n{}```\n", self.request, self.answer)
    }
}

/// A path with the query as a person reads it.
fn readable(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, after @ ..] = rest {
        let decoded = after.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match decoded {
            // What would end a line or a segment stays as it was sent.
            Some(byte) if *first == b'%' && !byte.is_ascii_control() && !b"&=?#%+".contains(&byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            Some(_) | None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A body: JSON laid out, anything else as it is, cut when it is long.
fn body_text(body: &[u8]) -> String {
    let text = match serde_json::from_slice::<Value>(body) {
        Ok(json) => {
            let mut text = String::new();
            lay_out(&mut text, &json, 0);
            text
        }
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    };
    match text.char_indices().nth(BODY_CHARS_MAX) {
        Some((end, _)) => format!("{}\n… ({} bytes in all)", &text[..end], body.len()),
        None => text,
    }
}

/// What is longer gets a line for each of its members.
const LINE_CHARS_MAX: usize = 100;

/// Writes JSON so that what is short stays on one line.
fn lay_out(text: &mut String, json: &Value, depth: usize) {
    let one_line = json.to_string();
    let fits = one_line.chars().count() + 2 * depth <= LINE_CHARS_MAX;
    let members: Vec<(String, &Value)> = match json {
        Value::Object(members) if !fits => {
            members.iter().map(|(name, value)| (format!("{}: ", Value::from(name.as_str())), value)).collect()
        }
        Value::Array(items) if !fits => items.iter().map(|item| (String::new(), item)).collect(),
        Value::Object(_) | Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            text.push_str(&one_line);
            return;
        }
    };
    let (open, close) = if json.is_object() { ('{', '}') } else { ('[', ']') };
    text.push(open);
    for (number, (name, value)) in members.iter().enumerate() {
        text.push_str(if number == 0 { "\n" } else { ",\n" });
        text.push_str(&"  ".repeat(depth + 1));
        text.push_str(name);
        lay_out(text, value, depth + 1);
    }
    text.push('\n');
    text.push_str(&"  ".repeat(depth));
    text.push(close);
}

fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// How long the steps of one kind took.
#[derive(Debug, Clone, Default)]
pub struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn add(&mut self, elapsed: Duration) {
        self.0.push(elapsed);
    }

    /// How many there were.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The time that so many percent did not exceed; zero when there were none.
    #[must_use]
    pub fn percentile(&self, percent: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(rank - 1).copied().unwrap_or_default()
    }
}

/// Milliseconds with one decimal.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 10_000.0).round() / 10.0
}

/// A table for a terminal: the first column to the left, the others to the right.
pub(crate) fn text_table(head: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([head[column].chars().count()]).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let head: Vec<String> = head.iter().map(|&title| title.to_owned()).collect();
    let mut text = String::new();
    for row in std::iter::once(&head).chain(rows) {
        let mut cells = String::new();
        for (column, cell) in row.iter().enumerate() {
            let width = widths[column];
            let written = if column == 0 { write!(cells, "{cell:<width$}") } else { write!(cells, "  {cell:>width$}") };
            written.expect("a String takes all that is written");
        }
        line(&mut text, cells.trim_end());
    }
    text
}

/// A table in Markdown.
pub(crate) fn markdown_table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut text = format!("| {} |\n|{}\n", head.join(" | "), " --- |".repeat(head.len()));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|").replace('\n', " ")).collect();
        line(&mut text, &format!("| {} |", cells.join(" | ")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let mut times = Times::default();
        for ms in (1..=100).rev() {
            times.add(Duration::from_millis(ms));
        }

        let of = |percent| times.percentile(percent).as_millis();

        assert_eq!((of(50), of(95), of(100)), (50, 95, 100));
        assert_eq!(Times::default().percentile(95), Duration::ZERO);
    }

    #[test]
    fn a_path_is_readable_and_stays_one_line() {
        assert_eq!(readable("/Users?filter=userName%20eq%20%22a%26b%0A%22"), r#"/Users?filter=userName eq "a%26b%0A""#);
        assert_eq!(readable("/Users/%C3%A4%"), "/Users/ä%");
    }

    #[test]
    fn a_body_has_a_line_for_each_member_that_is_long() {
        let long = "x".repeat(60);
        let json = json!({"schemas": ["a"], "Operations": [{"op": "add", "value": [1, 2]}, long, long]});

        let shown = body_text(json.to_string().as_bytes());

        assert_eq!(
            shown,
            format!(
                "{{\n  \"schemas\": [\"a\"],\n  \"Operations\": [\n    {{\"op\":\"add\",\"value\":[1,2]}},\n    \"{long}\",\n    \
                 \"{long}\"\n  ]\n}}"
            )
        );
    }

    #[test]
    fn a_long_body_is_cut_between_characters() {
        let shown = body_text("ä".repeat(2000).as_bytes());

        assert!(shown.ends_with("… (4000 bytes in all)"), "{shown}");
    }
}
