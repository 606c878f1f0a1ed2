//! A tenant's resources, written through the one write path.

use std::cell::Cell;
use std::sync::{Arc, LazyLock};

use scim::batch::{Action, Batch, Operation, Step, Unit};
use scim::dialect::Dialect;
use scim::id::{Id, Precondition, ResourceId, Version};
use scim::json::Json;
use scim::patch;
use scim::query::ListQuery;
use scim::resource::{Representation, Resource, Secret};
use scim::schema::{Custom, CustomType, Index, Registry, Relation, ResourceType, core};
use serde_json::json;
use store::Lane;
use store::events::{self, Event};
use store::members::{self, Membership};
use store::resources::apply::{self, Context, Outcome, Progress, UniqueAttribute, WriteError, Written};
use store::resources::{self, Found, Scope, StoredResource, uniqueness};
use store::sql::Stmt;
use store::tenants::{self, LimitOverrides, NewTenant, TenantSettings};
use store::{Param, Store, StoreError, TenantKey, Turn, sql};

pub(crate) struct Directory {
    pub(crate) store: Store,
    pub(crate) tenant: TenantKey,
    pub(crate) unique: Vec<UniqueAttribute>,
    /// What has been numbered: ids, and the time, which passes by a second with each request.
    /// Whether the tenant allows no repairs.
    pub(crate) strict: bool,
    counter: Cell<u64>,
}

/// Where the base URL of the tests is.
pub(crate) const BASE: &str = "https://scim.example/v2";

/// What is built in, and a type and an extension of a tenant's own, with indexes of each kind.
pub(crate) fn registry() -> Arc<Registry> {
    static REGISTRY: LazyLock<Arc<Registry>> = LazyLock::new(|| {
        let draft = |json| serde_json::from_value(json).unwrap();
        let device = draft(json!({ "id": DEVICE, "name": "Device", "attributes": [
            { "name": "serial", "uniqueness": "server" }, { "name": "size", "type": "integer" },
            { "name": "seen", "type": "dateTime" }, { "name": "active", "type": "boolean", "multiValued": true },
            { "name": "displayName", "caseExact": true },
            { "name": "ports", "type": "complex", "multiValued": true, "subAttributes": [
                { "name": "value", "caseExact": true }, { "name": "number", "type": "integer" }] } ] }));
        let badge = draft(json!({ "id": BADGE, "name": "Badge", "attributes": [
            { "name": "code", "uniqueness": "server", "caseExact": true }, { "name": "color" },
            { "name": "pin", "mutability": "writeOnly" } ] }));
        let extends =
            json!([{ "schema": BADGE, "required": false }, { "schema": core::ENTERPRISE_USER, "required": false }]);
        let user = json!({ "name": "User", "endpoint": "/Users", "schema": core::USER, "schemaExtensions": extends });
        let devices = json!({ "name": "Device", "endpoint": "/Devices", "schema": DEVICE });
        let types = [(1, user), (100, devices)];
        let indexes = [
            (DEVICE, "size"),
            (DEVICE, "seen"),
            (DEVICE, "ports.value"),
            (DEVICE, "ports.number"),
            (BADGE, "color"),
            (BADGE, ""),
        ];
        // Numbers of built-in indexes, which need no row that says that they are ready.
        let index = |((schema, path), number): ((&str, &str), u32)| Index {
            number,
            schema: schema.to_ascii_lowercase(),
            path: path.into(),
            is_ready: true,
        };
        let custom = Custom {
            schemas: vec![device, badge],
            types: types.map(|(key, json)| CustomType { key, draft: serde_json::from_value(json).unwrap() }).into(),
            indexes: indexes.into_iter().zip(200..).map(index).collect(),
        };
        Registry::with(&custom, 0).unwrap()
    });
    Arc::clone(&REGISTRY)
}

pub(crate) const DEVICE: &str = "urn:example:2.0:Device";
pub(crate) const BADGE: &str = "urn:example:2.0:Badge";

pub(crate) fn device() -> Arc<ResourceType> {
    Arc::clone(registry().type_named("Device").unwrap())
}

pub(crate) fn user() -> Arc<ResourceType> {
    Arc::clone(registry().type_named("User").unwrap())
}

pub(crate) fn group() -> Arc<ResourceType> {
    Arc::clone(registry().type_named("Group").unwrap())
}

/// The type that ids with that prefix are of.
pub(crate) fn type_of(id: ResourceId) -> Arc<ResourceType> {
    Arc::clone(registry().types_prefixed(id.prefix()).next().unwrap())
}

