//! A tenant in a file, written on one engine and read on another.

use std::io::{self, BufReader, Read, Write};
use std::sync::{Arc, Mutex};

use scim::id::Id;
use scim::schema::{CustomType, Registry, SchemaDraft};
use serde_json::json;
use store::applications::{self, NewApplication};
use store::resources::apply::UniqueAttribute;
use store::schemas;
use store::scim_tokens::{self, NewToken, SecretMark};
use store::sql::Stmt;
use store::tenants::{self, TenantSettings};
use store::transfer::export::{Contents, export};
use store::transfer::file::{End, LINE_BYTES_MAX};
use store::transfer::import::{Imported, Place, Refusal, import};
use store::usage::{self, HourUse};
use store::{Store, StoreError, TenantKey, sql};

use crate::directory::{Directory, adding, group, registry};
use crate::harness::{each_engine, on_postgres, on_sqlite};
use crate::invariants::expect_sound;

pub(crate) const WHOLE: Contents = Contents { credentials: true, history: true, now: 1_800_000_000_000 };

/// A place to write to that can be looked at afterwards.
#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(crate) async fn written(store: &Store, tenant: TenantKey, contents: Contents) -> String {
    written_by(store, tenant, registry(), contents).await
}

pub(crate) async fn written_by(
    store: &Store,
    tenant: TenantKey,
    registry: Arc<Registry>,
    contents: Contents,
) -> String {
    let buffer = Buffer::default();
    let mut out = buffer.clone();
    let exported =
        store.read(move |tx| Box::pin(async move { export(tx, tenant, &registry, contents, &mut out).await }));
    exported.await.unwrap().unwrap();
    String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap()
}

async fn read_from(store: &Store, input: impl Read + Send + 'static, slug: Option<&str>) -> Result<Imported, Refusal> {
    let input = Mutex::new(Some(BufReader::new(input)));
    let input = Arc::new(input);
    let place = Place { slug: slug.map(str::to_owned), registry: registry(), unique: group_names };
    let imported = store.write(move |tx| {
        let (input, place) = (input.lock().unwrap().take().unwrap(), place.clone());
        Box::pin(async move { import(tx, Box::new(input), &place).await })
    });
    imported.await.unwrap()
}

pub(crate) async fn read(store: &Store, text: &str) -> Result<Imported, Refusal> {
    read_from(store, io::Cursor::new(text.to_owned()), None).await
}

fn group_names(_: TenantSettings, _: &Registry) -> Vec<UniqueAttribute> {
    vec![UniqueAttribute { resource_type: group().key, attribute: "displayName".into() }]
}

/// A tenant with something in every table, and another one beside it whose rows lie between.
pub(crate) async fn a_tenant(store: &Store) -> Directory {
    let other = Directory::new(store, "other").await;
    let mut acme = Directory::new(store, "acme").await;
    acme.unique = group_names(TenantSettings::default(), &registry());
    let ana = acme.create_user(json!({
        "userName": "Ana", "externalId": "1", "active": true, "password": "secret", "displayName": "Ana \"A\" \u{1f600}\n",
        "emails": [{"value": "ana@example.com"}, {"value": "ana@home.example"}],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "\\u0000"},
    })).await;
    let staff = acme.group("Staff", &[ana]).await;
    other.user("bob").await;
    define_something(store, other.tenant).await;
    let bob = acme.user("bob").await;
    acme.group("All", &[staff, bob]).await;
    acme.patch(staff, "", adding(&[bob])).await.unwrap();
    let gone = acme.user("gone").await;
    acme.patch(staff, "", adding(&[gone])).await.unwrap();
    acme.delete(gone, "").await.unwrap();
    credentials(store, acme.tenant).await;
    acme.events().await;
    acme
}

/// Rows in the tables of definitions.
async fn define_something(store: &Store, tenant: TenantKey) {
    let schema = json!({ "id": "urn:example:2.0:Tool", "attributes": [{ "name": "edge", "indexed": true }] });
    let resource_type = json!({ "name": "Tool", "endpoint": "/Tools", "schema": "urn:example:2.0:Tool" });
    let schema: SchemaDraft = serde_json::from_value(schema).unwrap();
    let own = CustomType { key: 100, draft: serde_json::from_value(resource_type).unwrap() };
    let defined = store.write(move |tx| {
        let (schema, own) = (schema.clone(), own.clone());
        Box::pin(async move {
            schemas::count_change(tx, tenant, true).await?;
            schemas::put_schema(tx, tenant, &schema, 7).await?;
            schemas::put_type(tx, tenant, &own, 7).await?;
            let mut definitions = schemas::load(tx, tenant).await?;
            schemas::change::list_indexes(tx, tenant, &mut definitions).await
        })
    });
    defined.await.unwrap();
}

