//! What a token request says: its fields, its credentials, the scopes it asks for.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::TokenError;

/// The fields of a token request that we know. Others are ignored (RFC 6749 §3.2).
#[derive(Debug, Default)]
pub(super) struct Fields<'a> {
    pub(super) grant_type: Option<&'a str>,
    pub(super) scope: Option<&'a str>,
    client_id: Option<&'a str>,
    client_secret: Option<&'a str>,
}

impl<'a> Fields<'a> {
    /// RFC 6749 §3.2: a field without a value is as if absent, none may be there twice.
    pub(super) fn read(pairs: &'a [(String, String)]) -> Result<Self, TokenError> {
        let mut fields = Self::default();
        for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
            let field = match name.as_str() {
                "grant_type" => &mut fields.grant_type,
                "scope" => &mut fields.scope,
                "client_id" => &mut fields.client_id,
                "client_secret" => &mut fields.client_secret,
                _ => continue,
            };
            if field.replace(value).is_some() {
                return Err(TokenError::InvalidRequest(format!("The parameter {name} is there twice")));
            }
        }
        Ok(fields)
    }
}

pub(super) struct Credentials {
    pub(super) client_id: String,
    pub(super) secret: String,
}

/// The client's credentials, from one place or the other (RFC 6749 §2.3.1). `None` when they
/// are missing or cannot be read.
pub(super) fn credentials(authorization: Option<&str>, fields: &Fields<'_>) -> Result<Option<Credentials>, TokenError> {
    let Some(header) = authorization else {
        let both = fields.client_id.zip(fields.client_secret);
        return Ok(both.map(|(id, secret)| Credentials { client_id: id.to_owned(), secret: secret.to_owned() }));
    };
    if fields.client_secret.is_some() {
        let msg = "Send the client's credentials in the header Authorization or in the body, not in both";
        return Err(TokenError::InvalidRequest(msg.into()));
    }
    let Some(basic) = basic(header) else { return Ok(None) };
    if fields.client_id.is_some_and(|id| id != basic.client_id) {
        return Err(TokenError::InvalidRequest("The client_id in the body is not that of the header".into()));
    }
    Ok(Some(basic))
}

fn basic(header: &str) -> Option<Credentials> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (client_id, secret) = text.split_once(':')?;
    Some(Credentials { client_id: form_decoded(client_id)?, secret: form_decoded(secret)? })
}

/// Decodes application/x-www-form-urlencoded text, as RFC 6749 §2.3.1 wants in Basic credentials.
fn form_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let value = digit(rest.next())? * 16 + digit(rest.next())?;
                u8::try_from(value).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

/// What of the allowed scopes was asked for; all of them if nothing was.
pub(super) fn narrowed(allowed: &str, asked: Option<&str>) -> Result<String, TokenError> {
    let Some(asked) = asked else { return Ok(allowed.to_owned()) };
    let asked: Vec<&str> = asked.split(' ').filter(|scope| !scope.is_empty()).collect();
    let allowed: Vec<&str> = allowed.split(' ').collect();
    if let Some(other) = asked.iter().find(|scope| !allowed.contains(scope)) {
        let other: String =
            other.chars().filter(|c| (' '..='~').contains(c) && !matches!(c, '"' | '\\')).take(64).collect();
        return Err(TokenError::InvalidScope(format!("The client may not have the scope {other}")));
    }
    Ok(allowed.into_iter().filter(|scope| asked.contains(scope)).collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn basic_credentials_are_form_encoded() {
        let header = |text: &str| format!("Basic {}", STANDARD.encode(text));
        let read = |text: &str| basic(&header(text)).map(|it| (it.client_id, it.secret));

        assert_eq!(read("a%3Ab:c+d%2B"), Some(("a:b".into(), "c d+".into())));
        assert_eq!(read("a:b:c"), Some(("a".into(), "b:c".into())));
        assert_eq!(read("a%zz:b"), None);
        assert_eq!(read("no colon"), None);
        assert!(basic("Bearer abc").is_none());
        assert!(basic("basic YTpi").is_some());
    }

    #[test]
    fn credentials_come_from_one_place_only() {
        let both = pairs(&[("client_id", "a"), ("client_secret", "b")]);
        let fields = Fields::read(&both).unwrap();
        assert!(matches!(credentials(Some("Basic YTpi"), &fields), Err(TokenError::InvalidRequest(_))));

        let other = pairs(&[("client_id", "x")]);
        let fields = Fields::read(&other).unwrap();
        assert!(matches!(credentials(Some("Basic YTpi"), &fields), Err(TokenError::InvalidRequest(_))));
        assert!(credentials(None, &fields).unwrap().is_none());
    }

    #[test]
    fn a_repeated_field_is_an_error_and_an_empty_one_is_absent() {
        assert!(Fields::read(&pairs(&[("scope", "a"), ("scope", "b")])).is_err());
        assert!(Fields::read(&pairs(&[("scope", ""), ("scope", "b"), ("x", "1"), ("x", "2")])).is_ok());
    }

    #[test]
    fn scopes_can_be_narrowed_and_not_widened() {
        assert_eq!(narrowed("admin:read scim:read", None).unwrap(), "admin:read scim:read");
        assert_eq!(narrowed("admin:read scim:read", Some("scim:read scim:read")).unwrap(), "scim:read");
        assert!(matches!(narrowed("admin:read", Some("admin:write")), Err(TokenError::InvalidScope(_))));
    }
}
