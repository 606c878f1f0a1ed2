//! Readers of single values: what each accepts, and what Pydantic calls what it does not.

use std::net::IpAddr;

use ipnet::IpNet;
use scim::json::Json;

/// A value, or what is wrong with it.
pub type Read<T> = Result<T, Vec<Wrong>>;

/// What is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    pub(super) place: Option<usize>,
    pub(super) kind: &'static str,
    pub(super) msg: String,
}

fn wrong<T>(kind: &'static str, msg: impl Into<String>) -> Read<T> {
    Err(vec![Wrong { place: None, kind, msg: msg.into() }])
}

/// A text of `min..=max` characters.
pub fn text(min: usize, max: usize) -> impl Fn(Json) -> Read<String> {
    move |value| {
        let Json::String(text) = value else { return wrong("string_type", "Input should be a valid string") };
        let characters = |n: usize| format!("{n} character{}", if n == 1 { "" } else { "s" });
        match text.chars().count() {
            n if n < min => wrong("string_too_short", format!("String should have at least {}", characters(min))),
            n if n > max => wrong("string_too_long", format!("String should have at most {}", characters(max))),
            _ => Ok(text),
        }
    }
}

/// A text of `1..=max` characters that is not all blank; blanks around it are cut.
pub fn name(max: usize) -> impl Fn(Json) -> Read<String> {
    move |value| {
        let trimmed = match value {
            Json::String(text) => Json::String(text.trim().to_owned()),
            other => other,
        };
        text(1, max)(trimmed)
    }
}

/// `true` or `false`.
///
/// # Errors
/// `bool_type`.
#[expect(clippy::needless_pass_by_value, reason = "a reader like the others")]
pub fn boolean(value: Json) -> Read<bool> {
    value.as_bool().map_or_else(|| wrong("bool_type", "Input should be a valid boolean"), Ok)
}

/// `true` or `false` as text, for queries.
///
/// # Errors
/// `bool_parsing`.
#[expect(clippy::needless_pass_by_value, reason = "a reader like the others")]
pub fn boolean_text(value: Json) -> Read<bool> {
    match value.as_str().map(str::to_ascii_lowercase).as_deref() {
        Some("true" | "1" | "yes" | "on") => Ok(true),
        Some("false" | "0" | "no" | "off") => Ok(false),
        Some(_) | None => wrong("bool_parsing", "Input should be a valid boolean, unable to interpret input"),
    }
}

/// A whole number in `min..=max`.
pub fn integer(min: u32, max: u32) -> impl Fn(Json) -> Read<u32> {
    move |value| match value {
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(n), _) => in_range(n, min, max),
            #[expect(clippy::cast_possible_truncation, reason = "a float of that size is out of range all the same")]
            (None, Some(float)) if float.fract() == 0.0 => in_range(float as i64, min, max),
            (None, _) => {
                wrong("int_from_float", "Input should be a valid integer, got a number with a fractional part")
            }
        },
        _ => wrong("int_type", "Input should be a valid integer"),
    }
}

/// A whole number in `min..=max` as text, for queries.
pub fn integer_text(min: u32, max: u32) -> impl Fn(Json) -> Read<u32> {
    move |value| {
        let digits = value.as_str().map(str::trim).unwrap_or_default();
        match digits.parse::<i64>() {
            Ok(n) => in_range(n, min, max),
            Err(e) if *e.kind() == std::num::IntErrorKind::PosOverflow => in_range(i64::MAX, min, max),
            Err(e) if *e.kind() == std::num::IntErrorKind::NegOverflow => in_range(i64::MIN, min, max),
            Err(_) => wrong("int_parsing", "Input should be a valid integer, unable to parse string as an integer"),
        }
    }
}

fn in_range(n: i64, min: u32, max: u32) -> Read<u32> {
    if n < i64::from(min) {
        return wrong("greater_than_equal", format!("Input should be greater than or equal to {min}"));
    }
    match u32::try_from(n) {
        Ok(n) if n <= max => Ok(n),
        Ok(_) | Err(_) => wrong("less_than_equal", format!("Input should be less than or equal to {max}")),
    }
}

