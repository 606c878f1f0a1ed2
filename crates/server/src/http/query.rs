//! Query strings: pairs of decoded text, or a refusal. Decoding is strict, since a filter with a
//! character lost on the way would match nothing, and an identity provider would create a duplicate.

use super::problem::Problem;

/// The pairs of a query string in their order (`application/x-www-form-urlencoded`, so `+` is a
/// space). A name without `=` has an empty value.
///
/// # Errors
/// [`Problem::Query`] for broken escapes, what is not UTF-8, and NUL.
pub(crate) fn pairs(query: Option<&str>) -> Result<Vec<(String, String)>, Problem> {
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Ok((decode(name)?, decode(value)?))
    };
    query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()).map(pair).collect()
}

/// Decodes `%xx` and `+`.
fn decode(text: &str) -> Result<String, Problem> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: Option<u8>| byte.and_then(|b| char::from(b).to_digit(16)).ok_or(Problem::Query);
                let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
                u8::try_from(high << 4 | low).map_err(|_| Problem::Query)?
            }
            plain => plain,
        });
    }
    let text = String::from_utf8(decoded).map_err(|_| Problem::Query)?;
    if text.contains('\0') { Err(Problem::Query) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_decoded_in_their_order() {
        let pairs = pairs(Some("filter=userName+eq+%22a%2Bb%40x%22&count=1&&flag&x=%C3%A4=")).unwrap();

        let expected = [("filter", "userName eq \"a+b@x\""), ("count", "1"), ("flag", ""), ("x", "ä=")];
        assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn what_would_lose_a_character_is_refused() {
        for broken in ["a=%", "a=%2", "a=%zz", "a=%ff", "%00=a", "a=%C3"] {
            assert!(matches!(pairs(Some(broken)), Err(Problem::Query)), "{broken}");
        }
    }
}
