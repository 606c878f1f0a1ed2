//! Random resources, random filters and orders: the database and the in-memory filter agree.

use std::sync::Arc;

use proptest::prelude::*;
use scim::filter::Filter;
use scim::id::ResourceId;
use scim::json::Json;
use scim::query::{Cursor, ListQuery, Page, Sort, SortKey, SortOrder};
use scim::resource::{Member, Representation};
use scim::schema::{ResourceType, core};
use serde_json::json;
use store::members::{self, Membership};

use crate::directory::{BADGE, BASE, Directory, device, group, group_json, registry, user};
use crate::harness::each_engine;

/// Texts that collide, and that fold into each other.
const TEXTS: [&str; 8] = ["a", "A", "ab", "aB\u{df}", "abSS", "b", "", "\u{10ffff}"];

fn text() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(&TEXTS[..])
}

/// A user.
fn person() -> impl Strategy<Value = Json> {
    let emails = prop::collection::vec((text(), prop::option::of(text())), 0..3);
    let some = || prop::option::of(text());
    (text(), some(), some(), some(), some(), some(), prop::option::of(any::<bool>()), emails).prop_map(
        |(name, external_id, display, title, department, color, active, emails)| {
            let emails: Vec<_> = emails
                .into_iter()
                .filter(|(value, _)| !value.is_empty())
                .map(|(value, kind)| json!({ "value": format!("{value}@x"), "type": kind }))
                .collect();
            json!({
                "userName": name, "externalId": external_id, "displayName": display, "title": title,
                "active": active, "emails": emails, core::ENTERPRISE_USER: { "department": department },
                BADGE: { "color": color }
            })
        },
    )
}

/// A resource of a type of the tenant's own.
fn thing() -> impl Strategy<Value = Json> {
    let some = || prop::option::of(text());
    let number = || {
        prop::option::of(prop_oneof![
            Just(json!(0)),
            Just(json!(-1)),
            Just(json!(u64::MAX)),
            (0..4).prop_map(|n| json!(n))
        ])
    };
    let seen = prop::option::of((0..4_u8).prop_map(|second| format!("1970-01-01T02:00:0{second}+02:00")));
    let ports = prop::collection::vec((some(), number()), 0..3);
    (some(), number(), seen, prop::collection::vec(any::<bool>(), 0..2), ports).prop_map(
        |(display, size, seen, active, ports)| {
            let ports: Vec<_> =
                ports.into_iter().map(|(value, number)| json!({ "value": value, "number": number })).collect();
            json!({ "displayName": display, "size": size, "seen": seen, "active": active, "ports": ports })
        },
    )
}

/// Who of the resources before it belongs to each group, as numbers that are taken modulo.
fn groups() -> impl Strategy<Value = Vec<(&'static str, Vec<usize>)>> {
    prop::collection::vec((text(), prop::collection::vec(any::<usize>(), 0..4)), 0..5)
}

