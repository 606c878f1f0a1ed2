//! Reading admin requests: JSON bodies and query strings become typed requests, and everything
//! that is wrong with one is told at once, with the names and words that Pydantic uses.
//!
//! A request type says how it is read by [`FromForm`]; [`body`] and [`query`] run it.

use std::net::IpAddr;

use ipnet::IpNet;
use scim::json::{Json, Object};

use crate::error::{FieldError, Loc, ServiceError};

/// A request that can be read from a [`Form`].
pub trait FromForm: Sized {
    /// Reads it. `None` only after something wrong was noted in the form.
    fn from_form(form: &mut Form) -> Option<Self>;
}

/// Reads a JSON body.
///
/// # Errors
/// [`ServiceError::Validation`] with all that is wrong, unknown members among it.
pub fn body<T: FromForm>(body: &[u8]) -> Result<T, ServiceError> {
    if body.is_empty() {
        return Err(invalid(vec!["body".into()], "missing", "Field required"));
    }
    let members = match scim::json::parse(body) {
        Ok(Json::Object(members)) => members,
        Ok(_) => return Err(invalid(vec!["body".into()], "dict_type", "Input should be a valid dictionary")),
        Err(error) => {
            let error = error.to_string();
            let reason = error.strip_prefix("The request body is not acceptable JSON: ").unwrap_or(&error);
            return Err(invalid(vec!["body".into()], "json_invalid", &format!("JSON decode error: {reason}")));
        }
    };
    let mut form = Form { at: vec!["body".into()], members, errors: Vec::new() };
    let read = T::from_form(&mut form);
    form.forbid_the_rest();
    form.finish(read)
}

/// [`body`], where no body at all is as good as an empty object.
///
/// # Errors
/// As [`body`].
pub fn optional_body<T: FromForm>(body: &[u8]) -> Result<T, ServiceError> {
    self::body(if body.is_empty() { b"{}" } else { body })
}

/// Reads the pairs of a query string. Parameters that nobody knows are ignored, and of one that is
/// there twice the last counts.
///
/// # Errors
/// [`ServiceError::Validation`] with all that is wrong.
pub fn query<T: FromForm>(pairs: &[(String, String)]) -> Result<T, ServiceError> {
    let members = pairs.iter().map(|(name, value)| (name.clone(), Json::String(value.clone()))).collect();
    let mut form = Form { at: vec!["query".into()], members, errors: Vec::new() };
    let read = T::from_form(&mut form);
    form.finish(read)
}

fn invalid(loc: Vec<Loc>, kind: &'static str, msg: &str) -> ServiceError {
    ServiceError::Validation(vec![FieldError { loc, msg: msg.to_owned(), kind }])
}

/// An object from outside, taken apart member by member.
#[derive(Debug)]
pub struct Form {
    at: Vec<Loc>,
    members: Object,
    errors: Vec<FieldError>,
}

impl Form {
    /// A member that must be there.
    pub fn required<T>(&mut self, name: &'static str, read: impl FnOnce(Json) -> Read<T>) -> Option<T> {
        let Some(value) = self.members.shift_remove(name) else {
            self.wrong(name, "missing", "Field required");
            return None;
        };
        self.note(name, read(value))
    }

    /// A member that may be absent or `null`.
    pub fn optional<T>(&mut self, name: &'static str, read: impl FnOnce(Json) -> Read<T>) -> Option<T> {
        match self.members.shift_remove(name) {
            None | Some(Json::Null) => None,
            Some(value) => self.note(name, read(value)),
        }
    }

    /// A member that may be absent but not `null`: what a PATCH can set and not clear.
    pub fn settable<T>(&mut self, name: &'static str, read: impl FnOnce(Json) -> Read<T>) -> Option<T> {
        self.members.shift_remove(name).and_then(|value| self.note(name, read(value)))
    }

    /// A member that a PATCH can set, and clear with `null`.
    pub fn clearable<T>(&mut self, name: &'static str, read: impl FnOnce(Json) -> Read<T>) -> Option<Option<T>> {
        match self.members.shift_remove(name) {
            None => None,
            Some(Json::Null) => Some(None),
            Some(value) => self.note(name, read(value)).map(Some),
        }
    }

    /// An object within the object, absent or `null` being empty. Gives whether it was there.
    pub fn nested(&mut self, name: &'static str, read: impl FnOnce(&mut Self)) -> bool {
        match self.members.shift_remove(name) {
            None | Some(Json::Null) => false,
            Some(Json::Object(members)) => {
                let at = self.at.iter().cloned().chain([name.into()]).collect();
                let mut inner = Self { at, members, errors: Vec::new() };
                read(&mut inner);
                inner.forbid_the_rest();
                self.errors.append(&mut inner.errors);
                true
            }
            Some(_) => {
                self.wrong(name, "dict_type", "Input should be a valid dictionary");
                false
            }
        }
    }

    /// Notes that a member is wrong.
    pub fn wrong(&mut self, name: &'static str, kind: &'static str, msg: impl Into<String>) {
        self.push(vec![name.into()], kind, msg.into());
    }

    fn note<T>(&mut self, name: &'static str, read: Read<T>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(wrongs) => {
                for wrong in wrongs {
                    let loc = std::iter::once(name.into()).chain(wrong.place.map(Loc::Index)).collect();
                    self.push(loc, wrong.kind, wrong.msg);
                }
                None
            }
        }
    }

    fn push(&mut self, loc: Vec<Loc>, kind: &'static str, msg: String) {
        let loc = self.at.iter().cloned().chain(loc).collect();
        self.errors.push(FieldError { loc, msg, kind });
    }

    fn forbid_the_rest(&mut self) {
        for (name, _) in std::mem::take(&mut self.members) {
            self.push(vec![name.into()], "extra_forbidden", "Extra inputs are not permitted".into());
        }
    }

    fn finish<T>(self, read: Option<T>) -> Result<T, ServiceError> {
        match read {
            Some(request) if self.errors.is_empty() => Ok(request),
            Some(_) | None => Err(ServiceError::Validation(self.errors)),
        }
    }
}

