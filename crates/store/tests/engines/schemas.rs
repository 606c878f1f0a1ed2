//! What a tenant defines: that writers keep to it, what it does to resources that are there, and its
//! indexes from the first slice to the last.

use std::sync::{Arc, Mutex};

use futures_util::future::{join, join_all};
use scim::batch::{Action, Batch, Operation};
use scim::id::{Precondition, ResourceId};
use scim::json::Json;
use scim::query::ListQuery;
use scim::resource::Resource;
use scim::schema::{CustomType, FIRST_INDEX, Registry, SchemaDraft, core};
use serde_json::json;
use store::resources::apply::{self, Context, Progress, WriteError};
use store::resources::{self, Scope};
use store::schemas::change::{self, Obstacle};
use store::schemas::indexes::{self, IndexState, Worked};
use store::schemas::{self, Definitions};
use store::sql::Stmt;
use store::{Lane, Store, StoreError, TenantKey, sql};

use crate::directory::{BASE, Directory};
use crate::harness::{each_engine, on_postgres, on_sqlite};
use crate::tenant_files::{WHOLE, read, written_by};

const DEVICE: &str = "urn:example:2.0:Device";
const BADGE: &str = "urn:example:2.0:Badge";

/// A tenant that defines things.
struct Definer {
    directory: Directory,
    registry: Arc<Registry>,
}

impl Definer {
    async fn new(store: &Store) -> Self {
        Self { directory: Directory::new(store, "acme").await, registry: core::registry() }
    }

    fn tenant(&self) -> TenantKey {
        self.directory.tenant
    }

    /// Makes the definitions these, all of them, as the service does it.
    async fn try_define(&mut self, schemas: &[Json], types: &[(u16, Json)]) -> Result<(), Obstacle> {
        let tenant = self.tenant();
        let schemas: Vec<SchemaDraft> =
            schemas.iter().map(|schema| serde_json::from_value(schema.clone()).unwrap()).collect();
        let types: Vec<CustomType> = types
            .iter()
            .map(|(key, json)| CustomType { key: *key, draft: serde_json::from_value(json.clone()).unwrap() })
            .collect();
        let defined = self.directory.store.write(move |tx| {
            let (schemas, types) = (schemas.clone(), types.clone());
            Box::pin(async move {
                let savepoint = tx.savepoint().await?;
                let before = schemas::lock(tx, tenant).await?;
                schemas::count_change(tx, tenant, true).await?;
                for old in &before.schemas {
                    schemas::delete_schema(tx, tenant, &old.draft.id).await?;
                }
                for old in &before.types {
                    schemas::delete_type(tx, tenant, old.draft.key).await?;
                }
                for schema in &schemas {
                    schemas::put_schema(tx, tenant, schema, 7).await?;
                }
                for own in &types {
                    schemas::put_type(tx, tenant, own, 7).await?;
                }
                let mut after = schemas::load(tx, tenant).await?;
                change::list_indexes(tx, tenant, &mut after).await?;
                let registries = (before.registry().unwrap(), after.registry().unwrap());
                let carried = change::carry_out(tx, tenant, (&registries.0, &registries.1), &mut after).await?;
                match carried {
                    Ok(()) => tx.release(savepoint).await?,
                    Err(_) => tx.roll_back(savepoint).await?,
                }
                Ok(carried)
            })
        });
        let defined = defined.await.unwrap();
        self.registry = self.definitions().await.registry().unwrap();
        defined
    }

    async fn define(&mut self, schemas: &[Json], types: &[(u16, Json)]) {
        self.try_define(schemas, types).await.unwrap();
    }

    async fn definitions(&self) -> Definitions {
        let tenant = self.tenant();
        self.directory.store.read(move |tx| Box::pin(schemas::load(tx, tenant))).await.unwrap()
    }

    async fn run(&self, type_name: &str, id: Option<ResourceId>, body: Option<Json>) -> Result<ResourceId, WriteError> {
        self.try_run(type_name, id, body).await.unwrap()
    }

