//! Signing keys: made here, sealed at rest with the master key, rotated, and shown to everybody as
//! a JWK set (RFC 7517 §5).

use std::collections::HashMap;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use aws_lc_rs::{error::Unspecified, rsa};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use store::keys::SigningKey;
use zeroize::Zeroizing;

use crate::App;
use crate::caller::AdminWriter;
use crate::clock::Secrets;
use crate::error::ServiceError;
use crate::settings::{MasterKey, SigningAlgorithm};

/// How much longer than its last token a retired key is shown: other processes may sign with it
/// until they hear of the rotation.
const SLACK_MS: i64 = 5 * 60 * 1000;

/// The keys of this moment.
#[derive(Debug)]
pub(crate) struct KeyRing {
    /// What new tokens are signed with.
    pub(crate) signing: Signer,
    /// What tokens of ours are verified with, by `kid`.
    pub(crate) verifying: HashMap<String, Verifier>,
    /// The public keys, as JSON.
    pub(crate) jwks: String,
    /// When it was read from the database.
    pub(crate) read_at: i64,
}

/// A private key.
#[derive(Debug)]
pub(crate) struct Signer {
    pub(crate) kid: String,
    pub(crate) algorithm: Algorithm,
    pub(crate) key: EncodingKey,
}

/// A public key and what it may verify. One key verifies one algorithm, so that nobody can choose
/// another one for it.
#[derive(Debug, Clone)]
pub(crate) struct Verifier {
    pub(crate) algorithm: Algorithm,
    pub(crate) key: DecodingKey,
}

impl App {
    /// Replaces the signing key. Tokens that the old one signed stay good: its public part is
    /// shown until the last of them has expired.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`] for callers bound to a tenant.
    pub async fn rotate_signing_key(&self, caller: &AdminWriter) -> Result<String, ServiceError> {
        caller.require_platform()?;
        let ring = self.new_signing_key().await?;
        let kid = ring.signing.kid.clone();
        tracing::info!(kid, actor = %caller.actor, "the signing key was replaced");
        Ok(kid)
    }

    /// The public keys of this deployment, as a JWK set.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub async fn jwks(&self) -> Result<String, ServiceError> {
        Ok(self.key_ring().await?.jwks.clone())
    }

    /// Reads the keys that there are. Makes none: that waits until one is needed.
    pub(crate) async fn check_keys(&self) -> Result<(), ServiceError> {
        let now = self.now();
        let rows = self.store().read(move |tx| Box::pin(async move { store::keys::shown(tx, now).await })).await?;
        let wanted = algorithm(self.settings().signing_algorithm);
        if let Some(ring) = open_ring(&rows, wanted, &self.settings().master_key, now)? {
            self.set_ring(ring);
        }
        Ok(())
    }

    /// The keys; read from the database when they were not for a minute.
    pub(crate) async fn key_ring(&self) -> Result<Arc<KeyRing>, ServiceError> {
        self.key_ring_since(self.now() - 60_000).await
    }

    /// The keys as they were at `earliest` or later.
    pub(crate) async fn key_ring_since(&self, earliest: i64) -> Result<Arc<KeyRing>, ServiceError> {
        if let Some(ring) = self.ring().filter(|ring| ring.read_at >= earliest) {
            return Ok(ring);
        }
        let now = self.now();
        let rows = self.store().read(move |tx| Box::pin(async move { store::keys::shown(tx, now).await })).await?;
        let wanted = algorithm(self.settings().signing_algorithm);
        match open_ring(&rows, wanted, &self.settings().master_key, now)? {
            Some(ring) => Ok(self.set_ring(ring)),
            None => self.new_signing_key().await,
        }
    }

    async fn new_signing_key(&self) -> Result<Arc<KeyRing>, ServiceError> {
        let now = self.now();
        let settings = self.settings();
        let chosen = settings.signing_algorithm;
        // An RSA key takes a good part of a second: not on a thread that others wait for.
        let made = tokio::task::spawn_blocking(move || Pair::generate(chosen));
        let pair = made.await.map_err(|e| ServiceError::Key(e.to_string()))??;
        let key = Arc::new(pair.sealed(&settings.master_key, self.secrets(), now)?);
        let shown_until = now + i64::from(settings.access_token_lifetime_s) * 1000 + SLACK_MS;
        let rows = self
            .store()
            .write(move |tx| {
                let key = Arc::clone(&key);
                Box::pin(async move {
                    store::keys::retire_all(tx, shown_until).await?;
                    store::keys::insert(tx, &key).await?;
                    store::keys::shown(tx, now).await
                })
            })
            .await?;
        let ring = open_ring(&rows, algorithm(chosen), &settings.master_key, now)?;
        ring.map(|ring| self.set_ring(ring)).ok_or_else(|| ServiceError::Key("a new key cannot be read".into()))
    }
}

