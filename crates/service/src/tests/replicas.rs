//! Several processes on one database: none believes for long what another has changed.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use store::{Options, PostgresOptions, Store};
use testdb::{Cluster, Database};

use super::{Fixture, NOW_MS, presented};
use crate::oauth::TokenRequest;
use crate::provisioning::IdempotencyKey;
use crate::settings::{MasterKey, SigningAlgorithm};
use crate::{App, Clock, ServiceError, Settings, form};

/// Where nothing answers, as when the network is cut.
const NOWHERE: &str = "postgres://muster@%2Fnowhere/muster";

/// How somebody who may come in is told from somebody who may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Credential {
    ScimToken,
    /// The JWT of a client of the tenant.
    TenantJwt,
    /// The JWT of a client of the platform.
    PlatformJwt,
}

/// What an administrator can do about somebody who comes in.
#[derive(Debug, Clone, Copy)]
enum Change {
    RevokeToken,
    SwitchTokenOff,
    BindTokenToOtherAddresses,
    RotateToken,
    SuspendTenant,
    RenameTenant,
    DeleteTenant,
    SwitchClientOff,
    DeleteClient,
}

const CHANGES: [(Change, Credential); 14] = [
    (Change::RevokeToken, Credential::ScimToken),
    (Change::SwitchTokenOff, Credential::ScimToken),
    (Change::BindTokenToOtherAddresses, Credential::ScimToken),
    (Change::RotateToken, Credential::ScimToken),
    (Change::SuspendTenant, Credential::ScimToken),
    (Change::SuspendTenant, Credential::TenantJwt),
    (Change::SuspendTenant, Credential::PlatformJwt),
    (Change::RenameTenant, Credential::PlatformJwt),
    (Change::DeleteTenant, Credential::ScimToken),
    (Change::DeleteTenant, Credential::TenantJwt),
    (Change::SwitchClientOff, Credential::TenantJwt),
    (Change::SwitchClientOff, Credential::PlatformJwt),
    (Change::DeleteClient, Credential::TenantJwt),
    (Change::DeleteClient, Credential::PlatformJwt),
];

/// A tenant with somebody who comes in.
struct Door {
    slug: String,
    token: String,
    client: String,
    authorization: String,
}