async fn credentials(store: &Store, tenant: TenantKey) {
    let made = store.write(move |tx| {
        Box::pin(async move {
            let secret = |byte: u8| SecretMark { hash: [byte; 32], prefix: "scim_ab".into(), last_four: "wxyz".into() };
            let token = NewToken {
                id: Id::new(*b"sct", 1),
                name: "Okta".into(),
                description: Some("for \"Okta\"".into()),
                secret: secret(1),
                scopes: 63,
                allowed_ips: vec!["10.0.0.0/8".into()],
                identity_provider: "okta".into(),
                expires_at: None,
                created_by: "app_1".into(),
            };
            scim_tokens::insert(tx, tenant, &token, 5).await?;
            scim_tokens::rotate(tx, Some(tenant), token.id, &secret(2), 90, 6).await?;
            let application = NewApplication {
                tenant: Some(tenant),
                id: Id::new(*b"app", 1),
                client_id: "client".into(),
                name: "Sync".into(),
                description: None,
                scopes: "scim:read".into(),
                role: None,
                hash: [0xab; 32],
                last_four: "1234".into(),
                created_by: "cli".into(),
            };
            applications::insert(tx, &application, 7).await?;
            let mut hour = HourUse::none(tenant, 7_200_000);
            (hour.requests, hour.errors) = (3, 1);
            usage::record(tx, &[], &[hour]).await
        })
    });
    made.await.unwrap();
}

/// What one of the engines wrote, and what the other did.
fn files(contents: Contents) -> Vec<String> {
    let files = Mutex::new(Vec::new());
    each_engine(async |store| {
        let acme = a_tenant(&store).await;
        let file = written(&store, acme.tenant, contents).await;
        files.lock().unwrap().push(file);
    });
    files.into_inner().unwrap()
}

#[test]
fn a_tenant_comes_out_of_its_file_as_it_went_in_whichever_engine_wrote_it_and_whichever_reads_it() {
    let files = files(WHOLE);
    assert_eq!(files[0], files[1]);

    for file in &files {
        each_engine(async |store| {
            // So that numbers are others here.
            Directory::new(&store, "here").await.user("bob").await;

            let imported = read(&store, file).await.unwrap();

            assert_eq!((imported.tenant.slug.as_str(), imported.end.rows["resources"]), ("acme", 4));
            assert_eq!(written(&store, imported.tenant.key, WHOLE).await, *file);
            expect_sound(&Directory::of(&store, imported.tenant.key, 0)).await;
        });
    }
}

#[test]
fn the_file_is_what_its_documentation_says() {
    let file = files(WHOLE).remove(0);

    let lines: Vec<&str> = file.lines().collect();
    insta::assert_snapshot!(file.replace(env!("CARGO_PKG_VERSION"), "VERSION").replace(&last_sum(&file), "SUM"));
    assert_eq!(lines.iter().filter(|line| line.starts_with("{\"events\":")).count(), 9);
}

fn last_sum(file: &str) -> String {
    let end: serde_json::Value = serde_json::from_str(file.lines().last().unwrap()).unwrap();
    end["end"]["sha256"].as_str().unwrap().to_owned()
}

#[test]
fn what_was_imported_is_used_like_any_other_tenant() {
    let file = files(WHOLE).remove(0);
    each_engine(async |store| {
        let imported = read(&store, &file).await.unwrap();
        let mut acme = Directory::of(&store, imported.tenant.key, 100);
        acme.unique = group_names(TenantSettings::default(), &registry());

        let eve = acme.user("eve").await;
        let taken = acme.try_create(&crate::directory::user(), json!({"userName": "ANA"})).await;
        let (_, secret) = store
            .read(move |tx| Box::pin(async move { scim_tokens::by_hash(tx, imported.tenant.key, &[1; 32]).await }))
            .await
            .unwrap()
            .unwrap();

        assert!(taken.is_err());
        assert_eq!(secret, scim_tokens::Secret::Previous);
        let last = acme.last_event().await;
        assert_eq!((last.seq, last.resource), (10, eve));
        expect_sound(&acme).await;
    });
}

#[test]
fn credentials_are_left_out_when_asked_for_and_nothing_else() {
    let files = files(Contents { credentials: false, ..WHOLE });
    for file in files {
        assert!(!file.contains("hash"), "{file}");
        assert!(!file.contains("secret"), "{file}");
        each_engine(async |store| {
            let imported = read(&store, &file).await.unwrap();
            assert_eq!(imported.end.rows["resources"], 4);
        });
    }
}

