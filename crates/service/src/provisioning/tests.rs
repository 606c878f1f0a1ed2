//! Provisioning over a real store, without the wire.

mod definitions;

use std::sync::Arc;

use futures_util::future::{join, join_all};
use scim::id::{Precondition, Version};
use scim::message::{BulkRequest, SearchRequest};
use scim::projection::Projection;
use scim::resource::render;
use scim::schema::ResourceType;
use store::tenants::NewTenant;

use super::*;
use crate::WriteError;
use crate::caller::{Actor, IdentityProvider, Scopes};
use crate::clock::{Clock, Secrets};
use crate::error::ServiceError;
use crate::settings::{MasterKey, Settings};
use crate::tenants::{Limits, SettingChange, Tenant, UpdateTenant};
use crate::tests::place::Place;

struct Fixture {
    app: App,
    caller: ScimCaller,
    _place: Place,
}

impl Fixture {
    async fn at(place: Place, scopes: Scopes) -> Self {
        let store = place.open().await;
        let settings = Settings {
            clock: Clock::fixed(1_700_000_000_000),
            secrets: Secrets::seeded(1),
            ..Settings::new(MasterKey::new([7; 32]))
        };
        let app = App::open(settings, store).await.unwrap();
        let new = NewTenant {
            id: app.new_id(*b"tnt"),
            slug: "acme".into(),
            name: "Acme".into(),
            limits: store::tenants::LimitOverrides::default(),
            settings: TenantSettings::default(),
        };
        let insert = app.store().write(move |tx| {
            let new = new.clone();
            Box::pin(async move { store::tenants::insert(tx, &new, 0).await })
        });
        let row = insert.await.unwrap();
        let tenant = Tenant {
            key: row.key,
            id: row.id,
            slug: row.slug,
            name: row.name,
            status: row.status,
            limits: Limits::default(),
            settings: row.settings,
            created_at: row.created_at,
            updated_at: row.updated_at,
        };
        let caller = ScimCaller {
            tenant: Arc::new(tenant),
            registry: scim::schema::core::registry(),
            actor: Actor::Operator,
            scopes,
            identity_provider: IdentityProvider::Generic,
            request_id: "test".into(),
        };
        Self { app, caller, _place: place }
    }

    fn type_named(&self, name: &str) -> Arc<ResourceType> {
        Arc::clone(self.caller.registry.type_named(name).unwrap())
    }

    async fn create(&self, type_name: &str, body: &str) -> Result<Stored, ServiceError> {
        let resource_type = self.type_named(type_name);
        self.app.create(&self.caller, &resource_type, body.as_bytes(), &Projection::default()).await
    }

    async fn bulk(&self, body: &str) -> Vec<String> {
        let request = BulkRequest::read(body.as_bytes(), 1000).unwrap();
        let run = self.app.bulk(&self.caller, request, body.as_bytes(), &["/scim/v2"]).await.unwrap();
        let say = |outcome: &BulkOutcome| match &outcome.result {
            Ok(written) => format!("{} {}", outcome.head.method, written.version),
            Err(error) => format!("{} {error}", outcome.head.method),
        };
        run.outcomes.iter().map(say).collect()
    }

    async fn once(&self, body: &str, answer: Result<&str, ServiceError>) -> Result<String, ServiceError> {
        let key = "key".parse().unwrap();
        self.app.once(&self.caller, &key, body.as_bytes(), async { answer.map(str::to_owned) }).await
    }

    async fn count(&self, filter: &str) -> u64 {
        let request = SearchRequest { filter: Some(filter.into()), ..SearchRequest::default() };
        self.app.list(&self.caller, None, &request, "").await.unwrap().total_results
    }
}

/// Runs a test on each engine.
async fn each_engine(test: impl AsyncFn(Fixture)) {
    each_engine_with_scopes(Scopes::ALL, test).await;
}

/// [`each_engine`] for a caller who may do only that.
async fn each_engine_with_scopes(scopes: Scopes, test: impl AsyncFn(Fixture)) {
    for place in Place::on_each_engine() {
        test(Fixture::at(place, scopes).await).await;
    }
}

fn text(stored: &Stored) -> String {
    render(stored.shown.as_ref().unwrap(), "https://x", &Projection::default()).unwrap()
}

