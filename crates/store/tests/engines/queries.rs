//! Lists: totals, pages, orders, lanes.

use std::sync::Arc;

use scim::batch::{Action, Batch, Unit};
use scim::filter::Filter;
use scim::id::ResourceId;
use scim::query::{Cursor, ListQuery, Page, Sort, SortOrder};
use scim::schema::ResourceType;
use serde_json::json;
use store::Lane;
use store::StoreError;
use store::resources::{self, Found, StoredResource};
use store::sql;
use store::sql::Stmt;

use crate::directory::{Directory, adding, group, resource, step, user};
use crate::harness::each_engine;

fn index(start: u64, count: u32) -> ListQuery {
    ListQuery { page: Page::Index { start, count }, ..ListQuery::default() }
}

fn cursor(after: Option<Cursor>, count: u32) -> ListQuery {
    ListQuery { page: Page::Cursor { after, count }, ..ListQuery::default() }
}

pub(crate) fn filter(text: &str) -> ListQuery {
    ListQuery { filter: Some(text.parse::<Filter>().unwrap()), ..ListQuery::default() }
}

pub(crate) fn sorted(by: &str, order: SortOrder) -> ListQuery {
    ListQuery { sort: Some(Sort { by: by.parse().unwrap(), order }), ..ListQuery::default() }
}

fn ids(found: &Found) -> Vec<ResourceId> {
    found.resources.iter().map(|resource| resource.id).collect()
}

/// Users in one write.
async fn many(directory: &Directory, count: usize) -> Vec<ResourceId> {
    let steps = (0..count).map(|index| {
        let json = json!({ "userName": format!("user{index}"), "title": if index % 2 == 0 { "Dr" } else { "Ms" } });
        step(index, directory.new_id(&user()), Action::Create(resource(&user(), json)), &[])
    });
    let units = steps.map(|step| Unit { steps: vec![step] }).collect();
    let outcomes = directory.run(Batch { units, fail_on_errors: None }).await;
    outcomes.into_iter().map(|(_, outcome)| outcome.unwrap().id).collect()
}

/// All pages of a crawl, with what is done between them.
async fn crawl(
    directory: &Directory,
    types: &[Arc<ResourceType>],
    query: &ListQuery,
    count: u32,
    between: impl AsyncFn(usize),
) -> Vec<ResourceId> {
    let (mut seen, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = ListQuery { page: Page::Cursor { after, count }, ..query.clone() };
        let found = directory.query(types, &page).await.unwrap();
        seen.extend(ids(&found));
        pages += 1;
        match found.next {
            Some(position) => after = Some(Cursor { position, total: found.total }),
            None => return seen,
        }
        between(pages).await;
    }
}

/// 3,000 users, each a hundred keys behind the one before, as when many tenants create users at the same time.
async fn many_far_apart(acme: &Directory) {
    static USERS: Stmt = sql! {
        sqlite: "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
                 INSERT INTO resources (tenant, pk, type, id, version, created, modified, body)
                 SELECT $1, 100 * i, 1, cast('usr' || printf('%016d', i) AS BLOB), 1, 0, 0, '{}' FROM n",
        postgres: "INSERT INTO resources (tenant, pk, type, id, version, created, modified, body)
                   SELECT $1, 100 * i, 1, convert_to('usr' || lpad(cast(i AS text), 16, '0'), 'UTF8'), 1, 0, 0, '{}'
                   FROM generate_series(1, 3000) AS i",
    };
    static BLOCKS: Stmt = sql! {
        sqlite: "INSERT INTO resource_blocks (tenant, type, block, resources)
                 SELECT tenant, type, pk >> 10, count(*) FROM resources WHERE tenant = $1 GROUP BY 1, 2, 3",
        postgres: "WITH counted AS (
                       INSERT INTO resource_blocks (tenant, type, block, shard, resources)
                       SELECT tenant, type, pk >> 10, pk & 3, count(*) FROM resources WHERE tenant = $1
                       GROUP BY 1, 2, 3, 4)
                   INSERT INTO resource_spans (tenant, type, span, shard, resources)
                   SELECT tenant, type, pk >> 16, 5, count(*) FROM resources WHERE tenant = $1 GROUP BY 1, 2, 3",
    };
    let tenant = acme.tenant;
    let written = acme.store.write(move |tx| {
        Box::pin(async move {
            tx.execute(&USERS, &[tenant.into()]).await?;
            tx.execute(&BLOCKS, &[tenant.into()]).await
        })
    });
    written.await.unwrap();
}

