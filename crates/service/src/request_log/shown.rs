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
        let part = |part: &str| {
            let is_name = self.registry.type_at(part).is_some()
                || NAMES.contains(&part)
                || part.parse::<scim::id::Id>().is_ok()
                || part.starts_with("urn:");
            let text = if is_name || self.values { part } else { LEFT_OUT };
            without_secrets(&cut(text, 200)).into_owned()
        };
        let below = path.split('/').filter(|part| !part.is_empty()).map(part).collect::<Vec<_>>().join("/");
        format!("/{below}")
    }

    /// The pairs of a query, of which only known parameters are shown.
    pub(super) fn query(&self, pairs: &[(String, String)]) -> Vec<(String, String)> {
        let shown = |(name, value): &(String, String)| {
            let value = match &*name.to_ascii_lowercase() {
                "filter" => redact::filter(value, self.registry, self.values),
                "attributes" | "excludedattributes" | "sortby" | "sortorder" | "startindex" | "count"
                    if !redact::is_sensitive(value) =>
                {
                    value.clone()
                }
                _ => LEFT_OUT.to_owned(),
            };
            let name = if redact::is_sensitive(name) { LEFT_OUT } else { name };
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

    /// The attribute that an error is about.
    pub(super) fn attribute(&self, told: &Told) -> Option<String> {
        let attribute = told.attribute.as_ref()?;
        Some(without_secrets(&cut(&redact::path(attribute, self.registry, self.values), 200)).into_owned())
    }
}

/// The first and the second segment of paths that are no endpoints of resources.
const NAMES: [&str; 6] = ["Bulk", "Me", "ServiceProviderConfig", "ResourceTypes", "Schemas", ".search"];

/// A text of the client's that is no value of an attribute.
pub(super) fn plain(text: &str, chars_max: usize) -> String {
    without_secrets(&cut(text, chars_max)).into_owned()
}

fn cut(text: &str, chars_max: usize) -> Cow<'_, str> {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// An error of ours without what it quotes of the request: what stands in quotes, and numbers.
fn without_values(text: &str) -> String {
    const QUOTES: [char; 3] = ['\'', '"', '`'];
    let is_of_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if QUOTES.contains(&first) {
            shown.push(first);
            shown.push_str(LEFT_OUT);
            shown.push(first);
            // A quoted text may hold the quote again: up to the last one.
            rest = rest.rfind(first).filter(|end| *end > 0).map_or("", |end| &rest[end + 1..]);
        } else if is_of_word(first) {
            let end = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
            let word = &rest[..end];
            // Positions and limits are short; digits in ids have letters around them.
            let is_value = end > 3 && word.bytes().all(|b| b.is_ascii_digit());
            shown.push_str(if is_value { LEFT_OUT } else { word });
            rest = &rest[end..];
        } else {
            shown.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    shown
}

/// A text without what looks like a credential.
pub(super) fn without_secrets(text: &str) -> Cow<'_, str> {
    const STARTS: [&str; 5] = [SCIM_TOKEN, CLIENT_SECRET, "eyJ", "Bearer ", "Basic "];
    /// Shorter ones are words.
    const CHARS_MIN: usize = 8;
    if !STARTS.iter().any(|start| contains(text, start)) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        let found = STARTS.iter().filter_map(|start| Some((find(rest, start)?, start.len()))).min();
        let Some((at, length)) = found else { break };
        let begins = at + length;
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~' | '+' | '/' | '=');
        let end = rest[begins..].find(|c| !is_part(c)).map_or(rest.len(), |end| begins + end);
        shown.push_str(&rest[..begins]);
        shown.push_str(if end - begins >= CHARS_MIN { LEFT_OUT } else { &rest[begins..end] });
        rest = &rest[end..];
    }
    shown.push_str(rest);
    Cow::Owned(shown)
}

fn contains(text: &str, start: &str) -> bool {
    find(text, start).is_some()
}

/// Where `start` is, whatever the case of its letters.
fn find(text: &str, start: &str) -> Option<usize> {
    let (text, start) = (text.as_bytes(), start.as_bytes());
    text.windows(start.len()).position(|window| window.eq_ignore_ascii_case(start))
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
        assert_eq!(without(r#"userName eq: found "a" and 'b' "#), r#"userName eq: found "…" and '…' "#);
        assert_eq!(without("an open 'quote"), "an open '…'");
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
    }
}
