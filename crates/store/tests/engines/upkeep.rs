//! What is done by one of all processes, and what each of them does.

use scim::id::Id;
use store::idempotency::{self, Claim};
use store::keys::{self, SigningKey};
use store::scim_tokens::{self, NewToken, ScimToken, SecretMark};
use store::upkeep::{self, Kept, Task};
use store::usage::{self, HOUR_MS, HourUse, TokenUse};
use store::{Options, Store, TenantKey};

use crate::directory::Directory;
use crate::harness::{each_engine, on_postgres};

const NOW: i64 = 500_000 * HOUR_MS;

async fn take(store: &Store, now: i64, again_at: i64) -> bool {
    store.write(move |tx| Box::pin(upkeep::take(tx, Task::Prune, now, again_at))).await.unwrap()
}

async fn token(store: &Store, tenant: TenantKey, number: u8) -> ScimToken {
    let insert = store.write(move |tx| {
        Box::pin(async move {
            let secret = SecretMark { hash: [number; 32], prefix: "scim_x".into(), last_four: "abcd".into() };
            let new = NewToken {
                id: Id::new(*b"sct", number.into()),
                name: "t".into(),
                description: None,
                secret,
                scopes: 1,
                allowed_ips: Vec::new(),
                identity_provider: "generic".into(),
                expires_at: None,
                created_by: "test".into(),
            };
            scim_tokens::insert(tx, tenant, &new, 1).await
        })
    });
    insert.await.unwrap()
}

async fn token_now(store: &Store, token: &ScimToken) -> ScimToken {
    let id = token.id;
    store.read(move |tx| Box::pin(scim_tokens::by_id(tx, None, id))).await.unwrap().unwrap()
}

fn used(token: &ScimToken, at: i64, ip: &str) -> TokenUse {
    let mut used = TokenUse::none(token.tenant, token.pk);
    used.at = at;
    used.ip = Some(ip.into());
    used.user_agent = Some(ip.into());
    used.requests = 2;
    used
}

fn in_hour(tenant: TenantKey, at: i64) -> HourUse {
    let mut used = HourUse::none(tenant, at);
    used.requests = 1;
    used
}

async fn record(store: &Store, tokens: Vec<TokenUse>) {
    store
        .write(move |tx| {
            let tokens = tokens.clone();
            Box::pin(async move { usage::record(tx, &tokens, &[]).await })
        })
        .await
        .unwrap();
}

#[test]
fn a_task_is_taken_once_when_it_is_due() {
    each_engine(async |store| {
        assert!(take(&store, 1000, 2000).await);
        assert!(!take(&store, 1000, 2000).await);
        assert!(!take(&store, 1999, 2999).await);
        assert!(take(&store, 2000, 3000).await);
        assert!(take(&store, 500, 1500).await, "a clock that was ahead keeps nobody from it");
    });
}

#[test]
fn a_task_that_failed_is_still_due() {
    each_engine(async |store| {
        let failed = store.write(|tx| {
            Box::pin(async move {
                assert!(upkeep::take(tx, Task::Prune, 1000, 2000).await?);
                Err::<(), _>(store::StoreError::Unavailable("on second thought".into()))
            })
        });
        failed.await.unwrap_err();

        assert!(take(&store, 1000, 2000).await);
    });
}

#[test]
fn of_many_who_take_a_task_at_once_one_gets_it() {
    on_postgres(
        |_| {},
        async |one, database| {
            let other = Store::open(&Options::on_postgres(database.url())).await.unwrap();
            for round in 1..20 {
                let asked = [&one, &other, &one, &other].map(|store| take(store, round * 1000, (round + 1) * 1000));
                let taken = futures_util::future::join_all(asked).await;
                assert_eq!(taken.iter().filter(|taken| **taken).count(), 1, "{taken:?}");
            }
            other.close().await;
        },
    );
}

