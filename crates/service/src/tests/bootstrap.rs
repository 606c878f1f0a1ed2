use super::{each_engine, presented};
use crate::form;
use crate::oauth::{TokenError, TokenRequest};
use crate::settings::MasterKey;
use crate::{App, ServiceError, Settings};

#[tokio::test]
async fn what_dev_makes_is_the_same_at_the_next_start() {
    each_engine(async |fixture| {
        let first = fixture.app.bootstrap_dev().await.unwrap();
        let again = fixture.neighbour().await.bootstrap_dev().await.unwrap();

        assert_eq!((&first.client_id, first.client_secret.reveal()), (&again.client_id, again.client_secret.reveal()));
        assert_eq!((first.tenant.id, first.scim_token.reveal()), (again.tenant.id, again.scim_token.reveal()));
        let token = format!("Bearer {}", first.scim_token.reveal());
        assert!(fixture.app.authenticate_scim("dev", &presented(&token)).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn what_was_revoked_is_made_anew() {
    each_engine(async |fixture| {
        let first = fixture.app.bootstrap_dev().await.unwrap();
        let operator = fixture.app.operator("test");
        let tokens = fixture.app.list_scim_tokens(&operator, form::query(&[]).unwrap()).await.unwrap();
        fixture.app.revoke_scim_token(&operator, &tokens.items[0].id.to_string()).await.unwrap();

        let second = fixture.app.bootstrap_dev().await.unwrap();

        assert_eq!(second.tenant.id, first.tenant.id);
        assert_ne!(second.scim_token.reveal(), first.scim_token.reveal());
        let token = format!("Bearer {}", second.scim_token.reveal());
        assert!(fixture.app.authenticate_scim("dev", &presented(&token)).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn every_change_leaves_a_row_in_the_audit() {
    each_engine(async |fixture| {
        let (app, operator) = (&fixture.app, fixture.app.operator("r7"));
        let tenant = app.create_tenant(&operator, form::body(br#"{"name":"Acme"}"#).unwrap()).await.unwrap();
        let body = br#"{"name":"t","tenant_id":"acme"}"#;
        let token = app.issue_scim_token(&operator, form::body(body).unwrap()).await.unwrap().token.id.to_string();
        app.update_scim_token(&operator, &token, form::body(br#"{"name":"u"}"#).unwrap()).await.unwrap();
        app.rotate_scim_token(&operator, &token, form::optional_body(b"").unwrap()).await.unwrap();
        app.revoke_scim_token(&operator, &token).await.unwrap();
        app.revoke_scim_token(&operator, &token).await.unwrap();
        app.update_tenant(&operator, "acme", form::body(br#"{"name":"B"}"#).unwrap()).await.unwrap();
        let issued = app.create_application(&operator, form::body(body).unwrap()).await.unwrap();
        let client = issued.application.id.to_string();
        app.update_application(&operator, &client, form::body(br#"{"is_active":false}"#).unwrap()).await.unwrap();
        app.rotate_application(&operator, &client, form::optional_body(b"").unwrap()).await.unwrap();
        app.delete_application(&operator, &client).await.unwrap();
        app.delete_tenant(&operator, "acme").await.unwrap();

        let deeds = fixture.deeds(Some(tenant.key)).await;

        let (token, client, tenant) = (token.as_str(), client.as_str(), tenant.id.to_string());
        let expected = [
            ("tenant.delete", tenant.as_str()),
            ("application.delete", client),
            ("application.rotate", client),
            ("application.update", client),
            ("application.create", client),
            ("tenant.update", &tenant),
            ("scim_token.revoke", token),
            ("scim_token.rotate", token),
            ("scim_token.update", token),
            ("scim_token.create", token),
            ("tenant.create", &tenant),
        ];
        let found: Vec<(&str, &str, &str)> =
            deeds.iter().map(|deed| (deed.actor.as_str(), &*deed.action, deed.subject.as_str())).collect();
        assert_eq!(found, expected.map(|(action, subject)| ("operator", action, subject)));
    })
    .await;
}

#[tokio::test]
async fn a_database_is_not_opened_with_another_master_key() {
    each_engine(async |fixture| {
        fixture.app.jwks().await.unwrap();
        let other = Settings { master_key: MasterKey::new([8; 32]), ..fixture.settings.clone() };

        let opened = App::open(other, fixture.store.clone()).await;

        assert!(matches!(opened, Err(ServiceError::Key(_))));
    })
    .await;
}

#[tokio::test]
async fn no_client_without_a_secret_and_none_with_half_of_it() {
    each_engine(async |fixture| {
        let dev = fixture.app.bootstrap_dev().await.unwrap();
        let secret = dev.client_secret.reveal();
        for wrong in ["", &secret[..secret.len() - 1], &secret.to_lowercase()] {
            let fields =
                [("grant_type", "client_credentials"), ("client_id", &dev.client_id), ("client_secret", wrong)]
                    .map(|(name, value)| (name.to_owned(), value.to_owned()));
            let request = TokenRequest {
                tenant: None,
                authorization: None,
                fields: &fields,
                address: None,
                base_url: "http://x",
            };

            let refused = fixture.app.issue_access_token(&request).await;

            assert!(matches!(refused, Err(TokenError::InvalidClient)), "{wrong}");
        }
    })
    .await;
}
