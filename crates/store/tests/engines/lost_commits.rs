//! Connections that are lost while a transaction is being committed: what was done is found out.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use store::{Options, PostgresOptions, Store, StoreError};
use testdb::{Cluster, Database};

use crate::harness::{Place, block_on};
use crate::notes;

/// Where the connection is cut on which [`MARK`] was sent: once, at its next COMMIT.
#[derive(Clone, Copy, PartialEq)]
enum Cut {
    /// The server never gets the COMMIT, and is not told that nobody is there any more.
    Before,
    /// The server has answered it.
    After,
}

const MARK: &[u8] = b"to be cut";
const COMMIT: &[u8] = b"COMMIT\0";

/// Runs a test on a store whose connections go through a proxy, which does `meanwhile` before the client
/// notices that it has been cut off.
fn cut(cluster: &'static Cluster, at: Cut, meanwhile: fn(&Cluster), test: impl AsyncFn(Store)) {
    let (place, database) = (Place::new(), cluster.database());
    let proxy = UnixListener::bind(place.path(".s.PGSQL.5432")).unwrap();
    let server = cluster.directory().join(".s.PGSQL.5432");
    thread::spawn(move || {
        let is_cut = Arc::new(AtomicBool::new(false));
        for client in proxy.incoming() {
            let Ok(server) = UnixStream::connect(&server) else { continue };
            relay(client.unwrap(), server, at, Arc::clone(&is_cut), move || meanwhile(cluster));
        }
    });
    block_on(async {
        let store = Store::open(&options(&place, &database)).await.unwrap();
        notes::make(&store).await;
        test(store.clone()).await;
        store.close().await;
    });
}

fn options(place: &Place, database: &Database<'_>) -> Options {
    let host = place.path("").to_string_lossy().trim_end_matches('/').replace('/', "%2F");
    let postgres = PostgresOptions::new(format!("postgres://muster@{host}/{}", database.name()));
    Options { postgres: Some(postgres), ..Options::on_postgres("") }
}

fn relay(
    client: UnixStream,
    server: UnixStream,
    at: Cut,
    is_cut: Arc<AtomicBool>,
    meanwhile: impl Fn() + Send + Sync + 'static,
) {
    let is_last = Arc::new(AtomicBool::new(false));
    let (mut from_client, mut to_client) = (client.try_clone().unwrap(), client);
    let (mut from_server, mut to_server) = (server.try_clone().unwrap(), server);
    let meanwhile = Arc::new(meanwhile);

    let (was_last, then) = (Arc::clone(&is_last), Arc::clone(&meanwhile));
    thread::spawn(move || {
        let mut is_marked = false;
        let mut sent = Vec::new();
        while let Some(bytes) = read(&mut from_client) {
            // A word may come in two pieces.
            sent.drain(..sent.len().saturating_sub(MARK.len() + COMMIT.len()));
            sent.extend_from_slice(&bytes);
            is_marked |= contains(&sent, MARK);
            if is_marked && contains(&sent, COMMIT) && !is_cut.swap(true, Ordering::SeqCst) {
                was_last.store(true, Ordering::SeqCst);
                if at == Cut::Before {
                    then();
                    from_client.shutdown(Shutdown::Both).ok();
                    // The other thread keeps the server's end open.
                    return;
                }
            }
            if to_server.write_all(&bytes).is_err() {
                break;
            }
        }
        to_server.shutdown(Shutdown::Both).ok();
    });
    thread::spawn(move || {
        while let Some(bytes) = read(&mut from_server) {
            if is_last.load(Ordering::SeqCst) && contains(&bytes, COMMIT) {
                meanwhile();
                break;
            }
            // The server does not know when nobody is there any more.
            to_client.write_all(&bytes).ok();
        }
        if at == Cut::After || !is_last.load(Ordering::SeqCst) {
            to_client.shutdown(Shutdown::Both).ok();
        }
    });
}

fn read(from: &mut UnixStream) -> Option<Vec<u8>> {
    let mut buffer = vec![0; 65_536];
    let count = from.read(&mut buffer).ok().filter(|count| *count > 0)?;
    buffer.truncate(count);
    Some(buffer)
}

fn contains(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}

fn restart(cluster: &Cluster) {
    cluster.crash();
    cluster.start_again();
}

fn durable() -> &'static Cluster {
    Box::leak(Box::new(Cluster::start(&["fsync=on", "synchronous_commit=on"])))
}

#[test]
fn what_was_committed_is_acknowledged_when_the_answer_was_lost() {
    cut(
        Cluster::shared(),
        Cut::After,
        |_| {},
        async |store| {
            assert_eq!(notes::add(&store, "to be cut").await, Ok(1));

            assert_eq!(notes::all(&store).await, ["to be cut"]);
        },
    );
}

#[test]
fn what_was_not_committed_is_done_again() {
    cut(
        Cluster::shared(),
        Cut::Before,
        |_| {},
        async |store| {
            assert_eq!(notes::add(&store, "to be cut").await, Ok(1));

            assert_eq!(notes::all(&store).await, ["to be cut"]);
        },
    );
}

#[test]
fn what_a_crash_took_back_is_done_again() {
    cut(durable(), Cut::Before, restart, async |store| {
        assert_eq!(notes::add(&store, "to be cut").await, Ok(1));

        assert_eq!(notes::all(&store).await, ["to be cut"]);
    });
}

#[test]
fn what_a_crash_makes_uncertain_is_not_acknowledged() {
    cut(durable(), Cut::After, restart, async |store| {
        let StoreError::Unavailable(reason) = notes::add(&store, "to be cut").await.unwrap_err() else {
            panic!("another error")
        };

        assert!(reason.contains("which may have happened"), "{reason}");
        assert_eq!(notes::all(&store).await, ["to be cut"]);
    });
}