#[test]
fn without_the_history_events_are_numbered_on_from_where_they_were() {
    let files = files(Contents { history: false, ..WHOLE });
    for file in files {
        assert_eq!(file.lines().filter(|line| line.starts_with("{\"events\":{\"seq\":9,")).count(), 1);
        assert_eq!(file.matches("{\"events\":").count(), 1);
        each_engine(async |store| {
            let imported = read(&store, &file).await.unwrap();
            let acme = Directory::of(&store, imported.tenant.key, 100);
            acme.user("eve").await;
            assert_eq!(acme.last_event().await.seq, 10);
        });
    }
}

#[test]
fn a_file_that_was_cut_short_anywhere_is_refused_and_leaves_nothing() {
    let file = files(WHOLE).remove(0);
    each_engine(async |store| {
        let ends = file.match_indices('\n').flat_map(|(at, _)| [at - 1, at, at + 1]).filter(|end| *end < file.len());
        for end in ends.chain([0]) {
            let refusal = read(&store, &file[..end]).await.unwrap_err();

            let is_right = match end {
                end if end <= file.find('\n').unwrap() => matches!(refusal, Refusal::NotAnExport),
                _ => matches!(refusal, Refusal::Cut(_)),
            };
            assert!(is_right, "{refusal} at {end}");
        }
        expect_empty(&store).await;
    });
}

#[test]
fn a_file_that_was_damaged_anywhere_is_refused_and_leaves_nothing() {
    let file = files(WHOLE).remove(0);
    on_sqlite(
        |_| {},
        async |store, _| {
            for at in (0..file.len()).step_by(7) {
                let mut bytes = file.clone().into_bytes();
                bytes[at] ^= 1;
                let text = String::from_utf8_lossy(&bytes).into_owned();

                let read = read(&store, &text).await;

                // White space before the checksum is the same to everyone.
                assert!(read.is_err(), "byte {at}");
            }
            expect_empty(&store).await;
        },
    );
}

#[test]
fn lines_that_are_missing_or_come_twice_are_noticed() {
    let file = files(WHOLE).remove(0);
    on_sqlite(
        |_| {},
        async |store, _| {
            let lines: Vec<&str> = file.lines().collect();
            for at in 1..lines.len() - 1 {
                let (mut without, mut twice) = (lines.clone(), lines.clone());
                without.remove(at);
                twice.insert(at, lines[at]);
                let [without, twice] = [without, twice].map(|lines| lines.join("\n") + "\n");
                assert!(read(&store, &without).await.is_err(), "{}", lines[at]);
                assert!(read(&store, &twice).await.is_err(), "{}", lines[at]);
            }
            expect_empty(&store).await;
        },
    );
}

#[test]
fn a_refusal_says_what_is_wrong_and_where() {
    let file = files(WHOLE).remove(0);
    let changes: &[(&str, &str)] = &[
        ("\"format\":1", "\"format\":2"),
        ("\"history\":true", "\"history\":true,\"colour\":1"),
        ("{\"muster_export\"", "{\"other\""),
        ("\"slug\":\"acme\",", ""),
        ("\"slug\":\"acme\"", "\"slug\":7"),
        ("\"slug\":\"acme\"", "\"slug\":\"ac\\u0000me\""),
        ("\"slug\":\"acme\"", "\"slug\":\"acme\",\"colour\":1"),
        ("{\"scim_usage\"", "{\"audit\""),
        ("{\"scim_usage\"", "{\"colours\""),
        ("\"id\":\"sct_", "\"id\":\"SCT_"),
        ("\"hash\":\"02", "\"hash\":\"0"),
        ("\"type\":\"User\",\"id\"", "\"type\":\"Robot\",\"id\""),
        ("\"type\":\"User\",\"id\"", "\"type\":\"Group\",\"id\""),
        ("\"version\":1,\"created\"", "\"version\":\"1\",\"created\""),
        ("\"members\":[\"usr_00000000000000000000000001\"", "\"members\":[\"usr_000000000000000000000000ZZ\""),
        ("{\"events\":{\"seq\":1,", "{\"events\":{\"seq\":2,"),
        ("\"body\":{", "\"body\":[{"),
    ];
    each_engine(async |store| {
        let mut refusals = Vec::new();
        for (from, to) in changes {
            assert!(file.contains(from), "{from}");
            let refusal = read(&store, &file.replacen(from, to, 1)).await.unwrap_err();
            // On PostgreSQL the number of an event has a table of its own.
            let refusal = refusal.to_string().replace("event_order", "events");
            refusals.push(format!("{from} -> {to}\n    {refusal}"));
        }
        insta::assert_snapshot!("refusals", refusals.join("\n"));
        expect_empty(&store).await;
    });
}