/// One of these names; gives what the name stands for.
pub fn one_of<T: Copy>(names: &'static [(&'static str, T)]) -> impl Fn(Json) -> Read<T> {
    move |value| {
        let found = value.as_str().and_then(|text| names.iter().find(|(name, _)| *name == text));
        found.map_or_else(|| wrong("literal_error", format!("Input should be {}", choices(names))), |(_, it)| Ok(*it))
    }
}

fn choices<T>(names: &[(&str, T)]) -> String {
    let quoted: Vec<String> = names.iter().map(|(name, _)| format!("'{name}'")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// A list of at most `max` values, each read by `read`.
pub fn list<T>(max: usize, read: impl Fn(Json) -> Read<T>) -> impl Fn(Json) -> Read<Vec<T>> {
    move |value| {
        let Json::Array(values) = value else { return wrong("list_type", "Input should be a valid list") };
        if values.len() > max {
            let sent = values.len();
            return wrong("too_long", format!("List should have at most {max} items after validation, not {sent}"));
        }
        let mut good = Vec::with_capacity(values.len());
        let mut wrongs = Vec::new();
        for (place, value) in values.into_iter().enumerate() {
            match read(value) {
                Ok(value) => good.push(value),
                Err(inner) => wrongs.extend(inner.into_iter().map(|w| Wrong { place: Some(place), ..w })),
            }
        }
        if wrongs.is_empty() { Ok(good) } else { Err(wrongs) }
    }
}

/// What a list is told that should not be empty.
pub(crate) fn too_short<T>() -> Read<T> {
    wrong("too_short", "List should have at least 1 item after validation, not 0")
}

/// A text of at most `max` characters that `parse` understands; `wanted` says what that is.
pub fn parsed<T>(max: usize, parse: fn(&str) -> Option<T>, wanted: &'static str) -> impl Fn(Json) -> Read<T> {
    move |value| {
        let text = text(0, max)(value)?;
        parse(&text).map_or_else(|| wrong("value_error", format!("Input should be {wanted}")), Ok)
    }
}

/// A point in time with its offset from UTC (RFC 3339), in milliseconds since 1970.
///
/// # Errors
/// `datetime_type`, `datetime_parsing`, `timezone_aware`.
pub fn time(value: Json) -> Read<i64> {
    let Json::String(text) = value else { return wrong("datetime_type", "Input should be a valid datetime") };
    // 2026-01-31T12:30:00Z: the offset begins at the 20th character at the earliest.
    let has_offset = text.ends_with(['Z', 'z']) || text.get(19..).is_some_and(|rest| rest.contains(['+', '-']));
    match scim::time::parse(&text) {
        Ok(time) if has_offset => Ok(time),
        Ok(_) => wrong("timezone_aware", "Input should have timezone info"),
        Err(error) => wrong("datetime_parsing", format!("Input should be a valid datetime: {error}")),
    }
}

/// An IP address or network in CIDR notation, in its canonical spelling.
///
/// # Errors
/// `string_type`, `value_error`.
pub fn network(value: Json) -> Read<String> {
    let Json::String(text) = value else { return wrong("string_type", "Input should be a valid string") };
    let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    match network {
        Ok(network) => Ok(network.trunc().to_string()),
        Err(_) => wrong("value_error", "Value error, not an IP address or network such as 192.0.2.0/24"),
    }
}

/// A text that `check` accepts, or the reason why not.
pub fn checked(max: usize, check: impl Fn(&str) -> Result<(), &'static str>) -> impl Fn(Json) -> Read<String> {
    move |value| {
        let text = text(1, max)(value)?;
        match check(&text) {
            Ok(()) => Ok(text),
            Err(reason) => wrong("value_error", format!("Value error, {reason}")),
        }
    }
}
