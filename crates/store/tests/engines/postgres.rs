//! What only PostgreSQL has: others who write at the same time, other processes, a connection that
//! can be lost, and row-level security.

use std::sync::{Arc, Mutex};

use std::time::Duration;

use futures_util::FutureExt;
use scim::id::Version;
use scim::query::SortOrder;
use serde_json::json;
use store::Lane;
use store::events;
use store::resources::apply::WriteError;
use store::sql::Stmt;
use store::{Options, Param, PostgresOptions, Store, StoreError, Turn, sql};
use testdb::Cluster;

use crate::directory::{Directory, adding, group_json, removing, user};
use crate::harness::{Place, block_on, on_postgres};
use crate::notes;
use crate::queries::{filter, sorted};

static ONE: Stmt = sql!("SELECT 1");
static ALL_RESOURCES: Stmt = sql!("SELECT count(*) FROM resources");

#[test]
fn slices_leave_connections_to_requests_and_tenants_take_turns_with_theirs() {
    on_postgres(
        |options| options.connections_max = 2,
        async |store, _| {
            notes::make(&store).await;
            let (acme, bolt) =
                (Directory::new(&store, "acme").await.tenant, Directory::new(&store, "bolt").await.tenant);
            let (begun, has_begun) = tokio::sync::oneshot::channel();
            let (end, ended) = std::sync::mpsc::channel::<()>();
            let signals = Mutex::new(Some((begun, ended)));
            let held = tokio::spawn({
                let store = store.clone();
                async move {
                    let write = store.write_in_turn(Turn::Slice(bolt), move |_| {
                        let (begun, ended) = signals.lock().unwrap().take().unwrap();
                        begun.send(()).unwrap();
                        ended.recv().unwrap();
                        Box::pin(async { Ok(()) })
                    });
                    write.await
                }
            });
            has_begun.await.unwrap();
            let mut more = Box::pin(notes::add_in_turn(&store, Turn::Slice(bolt), "bolt's second"));
            let mut other = Box::pin(notes::add_in_turn(&store, Turn::Slice(acme), "acme's first"));
            assert!((&mut more).now_or_never().is_none() && (&mut other).now_or_never().is_none());
            assert_eq!(store.stats().writes_waiting, 2);

            notes::add_in_turn(&store, Turn::Request(acme), "a request").await.unwrap();
            end.send(()).unwrap();
            held.await.unwrap().unwrap();
            let (more, other) = futures_util::future::join(more, other).await;

            assert_eq!((more, other), (Ok(1), Ok(1)));
            assert_eq!(notes::all(&store).await, ["a request", "acme's first", "bolt's second"]);
        },
    );
}

#[test]
fn a_statement_that_forgets_its_tenant_sees_nothing() {
    static OF: Stmt = sql!("SELECT count(*) FROM resources WHERE tenant = $1");
    static FORGETFUL: Stmt = sql!("SELECT count(*) FROM resources WHERE $1 = $1");
    on_postgres(
        |_| {},
        async |store, _| {
            let acme = Directory::new(&store, "acme").await;
            let bolt = Directory::new(&store, "bolt").await;
            acme.user("ana").await;
            bolt.user("bob").await;
            bolt.user("eve").await;
            let (acme, bolt) = (acme.tenant, bolt.tenant);

            let counts = store.write(move |tx| {
                Box::pin(async move {
                    let mut counts = Vec::new();
                    counts.push(tx.query_one(&ALL_RESOURCES, &[], |row| row.int(0)).await?);
                    counts.push(tx.query_one(&OF, &[acme.into()], |row| row.int(0)).await?);
                    // What went before does not open it.
                    counts.push(tx.query_one(&ALL_RESOURCES, &[], |row| row.int(0)).await?);
                    // One that takes its tenant and does not use it sees no others.
                    counts.push(tx.query_one(&FORGETFUL, &[bolt.into()], |row| row.int(0)).await?);
                    // Another tenant than the one it was given cannot be reached.
                    counts.push(tx.query_one(&OF, &[Param::Int(2)], |row| row.int(0)).await?);
                    Ok(counts.into_iter().flatten().collect::<Vec<_>>())
                })
            });

            assert_eq!(counts.await, Ok(vec![0, 1, 0, 2, 0]));
        },
    );
}