#[test]
fn a_line_without_an_end_is_given_up() {
    let file = files(WHOLE).remove(0);
    on_sqlite(
        |_| {},
        async |store, _| {
            let header = file.lines().next().unwrap().to_owned() + "\n";
            let input = io::Cursor::new(header).chain(io::repeat(b'x'));

            let refusal = read_from(&store, input, None).await.unwrap_err();

            assert_eq!(refusal.to_string(), format!("line 2: it is longer than {LINE_BYTES_MAX} bytes"));
            expect_empty(&store).await;
        },
    );
}

#[test]
fn what_is_here_already_is_not_touched() {
    let file = files(WHOLE).remove(0);
    each_engine(async |store| {
        let acme = read(&store, &file).await.unwrap().tenant;

        let again = read(&store, &file).await.unwrap_err();
        let elsewhere = read_from(&store, io::Cursor::new(file.clone()), Some("acme2")).await.unwrap_err();

        assert!(matches!(&again, Refusal::TenantExists { .. }), "{again}");
        assert!(matches!(&elsewhere, Refusal::TenantExists { .. }), "{elsewhere}");
        assert_eq!(written(&store, acme.key, WHOLE).await, file);
    });
}

#[test]
fn a_tenant_whose_slug_is_taken_can_be_given_another() {
    let file = files(WHOLE).remove(0);
    each_engine(async |store| {
        Directory::new(&store, "acme").await;
        // Another tenant than the one in the file, with its slug.
        let file = file.replacen("\"id\":\"tnt_", "\"id\":\"tnt_7", 1);
        let file = {
            let at = file.find("\"id\":\"tnt_7").unwrap() + "\"id\":\"tnt_7".len() + 25;
            file[..at].to_owned() + &file[at + 1..]
        };
        let file = resummed(&file);

        let refused = read(&store, &file).await.unwrap_err();
        let imported = read_from(&store, io::Cursor::new(file), Some("acme2")).await.unwrap();

        assert_eq!(refused.to_string(), "the slug acme is or was taken here; give the tenant another one");
        assert_eq!(imported.tenant.slug, "acme2");
    });
}

/// With the checksum that belongs to it.
fn resummed(file: &str) -> String {
    use sha2::{Digest, Sha256};
    let end = file.rfind("{\"end\"").unwrap();
    let sum: Vec<String> = Sha256::digest(&file.as_bytes()[..end]).iter().map(|byte| format!("{byte:02x}")).collect();
    file[..end].to_owned() + &file[end..].replace(&last_sum(file), &sum.concat())
}

#[test]
fn a_disk_that_is_full_is_told_apart_from_the_database() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    each_engine(async |store| {
        let acme = a_tenant(&store).await.tenant;
        let exported: Result<io::Result<End>, StoreError> =
            store.read(move |tx| Box::pin(async move { export(tx, acme, &registry(), WHOLE, &mut Full).await })).await;

        assert_eq!(exported.unwrap().unwrap_err().kind(), io::ErrorKind::StorageFull);
    });
}

#[test]
fn what_postgresql_has_not_numbered_yet_is_exported_with_its_number() {
    on_postgres(
        |_| {},
        async |store, database| {
            let acme = a_tenant(&store).await;
            let (before, tenant) = (acme.events().await.len(), acme.tenant);
            // As if the server had been killed between a change and its numbering.
            database.sql(
            "WITH written AS (INSERT INTO event_rows (tenant, at, actor, request_id, type, resource, version, kind, changed)
                              SELECT tenant, at, actor, request_id, type, resource, version + 1, kind, changed
                              FROM event_rows ORDER BY draft DESC LIMIT 2 RETURNING tenant, draft)
             INSERT INTO event_queue (tenant, draft) SELECT tenant, draft FROM written",
        );

            let all = written(&store, tenant, WHOLE).await;
            let last = written(&store, tenant, Contents { history: false, ..WHOLE }).await;

            assert_eq!(all.matches("{\"events\":").count(), before + 2);
            assert!(all.contains(&format!("{{\"events\":{{\"seq\":{},", before + 2)));
            assert!(
                last.contains(&format!("{{\"events\":{{\"seq\":{},", before + 2))
                    && last.matches("{\"events\":").count() == 1
            );
        },
    );
}

/// Nothing of a tenant is anywhere.
async fn expect_empty(store: &Store) {
    static ROWS: Stmt = sql!(
        "SELECT (SELECT count(*) FROM tenants) + (SELECT count(*) FROM scim_tokens) + (SELECT count(*) FROM resources)
              + (SELECT count(*) FROM members) + (SELECT count(*) FROM events) + (SELECT count(*) FROM unique_keys)"
    )
    .beyond_one_tenant();
    let rows = store.read(|tx| Box::pin(async { tx.query_one(&ROWS, &[], |row| row.int(0)).await }));
    assert_eq!(rows.await.unwrap(), Some(0));
    let none = store.read(|tx| Box::pin(tenants::by_slug(tx, "acme"))).await.unwrap();
    assert_eq!(none, None);
}
