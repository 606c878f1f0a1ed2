//! Signing keys: made here, sealed at rest with the master key, rotated, and shown to everybody as
//! a JWK set (RFC 7517 §5).

mod pair;

use std::collections::HashMap;
use std::sync::Arc;

use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use store::audit;
use store::keys::SigningKey;

use crate::App;
use crate::caller::{AdminCaller, AdminWriter};
use crate::error::ServiceError;
use crate::settings::MasterKey;

pub(crate) use pair::{Pair, encoding_key};
use pair::{algorithm, unseal};

/// How much longer than its last token a retired key is shown: other processes may sign with it
/// until they hear of the rotation.
const SLACK_MS: i64 = 5 * 60 * 1000;

/// A signing key as operators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInfo {
    /// How tokens name it (RFC 7515 §4.1.4).
    pub kid: String,
    /// `RS256`, `ES256` or `EdDSA`.
    pub algorithm: String,
    /// When it was made, in milliseconds since the beginning of 1970.
    pub created_at: i64,
    /// Until when it is shown for the tokens that it signed; `None` while it signs.
    pub shown_until: Option<i64>,
}

impl KeyInfo {
    /// `signing`, or `retired`: only shown for the tokens that it signed.
    pub fn status(&self) -> &'static str {
        if self.shown_until.is_none() { "signing" } else { "retired" }
    }
}

/// The keys of this moment.
#[derive(Debug)]
pub(crate) struct KeyRing {
    /// What new tokens are signed with.
    pub(crate) signing: Signer,
    /// What tokens of ours are verified with, by `kid`.
    pub(crate) verifying: HashMap<String, Verifier>,
    /// The public keys, as JSON.
    pub(crate) jwks: String,
    /// What there is to say about each; first the one that signs.
    pub(crate) infos: Vec<KeyInfo>,
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

/// Which key a new one is to replace.
#[derive(Debug, Clone)]
enum Replaces {
    /// Whichever signs.
    Any,
    /// This one; or none, where no key is there to sign. When another process was quicker, its key
    /// is taken instead.
    Only(Option<String>),
}

impl App {
    /// Replaces the signing key by one of the configured algorithm. Tokens that the old one signed
    /// stay good: its public part is shown until the last of them has expired.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`] for callers bound to a tenant.
    pub async fn rotate_signing_key(&self, caller: &AdminWriter) -> Result<KeyInfo, ServiceError> {
        caller.require_platform()?;
        let ring = self.new_signing_key(caller, Replaces::Any).await?;
        ring.infos.first().cloned().ok_or_else(|| ServiceError::Key("a new key cannot be read".into()))
    }

    /// The keys that are shown for the tokens they signed: first the one that signs, then the others, newest first. They are public, so every administrator may see them.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub async fn list_signing_keys(&self, _caller: &AdminCaller) -> Result<Vec<KeyInfo>, ServiceError> {
        Ok(self.key_ring_since(self.now()).await?.infos.clone())
    }

    /// Replaces the signing key when it has signed for as long as one may.
    pub(crate) async fn rotate_old_signing_key(&self) -> Result<(), ServiceError> {
        let ring = self.key_ring().await?;
        let life = self.settings().signing_key_lifetime_s.saturating_mul(1000);
        let old = ring.infos.first().filter(|key| life > 0 && self.now() - key.created_at >= life);
        if let Some(key) = old {
            self.new_signing_key(&self.operator("schedule"), Replaces::Only(Some(key.kid.clone()))).await?;
        }
        Ok(())
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
        if let Some(ring) = self.read_key_ring().await? {
            let wanted = algorithm(self.settings().signing_algorithm);
            if ring.signing.algorithm != wanted {
                tracing::warn!(
                    signing = ?ring.signing.algorithm,
                    configured = ?wanted,
                    "the signing key keeps its algorithm until it is rotated: muster key rotate"
                );
            }
        }
        Ok(())
    }

    /// The keys. The first one is made when there is none.
    pub(crate) async fn key_ring(&self) -> Result<Arc<KeyRing>, ServiceError> {
        self.key_ring_since(i64::MIN).await
    }

    /// The keys as they were at `earliest` or later.
    pub(crate) async fn key_ring_since(&self, earliest: i64) -> Result<Arc<KeyRing>, ServiceError> {
        let known = self.caches().ring.get(&(), self.moment());
        if let Some(ring) = known.filter(|ring| ring.read_at >= earliest) {
            return Ok(ring);
        }
        match self.read_key_ring().await? {
            Some(ring) => Ok(ring),
            None => self.new_signing_key(&self.operator("first-key"), Replaces::Only(None)).await,
        }
    }

    async fn read_key_ring(&self) -> Result<Option<Arc<KeyRing>>, ServiceError> {
        let moment = self.moment();
        let (begun, now) = (self.caches().ring.begin(moment), moment.now);
        let rows = self.store().read(move |tx| Box::pin(async move { store::keys::shown(tx, now).await })).await?;
        let Some(ring) = open_ring(&rows, &self.settings().master_key, now)?.map(Arc::new) else { return Ok(None) };
        self.caches().ring.put(begun, (), Arc::clone(&ring));
        Ok(Some(ring))
    }

