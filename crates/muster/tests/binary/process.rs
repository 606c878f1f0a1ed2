//! The real binary as a process of its own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use testkit::Client;

/// A running `muster serve --dev`. Killed when dropped.
pub(crate) struct Muster {
    process: Child,
    credentials: Value,
}

impl Muster {
    /// Starts it on a free port with the data in `folder`; comes back once it accepts connections.
    pub(crate) fn start(folder: &Path) -> Self {
        let credentials = folder.join("credentials.json");
        let mut process = command()
            .args(["serve", "--dev", "--listen", "127.0.0.1:0", "--metrics-listen", "off", "--set", "log.filter=warn"])
            .args(["--data-dir".as_ref(), folder.join("data").as_os_str()])
            .args(["--dev-credentials".as_ref(), credentials.as_os_str()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // What --dev prints comes after the listener is bound and the file is written.
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let credentials = serde_json::from_str(&std::fs::read_to_string(credentials).unwrap()).unwrap();
        Self { process, credentials }
    }

    /// What --dev made.
    pub(crate) fn credentials(&self) -> &Value {
        &self.credentials
    }

    /// A client of the dev tenant's SCIM routes.
    pub(crate) fn scim(&self) -> Client {
        let scim = &self.credentials["scim"];
        Client::new(scim["base_url"].as_str().unwrap()).with_bearer(scim["token"].as_str().unwrap()).scim()
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// SIGTERM, and waits for the end, which must be a good one.
    pub(crate) fn stop(self) {
        self.terminate();
        self.wait();
    }

    /// SIGTERM.
    pub(crate) fn terminate(&self) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }

    /// Waits for the end, which must be a good one.
    pub(crate) fn wait(mut self) {
        assert!(self.process.wait().unwrap().success());
    }
}

impl Drop for Muster {
    fn drop(&mut self) {
        // It may be gone already; then there is nothing to do.
        if self.process.try_wait().is_ok_and(|ended| ended.is_none()) {
            drop(self.process.kill());
            drop(self.process.wait());
        }
    }
}

/// The binary, without the environment's own settings.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("MUSTER_") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs the binary to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    command().args(arguments).output().unwrap()
}

/// `muster check` on the data in `folder` finds nothing wrong.
pub(crate) fn check(folder: &Path) {
    let output = run(&["check", "--data-dir", folder.join("data").to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
