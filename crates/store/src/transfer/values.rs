//! Values of rows on their way: as JSON for the statement that inserts them, as JSON in a file, and
//! back from there.
//!
//! A statement takes rows as one text, `[[1,"text","6865"],…]`, with bytes as hexadecimal digits.

use std::fmt::Write as _;

use scim::id::Id;
use scim::schema::Registry;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::tables::{Column, Kind};
use crate::error::StoreError;
use crate::tx::Value;

/// A value that a file gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Given {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl From<Value<'_>> for Given {
    fn from(value: Value<'_>) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Int(value) => Self::Int(value),
            Value::Text(value) => Self::Text(value.to_owned()),
            Value::Bytes(value) => Self::Bytes(value.to_owned()),
        }
    }
}

impl Given {
    pub(super) fn value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Int(value) => Value::Int(*value),
            Self::Text(value) => Value::Text(value),
            Self::Bytes(value) => Value::Bytes(value),
        }
    }

    /// Reads what a file says of a column, or says why it cannot be that.
    pub(super) fn read(column: &Column, json: &RawValue, registry: &Registry) -> Result<Self, String> {
        let text = json.get();
        if text == "null" {
            return if column.nullable { Ok(Self::Null) } else { Err(format!("{} is null", column.name)) };
        }
        let wrong = |what: &str| format!("{} is not {what}", column.name);
        Ok(match column.kind {
            Kind::Int => Self::Int(serde_json::from_str(text).map_err(|_| wrong("a whole number"))?),
            Kind::Text => Self::Text(plain(text).ok_or_else(|| wrong("a text"))?),
            Kind::Json => {
                // Databases cannot keep the character U+0000, which is only ever written like this.
                let is_kept = !text.contains("\\u0000") || scim::json::parse(text.as_bytes()).is_ok();
                Self::Text(if is_kept { text.to_owned() } else { return Err(wrong("acceptable JSON")) })
            }
            Kind::Bytes => Self::Bytes(plain(text).and_then(|hex| unhex(&hex)).ok_or_else(|| wrong("hexadecimal"))?),
            Kind::Id => {
                let id: Option<Id> = plain(text).and_then(|text| text.parse().ok());
                Self::Bytes(id.ok_or_else(|| wrong("an id"))?.to_bytes().to_vec())
            }
            Kind::Type => {
                let name = plain(text).ok_or_else(|| wrong("the name of a resource type"))?;
                let known = registry.type_named(&name).map(|known| known.key).or_else(|| gone(&name));
                Self::Int(known.ok_or_else(|| format!("there is no resource type {name}"))?.into())
            }
        })
    }
}

/// The key of a type that the tenant no longer has: what happened to its resources is still known.
fn gone(name: &str) -> Option<u16> {
    name.strip_prefix('#')?.parse().ok()
}

/// A JSON string without U+0000.
fn plain(json: &str) -> Option<String> {
    String::deserialize(&mut serde_json::Deserializer::from_str(json)).ok().filter(|text| !text.contains('\0'))
}

/// Rows of a statement that inserts many.
#[derive(Debug, Default)]
pub(super) struct Rows {
    json: String,
    count: u64,
    in_row: bool,
}

impl Rows {
    /// Begins the next row.
    pub(super) fn begin(&mut self) {
        self.json.push_str(match (self.json.is_empty(), self.in_row) {
            (true, _) => "[[",
            (false, true) => "],[",
            (false, false) => ",[",
        });
        self.in_row = true;
        self.count += 1;
    }

    /// Adds a value to the row.
    pub(super) fn push(&mut self, value: Value<'_>) {
        if !self.json.ends_with('[') {
            self.json.push(',');
        }
        match value {
            Value::Null => self.json.push_str("null"),
            Value::Int(number) => push_number(&mut self.json, number),
            Value::Text(text) => push_string(&mut self.json, text),
            Value::Bytes(bytes) => push_hex(&mut self.json, bytes),
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// How long their text is, in bytes.
    pub(super) fn len(&self) -> usize {
        self.json.len()
    }

    /// Their text; there are none afterwards.
    pub(super) fn take(&mut self) -> String {
        let Self { mut json, in_row, .. } = std::mem::take(self);
        json.push_str(if in_row { "]]" } else { "[]" });
        json
    }
}

/// Writes a value as files have it.
///
/// # Errors
/// [`StoreError::Corrupt`] when the database holds what cannot be of that kind.
pub(super) fn push_for_file(
    out: &mut String,
    column: &Column,
    value: Value<'_>,
    registry: &Registry,
) -> Result<(), StoreError> {
    let broken = || StoreError::Corrupt(format!("the column {} cannot be read", column.name));
    match (column.kind, value) {
        (_, Value::Null) => out.push_str("null"),
        (Kind::Int, Value::Int(number)) => push_number(out, number),
        (Kind::Text, Value::Text(text)) => push_string(out, text),
        // A line is a line: outside of strings, where they are escaped, breaks mean nothing.
        (Kind::Json, Value::Text(text)) => {
            out.extend(text.chars().map(|c| if c == '\n' || c == '\r' { ' ' } else { c }));
        }
        (Kind::Bytes, Value::Bytes(bytes)) => push_hex(out, bytes),
        (Kind::Id, Value::Bytes(bytes)) => push_string(out, &Id::from_bytes(bytes).map_err(|_| broken())?.to_string()),
        (Kind::Type, Value::Int(key)) => {
            let key = u16::try_from(key).map_err(|_| broken())?;
            match registry.type_keyed(key) {
                Some(known) => push_string(out, &known.name),
                None => push_string(out, &format!("#{key}")),
            }
        }
        _ => return Err(broken()),
    }
    Ok(())
}

/// Writes a JSON string.
pub(super) fn push_string(out: &mut String, text: &str) {
    out.push_str(&serde_json::to_string(text).expect("texts are always JSON"));
}

fn push_number(out: &mut String, number: i64) {
    write!(out, "{number}").expect("a string takes all that is written to it");
}

fn push_hex(out: &mut String, bytes: &[u8]) {
    out.push('"');
    out.push_str(&hex(bytes));
    out.push('"');
}

/// Hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.chars().map(|c| u8::try_from(c.to_digit(16)?).ok()).collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_arrays_of_their_values() {
        let mut rows = Rows::default();
        for number in [1, -2] {
            rows.begin();
            rows.push(Value::Int(number));
            rows.push(Value::Text("a\"b\n"));
            rows.push(Value::Bytes(&[0, 255]));
            rows.push(Value::Null);
        }

        assert_eq!(rows.count(), 2);
        assert_eq!(rows.take(), r#"[[1,"a\"b\n","00ff",null],[-2,"a\"b\n","00ff",null]]"#);
        assert_eq!(rows.take(), "[]");
    }

    #[test]
    fn hexadecimal_digits_come_back_as_bytes_and_nothing_else_does() {
        assert_eq!(unhex(&hex(&[0, 1, 0xab, 0xff])), Some(vec![0, 1, 0xab, 0xff]));
        for wrong in ["0", "0g", "+1", "é0"] {
            assert_eq!(unhex(wrong), None, "{wrong}");
        }
    }
}