/// Filters; `#0` to `#9` stand for ids.
fn filter() -> impl Strategy<Value = String> {
    let operator = || proptest::sample::select(&["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"][..]);
    let name = proptest::sample::select(
        &[
            "userName",
            "externalId",
            "displayName",
            "title",
            "emails",
            "emails.value",
            "emails.type",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
            "urn:example:2.0:Badge:color",
            "serial",
            "ports",
            "ports.value",
            "id",
            "groups.display",
            "members.display",
            "members.type",
            "meta.resourceType",
            "schemas",
        ][..],
    );
    let equality = || proptest::sample::select(&["eq", "ne"][..]);
    let leaf = prop_oneof![
        5 => (name.clone(), operator(), text()).prop_map(|(name, op, text)| format!("{name} {op} {}", Json::from(text))),
        1 => (name.clone(), operator()).prop_map(|(name, op)| format!("{name} {op} \"{}\"", if name == "emails" { "a@x" } else { "User" })),
        2 => (name, ).prop_map(|(name,)| format!("{name} pr")),
        1 => (equality(), any::<bool>()).prop_map(|(op, value)| format!("active {op} {value}")),
        1 => Just("active pr".to_owned()),
        1 => Just("urn:example:2.0:Badge pr".to_owned()),
        2 => (proptest::sample::select(&["size", "ports.number"][..]), proptest::sample::select(&["eq", "ne", "gt", "ge", "lt", "le"][..]), proptest::sample::select(&["0", "-1", "1", "2", "1.0", "1.5", "18446744073709551615"][..]))
            .prop_map(|(name, op, number)| format!("{name} {op} {number}")),
        1 => (operator(), text(), 0..4).prop_map(|(op, text, number)| format!("ports[value {op} {} and number eq {number}]", Json::from(text))),
        1 => Just("title eq null".to_owned()),
        2 => (proptest::sample::select(&["meta.created", "meta.lastModified", "seen"][..]), proptest::sample::select(&["eq", "ne", "gt", "ge", "lt", "le"][..]), 0..12_u8)
            .prop_map(|(name, op, second)| format!("{name} {op} \"1970-01-01T00:00:{:02}Z\"", second * 2)),
        2 => (proptest::sample::select(&["id", "members.value", "members", "groups.value", "groups"][..]), equality(), 0..10_u8)
            .prop_map(|(name, op, id)| format!("{name} {op} \"#{id}\"")),
        2 => (operator(), text(), operator(), text(), proptest::sample::select(&["and", "or"][..]), any::<bool>()).prop_map(|(a, x, b, y, word, not)| {
            let first = format!("type {a} {}", Json::from(x));
            let first = if not { format!("not ({first})") } else { first };
            format!("emails[{first} {word} value {b} {}]", Json::from(y))
        }),
        1 => (operator(), text()).prop_map(|(op, text)| format!("emails[value {op} {}]", Json::from(text))),
        1 => (equality(), 0..10_u8).prop_map(|(op, id)| format!("members[value {op} \"#{id}\"]")),
        1 => (0..10_u8).prop_map(|id| format!("groups[type eq \"direct\" and value eq \"#{id}\"]")),
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("({one}) and ({other})")),
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("({one}) or ({other})")),
            inner.prop_map(|inner| format!("not ({inner})")),
        ]
    })
}

fn sort() -> impl Strategy<Value = Option<Sort>> {
    let by = proptest::sample::select(
        &[
            "userName",
            "externalId",
            "displayName",
            "title",
            "emails",
            "active",
            "meta.created",
            "meta.lastModified",
            "id",
            "size",
            "seen",
        ][..],
    );
    let order = prop_oneof![Just(SortOrder::Ascending), Just(SortOrder::Descending)];
    prop::option::of((by, order).prop_map(|(by, order)| Sort { by: by.parse().unwrap(), order }))
}

/// Everything there is, whole, in the order of creation.
async fn everything(directory: &Directory, all: &[ResourceId]) -> Vec<(ResourceId, Arc<ResourceType>, Json)> {
    let mut resources = Vec::new();
    for id in all {
        let stored = directory.get(*id).await.unwrap();
        let (tenant, key) = (directory.tenant, stored.key);
        let (members, groups) = directory
            .store
            .read(move |tx| {
                Box::pin(async move {
                    Ok((members::of(tx, tenant, &[key]).await?, members::groups_of(tx, tenant, &[key]).await?))
                })
            })
            .await
            .unwrap();
        let shown = |found: Option<&Vec<Membership>>| Some(found?.iter().map(shown).collect());
        let representation = Representation {
            resource_type: Arc::clone(&stored.resource_type),
            id: stored.id,
            version: stored.version,
            created: stored.created,
            modified: stored.modified,
            body: stored.body.clone(),
            members: shown(members.get(&key)),
            member_of: shown(groups.get(&key)),
        };
        resources.push((*id, Arc::clone(&stored.resource_type), representation.to_json(BASE).unwrap()));
    }
    resources
}

fn shown(membership: &Membership) -> Member {
    let registry = registry();
    let resource_type = registry.type_keyed(membership.resource_type).unwrap();
    Member {
        id: membership.id,
        type_name: resource_type.name.clone(),
        endpoint: resource_type.endpoint.clone(),
        display: membership.display.clone(),
        direct: membership.direct,
    }
}