#[test]
fn a_page_begins_where_its_index_says_however_far_down() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        many_far_apart(&acme).await;
        let place = |resource: &StoredResource| {
            std::str::from_utf8(&resource.id.to_bytes()[3..]).unwrap().parse::<u64>().unwrap()
        };

        for start in [1, 1024, 1025, 1026, 1312, 1967, 1968, 2500, 2998, 3000, 3001, 9000] {
            let found = acme.query(&[user()], &index(start, 3)).await.unwrap();

            let places: Vec<u64> = found.resources.iter().map(place).collect();
            assert_eq!((found.total, places), (3000, (start..start + 3).filter(|place| *place <= 3000).collect()));
        }
    });
}

#[test]
fn an_index_finds_any_page_in_the_order_of_creation() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        let other = Directory::new(&store, "other").await;
        many(&other, 700).await;
        let mut users = many(&acme, 3000).await;
        for gone in [2500, 1500, 3] {
            acme.delete(users.remove(gone), "").await.unwrap();
        }

        for start in [1, 2, 1000, 1025, 1026, 1500, 2048, 2050, 2990] {
            let found = acme.query(&[user()], &index(start, 5)).await.unwrap();
            let start = usize::try_from(start).unwrap() - 1;
            assert_eq!(ids(&found), users[start..(start + 5).min(users.len())], "from {start}");
            assert_eq!((found.total, found.next), (2997, None));
        }
        for start in [2998, 1_000_000, u64::MAX] {
            let found = acme.query(&[user()], &index(start, 5)).await.unwrap();
            assert_eq!((found.total, found.resources), (2997, vec![]));
        }
    });
}

#[test]
fn a_count_of_0_gives_the_total_only() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        many(&acme, 3).await;

        for query in [index(1, 0), cursor(None, 0)] {
            for query in [
                query.clone(),
                ListQuery { filter: filter("userName sw \"user\"").filter, ..query.clone() },
                ListQuery { filter: filter("title pr").filter, ..query },
            ] {
                let found = acme.query(&[user()], &query).await.unwrap();
                assert_eq!((found.total, found.resources, found.next), (3, vec![], None));
            }
        }
    });
}

#[test]
fn a_crawl_by_cursor_sees_each_resource_that_lives_throughout_exactly_once() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        let users = many(&acme, 30).await;
        let queries = [
            ListQuery::default(),
            filter("userName sw \"user\""),
            filter("not (title eq \"Prof\")"),
            sorted("title", SortOrder::Ascending),
            sorted("title", SortOrder::Descending),
            sorted("meta.created", SortOrder::Descending),
            sorted("externalId", SortOrder::Descending),
            sorted("userName", SortOrder::Ascending),
        ];

        for (round, query) in queries.iter().enumerate() {
            let seen = crawl(&acme, &[user()], query, 7, async |page| {
                let name = format!("user{round}-{page}");
                let new = acme.create_user(json!({ "userName": name, "title": "Dr" })).await;
                acme.patch(users[page], "", json!([{ "op": "add", "path": "nickName", "value": name }])).await.unwrap();
                if page % 2 == 0 {
                    acme.delete(new, "").await.unwrap();
                }
            })
            .await;

            for user in &users {
                assert_eq!(seen.iter().filter(|seen| *seen == user).count(), 1, "{user} in {query:?}");
            }
        }
    });
}

