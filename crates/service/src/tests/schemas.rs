//! Definitions as the service keeps them: who is told, and what other processes know.

use std::sync::Arc;

use super::{Fixture, each_engine, presented};
use crate::App;
use crate::form;
use crate::scim_tokens::CreateScimToken;

const SCHEMA: &str = r#"{"id":"urn:example:2.0:Device","name":"Device","attributes":[{"name":"a"}]}"#;
const TYPE: &str = r#"{"name":"Device","endpoint":"/Devices","schema":"urn:example:2.0:Device"}"#;

/// A tenant; gives what a SCIM client of it sends.
async fn tenant(fixture: &Fixture) -> String {
    let operator = fixture.app.operator("test");
    fixture.app.create_tenant(&operator, form::body(br#"{"name":"acme"}"#).unwrap()).await.unwrap();
    let token: CreateScimToken = form::body(br#"{"name":"t","tenant_id":"acme"}"#).unwrap();
    let token = fixture.app.issue_scim_token(&operator, token).await.unwrap();
    format!("Bearer {}", token.secret.reveal())
}

pub(super) async fn define(app: &App) {
    let operator = app.operator("test");
    app.create_schema(&operator, "acme", form::body(SCHEMA.as_bytes()).unwrap()).await.unwrap();
    app.create_resource_type(&operator, "acme", form::body(TYPE.as_bytes()).unwrap()).await.unwrap();
}

async fn knows_devices(app: &App, authorization: &str) -> bool {
    let caller = app.authenticate_scim("acme", &presented(authorization)).await.unwrap();
    caller.registry.type_at("Devices").is_some()
}

#[tokio::test]
async fn what_is_defined_holds_at_once_here_and_in_other_processes() {
    each_engine(async |fixture| {
        let authorization = tenant(&fixture).await;
        let neighbour = fixture.neighbour().await;
        assert!(!knows_devices(&fixture.app, &authorization).await);
        assert!(!knows_devices(&neighbour, &authorization).await);

        define(&fixture.app).await;

        assert!(knows_devices(&fixture.app, &authorization).await);
        assert!(knows_devices(&neighbour, &authorization).await);
    })
    .await;
}

#[tokio::test]
async fn a_registry_is_made_once_for_a_version() {
    each_engine(async |fixture| {
        let authorization = tenant(&fixture).await;
        define(&fixture.app).await;
        let registry = async || {
            let caller = fixture.app.authenticate_scim("acme", &presented(&authorization)).await.unwrap();
            caller.registry
        };
        let first = registry().await;

        let operator = fixture.app.operator("test");
        let renamed = form::body(br#"{"name":"Acme 2"}"#).unwrap();
        fixture.app.update_tenant(&operator, "acme", renamed).await.unwrap();

        assert!(Arc::ptr_eq(&first, &registry().await));
    })
    .await;
}

#[tokio::test]
async fn changes_of_definitions_are_audited_and_refusals_are_not() {
    each_engine(async |fixture| {
        tenant(&fixture).await;
        define(&fixture.app).await;
        let operator = fixture.app.operator("test");
        fixture.app.create_schema(&operator, "acme", form::body(SCHEMA.as_bytes()).unwrap()).await.unwrap_err();
        fixture.app.delete_resource_type(&operator, "acme", "Device").await.unwrap();
        fixture.app.delete_schema(&operator, "acme", "urn:example:2.0:Device").await.unwrap();

        let key = fixture.app.get_tenant(&operator, "acme").await.unwrap().key;
        let deeds: Vec<String> = fixture.deeds(Some(key)).await[..4]
            .iter()
            .map(|deed| format!("{} {} {}", deed.actor, deed.action, deed.subject))
            .collect();
        assert_eq!(
            deeds,
            [
                "operator schema.delete urn:example:2.0:Device",
                "operator resource_type.delete Device",
                "operator resource_type.create Device",
                "operator schema.create urn:example:2.0:Device",
            ]
        );
    })
    .await;
}