    /// Creates, replaces or deletes a resource, planned by the registry that is known here.
    async fn try_run(
        &self,
        type_name: &str,
        id: Option<ResourceId>,
        body: Option<Json>,
    ) -> Result<Result<ResourceId, WriteError>, StoreError> {
        let resource_type = Arc::clone(self.registry.type_named(type_name).unwrap());
        let resource = body.map(|body| Resource::read(&resource_type, body).unwrap());
        let action = match (id, resource) {
            (None, Some(resource)) => Action::Create(resource),
            (Some(_), Some(resource)) => Action::Replace(resource),
            (_, None) => Action::Delete,
        };
        let target = id.unwrap_or_else(|| self.directory.new_id(&resource_type));
        let operation = Operation { resource_type, target, precondition: Precondition::Any, action };
        let batch = Batch::single(operation);
        let context = Context {
            now: 1,
            actor: "sct_test".into(),
            request_id: "req-1".into(),
            registry: Arc::clone(&self.registry),
            unique: Vec::new(),
            strict: false,
        };
        let (tenant, work) = (self.tenant(), Arc::new((batch, context)));
        let mut outcomes = self
            .directory
            .store
            .write(move |tx| {
                let work = Arc::clone(&work);
                Box::pin(async move {
                    let (batch, context) = &*work;
                    apply::run(tx, tenant, context, &batch.units, &mut Progress::of(batch)).await
                })
            })
            .await?;
        Ok(outcomes.remove(0).1.map(|written| written.id))
    }

    async fn create(&self, type_name: &str, body: Json) -> ResourceId {
        self.run(type_name, None, Some(body)).await.unwrap()
    }

    async fn find(&self, type_name: &str, filter: &str) -> Result<Vec<ResourceId>, StoreError> {
        let types = vec![Arc::clone(self.registry.type_named(type_name).unwrap())];
        let scope = Arc::new(Scope { registry: Arc::clone(&self.registry), types, base_url: BASE.into() });
        let query = Arc::new(ListQuery { filter: Some(filter.parse().unwrap()), ..ListQuery::default() });
        let found = self.directory.query_on(&scope, &query, Lane::Slow).await?;
        Ok(found.resources.iter().map(|resource| resource.id).collect())
    }

    /// Whether a filter goes by an index.
    fn uses_index(&self, type_name: &str, filter: &str) -> bool {
        let types = vec![Arc::clone(self.registry.type_named(type_name).unwrap())];
        let scope = Scope { registry: Arc::clone(&self.registry), types, base_url: BASE.into() };
        let query = ListQuery { filter: Some(filter.parse().unwrap()), ..ListQuery::default() };
        resources::lane(&scope, &query) != Lane::Slow
    }

    async fn work(&self) -> Result<Worked, StoreError> {
        let (tenant, registry) = (self.tenant(), Arc::clone(&self.registry));
        self.directory
            .store
            .write(move |tx| {
                let registry = Arc::clone(&registry);
                Box::pin(async move { indexes::work(tx, tenant, &registry).await })
            })
            .await
    }

    /// Works until there is nothing left to do; gives how many slices that were.
    async fn work_all(&mut self) -> usize {
        let mut slices = 0;
        while self.work().await.unwrap() == Worked::Some {
            self.registry = self.definitions().await.registry().unwrap();
            slices += 1;
        }
        slices
    }

    async fn index_rows(&self) -> i64 {
        static ROWS: Stmt = sql!("SELECT count(*) FROM attribute_values WHERE tenant = $1 AND attribute >= 1000");
        self.directory.number(&ROWS).await
    }
}

fn device(attributes: &Json) -> Json {
    json!({ "id": DEVICE, "name": "Device", "attributes": attributes })
}

fn badge(attributes: &Json) -> Json {
    json!({ "id": BADGE, "name": "Badge", "attributes": attributes })
}

fn devices() -> (u16, Json) {
    (100, json!({ "name": "Device", "endpoint": "/Devices", "schema": DEVICE }))
}