/// What a query should find, in order.
fn expected(
    everything: &[(ResourceId, Arc<ResourceType>, Json)],
    types: &[Arc<ResourceType>],
    filter: &Filter,
    sort: Option<&Sort>,
) -> Vec<ResourceId> {
    let hits = everything.iter().enumerate().filter(|(_, (_, resource_type, json))| {
        types.contains(resource_type) && filter.holds(resource_type, json).unwrap_or(false)
    });
    let mut hits: Vec<(usize, ResourceId, Option<SortKey>)> = hits
        .map(|(place, (id, resource_type, json))| {
            let target = sort.and_then(|sort| sort.target(resource_type));
            (place, *id, target.and_then(|target| Sort::key(&target, json)))
        })
        .collect();
    if let Some(sort) = sort {
        hits.sort_by(|one, other| sort.compare(one.2.as_ref(), other.2.as_ref(), one.0.cmp(&other.0)));
    }
    hits.into_iter().map(|(_, id, _)| id).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_database_finds_what_the_filter_says_in_the_order_that_was_asked_for(
        people in prop::collection::vec(person(), 0..12),
        groups in groups(),
        things in prop::collection::vec(thing(), 0..5),
        queries in prop::collection::vec((filter(), sort(), 0..5_u8, 1..5_u32), 30),
    ) {
        each_engine(async |store| {
            let acme = Directory::new(&store, "acme").await;
            let mut all = Vec::new();
            for person in &people {
                let mut person = person.clone();
                // A userName is required, and unique.
                let name = format!("{}{}", person["userName"].as_str().unwrap(), all.len());
                person["userName"] = name.into();
                all.push(acme.create_user(person).await);
            }
            for (name, members) in &groups {
                let members: Vec<ResourceId> = match all.len() {
                    0 => Vec::new(),
                    count => members.iter().map(|member| all[member % count]).collect(),
                };
                let name = if name.is_empty() { "empty" } else { name };
                all.push(acme.try_create(&group(), group_json(name, &members)).await.unwrap().id);
            }
            for thing in &things {
                let mut thing = thing.clone();
                // It is unique.
                thing["serial"] = format!("a{}", all.len()).into();
                all.push(acme.try_create(&device(), thing).await.unwrap().id);
            }
            // Some change later than they were created.
            for id in all.iter().step_by(3) {
                acme.patch(*id, "", json!([{ "op": "add", "path": "externalId", "value": "ab" }])).await.unwrap();
            }
            let everything = everything(&acme, &all).await;

            for (text, sort, types, count) in &queries {
                let types = [
                    vec![user()],
                    vec![group()],
                    vec![user(), group()],
                    vec![device()],
                    vec![user(), group(), device()],
                ][usize::from(*types)]
                .clone();
                let text = (0..10).fold(text.clone(), |text, number| {
                    let id = all.get(number).map_or_else(|| "nobody".to_owned(), ToString::to_string);
                    text.replace(&format!("#{number}"), &id)
                });
                let filter: Filter = text.parse().unwrap();
                if types.iter().all(|resource_type| filter.check(resource_type).is_err()) {
                    continue;
                }
                let expected = expected(&everything, &types, &filter, sort.as_ref());
                let query = |page| ListQuery { filter: Some(filter.clone()), sort: sort.clone(), page, ..Default::default() };

                let (mut paged, mut after, mut start) = (Vec::new(), None, 1);
                loop {
                    let found = acme.query(&types, &query(Page::Cursor { after, count: *count })).await.unwrap();
                    assert_eq!(found.total, expected.len() as u64, "{text}, sorted by {sort:?}");
                    let ids: Vec<_> = found.resources.iter().map(|resource| resource.id).collect();
                    let by_index = acme.query(&types, &query(Page::Index { start, count: *count })).await.unwrap();
                    assert_eq!(by_index.resources, found.resources, "{text}, sorted by {sort:?}, from {start}");
                    assert_eq!(by_index.total, found.total);
                    start += u64::from(*count);
                    paged.extend(ids);
                    after = found.next.map(|position| Cursor { position, total: found.total });
                    if after.is_none() {
                        break;
                    }
                }
                assert_eq!(paged, expected, "{text}, sorted by {sort:?}");
            }
        });
    }
}
