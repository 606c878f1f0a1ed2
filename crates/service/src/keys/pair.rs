//! A key pair: made, sealed, opened.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use aws_lc_rs::{error::Unspecified, rsa};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::{Jwk, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey};
use store::keys::SigningKey;
use zeroize::Zeroizing;

use super::broken;
use crate::clock::Secrets;
use crate::error::ServiceError;
use crate::settings::{MasterKey, SigningAlgorithm};

/// A new key pair.
pub(crate) struct Pair {
    algorithm: Algorithm,
    pub(crate) jwk: Jwk,
    /// PKCS#8.
    pub(crate) private: Zeroizing<Vec<u8>>,
}

impl Pair {
    pub(crate) fn generate(chosen: SigningAlgorithm) -> Result<Self, ServiceError> {
        let random = SystemRandom::new();
        let failed = |_: Unspecified| ServiceError::Key("a key could not be made".into());
        let private = Zeroizing::new(match chosen {
            SigningAlgorithm::Rs256 => {
                let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).map_err(failed)?;
                AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).map_err(failed)?.as_ref().to_vec()
            }
            SigningAlgorithm::Es256 => {
                let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random);
                document.map_err(failed)?.as_ref().to_vec()
            }
            SigningAlgorithm::EdDsa => Ed25519KeyPair::generate_pkcs8v1(&random).map_err(failed)?.as_ref().to_vec(),
        });
        let algorithm = algorithm(chosen);
        let mut jwk = Jwk::from_encoding_key(&encoding_key(algorithm, &private)?, algorithm).map_err(broken)?;
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        // RFC 7638: a name that follows from the key.
        jwk.common.key_id = Some(jwk.thumbprint(ThumbprintHash::SHA256).map_err(broken)?);
        Ok(Self { algorithm, jwk, private })
    }

    pub(super) fn sealed(&self, master: &MasterKey, secrets: &Secrets, now: i64) -> Result<SigningKey, ServiceError> {
        let kid = self.jwk.common.key_id.clone().unwrap_or_default();
        Ok(SigningKey {
            sealed: Some(seal(master, &kid, &self.private, secrets.bytes())?),
            kid,
            algorithm: name(self.algorithm).to_owned(),
            jwk: serde_json::to_string(&self.jwk).map_err(|e| ServiceError::Key(e.to_string()))?,
            created_at: now,
            shown_until: None,
        })
    }
}

pub(super) const fn algorithm(chosen: SigningAlgorithm) -> Algorithm {
    match chosen {
        SigningAlgorithm::Rs256 => Algorithm::RS256,
        SigningAlgorithm::Es256 => Algorithm::ES256,
        SigningAlgorithm::EdDsa => Algorithm::EdDSA,
    }
}

fn name(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::RS256 => "RS256",
        Algorithm::ES256 => "ES256",
        _ => "EdDSA",
    }
}

pub(crate) fn encoding_key(algorithm: Algorithm, pkcs8: &[u8]) -> Result<EncodingKey, ServiceError> {
    match algorithm {
        Algorithm::ES256 => Ok(EncodingKey::from_ec_der(pkcs8)),
        Algorithm::EdDSA => Ok(EncodingKey::from_ed_der(pkcs8)),
        _ => {
            // For RSA the library wants what is inside of PKCS#8, and takes it out of a PEM only.
            let body = Zeroizing::new(STANDARD.encode(pkcs8));
            let lines: Vec<&str> = body.as_bytes().chunks(64).filter_map(|line| str::from_utf8(line).ok()).collect();
            let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"));
            EncodingKey::from_rsa_pem(Zeroizing::new(pem).as_bytes()).map_err(broken)
        }
    }
}

/// Nonce and ciphertext. The `kid` is authenticated, so that rows cannot be swapped.
pub(super) fn seal(
    master: &MasterKey,
    kid: &str,
    private: &[u8],
    nonce: [u8; NONCE_LEN],
) -> Result<Vec<u8>, ServiceError> {
    let mut text = Zeroizing::new(private.to_vec());
    let tag = cipher(master)?
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(kid), &mut text)
        .map_err(|_| ServiceError::Key("a key could not be sealed".into()))?;
    Ok([&nonce[..], &text[..], tag.as_ref()].concat())
}

pub(super) fn unseal(master: &MasterKey, kid: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, ServiceError> {
    let refused = || ServiceError::Key("the master key does not open the signing keys of this database".into());
    let (nonce, text) = sealed.split_first_chunk::<NONCE_LEN>().ok_or_else(refused)?;
    let mut text = Zeroizing::new(text.to_vec());
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let length = cipher(master)?.open_in_place(nonce, Aad::from(kid), &mut text).map_err(|_| refused())?.len();
    text.truncate(length);
    Ok(text)
}

fn cipher(master: &MasterKey) -> Result<LessSafeKey, ServiceError> {
    let key = UnboundKey::new(&AES_256_GCM, master.bytes()).map_err(|e| ServiceError::Key(e.to_string()))?;
    Ok(LessSafeKey::new(key))
}