#[test]
fn what_is_old_is_removed_and_the_rest_stays() {
    each_engine(async |store| {
        let (acme, bolt) = (Directory::new(&store, "acme").await.tenant, Directory::new(&store, "bolt").await.tenant);
        let key = |kid: &str, shown_until: Option<i64>| SigningKey {
            kid: kid.into(),
            algorithm: "EdDSA".into(),
            jwk: "{}".into(),
            sealed: None,
            created_at: 1,
            shown_until,
        };
        let made = store.write(move |tx| {
            let keys = [key("signs", None), key("shown", Some(NOW)), key("gone", Some(NOW - 1))];
            Box::pin(async move {
                let hours = [acme, bolt].map(|tenant| [0, 1, 2, 3].map(|hours| in_hour(tenant, NOW - hours * HOUR_MS)));
                usage::record(tx, &[], &hours.concat()).await?;
                for tenant in [acme, bolt] {
                    for (key, started) in [("old", NOW - 1), ("new", NOW)] {
                        idempotency::claim(tx, tenant, key, b"digest", started, 0).await?;
                    }
                }
                for key in &keys {
                    keys::insert(tx, key).await?;
                }
                Ok(())
            })
        });
        made.await.unwrap();
        let kept = Kept { answers_since: NOW, usage_since: NOW - HOUR_MS, keys_since: NOW };
        let prune = |rows_max| store.write(move |tx| Box::pin(async move { upkeep::prune(tx, &kept, rows_max).await }));

        assert_eq!(prune(3).await, Ok(true), "there were four hours to remove");
        assert_eq!(prune(3).await, Ok(false));

        let left = store.write(move |tx| {
            Box::pin(async move {
                let mut left = Vec::new();
                for tenant in [acme, bolt] {
                    left.push(usage::since(tx, tenant, 0).await?.requests);
                    left.push((idempotency::claim(tx, tenant, "old", b"other", NOW, 0).await? == Claim::New).into());
                    left.push((idempotency::claim(tx, tenant, "new", b"other", NOW, 0).await? == Claim::New).into());
                }
                let kids: Vec<String> = keys::shown(tx, 0).await?.into_iter().map(|key| key.kid).collect();
                Ok((left, kids))
            })
        });
        let (left, mut kids) = left.await.unwrap();
        kids.sort();
        assert_eq!(left, [2, 1, 0, 2, 1, 0]);
        assert_eq!(kids, ["shown", "signs"]);
    });
}

#[test]
fn the_latest_use_of_a_token_stays_whoever_writes_it_down_last() {
    each_engine(async |store| {
        let tenant = Directory::new(&store, "acme").await.tenant;
        let token = token(&store, tenant, 1).await;

        let mut latest = Vec::new();
        for (at, ip) in [(3000, "first"), (2000, "before it"), (4000, "last")] {
            record(&store, vec![used(&token, at, ip)]).await;
            let now = token_now(&store, &token).await;
            latest.push((now.last_used_at, now.last_used_ip, now.last_used_user_agent, now.request_count));
        }

        let use_of = |at, ip: &str, requests| (Some(at), Some(ip.to_owned()), Some(ip.to_owned()), requests);
        assert_eq!(latest, [use_of(3000, "first", 2), use_of(3000, "first", 4), use_of(4000, "last", 6)]);
    });
}

#[test]
fn processes_that_write_down_the_use_of_the_same_tokens_at_once_do_not_get_in_each_others_way() {
    on_postgres(
        |_| {},
        async |one, database| {
            let other = Store::open(&Options::on_postgres(database.url())).await.unwrap();
            let tenant = Directory::new(&one, "acme").await.tenant;
            let mut tokens = Vec::new();
            for number in 0..100 {
                tokens.push(token(&one, tenant, number).await);
            }

            let (forth, back): (Vec<_>, Vec<_>) =
                tokens.iter().zip(tokens.iter().rev()).map(|(a, b)| (used(a, 1, "x"), used(b, 1, "x"))).unzip();
            for _ in 0..10 {
                futures_util::future::join(record(&one, forth.clone()), record(&other, back.clone())).await;
            }

            for token in &tokens {
                assert_eq!(token_now(&one, token).await.request_count, 40);
            }
            let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
            assert_eq!(database.sql(deadlocks), "0");
            other.close().await;
        },
    );
}
