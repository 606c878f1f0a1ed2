//! `muster simulate` and `muster self-test` against our own server: nothing to find, and nothing left.

use std::process::{Command, Output};

use serde_json::Value;

use crate::process::{Home, Muster, command, each_engine};

/// The command with the server's URL, and its token in the environment.
fn against(server: &Muster, arguments: &[&str]) -> Command {
    let scim = &server.credentials()["scim"];
    let mut command = command();
    command.args(arguments).args(["--url", scim["base_url"].as_str().unwrap(), "--seed", "1"]);
    command.env("SCIM_TOKEN", scim["token"].as_str().unwrap());
    command
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Plays a product each way against our server.
async fn finds_nothing_wrong_here(dialects: &[&[&str]]) {
    each_engine(async |home| {
        let server = home.start();
        for dialect in dialects {
            let play = ["--users", "4", "--groups", "2", "--churn", "50", "--parallel", "2", "--json"];

            let output = against(&server, &[&["simulate"], *dialect, &play].concat()).output().unwrap();

            let report = json(&output);
            assert_eq!(report["findings"], Value::Array(Vec::new()), "{report:#}");
            assert_eq!(output.status.code(), Some(0), "{output:?}");
        }
        for endpoint in ["/Users", "/Groups"] {
            let left = server.scim().get(endpoint).await.json();
            assert_eq!(left["totalResults"], 0, "{left:#}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn okta_finds_nothing_wrong_here() {
    finds_nothing_wrong_here(&[&["okta"], &["okta", "--wizard"]]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entra_finds_nothing_wrong_here() {
    finds_nothing_wrong_here(&[&["entra"], &["entra", "--aadOptscim062020"]]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_self_test_finds_nothing_wrong_here() {
    each_engine(async |home| {
        let server = home.start();

        let output = against(&server, &["self-test", "--json"]).output().unwrap();

        let report = json(&output);
        let others: Vec<&Value> =
            report["checks"].as_array().unwrap().iter().filter(|check| check["outcome"] != "passed").collect();
        // A previous page is optional (RFC 9865 §2), and not there.
        assert!(others.len() == 1 && others[0]["id"] == "cursor.previous", "{others:#?}");
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_self_test_leaves_a_tenant_with_users_alone() {
    let home = Home::sqlite();
    let server = home.start();
    let ana = serde_json::json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ana"});
    server.scim().post("/Users", &ana).await.assert_status(201);

    let refused = against(&server, &["self-test"]).output().unwrap();
    let forced = against(&server, &["self-test", "--force", "--only", "discovery"]).output().unwrap();

    assert_eq!(refused.status.code(), Some(1));
    insta::assert_snapshot!(String::from_utf8_lossy(&refused.stderr), @"muster: there are 1 resources at /Users; a self-test belongs on an empty scratch tenant. With --force it runs all the same, and removes only what it made");
    assert_eq!(forced.status.code(), Some(0), "{forced:?}");
    assert_eq!(server.scim().get("/Users").await.json()["totalResults"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_is_one_finding_with_what_the_product_would_do() {
    let home = Home::sqlite();
    let server = home.start();
    let file = home.path("token");
    std::fs::write(&file, "scim_not-a-token\n").unwrap();
    let url = server.credentials()["scim"]["base_url"].as_str().unwrap();

    for (product, name, next) in
        [("okta", "Okta", "API credentials"), ("entra", "Microsoft Entra ID", "credentials for bad")]
    {
        let output = command()
            .args(["simulate", product, "--url", url, "--token-file", file.to_str().unwrap(), "--json"])
            .output()
            .unwrap();

        let report = json(&output);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(String::from_utf8_lossy(&output.stderr), format!("muster: {name} would be stuck\n"));
        assert_eq!(report["findings"].as_array().unwrap().len(), 1, "{report:#}");
        let finding = &report["findings"][0];
        assert_eq!((&finding["id"], &finding["severity"]), (&"connection-test".into(), &"stuck".into()));
        assert!(finding["next"].as_str().unwrap().contains(next), "{finding:#}");
        assert!(!String::from_utf8_lossy(&output.stdout).contains("not-a-token"), "the token is shown");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn entras_flag_is_taken_from_the_tenant_url_too() {
    let home = Home::sqlite();
    let server = home.start();
    let scim = &server.credentials()["scim"];
    let dialect = |url: &str, flags: &[&str]| {
        let mut play = command();
        play.args(["simulate", "entra", "--users", "0", "--groups", "0", "--json", "--url", url]).args(flags);
        play.env("SCIM_TOKEN", scim["token"].as_str().unwrap());
        json(&play.output().unwrap())["dialect"].as_str().unwrap().to_owned()
    };
    let url = scim["base_url"].as_str().unwrap();

    assert_eq!(dialect(url, &[]), "without aadOptscim062020");
    assert_eq!(dialect(url, &["--aadOptscim062020"]), "with aadOptscim062020");
    assert_eq!(dialect(&format!("{url}?aadOptscim062020"), &[]), "with aadOptscim062020");
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{closed}/v2");

    for play in [&["simulate", "okta"][..], &["simulate", "entra"], &["self-test"]] {
        let output = command().args(play).args(["--url", &url]).output().unwrap();

        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.starts_with(&format!("muster: {url} cannot be reached: no answer: Connection refused")), "{said}");
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    }
}
