use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{Fixture, NOW_MS, presented};
use crate::caller::Actor;
use crate::keys::{Pair, encoding_key};
use crate::settings::{IssuerKeys, SigningAlgorithm, TrustedIssuer};
use crate::{Reach, ServiceError, form};

const ISSUER: &str = "https://login.example";

/// A key of the other issuer.
struct Key {
    algorithm: Algorithm,
    private: EncodingKey,
    jwk: Jwk,
}

impl Key {
    fn new(chosen: SigningAlgorithm, algorithm: Algorithm) -> Self {
        let pair = Pair::generate(chosen).unwrap();
        Self { algorithm, private: encoding_key(algorithm, &pair.private).unwrap(), jwk: pair.jwk }
    }

    fn ed() -> Self {
        Self::new(SigningAlgorithm::EdDsa, Algorithm::EdDSA)
    }

    fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: self.jwk.common.key_id.clone(), ..Header::new(self.algorithm) };
        format!("Bearer {}", jsonwebtoken::encode(&header, claims, &self.private).unwrap())
    }
}

fn set(keys: &[&Key]) -> String {
    serde_json::to_string(&JwkSet { keys: keys.iter().map(|key| key.jwk.clone()).collect() }).unwrap()
}

fn trusted(keys: IssuerKeys) -> TrustedIssuer {
    TrustedIssuer {
        issuer: ISSUER.into(),
        keys,
        audience: "muster-api".into(),
        tenant_claim: "org".into(),
        scope_claim: "scp".into(),
        role_claim: "roles".into(),
        platform: false,
    }
}

async fn trusting(keys: IssuerKeys) -> Fixture {
    let issuer = trusted(keys);
    let fixture = Fixture::with(|settings| crate::Settings { trusted_issuers: vec![issuer], ..settings }).await;
    let request = form::body(br#"{"name":"Acme"}"#).unwrap();
    fixture.app.create_tenant(&fixture.app.operator("test"), request).await.unwrap();
    fixture
}

/// Claims of somebody who may administer `acme`.
fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": ["x", "muster-api"], "sub": "ana", "org": "acme", "roles": ["tenant_admin"],
        "exp": NOW_MS / 1000 + 60,
    })
}

async fn is_refused(fixture: &Fixture, token: &str) -> bool {
    let refused = fixture.app.authenticate_admin(&presented(token)).await.err();
    refused.is_some_and(|refused| matches!(refused.error, ServiceError::Unauthenticated(_)))
}

#[tokio::test]
async fn a_token_of_a_trusted_issuer_opens_what_its_claims_say() {
    let key = Key::ed();
    let fixture = trusting(IssuerKeys::Set(set(&[&key]))).await;

    let caller = fixture.app.authenticate_admin(&presented(&key.sign(&claims()))).await.unwrap();

    assert_eq!(caller.actor, Actor::External { issuer: ISSUER.into(), subject: "ana".into() });
    assert!(caller.may_write && matches!(&caller.reach, Reach::Tenant(tenant) if tenant.slug == "acme"));
    let mut scoped = claims();
    scoped["roles"] = json!([]);
    scoped["scp"] = json!("openid scim:read");
    let scim = fixture.app.authenticate_scim("acme", &presented(&key.sign(&scoped))).await.unwrap();
    assert_eq!(scim.scopes, crate::Scopes::READ);
}

#[tokio::test]
async fn claims_that_are_not_for_us_or_not_for_now_open_nothing() {
    let key = Key::ed();
    let fixture = trusting(IssuerKeys::Set(set(&[&key]))).await;
    let now = NOW_MS / 1000;
    let wrong = [
        ("aud", json!("another")),
        ("aud", Value::Null),
        ("iss", json!("https://evil.example")),
        ("exp", json!(now - 60)),
        ("exp", json!("tomorrow")),
        ("exp", Value::Null),
        ("nbf", json!(now + 61)),
        ("sub", Value::Null),
        ("org", json!("nobody")),
        ("org", Value::Null),
    ];

    for (name, value) in wrong {
        let mut claims = claims();
        claims[name] = value.clone();
        assert!(is_refused(&fixture, &key.sign(&claims)).await, "{name} {value}");
    }
    for (name, value) in [("exp", json!(now - 59)), ("nbf", json!(now + 60)), ("exp", json!(1_700_000_000.5))] {
        let mut claims = claims();
        claims[name] = value.clone();
        assert!(!is_refused(&fixture, &key.sign(&claims)).await, "{name} {value}: clocks differ a little");
    }
}