impl Directory {
    /// A new tenant in `store`.
    pub(crate) async fn new(store: &Store, slug: &'static str) -> Self {
        let bits = slug.bytes().fold(0, |bits, byte| bits << 8 | u128::from(byte));
        let tenant = store
            .write(move |tx| {
                Box::pin(async move {
                    let new = NewTenant {
                        id: Id::new(*b"tnt", bits),
                        slug: slug.into(),
                        name: slug.into(),
                        limits: LimitOverrides::default(),
                        settings: TenantSettings::default(),
                    };
                    tenants::insert(tx, &new, 1).await
                })
            })
            .await
            .unwrap();
        Self { store: store.clone(), tenant: tenant.key, unique: Vec::new(), strict: false, counter: Cell::new(0) }
    }

    /// The same tenant through another store, with ids that the first does not give.
    pub(crate) fn through(&self, store: &Store) -> Self {
        Self { store: store.clone(), unique: self.unique.clone(), counter: Cell::new(1 << 32), ..*self }
    }

    /// Another handle on the same tenant.
    pub(crate) fn handle(&self) -> Self {
        Self { store: self.store.clone(), unique: self.unique.clone(), counter: self.counter.clone(), ..*self }
    }

    /// A tenant that is there already, whose last resource was made with the number `made`.
    pub(crate) fn of(store: &Store, tenant: TenantKey, made: u64) -> Self {
        Self { store: store.clone(), tenant, unique: Vec::new(), strict: false, counter: Cell::new(made) }
    }

    pub(crate) fn new_id(&self, resource_type: &ResourceType) -> ResourceId {
        Id::new(resource_type.id_prefix, u128::from(self.next()))
    }

    fn next(&self) -> u64 {
        self.counter.set(self.counter.get() + 1);
        self.counter.get()
    }

    /// The time of the next request.
    pub(crate) fn now(&self) -> i64 {
        self.counter.get().cast_signed() * 1000
    }

    /// Runs a batch as one slice.
    pub(crate) async fn run(&self, batch: Batch) -> Vec<Outcome> {
        self.run_slice(batch.units.clone(), Progress::of(&batch)).await.0
    }

    /// Runs a slice of a batch.
    pub(crate) async fn run_slice(&self, units: Vec<Unit>, progress: Progress) -> (Vec<Outcome>, Progress) {
        self.try_run_slice(units, progress).await.unwrap()
    }

    pub(crate) async fn try_run_slice(
        &self,
        units: Vec<Unit>,
        progress: Progress,
    ) -> Result<(Vec<Outcome>, Progress), StoreError> {
        let context = Arc::new(self.next_context());
        let (tenant, units) = (self.tenant, Arc::new(units));
        self.store
            .write_in_turn(Turn::Slice(tenant), move |tx| {
                let (context, units, mut progress) = (Arc::clone(&context), Arc::clone(&units), progress.clone());
                Box::pin(async move {
                    let outcomes = apply::run(tx, tenant, &context, &units, &mut progress).await?;
                    Ok((outcomes, progress))
                })
            })
            .await
    }

    fn next_context(&self) -> Context {
        self.next();
        Context {
            now: self.now(),
            actor: "sct_test".into(),
            request_id: "req-1".into(),
            registry: registry(),
            unique: self.unique.clone(),
            strict: self.strict,
        }
    }

    /// Creates as the service does: with others that are created at the same time, where the engine can.
    pub(crate) async fn try_create_with_others(&self, json: Json) -> Result<Result<Written, WriteError>, StoreError> {
        let (resource_type, context) = (user(), self.next_context());
        let (target, action) = (self.new_id(&resource_type), Action::Create(resource(&resource_type, json)));
        let batch = Batch::single(Operation { resource_type, target, precondition: Precondition::Any, action });
        match apply::create(&self.store, self.tenant, &context, &batch.units[0]).await? {
            Some(created) => Ok(created),
            None => Ok(self.try_run_slice(batch.units, Progress::default()).await?.0.remove(0).1),
        }
    }

    async fn run_one(&self, target: ResourceId, if_match: &str, action: Action) -> Result<Written, WriteError> {
        let precondition = if if_match.is_empty() { Precondition::Any } else { if_match.parse().unwrap() };
        let operation = Operation { resource_type: type_of(target), target, precondition, action };
        self.run(Batch::single(operation)).await.remove(0).1
    }

