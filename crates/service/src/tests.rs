//! Who may call, and what is written down about it: over a real store, without the wire.

mod bootstrap;
mod issuers;
mod keys;
mod replicas;
mod standing;

use store::{Options, Store};
use tempfile::TempDir;

use crate::settings::{MasterKey, SigningAlgorithm};
use crate::{App, Clock, Presented, Secrets, Settings};

/// When these tests take place.
const NOW_MS: i64 = 1_700_000_000_000;

struct Fixture {
    app: App,
    store: Store,
    settings: Settings,
    _folder: TempDir,
}

impl Fixture {
    async fn new() -> Self {
        Self::with(|settings| settings).await
    }

    async fn with(change: impl FnOnce(Settings) -> Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&Options::new(folder.path().join("muster.db"))).await.unwrap();
        let settings = change(Settings {
            clock: Clock::fixed(NOW_MS),
            secrets: Secrets::seeded(1),
            signing_algorithm: SigningAlgorithm::EdDsa,
            ..Settings::new(MasterKey::new([7; 32]))
        });
        let app = App::open(settings.clone(), store.clone()).await.unwrap();
        Self { app, store, settings, _folder: folder }
    }

    /// Another process on the same database.
    async fn neighbour(&self) -> App {
        App::open(self.settings.clone(), self.store.clone()).await.unwrap()
    }
}

fn presented(authorization: &str) -> Presented<'_> {
    Presented { authorization: Some(authorization), address: None, user_agent: None, request_id: "r1" }
}