#[tokio::test]
async fn a_token_without_a_tenant_reaches_the_platform_only_if_the_issuer_may() {
    let key = Key::ed();
    let mut issuer = trusted(IssuerKeys::Set(set(&[&key])));
    issuer.platform = true;
    let fixture = Fixture::with(|settings| crate::Settings { trusted_issuers: vec![issuer], ..settings }).await;
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove("org");
    claims["roles"] = json!("super_admin");

    let caller = fixture.app.authenticate_admin(&presented(&key.sign(&claims))).await.unwrap();

    assert!(matches!(caller.reach, Reach::All));
}

#[tokio::test]
async fn keys_of_others_and_algorithms_that_a_key_does_not_have_are_refused() {
    let (known, unknown) = (Key::ed(), Key::ed());
    let fixture = trusting(IssuerKeys::Set(set(&[&known]))).await;
    assert!(!is_refused(&fixture, &known.sign(&claims())).await);

    assert!(is_refused(&fixture, &unknown.sign(&claims())).await);
    let mut impostor = Key::ed();
    impostor.jwk.common.key_id.clone_from(&known.jwk.common.key_id);
    assert!(is_refused(&fixture, &impostor.sign(&claims())).await);
    // The public key as an HMAC secret: the oldest trick.
    let header = Header { kid: known.jwk.common.key_id.clone(), ..Header::new(Algorithm::HS256) };
    let secret = EncodingKey::from_secret(set(&[&known]).as_bytes());
    let confused = jsonwebtoken::encode(&header, &claims(), &secret).unwrap();
    assert!(is_refused(&fixture, &format!("Bearer {confused}")).await);
}

#[tokio::test]
async fn rsa_and_elliptic_curves_are_understood_and_a_shared_secret_in_a_set_is_not() {
    let rsa = Key::new(SigningAlgorithm::Rs256, Algorithm::RS256);
    let ec = Key::new(SigningAlgorithm::Es256, Algorithm::ES256);
    let mut text: Value = serde_json::from_str(&set(&[&rsa, &ec])).unwrap();
    let secret = json!({"kty": "oct", "kid": "shared", "k": "c2VjcmV0", "alg": "HS256"});
    text["keys"].as_array_mut().unwrap().extend([secret, json!({"kty": "new"})]);
    let fixture = trusting(IssuerKeys::Set(text.to_string())).await;

    assert!(!is_refused(&fixture, &rsa.sign(&claims())).await);
    assert!(!is_refused(&fixture, &ec.sign(&claims())).await);
    let header = Header { kid: Some("shared".into()), ..Header::new(Algorithm::HS256) };
    let shared = jsonwebtoken::encode(&header, &claims(), &EncodingKey::from_secret(b"secret")).unwrap();
    assert!(is_refused(&fixture, &format!("Bearer {shared}")).await);
}

#[tokio::test]
async fn fetched_keys_are_kept_and_fetched_again_for_a_new_one_but_not_at_every_made_up_name() {
    let (first, second, stranger) = (Key::ed(), Key::ed(), Key::ed());
    let fetches = Arc::new(AtomicU32::new(0));
    let address = publish(vec![set(&[&first]), set(&[&first, &second])], Arc::clone(&fetches)).await;
    let fixture = trusting(IssuerKeys::Url(address)).await;

    for _ in 0..3 {
        assert!(!is_refused(&fixture, &first.sign(&claims())).await);
        assert!(is_refused(&fixture, &stranger.sign(&claims())).await);
    }
    assert_eq!(fetches.load(Ordering::SeqCst), 1);
    fixture.settings.clock.advance(30_000);
    assert!(!is_refused(&fixture, &second.sign(&claims())).await);
    assert_eq!(fetches.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn tokens_of_an_issuer_that_never_answered_cannot_be_judged_and_all_others_can() {
    let key = Key::ed();
    let fixture = trusting(IssuerKeys::Url("http://127.0.0.1:1/keys".into())).await;

    for wait_s in [31, 21] {
        let refused = fixture.app.authenticate_admin(&presented(&key.sign(&claims()))).await;
        let error = refused.unwrap_err().error;
        let ServiceError::IssuerSilent { retry_after_s } = error else { panic!("{error:?}") };
        assert_eq!(retry_after_s, wait_s);
        fixture.settings.clock.advance(10_000);
    }
    assert!(fixture.app.bootstrap_dev().await.is_ok());
}

/// Serves these texts one after the other, the last one from then on.
async fn publish(texts: Vec<String>, fetches: Arc<AtomicU32>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(socket.read_u8().await.unwrap());
            }
            let turn = fetches.fetch_add(1, Ordering::SeqCst) as usize;
            let text = &texts[turn.min(texts.len() - 1)];
            let answer =
                format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{text}", text.len());
            socket.write_all(answer.as_bytes()).await.unwrap();
            socket.shutdown().await.unwrap();
        }
    });
    format!("http://{address}/keys")
}