    pub(crate) async fn try_create(&self, resource_type: &ResourceType, json: Json) -> Result<Written, WriteError> {
        let action = Action::Create(resource(resource_type, json));
        self.run_one(self.new_id(resource_type), "", action).await
    }

    pub(crate) async fn create_user(&self, json: Json) -> ResourceId {
        self.try_create(&user(), json).await.unwrap().id
    }

    /// A user with nothing but a name.
    pub(crate) async fn user(&self, name: &str) -> ResourceId {
        self.create_user(json!({ "userName": name })).await
    }

    pub(crate) async fn group(&self, name: &str, members: &[ResourceId]) -> ResourceId {
        self.try_create(&group(), group_json(name, members)).await.unwrap().id
    }

    pub(crate) async fn replace(&self, id: ResourceId, if_match: &str, json: Json) -> Result<Written, WriteError> {
        self.run_one(id, if_match, Action::Replace(resource(&type_of(id), json))).await
    }

    pub(crate) async fn patch(&self, id: ResourceId, if_match: &str, operations: Json) -> Result<Written, WriteError> {
        self.run_one(id, if_match, patch_action(&type_of(id), &operations)).await
    }

    pub(crate) async fn delete(&self, id: ResourceId, if_match: &str) -> Result<Written, WriteError> {
        self.run_one(id, if_match, Action::Delete).await
    }

    pub(crate) async fn get(&self, id: ResourceId) -> Option<StoredResource> {
        let (tenant, resource_type) = (self.tenant, type_of(id));
        let found = self
            .store
            .read(move |tx| Box::pin(async move { resources::get(tx, tenant, &resource_type, id).await }))
            .await;
        found.unwrap()
    }

    pub(crate) async fn version(&self, id: ResourceId) -> Version {
        self.get(id).await.unwrap().version
    }

    pub(crate) async fn members(&self, id: ResourceId) -> Vec<ResourceId> {
        let (tenant, key) = (self.tenant, self.get(id).await.unwrap().key);
        let found =
            self.store.read(move |tx| Box::pin(async move { members::of(tx, tenant, &[key]).await })).await.unwrap();
        found.get(&key).map(|members| members.iter().map(|member| member.id).collect()).unwrap_or_default()
    }

    pub(crate) async fn groups_of(&self, id: ResourceId) -> Vec<Membership> {
        let (tenant, key) = (self.tenant, self.get(id).await.unwrap().key);
        let found = self.store.read(move |tx| Box::pin(async move { members::groups_of(tx, tenant, &[key]).await }));
        found.await.unwrap().remove(&key).unwrap_or_default()
    }

    /// A resource with all that is kept apart from it.
    pub(crate) async fn show(&self, id: ResourceId) -> Representation {
        let (tenant, resource_type, registry) = (self.tenant, type_of(id), registry());
        let shown = self.store.read(move |tx| {
            Box::pin(async move { resources::show(tx, tenant, &registry, (&resource_type, id), |_, _| true).await })
        });
        shown.await.unwrap().unwrap()
    }

    /// What a query finds, likewise but for members.
    pub(crate) async fn shown(&self, resource_type: &Arc<ResourceType>, query: &ListQuery) -> Vec<Representation> {
        let stored = self.query(&[Arc::clone(resource_type)], query).await.unwrap().resources;
        let (tenant, registry) = (self.tenant, registry());
        let wants = |_: &ResourceType, relation| relation == Relation::MemberOf;
        let shown = self
            .store
            .read(move |tx| Box::pin(async move { resources::complete(tx, tenant, &registry, wants, stored).await }));
        shown.await.unwrap()
    }

    /// All events that were written, once they have their numbers.
    pub(crate) async fn events(&self) -> Vec<Event> {
        static WRITTEN: Stmt = sql! {
            sqlite: "SELECT count(*) FROM events WHERE tenant = $1",
            postgres: "SELECT count(*) FROM event_rows WHERE tenant = $1",
        };
        let tenant = self.tenant;
        let written = usize::try_from(self.number(&WRITTEN).await).unwrap();
        loop {
            let found = self.store.read(move |tx| Box::pin(events::after(tx, tenant, 0, 10_000))).await.unwrap();
            if found.len() >= written {
                return found;
            }
            tokio::task::yield_now().await;
        }
    }

    pub(crate) async fn last_event(&self) -> Event {
        self.events().await.pop().unwrap()
    }

