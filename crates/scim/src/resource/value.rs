//! Single values: JSON as a client sends it -> JSON in canonical form (RFC 7643 §2.3–§2.5).
//!
//! Used for whole resources by [`super::validate`] and for the values of PATCH operations.
//! Here a value is judged by itself; what a whole document owes (required attributes, one primary
//! value) is judged by [`mod@super::finish`].

use crate::dialect;
use crate::error::ScimError;
use crate::fold::fold;
use crate::json::{Json, Object};
use crate::schema::{Attribute, Kind, Mutability, Target, Uniqueness};
use crate::time;

use super::Notes;

/// How long a string may be, in bytes.
pub const STRING_BYTES_MAX: usize = 64 * 1024;

/// How long a string may be that is looked up (`externalId`, unique and indexed attributes), in
/// bytes of its folded form: databases bound the entries of their indexes.
pub const KEY_BYTES_MAX: usize = 1024;

/// How many values a multi-valued attribute may have, the relation attribute aside.
pub const VALUES_MAX: usize = 1000;

/// Core attributes that have a column of their own, and so an index, whatever the schema says.
const COLUMNS: [&str; 3] = ["externalId", "userName", "displayName"];

/// Reads everything that `target` is to hold: all values of a multi-valued attribute, otherwise
/// the one value. `None` means unassigned: `null`, `[]`, a complex value without parts.
///
/// Parts that are unknown or readOnly are left out and noted. Whether `target` itself is readOnly,
/// a relation or secret is for the caller to ask before.
///
/// # Errors
/// [`ScimError::Value`] when the type is wrong or a limit is passed.
pub(crate) fn read_value(target: &Target<'_>, json: Json, notes: &mut Notes) -> Result<Option<Json>, ScimError> {
    let Some(attribute) = target.leaf() else { return Ok(None) };
    if !attribute.multi_valued {
        return read_element(target, json, notes);
    }
    let elements = match json {
        Json::Array(elements) => elements,
        Json::Null => return Ok(None),
        Json::String(text) if text.is_empty() => {
            notes.mended(&dialect::EMPTY_AS_UNASSIGNED);
            return Ok(None);
        }
        one => {
            notes.mended(&dialect::ONE_AS_MANY);
            vec![one]
        }
    };
    if elements.len() > VALUES_MAX {
        return Err(too_many(target, elements.len()));
    }
    let mut values = Vec::with_capacity(elements.len());
    for (place, element) in elements.into_iter().enumerate() {
        let value = read_element(target, element, notes).map_err(|error| in_element(error, place))?;
        values.extend(value);
    }
    Ok(if values.is_empty() { None } else { Some(Json::Array(values)) })
}

/// Reads one value: that of a single-valued attribute, or one element of a multi-valued one.
/// Otherwise like [`read_value`].
pub(crate) fn read_element(target: &Target<'_>, json: Json, notes: &mut Notes) -> Result<Option<Json>, ScimError> {
    let Some(attribute) = target.leaf() else { return Ok(None) };
    match json {
        Json::Null => Ok(None),
        Json::Array(mut elements) if !attribute.multi_valued && elements.len() < 2 => {
            let Some(only) = elements.pop() else { return Ok(None) };
            if only.is_array() {
                return Err(unexpected(target, attribute, &Json::Array(Vec::new())));
            }
            notes.mended(&dialect::MANY_AS_ONE);
            read_element(target, only, notes)
        }
        Json::String(text) if text.is_empty() && !holds_empty_strings(attribute.kind) => {
            notes.mended(&dialect::EMPTY_AS_UNASSIGNED);
            Ok(None)
        }
        json if attribute.kind == Kind::Complex => read_complex(target, attribute, json, notes),
        json => read_simple(target, attribute, json, notes).map(Some),
    }
}

fn holds_empty_strings(kind: Kind) -> bool {
    !matches!(kind, Kind::DateTime | Kind::Binary | Kind::Reference | Kind::Complex)
}

