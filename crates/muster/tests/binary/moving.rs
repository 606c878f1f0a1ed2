//! A tenant, or a whole database, moves from one place to another, and its clients notice nothing.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use testdb::{Cluster, Database};
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

/// Many users, by bulk requests.
async fn crowd(scim: &Client, users: usize) {
    for begin in (0..users).step_by(1000) {
        let operations: Vec<Value> = (begin..users.min(begin + 1000))
            .map(|number| {
                let user = json!({"schemas": [USER], "userName": format!("user{number}"),
                    "emails": [{"value": format!("user{number}@example.com")}]});
                json!({"method": "POST", "path": "/Users", "bulkId": number.to_string(), "data": user})
            })
            .collect();
        let bulk = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations});
        scim.post("/Bulk", &bulk).await.assert_status(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_moves_to_postgresql_and_is_killed_on_the_way() {
    let home = Home::sqlite();
    let server = home.start();
    fill(&server.scim()).await;
    crowd(&server.scim(), 3000).await;
    let before = seen(&server.scim(), &server).await;
    let database = Cluster::shared().database();
    let migrate = || {
        let mut command = home.command();
        command.args(["migrate-to", &database.url()]).stderr(Stdio::piped()).stdout(Stdio::piped());
        command.spawn().unwrap()
    };

    let in_use = migrate().wait_with_output().unwrap();
    assert!(stderr(&in_use).contains("another process has") && stderr(&in_use).contains("stop that server first"));
    server.stop();

    // Killed as soon as some of the users are there.
    let mut killed = migrate();
    let mut lines = BufReader::new(killed.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().starts_with("resources: 1000 of 3002 rows")));
    killed.kill().unwrap();
    killed.wait().unwrap();
    let early = command_on(&home, &database).args(["tenant", "list"]).output().unwrap();
    assert!(stderr(&early).contains("run `muster migrate-to` again"), "{}", stderr(&early));

    let moved = migrate().wait_with_output().unwrap();
    assert!(moved.status.success(), "{}", stderr(&moved));
    let log = stderr(&moved);
    let begun = log.lines().find(|line| line.starts_with("resources: ")).unwrap();
    assert!(!begun.starts_with("resources: 0 of"), "it went on where it was: {begun}");
    let told = String::from_utf8(moved.stdout).unwrap();
    assert!(told.contains("rows are equal on both sides") && told.contains("need the same master key"), "{told}");

    // The master key is in the folder, which both share.
    let server = home.start_with(&["--database", &database.url()]);
    assert_eq!(seen(&server.scim(), &server).await, before);
    let again = migrate().wait_with_output().unwrap();
    assert!(stderr(&again).contains("it holds data already"), "{}", stderr(&again));
    server.stop();
}

fn command_on(home: &Home, database: &Database<'_>) -> Command {
    let mut command = home.command();
    command.env("MUSTER_DATABASE_URL", database.url());
    command
}

#[test]
fn what_cannot_be_copied_to_is_one_line_that_says_why_and_shows_no_password() {
    let home = Home::sqlite();
    assert!(home.run(&["tenant", "create", "Acme"]).status.success());
    let failure = |url: &str| {
        let output = home.run(&["migrate-to", url]);
        assert_eq!(output.status.code(), Some(1));
        stderr(&output)
    };

    assert_eq!(
        failure("mysql://root:hunter2@db/muster"),
        "muster: that is no address; write `postgres://user:password@host:port/database`\n"
    );
    let away = failure("postgres://muster:hunter2@127.0.0.1:1/muster");
    assert!(away.starts_with("muster: cannot open postgres://muster:") && !away.contains("hunter2"), "{away}");
    let postgres = Home::postgres();
    let both = postgres.run(&["migrate-to", &postgres.database().unwrap().url()]);
    assert!(stderr(&both).contains("name the SQLite file to copy with --database"), "{}", stderr(&both));
}
