//! What of a client's texts is written down. Secrets never, wherever they stand; and values of
//! attributes only where the tenant wants that.

use std::borrow::Cow;

use scim::redact::{self, LEFT_OUT};
use scim::schema::Registry;

use super::Told;
use crate::secret::{CLIENT_SECRET, SCIM_TOKEN};

/// How long a text of the client's is kept at most.
const CHARS_MAX: usize = 2000;

/// How one tenant wants it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown<'a> {
    /// What the tenant knows.
    pub(super) registry: &'a Registry,
    /// Whether values of attributes are kept.
    pub(super) values: bool,
}

impl Shown<'_> {
    /// The path below the SCIM base. Its parts are names of endpoints, ids and URNs; anything else may
    /// be a value, such as a userName in the place of an id.
    pub(super) fn path(&self, path: &str) -> String {
        let mut shown = String::with_capacity(path.len() + 1);
        for part in path.split('/').filter(|part| !part.is_empty()) {
            let is_name = self.values
                || part.parse::<scim::id::Id>().is_ok()
                || NAMES.contains(&part)
                || self.registry.type_at(part).is_some()
                || (part.starts_with("urn:") && is_name(part));
            shown.push('/');
            shown.push_str(&without_secrets(&cut(if is_name { part } else { LEFT_OUT }, 200)));
        }
        if shown.is_empty() { "/".into() } else { shown }
    }

    /// The pairs of a query, of which only known parameters are shown.
    pub(super) fn query(&self, pairs: &[(String, String)]) -> Vec<(String, String)> {
        let shown = |(name, value): &(String, String)| {
            let value = match &*name.to_ascii_lowercase() {
                "filter" => redact::filter(value, self.registry, self.values),
                "attributes" | "excludedattributes" | "sortby" | "sortorder" | "startindex" | "count"
                    if !redact::is_sensitive(value)
                        && (self.values || value.split(',').map(str::trim).all(is_name)) =>
                {
                    value.clone()
                }
                _ => LEFT_OUT.to_owned(),
            };
            let name = if redact::is_sensitive(name) || !(self.values || is_name(name)) { LEFT_OUT } else { name };
            (without_secrets(&cut(name, 100)).into_owned(), without_secrets(&cut(&value, CHARS_MAX)).into_owned())
        };
        pairs.iter().take(20).map(shown).collect()
    }

    /// The text of an error. `is_sensitive` says that the request is about a secret somewhere: then
    /// what the error quotes may be that.
    pub(super) fn error(&self, told: &Told, is_sensitive: bool) -> String {
        let text = if self.values && !is_sensitive { told.detail.clone() } else { without_values(&told.detail) };
        without_secrets(&cut(&text, CHARS_MAX)).into_owned()
    }

    /// The names of attributes that were ignored, as far as they are names: a client may send anything there.
    pub(super) fn ignored(&self, names: &[String]) -> Vec<String> {
        let shown = |name: &String| self.word(name, is_name(name), 200);
        names.iter().map(shown).collect()
    }

    /// What a client calls an operation of a bulk request: often an identifier of the person.
    pub(super) fn bulk_id(&self, text: &str) -> String {
        self.word(text, false, 200)
    }

    /// The method of an operation.
    pub(super) fn method(&self, text: &str) -> String {
        let is_known = ["POST", "PUT", "PATCH", "DELETE", "GET"].iter().any(|known| text.eq_ignore_ascii_case(known));
        self.word(text, is_known, 20)
    }

    /// How a path named a tenant.
    pub(super) fn tenant(&self, text: &str) -> String {
        self.word(text, is_name(text), 100)
    }

    fn word(&self, text: &str, is_no_value: bool, chars_max: usize) -> String {
        plain(if is_no_value || self.values { text } else { LEFT_OUT }, chars_max)
    }

    /// The attribute that an error is about.
    pub(super) fn attribute(&self, told: &Told) -> Option<String> {
        let attribute = told.attribute.as_ref()?;
        Some(without_secrets(&cut(&redact::path(attribute, self.registry, self.values), 200)).into_owned())
    }
}

