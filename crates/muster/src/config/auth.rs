//! Values of the settings about credentials.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use service::settings::SigningAlgorithm;

use super::value::Value;

/// The master key as an operator writes it. Never printed.
#[derive(Clone)]
pub(crate) struct MasterKeyText([u8; 32]);

impl MasterKeyText {
    /// The text of a new key.
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// The key itself, for the one place that needs it.
    pub(crate) fn reveal(&self) -> [u8; 32] {
        self.0
    }
}

impl std::fmt::Debug for MasterKeyText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKeyText(…)")
    }
}

impl Value for MasterKeyText {
    const KIND: &'static str = "64 hexadecimal digits, as \"openssl rand -hex 32\" gives";
    const SECRET: bool = true;

    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let mut key = [0; 32];
        for (place, byte) in key.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(place * 2..place * 2 + 2)?, 16).ok()?;
        }
        Some(Self(key))
    }

    fn show(&self) -> String {
        let digit = |value: u8| char::from_digit(value.into(), 16).expect("four bits are a hexadecimal digit");
        self.0.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect()
    }
}

/// How signing keys sign, by its JOSE name (RFC 7518 section 3.1).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Algorithm(pub(crate) SigningAlgorithm);

impl Value for Algorithm {
    const KIND: &'static str = "RS256, ES256 or EdDSA";

    fn read(text: &str) -> Option<Self> {
        match text {
            "RS256" => Some(Self(SigningAlgorithm::Rs256)),
            "ES256" => Some(Self(SigningAlgorithm::Es256)),
            "EdDSA" => Some(Self(SigningAlgorithm::EdDsa)),
            _ => None,
        }
    }

    fn show(&self) -> String {
        match self.0 {
            SigningAlgorithm::Rs256 => "RS256".to_owned(),
            SigningAlgorithm::Es256 => "ES256".to_owned(),
            SigningAlgorithm::EdDsa => "EdDSA".to_owned(),
        }
    }
}

/// Issuers other than ourselves.
#[derive(Debug, Clone)]
pub(crate) struct TrustedIssuers(pub(crate) Vec<TrustedIssuer>);

/// One of them.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrustedIssuer {
    pub(crate) issuer: String,
    pub(crate) audience: String,
    #[serde(flatten)]
    pub(crate) keys: IssuerKeys,
    #[serde(default = "tenant_claim")]
    pub(crate) tenant_claim: String,
    #[serde(default = "scope_claim")]
    pub(crate) scope_claim: String,
    #[serde(default = "role_claim")]
    pub(crate) role_claim: String,
    #[serde(default)]
    pub(crate) platform: bool,
}

/// Where the keys of an issuer are.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum IssuerKeys {
    #[serde(rename = "jwks_url")]
    Url(String),
    #[serde(rename = "jwks_file")]
    File(PathBuf),
}

fn tenant_claim() -> String {
    "tenant_id".to_owned()
}

fn scope_claim() -> String {
    "scope".to_owned()
}

fn role_claim() -> String {
    "role".to_owned()
}

impl Value for TrustedIssuers {
    const KIND: &'static str = "a table per issuer with issuer, audience and jwks_url (https) or jwks_file";

    fn read(text: &str) -> Option<Self> {
        let issuers: Vec<TrustedIssuer> = serde_json::from_str(if text.is_empty() { "[]" } else { text }).ok()?;
        let reachable = issuers.iter().all(|issuer| match &issuer.keys {
            IssuerKeys::Url(url) => url.starts_with("https://"),
            IssuerKeys::File(_) => true,
        });
        reachable.then_some(Self(issuers))
    }

    fn show(&self) -> String {
        if self.0.is_empty() {
            return String::new();
        }
        serde_json::to_string(&self.0).expect("strings, paths and booleans are JSON")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_master_key_has_64_digits_and_shows_none_of_them_in_debug() {
        let text = "00ff".repeat(16);

        let key = MasterKeyText::read(&text).unwrap();

        assert_eq!((key.show(), key.reveal()[1]), (text.clone(), 0xff));
        assert!(!format!("{key:?}").contains("ff"));
        for wrong in ["", "00", &text[1..], &format!("{text}00"), &text.replace('f', "g")] {
            assert!(MasterKeyText::read(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn an_issuer_has_defaults_for_its_claims_and_needs_keys_over_https_or_from_a_file() {
        let read = |keys: &str| TrustedIssuers::read(&format!(r#"[{{"issuer":"i","audience":"a"{keys}}}]"#));

        let issuers = read(r#","jwks_url":"https://i/keys""#).unwrap();

        assert_eq!((issuers.0[0].tenant_claim.as_str(), issuers.0[0].platform), ("tenant_id", false));
        assert!(TrustedIssuers::read(&issuers.show()).is_some());
        for wrong in ["", r#","jwks_url":"http://i/keys""#, r#","jwks_file":"k","typo":1"#] {
            assert!(read(wrong).is_none(), "{wrong}");
        }
    }
}
