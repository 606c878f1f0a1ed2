//! Who may call what: the route table is walked, so a route cannot be added without these tests.

use server::{Access, ROUTES, Route, ScimNeed};
use service::Scopes;

use crate::harness::{Answered, Harness};

/// The path of a route with something in each of its parameters.
fn path(route: &Route) -> Vec<String> {
    let filled = route.path.replace("{tenant_id}", "acme");
    let filled = filled.replace("{slug}", "acme").replace("{token_id}", "sct_00000000000000000000000000");
    let filled = filled.replace("{application_id}", "app_00000000000000000000000000");
    let filled = filled.replace("{log_id}", "log_00000000000000000000000000");
    let filled = filled.replace("{urn}", "urn:example:2.0:X").replace("{name}", "User");
    let filled = filled.replace("{id}", "usr_00000000000000000000000000");
    if filled.contains("{endpoint}") {
        ["Users", "Groups"].map(|endpoint| filled.replace("{endpoint}", endpoint)).to_vec()
    } else {
        vec![filled]
    }
}

/// Every guarded method and path.
fn guarded() -> Vec<(&'static Route, String)> {
    let guarded = ROUTES.iter().filter(|route| route.access != Access::Public);
    guarded.flat_map(|route| path(route).into_iter().map(move |path| (route, path))).collect()
}

async fn ask(harness: &Harness, route: &Route, path: &str, token: Option<&str>) -> Answered {
    let asking = harness.request(route.method, path).json("{}");
    match token {
        Some(token) => asking.bearer(token).send().await,
        None => asking.without("authorization").send().await,
    }
}

#[tokio::test]
async fn without_a_credential_nothing_answers_but_401() {
    let harness = Harness::new().await;

    for (route, path) in guarded() {
        let answer = ask(&harness, route, &path, None).await;

        assert_eq!(answer.status, 401, "{} {path}: {}", route.method, answer.body);
        assert_eq!(answer.header("www-authenticate"), Some(r#"Bearer realm="muster""#), "{path}");
    }
}

#[tokio::test]
async fn a_credential_of_the_wrong_kind_is_refused() {
    let harness = Harness::new().await;

    for (route, path) in guarded() {
        let wrong = match route.access {
            Access::Public => continue,
            Access::Scim(_) => "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbmEifQ.",
            Access::AdminRead | Access::AdminWrite => &harness.token,
        };
        let answer = ask(&harness, route, &path, Some(wrong)).await;

        assert_eq!(answer.status, 401, "{} {path}: {}", route.method, answer.body);
        assert!(answer.header("www-authenticate").unwrap().contains(r#"error="invalid_token""#), "{path}");
    }
}

#[tokio::test]
async fn a_token_of_another_tenant_opens_nothing() {
    let harness = Harness::new().await;
    let (_, foreign) = harness.stranger().await;

    for (route, path) in guarded() {
        let answer = ask(&harness, route, &path, Some(&foreign)).await;

        assert_eq!(answer.status, 401, "{} {path}: {}", route.method, answer.body);
    }
}

#[tokio::test]
async fn too_little_scope_is_403_and_says_which_is_missing() {
    let harness = Harness::new().await;
    let readers = harness.token_with(Scopes::READ).await;
    let bulk_only = harness.token_with(Scopes::BULK).await;

    for (route, path) in guarded() {
        let too_little = match route.access {
            Access::Scim(ScimNeed::Read) => &bulk_only,
            Access::Scim(ScimNeed::Write | ScimNeed::Bulk) => &readers,
            // Any credential of the tenant will do; the admin API is walked in `admin/authorisation.rs`.
            Access::Scim(ScimNeed::Any) | Access::Public | Access::AdminRead | Access::AdminWrite => continue,
        };
        let answer = ask(&harness, route, &path, Some(too_little)).await;

        assert_eq!(answer.scim_error(), "403", "{} {path}", route.method);
        assert!(answer.body.contains("scope"), "{}", answer.body);
    }
}

#[tokio::test]
async fn a_bad_credential_learns_nothing_about_which_tenants_exist() {
    let harness = Harness::new().await;
    let (_, foreign) = harness.stranger().await;
    let ask = |tenant: &'static str, token: String| {
        let path = format!("/api/v1/tenants/{tenant}/scim/v2/Users");
        let asking = harness.request("GET", &path).bearer(&token).header("x-request-id", "same");
        asking.send()
    };

    for token in [foreign.as_str(), "scim_nonsense", "eyJ.x.y", ""] {
        let there = ask("acme", token.to_owned()).await;
        let nowhere = ask("no-such-tenant", token.to_owned()).await;

        assert_eq!((there.status.as_u16(), &there.headers), (401, &nowhere.headers), "{token}");
        assert_eq!(there.body, nowhere.body, "{token}");
    }
}

#[tokio::test]
async fn a_scope_for_users_does_not_reach_groups() {
    let harness = Harness::new().await;
    let token = harness.token_with(Scopes::USERS_READ).await;
    let get = |path| harness.request("GET", path).bearer(&token).send();

    assert_eq!(get("/api/v1/tenants/acme/scim/v2/Users").await.status, 200);
    assert_eq!(get("/api/v1/tenants/acme/scim/v2/Groups").await.scim_error(), "403");
}
