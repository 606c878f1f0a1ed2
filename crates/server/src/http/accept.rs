//! `Accept`: under which name the client wants its JSON.

use http::{HeaderMap, HeaderValue, header};

/// Whether the client takes `application/json` and not `application/scim+json`: then, and only
/// then, SCIM answers carry that name (RFC 7644 §3.8; OneLogin's guide asks for it). A header that
/// admits neither gets the default: an answer of the wrong type helps more than none
/// (RFC 9110 §12.5.1 allows that).
pub(crate) fn wants_plain_json(headers: &HeaderMap) -> bool {
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
    let scim = if any.1 { scim } else { any.0 };
    plain > scim
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_json_is_for_those_who_ask_for_nothing_else() {
        let asked = |accept: &str| {
            wants_plain_json(&[(header::ACCEPT, HeaderValue::from_str(accept).unwrap())].into_iter().collect())
        };

        for plain in ["application/json", "Application/JSON; charset=utf-8", "application/json, text/html;q=0.3"] {
            assert!(asked(plain), "{plain}");
        }
        for scim in [
            "*/*",
            "application/scim+json",
            "application/scim+json, application/json",
            "application/json, application/*",
            "application/json;q=0.5, application/scim+json",
            "text/html",
            "",
        ] {
            assert!(!asked(scim), "{scim}");
        }
        assert!(asked("application/json, */*;q=0.1"));
        assert!(!wants_plain_json(&HeaderMap::new()));
    }
}