#[tokio::test]
async fn a_bulk_request_that_others_get_in_between_comes_out_as_if_it_were_alone() {
    each_engine(async |fixture| {
        let create = |id: usize| {
            format!(r#"{{"method":"POST","path":"/Users","bulkId":"u{id}","data":{{"userName":"u{id}"}}}}"#)
        };
        let group = r#"{"method":"POST","path":"/Groups","bulkId":"g",
            "data":{"displayName":"G","members":[{"value":"bulkId:u19"}]}}"#;
        let again = create(3).replace("\"bulkId\":\"u3\"", "\"bulkId\":\"again\"");
        let never = create(100);
        let creates = (0..20).map(create).collect::<Vec<_>>().join(",");
        let body = format!(r#"{{"failOnErrors":1,"Operations":[{group},{creates},{again},{never}]}}"#);
        let bodies: Vec<String> = (0..40).map(|number| format!(r#"{{"userName":"other{number}"}}"#)).collect();

        let others = join_all(bodies.iter().map(|body| fixture.create("User", body)));
        let (outcomes, others) = join(fixture.bulk(&body), others).await;

        assert!(others.iter().all(Result::is_ok));
        assert_eq!(outcomes.len(), 22, "{outcomes:?}");
        assert!(outcomes[..21].iter().all(|told| told == "POST W/\"1\""), "{outcomes:?}");
        assert_eq!(outcomes[21], "POST userName: another resource has this value already");
        assert_eq!(fixture.count("userName sw \"u\"").await, 20);
    })
    .await;
}

#[tokio::test]
async fn what_is_created_can_be_read_replaced_patched_and_deleted() {
    each_engine(async |fixture| {
        let users = fixture.type_named("User");
        let (app, caller, whole) = (&fixture.app, &fixture.caller, Projection::default());

        let created = fixture.create("User", r#"{"userName":"ana","password":"s3cret"}"#).await.unwrap();
        let id = created.shown.as_ref().unwrap().id;
        let read = app.get(caller, &users, id, &whole).await.unwrap();
        assert_eq!(render(&read, "https://x", &whole).unwrap(), text(&created));
        assert!(!text(&created).contains("assword"));

        let body = br#"{"userName":"ana","displayName":"Ana"}"#;
        let replaced = app.replace(caller, &users, id, Precondition::Any, body, &whole).await.unwrap();
        assert_eq!(replaced.version, Version(2));

        let body = br#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations":[{"op":"replace","path":"displayName","value":"Ann"}]}"#;
        let patched = app.patch(caller, &users, id, Precondition::Any, body, &whole).await.unwrap();
        assert!(text(&patched).contains(r#""displayName":"Ann""#));

        app.delete(caller, &users, id, Precondition::Any).await.unwrap();
        let gone = app.get(caller, &users, id, &whole).await;
        assert!(matches!(gone, Err(ServiceError::Scim(ScimError::NotFound(_)))));
    })
    .await;
}

#[tokio::test]
async fn a_group_shows_its_members_and_a_user_its_groups() {
    each_engine(async |fixture| {
        let user = fixture.create("User", r#"{"userName":"ana","displayName":"Ana"}"#).await.unwrap().shown.unwrap();

        let group = fixture
            .create("Group", &format!(r#"{{"displayName":"Staff","members":[{{"value":"{}"}}]}}"#, user.id))
            .await
            .unwrap();

        assert!(text(&group).contains(r#""display":"Ana""#), "{}", text(&group));
        let users = fixture.type_named("User");
        let user = fixture.app.get(&fixture.caller, &users, user.id, &Projection::default()).await.unwrap();
        assert_eq!(user.member_of.unwrap()[0].display.as_deref(), Some("Staff"));
    })
    .await;
}

#[tokio::test]
async fn a_change_of_members_alone_is_not_echoed() {
    each_engine(async |fixture| {
        let user = fixture.create("User", r#"{"userName":"ana"}"#).await.unwrap().shown.unwrap();
        let group = fixture.create("Group", r#"{"displayName":"Staff"}"#).await.unwrap().shown.unwrap();
        let groups = fixture.type_named("Group");
        let body = format!(
            r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                "Operations":[{{"op":"add","path":"members","value":[{{"value":"{}"}}]}}]}}"#,
            user.id
        );
        let patch = |projection: Projection| {
            let (body, groups, fixture) = (body.clone(), &groups, &fixture);
            let id = group.id;
            async move {
                let any = Precondition::Any;
                fixture.app.patch(&fixture.caller, groups, id, any, body.as_bytes(), &projection).await.unwrap()
            }
        };

        let silent = patch(Projection::default()).await;
        let asked = patch(Projection::from_query(Some("members"), None).unwrap()).await;

        assert!(silent.shown.is_none());
        assert_eq!(silent.version, Version(2));
        assert_eq!(asked.shown.unwrap().members.unwrap().len(), 1);
        assert_eq!(asked.version, Version(2), "adding a member who is there changes nothing");
    })
    .await;
}

#[tokio::test]
async fn a_bulk_request_runs_in_dependency_order_and_answers_in_request_order() {
    each_engine(async |fixture| {
        let outcomes = fixture
            .bulk(
                r#"{"Operations":[
                {"method":"POST","path":"/Groups","bulkId":"g",
                 "data":{"displayName":"Staff","members":[{"value":"bulkId:u"}]}},
                {"method":"POST","path":"/Users","bulkId":"u","data":{"userName":"ana","password":"s3cret"}},
                {"method":"POST","path":"/Users","bulkId":"v","data":{"userName":"ANA"}}]}"#,
            )
            .await;

        assert_eq!(
            outcomes,
            ["POST W/\"1\"", "POST W/\"1\"", "POST userName: another resource has this value already"]
        );
        assert_eq!(fixture.count("displayName eq \"staff\"").await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_bulk_request_ends_after_so_many_errors() {
    each_engine(async |fixture| {
        let outcomes = fixture
            .bulk(
                r#"{"failOnErrors":1,"Operations":[
                {"method":"POST","path":"/Users","bulkId":"a","data":{"userName":"a"}},
                {"method":"POST","path":"/Users","bulkId":"b","data":{"userName":"a"}},
                {"method":"POST","path":"/Users","bulkId":"c","data":{"userName":"c"}}]}"#,
            )
            .await;

        assert_eq!(outcomes.len(), 2);
        assert_eq!(fixture.count("userName pr").await, 1);
    })
    .await;
}

#[tokio::test]
async fn an_operation_beyond_the_scopes_fails_alone() {
    let scopes = Scopes::BULK.union(Scopes::USERS_WRITE).union(Scopes::READ);
    each_engine_with_scopes(scopes, async |fixture| {
        let outcomes = fixture
            .bulk(
                r#"{"Operations":[
                {"method":"POST","path":"/Groups","bulkId":"g","data":{"displayName":"Staff"}},
                {"method":"POST","path":"/Users","bulkId":"u","data":{"userName":"ana"}}]}"#,
            )
            .await;

        assert_eq!(outcomes, ["POST The token lacks the scope groups:write", "POST W/\"1\""]);
    })
    .await;
}

#[tokio::test]
async fn a_bulk_request_of_many_slices_does_everything() {
    each_engine(async |fixture| {
        let operation =
            |n| format!(r#"{{"method":"POST","path":"/Users","bulkId":"{n}","data":{{"userName":"user{n}"}}}}"#);
        let operations = (0..250).map(operation).collect::<Vec<_>>().join(",");

        let outcomes = fixture.bulk(&format!(r#"{{"Operations":[{operations}]}}"#)).await;

        assert_eq!(outcomes.len(), 250);
        assert!(outcomes.iter().all(|outcome| outcome == "POST W/\"1\""));
        assert_eq!(fixture.count("userName sw \"user\"").await, 250);
    })
    .await;
}

#[tokio::test]
async fn a_key_gives_the_answer_of_the_first_run_for_a_day() {
    each_engine(async |fixture| {
        let first = fixture.once("body", Ok("answer")).await;

        let again = fixture.once("body", Ok("never run")).await;
        let other = fixture.once("other body", Ok("never run")).await;

        assert_eq!((first.unwrap(), again.unwrap()), ("answer".into(), "answer".into()));
        assert!(matches!(other, Err(ServiceError::Conflict(_))));
        fixture.app.settings().clock.advance(24 * 60 * 60 * 1000 + 1);
        assert_eq!(fixture.once("other body", Ok("new")).await.unwrap(), "new");
    })
    .await;
}

#[tokio::test]
async fn a_key_is_free_again_when_nothing_was_done() {
    each_engine(async |fixture| {
        fixture.once("body", Err(ServiceError::Forbidden("no".into()))).await.unwrap_err();

        assert_eq!(fixture.once("body", Ok("answer")).await.unwrap(), "answer");
    })
    .await;
}

#[tokio::test]
async fn a_key_is_taken_while_its_first_request_runs() {
    each_engine(async |fixture| {
        let key = "key".parse().unwrap();
        let inner = async { fixture.once("body", Ok("never run")).await };

        let first = fixture.app.once(&fixture.caller, &key, b"body", async {
            assert!(matches!(inner.await, Err(ServiceError::Conflict(_))));
            Ok("answer".to_owned())
        });

        assert_eq!(first.await.unwrap(), "answer");
    })
    .await;
}

#[tokio::test]
async fn what_was_written_is_answered_with_its_error() {
    each_engine(async |fixture| {
        fixture.create("User", r#"{"userName":"ana"}"#).await.unwrap();

        let twice = fixture.create("User", r#"{"userName":"Ana"}"#).await;

        let taken = WriteError::NotUnique { attribute: "userName".into() };
        assert!(matches!(twice, Err(ServiceError::Write(error)) if error == taken));
    })
    .await;
}

#[tokio::test]
async fn a_setting_that_makes_values_unique_looks_at_what_is_there() {
    each_engine(async |fixture| {
        fixture.create("User", r#"{"userName":"ana","externalId":"7"}"#).await.unwrap();
        let double = fixture.create("User", r#"{"userName":"bob","externalId":"7"}"#).await.unwrap().shown.unwrap().id;
        let settings = SettingChange { external_id_unique: Some(true), ..SettingChange::default() };
        let operator = fixture.app.operator("test");
        let change =
            || fixture.app.update_tenant(&operator, "acme", UpdateTenant { settings, ..UpdateTenant::default() });

        let refused = change().await;
        fixture.app.delete(&fixture.caller, &fixture.type_named("User"), double, Precondition::Any).await.unwrap();
        let enforced = change().await;

        assert!(matches!(refused, Err(ServiceError::Conflict(text)) if text.contains("externalId")));
        assert!(enforced.unwrap().settings.external_id_unique);
    })
    .await;
}

#[tokio::test]
async fn a_strict_tenant_refuses_what_others_have_mended() {
    each_engine(async |mut fixture| {
        let schemas = r#""schemas":["urn:ietf:params:scim:schemas:core:2.0:User"]"#;
        let mended = format!(r#"{{{schemas},"userName":"ana","active":"True"}}"#);
        fixture.create("User", &mended).await.unwrap();
        let mut tenant = Tenant::clone(&fixture.caller.tenant);
        tenant.settings.strict = true;
        fixture.caller.tenant = Arc::new(tenant);

        let refused = fixture.create("User", &mended.replace("ana", "ben")).await;

        let Err(ServiceError::Scim(ScimError::Syntax(detail))) = refused else { panic!("{refused:?}") };
        assert!(detail.contains("boolean-as-text"), "{detail}");
        let user = |name: &str, more: &str| {
            let data = format!(r#"{{{schemas},"userName":"{name}"{more}}}"#);
            format!(r#"{{"method":"POST","path":"/Users","bulkId":"{name}","data":{data}}}"#)
        };
        let operations = [user("cat", r#","active":"True""#), user("dan", "")].join(",");
        let outcomes = fixture.bulk(&format!(r#"{{"Operations":[{operations}]}}"#)).await;
        assert!(outcomes[0].contains("boolean-as-text"), "{outcomes:?}");
        assert_eq!(outcomes[1], "POST W/\"1\"");
    })
    .await;
}

#[tokio::test]
async fn what_is_mended_in_applying_is_named_with_the_rest() {
    each_engine(async |fixture| {
        let id = fixture.create("User", r#"{"userName":"ana"}"#).await.unwrap().shown.unwrap().id;
        let patch = |filter: &str| {
            format!(
                r#"{{"Operations":[{{"op":"Replace","path":"emails[type eq \"{filter}\"].value","value":"a@x"}}]}}"#
            )
        };

        let (user, body) = (fixture.type_named("User"), patch("work"));
        let projection = Projection::default();
        let alone =
            fixture.app.patch(&fixture.caller, &user, id, Precondition::Any, body.as_bytes(), &projection).await;
        let operation = format!(r#"{{"method":"PATCH","path":"/Users/{id}","data":{}}}"#, patch("home"));
        let body = format!(r#"{{"Operations":[{operation}]}}"#);
        let request = BulkRequest::read(body.as_bytes(), 1000).unwrap();
        let bulk = fixture.app.bulk(&fixture.caller, request, body.as_bytes(), &[]).await;

        assert!(alone.unwrap().notes.repairs.contains(&"replace-creates"));
        assert!(bulk.unwrap().notes.repairs.contains(&"replace-creates"));
    })
    .await;
}