#[test]
fn a_statement_that_forgets_its_tenant_changes_nothing() {
    static DELETE_ALL: Stmt = sql!("DELETE FROM resources");
    static SMUGGLE: Stmt = sql!(
        "INSERT INTO unique_keys (tenant, type, attribute, value, pk) SELECT key, 1, 'a', 'b', 1 FROM tenants WHERE key <> $1"
    );
    on_postgres(
        |_| {},
        async |store, _| {
            let acme = Directory::new(&store, "acme").await;
            let bolt = Directory::new(&store, "bolt").await;
            let ana = acme.user("ana").await;

            let deleted = store.write(|tx| Box::pin(async { tx.execute(&DELETE_ALL, &[]).await })).await;
            let tenant = bolt.tenant;
            let smuggled = store.write(move |tx| Box::pin(async move { tx.execute(&SMUGGLE, &[tenant.into()]).await }));

            assert_eq!(deleted, Ok(0));
            let StoreError::Corrupt(reason) = smuggled.await.unwrap_err() else { panic!("another error") };
            assert!(reason.contains("row-level security policy"), "{reason}");
            assert!(acme.get(ana).await.is_some());
        },
    );
}

#[test]
fn every_table_with_tenants_is_kept_apart() {
    on_postgres(
        |_| {},
        async |store, database| {
            assert_eq!(store.check().await, Ok(vec![]));

            database.sql("CREATE TABLE forgotten (tenant bigint)");

            let problem = "row-level security does not keep tenants apart in the table forgotten";
            assert_eq!(store.check().await, Ok(vec![problem.to_owned()]));
        },
    );
}

#[test]
fn a_role_that_could_look_past_row_level_security_is_refused() {
    on_postgres(
        |_| {},
        async |_, database| {
            let refused = Store::open(&Options::on_postgres(database.url().replace("muster@", "postgres@"))).await;

            let StoreError::Incompatible(reason) = refused.unwrap_err() else { panic!("another error") };
            assert!(reason.contains("CREATE ROLE muster LOGIN"), "{reason}");
        },
    );
}

#[test]
fn a_newer_schema_is_refused_with_what_to_do() {
    on_postgres(
        |_| {},
        async |_, database| {
            database.sql("INSERT INTO muster_schema VALUES (9999, 'later')");

            let refused = Store::open(&Options::on_postgres(database.url())).await;

            let StoreError::Incompatible(reason) = refused.unwrap_err() else { panic!("another error") };
            assert!(reason.contains("written by a newer Muster (its schema is 9999"), "{reason}");
        },
    );
}

#[test]
fn processes_that_start_at_once_bring_the_schema_forward_once() {
    block_on(async {
        let database = Cluster::shared().database();
        let options = Options::on_postgres(database.url());

        let opened = futures_util::future::join_all((0..4).map(|_| Store::open(&options))).await;

        for store in opened {
            let store = store.unwrap();
            assert_eq!(store.check().await, Ok(vec![]));
            store.close().await;
        }
    });
}

#[test]
fn members_added_by_many_at_once_are_all_there() {
    on_postgres(
        |_| {},
        async |store, _| {
            let acme = Directory::new(&store, "acme").await;
            let mut users = Vec::new();
            for number in 0..24 {
                users.push(acme.user(&format!("user{number}")).await);
            }
            let staff = acme.group("Staff", &[]).await;

            let added = users.iter().map(|user| acme.patch(staff, "", adding(&[*user])));
            let versions: Vec<Version> = futures_util::future::join_all(added)
                .await
                .into_iter()
                .map(|written| written.unwrap().version)
                .collect();

            let mut members = acme.members(staff).await;
            members.sort_unstable();
            users.sort_unstable();
            assert_eq!(members, users);
            let mut seen: Vec<u64> = versions.iter().map(|version| version.0).collect();
            seen.sort_unstable();
            assert_eq!(seen, (2..=25).collect::<Vec<_>>());
        },
    );
}

