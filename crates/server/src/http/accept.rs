//! `Accept`: under which name the client wants its JSON.

use http::{HeaderMap, HeaderValue, header};

/// The name that an answer is to carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// `application/scim+json`: the client names it.
    Scim,
    /// `application/json`: the client names it, and would rather not have the other.
    Json,
    /// Anything, or something that we do not have: an answer of the wrong type helps more than none
    /// (RFC 9110 §12.5.1 allows that).
    Anything,
}

/// What the client says about it (RFC 7644 §3.8). SCIM answers are called `application/json` if only
/// that is wanted; OneLogin's guide asks for it.
pub(crate) fn wanted(headers: &HeaderMap) -> Wanted {
    let mut plain = 0.0_f32;
    let mut scim = 0.0_f32;
    let mut any = (0.0_f32, false);
    for range in headers.get_all(header::ACCEPT).iter().filter_map(|v: &HeaderValue| v.to_str().ok()) {
        for range in range.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default();
            let quality = parts.find_map(|p| p.strip_prefix("q=").or_else(|| p.strip_prefix("Q=")));
            let quality = quality.map_or(1.0, |q| q.parse().unwrap_or(0.0));
            if media.eq_ignore_ascii_case("application/json") {
                plain = quality;
            } else if media.eq_ignore_ascii_case("application/scim+json") {
                scim = quality;
                any.1 = true;
            } else if media == "*/*" || media.eq_ignore_ascii_case("application/*") {
                any.0 = quality;
            }
        }
    }
    // A wildcard covers SCIM's own name unless that is named too.
    match any {
        (_, true) if plain > scim => Wanted::Json,
        (_, true) if scim > 0.0 => Wanted::Scim,
        (any, false) if plain > any => Wanted::Json,
        _ => Wanted::Anything,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(accept: &str) -> Wanted {
        wanted(&[(header::ACCEPT, HeaderValue::from_str(accept).unwrap())].into_iter().collect())
    }

    #[test]
    fn plain_json_is_for_those_who_ask_for_nothing_else() {
        for plain in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/json, text/html;q=0.3",
            "application/json, */*;q=0.1",
            "application/json, application/scim+json;q=0.5",
        ] {
            assert_eq!(asked(plain), Wanted::Json, "{plain}");
        }
        for scim in [
            "application/scim+json",
            "application/scim+json, application/json",
            "application/json;q=0.5, application/scim+json",
            "application/scim+json, */*",
        ] {
            assert_eq!(asked(scim), Wanted::Scim, "{scim}");
        }
    }

    #[test]
    fn who_names_neither_takes_anything() {
        for anything in ["*/*", "application/json, application/*", "application/*;q=0.5", "text/html", ""] {
            assert_eq!(asked(anything), Wanted::Anything, "{anything}");
        }
        assert_eq!(wanted(&HeaderMap::new()), Wanted::Anything);
    }
}
