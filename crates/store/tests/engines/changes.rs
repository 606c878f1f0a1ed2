//! Hearing of what others have changed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use store::{Change, Options, Store, StoreError, TenantKey};

use crate::directory::Directory;
use crate::harness::{each_engine, on_postgres};

/// What one store has been told.
#[derive(Clone)]
struct Heard(Arc<Mutex<Vec<Change>>>);

impl Heard {
    fn by(store: &Store) -> Self {
        let heard = Self(Arc::default());
        let changes = Arc::clone(&heard.0);
        store.watch(move |change| changes.lock().unwrap().push(change));
        heard
    }

    fn has(&self, change: Change) -> bool {
        self.0.lock().unwrap().contains(&change)
    }

    fn count(&self, change: Change) -> usize {
        self.0.lock().unwrap().iter().filter(|heard| **heard == change).count()
    }
}

async fn announce(store: &Store, tenant: TenantKey) -> Result<(), StoreError> {
    let write = store.write(move |tx| {
        Box::pin(async move {
            tx.announce(Change::Tenant(tenant));
            Ok(())
        })
    });
    write.await
}

async fn until(is_so: impl Fn() -> bool) {
    let patience = tokio::time::timeout(Duration::from_secs(30), async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    patience.await.unwrap();
}

#[test]
fn a_process_hears_of_its_own_changes_before_they_are_answered() {
    each_engine(async |store| {
        let tenant = Directory::new(&store, "acme").await.tenant;
        let heard = Heard::by(&store);

        announce(&store, tenant).await.unwrap();

        assert!(heard.has(Change::Tenant(tenant)));
    });
}

#[test]
fn a_change_that_was_not_committed_is_not_announced() {
    on_postgres(
        |_| {},
        async |store, _| {
            let tenant = Directory::new(&store, "acme").await.tenant;
            let heard = Heard::by(&store);

            let write = store.write(move |tx| {
                Box::pin(async move {
                    tx.announce(Change::Tenant(tenant));
                    Err::<(), _>(StoreError::Unavailable("on second thought".into()))
                })
            });
            write.await.unwrap_err();

            assert!(!heard.has(Change::Tenant(tenant)));
        },
    );
}

#[test]
fn a_process_hears_of_what_another_has_changed() {
    on_postgres(
        |_| {},
        async |one, database| {
            let tenant = Directory::new(&one, "acme").await.tenant;
            let other = Store::open(&Options::on_postgres(database.url())).await.unwrap();
            let heard = Heard::by(&other);

            // What is announced before it listens is not told one by one.
            while !heard.has(Change::Tenant(tenant)) {
                announce(&one, tenant).await.unwrap();
                tokio::time::sleep(Duration::from_millis(5)).await;
            }

            other.close().await;
        },
    );
}

#[test]
fn who_was_cut_off_is_told_that_anything_may_have_changed() {
    on_postgres(
        |_| {},
        async |store, database| {
            let heard = Heard::by(&store);
            let before = heard.count(Change::Anything);

            while heard.count(Change::Anything) < before + 2 {
                database.sql(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
                     WHERE datname = current_database() AND query LIKE 'NOTIFY%'",
                );
            }
        },
    );
}

#[test]
fn nothing_is_certain_while_nobody_listens() {
    on_postgres(
        // Where nothing answers, as when the network is cut.
        |options| options.listen_url = Some("postgres://muster@%2Fnowhere/muster".into()),
        async |store, _| {
            let before = store.unconfirmed_for();

            until(|| store.unconfirmed_for() > before + Duration::from_millis(50)).await;

            assert_eq!(store.ping().await, Ok(()));
        },
    );
}