fn users_with_badges(required: bool) -> (u16, Json) {
    let extensions =
        json!([{ "schema": core::ENTERPRISE_USER, "required": false }, { "schema": BADGE, "required": required }]);
    (1, json!({ "name": "User", "endpoint": "/Users", "schema": core::USER, "schemaExtensions": extensions }))
}

#[test]
fn what_is_defined_is_kept_and_counted() {
    each_engine(async |store| {
        let mut acme = Definer::new(&store).await;
        assert_eq!(acme.definitions().await, Definitions::default());

        acme.define(&[device(&json!([{ "name": "serial", "indexed": true }]))], &[devices()]).await;

        let definitions = acme.definitions().await;
        assert_eq!((definitions.version, definitions.fence), (1, 1));
        assert_eq!(definitions.schemas[0].draft.id, DEVICE);
        assert_eq!((definitions.types[0].draft.key, definitions.types[0].created_at), (100, 7));
        let indexes: Vec<_> = definitions.indexes.iter().map(|i| (i.number, i.path.as_str(), i.state)).collect();
        assert_eq!(indexes, [(FIRST_INDEX, "", IndexState::Ready), (FIRST_INDEX + 1, "serial", IndexState::Ready)]);
    });
}

#[test]
fn definitions_of_one_tenant_are_not_those_of_another() {
    each_engine(async |store| {
        let mut acme = Definer::new(&store).await;
        acme.define(&[device(&json!([{ "name": "serial" }]))], &[devices()]).await;

        let other = Directory::new(&store, "other").await.tenant;

        let theirs = store.read(move |tx| Box::pin(schemas::load(tx, other))).await.unwrap();
        assert_eq!(theirs, Definitions::default());
    });
}

#[test]
fn a_write_that_was_planned_by_other_definitions_is_refused_whole() {
    each_engine(async |store| {
        let mut acme = Definer::new(&store).await;
        let before = Arc::clone(&acme.registry);
        acme.define(&[badge(&json!([{ "name": "code" }]))], &[users_with_badges(false)]).await;
        let now = std::mem::replace(&mut acme.registry, before);

        let stale = acme.try_run("User", None, Some(json!({ "userName": "ana" }))).await;

        assert_eq!(stale, Err(StoreError::Outdated));
        acme.registry = now;
        acme.create("User", json!({ "userName": "ana", BADGE: { "code": "7" } })).await;
    });
}

#[test]
fn resources_of_a_tenants_own_type_are_resources_like_the_others() {
    each_engine(async |store| {
        let mut acme = Definer::new(&store).await;
        let attributes = json!([
            { "name": "serial", "uniqueness": "server" }, { "name": "port", "type": "integer", "uniqueness": "server" },
            { "name": "key", "mutability": "writeOnly" }]);
        acme.define(&[device(&attributes)], &[devices()]).await;

        let lamp = acme.create("Device", json!({ "serial": "Lamp", "port": 7, "key": "s3cret" })).await;

        let same_serial = acme.run("Device", None, Some(json!({ "serial": "LAMP" }))).await.unwrap_err();
        let same_port = acme.run("Device", None, Some(json!({ "port": 7 }))).await.unwrap_err();
        assert_eq!(same_serial, WriteError::NotUnique { attribute: "serial".into() });
        assert_eq!(same_port, WriteError::NotUnique { attribute: "port".into() });
        acme.run("Device", Some(lamp), Some(json!({ "serial": "lamp", "port": 8, "key": "other" }))).await.unwrap();
        acme.run("Device", Some(lamp), None).await.unwrap();
        let told = format!("{:?}", acme.directory.events().await);
        assert!(told.contains("lamp") && told.contains("\"key\"") && !told.contains("s3cret"), "{told}");
        assert!(!told.contains("other"), "{told}");
        acme.create("Device", json!({ "serial": "LAMP", "port": 7 })).await;
    });
}