    pub(crate) async fn enforce(&self, rule: &UniqueAttribute) -> Result<(), StoreError> {
        let (tenant, rule) = (self.tenant, Arc::new(rule.clone()));
        let enforced = self.store.write(move |tx| {
            let rule = Arc::clone(&rule);
            Box::pin(async move { uniqueness::enforce(tx, tenant, &rule).await })
        });
        enforced.await
    }

    pub(crate) async fn release(&self, rule: &UniqueAttribute) {
        let (tenant, rule) = (self.tenant, Arc::new(rule.clone()));
        let released = self.store.write(move |tx| {
            let rule = Arc::clone(&rule);
            Box::pin(async move { uniqueness::release(tx, tenant, &rule).await })
        });
        released.await.unwrap();
    }

    pub(crate) fn scope(types: &[Arc<ResourceType>]) -> Scope {
        Scope { registry: registry(), types: types.to_vec(), base_url: BASE.into() }
    }

    /// What a query finds, on the lane that it would get.
    pub(crate) async fn query(&self, types: &[Arc<ResourceType>], query: &ListQuery) -> Result<Found, StoreError> {
        let (scope, query) = (Arc::new(Self::scope(types)), Arc::new(query.clone()));
        if resources::lane(&scope, &query) == Lane::Fast {
            match self.query_on(&scope, &query, Lane::Fast).await {
                Err(StoreError::TooExpensive(_)) => {}
                answer => return answer,
            }
        }
        self.query_on(&scope, &query, Lane::Slow).await
    }

    pub(crate) async fn query_on(
        &self,
        scope: &Arc<Scope>,
        query: &Arc<ListQuery>,
        lane: Lane,
    ) -> Result<Found, StoreError> {
        let (tenant, scope, query) = (self.tenant, Arc::clone(scope), Arc::clone(query));
        self.store
            .read(move |tx| Box::pin(async move { resources::query(tx, tenant, &scope, &query, lane).await }))
            .await
    }

    /// A number that a statement gives; `$1` is the tenant.
    pub(crate) async fn number(&self, statement: &'static Stmt) -> i64 {
        let tenant = self.tenant;
        let number = self.store.read(move |tx| {
            Box::pin(async move { tx.query_one(statement, &[Param::from(tenant)], |row| row.int(0)).await })
        });
        number.await.unwrap().unwrap()
    }
}

pub(crate) fn resource(resource_type: &ResourceType, json: Json) -> Resource {
    let mut resource = Resource::read(resource_type, json).unwrap();
    resource.secret = resource.secret.map(hashed);
    resource
}

/// What the service makes of a secret before it comes to the store.
fn hashed(secret: Secret) -> Secret {
    match secret {
        Secret::Plain(plain) => Secret::Hashed(format!("hash of {plain}")),
        hashed @ Secret::Hashed(_) => hashed,
    }
}

pub(crate) fn group_json(name: &str, members: &[ResourceId]) -> Json {
    let members: Vec<Json> = members.iter().map(|id| json!({ "value": id.to_string() })).collect();
    json!({ "displayName": name, "members": members })
}

pub(crate) fn patch_action(resource_type: &ResourceType, operations: &Json) -> Action {
    let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations });
    let mut plan = patch::plan(resource_type, body, Dialect::Generic).unwrap();
    plan.secret = plan.secret.map(|secret| secret.map(hashed));
    Action::Patch(plan)
}

/// PATCH operations that add members.
pub(crate) fn adding(members: &[ResourceId]) -> Json {
    let members: Vec<Json> = members.iter().map(|id| json!({ "value": id.to_string() })).collect();
    json!([{ "op": "add", "path": "members", "value": members }])
}

/// PATCH operations that remove members.
pub(crate) fn removing(members: &[ResourceId]) -> Json {
    let members: Vec<Json> = members.iter().map(|id| json!({ "value": id.to_string() })).collect();
    json!([{ "op": "remove", "path": "members", "value": members }])
}

pub(crate) fn step(index: usize, target: ResourceId, action: Action, needs: &[usize]) -> Step {
    let operation = Operation { resource_type: type_of(target), target, precondition: Precondition::Any, action };
    Step { index, work: Ok(operation), needs: needs.to_vec() }
}

pub(crate) fn batch(units: Vec<Vec<Step>>, fail_on_errors: Option<u32>) -> Batch {
    Batch { units: units.into_iter().map(|steps| Unit { steps }).collect(), fail_on_errors }
}
