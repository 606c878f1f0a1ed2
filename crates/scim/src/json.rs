//! JSON from outside: the one way in.
//!
//! serde_json alone would keep the last of two equal keys and let a string hold NUL, which
//! databases and log readers trip over. Both are refused here, once, so nobody checks again.

use serde::Serialize;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;

use crate::error::ScimError;

/// Any JSON value. Lives in this crate only; other crates pass documents around whole.
pub type Json = serde_json::Value;
/// A JSON object that keeps the order of its members.
pub type Object = serde_json::Map<String, Json>;

/// How deep arrays and objects may nest. SCIM needs five levels; the rest is generosity.
pub const DEPTH_MAX: usize = 32;

/// Reads a JSON text.
///
/// # Errors
/// [`ScimError::Syntax`] for what is not JSON (RFC 8259), nests deeper than [`DEPTH_MAX`], names
/// a member of an object twice, or holds the character U+0000.
pub fn parse(text: &[u8]) -> Result<Json, ScimError> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = Strict { depth: DEPTH_MAX }.deserialize(&mut reader).map_err(|e| syntax(&e))?;
    reader.end().map_err(|e| syntax(&e))?;
    Ok(value)
}

/// Writes a member to the end of an object that is being written.
pub(crate) fn write_member(text: &mut Vec<u8>, name: &str, value: &Json) {
    write_name(text, name);
    write(text, value);
}

/// Writes the name of a member to the end of an object that is being written.
pub(crate) fn write_name(text: &mut Vec<u8>, name: &str) {
    if text.last() != Some(&b'{') {
        text.push(b',');
    }
    write(text, name);
    text.push(b':');
}

fn write(text: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    serde_json::to_writer(text, value).expect("memory takes what is written, and names are texts");
}

/// What was written, as text.
pub(crate) fn text_of(written: Vec<u8>) -> String {
    String::from_utf8(written).expect("JSON is written in UTF-8")
}

fn syntax(error: &serde_json::Error) -> ScimError {
    ScimError::Syntax(format!("The request body is not acceptable JSON: {error}"))
}

#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(Self { depth }),
            None => Err(E::custom(format_args!("nested deeper than {DEPTH_MAX} levels"))),
        }
    }
}

fn without_nul<E: de::Error>(text: String) -> Result<String, E> {
    if text.contains('\0') { Err(E::custom("a string holds the character U+0000")) } else { Ok(text) }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Json, E> {
        without_nul(value.to_owned()).map(Json::String)
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Json, E> {
        without_nul(value).map(Json::String)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
        let inner = self.deeper()?;
        let mut elements = Vec::new();
        while let Some(element) = seq.next_element_seed(inner)? {
            elements.push(element);
        }
        Ok(Json::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let inner = self.deeper()?;
        let mut members = Object::new();
        while let Some(name) = map.next_key::<String>()? {
            let name = without_nul(name)?;
            let value = map.next_value_seed(inner)?;
            if members.contains_key(&name) {
                return Err(de::Error::custom(format_args!("the member '{name}' is there twice")));
            }
            members.insert(name, value);
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_json_comes_through_in_order() {
        let text = r#"{"b":[1,-2,3.5,"x",null,true],"a":{}}"#;
        assert_eq!(parse(text.as_bytes()).unwrap().to_string(), text);
    }

    #[test]
    fn what_would_be_ambiguous_is_refused() {
        let deep = "[".repeat(100_000);
        for wrong in [
            r#"{"a":1,"a":2}"#,
            r#"{"a":"\u0000"}"#,
            "{",
            "[1,]",
            "1 2",
            "",
            "\"\u{fffe}",
            deep.as_str(),
            "{\"a\":1e999}",
        ] {
            assert!(matches!(parse(wrong.as_bytes()), Err(ScimError::Syntax(_))), "{}", &wrong[..wrong.len().min(20)]);
        }
        assert!(parse(b"\"\xff\"").is_err());
    }
}
