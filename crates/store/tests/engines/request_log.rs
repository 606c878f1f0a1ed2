use std::borrow::Cow;

use store::request_log::{self, Entry, Filter, LOOKED_AT_MAX, LogKey, Operation};
use store::{Store, TenantKey};

use crate::directory::Directory;
use crate::harness::each_engine;

fn entry(tenant: TenantKey, ms: i64) -> Entry {
    Entry {
        tenant,
        key: LogKey::first_of(ms),
        request_id: format!("req-{ms}"),
        actor: Some("sct_a".into()),
        product: Some(Cow::Borrowed("okta")),
        method: "PATCH".into(),
        path: format!("/Users/usr_{ms}"),
        status: 200,
        scim_type: None,
        took_us: 7,
        resource: Some(format!("usr_{ms}")),
        summary: format!("deactivated user {ms}"),
        detail: r#"{"repairs":["one-as-many"]}"#.into(),
    }
}

fn operation(tenant: TenantKey, ms: i64, place: u32) -> Operation {
    Operation {
        tenant,
        log: LogKey::first_of(ms),
        place,
        method: "POST".into(),
        bulk_id: Some("a".into()),
        path: "/Users".into(),
        status: 201,
        scim_type: None,
        resource: Some(format!("usr_{ms}_{place}")),
        summary: "created".into(),
        detail: "{}".into(),
    }
}

fn all(tenant: TenantKey) -> Filter {
    Filter {
        tenant,
        from: LogKey::first_of(0),
        before: LogKey::MAX,
        actor: None,
        resource: None,
        status: 0..=999,
        method: None,
        request_id: None,
        text: None,
    }
}

async fn insert(store: &Store, entries: Vec<Entry>, operations: Vec<Operation>) -> u64 {
    let packs = request_log::pack(entries, operations);
    let write = store.write(move |tx| {
        let packs = packs.clone();
        Box::pin(async move { request_log::insert(tx, &packs).await })
    });
    write.await.unwrap()
}

/// Each in a pack of its own.
async fn insert_apart(store: &Store, entries: Vec<Entry>, operations: &[Operation]) {
    for entry in entries {
        let operations = operations.iter().filter(|operation| operation.log == entry.key).cloned().collect();
        insert(store, vec![entry], operations).await;
    }
}

async fn list(store: &Store, filter: Filter, take: u32) -> request_log::Listed {
    store.read(move |tx| Box::pin(async move { request_log::list(tx, &filter, take).await })).await.unwrap()
}

/// The times of what is listed.
async fn times(store: &Store, filter: Filter) -> Vec<i64> {
    list(store, filter, 100).await.entries.iter().map(|entry| entry.key.at()).collect()
}

async fn get(store: &Store, tenant: Option<TenantKey>, ms: i64) -> Option<request_log::Whole> {
    let key = LogKey::first_of(ms);
    store.read(move |tx| Box::pin(async move { request_log::get(tx, tenant, key).await })).await.unwrap()
}

#[test]
fn what_was_written_is_read_newest_first_and_by_its_tenant_only() {
    each_engine(async |store| {
        let (acme, other) = (Directory::new(&store, "acme").await, Directory::new(&store, "other").await);
        let entries: Vec<_> = (1..=90).map(|ms| entry(if ms == 5 { other.tenant } else { acme.tenant }, ms)).collect();

        assert_eq!(insert(&store, entries.clone(), Vec::new()).await, 90);
        assert_eq!(insert(&store, entries.clone(), Vec::new()).await, 0, "what is there stays");

        let page = list(&store, all(acme.tenant), 3).await;
        assert_eq!(page.entries, [entries[89].clone(), entries[88].clone(), entries[87].clone()]);
        let rest = times(&store, Filter { before: page.next.unwrap(), ..all(acme.tenant) }).await;
        assert_eq!(rest, (1..=87).rev().filter(|ms| *ms != 5).collect::<Vec<_>>());
        assert_eq!(times(&store, all(other.tenant)).await, [5]);
    });
}

