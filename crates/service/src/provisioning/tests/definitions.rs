//! What the tenant has defined changes after a caller has come, or while its request runs.

use futures_util::future::join;

use super::*;
use crate::form;

const BADGE: &str = r#"{"id":"urn:example:2.0:Badge","name":"Badge","attributes":[{"name":"code"}]}"#;

/// An extension of users, which the caller of the fixture knows nothing of.
async fn define_badges(app: &App) {
    let operator = app.operator("test");
    app.create_schema(&operator, "acme", form::body(BADGE.as_bytes()).unwrap()).await.unwrap();
    let user = br#"{"name":"User","endpoint":"/Users","schema":"urn:ietf:params:scim:schemas:core:2.0:User",
        "schemaExtensions":[{"schema":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User","required":false},
                            {"schema":"urn:example:2.0:Badge","required":false}]}"#;
    app.replace_resource_type(&operator, "acme", "User", form::body(user).unwrap()).await.unwrap();
}

fn creations(count: u32) -> String {
    let operation = |n| {
        format!(
            r#"{{"method":"POST","path":"/Users","bulkId":"{n}",
                "data":{{"userName":"user{n}","urn:example:2.0:Badge":{{"code":"{n}"}}}}}}"#
        )
    };
    format!(r#"{{"Operations":[{}]}}"#, (0..count).map(operation).collect::<Vec<_>>().join(","))
}

async fn shown(fixture: &Fixture, id: ResourceId) -> String {
    let caller = fixture.app.caught_up(&fixture.caller).await.unwrap();
    let users = caller.registry.type_named("User").unwrap();
    let whole = Projection::default();
    render(&fixture.app.get(&caller, users, id, &whole).await.unwrap(), "https://x", &whole).unwrap()
}

#[tokio::test]
async fn a_write_goes_by_what_is_defined_when_it_is_written() {
    each_engine(async |fixture| {
        let (app, caller, users) = (&fixture.app, &fixture.caller, fixture.type_named("User"));
        let whole = Projection::default();
        define_badges(app).await;

        let body = r#"{"userName":"ana","urn:example:2.0:Badge":{"code":"created"}}"#;
        let id = fixture.create("User", body).await.unwrap().id;
        assert!(shown(&fixture, id).await.contains(r#"{"code":"created"}"#));
        let body = br#"{"userName":"ana","urn:example:2.0:Badge":{"code":"replaced"}}"#;
        app.replace(caller, &users, id, Precondition::Any, body, &whole).await.unwrap();
        assert!(shown(&fixture, id).await.contains(r#"{"code":"replaced"}"#));
        let body = br#"{"Operations":[{"op":"add","path":"displayName","value":"Ana"}]}"#;
        app.patch(caller, &users, id, Precondition::Any, body, &whole).await.unwrap();
        assert!(shown(&fixture, id).await.contains(r#""displayName":"Ana""#));
        app.delete(caller, &users, id, Precondition::Any).await.unwrap();
        assert_eq!(fixture.count("userName pr").await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_bulk_request_goes_by_what_is_defined_when_it_is_run() {
    each_engine(async |fixture| {
        define_badges(&fixture.app).await;

        let body = creations(2);
        let request = BulkRequest::read(body.as_bytes(), 1000).unwrap();
        let run = fixture.app.bulk(&fixture.caller, request, body.as_bytes(), &[]).await.unwrap();

        for (n, outcome) in run.outcomes.into_iter().enumerate() {
            assert_eq!(outcome.notes.ignored, Vec::<String>::new());
            let id = outcome.result.unwrap().id;
            assert!(shown(&fixture, id).await.contains(&format!(r#"{{"code":"{n}"}}"#)));
        }
    })
    .await;
}

#[tokio::test]
async fn a_bulk_request_in_whose_middle_definitions_change_does_everything_once() {
    each_engine(async |fixture| {
        // The first refers to the last, which is run much later.
        let body = creations(450).replacen(
            "[{",
            r#"[{"method":"POST","path":"/Groups","bulkId":"g","data":{"displayName":"Staff",
            "members":[{"value":"bulkId:449"},{"value":"bulkId:0"}]}},{"#,
            1,
        );

        let (outcomes, ()) = join(fixture.bulk(&body), define_badges(&fixture.app)).await;

        assert_eq!(outcomes.len(), 451);
        for outcome in &outcomes {
            assert_eq!(outcome, "POST W/\"1\"");
        }
        assert_eq!(fixture.count("userName sw \"user\"").await, 450);
        let group = fixture.count("displayName eq \"Staff\" and members pr").await;
        assert_eq!(group, 1);
    })
    .await;
}
