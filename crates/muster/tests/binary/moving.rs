//! A tenant moves from one place to another, and its clients notice nothing.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Output, Stdio};

use serde_json::{Value, json};
use testkit::Client;

use crate::process::{Home, Muster};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A client of the tenant of `from`, with its token, at the server `at`.
fn client_of(from: &Muster, at: &Muster) -> Client {
    let (base, old) = (&at.credentials()["base_url"], &from.credentials()["base_url"]);
    let scim = &from.credentials()["scim"];
    let url = scim["base_url"].as_str().unwrap().replace(old.as_str().unwrap(), base.as_str().unwrap());
    Client::new(&url).with_bearer(scim["token"].as_str().unwrap()).scim()
}

/// Everything that the tenant's client sees, with where it is left out.
async fn seen(scim: &Client, at: &Muster) -> Vec<Value> {
    let base = at.credentials()["base_url"].as_str().unwrap().to_owned();
    let mut seen = Vec::new();
    for path in ["/Users", "/Groups"] {
        let list = scim.get(path).await.assert_status(200).text().replace(&base, "");
        seen.push(serde_json::from_str(&list).unwrap());
    }
    seen
}

async fn fill(scim: &Client) {
    let ana = json!({"schemas": [USER], "userName": "ana", "externalId": "7", "password": "correct horse"});
    let ana = scim.post("/Users", &ana).await.assert_status(201).json();
    let change = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", "path": "title", "value": "Boss"}]});
    scim.patch(&format!("/Users/{}", ana["id"].as_str().unwrap()), &change).await.assert_status(200);
    let staff = json!({"schemas": [GROUP], "displayName": "Staff", "members": [{"value": ana["id"]}]});
    scim.post("/Groups", &staff).await.assert_status(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_moves_to_another_server_and_its_token_works_there() {
    for (old, new) in [(Home::sqlite(), Home::postgres()), (Home::postgres(), Home::sqlite())] {
        let (server, file) = (old.start(), old.path("dev.ndjson"));
        let scim = server.scim();
        fill(&scim).await;
        let before = seen(&scim, &server).await;

        // While it runs.
        let exported = old.run(&["export", "--tenant", "dev", "--output", file.to_str().unwrap()]);
        assert!(exported.status.success(), "{}", stderr(&exported));
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let imported = new.run(&["import", "--input", file.to_str().unwrap(), "--json"]);
        assert!(imported.status.success(), "{}", stderr(&imported));

        let there = new.start();
        assert_eq!(seen(&client_of(&server, &there), &there).await, before);
        let users = &serde_json::from_slice::<Value>(&imported.stdout).unwrap()["rows"];
        assert_eq!((&users["resources"], &users["members"]), (&json!(2), &json!(1)));
        new.check();
        there.stop();
        server.stop();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_goes_through_a_pipe() {
    let (old, new) = (Home::sqlite(), Home::sqlite());
    let server = old.start();
    fill(&server.scim()).await;
    server.stop();

    let exported = old.run(&["export", "--tenant", "dev", "--without-credentials", "--without-history"]);
    let mut import = new
        .command()
        .args(["import", "--tenant", "moved"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    import.stdin.take().unwrap().write_all(&exported.stdout).unwrap();
    let imported = import.wait_with_output().unwrap();

    assert!(imported.status.success());
    let text = String::from_utf8(imported.stdout).unwrap();
    assert!(text.starts_with("moved (tnt_") && text.contains("2 resources"), "{text}");
    // Neither hashes of passwords nor of tokens.
    assert!(!String::from_utf8(exported.stdout).unwrap().contains("argon2"));
}

#[test]
fn what_cannot_be_exported_or_imported_is_one_line_that_says_why() {
    let home = Home::sqlite();
    assert!(home.run(&["tenant", "create", "Acme"]).status.success());
    let file = home.path("acme.ndjson");
    let export = |tenant: &str| home.run(&["export", "--tenant", tenant, "--output", file.to_str().unwrap()]);
    let import = || home.run(&["import", "--input", file.to_str().unwrap()]);

    assert_eq!(stderr(&export("nobody")), "muster: there is no tenant nobody\n");
    assert!(!file.exists());
    assert!(export("acme").status.success());
    let again = export("acme");
    assert!(again.status.code() == Some(1) && stderr(&again).contains("nothing was overwritten"), "{}", stderr(&again));
    let there = import();
    let id = stderr(&there).split_whitespace().find(|word| word.starts_with("tnt_")).unwrap_or_default().to_owned();
    assert_eq!(
        (there.status.code(), stderr(&there).replace(&id, "ID").as_str()),
        (Some(1), "muster: nothing was imported: the tenant ID is here already\n")
    );
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, &text[..text.len() - 20]).unwrap();
    let elsewhere = Home::sqlite().run(&["import", "--input", file.to_str().unwrap()]);
    assert_eq!(
        stderr(&elsewhere),
        "muster: nothing was imported: it ends in line 3 without its last line: it was cut short\n"
    );
}