/// Makes a ring of rows, if one of them can sign with the wanted algorithm.
fn open_ring(
    rows: &[SigningKey],
    wanted: Algorithm,
    master: &MasterKey,
    now: i64,
) -> Result<Option<KeyRing>, ServiceError> {
    let signing = rows.iter().find(|row| row.shown_until.is_none() && row.algorithm.parse() == Ok(wanted));
    let Some((row, sealed)) = signing.and_then(|row| Some((row, row.sealed.as_ref()?))) else { return Ok(None) };
    let private = unseal(master, &row.kid, sealed)?;
    let signing = Signer { kid: row.kid.clone(), algorithm: wanted, key: encoding_key(wanted, &private)? };
    let mut verifying = HashMap::new();
    let mut keys = Vec::new();
    for row in rows {
        let jwk: Jwk = serde_json::from_str(&row.jwk).map_err(|e| ServiceError::Key(e.to_string()))?;
        let algorithm = row.algorithm.parse().map_err(broken)?;
        let key = DecodingKey::from_jwk(&jwk).map_err(broken)?;
        verifying.insert(row.kid.clone(), Verifier { algorithm, key });
        keys.push(jwk);
    }
    let jwks = serde_json::to_string(&JwkSet { keys }).map_err(|e| ServiceError::Key(e.to_string()))?;
    Ok(Some(KeyRing { signing, verifying, jwks, read_at: now }))
}

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
                AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair).map_err(failed)?.as_ref().to_vec()
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

    fn sealed(&self, master: &MasterKey, secrets: &Secrets, now: i64) -> Result<SigningKey, ServiceError> {
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

const fn algorithm(chosen: SigningAlgorithm) -> Algorithm {
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
fn seal(master: &MasterKey, kid: &str, private: &[u8], nonce: [u8; NONCE_LEN]) -> Result<Vec<u8>, ServiceError> {
    let mut text = Zeroizing::new(private.to_vec());
    let tag = cipher(master)?
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(kid), &mut text)
        .map_err(|_| ServiceError::Key("a key could not be sealed".into()))?;
    Ok([&nonce[..], &text[..], tag.as_ref()].concat())
}

fn unseal(master: &MasterKey, kid: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, ServiceError> {
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

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn broken(error: jsonwebtoken::errors::Error) -> ServiceError {
    ServiceError::Key(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn master(byte: u8) -> MasterKey {
        MasterKey::new([byte; 32])
    }

    #[test]
    fn a_key_of_each_kind_signs_after_a_rest_in_the_database() {
        for chosen in [SigningAlgorithm::Rs256, SigningAlgorithm::Es256, SigningAlgorithm::EdDsa] {
            let row = Pair::generate(chosen).unwrap().sealed(&master(1), &Secrets::System, 5).unwrap();
            let ring = open_ring(&[row], algorithm(chosen), &master(1), 5).unwrap().unwrap();

            let header = jsonwebtoken::Header::new(ring.signing.algorithm);
            let text = jsonwebtoken::encode(&header, &[("sub", "x")], &ring.signing.key).unwrap();

            let public = &ring.verifying[&ring.signing.kid];
            assert_eq!(public.algorithm, algorithm(chosen));
            let (signed, signature) = text.rsplit_once('.').unwrap();
            let verified = jsonwebtoken::crypto::verify(signature, signed.as_bytes(), &public.key, public.algorithm);
            assert!(verified.unwrap());
        }
    }

    #[test]
    fn the_set_of_public_keys_holds_nothing_private() {
        let row = Pair::generate(SigningAlgorithm::Rs256).unwrap().sealed(&master(1), &Secrets::System, 5).unwrap();
        let ring = open_ring(&[row], Algorithm::RS256, &master(1), 5).unwrap().unwrap();

        let set: serde_json::Value = serde_json::from_str(&ring.jwks).unwrap();

        let members: Vec<&String> = set["keys"][0].as_object().unwrap().keys().collect();
        assert_eq!(members, ["use", "alg", "kid", "kty", "n", "e"]);
    }

    #[test]
    fn another_master_key_opens_nothing() {
        let row = Pair::generate(SigningAlgorithm::EdDsa).unwrap().sealed(&master(1), &Secrets::System, 5).unwrap();

        let opened = open_ring(&[row], Algorithm::EdDSA, &master(2), 5);

        assert!(matches!(opened, Err(ServiceError::Key(_))));
    }

    #[test]
    fn a_sealed_key_belongs_to_its_name() {
        let sealed = seal(&master(1), "one", b"private", [0; NONCE_LEN]).unwrap();
        assert_eq!(unseal(&master(1), "one", &sealed).unwrap().as_slice(), b"private");
        assert!(unseal(&master(1), "two", &sealed).is_err());
        assert!(unseal(&master(1), "one", &sealed[..5]).is_err());
        assert!(!sealed.windows(7).any(|part| part == b"private"));
    }

    #[test]
    fn without_a_key_of_the_wanted_kind_there_is_no_ring() {
        let row = Pair::generate(SigningAlgorithm::EdDsa).unwrap().sealed(&master(1), &Secrets::System, 5).unwrap();
        assert!(open_ring(&[row], Algorithm::ES256, &master(1), 5).unwrap().is_none());
        assert!(open_ring(&[], Algorithm::ES256, &master(1), 5).unwrap().is_none());
    }
}