/// A value, or what is wrong with it.
pub type Read<T> = Result<T, Vec<Wrong>>;

/// What is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    place: Option<usize>,
    kind: &'static str,
    msg: String,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    #[expect(clippy::option_option, reason = "absent, null, set")]
    struct Sample {
        name: String,
        note: Option<Option<String>>,
        count: Option<u32>,
        words: Option<Vec<bool>>,
        inner: Option<bool>,
    }

    impl FromForm for Sample {
        fn from_form(form: &mut Form) -> Option<Self> {
            let name = form.required("name", name(5));
            let note = form.clearable("note", text(0, 9));
            let count = form.optional("count", integer(1, 10));
            let words = form.settable("words", list(2, boolean));
            let mut inner = None;
            form.nested("inner", |form| inner = form.settable("flag", boolean));
            Some(Self { name: name?, note, count, words, inner })
        }
    }

    fn wrongs(body: &str) -> Vec<String> {
        let Err(ServiceError::Validation(errors)) = super::body::<Sample>(body.as_bytes()) else { panic!("{body}") };
        let line = |e: &FieldError| {
            let loc: Vec<String> = e.loc.iter().map(Loc::to_string).collect();
            format!("{} {}: {}", loc.join("."), e.kind, e.msg)
        };
        errors.iter().map(line).collect()
    }

    #[test]
    fn what_fits_is_read() {
        let read = body::<Sample>(br#"{"name":" ab ","note":null,"count":3.0,"words":[true],"inner":{"flag":true}}"#);
        let expected =
            Sample { name: "ab".into(), note: Some(None), count: Some(3), words: Some(vec![true]), inner: Some(true) };
        assert_eq!(read.unwrap(), expected);
    }

    #[test]
    fn absent_null_and_set_are_three_things_to_a_patch() {
        let note = |text: &str| body::<Sample>(text.as_bytes()).unwrap().note;
        assert_eq!(note(r#"{"name":"a"}"#), None);
        assert_eq!(note(r#"{"name":"a","note":null}"#), Some(None));
        assert_eq!(note(r#"{"name":"a","note":"x"}"#), Some(Some("x".into())));
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let body = r#"{"note":7,"count":0,"words":[true,1],"inner":{"flag":null,"x":1},"Name":"a"}"#;
        insta::assert_snapshot!(wrongs(body).join("\n"), @r"
        body.name missing: Field required
        body.note string_type: Input should be a valid string
        body.count greater_than_equal: Input should be greater than or equal to 1
        body.words.1 bool_type: Input should be a valid boolean
        body.inner.flag bool_type: Input should be a valid boolean
        body.inner.x extra_forbidden: Extra inputs are not permitted
        body.Name extra_forbidden: Extra inputs are not permitted
        ");
    }

    #[test]
    fn lengths_and_sizes_are_bounded() {
        let body = r#"{"name":"abcdef","note":"0123456789","count":11,"words":[true,true,true]}"#;
        insta::assert_snapshot!(wrongs(body).join("\n"), @r"
        body.name string_too_long: String should have at most 5 characters
        body.note string_too_long: String should have at most 9 characters
        body.count less_than_equal: Input should be less than or equal to 10
        body.words too_long: List should have at most 2 items after validation, not 3
        ");
        assert_eq!(wrongs(r#"{"name":"  "}"#), ["body.name string_too_short: String should have at least 1 character"]);
    }

    #[test]
    fn what_is_no_object_is_told_as_such() {
        assert_eq!(wrongs("[]"), ["body dict_type: Input should be a valid dictionary"]);
        assert_eq!(wrongs(""), ["body missing: Field required"]);
        assert!(wrongs("{")[0].starts_with("body json_invalid: JSON decode error"));
        assert!(wrongs(r#"{"name":"a","name":"b"}"#)[0].starts_with("body json_invalid: JSON decode error"));
    }

    #[test]
    fn numbers_in_queries_are_parsed_or_refused() {
        let read = |text: &str| integer_text(1, 100)(Json::String(text.into())).map_err(|w| w[0].kind);
        assert_eq!(read("7"), Ok(7));
        assert_eq!(read("abc"), Err("int_parsing"));
        assert_eq!(read(""), Err("int_parsing"));
        assert_eq!(read("0"), Err("greater_than_equal"));
        assert_eq!(read("101"), Err("less_than_equal"));
        assert_eq!(read("99999999999999999999"), Err("less_than_equal"));
        assert_eq!(read("-99999999999999999999"), Err("greater_than_equal"));
    }

    #[test]
    fn times_need_an_offset() {
        let read = |text: &str| time(Json::String(text.into())).map_err(|w| w[0].kind);
        assert_eq!(read("1970-01-01T00:00:01Z"), Ok(1000));
        assert_eq!(read("1970-01-01T01:00:01+01:00"), Ok(1000));
        assert_eq!(read("1970-01-01T00:00:01"), Err("timezone_aware"));
        assert_eq!(read("tomorrow"), Err("datetime_parsing"));
    }

    #[test]
    fn networks_become_canonical() {
        let read = |text: &str| network(Json::String(text.into())).map_err(|w| w[0].kind);
        assert_eq!(read("192.0.2.7/24"), Ok("192.0.2.0/24".into()));
        assert_eq!(read("2001:DB8::1"), Ok("2001:db8::1/128".into()));
        assert_eq!(read("example.com"), Err("value_error"));
    }
}
