//! What operators meet on PostgreSQL only: addresses with passwords, many servers and one master key,
//! commands beside a running server, and clear words when it cannot be.

use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use testdb::Cluster;

use crate::process::{Home, Muster, command, run};

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What a failed command says, in the line that it has for that.
fn complaint(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{}", stdout(output));
    stderr(output)
}

async fn create_user(server: &Muster, name: &str) {
    let user = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name});
    server.scim().post("/Users", &user).await.assert_status(201);
}

#[test]
fn check_config_shows_the_address_without_its_password() {
    let url = "postgres://muster:hunter2@db/muster?sslmode=require";

    for output in [
        run(&["check-config", "--database", url]),
        run(&["check-config", "--set", &format!("database_url={url}")]),
        command().arg("check-config").env("MUSTER_DATABASE_URL", url).output().unwrap(),
    ] {
        let shown = stdout(&output);
        assert!(shown.contains(r#"database_url = "postgres://muster:********@db/muster?sslmode=require""#), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn no_log_line_holds_the_password_however_much_is_logged() {
    let home = Home::postgres();
    let url = home.database().unwrap().url().replace("muster@", "muster:hunter2@");
    let mut serve = home.command();
    serve.args(["serve", "--dev", "--listen", "127.0.0.1:0", "--metrics-listen", "off", "--set", "log.filter=trace"]);
    let log = home.path("log");
    serve.env("MUSTER_DATABASE_URL", url).stdout(Stdio::piped()).stderr(std::fs::File::create(&log).unwrap());
    let mut server = serve.spawn().unwrap();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut String::new()).unwrap();
    assert!(Command::new("kill").args(["-TERM", &server.id().to_string()]).status().unwrap().success());
    assert!(server.wait().unwrap().success());

    let logged = std::fs::read_to_string(log).unwrap();

    assert!(logged.contains("database=\"postgres://muster:********@"), "{logged}");
    assert!(!logged.contains("hunter2"), "{logged}");
}

#[test]
fn an_address_that_cannot_be_understood_is_one_line_without_the_password() {
    let said = |url| complaint(&run(&["check-config", "--database", url]));
    let all = [
        said("postgres:/muster:hunter2@db/muster"),
        said("mysql://muster:hunter2@db/muster"),
        said("postgres://muster:hunter2@db:x/muster"),
        said("postgres://muster:hunter@2@db/muster"),
        said("postgres://muster:hunter2@db/muster?sslmode=verify-ca"),
        said("postgres://muster:hunter2@db/muster?sslmode=verify-full&sslrootcert=/nowhere.pem"),
    ];
    insta::assert_snapshot!(all.concat(), @r#"
muster: --database is not right; write `postgres://user:password@host:port/database`, or the path of an SQLite file, with or without `sqlite:` before it
muster: --database is not right; write `postgres://user:password@host:port/database`, or the path of an SQLite file, with or without `sqlite:` before it
muster: the database cannot be used: the address of the database: invalid connection string: invalid value for option `port`
muster: the database cannot be used: the address of the database: a host with @ in it; in a password, write @ as %40
muster: the database cannot be used: the address of the database: sslmode=verify-ca is none of disable, prefer, require, verify-full
muster: the database cannot be used: the address of the database: sslrootcert=/nowhere.pem: I/O error: No such file or directory (os error 2)
"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_work_beside_a_running_server_which_knows_at_once() {
    let home = Home::postgres();
    let server = home.start();
    create_user(&server, "ana").await;

    let tenants = home.run(&["tenant", "list", "--json"]);
    let tenants: Value = serde_json::from_str(&stdout(&tenants)).unwrap();
    assert_eq!(tenants[0]["slug"], "dev");
    let made = home.run(&["token", "create", "--tenant", "dev", "--name", "second", "--json"]);
    let made: Value = serde_json::from_str(&stdout(&made)).unwrap();
    let second = server.scim().with_bearer(made["token"].as_str().unwrap());
    second.get("/Users").await.assert_status(200);

    home.check();
    server.stop();
    home.check();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_left_to_the_tools_of_postgres() {
    let home = Home::postgres();

    let output = home.run(&["backup", home.path("copy").to_str().unwrap()]);

    insta::assert_snapshot!(complaint(&output), @"muster: PostgreSQL is backed up with its own tools: pg_dump, or pg_basebackup and its log (docs/backup.md)");
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_with_the_same_master_key_serve_the_same_data() {
    let home = Home::postgres();
    let first = home.start();
    create_user(&first, "ana").await;

    let second = home.start();

    assert_eq!(first.credentials()["scim"]["token"], second.credentials()["scim"]["token"]);
    let found = second.scim().get("/Users").await.assert_status(200).json();
    assert_eq!(found["Resources"][0]["userName"], "ana");
    first.stop();
    second.stop();
}

#[test]
fn a_second_server_without_the_master_key_of_the_first_is_told_to_get_it() {
    let home = Home::postgres();
    home.start().stop();
    let elsewhere = Home::sqlite();
    let url = home.database().unwrap().url();
    let key = std::fs::read_to_string(home.path("data/master.key")).unwrap();
    let serve = || {
        let mut serve = elsewhere.command();
        serve.args(["serve", "--listen", "127.0.0.1:0", "--metrics-listen", "off"]).env("MUSTER_DATABASE_URL", &url);
        serve
    };

    let without = serve().output().unwrap();
    let with_another = serve().env("MUSTER_AUTH_MASTER_KEY", "0".repeat(64)).output().unwrap();

    insta::assert_snapshot!(complaint(&without), @"muster: the signing keys in the database were sealed with another master key; give the one of the first server on this database: its file master.key by auth.master_key_file, or what that holds by MUSTER_AUTH_MASTER_KEY");
    assert_eq!(complaint(&without), complaint(&with_another));
    let mut listed = elsewhere.command();
    listed.args(["tenant", "list"]).env("MUSTER_DATABASE_URL", &url).env("MUSTER_AUTH_MASTER_KEY", key.trim());
    assert!(stdout(&listed.output().unwrap()).contains("dev"));
    assert!(!elsewhere.path("data").exists(), "no folder is made when there is nothing to keep in it");
}

#[test]
fn what_waiting_does_not_mend_ends_the_start_at_once_with_one_line_that_says_what_to_do() {
    let cluster = Cluster::start(&[]);
    cluster.sql("postgres", "CREATE ROLE guarded LOGIN PASSWORD 'right'; CREATE ROLE other LOGIN");
    let database = cluster.database();
    std::fs::write(
        cluster.directory().join("data/pg_hba.conf"),
        "local all guarded scram-sha-256\nlocal all all trust\n",
    )
    .unwrap();
    cluster.crash();
    cluster.start_again();
    let folder = tempfile::tempdir().unwrap();
    let socket = cluster.directory().to_str().unwrap().replace('/', "%2F");
    let said = |from: &str, to: &str| {
        let url = database.url().replace(from, to);
        assert_ne!(url, database.url());
        let mut serve = command();
        serve.args(["serve", "--listen", "127.0.0.1:0", "--metrics-listen", "off"]);
        serve.env("MUSTER_DATABASE_URL", url).env("MUSTER_DATA_DIR", folder.path().join("data"));
        let said = complaint(&serve.output().unwrap());
        assert!(!said.contains("hunter2"), "{said}");
        said.replace(&socket, "SOCKET").replace(database.name(), "NAME")
    };

    let all = [
        said("muster@", "guarded:hunter2@"),
        said("muster@", "nobody:hunter2@"),
        said("muster@", "postgres:hunter2@"),
        said("muster@", "other:hunter2@"),
        said(database.name(), "absent"),
    ];
    insta::assert_snapshot!(all.concat(), @r#"
muster: cannot open postgres://guarded:********@SOCKET/NAME: the database cannot be used: password authentication failed for user "guarded"; check the user, its password and pg_hba.conf
muster: cannot open postgres://nobody:********@SOCKET/NAME: the database cannot be used: role "nobody" does not exist; check the user, its password and pg_hba.conf
muster: cannot open postgres://postgres:********@SOCKET/NAME: the database cannot be used: the role postgres is exempt from row-level security, which keeps tenants apart; make one that is not: CREATE ROLE muster LOGIN PASSWORD '…'; ALTER DATABASE … OWNER TO muster
muster: cannot open postgres://other:********@SOCKET/NAME: the database cannot be used: the role may not make tables (permission denied for schema public); let it own the database: ALTER DATABASE … OWNER TO …
muster: cannot open postgres://muster@SOCKET/absent: the database cannot be used: database "absent" does not exist; make it: CREATE DATABASE … OWNER …
"#);
    assert!(!folder.path().join("data").exists(), "a start that failed leaves nothing behind");
}

#[test]
fn a_start_waits_for_a_server_that_cannot_be_reached_yet() {
    let cluster: &'static Cluster = Box::leak(Box::new(Cluster::start(&[])));
    let home = Home::on(cluster.database());
    cluster.crash();

    let impatient =
        home.run(&["serve", "--listen", "127.0.0.1:0", "--metrics-listen", "off", "--set", "store.start_timeout=0s"]);
    let mut patient = home.command();
    patient.args(["serve", "--dev", "--listen", "127.0.0.1:0", "--metrics-listen", "off"]);
    let mut patient = patient.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(patient.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("waiting for PostgreSQL") {
        line.clear();
        assert_ne!(log.read_line(&mut line).unwrap(), 0, "it has ended");
    }
    cluster.start_again();

    let mut greeting = String::new();
    BufReader::new(patient.stdout.take().unwrap()).read_line(&mut greeting).unwrap();
    assert!(greeting.starts_with("Muster is ready at"), "{greeting}");
    let socket = cluster.directory().to_str().unwrap();
    let said = complaint(&impatient);
    let said = said.replace(&socket.replace('/', "%2F"), "SOCKET").replace(socket, "SOCKET");
    insta::assert_snapshot!(said.replace(home.database().unwrap().name(), "NAME"), @"muster: cannot open postgres://muster@SOCKET/NAME: the database is not available: error connecting to server: No such file or directory (os error 2) (SOCKET)");
    patient.kill().unwrap();
    patient.wait().unwrap();
}