#[test]
fn values_of_an_extension_can_be_unique_and_looked_up() {
    each_engine(async |store| {
        let mut acme = Definer::new(&store).await;
        let attributes = json!([{ "name": "code", "uniqueness": "server" }, { "name": "color", "indexed": true }]);
        acme.define(&[badge(&attributes)], &[users_with_badges(false)]).await;

        let ana = acme.create("User", json!({ "userName": "ana", BADGE: { "code": "a", "color": "Red" } })).await;
        let bob = acme.create("User", json!({ "userName": "bob" })).await;

        let same = acme.run("User", Some(bob), Some(json!({ "userName": "bob", BADGE: { "code": "A" } }))).await;
        assert_eq!(same.unwrap_err(), WriteError::NotUnique { attribute: format!("{BADGE}:code") });
        assert!(acme.uses_index("User", &format!("{BADGE}:color eq \"red\"")));
        assert_eq!(acme.find("User", &format!("{BADGE}:color eq \"red\"")).await.unwrap(), [ana]);
        assert_eq!(acme.find("User", &format!("{BADGE} pr")).await.unwrap(), [ana]);
    });
}

#[test]
fn what_resources_carry_is_not_lost() {
    each_engine(async |store| {
        let mut acme = Definer::new(&store).await;
        let (all, less) = (json!([{ "name": "a" }, { "name": "b" }]), json!([{ "name": "a" }]));
        acme.define(&[device(&all), badge(&all)], &[devices(), users_with_badges(false)]).await;
        let lamp = acme.create("Device", json!({ "a": "x" })).await;
        let ana = acme.create("User", json!({ "userName": "ana", BADGE: { "a": "x" } })).await;
        acme.create("User", json!({ "userName": "bob" })).await;

        let no_type = acme.try_define(&[device(&all), badge(&all)], &[users_with_badges(false)]).await;
        let no_attribute = acme.try_define(&[device(&less), badge(&all)], &[devices(), users_with_badges(false)]).await;
        let less_badge = acme.try_define(&[device(&all), badge(&less)], &[devices(), users_with_badges(false)]).await;
        let no_badge = acme.try_define(&[device(&all)], &[devices()]).await;

        let told = [no_type, no_attribute, less_badge, no_badge].map(|obstacle| obstacle.unwrap_err().to_string());
        insta::allow_duplicates!(insta::assert_snapshot!(told.join("\n"), @r"
        1 resources of the type Device stand in the way of losing the resource type
        1 resources of the type Device stand in the way of losing b
        1 resources of the type User stand in the way of losing urn:example:2.0:Badge:b
        1 resources of the type User stand in the way of losing urn:example:2.0:Badge
        "));
        assert_eq!(acme.definitions().await.version, 1, "nothing has changed");
        acme.run("Device", Some(lamp), None).await.unwrap();
        acme.run("User", Some(ana), Some(json!({ "userName": "ana" }))).await.unwrap();
        acme.define(&[], &[]).await;
    });
}

#[test]
fn what_becomes_narrower_must_fit_what_is_there() {
    each_engine(async |store| {
        let mut acme = Definer::new(&store).await;
        let plain = json!([{ "name": "a" }]);
        acme.define(&[device(&plain), badge(&plain)], &[devices(), users_with_badges(false)]).await;
        let first = acme.create("Device", json!({ "a": "x" })).await;
        let second = acme.create("Device", json!({ "a": "X" })).await;
        let ana = acme.create("User", json!({ "userName": "ana" })).await;
        let try_define = async |acme: &mut Definer, attribute: Json, required| {
            let narrower = [device(&json!([attribute])), badge(&plain)];
            acme.try_define(&narrower, &[devices(), users_with_badges(required)]).await
        };

        let values = try_define(&mut acme, json!({ "name": "a", "canonicalValues": ["y"] }), false).await.unwrap_err();
        let unique = try_define(&mut acme, json!({ "name": "a", "uniqueness": "server" }), false).await.unwrap_err();
        let required = try_define(&mut acme, json!({ "name": "a" }), true).await.unwrap_err();

        let told = values.to_string();
        assert!(told.contains("one of these is expected: y; got the string 'x'"), "{told}");
        assert_eq!(unique, Obstacle::NotUnique { resource: second, attribute: "a".into() });
        assert!(matches!(required, Obstacle::Unfit { resource, .. } if resource == ana), "{required}");
        acme.run("Device", Some(second), Some(json!({ "a": "z" }))).await.unwrap();
        try_define(&mut acme, json!({ "name": "a", "uniqueness": "server", "required": true }), false).await.unwrap();
        let taken = acme.run("Device", Some(second), Some(json!({ "a": "X" }))).await.unwrap_err();
        assert_eq!(taken, WriteError::NotUnique { attribute: "a".into() });
        try_define(&mut acme, json!({ "name": "a" }), false).await.unwrap();
        acme.run("Device", Some(second), Some(json!({ "a": "x" }))).await.unwrap();
        acme.run("Device", Some(first), None).await.unwrap();
    });
}

#[test]
fn an_index_of_few_resources_is_there_at_once() {
    each_engine(async |store| {
        let mut acme = Definer::new(&store).await;
        acme.define(&[device(&json!([{ "name": "a" }]))], &[devices()]).await;
        let lamp = acme.create("Device", json!({ "a": "Lamp" })).await;
        assert!(!acme.uses_index("Device", "a eq \"lamp\""));

        acme.define(&[device(&json!([{ "name": "a", "indexed": true }]))], &[devices()]).await;

        assert!(acme.uses_index("Device", "a eq \"lamp\""));
        assert_eq!(acme.find("Device", "a eq \"lamp\"").await.unwrap(), [lamp]);
        assert_eq!(acme.work().await.unwrap(), Worked::Nothing);
    });
}

/// Wants `title` of users indexed, as if there were too many of them to do it at once.
async fn want_title_indexed(acme: &mut Definer) {
    let tenant = acme.tenant();
    let draft = json!({ "id": core::USER, "attributes": [{ "name": "title", "indexed": true }] });
    let draft: SchemaDraft = serde_json::from_value(draft).unwrap();
    let wanted = acme.directory.store.write(move |tx| {
        let draft = draft.clone();
        Box::pin(async move {
            schemas::lock(tx, tenant).await?;
            schemas::count_change(tx, tenant, true).await?;
            schemas::put_schema(tx, tenant, &draft, 7).await?;
            let mut after = schemas::load(tx, tenant).await?;
            change::list_indexes(tx, tenant, &mut after).await
        })
    });
    wanted.await.unwrap();
    acme.registry = acme.definitions().await.registry().unwrap();
}

#[test]
fn an_index_of_many_resources_is_built_in_slices_while_filters_answer_right() {
    const USERS: usize = 1_100;
    each_engine(async |store| {
        let mut acme = Definer::new(&store).await;
        let mut ids = Vec::new();
        for number in 0..USERS {
            ids.push(acme.create("User", json!({ "userName": format!("u{number}"), "title": "Old" })).await);
        }
        want_title_indexed(&mut acme).await;
        let find = "title eq \"new\"";
        let user = |number: usize, title| Some(json!({ "userName": format!("u{number}"), "title": title }));

        assert_eq!(acme.work().await.unwrap(), Worked::Some);
        // Behind and before the place that the building has come to.
        for number in [0, USERS - 1] {
            acme.run("User", Some(ids[number]), user(number, "New")).await.unwrap();
        }
        acme.run("User", Some(ids[1]), None).await.unwrap();
        acme.run("User", Some(ids[USERS - 2]), None).await.unwrap();
        let late = acme.create("User", json!({ "userName": "late", "title": "New" })).await;

        assert!(!acme.uses_index("User", find));
        let expected = [ids[0], ids[USERS - 1], late];
        assert_eq!(acme.find("User", find).await.unwrap(), expected);
        let version = acme.registry.version();
        assert_eq!(acme.work_all().await, 3, "two more slices of 500, and the end");
        assert_eq!(acme.registry.version(), version, "whoever writes is not held up by that");
        assert!(acme.uses_index("User", find));
        assert_eq!(acme.find("User", find).await.unwrap(), expected);
        assert_eq!(acme.find("User", "title eq \"old\"").await.unwrap().len(), 100, "a page");
        assert_eq!(acme.index_rows().await, i64::try_from(USERS - 2 + 1).unwrap());
    });
}

#[test]
fn an_index_that_is_dropped_is_not_looked_into_by_who_has_not_heard_of_it() {
    each_engine(async |store| {
        let mut acme = Definer::new(&store).await;
        let devices = [devices()];
        acme.define(&[device(&json!([{ "name": "a", "indexed": true }]))], &devices).await;
        let lamp = acme.create("Device", json!({ "a": "Lamp" })).await;
        let stale = Arc::clone(&acme.registry);

        acme.define(&[device(&json!([{ "name": "a" }]))], &devices).await;

        assert_eq!(acme.find("Device", "a eq \"lamp\"").await.unwrap(), [lamp]);
        let now = std::mem::replace(&mut acme.registry, stale);
        assert_eq!(acme.find("Device", "a eq \"lamp\"").await, Err(StoreError::Outdated));
        acme.registry = now;
        assert_eq!(acme.work_all().await, 1);
        assert_eq!(acme.index_rows().await, 0);
        assert!(acme.definitions().await.indexes.iter().all(|index| index.path.is_empty()));
    });
}

#[test]
fn a_value_that_no_index_can_hold_fails_the_index_and_nothing_else() {
    each_engine(async |store| {
        let mut acme = Definer::new(&store).await;
        let long = "x".repeat(2_000);
        let ana = acme.create("User", json!({ "userName": "ana", "title": long })).await;

        want_title_indexed(&mut acme).await;
        acme.work_all().await;

        let failed = acme.definitions().await.indexes.pop().unwrap();
        assert_eq!(failed.state, IndexState::Failed);
        assert!(failed.reason.unwrap().contains("at most 1024 bytes, not 2000"));
        assert_eq!(acme.find("User", &format!("title eq \"{long}\"")).await.unwrap(), [ana]);
        acme.create("User", json!({ "userName": "bob", "title": long })).await;
    });
}

#[test]
fn tenants_with_work_to_do_are_found() {
    each_engine(async |store| {
        let mut acme = Definer::new(&store).await;
        Directory::new(&store, "other").await;
        let unfinished = async || store.read(|tx| Box::pin(indexes::unfinished(tx))).await.unwrap();
        assert!(unfinished().await.is_empty());

        want_title_indexed(&mut acme).await;

        assert_eq!(unfinished().await, [acme.tenant()]);
        acme.work_all().await;
        assert!(unfinished().await.is_empty());
    });
}

#[test]
fn keys_of_types_are_never_given_again() {
    each_engine(async |store| {
        let mut acme = Definer::new(&store).await;
        acme.define(&[], &[]).await;
        let tenant = acme.tenant();
        let new_key = async || store.write(move |tx| Box::pin(schemas::new_type_key(tx, tenant))).await.unwrap();

        assert_eq!((new_key().await, new_key().await), (100, 101));
    });
}

#[test]
fn a_resource_of_a_tenants_own_type_can_be_a_member() {
    each_engine(async |store| {
        let mut acme = Definer::new(&store).await;
        acme.define(&[device(&json!([{ "name": "displayName" }]))], &[devices()]).await;
        let lamp = acme.create("Device", json!({ "displayName": "Lamp" })).await;

        let group = json!({ "displayName": "Things", "members": [{ "value": lamp.to_string() }] });
        let group = acme.create("Group", group).await;

        assert_eq!(lamp.prefix(), *b"res");
        assert_eq!(acme.directory.members(group).await, [lamp]);
    });
}

#[test]
fn who_writes_while_definitions_change_was_before_or_is_refused() {
    each_engine(async |store| {
        let mut acme = Definer::new(&store).await;
        for round in 0..8 {
            let plain = device(&json!([{ "name": "a" }]));
            acme.define(&[plain], &[devices()]).await;
            acme.work_all().await;
            let mut changer = Definer { directory: acme.directory.handle(), registry: Arc::clone(&acme.registry) };

            let created = (0..24).map(|n| acme.try_run("Device", None, Some(json!({ "a": format!("{round}.{n}") }))));
            let indexed = [device(&json!([{ "name": "a", "indexed": true }]))];
            let (created, ()) = join(join_all(created), changer.define(&indexed, &[devices()])).await;

            assert!(created.iter().all(|outcome| matches!(outcome, Ok(Ok(_)) | Err(StoreError::Outdated))));
            acme.registry = Arc::clone(&changer.registry);
            let devices = acme.find("Device", "a pr").await.unwrap().len();
            assert_eq!(acme.index_rows().await, i64::try_from(devices).unwrap());
            for outcome in created {
                if let Ok(Ok(id)) = outcome {
                    acme.run("Device", Some(id), None).await.unwrap();
                }
            }
        }
    });
}

/// A tenant with definitions and resources of them, one type gone again.
async fn a_definer(store: &Store) -> Definer {
    let mut acme = Definer::new(store).await;
    let attributes = json!([{ "name": "serial", "indexed": true, "uniqueness": "server" }]);
    let gone = (101, json!({ "name": "Gone", "endpoint": "/Gone", "schema": DEVICE }));
    let badges = badge(&json!([{ "name": "code", "indexed": true }]));
    acme.define(&[device(&attributes), badges.clone()], &[devices(), gone, users_with_badges(false)]).await;
    let gone = acme.create("Gone", json!({ "serial": "x" })).await;
    acme.run("Gone", Some(gone), None).await.unwrap();
    acme.define(&[device(&attributes), badges], &[devices(), users_with_badges(false)]).await;
    acme.create("Device", json!({ "serial": "Lamp" })).await;
    acme.create("User", json!({ "userName": "ana", BADGE: { "code": "7" } })).await;
    acme
}

/// What a tenant has defined, and the file that it is in.
async fn exported(store: Store) -> (Definitions, String) {
    let acme = a_definer(&store).await;
    let file = written_by(&store, acme.tenant(), Arc::clone(&acme.registry), WHOLE).await;
    assert!(file.contains("\"type\":\"#101\""), "what happened to resources of a type that is gone");
    assert_eq!(acme.index_rows().await, 3);
    (acme.definitions().await, file)
}

async fn expect_imported(store: Store, definitions: &Definitions, file: &str) {
    let tenant = read(&store, file).await.unwrap().tenant.key;

    let there = store.read(move |tx| Box::pin(schemas::load(tx, tenant))).await.unwrap();
    assert_eq!(there, *definitions);
    let registry = there.registry().unwrap();
    let acme = Definer { directory: Directory::of(&store, tenant, 1000), registry: Arc::clone(&registry) };
    assert_eq!(acme.find("Device", "serial eq \"lamp\"").await.unwrap().len(), 1);
    assert_eq!(acme.find("User", &format!("{BADGE}:code eq \"7\"")).await.unwrap().len(), 1);
    assert_eq!(acme.index_rows().await, 3);
    assert_eq!(written_by(&store, tenant, registry, WHOLE).await, file);
}

#[test]
fn what_a_tenant_has_defined_is_in_its_file() {
    let files = Mutex::new(Vec::new());
    each_engine(async |store| {
        let exported = exported(store).await;
        files.lock().unwrap().push(exported);
    });
    let files = files.into_inner().unwrap();

    on_postgres(|_| {}, async |store, _| expect_imported(store, &files[0].0, &files[0].1).await);
    on_sqlite(|_| {}, async |store, _| expect_imported(store, &files[1].0, &files[1].1).await);
}

#[test]
fn a_file_whose_definitions_cannot_be_is_refused() {
    each_engine(async |store| {
        let acme = a_definer(&store).await;
        let file = written_by(&store, acme.tenant(), Arc::clone(&acme.registry), WHOLE).await;
        let id = file.split("\"id\":\"tnt_").nth(1).unwrap().split('"').next().unwrap();
        let other = file.replace(id, &"0".repeat(26)).replace("\"slug\":\"acme\"", "\"slug\":\"other\"");

        let refusal = read(&store, &other.replace("\"name\":\"serial\"", "\"name\":\"2nd\"")).await.unwrap_err();

        assert!(refusal.to_string().contains("definitions that cannot be"), "{refusal}");
    });
}