#[test]
fn several_types_are_searched_as_one_list() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        let ana = acme.user("ana").await;
        let staff = acme.group("Staff", &[ana]).await;
        let bob = acme.create_user(json!({ "userName": "bob", "displayName": "Staff" })).await;
        let crew = acme.group("Crew", &[]).await;
        let both = [user(), group()];

        let all = acme.query(&both, &index(1, 10)).await.unwrap();
        assert_eq!((ids(&all), all.total), (vec![ana, staff, bob, crew], 4));
        assert_eq!(ids(&acme.query(&both, &index(2, 2)).await.unwrap()), [staff, bob]);
        assert_eq!(crawl(&acme, &both, &ListQuery::default(), 3, async |_| ()).await, [ana, staff, bob, crew]);

        for (text, expected) in [
            ("displayName eq \"staff\"", vec![staff, bob]),
            ("userName eq \"ana\"", vec![ana]),
            ("meta.resourceType eq \"Group\"", vec![staff, crew]),
            ("id eq \"nothing of ours\"", vec![]),
        ] {
            assert_eq!(ids(&acme.query(&both, &filter(text)).await.unwrap()), expected, "{text}");
        }
        let by_name = acme.query(&both, &sorted("displayName", SortOrder::Ascending)).await.unwrap();
        assert_eq!(ids(&by_name), [crew, staff, bob, ana]);
    });
}

#[test]
fn an_order_puts_those_without_a_value_last_or_first() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        let person = async |name: &str, title: Option<&str>, id: Option<&str>, active: Option<bool>| {
            let mut json = json!({ "userName": name });
            json["title"] = title.into();
            json["externalId"] = id.into();
            json["active"] = active.into();
            acme.create_user(json).await
        };
        let one = person("c", Some("b"), Some("B"), Some(true)).await;
        let two = person("B", None, None, None).await;
        let three = person("a", Some("A"), Some("a"), Some(false)).await;
        let four = person("d", Some("B"), Some("B"), Some(false)).await;

        for (by, expected) in [
            ("userName", [three, two, one, four]),
            ("title", [three, one, four, two]),
            ("externalId", [one, four, three, two]),
            ("active", [three, four, one, two]),
            ("id", [one, two, three, four]),
            ("meta.created", [one, two, three, four]),
            ("meta.lastModified", [one, two, three, four]),
        ] {
            let ascending = acme.query(&[user()], &sorted(by, SortOrder::Ascending)).await.unwrap();
            assert_eq!(ids(&ascending), expected, "{by}");
            let descending = acme.query(&[user()], &sorted(by, SortOrder::Descending)).await.unwrap();
            assert_eq!(ids(&descending), expected.into_iter().rev().collect::<Vec<_>>(), "{by}");
            for order in [SortOrder::Ascending, SortOrder::Descending] {
                let query = sorted(by, order);
                let whole = ids(&acme.query(&[user()], &query).await.unwrap());
                assert_eq!(crawl(&acme, &[user()], &query, 1, async |_| ()).await, whole, "{by} {order:?}");
            }
        }
    });
}

#[test]
fn groups_and_users_are_found_by_membership() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        let (ana, bob) = (acme.user("ana").await, acme.user("bob").await);
        let inner = acme.group("Inner", &[ana]).await;
        let outer = acme.group("Outer", &[bob]).await;
        acme.patch(outer, "", adding(&[inner])).await.unwrap();

        for (resource_type, text, expected) in [
            (group(), format!("members.value eq \"{ana}\""), vec![inner]),
            (group(), format!("members[value eq \"{inner}\"]"), vec![outer]),
            (group(), format!("not (members eq \"{ana}\")"), vec![outer]),
            (group(), "members.type eq \"Group\"".into(), vec![outer]),
            (group(), "members pr".into(), vec![inner, outer]),
            (user(), format!("groups.value eq \"{outer}\""), vec![ana, bob]),
            (user(), format!("groups eq \"{outer}\" and userName eq \"ANA\""), vec![ana]),
            (user(), format!("groups[value eq \"{outer}\" and type eq \"indirect\"]"), vec![ana]),
            (user(), "groups.display eq \"inner\"".into(), vec![ana]),
        ] {
            let found = acme.query(&[resource_type], &filter(&text)).await.unwrap();
            assert_eq!(ids(&found), expected, "{text}");
            assert_eq!(found.total, expected.len() as u64);
        }
    });
}

