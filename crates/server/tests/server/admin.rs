//! The admin API and the token endpoints.

mod applications;
mod audit;
mod authorisation;
mod endpoint_info;
mod keys;
mod oauth;
mod request_logs;
mod schemas;
mod scim_tokens;
mod tenants;

use http::Method;
use serde_json::{Value, json};
use service::applications::{CreateApplication, Kind};

use crate::harness::{Answered, Harness};

/// Somebody with an access token.
pub(crate) struct Admin<'h> {
    pub(crate) harness: &'h Harness,
    pub(crate) jwt: String,
}

/// An OAuth client's credentials.
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) secret: String,
}

/// A GLOBAL client, or one of the tenant.
pub(crate) async fn client(
    harness: &Harness,
    tenant: Option<&str>,
    role: Option<&'static str>,
    scopes: &[&'static str],
) -> Client {
    let request = CreateApplication {
        name: "test".into(),
        description: None,
        kind: Some(if tenant.is_some() { Kind::Tenant } else { Kind::Global }),
        tenant: tenant.map(str::to_owned),
        scopes: scopes.to_vec(),
        role,
    };
    let issued = harness.app.create_application(&harness.app.operator("test"), request).await.unwrap();
    Client { id: issued.application.client_id, secret: issued.secret.reveal().to_owned() }
}

impl<'h> Admin<'h> {
    /// One who may do everything.
    pub(crate) async fn platform(harness: &'h Harness) -> Self {
        Self::with(harness, None, Some("super_admin"), &[]).await
    }

    /// One who may do everything in the tenant `acme`.
    pub(crate) async fn bound(harness: &'h Harness) -> Self {
        Self::with(harness, Some("acme"), Some("tenant_admin"), &[]).await
    }

    pub(crate) async fn with(
        harness: &'h Harness,
        tenant: Option<&str>,
        role: Option<&'static str>,
        scopes: &[&'static str],
    ) -> Self {
        let client = client(harness, tenant, role, scopes).await;
        let path = match tenant {
            Some(tenant) => format!("/api/v1/auth/tenants/{tenant}/oauth/token"),
            None => "/api/v1/platform/oauth/token".to_owned(),
        };
        let form = format!("grant_type=client_credentials&client_id={}&client_secret={}", client.id, client.secret);
        let answer = harness.request("POST", &path).without("authorization").form(&form).send().await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        Self { harness, jwt: answer.json()["access_token"].as_str().unwrap().to_owned() }
    }

    pub(crate) async fn get(&self, path: &str) -> Answered {
        self.ask(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answered {
        self.ask(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answered {
        self.ask(Method::PATCH, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answered {
        self.ask(Method::DELETE, path, None).await
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Answered {
        let path = format!("/api/v1/admin{path}");
        let asking = self.harness.request(method.as_str(), &path).bearer(&self.jwt);
        match body {
            Some(body) => asking.header("content-type", "application/json").raw(body.to_string()).send().await,
            None => asking.send().await,
        }
    }

    /// Creates something and gives the answer.
    pub(crate) async fn create(&self, path: &str, body: Value) -> Value {
        let answer = self.post(path, body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.json()
    }
}

impl Answered {
    /// `422 body.name missing, …`: what is wrong where, in order; or `404 <detail>`.
    pub(crate) fn refusal(&self) -> String {
        let status = self.status.as_str();
        match &self.json()["detail"] {
            Value::Array(errors) => {
                let step = |step: &Value| step.as_str().map_or_else(|| step.to_string(), str::to_owned);
                let line = |error: &Value| {
                    let loc: Vec<String> = error["loc"].as_array().unwrap().iter().map(step).collect();
                    format!("{} {}", loc.join("."), error["type"].as_str().unwrap())
                };
                format!("{status} {}", errors.iter().map(line).collect::<Vec<_>>().join(", "))
            }
            detail => format!("{status} {}", detail.as_str().unwrap()),
        }
    }
}

/// A token of `acme`, as the create response shows it.
pub(crate) async fn token(admin: &Admin<'_>) -> Value {
    admin.create("/scim-tokens/", json!({"name": "Okta", "tenant_id": "acme"})).await
}

/// How a SCIM token is answered that asks for the users of `acme`.
pub(crate) async fn try_token(harness: &Harness, secret: &Value) -> u16 {
    let asking = harness.request("GET", &Harness::scim("/Users?count=0"));
    asking.bearer(secret.as_str().unwrap()).send().await.status.as_u16()
}
