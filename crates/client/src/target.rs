//! Which server, and with which credential.

use std::fmt;
use std::str::FromStr;

use http::Uri;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};

/// A server to talk to.
#[derive(Debug, Clone)]
pub struct Target {
    /// Where its SCIM endpoints begin.
    pub base_url: BaseUrl,
    /// What opens it; none for a server that asks for nothing.
    pub token: Option<Token>,
    /// Certificate authorities to trust besides the public ones.
    pub authorities: Vec<CertificateDer<'static>>,
}

/// The URL to which `/Users` is appended (RFC 7644 §1.3, "Base URI"), without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    text: String,
    query: Option<String>,
}

/// Text that is no base URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a URL such as https://scim.example.com/scim/v2")]
pub struct NotABaseUrl;

impl FromStr for BaseUrl {
    type Err = NotABaseUrl;

    fn from_str(text: &str) -> Result<Self, NotABaseUrl> {
        let uri: Uri = text.parse().map_err(|_| NotABaseUrl)?;
        let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
        let authority = uri.authority().filter(|authority| is_http && !authority.as_str().contains('@'));
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), authority) else { return Err(NotABaseUrl) };
        Ok(Self {
            text: format!("{scheme}://{authority}{}", uri.path().trim_end_matches('/')),
            query: uri.query().map(str::to_owned),
        })
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl BaseUrl {
    /// Whether the query names this parameter, as in Entra's `?aadOptscim062020`. The query itself
    /// is sent nowhere.
    #[must_use]
    pub fn has_parameter(&self, name: &str) -> bool {
        let query = self.query.as_deref().unwrap_or_default();
        query.split('&').any(|pair| pair.split('=').next() == Some(name))
    }

    /// The path that leads to a resource by its `meta.location` or `Location`, below this base. A URL
    /// of another origin is taken by its path: the credential goes nowhere else.
    pub(crate) fn path_below(&self, location: &str) -> Option<String> {
        let own: Uri = self.text.parse().ok()?;
        let path = match location.parse::<Uri>() {
            Ok(uri) => uri.path_and_query()?.as_str().to_owned(),
            Err(_) => return None,
        };
        path.strip_prefix(own.path().trim_end_matches('/')).filter(|rest| rest.starts_with('/')).map(str::to_owned)
    }
}

/// The certificates in a PEM text, at least one.
///
/// # Errors
/// When there is none, or one is broken.
pub fn authorities(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, pem::Error> {
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>()?;
    if found.is_empty() { Err(pem::Error::NoItemsFound) } else { Ok(found) }
}

/// A bearer token. `Debug` does not show it.
#[derive(Clone)]
pub struct Token(String);

/// Text that cannot stand in an `Authorization` header.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the token is empty or holds a character that no token has")]
pub struct NotAToken;

impl FromStr for Token {
    type Err = NotAToken;

    /// Blanks and line ends around it are dropped, as a file has one at its end.
    fn from_str(text: &str) -> Result<Self, NotAToken> {
        let text = text.trim();
        let fits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(Self(text.to_owned())) } else { Err(NotAToken) }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl Token {
    /// The secret, for the header that carries it.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_has_no_slash_at_its_end_and_keeps_its_query_to_itself() {
        let url: BaseUrl = "https://scim.example.com:8443/scim/v2/?aadOptscim062020&x=1".parse().unwrap();

        assert_eq!(url.to_string(), "https://scim.example.com:8443/scim/v2");
        assert!(url.has_parameter("aadOptscim062020") && url.has_parameter("x") && !url.has_parameter("1"));
        assert_eq!("http://localhost".parse::<BaseUrl>().unwrap().to_string(), "http://localhost");
    }

    #[test]
    fn what_cannot_be_called_is_no_base_url() {
        for text in ["", "scim.example.com", "/scim/v2", "ftp://scim.example.com", "https://", "https://me:pw@host/v2"]
        {
            assert_eq!(text.parse::<BaseUrl>(), Err(NotABaseUrl), "{text}");
        }
    }

    #[test]
    fn a_location_leads_below_the_base_or_nowhere() {
        let base: BaseUrl = "http://127.0.0.1:8080/scim/v2".parse().unwrap();

        for location in
            ["http://127.0.0.1:8080/scim/v2/Users/1", "https://id.example/scim/v2/Users/1", "/scim/v2/Users/1"]
        {
            assert_eq!(base.path_below(location).as_deref(), Some("/Users/1"), "{location}");
        }
        for location in ["https://id.example/Users/1", "Users/1", "", "http://127.0.0.1:8080/scim/v2"] {
            assert_eq!(base.path_below(location), None, "{location}");
        }
    }

    #[test]
    fn a_token_is_never_shown() {
        let token: Token = " abc.def\n".parse().unwrap();

        assert_eq!(token.reveal(), "abc.def");
        assert_eq!(format!("{token:?}"), "Token(…)");
        assert!("".parse::<Token>().is_err() && "a b".parse::<Token>().is_err() && "ä".parse::<Token>().is_err());
    }
}