/// The first and the second segment of paths that are no endpoints of resources.
const NAMES: [&str; 6] = ["Bulk", "Me", "ServiceProviderConfig", "ResourceTypes", "Schemas", ".search"];

/// A text of the client's that is no value of an attribute.
pub(crate) fn plain(text: &str, chars_max: usize) -> String {
    without_secrets(&cut(text, chars_max)).into_owned()
}

fn cut(text: &str, chars_max: usize) -> Cow<'_, str> {
    if text.len() <= chars_max {
        return Cow::Borrowed(text);
    }
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// Whether a text can be the name of an attribute or a schema, or a number of entries.
fn is_name(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '$' | '-' | '_' | '.' | ':'))
}

/// An error of ours without what it quotes of the request: what stands in quotes, and numbers.
fn without_values(text: &str) -> String {
    const QUOTES: [char; 3] = ['\'', '"', '`'];
    // A quoted text may hold quotes of any kind: up to the last one.
    let Some(first) = text.find(QUOTES) else { return without_numbers(text) };
    let quote = &text[first..=first];
    let last = text.rfind(QUOTES).filter(|last| *last > first).unwrap_or(text.len() - 1);
    format!("{}{quote}{LEFT_OUT}{quote}{}", without_numbers(&text[..first]), without_numbers(&text[last + 1..]))
}

/// A text without numbers that were sent: what we got or found, and long ones.
fn without_numbers(text: &str) -> String {
    /// Positions and limits are short.
    const DIGITS_MAX: usize = 3;
    let is_of_word = |c: char| c.is_alphanumeric() || c == '_';
    let is_of_number = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E');
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_what_we_got = ["got ", "found "].iter().any(|before| shown.ends_with(before));
        if is_what_we_got && (first.is_ascii_digit() || first == '-') {
            shown.push_str(LEFT_OUT);
            rest = rest.trim_start_matches(is_of_number);
        } else if is_of_word(first) {
            let end = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
            let word = &rest[..end];
            // Digits in ids have letters around them.
            let is_value = end > DIGITS_MAX && word.bytes().all(|b| b.is_ascii_digit());
            shown.push_str(if is_value { LEFT_OUT } else { word });
            rest = &rest[end..];
        } else {
            shown.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    shown
}

/// What credentials begin with.
const STARTS: [&str; 5] = [SCIM_TOKEN, CLIENT_SECRET, "eyJ", "Bearer ", "Basic "];

/// By byte: whether one of [`STARTS`] begins with it, in whatever case.
static BEGINS: [bool; 256] = {
    let mut begins = [false; 256];
    let mut start = 0;
    while start < STARTS.len() {
        let first = STARTS[start].as_bytes()[0];
        begins[first.to_ascii_lowercase() as usize] = true;
        begins[first.to_ascii_uppercase() as usize] = true;
        start += 1;
    }
    begins
};

/// A text without what looks like a credential.
pub(super) fn without_secrets(text: &str) -> Cow<'_, str> {
    /// Shorter ones are words.
    const CHARS_MIN: usize = 8;
    let mut rest = text;
    let Some(mut found) = start_of_secret(rest) else { return Cow::Borrowed(text) };
    let mut shown = String::with_capacity(text.len());
    loop {
        let (at, length) = found;
        let begins = at + length;
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~' | '+' | '/' | '=');
        let end = rest[begins..].find(|c| !is_part(c)).map_or(rest.len(), |end| begins + end);
        shown.push_str(&rest[..begins]);
        shown.push_str(if end - begins >= CHARS_MIN { LEFT_OUT } else { &rest[begins..end] });
        rest = &rest[end..];
        match start_of_secret(rest) {
            Some(next) => found = next,
            None => break,
        }
    }
    shown.push_str(rest);
    Cow::Owned(shown)
}

