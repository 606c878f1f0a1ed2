//! Secrets that we hand out: made, checked for typing errors, and hashed.
//!
//! `scim_` + 32 random bytes in base 62 + 6 characters of checksum. The checksum (CRC-32, as in
//! the tokens of GitHub) tells a typing error, or a leak scanner, without a look into the database.
//! SHA-256 is enough to store a secret of 256 random bits: there is nothing to guess.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::form::{self, Form, FromForm};

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 62^43 > 2^256.
const RANDOM_CHARS: usize = 43;
const CHECKSUM_CHARS: usize = 6;

/// What a SCIM token begins with.
pub const SCIM_TOKEN: &str = "scim_";
/// What the secret of an OAuth client begins with.
pub const CLIENT_SECRET: &str = "mcs_";

/// A secret on its way to who asked for it. Not `Clone`, not `Serialize`; `Debug` prints
/// `TokenSecret(…)`. [`Self::reveal`] gives it away.
pub struct TokenSecret(Zeroizing<String>);

impl TokenSecret {
    /// The secret of these random bytes.
    #[must_use]
    pub fn new(prefix: &str, random: &[u8; 32]) -> Self {
        let mut text = Zeroizing::new(String::with_capacity(prefix.len() + RANDOM_CHARS + CHECKSUM_CHARS));
        text.push_str(prefix);
        text.push_str(&base62(random, RANDOM_CHARS));
        let checksum = checksum(&text);
        text.push_str(&checksum);
        Self(text)
    }

    /// The secret itself, for the one answer that shows it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        hash(&self.0)
    }

    /// Its first characters: what it begins with, and four more.
    #[must_use]
    pub fn prefix(&self, of: &str) -> String {
        self.0.chars().take(of.len() + 4).collect()
    }

    /// Its last four characters.
    #[must_use]
    pub fn last_four(&self) -> String {
        self.0[self.0.len() - 4..].to_owned()
    }
}

impl fmt::Debug for TokenSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSecret(…)")
    }
}

/// How long the old secret is good after a rotation, unless told otherwise.
pub const OVERLAP_DEFAULT_S: u32 = 86_400;
/// How long the old secret is good at most.
pub const OVERLAP_MAX_S: u32 = 30 * 86_400;

/// A request for another secret.
#[derive(Debug, Clone, Copy)]
pub struct RotateSecret {
    /// How long the one there is now is still good.
    pub overlap_s: u32,
}

impl FromForm for RotateSecret {
    fn from_form(form: &mut Form) -> Option<Self> {
        let overlap_s = form.optional("overlap_seconds", form::integer(0, OVERLAP_MAX_S));
        Some(Self { overlap_s: overlap_s.unwrap_or(OVERLAP_DEFAULT_S) })
    }
}

/// SHA-256 of a secret.
#[must_use]
pub fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// Whether two hashes are equal, in a time that does not depend on where they differ.
#[must_use]
pub fn same(a: &[u8; 32], b: &[u8; 32]) -> bool {
    a.ct_eq(b).into()
}

/// Whether `text` can be a secret of ours with that prefix: length, alphabet and checksum.
#[must_use]
pub fn well_formed(prefix: &str, text: &str) -> bool {
    let Some(rest) = text.strip_prefix(prefix) else { return false };
    if rest.len() != RANDOM_CHARS + CHECKSUM_CHARS || !rest.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return false;
    }
    let (signed, sum) = text.split_at(text.len() - CHECKSUM_CHARS);
    checksum(signed) == sum
}

fn checksum(text: &str) -> String {
    base62(&crc32(text.as_bytes()).to_be_bytes(), CHECKSUM_CHARS)
}

/// A big-endian number in base 62, with leading zeros up to `length`.
fn base62(number: &[u8], length: usize) -> String {
    let mut number = Zeroizing::new(number.to_vec());
    let mut digits = vec![b'0'; length];
    for place in digits.iter_mut().rev() {
        let mut rest = 0_u32;
        for byte in number.iter_mut() {
            let value = rest << 8 | u32::from(*byte);
            *byte = u8::try_from(value / 62).expect("rest is below 62, so the quotient is below 256");
            rest = value % 62;
        }
        *place = DIGITS[rest as usize];
    }
    String::from_utf8(digits).expect("the digits are ASCII")
}

/// CRC-32 as in ISO-HDLC, zip and GitHub's tokens.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    };
    !bytes.iter().fold(u32::MAX, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_usual_crc_32() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn a_secret_has_one_length_whatever_its_bytes() {
        let zeros = TokenSecret::new(SCIM_TOKEN, &[0; 32]);
        assert_eq!(zeros.reveal().len(), 54);
        assert_eq!(TokenSecret::new(SCIM_TOKEN, &[255; 32]).reveal().len(), 54);
        assert!(well_formed(SCIM_TOKEN, zeros.reveal()));
        assert_eq!(zeros.prefix(SCIM_TOKEN), "scim_0000");
        assert!(zeros.reveal().ends_with(&zeros.last_four()));
    }

    #[test]
    fn a_typing_error_shows_without_a_database() {
        let secret = TokenSecret::new(SCIM_TOKEN, &[7; 32]);
        let text = secret.reveal();
        for place in 0..text.len() {
            let mut typo = text.as_bytes().to_vec();
            typo[place] = if typo[place] == b'x' { b'y' } else { b'x' };
            assert!(!well_formed(SCIM_TOKEN, std::str::from_utf8(&typo).unwrap()), "{place}");
        }
        for wrong in ["", "scim_", &text[..53], &format!("{text}0"), "scim_ä"] {
            assert!(!well_formed(SCIM_TOKEN, wrong), "{wrong}");
        }
        assert!(!well_formed(CLIENT_SECRET, text));
    }

    #[test]
    fn debug_shows_no_secret() {
        assert_eq!(format!("{:?}", TokenSecret::new(SCIM_TOKEN, &[7; 32])), "TokenSecret(…)");
    }
}
