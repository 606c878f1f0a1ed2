use super::{Fixture, each_engine, each_engine_with};
use crate::Settings;
use crate::settings::SigningAlgorithm;

const DAY_MS: i64 = 24 * 3600 * 1000;

impl Fixture {
    async fn signing(&self) -> String {
        self.app.key_ring().await.unwrap().signing.kid.clone()
    }

    /// What the audit says about keys, newest first.
    async fn rotations(&self) -> Vec<(String, String)> {
        let deeds = self.deeds(None).await.into_iter();
        let of_keys = deeds.filter(|entry| entry.action.starts_with("signing_key."));
        of_keys.map(|entry| (entry.actor, entry.subject)).collect()
    }
}

#[tokio::test]
async fn every_new_key_is_in_the_audit() {
    each_engine(async |fixture| {
        let first = fixture.signing().await;

        let second = fixture.app.rotate_signing_key(&fixture.app.operator("test")).await.unwrap().kid;

        let operator = fixture.app.operator("test").actor.to_string();
        assert_eq!(fixture.rotations().await, [(operator.clone(), second), (operator, first)]);
    })
    .await;
}

#[tokio::test]
async fn a_key_is_replaced_when_it_has_signed_for_as_long_as_one_may() {
    each_engine_with(
        |settings| Settings { signing_key_lifetime_s: 30 * 24 * 3600, ..settings },
        async |fixture| {
            let first = fixture.signing().await;

            fixture.settings.clock.advance(30 * DAY_MS - 1);
            fixture.app.rotate_old_signing_key().await.unwrap();
            assert_eq!(fixture.signing().await, first);

            fixture.settings.clock.advance(1);
            fixture.app.rotate_old_signing_key().await.unwrap();
            let second = fixture.signing().await;
            assert_ne!(second, first);
            let shown = fixture.app.list_signing_keys(&fixture.app.operator("test")).await.unwrap();
            assert_eq!(
                shown.iter().map(|key| (key.kid.as_str(), key.status())).collect::<Vec<_>>(),
                [(second.as_str(), "signing"), (first.as_str(), "retired"),]
            );
        },
    )
    .await;
}

#[tokio::test]
async fn without_a_lifetime_a_key_signs_for_ever() {
    each_engine_with(
        |settings| Settings { signing_key_lifetime_s: 0, ..settings },
        async |fixture| {
            let first = fixture.signing().await;

            fixture.settings.clock.advance(10_000 * DAY_MS);
            fixture.app.rotate_old_signing_key().await.unwrap();

            assert_eq!(fixture.signing().await, first);
        },
    )
    .await;
}

#[tokio::test]
async fn an_old_key_is_replaced_once_however_many_processes_see_that_it_is_old() {
    each_engine(async |fixture| {
        let neighbour = fixture.neighbour().await;
        fixture.signing().await;
        neighbour.key_ring().await.unwrap();
        fixture.settings.clock.advance(90 * DAY_MS);
        // Both have read the old key lately.
        fixture.app.key_ring().await.unwrap();
        neighbour.key_ring().await.unwrap();

        fixture.app.rotate_old_signing_key().await.unwrap();
        neighbour.rotate_old_signing_key().await.unwrap();

        assert_eq!(fixture.rotations().await.len(), 2);
        assert_eq!(neighbour.key_ring().await.unwrap().signing.kid, fixture.signing().await);
    })
    .await;
}

#[tokio::test]
async fn a_key_keeps_its_algorithm_until_it_is_rotated() {
    each_engine(async |fixture| {
        let first = fixture.signing().await;
        let settings = Settings { signing_algorithm: SigningAlgorithm::Es256, ..fixture.settings.clone() };
        let other = crate::App::open(settings, fixture.store.clone()).await.unwrap();

        assert_eq!(other.key_ring().await.unwrap().signing.kid, first);

        let rotated = other.rotate_signing_key(&other.operator("test")).await.unwrap();
        fixture.settings.clock.advance(60_001);
        assert_eq!(rotated.algorithm, "ES256");
        assert_eq!(fixture.signing().await, rotated.kid);
    })
    .await;
}