    async fn new_signing_key(&self, caller: &AdminWriter, replaces: Replaces) -> Result<Arc<KeyRing>, ServiceError> {
        let now = self.now();
        let settings = self.settings();
        let chosen = settings.signing_algorithm;
        // An RSA key takes a good part of a second: not on a thread that others wait for.
        let made = tokio::task::spawn_blocking(move || Pair::generate(chosen));
        let pair = made.await.map_err(|e| ServiceError::Key(e.to_string()))??;
        let key = Arc::new(pair.sealed(&settings.master_key, self.secrets(), now)?);
        let shown_until = now + i64::from(settings.access_token_lifetime_s) * 1000 + SLACK_MS;
        let entry = Arc::new(caller.entry(now, "signing_key.rotate", None, &key.kid, &[]));
        let kid = key.kid.clone();
        let rows = self
            .store()
            .write(move |tx| {
                let (key, entry, replaces) = (Arc::clone(&key), Arc::clone(&entry), replaces.clone());
                Box::pin(async move {
                    store::keys::lock(tx);
                    let rows = store::keys::shown(tx, now).await?;
                    let signs = rows.iter().find(|row| row.shown_until.is_none()).map(|row| &row.kid);
                    if matches!(&replaces, Replaces::Only(old) if old.as_ref() != signs) {
                        return Ok(rows);
                    }
                    store::keys::retire_all(tx, shown_until).await?;
                    store::keys::insert(tx, &key).await?;
                    audit::insert(tx, &entry).await?;
                    store::keys::shown(tx, now).await
                })
            })
            .await?;
        let ring = open_ring(&rows, &settings.master_key, now)?;
        let ring = ring.ok_or_else(|| ServiceError::Key("a new key cannot be read".into()))?;
        if ring.signing.kid == kid {
            tracing::info!(kid, actor = %caller.actor, reason = caller.request_id, "a new key signs access tokens");
        }
        Ok(Arc::new(ring))
    }
}

/// Makes a ring of rows, if one of them can sign. A key keeps its algorithm, whatever is configured
/// for new ones: processes that are configured differently would replace each other's.
fn open_ring(rows: &[SigningKey], master: &MasterKey, now: i64) -> Result<Option<KeyRing>, ServiceError> {
    let signing = rows.iter().find(|row| row.shown_until.is_none());
    let Some((row, sealed)) = signing.and_then(|row| Some((row, row.sealed.as_ref()?))) else { return Ok(None) };
    let private = unseal(master, &row.kid, sealed)?;
    let algorithm = row.algorithm.parse().map_err(broken)?;
    let signing = Signer { kid: row.kid.clone(), algorithm, key: encoding_key(algorithm, &private)? };
    let mut verifying = HashMap::new();
    let mut keys = Vec::new();
    let mut infos = Vec::new();
    for row in rows {
        let jwk: Jwk = serde_json::from_str(&row.jwk).map_err(|e| ServiceError::Key(e.to_string()))?;
        let algorithm = row.algorithm.parse().map_err(broken)?;
        let key = DecodingKey::from_jwk(&jwk).map_err(broken)?;
        verifying.insert(row.kid.clone(), Verifier { algorithm, key });
        keys.push(jwk);
        infos.push(KeyInfo {
            kid: row.kid.clone(),
            algorithm: row.algorithm.clone(),
            created_at: row.created_at,
            shown_until: row.shown_until,
        });
    }
    infos.sort_by_key(|key| key.kid != signing.kid);
    let jwks = serde_json::to_string(&JwkSet { keys }).map_err(|e| ServiceError::Key(e.to_string()))?;
    Ok(Some(KeyRing { signing, verifying, jwks, infos, read_at: now }))
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn broken(error: jsonwebtoken::errors::Error) -> ServiceError {
    ServiceError::Key(error.to_string())
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::aead::NONCE_LEN;

    use super::pair::seal;
    use super::*;
    use crate::clock::Secrets;
    use crate::settings::SigningAlgorithm;

    fn master(byte: u8) -> MasterKey {
        MasterKey::new([byte; 32])
    }

    #[test]
    fn a_key_of_each_kind_signs_after_a_rest_in_the_database() {
        for chosen in [SigningAlgorithm::Rs256, SigningAlgorithm::Es256, SigningAlgorithm::EdDsa] {
            let row = Pair::generate(chosen).unwrap().sealed(&master(1), &Secrets::System, 5).unwrap();
            let ring = open_ring(&[row], &master(1), 5).unwrap().unwrap();

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
        let ring = open_ring(&[row], &master(1), 5).unwrap().unwrap();

        let set: serde_json::Value = serde_json::from_str(&ring.jwks).unwrap();

        let members: Vec<&String> = set["keys"][0].as_object().unwrap().keys().collect();
        assert_eq!(members, ["use", "alg", "kid", "kty", "n", "e"]);
    }

    #[test]
    fn another_master_key_opens_nothing() {
        let row = Pair::generate(SigningAlgorithm::EdDsa).unwrap().sealed(&master(1), &Secrets::System, 5).unwrap();

        let opened = open_ring(&[row], &master(2), 5);

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
    fn without_a_key_that_signs_there_is_no_ring() {
        let mut row = Pair::generate(SigningAlgorithm::EdDsa).unwrap().sealed(&master(1), &Secrets::System, 5).unwrap();
        assert!(open_ring(&[], &master(1), 5).unwrap().is_none());
        (row.sealed, row.shown_until) = (None, Some(9));
        assert!(open_ring(&[row], &master(1), 5).unwrap().is_none());
    }
}
