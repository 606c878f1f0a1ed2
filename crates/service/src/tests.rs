//! Who may call, and what is written down about it: over a real store, without the wire.

mod bootstrap;
mod issuers;
mod keys;
pub(crate) mod place;
mod replicas;
mod request_log;
mod schemas;
mod standing;

use place::Place;
use store::Store;

use crate::settings::{MasterKey, SigningAlgorithm};
use crate::{App, Clock, Presented, Secrets, Settings};

/// When these tests take place.
const NOW_MS: i64 = 1_700_000_000_000;

struct Fixture {
    app: App,
    store: Store,
    settings: Settings,
    _place: Place,
}

impl Fixture {
    /// What the audit has of a tenant, or all of it, newest first.
    async fn deeds(&self, tenant: Option<store::TenantKey>) -> Vec<store::audit::Entry> {
        let filter = store::audit::Filter { tenant, ..store::audit::Filter::default() };
        let page = store::page::Page { skip: 0, take: 100 };
        let listed = self.store.read(move |tx| Box::pin(async move { store::audit::list(tx, &filter, page).await }));
        listed.await.unwrap().items.into_iter().map(|recorded| recorded.entry).collect()
    }

    async fn new() -> Self {
        Self::with(|settings| settings).await
    }

    /// On SQLite.
    async fn with(change: impl FnOnce(Settings) -> Settings) -> Self {
        Self::at(Place::on_sqlite(), change).await
    }

    async fn at(place: Place, change: impl FnOnce(Settings) -> Settings) -> Self {
        let store = place.open().await;
        let settings = change(Settings {
            clock: Clock::fixed(NOW_MS),
            secrets: Secrets::seeded(1),
            signing_algorithm: SigningAlgorithm::EdDsa,
            ..Settings::new(MasterKey::new([7; 32]))
        });
        let app = App::open(settings.clone(), store.clone()).await.unwrap();
        Self { app, store, settings, _place: place }
    }

    /// Another process on the same database.
    async fn neighbour(&self) -> App {
        App::open(self.settings.clone(), self.store.clone()).await.unwrap()
    }
}

/// Runs a test on each engine.
async fn each_engine(test: impl AsyncFn(Fixture)) {
    each_engine_with(|settings| settings, test).await;
}

/// [`each_engine`] with other settings.
async fn each_engine_with(change: impl Fn(Settings) -> Settings, test: impl AsyncFn(Fixture)) {
    for place in Place::on_each_engine() {
        test(Fixture::at(place, &change).await).await;
    }
}

fn presented(authorization: &str) -> Presented<'_> {
    Presented { authorization: Some(authorization), address: None, user_agent: None, request_id: "r1" }
}