#[test]
fn queries_go_to_the_lane_that_they_belong_on() {
    let lane = |query: &ListQuery| resources::lane(&Directory::scope(&[user()]), query);
    for text in [
        "userName eq \"ana\"",
        "externalId eq \"7\"",
        "emails[type eq \"work\" and value eq \"a@x\"]",
        "id eq \"nothing of ours\"",
        "meta.lastModified gt \"2026-01-01T00:00:00Z\"",
        "groups.value eq \"grp_06EKJ3T9X8R4M1V5W7Y0ZABCDE\" or userName sw \"a\"",
    ] {
        assert_eq!(lane(&filter(text)), Lane::Near, "{text}");
    }
    for text in ["title eq \"Dr\"", "userName co \"a\"", "not (userName eq \"a\")", "userName eq \"a\" or title pr"] {
        assert_eq!(lane(&filter(text)), Lane::Slow, "{text}");
    }
    assert_eq!(lane(&index(1, 100)), Lane::Near);
    assert_eq!(lane(&index(1, 1000)), Lane::Fast);
    assert_eq!(lane(&index(900_000, 100)), Lane::Fast);
    assert_eq!(lane(&sorted("userName", SortOrder::Descending)), Lane::Near);
    assert_eq!(lane(&sorted("title", SortOrder::Ascending)), Lane::Slow);
}

#[test]
fn the_fast_lane_gives_up_on_a_query_that_reads_much() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        let most = Lane::Fast.rows_max();
        many(&acme, most).await;
        let query = Arc::new(filter("userName sw \"user\" and title eq \"Dr\""));
        let scope = Arc::new(Directory::scope(&[user()]));
        let run = async |lane| {
            let (tenant, scope, query) = (acme.tenant, Arc::clone(&scope), Arc::clone(&query));
            let found =
                store.read(move |tx| Box::pin(async move { resources::query(tx, tenant, &scope, &query, lane).await }));
            found.await.map(|found| found.total)
        };

        assert_eq!(run(Lane::Fast).await, Ok(most as u64 / 2));
        acme.user("user-one-too-many").await;
        assert!(matches!(run(Lane::Fast).await, Err(StoreError::TooExpensive(_))));
        assert_eq!(run(Lane::Slow).await, Ok(most as u64 / 2));
    });
}

#[test]
fn a_crawl_that_looks_at_resources_goes_on_where_it_was() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        let users = many(&acme, Lane::Fast.rows_max() + 1).await;
        let scope = Arc::new(Directory::scope(&[user()]));
        let page = async |after, lane| {
            let query = ListQuery { page: Page::Cursor { after, count: 10 }, ..filter("title co \"r\"") };
            let (tenant, scope) = (acme.tenant, Arc::clone(&scope));
            store
                .read(move |tx| Box::pin(async move { resources::query(tx, tenant, &scope, &query, lane).await }))
                .await
        };
        assert!(matches!(page(None, Lane::Fast).await, Err(StoreError::TooExpensive(_))), "the first page counts");
        let first = page(None, Lane::Slow).await.unwrap();

        let after = Cursor { position: first.next.unwrap(), total: first.total };
        let second = page(Some(after), Lane::Fast).await.unwrap();

        assert_eq!(second.total, first.total);
        let of_doctors: Vec<_> = users.iter().step_by(2).skip(10).take(10).copied().collect();
        assert_eq!(ids(&second), of_doctors);
    });
}

#[test]
fn the_longest_and_the_deepest_filters_are_answered() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        let ana = acme.create_user(json!({ "userName": "ana", "emails": [{ "value": "ana@x" }] })).await;
        let any_of = |leaf: &str, count| vec![leaf; count].join(" or ");
        let nested = |leaf: &str| format!("{}{leaf}{}", "not (".repeat(48), ")".repeat(48));

        for text in [
            any_of("userName eq \"ana\"", 100),
            any_of("emails.value co \"ana\"", 100),
            any_of("emails[value ew \"x\"]", 60),
            any_of("title eq null", 60),
            nested("userName eq \"ana\""),
            nested("emails.value eq \"ana@x\""),
            nested("title eq null"),
        ] {
            let found = acme.query(&[user()], &filter(&text)).await.unwrap();
            assert_eq!(ids(&found), [ana], "{text}");
        }
    });
}
