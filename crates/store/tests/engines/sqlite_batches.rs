//! How the writer of SQLite shares commits, and what it does when more comes than it can take.

use std::sync::mpsc;
use std::time::Duration;

use futures_util::future::{join_all, join3};
use scim::batch::Action;
use serde_json::json;
use store::resources::apply::Progress;
use store::sql::Stmt;
use store::{Store, StoreError, TenantKey, Turn, sql};
use tokio::task::JoinHandle;

use crate::directory::{Directory, batch, resource, step, user};
use crate::harness::on_sqlite;
use crate::notes;

async fn tenant(store: &Store, name: &'static str) -> TenantKey {
    Directory::new(store, name).await.tenant
}

/// A write that is being done until it is told to end, so that others wait behind it.
struct HeldWriter {
    end: mpsc::Sender<()>,
    write: JoinHandle<Result<(), StoreError>>,
}

impl HeldWriter {
    async fn hold(store: &Store) -> Self {
        let (begun, has_begun) = mpsc::channel();
        let (end, ended) = mpsc::channel();
        let store = store.clone();
        let write = tokio::spawn(async move {
            let write = store.write(move |_| {
                begun.send(()).unwrap();
                ended.recv().unwrap();
                Box::pin(async { Ok(()) })
            });
            write.await
        });
        tokio::task::yield_now().await;
        has_begun.recv().unwrap();
        Self { end, write }
    }

    async fn end(self) {
        self.end.send(()).unwrap();
        self.write.await.unwrap().unwrap();
    }
}

/// Begins to add a note, and comes back when that waits in the queue.
async fn queue(store: &Store, body: &'static str) -> JoinHandle<Result<u64, StoreError>> {
    queue_in_turn(store, Turn::House, body).await
}

async fn queue_in_turn(store: &Store, turn: Turn, body: &'static str) -> JoinHandle<Result<u64, StoreError>> {
    let store = store.clone();
    let write = tokio::spawn(async move { notes::add_in_turn(&store, turn, body).await });
    tokio::task::yield_now().await;
    write
}

#[test]
fn writes_that_wait_together_share_a_commit() {
    on_sqlite(
        |_| {},
        async |store, _| {
            notes::make(&store).await;
            let before = store.stats();
            let held = HeldWriter::hold(&store).await;
            let mut writes = Vec::new();
            for body in ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"] {
                writes.push(queue(&store, body).await);
            }
            assert_eq!(store.stats().writes_waiting, 10);

            held.end().await;
            for write in writes {
                write.await.unwrap().unwrap();
            }

            let after = store.stats();
            assert_eq!(after.writes - before.writes, 11);
            assert!(after.commits - before.commits < 11, "{after:?}");
            assert_eq!(after.writes_per_commit.iter().sum::<u64>(), after.commits);
            assert_eq!(after.writes_waiting, 0);
        },
    );
}

#[test]
fn a_tenants_request_waits_for_one_slice_of_others_and_not_for_all() {
    on_sqlite(
        |_| {},
        async |store, _| {
            notes::make(&store).await;
            let (acme, bolt) = (tenant(&store, "acme").await, tenant(&store, "bolt").await);
            let held = HeldWriter::hold(&store).await;
            let mut writes = Vec::new();
            for slice in ["slice 1", "slice 2", "slice 3"] {
                writes.push(queue_in_turn(&store, Turn::Slice(bolt), slice).await);
            }
            for request in ["request 1", "request 2"] {
                writes.push(queue_in_turn(&store, Turn::Request(acme), request).await);
            }
            let before = store.stats().commits;

            held.end().await;
            for write in writes {
                write.await.unwrap().unwrap();
            }

            let order = notes::all(&store).await;
            assert_eq!(order[..2], ["slice 1", "request 1"]);
            // Requests that are done are answered before another slice is begun.
            assert!(store.stats().commits - before >= 2, "{:?}", store.stats());
        },
    );
}

#[test]
fn a_slice_ends_after_a_unit_when_others_wait_and_the_rest_is_run_later() {
    on_sqlite(
        |options| options.slice_patience = Duration::ZERO,
        async |store, _| {
            notes::make(&store).await;
            let bolt = Directory::new(&store, "bolt").await;
            let create = |name: &str| Action::Create(resource(&user(), json!({ "userName": name })));
            let unit = |name: &str| vec![step(0, bolt.new_id(&user()), create(name), &[])];
            let units = |names: [&str; 3]| batch(names.map(unit).to_vec(), None).units;
            let held = HeldWriter::hold(&store).await;

            let (first, noted, ()) = join3(
                bolt.run_slice(units(["a", "b", "c"]), Progress::default()),
                notes::add(&store, "in between"),
                held.end(),
            )
            .await;
            let (second, _) = bolt.run_slice(units(["d", "e", "f"]), first.1.clone()).await;

            assert_eq!((first.0.len(), noted), (1, Ok(1)));
            assert_eq!(second.len(), 3, "nobody waited");
        },
    );
}