fn read_complex(
    target: &Target<'_>,
    attribute: &Attribute,
    json: Json,
    notes: &mut Notes,
) -> Result<Option<Json>, ScimError> {
    let parts = match json {
        Json::Object(parts) => parts,
        Json::String(text) if attribute.sub_attribute("value").is_some_and(|sub| sub.kind != Kind::Complex) => {
            notes.mended(&dialect::REFERENCE_AS_TEXT);
            Object::from_iter([("value".to_owned(), Json::String(text))])
        }
        other => return Err(unexpected(target, attribute, &other)),
    };
    if attribute.multi_valued {
        refuse_deletion(target, &parts)?;
    }
    let mut values = Object::new();
    for (name, json) in parts {
        let Some(sub) = attribute.sub_attribute(&name) else {
            notes.ignored(format!("{}.{name}", target.canonical()));
            continue;
        };
        let place = Target { sub_attribute: Some(sub), ..*target };
        if sub.mutability == Mutability::ReadOnly {
            notes.ignored(place.canonical());
        } else if let Some(value) = read_value(&place, json, notes)?
            && values.insert(sub.name.clone(), value).is_some()
        {
            return Err(twice(&place));
        }
    }
    Ok(if values.is_empty() { None } else { Some(Json::Object(values)) })
}

/// SCIM 1.1 marks values that are to go with `"operation": "delete"`. To add them would be the
/// opposite of what the client means (transcript `onelogin/members-operation-delete`).
pub(super) fn refuse_deletion(target: &Target<'_>, parts: &Object) -> Result<(), ScimError> {
    let is_deletion = |(name, value): (&String, &Json)| {
        name.eq_ignore_ascii_case("operation")
            && value.as_str().is_some_and(|operation| operation.eq_ignore_ascii_case("delete"))
    };
    if target.attribute.is_none_or(|whole| whole.sub_attribute("operation").is_some()) || !parts.iter().any(is_deletion)
    {
        return Ok(());
    }
    let reason =
        "'operation': 'delete' is of SCIM 1.1; here values are removed by a PATCH operation with the op 'remove'";
    Err(ScimError::value(target.canonical(), reason))
}

fn read_simple(target: &Target<'_>, attribute: &Attribute, json: Json, notes: &mut Notes) -> Result<Json, ScimError> {
    if let Json::String(text) = &json {
        check_length(target, attribute, text)?;
    }
    if attribute.restricted {
        return canonical(target, attribute, &json);
    }
    let fits = match (attribute.kind, &json) {
        (Kind::String, Json::String(_)) | (Kind::Boolean, Json::Bool(_)) | (Kind::Decimal, Json::Number(_)) => true,
        (Kind::Boolean, Json::String(text)) => {
            let Some(value) = boolean(text) else { return Err(unexpected(target, attribute, &json)) };
            notes.mended(&dialect::BOOLEAN_AS_TEXT);
            return Ok(Json::Bool(value));
        }
        (Kind::Integer, Json::Number(number)) => number.is_i64() || number.is_u64(),
        (Kind::DateTime, Json::String(text)) => time::parse(text).is_ok(),
        (Kind::Reference, Json::String(text)) => is_reference(text),
        (Kind::Binary, Json::String(text)) => is_base64(text),
        _ => false,
    };
    if fits { Ok(json) } else { Err(unexpected(target, attribute, &json)) }
}

/// The canonical value that is meant, in its own spelling (RFC 7643 §2.3.1: service providers may
/// "restrict accepted values to the specified values").
fn canonical(target: &Target<'_>, attribute: &Attribute, json: &Json) -> Result<Json, ScimError> {
    let Json::String(text) = json else { return Err(unexpected(target, attribute, json)) };
    let is_meant =
        |value: &&String| if attribute.case_exact { *value == text } else { value.eq_ignore_ascii_case(text) };
    match attribute.canonical_values.iter().find(is_meant) {
        Some(value) => Ok(Json::String(value.clone())),
        None => Err(not_canonical(target, attribute, json)),
    }
}