#[test]
fn of_two_who_replace_all_members_at_once_one_has_the_last_word() {
    on_postgres(
        |_| {},
        async |store, _| {
            let acme = Directory::new(&store, "acme").await;
            let (ana, bob) = (acme.user("ana").await, acme.user("bob").await);
            let staff = acme.group("Staff", &[]).await;
            let exactly =
                |member| json!([{ "op": "replace", "path": "members", "value": [{ "value": format!("{member}") }] }]);

            for _ in 0..20 {
                let one = acme.patch(staff, "", exactly(ana));
                let other = acme.patch(staff, "", exactly(bob));
                let (one, other) = futures_util::future::join(one, other).await;

                one.unwrap();
                other.unwrap();
                assert_eq!(acme.members(staff).await.len(), 1);
                acme.patch(staff, "", removing(&[ana, bob])).await.unwrap();
            }
        },
    );
}

#[test]
fn two_who_put_groups_into_each_other_at_once_make_no_circle() {
    on_postgres(
        |_| {},
        async |store, _| {
            let acme = Directory::new(&store, "acme").await;
            for number in 0..20 {
                let one = acme.group(&format!("one{number}"), &[]).await;
                let other = acme.group(&format!("other{number}"), &[]).await;

                let (first, second) = futures_util::future::join(
                    acme.patch(one, "", adding(&[other])),
                    acme.patch(other, "", adding(&[one])),
                )
                .await;

                assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
            }
        },
    );
}