#[test]
fn each_filter_shows_what_it_says() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        let of = |ms| entry(acme.tenant, ms);
        let refused = Entry { actor: None, resource: None, ..of(2) };
        let entries = vec![
            of(1),
            Entry { status: 401, summary: "refused a token".into(), ..refused.clone() },
            Entry { key: LogKey::first_of(3), status: 503, ..refused },
            Entry { actor: Some("sct_b".into()), detail: r#"{"error":"50% of Émile's Userś"}"#.into(), ..of(4) },
            Entry { method: "GET".into(), request_id: "mine".into(), ..of(5) },
            Entry { method: "POST".into(), path: "/Bulk".into(), resource: None, ..of(6) },
        ];
        insert(&store, entries, vec![operation(acme.tenant, 6, 0), operation(acme.tenant, 6, 1)]).await;

        let all = || all(acme.tenant);
        let text = |text: &str| Filter { text: Some(text.into()), ..all() };
        let resource = |id: &str| Filter { resource: Some(id.into()), ..all() };
        assert_eq!(times(&store, Filter { status: 400..=499, ..all() }).await, [2]);
        assert_eq!(times(&store, Filter { status: 400..=999, ..all() }).await, [3, 2]);
        assert_eq!(times(&store, Filter { status: 200..=200, ..all() }).await, [6, 5, 4, 1]);
        assert_eq!(times(&store, Filter { actor: Some("sct_b".into()), ..all() }).await, [4]);
        let none = Filter { actor: Some("sct_b".into()), status: 400..=999, ..all() };
        assert_eq!(times(&store, none).await, [0_i64; 0]);
        assert_eq!(times(&store, Filter { method: Some("GET".into()), ..all() }).await, [5]);
        assert_eq!(times(&store, Filter { request_id: Some("mine".into()), ..all() }).await, [5]);
        assert_eq!(times(&store, resource("usr_1")).await, [1]);
        assert_eq!(times(&store, resource("usr_6_1")).await, [6], "in an operation of a bulk request");
        let window = Filter { from: LogKey::first_of(2), before: LogKey::first_of(5), ..all() };
        assert_eq!(times(&store, window).await, [4, 3, 2]);
        assert_eq!(times(&store, text("REFUSED A")).await, [2]);
        assert_eq!(times(&store, text("/users/usr_4")).await, [4]);
        assert_eq!(times(&store, text("50% of")).await, [4]);
        assert_eq!(times(&store, text("5_% of")).await, [0_i64; 0]);
    });
}

#[test]
fn packs_that_overlap_are_read_in_the_order_of_their_requests() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        let of = |times: &[i64]| times.iter().map(|ms| entry(acme.tenant, *ms)).collect::<Vec<_>>();
        let failed = Entry { status: 404, ..entry(acme.tenant, 35) };
        insert(&store, of(&[1, 40, 90]), Vec::new()).await;
        insert(&store, of(&[2, 30, 50]), Vec::new()).await;
        insert_apart(&store, (60..80).map(|ms| entry(acme.tenant, ms)).collect(), &[]).await;
        insert(&store, vec![entry(acme.tenant, 20), failed], Vec::new()).await;
        let expected: Vec<i64> = [90].into_iter().chain((60..80).rev()).chain([50, 40, 35, 30, 20, 2, 1]).collect();

        assert_eq!(times(&store, all(acme.tenant)).await, expected);

        let mut before = LogKey::MAX;
        for ms in expected {
            let page = list(&store, Filter { before, ..all(acme.tenant) }, 1).await;
            assert_eq!(page.entries.iter().map(|entry| entry.key.at()).collect::<Vec<_>>(), [ms]);
            before = page.next.unwrap();
        }
    });
}

#[test]
fn a_page_looks_at_so_many_entries_and_the_next_goes_on() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        let many = i64::from(LOOKED_AT_MAX) + 10;
        let odd = Entry { method: "DELETE".into(), ..entry(acme.tenant, 1) };
        let entries = std::iter::once(odd).chain((2..=many).map(|ms| entry(acme.tenant, ms))).collect();
        insert(&store, entries, Vec::new()).await;
        let deletes = |before| Filter { method: Some("DELETE".into()), before, ..all(acme.tenant) };

        let first = list(&store, deletes(LogKey::MAX), 10).await;
        let second = list(&store, deletes(first.next.unwrap()), 10).await;

        assert_eq!((first.entries.len(), first.next), (0, Some(LogKey::first_of(11))));
        assert_eq!((second.entries.len(), second.next), (1, None));
    });
}