fn not_canonical(target: &Target<'_>, attribute: &Attribute, got: &Json) -> ScimError {
    let accepted = shortened_to(&attribute.canonical_values.join(", "), 300);
    ScimError::value(target.canonical(), format!("one of these is expected: {accepted}; got {}", described(got)))
}

/// The boolean that a string stands for, in any spelling of `true` and `false`.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// Whether `text` can be a URI, an IRI or a relative reference (RFC 7643 §2.3.7): it holds no
/// character that none of them may hold. Closer than that, real directories do not keep to it.
fn is_reference(text: &str) -> bool {
    !text.chars().any(|c| c.is_whitespace() || c.is_control() || "<>\"{}|\\^`".contains(c))
}

/// Whether `text` is base64 in either alphabet (RFC 4648 §4, §5), padded or not (RFC 7643 §2.3.6).
fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    let alphabet = digits.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_'));
    alphabet && digits.len() % 4 != 1 && (padding == 0 || (padding <= 2 && text.len().is_multiple_of(4)))
}

fn check_length(target: &Target<'_>, attribute: &Attribute, text: &str) -> Result<(), ScimError> {
    let is_column = !target.in_extension && target.sub_attribute.is_none() && COLUMNS.contains(&&*attribute.name);
    let is_key = is_column || attribute.indexed.is_some() || attribute.uniqueness != Uniqueness::None;
    // Folding can make a text longer: one ligature becomes several letters.
    let length = if is_key && !text.is_ascii() { fold(text).len().max(text.len()) } else { text.len() };
    let limit = if is_key { KEY_BYTES_MAX } else { STRING_BYTES_MAX };
    if length <= limit {
        return Ok(());
    }
    Err(ScimError::value(target.canonical(), format!("a string of at most {limit} bytes is accepted, got {length}")))
}

/// The refusal of one attribute that is given under two spellings.
pub(super) fn twice(target: &Target<'_>) -> ScimError {
    ScimError::value(target.canonical(), "is given more than once, in different spellings")
}

pub(super) fn too_many(target: &Target<'_>, got: usize) -> ScimError {
    ScimError::value(target.canonical(), format!("at most {VALUES_MAX} values are accepted, got {got}"))
}

fn unexpected(target: &Target<'_>, attribute: &Attribute, got: &Json) -> ScimError {
    let expected = match attribute.kind {
        Kind::String => "a string",
        Kind::Boolean => "true or false",
        Kind::Decimal => "a number",
        Kind::Integer => "a whole number",
        Kind::DateTime => "a date and time such as \"2026-01-31T12:30:00Z\"",
        Kind::Reference => "a URI",
        Kind::Binary => "a string in base64",
        Kind::Complex => "an object",
    };
    let got = if attribute.secret { kind_of(got).to_owned() } else { described(got) };
    ScimError::value(target.canonical(), format!("expected {expected}, got {got}"))
}

/// Adds to a refusal in which element of an array it happened.
pub(super) fn in_element(error: ScimError, place: usize) -> ScimError {
    match error {
        ScimError::Value { attribute, reason } => {
            ScimError::Value { attribute, reason: format!("{reason} (in value {})", place + 1) }
        }
        other => other,
    }
}

pub(super) fn kind_of(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
    }
}

pub(super) fn described(json: &Json) -> String {
    match json {
        Json::String(text) => format!("the string '{}'", shortened(text)),
        Json::Bool(_) | Json::Number(_) => json.to_string(),
        Json::Null | Json::Array(_) | Json::Object(_) => kind_of(json).to_owned(),
    }
}

pub(super) fn shortened(text: &str) -> String {
    shortened_to(text, 60)
}

fn shortened_to(text: &str, characters: usize) -> String {
    let mut start: String = text.chars().take(characters).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    start
}