#[test]
fn of_many_who_name_the_same_version_exactly_one_wins() {
    on_postgres(
        |_| {},
        async |store, _| {
            let acme = Directory::new(&store, "acme").await;
            let ana = acme.user("ana").await;
            let staff = acme.group("Staff", &[]).await;

            let titled = (0..12).map(|number| {
                acme.patch(ana, r#"W/"1""#, json!([{ "op": "replace", "path": "title", "value": format!("{number}") }]))
            });
            let mut newcomers = Vec::new();
            for number in 0..12 {
                newcomers.push(acme.user(&format!("user{number}")).await);
            }
            let grown = newcomers.iter().map(|user| acme.patch(staff, r#"W/"1""#, adding(&[*user])));
            let titled = futures_util::future::join_all(titled).await;
            let grown = futures_util::future::join_all(grown).await;

            for outcomes in [titled, grown] {
                assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
                let lost = |outcome: &Result<_, WriteError>| {
                    matches!(outcome, Err(WriteError::VersionMismatch { current: Version(2) }))
                };
                assert_eq!(outcomes.iter().filter(|outcome| lost(outcome)).count(), 11, "{outcomes:?}");
            }
        },
    );
}

#[test]
fn of_many_who_want_the_same_name_exactly_one_gets_it() {
    on_postgres(
        |_| {},
        async |store, _| {
            let acme = Directory::new(&store, "acme").await;

            let user = user();
            let made = (0..12).map(|_| acme.try_create(&user, json!({ "userName": "Ana" })));
            let made = futures_util::future::join_all(made).await;

            assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 1, "{made:?}");
            let taken = |made: &Result<_, WriteError>| matches!(made, Err(WriteError::NotUnique { attribute }) if attribute == "userName");
            assert_eq!(made.iter().filter(|made| taken(made)).count(), 11);
        },
    );
}

static DANGLING: Stmt = sql!("SELECT count(*) FROM members WHERE tenant = $1");

#[test]
fn one_who_is_deleted_while_being_added_is_no_member() {
    on_postgres(
        |_| {},
        async |store, _| {
            let acme = Directory::new(&store, "acme").await;
            let staff = acme.group("Staff", &[]).await;
            for number in 0..20 {
                let user = acme.user(&format!("user{number}")).await;

                let (_, deleted) =
                    futures_util::future::join(acme.patch(staff, "", adding(&[user])), acme.delete(user, "")).await;

                deleted.unwrap();
                assert!(acme.members(staff).await.is_empty());
            }
            assert_eq!(acme.number(&DANGLING).await, 0);
        },
    );
}

#[test]
fn an_event_that_is_still_being_written_is_never_passed() {
    on_postgres(
        |_| {},
        async |store, database| {
            let acme = Directory::new(&store, "acme").await;
            let tenant = acme.tenant;
            acme.user("ana").await;
            acme.events().await;
            // Another process takes a number and does not commit yet.
            let (client, connection) = connect(&database.url()).await;
            let taking = "BEGIN; SET LOCAL muster.tenant = 'all';
                WITH written AS (INSERT INTO event_rows (tenant, at, actor, request_id, type, resource, version, kind, changed)
                                 SELECT key, 1, 'a', 'r', 1, id, 1, 1, '[]' FROM tenants RETURNING tenant, draft)
                INSERT INTO event_queue SELECT tenant, draft FROM written";
            client.batch_execute(taking).await.unwrap();

            acme.user("bob").await;
            let mut seen = Vec::new();
            while seen.len() < 2 {
                let last = seen.last().map_or(0, |event: &events::Event| event.seq);
                seen.extend(store.read(move |tx| Box::pin(events::after(tx, tenant, last, 100))).await.unwrap());
            }
            client.batch_execute("COMMIT").await.unwrap();
            acme.user("eve").await;
            let afterwards = acme.events().await;

            assert_eq!(afterwards[..2], seen);
            assert_eq!(afterwards.iter().map(|event| event.seq).collect::<Vec<_>>(), [1, 2, 3, 4]);
            assert!(afterwards[2..].iter().any(|event| event.actor == "a"));
            connection.abort();
        },
    );
}

#[test]
fn readers_see_each_event_once_and_in_order_however_many_processes_write() {
    const EVENTS: i64 = 96;
    on_postgres(
        |_| {},
        async |one, database| {
            let other = Store::open(&Options::on_postgres(database.url())).await.unwrap();
            let at_one = Directory::new(&one, "acme").await;
            let at_other = at_one.through(&other);
            let tenant = at_one.tenant;

            let writing = futures_util::future::join_all((0..8).map(|writer| {
                let acme = if writer % 2 == 0 { &at_one } else { &at_other };
                async move {
                    for number in 0..EVENTS / 8 {
                        acme.user(&format!("user{writer}_{number}")).await;
                    }
                }
            }));
            let reading = futures_util::future::join_all([&one, &other, &one, &other].map(async |store| {
                let mut last = 0;
                while last < EVENTS {
                    let found = store.read(move |tx| Box::pin(events::after(tx, tenant, last, 7))).await.unwrap();
                    for event in found {
                        // None is missing that could come later.
                        assert_eq!(event.seq, last + 1);
                        last = event.seq;
                    }
                    tokio::task::yield_now().await;
                }
            }));
            futures_util::future::join(reading, writing).await;

            assert_eq!(at_one.events().await.len(), usize::try_from(EVENTS).unwrap());
            other.close().await;
        },
    );
}

#[test]
fn what_no_index_finds_is_looked_for_on_the_slow_lane() {
    on_postgres(
        |_| {},
        async |store, _| {
            let acme = Directory::new(&store, "acme").await;
            acme.user("ana").await;
            let scope = Arc::new(Directory::scope(&[user()]));
            let lately = filter("meta.lastModified gt \"1969-01-01T00:00:00Z\"");
            let in_order = sorted("meta.lastModified", SortOrder::Descending);

            for query in [lately, in_order].map(Arc::new) {
                let fast = acme.query_on(&scope, &query, Lane::Fast).await;
                let slow = acme.query_on(&scope, &query, Lane::Slow).await;

                assert!(matches!(fast, Err(StoreError::TooExpensive(_))), "{fast:?}");
                assert_eq!(slow.unwrap().resources.len(), 1);
            }
        },
    );
}

#[test]
fn counts_are_exact_when_many_create_and_delete_at_once() {
    on_postgres(
        |_| {},
        async |store, _| {
            static COUNTED: Stmt = sql!("SELECT cast(sum(resources) AS bigint) FROM resource_blocks WHERE tenant = $1");
            static TOTAL: Stmt = sql!("SELECT cast(sum(resources) AS bigint) FROM resource_spans WHERE tenant = $1");
            let acme = Directory::new(&store, "acme").await;
            let acme = &acme;

            futures_util::future::join_all((0..8).map(|writer| async move {
                for number in 0..6 {
                    let user = acme.user(&format!("user{writer}_{number}")).await;
                    if number % 2 == 0 {
                        acme.delete(user, "").await.unwrap();
                    }
                }
            }))
            .await;

            assert_eq!((acme.number(&COUNTED).await, acme.number(&TOTAL).await), (24, 24));
        },
    );
}

#[test]
fn transactions_that_wait_for_each_other_are_run_again() {
    static ADD_ONE: Stmt = sql!("UPDATE notes SET body = body || '!' WHERE id = $1");
    on_postgres(
        |_| {},
        async |store, _| {
            notes::make(&store).await;
            notes::add(&store, "one").await.unwrap();
            notes::add(&store, "two").await.unwrap();
            let both = |first: i64, second: i64| {
                store.write(move |tx| {
                    Box::pin(async move {
                        tx.execute(&ADD_ONE, &[first.into()]).await?;
                        tx.execute(&ADD_ONE, &[second.into()]).await
                    })
                })
            };

            for _ in 0..4 {
                let (one, other) = futures_util::future::join(both(1, 2), both(2, 1)).await;

                assert_eq!((one, other), (Ok(1), Ok(1)));
            }
            assert_eq!(notes::all(&store).await, ["one!!!!!!!!", "two!!!!!!!!"]);
        },
    );
}

#[test]
fn a_server_that_went_away_is_found_again_when_it_is_back() {
    let cluster = Cluster::start(&["fsync=on", "synchronous_commit=on"]);
    let database = cluster.database();
    block_on(async {
        let store = Store::open(&Options::on_postgres(database.url())).await.unwrap();
        notes::make(&store).await;
        notes::add(&store, "before").await.unwrap();

        cluster.crash();
        let gone = [notes::add(&store, "meanwhile").await.err(), store.ping().await.err()];
        cluster.start_again();
        notes::add(&store, "after").await.unwrap();

        for error in gone {
            assert!(matches!(error, Some(StoreError::Unavailable(_))), "{error:?}");
        }
        assert_eq!(notes::all(&store).await, ["before", "after"]);
        store.close().await;
    });
}

#[test]
fn a_server_that_falls_silent_is_given_up_and_found_again() {
    let cluster = Cluster::start(&[]);
    let database = cluster.database();
    let short = Duration::from_millis(300);
    let options = PostgresOptions {
        connections_max: 2,
        statement_timeout: short,
        connect_timeout: short,
        ..PostgresOptions::new(database.url())
    };
    let options = Options { postgres: Some(options), scan_deadline: short, ..Options::on_postgres("") };
    block_on(async {
        let store = Store::open(&options).await.unwrap();
        notes::make(&store).await;
        notes::add(&store, "before").await.unwrap();
        let near =
            || store.read_on(Lane::Near, |tx| Box::pin(async { tx.query_one(&ONE, &[], |row| row.int(0)).await }));
        near().await.unwrap();

        cluster.freeze();
        let mut gone = vec![store.ping().await.err(), notes::add(&store, "meanwhile").await.err(), near().await.err()];
        // By now there is no connection left from before.
        gone.extend([store.ping().await.err(), notes::add(&store, "meanwhile").await.err()]);
        gone.push(near().await.err());
        gone.push(Store::open(&options).await.err());
        cluster.thaw();
        notes::add(&store, "after").await.unwrap();
        assert_eq!(near().await, Ok(Some(1)));

        for error in gone {
            assert!(matches!(error, Some(StoreError::Unavailable(_))), "{error:?}");
        }
        assert_eq!(notes::all(&store).await, ["before", "after"]);
        store.close().await;
    });
}

#[test]
fn what_the_synchronous_standby_has_not_got_is_not_acknowledged() {
    let cluster = Cluster::start(&[]);
    let database = cluster.database();
    let options = PostgresOptions {
        statement_timeout: Duration::from_millis(500),
        connect_timeout: Duration::from_millis(500),
        ..PostgresOptions::new(database.url())
    };
    block_on(async {
        let options = Options { postgres: Some(options), ..Options::on_postgres("") };
        let store = Store::open(&options).await.unwrap();
        notes::make(&store).await;
        store.close().await;
        cluster.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
        cluster.sql("postgres", "ALTER ROLE muster SET synchronous_commit = on");
        cluster.sql("postgres", "CHECKPOINT");
        cluster.crash();
        cluster.start_again();
        let store = Store::open(&options).await.unwrap();

        let answered = notes::add(&store, "alone").await;

        let Err(StoreError::Unavailable(reason)) = answered else { panic!("{answered:?}") };
        assert!(reason.contains("may have happened"), "{reason}");
    });
}

#[test]
fn a_server_that_answers_no_new_connection_is_given_up() {
    let cluster = Cluster::start(&[]);
    let database = cluster.database();
    let options =
        PostgresOptions { connect_timeout: Duration::from_millis(300), ..PostgresOptions::new(database.url()) };
    let options = Options { postgres: Some(options), ..Options::on_postgres("") };
    block_on(async {
        cluster.freeze();
        let opened = Store::open(&options).await.err();
        cluster.thaw();

        let Some(StoreError::Unavailable(reason)) = opened else { panic!("{opened:?}") };
        assert!(reason.starts_with("no answer"), "{reason}");
        Store::open(&Options::on_postgres(database.url())).await.unwrap().close().await;
    });
}

#[test]
fn connections_that_the_server_closed_are_replaced_without_an_error() {
    on_postgres(
        |_| {},
        async |store, database| {
            notes::make(&store).await;
            notes::add(&store, "one").await.unwrap();

            database.sql(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
                 WHERE datname = current_database() AND usename = 'muster'",
            );

            notes::add(&store, "two").await.unwrap();
            assert_eq!(notes::all(&store).await, ["one", "two"]);
        },
    );
}

#[test]
fn without_a_statement_cache_everything_works_the_same() {
    on_postgres(
        |options| options.statement_cache = false,
        async |store, _| {
            let acme = Directory::new(&store, "acme").await;
            let ana = acme.user("ana").await;
            let staff = acme.group("Staff", &[ana]).await;

            acme.patch(ana, "", json!([{ "op": "replace", "path": "title", "value": "Dr." }])).await.unwrap();
            acme.replace(staff, "", group_json("Everybody", &[ana])).await.unwrap();
            acme.delete(ana, "").await.unwrap();

            assert!(acme.members(staff).await.is_empty());
            assert_eq!(acme.events().await.len(), 6);
        },
    );
}

#[test]
fn a_caller_who_goes_away_leaves_no_transaction_open() {
    on_postgres(
        |options| options.connections_max = 2,
        async |store, _| {
            notes::make(&store).await;
            for number in 0..20 {
                let store = store.clone();
                let write = tokio::spawn(async move { notes::add(&store, number.to_string()).await });
                tokio::task::yield_now().await;
                write.abort();
            }

            notes::add(&store, "last").await.unwrap();

            // Not the last one: a commit that was on its way already may come after it.
            assert!(notes::all(&store).await.contains(&"last".to_owned()));
        },
    );
}

#[test]
fn closing_finishes_what_has_begun_and_refuses_what_comes_later() {
    on_postgres(
        |_| {},
        async |store, _| {
            notes::make(&store).await;

            store.close().await;

            assert_eq!(notes::add(&store, "two").await, Err(StoreError::Unavailable("it has been closed".into())));
            store.close().await;
        },
    );
}

#[test]
fn what_cannot_be_connected_to_says_so() {
    block_on(async {
        let place = Place::new();
        let nowhere = place.path("").to_string_lossy().replace('/', "%2F");
        let options = PostgresOptions::new(format!("postgres://muster:secret@{nowhere}/muster"));
        let options = Options { postgres: Some(options), ..Options::on_postgres("") };

        let StoreError::Unavailable(reason) = Store::open(&options).await.unwrap_err() else { panic!("another error") };

        assert!(!reason.contains("secret"), "{reason}");
        assert!(reason.contains("error connecting to server"), "{reason}");
    });
}

async fn connect(url: &str) -> (tokio_postgres::Client, tokio::task::JoinHandle<()>) {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    let connection = tokio::spawn(async move {
        connection.await.ok();
    });
    (client, connection)
}