#[test]
fn one_is_read_with_its_operations_and_not_by_another_tenant() {
    each_engine(async |store| {
        let (acme, other) = (Directory::new(&store, "acme").await, Directory::new(&store, "other").await);
        let operations = vec![operation(acme.tenant, 1, 1), operation(acme.tenant, 1, 0)];
        insert(&store, vec![entry(acme.tenant, 1)], operations.clone()).await;

        let mine = get(&store, Some(acme.tenant), 1).await.unwrap();

        assert_eq!(mine.entry, entry(acme.tenant, 1));
        assert_eq!(mine.operations, [operations[1].clone(), operations[0].clone()]);
        assert_eq!(get(&store, None, 1).await, Some(mine));
        assert_eq!(get(&store, Some(other.tenant), 1).await, None);
        assert_eq!(get(&store, None, 2).await, None);
    });
}

#[test]
fn the_oldest_are_forgotten_first_with_their_operations() {
    each_engine(async |store| {
        let (acme, other) = (Directory::new(&store, "acme").await, Directory::new(&store, "other").await);
        let entries = (1..=9).map(|ms| entry(if ms % 3 == 0 { other.tenant } else { acme.tenant }, ms)).collect();
        let operations: Vec<_> = (1..=9).map(|ms| operation(acme.tenant, ms, 0)).collect();
        insert_apart(&store, entries, &operations).await;
        let prune = async |ms: i64, take: u32| {
            let key = LogKey::first_of(ms);
            store.write(move |tx| Box::pin(async move { request_log::prune(tx, key, take).await })).await.unwrap()
        };

        assert_eq!(prune(5, 3).await, 3);
        assert_eq!(prune(5, 3).await, 1);
        assert_eq!(prune(5, 3).await, 0);

        assert_eq!(times(&store, all(acme.tenant)).await, [8, 7, 5]);
        assert_eq!(times(&store, all(other.tenant)).await, [9, 6]);
        let about = |id: &str| times(&store, Filter { resource: Some(id.into()), ..all(acme.tenant) });
        assert_eq!(about("usr_2").await, [0_i64; 0]);
        assert_eq!(about("usr_2_0").await, [0_i64; 0]);
        assert_eq!(about("usr_5_0").await, [5]);
    });
}

#[test]
fn a_tenant_keeps_its_newest() {
    each_engine(async |store| {
        let (acme, other) = (Directory::new(&store, "acme").await, Directory::new(&store, "other").await);
        let entries = (1..=9).map(|ms| entry(if ms == 1 { other.tenant } else { acme.tenant }, ms)).collect();
        insert_apart(&store, entries, &[]).await;
        let tenant = acme.tenant;
        let end_of = async |newest: u32| {
            let read = store.read(move |tx| Box::pin(request_log::end_of_newest(tx, tenant, newest)));
            read.await.unwrap()
        };

        let end = end_of(3).await.unwrap();
        let prune = store.write(move |tx| Box::pin(request_log::prune_tenant(tx, tenant, end, 100)));

        assert_eq!(prune.await.unwrap(), 5);
        assert_eq!(end_of(4).await, None);
        assert_eq!(times(&store, all(tenant)).await, [9, 8, 7]);
        assert_eq!(times(&store, all(other.tenant)).await, [1]);
    });
}

#[test]
fn a_pack_is_forgotten_when_all_of_it_may_be() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        insert(&store, (1..=4).map(|ms| entry(acme.tenant, ms)).collect(), Vec::new()).await;
        let prune = async |ms: i64| {
            let key = LogKey::first_of(ms);
            store.write(move |tx| Box::pin(async move { request_log::prune(tx, key, 1).await })).await.unwrap()
        };

        assert_eq!(prune(4).await, 0);
        assert_eq!(times(&store, all(acme.tenant)).await, [4, 3, 2, 1]);
        assert_eq!(prune(5).await, 4);
        assert_eq!(times(&store, all(acme.tenant)).await, [0_i64; 0]);
    });
}