impl Door {
    async fn new(app: &App, slug: &str, credential: Credential) -> Self {
        let operator = app.operator("test");
        let body = |text: String| text.into_bytes();
        let tenant = body(format!(r#"{{"name":"{slug}"}}"#));
        app.create_tenant(&operator, form::body(&tenant).unwrap()).await.unwrap();
        let token = body(format!(r#"{{"name":"t","tenant_id":"{slug}"}}"#));
        let token = app.issue_scim_token(&operator, form::body(&token).unwrap()).await.unwrap();
        let client = match credential {
            Credential::PlatformJwt => body(r#"{"name":"c","scopes":["scim:write"]}"#.into()),
            Credential::ScimToken | Credential::TenantJwt => {
                body(format!(r#"{{"name":"c","tenant_id":"{slug}","scopes":["scim:write"]}}"#))
            }
        };
        let client = app.create_application(&operator, form::body(&client).unwrap()).await.unwrap();
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", &client.application.client_id),
            ("client_secret", client.secret.reveal()),
        ];
        let request = TokenRequest {
            tenant: Some(slug).filter(|_| credential != Credential::PlatformJwt),
            authorization: None,
            fields: &fields.map(|(name, value)| (name.to_owned(), value.to_owned())),
            address: None,
            base_url: "http://scim.example",
        };
        let authorization = match credential {
            Credential::ScimToken => format!("Bearer {}", token.secret.reveal()),
            _ => format!("Bearer {}", app.issue_access_token(&request).await.unwrap().token),
        };
        Self {
            slug: slug.to_owned(),
            token: token.token.id.to_string(),
            client: client.application.id.to_string(),
            authorization,
        }
    }

    async fn is_open_at(&self, app: &App) -> bool {
        app.authenticate_scim(&self.slug, &presented(&self.authorization)).await.is_ok()
    }

    /// The resource types that it opens.
    async fn types_at(&self, app: &App) -> Vec<String> {
        let caller = app.authenticate_scim(&self.slug, &presented(&self.authorization)).await.unwrap();
        caller.registry.types().iter().map(|known| known.name.clone()).collect()
    }

    async fn close(&self, app: &App, change: Change) {
        let by = app.operator("test");
        match change {
            Change::RevokeToken => app.revoke_scim_token(&by, &self.token).await.unwrap(),
            Change::SwitchTokenOff => self.update_token(app, r#"{"is_active":false}"#).await,
            Change::BindTokenToOtherAddresses => self.update_token(app, r#"{"allowed_ips":["192.0.2.1"]}"#).await,
            Change::RotateToken => {
                let cut = form::body(br#"{"overlap_seconds":0}"#).unwrap();
                app.rotate_scim_token(&by, &self.token, cut).await.unwrap();
            }
            Change::SuspendTenant => self.update_tenant(app, r#"{"status":"suspended"}"#).await,
            Change::RenameTenant => {
                self.update_tenant(app, &format!(r#"{{"slug":"{}-was-renamed"}}"#, self.slug)).await;
            }
            Change::DeleteTenant => app.delete_tenant(&by, &self.slug).await.unwrap(),
            Change::SwitchClientOff => {
                let off = form::body(br#"{"is_active":false}"#).unwrap();
                app.update_application(&by, &self.client, off).await.unwrap();
            }
            Change::DeleteClient => app.delete_application(&by, &self.client).await.unwrap(),
        }
    }

    async fn update_token(&self, app: &App, body: &str) {
        let request = form::body(body.as_bytes()).unwrap();
        app.update_scim_token(&app.operator("test"), &self.token, request).await.unwrap();
    }

    async fn update_tenant(&self, app: &App, body: &str) {
        let request = form::body(body.as_bytes()).unwrap();
        app.update_tenant(&app.operator("test"), &self.slug, request).await.unwrap();
    }
}

/// A process on a database.
struct Replica {
    app: App,
    store: Store,
    clock: Clock,
}

impl Replica {
    async fn on(database: &Database<'_>) -> Self {
        Self::listening(database, None).await
    }

    async fn listening(database: &Database<'_>, listen_url: Option<&str>) -> Self {
        let postgres = PostgresOptions {
            listen_url: listen_url.map(str::to_owned),
            connections_max: 4,
            ..PostgresOptions::new(database.url())
        };
        let store = Store::open(&Options { postgres: Some(postgres), ..Options::on_postgres("") }).await.unwrap();
        // A clock that stands still: nothing grows old, so what is dropped was heard of.
        let clock = Clock::fixed(NOW_MS);
        let settings = Settings {
            clock: clock.clone(),
            signing_algorithm: SigningAlgorithm::EdDsa,
            ..Settings::new(MasterKey::new([7; 32]))
        };
        Self { app: App::open(settings, store.clone()).await.unwrap(), store, clock }
    }

    /// The key that it signs with.
    async fn signing(&self) -> String {
        self.app.key_ring().await.unwrap().signing.kid.clone()
    }
}

async fn close_each_door(app: &App) {
    for (number, (change, credential)) in CHANGES.into_iter().enumerate() {
        let door = Door::new(app, &format!("t{number}"), credential).await;
        assert!(door.is_open_at(app).await, "{change:?} {credential:?}");

        door.close(app, change).await;

        assert!(!door.is_open_at(app).await, "{change:?} {credential:?}");
    }
}

#[tokio::test]
async fn a_process_refuses_at_once_whom_it_has_shut_out_on_sqlite() {
    close_each_door(&Fixture::new().await.app).await;
}

#[tokio::test]
async fn a_process_refuses_at_once_whom_it_has_shut_out_on_postgresql() {
    let database = Cluster::shared().database();
    let replica = Replica::listening(&database, Some(NOWHERE)).await;
    close_each_door(&replica.app).await;
    replica.store.close().await;
}

#[tokio::test]
async fn a_process_refuses_whom_another_has_shut_out_when_it_hears_of_that() {
    let database = Cluster::shared().database();
    let (one, other) = (Replica::on(&database).await, Replica::on(&database).await);
    for (number, (change, credential)) in CHANGES.into_iter().enumerate() {
        let door = Door::new(&one.app, &format!("t{number}"), credential).await;
        assert!(door.is_open_at(&other.app).await, "{change:?} {credential:?}");

        door.close(&one.app, change).await;

        until(async || !door.is_open_at(&other.app).await).await;
    }
    one.store.close().await;
    other.store.close().await;
}

#[tokio::test]
async fn a_process_that_hears_nothing_refuses_whom_another_has_shut_out_within_a_second() {
    let database = Cluster::shared().database();
    let (one, other) = (Replica::on(&database).await, Replica::listening(&database, Some(NOWHERE)).await);
    until(async || other.store.unconfirmed_for() >= Duration::from_secs(1)).await;
    for (number, (change, credential)) in CHANGES.into_iter().enumerate() {
        let door = Door::new(&one.app, &format!("t{number}"), credential).await;
        assert!(door.is_open_at(&other.app).await, "{change:?} {credential:?}");

        door.close(&one.app, change).await;

        other.clock.advance(999);
        assert!(door.is_open_at(&other.app).await, "it was not looked up anew: {change:?} {credential:?}");
        other.clock.advance(1);
        assert!(!door.is_open_at(&other.app).await, "{change:?} {credential:?}");
    }
    one.store.close().await;
    other.store.close().await;
}

#[tokio::test]
async fn a_process_knows_what_another_has_defined_when_it_hears_of_that() {
    let database = Cluster::shared().database();
    let (one, other) = (Replica::on(&database).await, Replica::on(&database).await);
    let door = Door::new(&one.app, "acme", Credential::ScimToken).await;
    assert_eq!(door.types_at(&other.app).await, ["User", "Group"]);

    super::schemas::define(&one.app).await;

    assert_eq!(door.types_at(&one.app).await, ["User", "Group", "Device"]);
    until(async || door.types_at(&other.app).await == ["User", "Group", "Device"]).await;
    one.app.delete_resource_type(&one.app.operator("test"), "acme", "Device").await.unwrap();
    until(async || door.types_at(&other.app).await == ["User", "Group"]).await;
    one.store.close().await;
    other.store.close().await;
}

#[tokio::test]
async fn a_process_that_hears_nothing_knows_what_another_has_defined_within_a_second() {
    let database = Cluster::shared().database();
    let (one, other) = (Replica::on(&database).await, Replica::listening(&database, Some(NOWHERE)).await);
    until(async || other.store.unconfirmed_for() >= Duration::from_secs(1)).await;
    let door = Door::new(&one.app, "acme", Credential::ScimToken).await;
    assert_eq!(door.types_at(&other.app).await, ["User", "Group"]);

    super::schemas::define(&one.app).await;

    other.clock.advance(999);
    assert_eq!(door.types_at(&other.app).await, ["User", "Group"], "it was not looked up anew");
    other.clock.advance(1);
    assert_eq!(door.types_at(&other.app).await, ["User", "Group", "Device"]);
    one.store.close().await;
    other.store.close().await;
}

#[tokio::test]
async fn a_process_signs_with_the_key_that_another_made_when_it_hears_of_that() {
    let database = Cluster::shared().database();
    let (one, other) = (Replica::on(&database).await, Replica::on(&database).await);
    assert_eq!(one.signing().await, other.signing().await);

    let kid = one.app.rotate_signing_key(&one.app.operator("test")).await.unwrap().kid;

    assert_eq!(one.signing().await, kid);
    until(async || other.signing().await == kid).await;
    one.store.close().await;
    other.store.close().await;
}

#[tokio::test]
async fn a_process_that_hears_nothing_signs_with_the_key_that_another_made_within_a_second() {
    let database = Cluster::shared().database();
    let (one, other) = (Replica::on(&database).await, Replica::listening(&database, Some(NOWHERE)).await);
    until(async || other.store.unconfirmed_for() >= Duration::from_secs(1)).await;
    one.signing().await;
    let before = other.signing().await;

    let kid = one.app.rotate_signing_key(&one.app.operator("test")).await.unwrap().kid;

    other.clock.advance(999);
    assert_eq!(other.signing().await, before);
    other.clock.advance(1);
    assert_eq!(other.signing().await, kid);
    one.store.close().await;
    other.store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_want_a_new_key_at_the_same_time_make_one() {
    const MONTHS_3: i64 = 90 * 24 * 3600 * 1000;
    let database = Cluster::shared().database();
    let replicas = join_all((0..4).map(|_| Replica::on(&database))).await;

    // The first one, which each of them lacks, and then some that are due.
    join_all(replicas.iter().map(Replica::signing)).await;
    for _ in 0..5 {
        for replica in &replicas {
            replica.clock.advance(MONTHS_3);
        }
        for done in join_all(replicas.iter().map(|replica| replica.app.rotate_old_signing_key())).await {
            done.unwrap();
        }
    }

    let made = database.sql("SELECT count(*) FROM audit WHERE action = 'signing_key.rotate'");
    assert_eq!((made.as_str(), database.sql("SELECT count(*) FROM signing_keys").as_str()), ("6", "6"));
    let signing = join_all(replicas.iter().map(Replica::signing)).await;
    assert!(signing.iter().all(|kid| *kid == signing[0]), "{signing:?}");
    join_all(replicas.iter().map(|replica| replica.store.close())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_start_with_dev_at_the_same_time_make_the_same() {
    let database = Cluster::shared().database();
    let replicas = join_all((0..4).map(|_| Replica::on(&database))).await;

    let made = join_all(replicas.iter().map(|replica| replica.app.bootstrap_dev())).await;

    let made = made.into_iter().map(|made| {
        let made = made.unwrap();
        (made.client_secret.reveal().to_owned(), made.tenant.id, made.scim_token.reveal().to_owned())
    });
    let made: HashSet<_> = made.collect();
    assert_eq!(made.len(), 1, "{made:?}");
    join_all(replicas.iter().map(|replica| replica.store.close())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_with_the_same_idempotency_key_is_run_whichever_process_it_comes_to() {
    let database = Cluster::shared().database();
    let replicas = join_all((0..4).map(|_| Replica::on(&database))).await;
    let door = Door::new(&replicas[0].app, "acme", Credential::ScimToken).await;
    let mut callers = Vec::new();
    for replica in &replicas {
        callers.push(replica.app.authenticate_scim("acme", &presented(&door.authorization)).await.unwrap());
    }

    for round in 0..20 {
        let key: IdempotencyKey = format!("key{round}").parse().unwrap();
        let runs = AtomicU32::new(0);
        // Every other round fails, so that the key is set free while others want it.
        let work = async || {
            runs.fetch_add(1, Ordering::SeqCst);
            if round % 2 == 0 { Ok("done".to_owned()) } else { Err(ServiceError::Forbidden("no".into())) }
        };
        let asked = replicas.iter().zip(&callers).map(|(replica, by)| replica.app.once(by, &key, b"body", work()));
        let answers = join_all(asked).await;

        for answer in &answers {
            let is_told = matches!(answer, Ok(_) | Err(ServiceError::Conflict(_) | ServiceError::Forbidden(_)));
            assert!(is_told, "{answer:?}");
        }
        assert!(round % 2 == 1 || runs.load(Ordering::SeqCst) == 1);
    }
    join_all(replicas.iter().map(|replica| replica.store.close())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_process_writes_down_what_it_counted_and_one_of_them_removes_what_is_old() {
    const DAY_MS: i64 = 24 * 3_600_000;
    let database = Cluster::shared().database();
    let replicas = join_all((0..3).map(|_| Replica::on(&database))).await;
    let door = Door::new(&replicas[0].app, "acme", Credential::ScimToken).await;
    let count = async |replica: &Replica| {
        let caller = replica.app.authenticate_scim("acme", &presented(&door.authorization)).await.unwrap();
        replica.app.count_scim_answer(&caller, false);
    };
    for replica in &replicas {
        count(replica).await;
    }
    for done in join_all(replicas.iter().map(|replica| replica.app.flush_usage())).await {
        done.unwrap();
    }
    assert_eq!(database.sql("SELECT sum(requests) FROM scim_usage"), "3");
    assert_eq!(database.sql("SELECT sum(request_count) FROM scim_tokens"), "3");

    let mut done = Vec::new();
    for _ in 0..3 {
        for replica in &replicas {
            replica.clock.advance(DAY_MS);
        }
        let pruned = join_all(replicas.iter().map(|replica| replica.app.prune())).await;
        done.push(pruned.into_iter().filter(|pruned| *pruned.as_ref().unwrap()).count());
    }

    assert_eq!(done, [1, 1, 1]);
    assert_eq!(database.sql("SELECT count(*) FROM scim_usage"), "0");
    join_all(replicas.iter().map(|replica| replica.store.close())).await;
}

#[tokio::test]
async fn a_use_that_another_process_wrote_down_is_not_hidden_by_an_older_one() {
    let database = Cluster::shared().database();
    let (one, other) = (Replica::on(&database).await, Replica::on(&database).await);
    let door = Door::new(&one.app, "acme", Credential::ScimToken).await;
    assert!(door.is_open_at(&one.app).await);
    other.clock.advance(5000);
    assert!(door.is_open_at(&other.app).await);

    other.app.flush_usage().await.unwrap();

    let shown = one.app.get_scim_token(&one.app.operator("test"), &door.token).await.unwrap();
    assert_eq!((shown.last_used_at, shown.request_count), (Some(NOW_MS + 5000), 2));
    one.store.close().await;
    other.store.close().await;
}

/// Waits for what another process does.
async fn until(is_so: impl AsyncFn() -> bool) {
    let patience = tokio::time::timeout(Duration::from_secs(30), async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    patience.await.unwrap();
}
