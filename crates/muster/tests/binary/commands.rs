//! What commands answer, and how they fail: one clear line, status 1; a wrong command line is status 2.

use std::net::TcpListener;
use std::process::Output;

use serde_json::json;

use crate::process::{Muster, each_engine, run};

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_wrong_command_line_is_status_2_and_names_what_was_meant() {
    let output = run(&["serv"]);

    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("serve"), "{}", stderr(&output));
}

#[test]
fn a_wrong_setting_is_status_1_and_a_line_that_says_what_to_write() {
    let output = run(&["serve", "--listen", "everywhere"]);

    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(stderr(&output), @r#"muster: --listen: "everywhere" is not right here; write an address and port such as 0.0.0.0:8080"#);
}

#[test]
fn a_port_in_use_is_one_line_that_says_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();

    let data = folder.path().join("data");
    let output = run(&["serve", "--listen", &address, "--data-dir", data.to_str().unwrap()]);

    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(stderr(&output).replace(&address, "ADDRESS"), @"muster: cannot listen on ADDRESS: Address already in use (os error 98); is another server running? Choose another with --listen");
    assert!(!data.exists(), "a start that failed leaves nothing behind");
}

#[test]
fn a_data_folder_that_cannot_be_made_is_one_line_that_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();

    let data = file.join("data");
    let output =
        run(&["serve", "--listen", "127.0.0.1:0", "--metrics-listen", "off", "--data-dir", data.to_str().unwrap()]);

    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(stderr(&output).replace(folder.path().to_str().unwrap(), "FOLDER"), @"muster: cannot make the data folder FOLDER/file/data: Not a directory (os error 20); name another with --data-dir");
}

#[test]
fn version_and_completions_are_printed() {
    assert_eq!(stdout(&run(&["--version"])), format!("muster {}\n", env!("CARGO_PKG_VERSION")));
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        assert!(stdout(&run(&["completions", shell])).contains("check-config"), "{shell}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_running_server_holds_what_was_acknowledged_and_starts_a_server_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let server = Muster::start(folder.path());
    let user = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ana"});
    server.scim().post("/Users", &user).await.assert_status(201);
    let (data, copy) = (folder.path().join("data"), folder.path().join("copy.db"));

    let output = run(&["backup", "--data-dir", data.to_str().unwrap(), copy.to_str().unwrap()]);
    assert!(output.status.success(), "{}", stderr(&output));
    let again = run(&["backup", "--data-dir", data.to_str().unwrap(), copy.to_str().unwrap()]);
    assert_eq!(again.status.code(), Some(1), "an existing file is never overwritten");
    server.stop();

    // As docs/backup.md says: the copy in the place of the database, the key beside it.
    let restored = tempfile::tempdir().unwrap();
    std::fs::create_dir(restored.path().join("data")).unwrap();
    std::fs::copy(&copy, restored.path().join("data/muster.db")).unwrap();
    std::fs::copy(data.join("master.key"), restored.path().join("data/master.key")).unwrap();
    let server = Muster::start(restored.path());
    let found = server.scim().get("/Users").await.assert_status(200).json();
    assert_eq!(found["Resources"][0]["userName"], "ana");
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn dev_credentials_stay_the_same_over_restarts_and_open_the_doors_they_name() {
    each_engine(async |home| {
        let server = home.start();
        let first = server.credentials().clone();
        let names: Vec<&String> = first.as_object().unwrap().keys().collect();
        assert_eq!(names, ["base_url", "admin", "tenant", "scim"]);
        server.stop();

        let server = home.start();

        let second = server.credentials();
        assert_eq!((&first["admin"], &first["tenant"]), (&second["admin"], &second["tenant"]));
        assert_eq!(first["scim"]["token"], second["scim"]["token"]);
        server.scim().get("/Users").await.assert_status(200);
        server.stop();
    })
    .await;
}

#[test]
fn a_signing_key_is_rotated_at_the_command_line_and_the_old_one_still_listed() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let key = |action: &str| {
        let output = run(&["key", action, "--json", "--data-dir", data.to_str().unwrap()]);
        assert!(output.status.success(), "{}", stderr(&output));
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let first = key("list")[0].clone();

    let second = key("rotate");

    let listed = key("list");
    let told: Vec<_> = listed.as_array().unwrap().iter().map(|key| (&key["kid"], &key["status"])).collect();
    assert_eq!(told, [(&second["kid"], &json!("signing")), (&first["kid"], &json!("retired"))]);
}