#[test]
fn a_failing_write_leaves_the_others_of_its_batch_alone() {
    on_sqlite(
        |_| {},
        async |store, _| {
            notes::make(&store).await;
            let held = HeldWriter::hold(&store).await;
            let first = queue(&store, "one").await;
            let failing = queue(&store, "one").await;
            let last = queue(&store, "two").await;

            held.end().await;

            assert_eq!(first.await.unwrap(), Ok(1));
            assert_eq!(failing.await.unwrap(), Err(StoreError::NotUnique("notes.body".into())));
            assert_eq!(last.await.unwrap(), Ok(1));
            assert_eq!(notes::all(&store).await, ["one", "two"]);
        },
    );
}

#[test]
fn one_write_more_than_the_queue_holds_is_refused_at_once() {
    on_sqlite(
        |options| options.queue_length_max = 2,
        async |store, _| {
            notes::make(&store).await;
            let held = HeldWriter::hold(&store).await;
            let first = queue(&store, "one").await;
            let second = queue(&store, "two").await;

            let third = notes::add(&store, "three").await;

            assert_eq!(third, Err(StoreError::Unavailable("too much work is waiting for it".into())));
            held.end().await;
            assert_eq!((first.await.unwrap(), second.await.unwrap()), (Ok(1), Ok(1)));
            assert_eq!(notes::all(&store).await, ["one", "two"]);
        },
    );
}

#[test]
fn a_full_queue_turns_away_the_last_write_of_whoever_has_the_most_there() {
    on_sqlite(
        |options| options.queue_length_max = 3,
        async |store, _| {
            notes::make(&store).await;
            let (acme, bolt) = (tenant(&store, "acme").await, tenant(&store, "bolt").await);
            let held = HeldWriter::hold(&store).await;
            let mut writes = Vec::new();
            for slice in ["one", "two", "three"] {
                writes.push(queue_in_turn(&store, Turn::Slice(bolt), slice).await);
            }

            writes.push(queue_in_turn(&store, Turn::Request(acme), "four").await);
            held.end().await;

            let outcomes = join_all(writes).await.into_iter().map(Result::unwrap).collect::<Vec<_>>();
            let turned_away = Err(StoreError::Unavailable("too much work is waiting for it".into()));
            assert_eq!(outcomes, [Ok(1), Ok(1), turned_away, Ok(1)]);
        },
    );
}

#[test]
fn a_write_whose_caller_has_gone_before_it_began_does_not_happen() {
    on_sqlite(
        |_| {},
        async |store, _| {
            notes::make(&store).await;
            let held = HeldWriter::hold(&store).await;
            let gone = queue(&store, "one").await;
            let stays = queue(&store, "two").await;

            gone.abort();
            assert!(gone.await.unwrap_err().is_cancelled());
            held.end().await;

            assert_eq!(stays.await.unwrap(), Ok(1));
            assert_eq!(notes::all(&store).await, ["two"]);
        },
    );
}

#[test]
fn closing_finishes_what_is_queued_and_refuses_what_comes_later() {
    on_sqlite(
        |_| {},
        async |store, place| {
            notes::make(&store).await;
            let held = HeldWriter::hold(&store).await;
            let queued = queue(&store, "one").await;

            let closing = tokio::spawn({
                let store = store.clone();
                async move { store.close().await }
            });
            held.end().await;
            closing.await.unwrap();

            assert_eq!(queued.await.unwrap(), Ok(1));
            assert_eq!(notes::add(&store, "two").await, Err(StoreError::Unavailable("it has been closed".into())));
            let again = Store::open(&place.options()).await.unwrap();
            assert_eq!(notes::all(&again).await, ["one"]);
        },
    );
}

/// On a full disk SQLite takes back the whole transaction, not only the statement.
#[test]
fn a_full_disk_fails_the_batch_and_changes_nothing() {
    static MAKE: Stmt = sql!("CREATE TABLE blobs (bytes BLOB)");
    static GROW: Stmt = sql!("INSERT INTO blobs VALUES (zeroblob(10000000))");
    static SET_FULL: Stmt = sql!("PRAGMA max_page_count = 1");
    static SET_FREE: Stmt = sql!("PRAGMA max_page_count = 1000000");
    on_sqlite(
        |_| {},
        async |store, _| {
            notes::make(&store).await;
            store.write(|tx| Box::pin(async { tx.execute(&MAKE, &[]).await })).await.unwrap();
            let limit = store.write(|tx| Box::pin(async { tx.query_one(&SET_FULL, &[], |row| row.int(0)).await }));
            limit.await.unwrap();

            let grow = store.write(|tx| Box::pin(async { tx.execute(&GROW, &[]).await }));
            let (fits, grown) = futures_util::future::join(notes::add(&store, "one"), grow).await;

            assert!(matches!(grown, Err(StoreError::Unavailable(_))), "{grown:?}");
            let limit = store.write(|tx| Box::pin(async { tx.query_one(&SET_FREE, &[], |row| row.int(0)).await }));
            limit.await.unwrap();
            notes::add(&store, "two").await.unwrap();
            // "one" had its own commit or shared the one that failed; its caller knows which.
            let expected: &[&str] = if fits.is_ok() { &["one", "two"] } else { &["two"] };
            assert_eq!(notes::all(&store).await, expected);
            assert_eq!(store.check().await, Ok(vec![]));
        },
    );
}