/// Where the first of [`STARTS`] is, whatever the case of its letters, and how long it is.
fn start_of_secret(text: &str) -> Option<(usize, usize)> {
    let text = text.as_bytes();
    let starts = |at: usize, start: &&str| {
        text.get(at..at + start.len()).is_some_and(|part| part.eq_ignore_ascii_case(start.as_bytes()))
    };
    let places = text.iter().enumerate().filter(|(_, byte)| BEGINS[usize::from(**byte)]);
    places.map(|(at, _)| at).find_map(|at| STARTS.iter().find(|start| starts(at, start)).map(|start| (at, start.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(values: bool) -> Shown<'static> {
        let registry = Box::leak(Box::new(scim::schema::core::registry()));
        Shown { registry, values }
    }

    #[test]
    fn a_credential_is_left_out_wherever_it_stands() {
        let token = "scim_3Fk29vLmQ0aZ";
        for text in [
            "x scim_3Fk29vLmQ0aZ y",
            "mcs_3Fk29vLmQ0aZ",
            "BEARER abcdefghij",
            "a eyJhbGciOi.J9.x-y_z",
            "basic YTpiYTpiYTpi",
        ] {
            let clean = without_secrets(text);
            assert!(clean.contains('…') && !clean.contains("3Fk29") && !clean.contains("YTpi"), "{clean}");
        }
        assert_eq!(without_secrets("nothing of the kind: scim_x, eyJ"), "nothing of the kind: scim_x, eyJ");
        assert_eq!(shown(true).path(&format!("/Users/{token}")), "/Users/scim_…");
    }

    #[test]
    fn an_error_without_values_still_says_what_is_wrong() {
        let without = |text: &str| without_values(text);

        assert_eq!(
            without("active: expected true or false, got the string 'O'Brien'"),
            "active: expected true or false, got the string '…'"
        );
        assert_eq!(without("x: got 5551234 (in value 3)"), "x: got … (in value 3)");
        assert_eq!(without("age: expected a string, got 42"), "age: expected a string, got …");
        assert_eq!(without("age: got -4.25e10, in value 3"), "age: got …, in value 3");
        assert_eq!(without(r#"userName eq: found "a" and 'b' "#), r#"userName eq: found "…" "#);
        assert_eq!(without(r#"'userName' eq: got "O'Brien" there"#), "'…' there");
        assert_eq!(without("an open 'quote"), "an open '…'");
        assert_eq!(without("an open '"), "an open '…'");
        let id = "User usr_00000000000000000000000001 not found";
        assert_eq!(without(id), id);
    }

    #[test]
    fn values_are_shown_where_the_tenant_wants_it() {
        let pairs = |text: &str| vec![("filter".to_owned(), text.to_owned()), ("access_token".into(), "x".into())];
        let filter = r#"userName eq "ana""#;

        assert_eq!(shown(true).query(&pairs(filter))[0].1, filter);
        assert_eq!(shown(false).query(&pairs(filter))[0].1, r#"userName eq "…""#);
        assert_eq!(shown(true).query(&pairs(filter))[1], ("…".into(), "…".into()));
        assert_eq!(shown(true).path("/Users/ana@example.com"), "/Users/ana@example.com");
        assert_eq!(shown(false).path("/Users/ana@example.com/"), "/Users/…");
        let ours = "/Groups/grp_00000000000000000000000000";
        assert_eq!(shown(false).path(ours), ours);
        let urn = "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User";
        assert_eq!(
            (shown(false).path(urn).as_str(), shown(false).path("/Users/urn:a@b.c").as_str()),
            (urn, "/Users/…")
        );
        let sent = [("sortBy".to_owned(), "a@b.c".to_owned()), ("attributes".into(), "id, name.givenName".into())];
        assert_eq!(shown(false).query(&sent)[0].1, "…");
        assert_eq!(shown(false).query(&sent)[1].1, "id, name.givenName");
        assert_eq!(shown(false).query(&[("a@b.c".to_owned(), String::new())])[0].0, "…");
        assert_eq!(shown(false).ignored(&["shoeSize".to_owned(), "a@b.c".into()]), ["shoeSize", "…"]);
        assert_eq!((shown(false).bulk_id("ana").as_str(), shown(true).bulk_id("ana").as_str()), ("…", "ana"));
    }
}
