//! Reading admin requests: JSON bodies and query strings become typed requests, and everything
//! that is wrong with one is told at once, with the names and words that Pydantic uses.
//!
//! A request type says how it is read by [`FromForm`]; [`body`] and [`query`] run it.

mod read;

use scim::json::{Json, Object};

use crate::error::{FieldError, Loc, ServiceError};

pub(crate) use read::too_short;
pub use read::{
    Read, Wrong, boolean, boolean_text, checked, integer, integer_text, list, name, network, one_of, parsed, text, time,
};

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

    /// Whether there is such a member, be it `null`.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// A member that may be there and says nothing.
    pub fn ignore(&mut self, name: &str) {
        self.members.shift_remove(name);
    }

    /// A list of at most `max` objects, that must be there.
    pub fn each<T>(
        &mut self,
        name: &'static str,
        max: usize,
        mut read: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        let elements = self.required(name, list(max, Ok))?;
        let mut all = Vec::with_capacity(elements.len());
        for (place, element) in elements.into_iter().enumerate() {
            let Json::Object(members) = element else {
                let loc = vec![name.into(), place.into()];
                self.push(loc, "dict_type", "Input should be a valid dictionary".into());
                continue;
            };
            let at = self.at.iter().cloned().chain([name.into(), place.into()]).collect();
            let mut inner = Self { at, members, errors: Vec::new() };
            all.extend(read(&mut inner));
            inner.forbid_the_rest();
            self.errors.append(&mut inner.errors);
        }
        Some(all)
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
